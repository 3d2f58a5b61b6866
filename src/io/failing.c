/* failing.c: the errors of calls and operations, in one table. */
#include "io/failing.h"

#include <errno.h>

static const struct {
	int shortage[2]; /* of memory; 0: it takes none */
	int asked;	 /* the one that is asked for by its number */
	bool opens;	 /* takes a descriptor */
} attempts[] = {
	[GNI_ATTEMPT_SOCKET] = { { ENOBUFS, ENOMEM }, ENFILE, true },
	[GNI_ATTEMPT_BIND] = { { ENOBUFS, ENOMEM }, ENOBUFS, false },
	[GNI_ATTEMPT_LISTEN] = { { ENOBUFS, ENOMEM }, EADDRINUSE, false },
	[GNI_ATTEMPT_CONNECT] = { { ENOBUFS, ENOMEM }, ENETUNREACH, false },
	[GNI_ATTEMPT_ACCEPT] = { { ENOBUFS, ENOMEM }, ENFILE, true },
	[GNI_ATTEMPT_SEND] = { { ENOBUFS, ENOMEM }, ENOBUFS, false },
	[GNI_ATTEMPT_RECV] = { { ENOMEM, ENOBUFS }, ENOMEM, false },
	[GNI_ATTEMPT_POLL] = { { ENOMEM, ENOMEM }, ENOMEM, false },
	[GNI_ATTEMPT_SHUTDOWN] = { { 0, 0 }, ENOTCONN, false },
	[GNI_ATTEMPT_GET] = { { 0, 0 }, ENOBUFS, false },
	[GNI_ATTEMPT_SET] = { { ENOMEM, ENOBUFS }, ENOMEM, false },
	[GNI_ATTEMPT_NAME] = { { 0, 0 }, ENOBUFS, false },
};

static const int full[] = { EMFILE, ENFILE };
static const int passing[] = { ECONNABORTED, EPROTO, ENETDOWN, EPERM };

static int one_of(const int *errors, size_t count, struct gni_tape *tape)
{
	return -errors[gni_tape_draw(tape, GNI_STREAM_FAULTS, count)];
}

bool gni_failing_memory(enum gni_attempt attempt)
{
	return attempts[attempt].shortage[0];
}

bool gni_failing_descriptor(enum gni_attempt attempt)
{
	return attempts[attempt].opens;
}

int gni_failing_no_memory(enum gni_attempt attempt, struct gni_tape *tape)
{
	return one_of(attempts[attempt].shortage, 2, tape);
}

int gni_failing_no_descriptor(struct gni_tape *tape)
{
	return one_of(full, sizeof full / sizeof *full, tape);
}

int gni_failing_asked(enum gni_attempt attempt)
{
	return -attempts[attempt].asked;
}

int gni_failing_gone(struct gni_tape *tape)
{
	return one_of(passing, sizeof passing / sizeof *passing, tape);
}
