/*
 * error.h: what failed, between whom, and why.
 *
 * A function that makes a thing returns it or NULL.  A function that does a
 * thing returns zero or more, or one of the negative codes below.  errno is
 * no part of the contract.  Besides the code, each fiber keeps a record of
 * its last failure: what was attempted, the addresses at both ends, what lay
 * beneath, how many bytes had moved.  Only a failing call writes it; clean-up
 * never does.  Read it right after the failure.
 *
 * Three codes are not repeated wherever they can come: any call that makes,
 * sets, sends, receives or waits may give GN_ENOMEM or GN_ELIMIT when memory,
 * descriptors or the kernel's buffers are short just then, and the first such
 * call of a thread GN_EBACKEND (version.h).  Such a failure leaves nothing
 * behind and harms no later call.
 *
 *	#include <gnezdo.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		char text[256];
 *
 *		if (gn_listen("tcp://127.0.0.1:99999", NULL))
 *			return 1;
 *		puts(gn_error_text(gn_error_last(), text, sizeof text));
 *		return gn_code() == GN_EADDR ? 0 : 1;
 *	}
 */
#ifndef GNEZDO_ERROR_H
#define GNEZDO_ERROR_H

#include <stddef.h>

#include <gnezdo/addr.h>
#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/*
 * The codes a program acts on.  The set is closed.  The numbers lie apart
 * from every errno, so that one can never be mistaken for the other.
 */
enum gn_code {
	GN_OK = 0,
	GN_ETIMEOUT = -1001,  /* the deadline passed */
	GN_ECANCELED = -1002, /* this fiber was cancelled by its group */
	GN_ECLOSED = -1003,   /* closed on this side during the call */
	GN_EEND = -1004,      /* the other side ended, nothing more will come */
	GN_ESHORT = -1005,    /* the other side ended in mid-message */
	GN_ERESET = -1006,    /* the connection was broken by the other side */
	GN_EDEAD = -1007,     /* the other side stopped answering */
	GN_EREFUSED = -1008,  /* nobody listens there */
	GN_EUNREACH = -1009,  /* no way to that network, host or protocol */
	GN_EINUSE = -1010,    /* the address is taken by another socket */
	GN_ENOADDR = -1011,   /* the address does not belong to this machine */
	GN_EPERM = -1012,     /* not permitted */
	GN_ENOENT = -1013,    /* no such path */
	GN_EADDR = -1014,     /* a malformed address */
	GN_ENAME = -1015,     /* no such name */
	GN_ETOOLONG = -1016,  /* longer than the maximum that was given */
	GN_ETRUNC = -1017,    /* a datagram did not fit, its rest is lost */
	GN_ETEXT = -1018,     /* bytes that are not UTF-8 */
	GN_EKIND = -1019,     /* this kind of socket has no such call */
	GN_EINVAL = -1020,    /* an argument out of its range */
	GN_ETHREAD = -1021,   /* the socket belongs to another thread */
	GN_EFORK = -1022,     /* made before fork, used in the child */
	GN_ENOMEM = -1023,    /* no memory */
	GN_ELIMIT = -1024,    /* a limit: descriptors, ports, kernel buffers */
	GN_EDEADLOCK = -1025, /* in a simulation: all wait, nothing can come */
	GN_EPROTO = -1026,    /* the other side broke the protocol */
	GN_EBACKEND = -1027,  /* the backend that was asked for is refused */
	GN_ESYS = -1028,      /* anything else: gn_error_errno tells what */
};

/*
 * A record of one failure.  It belongs to the fiber (outside fibers to the
 * thread) and stays until that fiber's next failing call.
 */
typedef struct gn_error gn_error;

/*
 * gn_error_last gives the calling fiber's last failure.
 *
 * Never NULL: before the first failure the record says GN_OK.
 *
 *   owns   nothing: the record stays the fiber's
 */
GN_API const gn_error *gn_error_last(void);

/*
 * gn_code gives the code of the calling fiber's last failure, GN_OK if there
 * was none: what a function that returned NULL failed with.
 */
GN_API int gn_code(void);

/* gn_error_code gives the code, one of enum gn_code. */
GN_API int gn_error_code(const gn_error *e);

/*
 * gn_error_errno gives the errno that lay beneath, as errno(3) numbers it; 0
 * when the failure did not come from the system.
 */
GN_API int gn_error_errno(const gn_error *e);

/* gn_error_operation gives what was attempted: "connect", "recv". */
GN_API const char *gn_error_operation(const gn_error *e);

/*
 * gn_error_local gives our end's address, NULL when it was not known.
 *
 *   owns   nothing: it lives as long as the record
 */
GN_API const gn_addr *gn_error_local(const gn_error *e);

/*
 * gn_error_peer gives the other end's address, NULL when it was not known.
 *
 *   owns   nothing: it lives as long as the record
 */
GN_API const gn_addr *gn_error_peer(const gn_error *e);

/*
 * gn_error_done gives the bytes that had moved before the failure: taken by
 * the kernel or by the socket's queue when sending, stored into the caller's
 * buffer when receiving.
 */
GN_API size_t gn_error_done(const gn_error *e);

/*
 * gn_error_need gives the bytes that would have been needed: after GN_ETRUNC
 * the true length of the datagram, after GN_ESHORT what was asked for; else 0.
 */
GN_API size_t gn_error_need(const gn_error *e);

/*
 * gn_error_why gives what the code cannot say, in words: the position in a
 * malformed address, the limit that was met.  Never NULL; often empty.
 */
GN_API const char *gn_error_why(const gn_error *e);

/*
 * gn_error_tried gives the i-th address that a connect tried and stores what
 * it failed with.
 *
 * Returns NULL when i is beyond the last; at most eight are kept.
 *
 *   code   may be NULL; receives a code of enum gn_code
 *   owns   nothing: it lives as long as the record
 */
GN_API const gn_addr *gn_error_tried(const gn_error *e, size_t i, int *code);

/*
 * gn_error_text writes the whole sentence, always ending it with NUL:
 * "connect tcp://10.0.0.9:5432: connection refused".  Bytes that came from
 * outside are escaped.
 *
 * Returns buf.
 *
 *   size   bytes at buf, at least 1; a longer sentence is cut
 */
GN_API const char *gn_error_text(const gn_error *e, char *buf, size_t size);

/*
 * gn_perror prints the calling fiber's last failure on standard error as one
 * line, with what and a colon in front; what may be NULL.
 */
GN_API void gn_perror(const char *what);

/* gn_code_name gives the name of a code: "GN_ETIMEOUT"; never NULL. */
GN_API const char *gn_code_name(int code);

/* gn_code_text gives a code in words: "deadline passed"; never NULL. */
GN_API const char *gn_code_text(int code);

/*
 * gn_exit_status gives the exit status a program should end with after a
 * failure of this code, as sysexits.h(3head) numbers causes: 64 for a bad
 * address, 69 when the other side is not there, 75 when a deadline passed,
 * 77 when it is not permitted; 0 for zero and more, 70 for a number that is no
 * code.
 */
GN_API int gn_exit_status(int code);

GN_EXTERN_END

#endif
