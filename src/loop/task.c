/*
 * task.c: the life of a fiber in its loop, and its waits.
 */
#include "loop/task.h"

#include "base/check.h"
#include "error/error.h"
#include "loop/loop.h"
#include "loop/run.h"

static void deadline_came(struct gni_timer *timer);

static void init(struct gni_task *t, struct gni_loop *l)
{
	t->loop = l;
	t->shield = (gn_time){ 0 };
	gni_timer_init(&t->timer, deadline_came);
	gni_list_init(&t->all);
	gni_list_init(&t->parked);
	gni_list_init(&t->siblings);
}

bool gni_task_root(struct gni_loop *l, struct gni_task *root)
{
	if (!gni_timer_reserve(&l->timers))
		return false;
	init(root, l);
	l->current = root;
	return true;
}

void gni_task_tell(const struct gni_task *t, const char *what,
		   const char *about, const gn_addr *with, int64_t value)
{
	struct gni_loop *l = t->loop;

	l->backend->note(l->io, &(struct gni_note){ .place = t->place,
						    .fiber = gni_task_name(t),
						    .what = what,
						    .about = about,
						    .with = with,
						    .value = value });
}

struct gni_task *gni_task_here(void)
{
	struct gni_loop *l = gni_loop_mine();

	return l ? l->current : NULL;
}

static void change_modes(struct gni_modes from, struct gni_modes to)
{
	if (__builtin_expect(!gni_modes_equal(from, to), 0))
		gni_modes_set(to);
}

/* The floating-point modes are the fiber's own, kept on its stack. */
void gni_run_suspend(struct gni_loop *l, struct gni_task *t)
{
	struct gni_modes modes = gni_modes_now();

	change_modes(modes, l->modes);
	gni_fiber_switch(&t->fiber, gni_run_next(l));
	change_modes(l->modes, modes);
}

static void task_main(struct gni_fiber *fiber)
{
	struct gni_task *t = (struct gni_task *)fiber;
	struct gni_loop *l = t->loop;

	change_modes(l->modes, t->modes);
	gni_task_note(t, "begins", NULL, NULL, 0);
	t->result = t->run(t->arg);
	GNI_CHECK(gni_loop_mine() == l,
		  "fiber \"%s\" returned in a child of fork, where its loop is "
		  "not: end the child with _exit", fiber->name);
	gni_run_leave(l);
	gni_task_note(t, "ends", NULL, NULL, t->result);
	t->ended(t);
	gni_timer_drop(&l->timers, &t->timer);
	gni_list_remove(&t->all);
	l->task_count--;
	l->ended = t;
	change_modes(gni_modes_now(), l->modes);
	gni_fiber_exit(fiber, &l->root.fiber);
}

struct gni_task *gni_task_open(struct gni_loop *l, gn_fiber_fn *fn, void *arg,
			       const gn_go_opts *opts)
{
	struct gni_fiber *f;
	struct gni_task *t;

	if (!gni_run_reserve(l) || !gni_timer_reserve(&l->timers))
		return NULL;
	f = gni_fiber_create(sizeof *t, opts ? opts->stack_bytes : 0,
			     opts && opts->name ? opts->name : "fiber",
			     task_main);
	if (!f) {
		gni_timer_unreserve(&l->timers);
		return NULL;
	}
	t = (struct gni_task *)f;
	init(t, l);
	t->run = fn;
	t->arg = arg;
	t->modes = gni_modes_now();
	t->place = l->current->place;
	t->cancelled = l->abandoned;
	gni_list_add(&l->tasks, &t->all);
	l->task_count++;
	return t;
}

void gni_task_start(struct gni_task *t)
{
	gni_run_ready(t->loop, t);
}

static bool shielded(const struct gni_task *t)
{
	return t->shield.ns && gn_time_before(gn_now(), t->shield);
}

/* A fiber that does not heed it goes round and round without waiting; by the
 * trace that is seen. */
bool gni_task_cancelled(const struct gni_task *t)
{
	bool cancelled = t->cancelled && !shielded(t);

	if (cancelled)
		gni_task_note(t, "heard", NULL, NULL, 0);
	return cancelled;
}

void gni_task_cancel(struct gni_task *t)
{
	if (t->cancelled)
		return;
	t->cancelled = true;
	gni_task_note(t, "cancelled", NULL, NULL, 0);
	if (shielded(t))
		t->mercy = gn_time_add(gn_now(), GN_SHIELD_MAX);
	if (!t->wait)
		return;
	if (!shielded(t))
		gni_strike(t->wait, GN_ECANCELED);
	else if (gn_time_before(t->shield, t->timer.due))
		gni_timer_set(&t->loop->timers, &t->timer, t->shield);
}

void gni_task_pardon(struct gni_task *t)
{
	t->cancelled = false;
	t->shield = t->mercy = (gn_time){ 0 };
}

/* A deadline struck, or the shield of a cancelled fiber ran out. */
static void deadline_came(struct gni_timer *timer)
{
	struct gni_task *t = GNI_OWNER(timer, struct gni_task, timer);

	if (t->wait)
		gni_strike(t->wait, t->cancelled && !shielded(t) ?
					    GN_ECANCELED :
					    GN_ETIMEOUT);
}

static bool is_over(const struct gni_loop *l, const void *what)
{
	const struct gni_wait *w = what;

	(void)l;
	return w->over;
}

static void suspend(struct gni_loop *l, struct gni_task *t, struct gni_wait *w)
{
	gni_run_leave(l);
	if (t == &l->root) {
		gni_run_until(l, is_over, w);
		return;
	}
	if (!l->backend->enter) {
		t->parked_at = l->now;
		gni_list_add(&l->parked, &t->parked);
	}
	gni_run_suspend(l, t);
}

int gni_wait_for(struct gni_wait *w, gn_time until)
{
	struct gni_loop *l = gni_loop_mine();
	struct gni_task *t = l->current;

	GNI_CHECK(!l->posted_only, "a posted function waited (%s)",
		  w->operation);
	w->task = t;
	w->over = false;
	w->reason = 0;
	t->wait = w;
	t->served = 0;
	if (t->cancelled)
		until = gn_time_earlier(until, t->shield);
	if (until.ns < GN_NEVER.ns)
		gni_timer_set(&l->timers, &t->timer, until);
	suspend(l, t, w);
	return w->result;
}

void gni_wake(struct gni_wait *w, int result)
{
	struct gni_task *t = w->task;

	GNI_CHECK(t->wait == w && !w->over, "a wait (%s) was ended twice",
		  w->operation);
	w->result = result;
	w->over = true;
	t->wait = NULL;
	gni_timer_clear(&t->timer);
	gni_list_remove(&t->parked);
	gni_task_note(t, w->operation, NULL, w->about, result);
	if (t != &t->loop->root)
		gni_run_ready(t->loop, t);
}

static const char *strike_word(int reason)
{
	if (reason == GN_ETIMEOUT)
		return "deadline";
	return reason == GN_ECANCELED ? "cancel" : "closed";
}

void gni_strike(struct gni_wait *w, int reason)
{
	bool first = w->reason == 0;

	if (w->over)
		return;
	if (first || reason == GN_ECANCELED)
		w->reason = reason;
	if (!first)
		return;
	gni_task_note(w->task, strike_word(reason), w->operation, w->about, 0);
	if (w->give_up)
		w->give_up(w);
	else
		gni_wake(w, reason);
}
