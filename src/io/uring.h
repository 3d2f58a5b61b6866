/*
 * uring.h: a thread's io_uring backend, as its parts share it.  Nothing
 * outside them includes this.
 */
#ifndef GNI_IO_URING_H
#define GNI_IO_URING_H

#include <stdatomic.h>

#include "io/io.h"
#include "io/uring_buffers.h"
#include "io/uring_ring.h"
#include "io/uring_watch.h"

struct gni_uring {
	struct gni_io io;
	struct gni_ring ring;
	struct gni_buffers buffers;
	struct gni_watch watch;
	struct gni_list backlog; /* operations without a place in the ring */
	struct gni_list cancels; /* operations in it, to be canceled */
	struct gni_list canceling; /* the same, their cancels placed */
	bool missed;		   /* a cancel has not found its operation */
	bool heard_all; /* the last taking of completions left none */
	unsigned put_off; /* turns for which such a cancel was not repeated */
	struct gni_list ended;	 /* operations to be told their end */
	size_t ending;		 /* how many those are */
	size_t in;		 /* operations submitted and not idle again */
	int wake_fd;		 /* an eventfd which the ring reads */
	uint64_t wakes;		 /* what it read */
	bool listening;		 /* that read is in the ring */
	atomic_bool woken;	 /* a wake was asked for and not yet seen */
};

static inline struct gni_uring *gni_uring_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_uring, io);
}

/* uring_queue.c: the way of an operation into the ring.  The first two are
 * the backend's. */
void gni_uring_submit(struct gni_io *io, struct gni_op *op);
void gni_uring_cancel(struct gni_io *io, struct gni_op *op);

/* gni_uring_resume begins an operation again, in a stage, which came to
 * nothing for a reason that is not its own; a canceled one is finished. */
void gni_uring_resume(struct gni_uring *u, struct gni_op *op, unsigned stage);

/* gni_uring_finish is the last thing that is done to an operation: done may
 * free it. */
void gni_uring_finish(struct gni_uring *u, struct gni_op *op, int result);

/* gni_uring_heard notes that the poll for the end of an operation's peer has
 * completed; one that ended is then finished, another begun anew. */
void gni_uring_heard(struct gni_uring *u, struct gni_op *op, int result);

/* gni_uring_place_cancel puts a cancel into the ring; false if it is full. */
bool gni_uring_place_cancel(struct gni_uring *u, uint64_t data);

/* gni_uring_place_all puts all that waits for a place into the ring, as often
 * as it takes to submit what filled it.  False: the rest must wait for the
 * next turn. */
bool gni_uring_place_all(struct gni_uring *u);

/* gni_uring_tell_ended finishes those that ended before now, and not those
 * that end meanwhile. */
void gni_uring_tell_ended(struct gni_uring *u);

/* uring_take.c: the way out.  gni_uring_take_all takes the completions that
 * are there now, not what comes of them. */
void gni_uring_take_all(struct gni_uring *u);

#endif
