/*
 * loop.c: the turn.  It owns the order in which fibers run and the only call
 * that blocks a thread; it knows nothing of sockets.
 */
#include "loop/loop.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "error/error.h"
#include "loop/mailbox.h"
#include "loop/run.h"
#include "loop/signal.h"

/* A fiber that has waited so long gives the pages below its stack pointer
 * back: long enough that a busy connection never pays for it. */
#define TRIM_AFTER_NS GN_SEC

/* At most so many a turn, so that a million idle fibers do not hold it up. */
#define TRIM_MAX 256

/* What a fiber that waits for a socket has on its stack, about. */
#define FETCH_LINES 8
#define CACHE_LINE 64

/* Fibers that run between two looks at the world at least, when as many become
 * ready: a look costs about as much as ten switches. */
#define CREDIT_MIN 32

static void enter(struct gni_loop *l, const struct gni_task *t)
{
	if (l->backend->enter)
		l->backend->enter(l->io, t->place, gni_task_name(t));
}

static void free_ended(struct gni_loop *l)
{
	struct gni_task *t = l->ended;

	if (!t)
		return;
	l->ended = NULL;
	gni_error_free(t->error);
	gni_fiber_free(&t->fiber);
}

static void resume(struct gni_loop *l, struct gni_task *t)
{
	gn_error **outer = gni_error_swap(&t->error);

	l->current = t;
	enter(l, t);
	gni_fiber_switch(&l->root.fiber, &t->fiber);
	l->current = &l->root;
	enter(l, &l->root);
	gni_error_swap(outer);
	free_ended(l);
}

/* Takes out the first of the ready, or one drawn among so many. */
static struct gni_task *next_ready(struct gni_loop *l, size_t among)
{
	struct gni_task **ring = l->ready;
	size_t first = l->ready_first;

	if (l->order && among > 1) {
		size_t drawn = (size_t)gni_tape_draw(l->order, GNI_STREAM_ORDER,
						     among);
		struct gni_task *t;

		drawn = (first + drawn) & (l->ready_capacity - 1);
		t = ring[drawn];
		ring[drawn] = ring[first];
		ring[first] = t;
	}
	l->ready_first = (first + 1) & (l->ready_capacity - 1);
	l->ready_count--;
	return ring[first];
}

bool gni_run_reserve(struct gni_loop *l)
{
	size_t capacity = l->ready_capacity ? l->ready_capacity * 2 : 16;
	struct gni_task **ring;

	if (l->task_count < l->ready_capacity)
		return true;
	ring = calloc(capacity, sizeof *ring);
	if (!ring)
		return false;
	for (size_t i = 0; i < l->ready_count; i++)
		ring[i] = l->ready[(l->ready_first + i) &
				   (l->ready_capacity - 1)];
	free(l->ready);
	l->ready = ring;
	l->ready_first = 0;
	l->ready_capacity = capacity;
	return true;
}

void gni_loop_gather(struct gni_loop *l, struct gni_gathered *g)
{
	if (gni_list_empty(&g->link))
		gni_list_add(&l->gathered, &g->link);
}

void gni_run_leave(struct gni_loop *l)
{
	struct gni_list *m;

	while ((m = gni_list_pop(&l->gathered))) {
		struct gni_gathered *g = GNI_OWNER(m, struct gni_gathered,
						   link);

		g->leave(g);
	}
}

/* The longest waiting fibers give back the pages that they do not use. */
static void trim(struct gni_loop *l)
{
	gn_time before = gn_time_add(l->now, -TRIM_AFTER_NS);

	for (int i = 0; i < TRIM_MAX && !gni_list_empty(&l->parked); i++) {
		struct gni_task *t = GNI_OWNER(l->parked.next, struct gni_task,
					       parked);

		if (gn_time_before(before, t->parked_at))
			return;
		gni_list_remove(&t->parked);
		gni_fiber_trim(&t->fiber);
	}
}

