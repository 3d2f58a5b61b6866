/*
 * uring_queue.c: owns the lists of operations that are not, or not only, in
 * the ring.  It must never make a system call but in gni_uring_place_all, nor
 * call done but in gni_uring_finish.
 *
 *	submit ──► backlog ──► ring ──► done
 *	                 ▲       │
 *	                 └───────┘ EAGAIN and such
 *
 * A cancel ends what is in the backlog.  What is in the ring it follows there:
 * the operation is in the list of cancels until that has a place, and then in
 * the list of those being canceled until it ends.
 *
 * A standing receive has a companion, a poll for the end of its peer.  The
 * kernel may hear of the last bytes and of the end at once, receive the bytes,
 * and take the socket for empty: the end is then never told (seen on 6.18; a
 * reset on tcp, every end on a Unix socket).  When the companion hears of it,
 * the receive is canceled and begun anew, which looks.  An operation is over
 * only when both are.
 */
#include <errno.h>

#include "io/uring.h"
#include "io/uring_op.h"

/* For how many turns a missed cancel is put off at most, since a ring that
 * overflows under load is never heard out.  A turn hears a whole queue of
 * completions, so by then the misses of the last time were heard, and their
 * number does not grow. */
#define PUT_OFF_TURNS 64

/* Makes an operation end in this or the next wait. */
static void end(struct gni_uring *u, struct gni_op *op, int result)
{
	gni_list_remove(&op->link);
	gni_uring_end_set(op, GNI_STAGE_ENDED, result);
	gni_list_add(&u->ended, &op->link);
	u->ending++;
}

void gni_uring_finish(struct gni_uring *u, struct gni_op *op, int result)
{
	gni_list_remove(&op->link);
	if (gni_uring_stage(op) & GNI_STAGE_WATCHED) {
		gni_uring_end_set(op, GNI_STAGE_HELD, result);
		gni_list_add(&u->cancels, &op->link);
		return;
	}
	op->state = GNI_OP_IDLE;
	u->in--;
	op->done(op, result, false);
}

void gni_uring_tell_ended(struct gni_uring *u)
{
	for (size_t n = u->ending; n > 0; n--) {
		struct gni_op *op = GNI_OWNER(u->ended.next, struct gni_op,
					      link);

		u->ending--;
		gni_uring_finish(u, op, gni_uring_end(op));
	}
}

void gni_uring_heard(struct gni_uring *u, struct gni_op *op, int result)
{
	uintptr_t state = (uintptr_t)op->backend;
	bool elsewhere = state & (GNI_STAGE_QUEUED | GNI_STAGE_ENDED);

	state &= ~(uintptr_t)GNI_STAGE_WATCHED;
	if (result >= 0)
		state |= GNI_STAGE_HEARD;
	op->backend = (void *)state;
	if (state & GNI_STAGE_HELD)
		gni_uring_finish(u, op, gni_uring_end(op));
	else if (result >= 0 && !elsewhere && gni_list_empty(&op->link))
		gni_list_add(&u->cancels, &op->link);
}

/* Puts the poll for the end of its peer beside a standing receive. */
static bool place_watch(struct gni_uring *u, struct gni_op *op)
{
	unsigned stage = gni_uring_stage(op);
	struct io_uring_sqe *sqe;

	if (op->kind != GNI_OP_RECV_MULTI || (stage & GNI_STAGE_KEPT))
		return true;
	sqe = gni_ring_sqe(&u->ring);
	if (!sqe)
		return false;
	gni_uring_fill_watch(sqe, op);
	gni_uring_stage_set(op, stage | GNI_STAGE_WATCHED);
	return true;
}

/* Puts an operation into the ring if there is a place. */
static bool place(struct gni_uring *u, struct gni_op *op)
{
	struct io_uring_sqe *sqe = NULL;

	if (place_watch(u, op))
		sqe = gni_ring_sqe(&u->ring);
	if (!sqe)
		return false;
	gni_list_remove(&op->link);
	gni_uring_stage_set(op, gni_uring_stage(op) &
				~(unsigned)GNI_STAGE_QUEUED);
	gni_uring_fill(&u->ring, sqe, op);
	return true;
}

/* The first standing receive makes the buffers, which takes system calls. */
static bool lacks_buffers(const struct gni_uring *u, const struct gni_op *op)
{
	return op->kind == GNI_OP_RECV_MULTI && !u->buffers.shared;
}

/* Places an operation that is in no list, behind those that came before. */
static void start(struct gni_uring *u, struct gni_op *op)
{
	if (gni_list_empty(&u->backlog) && !lacks_buffers(u, op) &&
	    place(u, op))
		return;
	gni_uring_stage_set(op, gni_uring_stage(op) | GNI_STAGE_QUEUED);
	gni_list_add(&u->backlog, &op->link);
}

