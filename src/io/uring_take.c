/*
 * uring_take.c: what completions mean.  Some are an operation's result, some
 * only a step on its way, which begins again.  It must never touch an
 * operation after done was called without more, nor keep what arrived beyond
 * the call.
 */
#include <errno.h>

#include "io/sys.h"
#include "io/uring.h"
#include "io/uring_op.h"

/* What a standing receive takes at a time when it has to do without buffers
 * of the ring: little enough for a thread's own stack. */
#define BY_HAND ((size_t)4 * 1024)

/*
 * There was no memory for the ring of buffers: the poll has told that there is
 * something, which is received by hand.  Each time the buffers are asked for
 * anew.
 */
static void take_by_hand(struct gni_uring *u, struct gni_op *op)
{
	uint8_t bytes[BY_HAND];
	ssize_t n;

	do
		n = recv(op->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	while (gni_sys_again(&n));
	if (n > 0) {
		op->arrived = bytes;
		op->done(op, (int)n, true);
	}
	if (n > 0 || n == -EAGAIN)
		gni_uring_resume(u, op, 0);
	else
		gni_uring_finish(u, op, (int)n);
}

/* The poll or the time on behalf of an operation has ended. */
static void take_step(struct gni_uring *u, struct gni_op *op, int result)
{
	if (result == -ECANCELED || result == -EINTR)
		gni_uring_resume(u, op, gni_uring_stage(op));
	else if (result < 0 && result != -ETIME)
		gni_uring_finish(u, op, result);
	else if (op->kind == GNI_OP_RECV_MULTI && !u->buffers.shared)
		take_by_hand(u, op);
	else
		gni_uring_resume(u, op, GNI_STAGE_TRIED);
}

/* An older kernel knows of no length; the next try goes without. */
static bool knows_no_limit(struct gni_uring *u, const struct gni_op *op,
			   int result)
{
	bool first = u->ring.limits && op->len > 0 && result == -EINVAL &&
		     op->kind == GNI_OP_RECV_MULTI;

	if (first)
		u->ring.limits = false;
	return first;
}

static void take_failure(struct gni_uring *u, struct gni_op *op, int result)
{
	if (knows_no_limit(u, op, result)) {
		gni_uring_resume(u, op, 0);
		return;
	}
	switch (gni_uring_turn(op, result)) {
	case GNI_TURN_AGAIN:
		gni_uring_resume(u, op, GNI_STAGE_TRIED);
		break;
	case GNI_TURN_POLL:
		gni_uring_resume(u, op, GNI_STAGE_POLLING);
		break;
	case GNI_TURN_PAUSE:
		gni_uring_resume(u, op, GNI_STAGE_PAUSED);
		break;
	case GNI_TURN_DONE:
		gni_uring_finish(u, op, 0);
		break;
	case GNI_TURN_TELL:
		gni_uring_finish(u, op, result);
		break;
	}
}

/* A result as the owner is to have it: descriptors above 2, and only what
 * holds. */
static int refine(struct gni_op *op, int result)
{
	switch (op->kind) {
	case GNI_OP_SEND:
		op->cut = op->state == GNI_OP_IN && gni_uring_cut(op, result);
		return result;
	case GNI_OP_POLL:
		return gni_uring_confirm(op, result);
	case GNI_OP_ACCEPT:
	case GNI_OP_ACCEPT_MULTI:
		return gni_sys_high(result);
	case GNI_OP_CONNECT:
		return gni_uring_connected(op);
	default:
		return result;
	}
}

/* Bytes in the last completion of a standing receive: it goes on all the same,
 * for its companion is still in the ring. */
static void take_last_bytes(struct gni_uring *u, struct gni_op *op, int result)
{
	op->done(op, result, true);
	gni_uring_resume(u, op, GNI_STAGE_TRIED);
}

static void take_success(struct gni_uring *u, struct gni_op *op,
			 const struct gni_event *event)
{
	int result = refine(op, event->result);

	if (op->kind == GNI_OP_RECV_MULTI)
		op->arrived = gni_buffers_at(&u->buffers, event);
	if (event->flags & IORING_CQE_F_MORE)
		op->done(op, result, true);
	else if (op->kind == GNI_OP_RECV_MULTI && result > 0)
		take_last_bytes(u, op, result);
	else if (op->kind == GNI_OP_POLL && result == 0)
		gni_uring_resume(u, op, GNI_STAGE_TRIED);
	else
		gni_uring_finish(u, op, result);
}

static void take(struct gni_uring *u, const struct gni_event *event)
{
	struct gni_op *op = (struct gni_op *)(uintptr_t)event->data;

	if (gni_uring_stage(op) & (GNI_STAGE_POLLING | GNI_STAGE_PAUSED))
		take_step(u, op, event->result);
	else if (event->result < 0 && !(event->flags & IORING_CQE_F_MORE))
		take_failure(u, op, event->result);
	else
		take_success(u, op, event);
	gni_buffers_return(&u->buffers, event);
}

static struct gni_op *watched(const struct gni_event *event)
{
	return (struct gni_op *)(uintptr_t)(event->data - GNI_DATA_WATCH);
}

static void take_wake(struct gni_uring *u)
{
	u->listening = false;
	atomic_store(&u->woken, false);
}

/* Of thousands of sockets the next one comes into the cache while this one is
 * served: its operation, what lies before it and what lies behind. */
static void fetch_second(const struct gni_uring *u)
{
	uintptr_t data = (uintptr_t)gni_ring_second(&u->ring);

	/* A number, not a pointer: it may stand for no operation at all. */
	__builtin_prefetch((const void *)(data - 64));
	__builtin_prefetch((const void *)data);
	__builtin_prefetch((const void *)(data + 64));
}

void gni_uring_take_all(struct gni_uring *u)
{
	for (unsigned n = gni_ring_ready(&u->ring); n > 0; n--) {
		struct gni_event event;

		if (n > 1)
			fetch_second(u);
		event = gni_ring_take(&u->ring);
		if (event.data == GNI_DATA_WAKE)
			take_wake(u);
		else if (event.data == GNI_DATA_CANCEL)
			u->missed |= event.result == -ENOENT;
		else if (event.data & GNI_DATA_WATCH)
			gni_uring_heard(u, watched(&event), event.result);
		else
			take(u, &event);
	}
	/* Asked later, after fibers have made system calls, it would hardly
	 * ever be so: any of those may bring completions. */
	u->heard_all = !gni_ring_owes(&u->ring);
}
