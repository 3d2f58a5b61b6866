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

/* The poll or the time on behalf of an operation has ended. */
static void take_step(struct gni_uring *u, struct gni_op *op, int result)
{
	if (result == -ECANCELED || result == -EINTR)
		gni_uring_resume(u, op, gni_uring_stage(op));
	else if (result < 0 && result != -ETIME)
		gni_uring_finish(u, op, result);
	else
		gni_uring_resume(u, op, GNI_STAGE_TRIED);
}

static void take_failure(struct gni_uring *u, struct gni_op *op, int result)
{
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

/* A result as the owner is to have it: descriptors above 2, and only events
 * that hold. */
static int refine(const struct gni_op *op, int result)
{
	switch (op->kind) {
	case GNI_OP_POLL:
		return gni_uring_confirm(op, result);
	case GNI_OP_ACCEPT:
	case GNI_OP_ACCEPT_MULTI:
		return gni_sys_high(result);
	default:
		return result;
	}
}

static void take_success(struct gni_uring *u, struct gni_op *op,
			 const struct gni_event *event)
{
	int result = refine(op, event->result);

	op->arrived = gni_buffers_at(&u->buffers, event);
	if (event->flags & IORING_CQE_F_MORE)
		op->done(op, result, true);
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

static void take_wake(struct gni_uring *u)
{
	u->listening = false;
	atomic_store(&u->woken, false);
}

void gni_uring_take_all(struct gni_uring *u)
{
	for (unsigned n = gni_ring_ready(&u->ring); n > 0; n--) {
		struct gni_event event = gni_ring_take(&u->ring);

		if (event.data == GNI_DATA_WAKE)
			take_wake(u);
		else if (event.data == GNI_DATA_CANCEL)
			u->missed |= event.result == -ENOENT;
		else
			take(u, &event);
	}
}
