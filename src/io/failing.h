/*
 * failing.h: what Linux knows for a call or an operation to fail with.  One
 * table for those who make it fail: the simulator and the injection.
 */
#ifndef GNI_IO_FAILING_H
#define GNI_IO_FAILING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/tape.h"

/* What is attempted. */
enum gni_attempt {
	GNI_ATTEMPT_SOCKET,
	GNI_ATTEMPT_BIND,
	GNI_ATTEMPT_LISTEN,
	GNI_ATTEMPT_CONNECT,
	GNI_ATTEMPT_ACCEPT,
	GNI_ATTEMPT_SEND,
	GNI_ATTEMPT_RECV,
	GNI_ATTEMPT_POLL,
	GNI_ATTEMPT_SHUTDOWN,
	GNI_ATTEMPT_GET,
	GNI_ATTEMPT_SET,
	GNI_ATTEMPT_NAME,
};

/* gni_failing_memory tells whether an attempt takes memory, and
 * gni_failing_descriptor whether it takes a descriptor. */
bool gni_failing_memory(enum gni_attempt attempt);
bool gni_failing_descriptor(enum gni_attempt attempt);

/* What an attempt fails with, a negative errno: for want of memory, for want of
 * a descriptor, because its number was asked for, and an accept because the
 * connection is gone.  Where there are several a tape draws; the first is the
 * plain one. */
int gni_failing_no_memory(enum gni_attempt attempt, struct gni_tape *tape);
int gni_failing_no_descriptor(struct gni_tape *tape);
int gni_failing_asked(enum gni_attempt attempt);
int gni_failing_gone(struct gni_tape *tape);

#endif
