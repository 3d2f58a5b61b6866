/*
 * epoll.c: the backend where io_uring is refused.  It makes completions by
 * trying, arming, trying again, and owns every operation that is in.  It must
 * never lose one: an operation is in exactly one list from submit to done.
 */
#include "io/epoll.h"

#include <errno.h>
#include <stdlib.h>

/* While submitted operations complete at once, the kernel is asked for events
 * every fourth time: three quarters of those calls saved, and nobody else
 * waits for more than three turns. */
#define LOOK_EVERY 4

static struct gni_epoll *epoll_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_epoll, io);
}

/* Moves all members of a list into one that is empty and not initialised, so
 * that what callbacks add is left for later. */
static void take_all(struct gni_list *from, struct gni_list *to)
{
	gni_list_insert(from->next, to);
	gni_list_remove(from);
}

static void complete(struct gni_epoll *e, struct gni_op *op, int result)
{
	op->state = GNI_OP_IDLE;
	e->completed++;
	op->done(op, result, false);
}

static void finish(struct gni_epoll *e, struct gni_slot *s, struct gni_op *op,
		   int result)
{
	gni_op_end(s, op);
	complete(e, op, result);
}

static void arm(struct gni_epoll *e, struct gni_slot *s, struct gni_op *op)
{
	int result = gni_op_watch(e, s, op);

	if (result == 0) {
		gni_list_add(&s->armed, &op->link);
		return;
	}
	/* A file is always ready, and says itself what it cannot do. */
	if (result == -EPERM)
		result = gni_epoll_try(s, op);
	if (result == GNI_TRY_WAIT || result == GNI_TRY_PAUSE)
		result = -EPERM;
	finish(e, s, op, result);
}

/* All that pause equally long share the instant of the first. */
static void pause_op(struct gni_epoll *e, struct gni_op *op)
{
	struct gni_pause *p = op->backend;

	if (gni_list_empty(&p->ops))
		p->due = gn_in(GN_MSEC << (p - e->pauses));
	if (p < &e->pauses[GNI_PAUSES - 1])
		op->backend = p + 1;
	gni_list_add(&p->ops, &op->link);
	e->pausing = true;
}

static void attempt(struct gni_epoll *e, struct gni_slot *s, struct gni_op *op)
{
	int result = gni_epoll_try(s, op);
	bool waits = result == GNI_TRY_WAIT || result == GNI_TRY_PAUSE;

	if (!waits)
		finish(e, s, op, result);
	else if (op->state == GNI_OP_CANCELED)
		finish(e, s, op, -ECANCELED);
	else if (result == GNI_TRY_PAUSE)
		pause_op(e, op);
	else
		arm(e, s, op);
}

static void start(struct gni_epoll *e, struct gni_op *op)
{
	struct gni_slot *s;
	int result = gni_slot_make(e, op->fd, &s);

	op->backend = e->pauses;
	if (result < 0)
		complete(e, op, result);
	else if (gni_op_hopeful(s, op, true))
		attempt(e, s, op);
	else
		arm(e, s, op);
}

static void start_fresh(struct gni_epoll *e)
{
	struct gni_list now, *m;

	take_all(&e->fresh, &now);
	while ((m = gni_list_pop(&now)))
		start(e, GNI_OWNER(m, struct gni_op, link));
}

static void finish_canceled(struct gni_epoll *e)
{
	struct gni_list now, *m;

	take_all(&e->canceled, &now);
	while ((m = gni_list_pop(&now))) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

		finish(e, gni_slot_find(e, op->fd), op, -ECANCELED);
	}
}

/* From the longest pause down: what must pause on goes to the next longer one,
 * which has had its turn. */
static void retry_paused(struct gni_epoll *e)
{
	struct gni_list now, *m;
	gn_time present = gn_now();

	for (int i = GNI_PAUSES - 1; i >= 0; i--) {
		struct gni_pause *p = &e->pauses[i];

		if (gni_list_empty(&p->ops) || gn_time_before(present, p->due))
			continue;
		take_all(&p->ops, &now);
		while ((m = gni_list_pop(&now))) {
			struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

			attempt(e, gni_slot_find(e, op->fd), op);
		}
	}
}

