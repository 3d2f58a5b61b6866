/*
 * call.c: a fiber waits for one operation.  It is over only when its
 * completion was seen: whoever strikes the wait asks for a cancel and the
 * fiber goes on waiting for the answer, since the kernel owns the buffer.
 */
#include <errno.h>

#include "loop/loop.h"

static void done(struct gni_op *op, int result, bool more)
{
	struct gni_call *c = GNI_OWNER(op, struct gni_call, op);

	(void)more;
	if (result == -ECANCELED && c->wait.reason)
		result = c->wait.reason;
	gni_wake(&c->wait, result);
}

static void give_up(struct gni_wait *w)
{
	struct gni_call *c = GNI_OWNER(w, struct gni_call, wait);
	struct gni_loop *l = w->task->loop;

	l->backend->cancel(l->io, &c->op);
}

int gni_call_wait(struct gni_call *c, const char *operation,
		  const gn_addr *about, gn_time until)
{
	struct gni_loop *l = gni_loop_mine();

	c->op.done = done;
	c->op.state = GNI_OP_IDLE;
	c->op.waited = true;
	c->wait.operation = operation;
	c->wait.about = about;
	c->wait.give_up = give_up;
	l->backend->submit(l->io, &c->op);
	return gni_wait_for(&c->wait, until);
}
