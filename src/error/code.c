/*
 * code.c: the closed set of codes, each with its words, and how errno maps to
 * it.  Two tables; whatever differs from code to code stands in them.
 */
#include <errno.h>
#include <stddef.h>
#include <sysexits.h>

#include "error/error.h"
#include "error/record.h"

/* Name, words, exit status, and whether one code covers several causes that
 * only the system's words tell apart. */
#define CODES(X)                                                              \
	X(GN_ETIMEOUT, "deadline passed", EX_TEMPFAIL, false)                 \
	X(GN_ECANCELED, "cancelled", EX_TEMPFAIL, false)                      \
	X(GN_ECLOSED, "closed on this side", EX_SOFTWARE, false)              \
	X(GN_EEND, "the other side ended", EX_UNAVAILABLE, false)             \
	X(GN_ESHORT, "the other side ended in mid-message", EX_PROTOCOL,      \
	  false)                                                              \
	X(GN_ERESET, "connection broken by the other side", EX_IOERR, false)  \
	X(GN_EDEAD, "the other side stopped answering", EX_UNAVAILABLE,       \
	  false)                                                              \
	X(GN_EREFUSED, "connection refused", EX_UNAVAILABLE, false)           \
	X(GN_EUNREACH, "unreachable", EX_UNAVAILABLE, true)                   \
	X(GN_EINUSE, "address in use", EX_OSERR, false)                       \
	X(GN_ENOADDR, "not an address of this machine", EX_OSERR, false)      \
	X(GN_EPERM, "not permitted", EX_NOPERM, false)                        \
	X(GN_ENOENT, "no such path", EX_NOINPUT, false)                       \
	X(GN_EADDR, "malformed address", EX_USAGE, false)                     \
	X(GN_ENAME, "no such name", EX_NOHOST, false)                         \
	X(GN_ETOOLONG, "too long", EX_DATAERR, false)                         \
	X(GN_ETRUNC, "datagram too long for the buffer", EX_DATAERR, false)   \
	X(GN_ETEXT, "not UTF-8", EX_DATAERR, false)                           \
	X(GN_EKIND, "this kind of socket cannot do that", EX_USAGE, false)    \
	X(GN_EINVAL, "argument out of range", EX_USAGE, false)                \
	X(GN_ETHREAD, "the socket belongs to another thread", EX_SOFTWARE,    \
	  false)                                                              \
	X(GN_EFORK, "made before fork, used in the child", EX_SOFTWARE,       \
	  false)                                                              \
	X(GN_ENOMEM, "no memory", EX_OSERR, false)                            \
	X(GN_ELIMIT, "limit reached", EX_OSERR, true)                         \
	X(GN_EDEADLOCK, "all wait and nothing can come", EX_SOFTWARE, false)  \
	X(GN_EPROTO, "the other side broke the protocol", EX_PROTOCOL, false) \
	X(GN_EBACKEND, "backend refused", EX_CONFIG, false)                   \
	X(GN_ESYS, "system error", EX_OSERR, true)

/* The codes go down from here one by one. */
#define FIRST GN_ETIMEOUT
#define ROW(code, words, status, vague) \
	[FIRST - (code)] = { #code, words, status, vague },
#define ONE(code, words, status, vague) +1

static const struct row {
	const char *name, *words;
	int exit_status;
	bool vague;
} rows[] = { CODES(ROW) };

#define ROW_COUNT (sizeof rows / sizeof rows[0])

_Static_assert(CODES(ONE) == FIRST - GN_ESYS + 1, "each code has its row");

static const struct row ok = { "GN_OK", "no failure", EX_OK, false };

/* Only a fiber's own result can be negative and none of ours. */
static const struct row unknown = { "GN_?", "unknown code", EX_SOFTWARE,
				    false };

static const struct row *row_of(int code)
{
	if (code >= GN_OK)
		return &ok;
	if (code > FIRST || code < GN_ESYS)
		return &unknown;
	return &rows[FIRST - code];
}

const char *gn_code_name(int code)
{
	return row_of(code)->name;
}

const char *gn_code_text(int code)
{
	return row_of(code)->words;
}

int gn_exit_status(int code)
{
	return row_of(code)->exit_status;
}

const char *gni_error_words(int code, bool *vague)
{
	*vague = row_of(code)->vague;
	return row_of(code)->words;
}

static const struct map {
	int sys;
	int code;
} maps[] = {
	{ ECONNREFUSED, GN_EREFUSED },
	{ ECONNRESET, GN_ERESET },
	{ EPIPE, GN_ERESET },
	{ ECONNABORTED, GN_ERESET },
	{ ENETRESET, GN_ERESET },
	{ ENOTCONN, GN_ERESET },
	{ ETIMEDOUT, GN_EDEAD },
	{ EHOSTUNREACH, GN_EUNREACH },
	{ EHOSTDOWN, GN_EUNREACH },
	{ ENETUNREACH, GN_EUNREACH },
	{ ENETDOWN, GN_EUNREACH },
	{ ENONET, GN_EUNREACH },
	{ EPROTONOSUPPORT, GN_EUNREACH },
	{ EAFNOSUPPORT, GN_EUNREACH },
	{ EPFNOSUPPORT, GN_EUNREACH },
	{ ESOCKTNOSUPPORT, GN_EUNREACH },
	{ EADDRINUSE, GN_EINUSE },
	{ EADDRNOTAVAIL, GN_ENOADDR },
	{ ENODEV, GN_ENOADDR },
	{ EACCES, GN_EPERM },
	{ EPERM, GN_EPERM },
	{ EROFS, GN_EPERM },
	{ ENOENT, GN_ENOENT },
	{ ENOTDIR, GN_ENOENT },
	{ EMSGSIZE, GN_ETOOLONG },
	{ EOPNOTSUPP, GN_EKIND },
	{ EINVAL, GN_EINVAL },
	{ EDOM, GN_EINVAL },
	{ ERANGE, GN_EINVAL },
	{ EISCONN, GN_EINVAL },
	{ EDESTADDRREQ, GN_EINVAL },
	{ ENAMETOOLONG, GN_EINVAL },
	{ ENOMEM, GN_ENOMEM },
	{ EMFILE, GN_ELIMIT },
	{ ENFILE, GN_ELIMIT },
	{ ENOBUFS, GN_ELIMIT },
	{ ENOSPC, GN_ELIMIT },
	{ EDQUOT, GN_ELIMIT },
	{ EUSERS, GN_ELIMIT },
	{ EAGAIN, GN_ELIMIT }, /* connect(2): a Unix listener's full queue */
	{ ETOOMANYREFS, GN_ELIMIT },
	{ ECANCELED, GN_ECANCELED },
	{ EPROTO, GN_EPROTO },
};

int gni_code_of(int sys)
{
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
		if (maps[i].sys == sys)
			return maps[i].code;
	return GN_ESYS;
}