/* When there is nothing else to do: the next deadline or trimming. */
static gn_time idle_until(struct gni_loop *l)
{
	/* A simulation's clock must not stop where nothing happens. */
	gn_time until = l->backend->enter ? gni_timers_next(&l->timers) :
					    gni_timers_soonest(&l->timers);

	if (!gni_list_empty(&l->parked)) {
		struct gni_task *t = GNI_OWNER(l->parked.next, struct gni_task,
					       parked);

		until = gn_time_earlier(
			until, gn_time_add(t->parked_at, TRIM_AFTER_NS));
	}
	return until;
}

static void tell_signal(struct gni_loop *l)
{
	struct gni_list *m, *next;

	if (!atomic_exchange_explicit(&l->signal_came, false,
				      memory_order_acquire))
		return;
	for (m = l->signals.next; m != &l->signals; m = next) {
		struct gni_signal *s = GNI_OWNER(m, struct gni_signal, link);

		next = m->next;
		s->came(s);
	}
}

static void call_hooks(struct gni_loop *l)
{
	tell_signal(l);
	if (l->io->stuck) {
		l->io->stuck = false;
		if (l->stuck)
			l->stuck(l, l->stuck_arg);
	}
}

/* Puts those that gave way behind all others; gives how many others. */
static size_t yielded_last(struct gni_loop *l)
{
	struct gni_list yielded, *m;
	size_t others = 0;

	gni_list_init(&yielded);
	for (size_t n = l->ready_count; n > 0; n--) {
		struct gni_task *t = next_ready(l, 1);

		if (t->yielded) {
			gni_list_add(&yielded, &t->parked);
		} else {
			gni_run_ready(l, t);
			others++;
		}
	}
	while ((m = gni_list_pop(&yielded))) {
		struct gni_task *t = GNI_OWNER(m, struct gni_task, parked);

		t->yielded = false;
		gni_run_ready(l, t);
	}
	return others;
}

/* Of thousands of fibers each one's stack has left the cache when its turn
 * comes again; the first lines of the next one's come while this one runs. */
static void fetch_next(const struct gni_loop *l)
{
	const char *sp;

	if (l->ready_count == 0)
		return;
	sp = l->ready[l->ready_first]->fiber.sp;
	for (int i = 0; sp && i < FETCH_LINES; i++)
		__builtin_prefetch(sp + i * CACHE_LINE);
}

/* In a simulation those run that are ready now, not those that become so
 * meanwhile.  The order is drawn; who gave way still comes last. */
static void run_drawn(struct gni_loop *l)
{
	size_t n = l->ready_count;
	size_t among = l->order ? yielded_last(l) : 1;

	l->credit = 0;
	for (; n > 0; n--) {
		resume(l, next_ready(l, among));
		among -= among > 1;
	}
}

/* Elsewhere also some that these wake, since a look at the world costs more
 * than a fiber that only hands something on; but nobody a second time who gave
 * way. */
static void run_batch(struct gni_loop *l)
{
	l->credit = l->ready_count < CREDIT_MIN ? CREDIT_MIN : l->ready_count;
	while (l->ready_count > 0 && l->credit > 0) {
		struct gni_task *t = next_ready(l, 1);

		l->credit--;
		fetch_next(l);
		resume(l, t);
	}
}

struct gni_fiber *gni_run_next(struct gni_loop *l)
{
	struct gni_task *t;

	if (l->ready_count == 0 || l->credit == 0)
		return &l->root.fiber;
	t = next_ready(l, 1);
	l->credit--;
	fetch_next(l);
	l->current = t;
	gni_error_swap(&t->error);
	return &t->fiber;
}

/* Looks at the world, waiting for it until then. */
static void look(struct gni_loop *l, gn_time until)
{
	l->backend->wait(l->io, until);
	l->now = gn_now();
	gni_mailbox_empty(l->mailbox);
	call_hooks(l);
	gni_timers_expire(&l->timers, l->now);
	trim(l);
}

