/*
 * ready.c: operations and their states.  It owns every operation that is in,
 * and must never lose one: an operation is in exactly one list from submit to
 * done.
 */
#include "io/ready.h"

#include <errno.h>
#include <stdlib.h>

/* While submitted operations complete at once, the kernel is asked for events
 * every fourth time: three quarters of those calls saved, and nobody else
 * waits for more than three turns. */
#define LOOK_EVERY 4

static struct gni_ready *ready_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_ready, io);
}

/* Moves all members of a list into one that is empty and not initialised, so
 * that what callbacks add is left for later. */
static void take_all(struct gni_list *from, struct gni_list *to)
{
	gni_list_insert(from->next, to);
	gni_list_remove(from);
}

static void complete(struct gni_ready *r, struct gni_op *op, int result)
{
	op->state = GNI_OP_IDLE;
	r->completed++;
	op->done(op, result, false);
}

static void finish(struct gni_ready *r, struct gni_slot *s, struct gni_op *op,
		   int result)
{
	gni_ready_end(s, op);
	complete(r, op, result);
}

static void arm(struct gni_ready *r, struct gni_slot *s, struct gni_op *op)
{
	int result = gni_ready_watch(r, s, op);

	if (result == 0) {
		gni_list_add(&s->armed, &op->link);
		return;
	}
	/* A file is always ready, and says itself what it cannot do. */
	if (result == -EPERM)
		result = gni_ready_try(s, op);
	if (result == GNI_TRY_WAIT || result == GNI_TRY_PAUSE)
		result = -EPERM;
	finish(r, s, op, result);
}

/* All that pause equally long share the instant of the first. */
void gni_ready_pause(struct gni_ready *r, struct gni_op *op)
{
	struct gni_pause *p = op->backend;

	gni_list_remove(&op->link);
	if (gni_list_empty(&p->ops))
		p->due = gn_in(GN_MSEC << (p - r->pauses));
	if (p < &r->pauses[GNI_PAUSES - 1])
		op->backend = p + 1;
	gni_list_add(&p->ops, &op->link);
	r->pausing = true;
}

/* One that was told of an event is still watched: to ask anew would bring an
 * event of a direction that it does not wait for, again and again. */
static void attempt(struct gni_ready *r, struct gni_slot *s, struct gni_op *op,
		    bool told)
{
	int result = gni_ready_try(s, op);
	bool waits = result == GNI_TRY_WAIT || result == GNI_TRY_PAUSE;

	if (!waits)
		finish(r, s, op, result);
	else if (op->state == GNI_OP_CANCELED)
		finish(r, s, op, -ECANCELED);
	else if (result == GNI_TRY_PAUSE)
		gni_ready_pause(r, op);
	else if (told)
		gni_list_add(&s->armed, &op->link);
	else
		arm(r, s, op);
}

static void start(struct gni_ready *r, struct gni_op *op)
{
	struct gni_slot *s;
	int result = gni_slot_make(r, op->fd, &s);

	op->backend = r->pauses;
	if (result < 0)
		complete(r, op, result);
	else if (gni_ready_hopeful(s, op, true))
		attempt(r, s, op, false);
	else
		arm(r, s, op);
}

static void start_fresh(struct gni_ready *r)
{
	struct gni_list now, *m;

	take_all(&r->fresh, &now);
	while ((m = gni_list_pop(&now)))
		start(r, GNI_OWNER(m, struct gni_op, link));
}

static void finish_canceled(struct gni_ready *r)
{
	struct gni_list now, *m;

	take_all(&r->canceled, &now);
	while ((m = gni_list_pop(&now))) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

		finish(r, gni_slot_find(r, op->fd), op, -ECANCELED);
	}
}

/* From the longest pause down: what must pause on goes to the next longer one,
 * which has had its turn. */
static void retry_paused(struct gni_ready *r)
{
	struct gni_list now, *m;
	gn_time present = gn_now();

	for (int i = GNI_PAUSES - 1; i >= 0; i--) {
		struct gni_pause *p = &r->pauses[i];

		if (gni_list_empty(&p->ops) || gn_time_before(present, p->due))
			continue;
		take_all(&p->ops, &now);
		while ((m = gni_list_pop(&now))) {
			struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

			attempt(r, gni_slot_find(r, op->fd), op, false);
		}
	}
}

/* The earlier of the instant and the end of the first pause. */
static gn_time pauses_until(struct gni_ready *r, gn_time until)
{
	r->pausing = false;
	for (int i = 0; i < GNI_PAUSES; i++) {
		if (gni_list_empty(&r->pauses[i].ops))
			continue;
		r->pausing = true;
		until = gn_time_earlier(until, r->pauses[i].due);
	}
	return until;
}

void gni_ready_serve(struct gni_ready *r, struct gni_slot *s)
{
	struct gni_list now, *m;

	take_all(&s->armed, &now);
	while ((m = gni_list_pop(&now))) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

		if (gni_ready_hopeful(s, op, false))
			attempt(r, s, op, true);
		else
			gni_list_add(&s->armed, m);
	}
}

bool gni_ready_begin(struct gni_ready *r, gn_time *until)
{
	r->completed = 0;
	finish_canceled(r);
	start_fresh(r);
	if (r->pausing)
		retry_paused(r);
	if (r->completed && ++r->blind < LOOK_EVERY)
		return false;
	r->blind = 0;
	if (r->completed)
		*until = GN_NOW;
	else if (r->pausing)
		*until = pauses_until(r, *until);
	return true;
}

int gni_ready_timeout(gn_time until)
{
	int64_t left_ns, left_ms;

	if (until.ns == GN_NEVER.ns)
		return -1;
	if (!gn_time_before(GN_NOW, until))
		return 0;
	left_ns = gn_time_between(gn_now(), until);
	left_ms = left_ns / GN_MSEC + (left_ns % GN_MSEC > 0);
	if (left_ms < 0)
		return 0;
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

static void ready_submit(struct gni_io *io, struct gni_op *op)
{
	op->state = GNI_OP_IN;
	op->backend = NULL;
	gni_list_add(&ready_of(io)->fresh, &op->link);
}

/* A fresh one stays where it is and is tried once, as a ring would: a deadline
 * in the past takes what is there. */
static void ready_cancel(struct gni_io *io, struct gni_op *op)
{
	if (op->state != GNI_OP_IN)
		return;
	op->state = GNI_OP_CANCELED;
	if (!op->backend)
		return;
	gni_list_remove(&op->link);
	gni_list_add(&ready_of(io)->canceled, &op->link);
}

void gni_ready_init(struct gni_ready *r, const struct gni_backend *backend,
		    gni_watch *watch)
{
	r->calls = gni_sys_calls;
	r->backend = *backend;
	r->backend.calls = &r->calls;
	r->backend.submit = ready_submit;
	r->backend.cancel = ready_cancel;
	r->io.backend = &r->backend;
	r->watch = watch;
	gni_list_init(&r->fresh);
	gni_list_init(&r->canceled);
	for (int i = 0; i < GNI_PAUSES; i++)
		gni_list_init(&r->pauses[i].ops);
}
