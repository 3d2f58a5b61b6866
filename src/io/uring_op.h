/* uring_op.h: how an operation is said to the ring, and what its answers
 * mean. */
#ifndef GNI_IO_URING_OP_H
#define GNI_IO_URING_OP_H

#include "io/io.h"
#include "io/uring_ring.h"

/* Where an operation is; kept in op->backend, together with the result of one
 * that ended. */
enum gni_uring_stage {
	GNI_STAGE_QUEUED = 1 << 0,  /* waits for a place in the ring */
	GNI_STAGE_ENDED = 1 << 1,   /* waits for its done to be called */
	GNI_STAGE_POLLING = 1 << 2, /* in the ring: a poll on its behalf */
	GNI_STAGE_PAUSED = 1 << 3,  /* in the ring: a short time, likewise */
	GNI_STAGE_TRIED = 1 << 4,   /* it was begun before: no first poll */
	GNI_STAGE_WATCHED = 1 << 5, /* in the ring: a poll for the peer's end */
	GNI_STAGE_HEARD = 1 << 6,   /* that poll has told of it */
	GNI_STAGE_HELD = 1 << 7,    /* it ended, and waits for that poll to */
};

/* What goes with an operation through its stages. */
#define GNI_STAGE_KEPT (GNI_STAGE_WATCHED | GNI_STAGE_HEARD)

/* What to do about a completion without more. */
enum gni_uring_turn {
	GNI_TURN_TELL,	/* it is the operation's result */
	GNI_TURN_AGAIN, /* begin it again */
	GNI_TURN_POLL,	/* wait until it can be tried, then begin it again */
	GNI_TURN_PAUSE, /* the same, where nobody tells when that is */
	GNI_TURN_DONE,	/* it had succeeded: tell 0 */
};

static inline unsigned gni_uring_stage(const struct gni_op *op)
{
	return (uintptr_t)op->backend & 0xff;
}

static inline void gni_uring_stage_set(struct gni_op *op, unsigned stage)
{
	op->backend = (void *)(uintptr_t)stage;
}

/* The same for one that ended, with its result: 0 or a negative errno. */
static inline void gni_uring_end_set(struct gni_op *op, unsigned stage,
				     int result)
{
	stage |= gni_uring_stage(op) & GNI_STAGE_KEPT;
	gni_uring_stage_set(op, stage | (unsigned)-result << 8);
}

static inline int gni_uring_end(const struct gni_op *op)
{
	return -(int)((uintptr_t)op->backend >> 8);
}

/* gni_uring_fill writes an operation, or the poll or the time on its behalf,
 * into a place of the ring. */
void gni_uring_fill(const struct gni_ring *r, struct io_uring_sqe *sqe,
		    struct gni_op *op);

/* gni_uring_fill_watch writes the poll for the end of an operation's peer. */
void gni_uring_fill_watch(struct io_uring_sqe *sqe, const struct gni_op *op);

/* gni_uring_cut tells whether a send came to fewer bytes than it was to send,
 * which hides an error. */
bool gni_uring_cut(const struct gni_op *op, int result);

/* gni_uring_confirm gives the events that a poll found, 0 if none holds: the
 * kernel tells of urgent data whenever any data comes. */
int gni_uring_confirm(const struct gni_op *op, int events);

/* gni_uring_connected gives 0 if a connect that the kernel calls a success was
 * one, else the negative errno that it failed with. */
int gni_uring_connected(const struct gni_op *op);

/* gni_uring_turn judges a result below 0 of an operation. */
enum gni_uring_turn gni_uring_turn(const struct gni_op *op, int result);

#endif