static void run_ready(struct gni_loop *l)
{
	GNI_CHECK(gni_loop_on_root(l),
		  "the loop was turned from within a fiber");
	gni_run_leave(l);
	l->modes = gni_modes_now();
	if (l->order || l->backend->enter)
		run_drawn(l);
	else
		run_batch(l);
}

void gni_run_until(struct gni_loop *l, gni_run_enough *enough,
		   const void *what)
{
	while (!enough(l, what)) {
		run_ready(l);
		if (!enough(l, what))
			look(l, l->ready_count ? GN_NOW : idle_until(l));
	}
}

void gni_loop_yield(struct gni_loop *l)
{
	struct gni_task *t = l->current;

	gni_run_leave(l);
	t->served = 0;
	if (t == &l->root) {
		run_ready(l);
		look(l, GN_NOW);
		return;
	}
	t->yielded = l->order != NULL;
	if (l->credit > l->ready_count)
		l->credit = l->ready_count;
	gni_run_ready(l, t);
	gni_run_suspend(l, t);
}

void gni_loop_give_way(struct gni_loop *l)
{
	if (!l->posted_only)
		gni_loop_yield(l);
}

static bool none_lingers(const struct gni_loop *l, const void *what)
{
	(void)what;
	return l->lingering == 0;
}

static bool none_left(const struct gni_loop *l, const void *what)
{
	(void)what;
	return l->task_count == 0;
}

static bool none_owned(const struct gni_loop *l, const void *what)
{
	(void)what;
	return gni_list_empty(&l->owned);
}

void gni_loop_finish(struct gni_loop *l)
{
	gni_run_until(l, none_lingers, NULL);
}

static void cancel_all(struct gni_loop *l)
{
	for (struct gni_list *m = l->tasks.next; m != &l->tasks; m = m->next)
		gni_task_cancel(GNI_OWNER(m, struct gni_task, all));
}

static void let_go_all(struct gni_loop *l)
{
	struct gni_list *m, *next;

	for (m = l->owned.next; m != &l->owned; m = next) {
		struct gni_owned *o = GNI_OWNER(m, struct gni_owned, link);

		next = m->next;
		o->let_go(o);
	}
}

void gni_loop_abandon(struct gni_loop *l)
{
	gni_mailbox_end(l->mailbox);
	l->abandoned = true;
	cancel_all(l);
	gni_run_until(l, none_left, NULL);
	gni_loop_finish(l);
	let_go_all(l);
	gni_run_until(l, none_owned, NULL);
}

struct gni_loop *gni_loop_open(struct gni_io *io)
{
	struct gni_loop *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->io = io;
	l->backend = io->backend;
	l->calls = io->backend->calls;
	l->mailbox = gni_mailbox_open(io);
	gni_list_init(&l->tasks);
	gni_list_init(&l->parked);
	gni_list_init(&l->gathered);
	gni_list_init(&l->owned);
	gni_list_init(&l->foreign);
	gni_list_init(&l->signals);
	l->now = gn_now();
	if (!l->mailbox || !gni_run_reserve(l) ||
	    !gni_task_root(l, &l->root)) {
		gni_mailbox_drop(l->mailbox);
		free(l->ready);
		free(l);
		return NULL;
	}
	return l;
}

void gni_loop_free(struct gni_loop *l)
{
	gni_mailbox_close(l->mailbox);
	gni_mailbox_drop(l->mailbox);
	GNI_CHECK(l->task_count == 0, "a loop ended before its fibers did");
	gni_timer_drop(&l->timers, &l->root.timer);
	gni_timers_free(&l->timers);
	l->backend->close(l->io);
	/* What a simulation's connections held was given back just now. */
	if (!gni_loop_mine())
		gni_bytes_thread_end();
	free(l->ready);
	free(l);
}