void gni_uring_submit(struct gni_io *io, struct gni_op *op)
{
	struct gni_uring *u = gni_uring_of(io);

	gni_list_init(&op->link);
	gni_uring_stage_set(op, 0);
	op->state = GNI_OP_IN;
	op->cut = false;
	u->in++;
	if (op->kind >= GNI_OP_ACCEPT_MULTI && !io->multishot)
		end(u, op, -EINVAL);
	else
		start(u, op);
}

void gni_uring_resume(struct gni_uring *u, struct gni_op *op, unsigned stage)
{
	if (op->state == GNI_OP_CANCELED) {
		gni_uring_finish(u, op, -ECANCELED);
		return;
	}
	/* A cancel that was only to begin it anew has done so. */
	gni_list_remove(&op->link);
	gni_uring_stage_set(op, stage |
				(gni_uring_stage(op) & GNI_STAGE_KEPT));
	start(u, op);
}

bool gni_uring_place_cancel(struct gni_uring *u, uint64_t data)
{
	struct io_uring_sqe *sqe = gni_ring_sqe(&u->ring);

	if (!sqe)
		return false;
	/* Its own success says nothing that the operation's end does not. */
	io_uring_prep_cancel64(sqe, data, 0);
	if (u->ring.quiet)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	io_uring_sqe_set_data64(sqe, GNI_DATA_CANCEL);
	return true;
}

void gni_uring_cancel(struct gni_io *io, struct gni_op *op)
{
	struct gni_uring *u = gni_uring_of(io);

	if (op->state != GNI_OP_IN)
		return;
	op->state = GNI_OP_CANCELED;
	if (gni_uring_stage(op) & GNI_STAGE_QUEUED) {
		end(u, op, -ECANCELED);
	} else if (!(gni_uring_stage(op) &
		   (GNI_STAGE_ENDED | GNI_STAGE_HELD))) {
		gni_list_remove(&op->link);
		gni_list_add(&u->cancels, &op->link);
	}
}

/* A cancel found no such operation.  Either its end is on the way, or it was
 * between two tries, where the kernel does not look, and must be asked for
 * anew; but not before all was heard that had come, since each miss is one
 * more completion, behind which the ends would wait for ever; or not before
 * some turns have gone by. */
static void repeat_cancels(struct gni_uring *u)
{
	struct gni_list *m;

	if (!u->missed || (!u->heard_all && u->put_off++ < PUT_OFF_TURNS))
		return;
	u->missed = false;
	u->put_off = 0;
	while ((m = gni_list_pop(&u->canceling)) != NULL)
		gni_list_add(&u->cancels, m);
}

/* Keeps a read of the wake-up's descriptor in the ring. */
static void place_wake(struct gni_uring *u)
{
	struct io_uring_sqe *sqe;

	if (u->listening)
		return;
	sqe = gni_ring_sqe(&u->ring);
	if (!sqe)
		return;
	io_uring_prep_read(sqe, u->wake_fd, &u->wakes, sizeof u->wakes, 0);
	io_uring_sqe_set_data64(sqe, GNI_DATA_WAKE);
	u->listening = true;
}

/* Of an operation whose owner gives up, both it and its companion. */
static bool place_cancel_of(struct gni_uring *u, const struct gni_op *op)
{
	uint64_t data = (uintptr_t)op;
	unsigned stage = gni_uring_stage(op);

	if (stage & GNI_STAGE_HELD)
		return gni_uring_place_cancel(u, data | GNI_DATA_WATCH);
	return gni_uring_place_cancel(u, data) &&
	       (op->state != GNI_OP_CANCELED ||
		!(stage & GNI_STAGE_WATCHED) ||
		gni_uring_place_cancel(u, data | GNI_DATA_WATCH));
}

static void place_cancels(struct gni_uring *u)
{
	while (!gni_list_empty(&u->cancels)) {
		struct gni_op *op = GNI_OWNER(u->cancels.next, struct gni_op,
					      link);

		if (!place_cancel_of(u, op))
			return;
		gni_list_remove(&op->link);
		gni_list_add(&u->canceling, &op->link);
	}
}

static void place_backlog(struct gni_uring *u)
{
	while (!gni_list_empty(&u->backlog)) {
		struct gni_op *op = GNI_OWNER(u->backlog.next, struct gni_op,
					      link);

		/* Without them it waits by a poll; see take_by_hand. */
		if (lacks_buffers(u, op) &&
		    gni_buffers_open(&u->buffers, &u->ring) < 0)
			gni_uring_stage_set(op, gni_uring_stage(op) |
							GNI_STAGE_POLLING);
		if (!place(u, op))
			return;
	}
}

bool gni_uring_place_all(struct gni_uring *u)
{
	repeat_cancels(u);
	for (;;) {
		place_wake(u);
		place_cancels(u);
		place_backlog(u);
		if (u->listening && gni_list_empty(&u->cancels) &&
		    gni_list_empty(&u->backlog))
			return true;
		if (!gni_ring_submit(&u->ring))
			return false;
	}
}