/* The earlier of the instant and the end of the first pause. */
static gn_time pauses_until(struct gni_epoll *e, gn_time until)
{
	e->pausing = false;
	for (int i = 0; i < GNI_PAUSES; i++) {
		if (gni_list_empty(&e->pauses[i].ops))
			continue;
		e->pausing = true;
		until = gn_time_earlier(until, e->pauses[i].due);
	}
	return until;
}

static void serve(struct gni_epoll *e, struct gni_slot *s)
{
	struct gni_list now, *m;

	take_all(&s->armed, &now);
	while ((m = gni_list_pop(&now))) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

		if (gni_op_hopeful(s, op, false))
			attempt(e, s, op);
		else
			gni_list_add(&s->armed, m);
	}
}

static void look(struct gni_epoll *e, gn_time until)
{
	int count = gni_set_collect(e, until);

	for (int i = 0; i < count; i++) {
		struct gni_slot *s = gni_slot_event(e, &e->events[i]);

		if (s)
			serve(e, s);
	}
}

static void epoll_submit(struct gni_io *io, struct gni_op *op)
{
	op->state = GNI_OP_IN;
	op->backend = NULL;
	gni_list_add(&epoll_of(io)->fresh, &op->link);
}

/* A fresh one stays where it is and is tried once, as a ring would: a deadline
 * in the past takes what is there. */
static void epoll_cancel(struct gni_io *io, struct gni_op *op)
{
	if (op->state != GNI_OP_IN)
		return;
	op->state = GNI_OP_CANCELED;
	if (!op->backend)
		return;
	gni_list_remove(&op->link);
	gni_list_add(&epoll_of(io)->canceled, &op->link);
}

static void epoll_wait_for(struct gni_io *io, gn_time until)
{
	struct gni_epoll *e = epoll_of(io);

	e->completed = 0;
	finish_canceled(e);
	start_fresh(e);
	if (e->pausing)
		retry_paused(e);
	if (e->completed && ++e->blind < LOOK_EVERY)
		return;
	e->blind = 0;
	if (e->completed)
		until = GN_NOW;
	else if (e->pausing)
		until = pauses_until(e, until);
	look(e, until);
}

static void epoll_wake(struct gni_io *io)
{
	gni_set_wake(epoll_of(io));
}

static void epoll_forget(struct gni_io *io, int fd)
{
	gni_slot_forget(epoll_of(io), fd);
}

static void epoll_close_fd(struct gni_io *io, int fd)
{
	gni_slot_forget(epoll_of(io), fd);
	gni_sys_calls.close(io, fd);
}

static void epoll_end(struct gni_io *io)
{
	struct gni_epoll *e = epoll_of(io);

	gni_set_close(e);
	gni_slots_free(e);
	free(e);
}

static const struct gni_backend epoll_backend = {
	.name = "epoll",
	.submit = epoll_submit,
	.cancel = epoll_cancel,
	.wait = epoll_wait_for,
	.wake = epoll_wake,
	.close = epoll_end,
};

/* The real world's calls, save that a descriptor's end must be known here. */
static void set_calls(struct gni_epoll *e)
{
	e->calls = gni_sys_calls;
	e->calls.forget = epoll_forget;
	e->calls.close = epoll_close_fd;
	e->backend = epoll_backend;
	e->backend.calls = &e->calls;
	e->io.backend = &e->backend;
}

int gni_epoll_open(struct gni_io **io)
{
	struct gni_epoll *e = calloc(1, sizeof *e);
	int result;

	if (!e)
		return -ENOMEM;
	set_calls(e);
	gni_list_init(&e->fresh);
	gni_list_init(&e->canceled);
	for (int i = 0; i < GNI_PAUSES; i++)
		gni_list_init(&e->pauses[i].ops);
	result = gni_set_open(e);
	if (result < 0) {
		epoll_end(&e->io);
		return result;
	}
	*io = &e->io;
	return 0;
}
