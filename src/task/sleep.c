/*
 * sleep.c: what a fiber asks for itself: to sleep, to give way, to hold a
 * cancel off, its name.
 */
#include <gnezdo/task.h>

#include "error/error.h"
#include "loop/loop.h"

static int cancelled(void)
{
	return gni_fail(&(struct gni_cause){ .code = GN_ECANCELED,
					     .operation = "sleep" },
			NULL);
}

int gn_sleep(gn_time until)
{
	struct gni_wait w = { .operation = "sleep" };
	struct gni_loop *l = gni_loop_here();

	if (!l)
		return gn_code();
	if (gni_task_cancelled(l->current))
		return cancelled();
	if (!gn_time_before(gn_now(), until)) {
		gni_loop_pace(l, 0);
		return 0;
	}
	/* A cancel is told from the deadline, which is what it waits for. */
	return gni_wait_for(&w, until) == GN_ECANCELED ? cancelled() : 0;
}

void gn_yield(void)
{
	struct gni_loop *l = gni_loop_mine();

	if (l && !l->posted_only)
		gni_loop_yield(l);
}

void gn_shield(gn_time until)
{
	struct gni_loop *l = gni_loop_here();
	gn_time now = gn_now();
	struct gni_task *t = l ? l->current : NULL;

	if (!t || (t->shield.ns && gn_time_before(now, t->shield)))
		return;
	t->shield = gn_time_earlier(until, gn_time_add(now, GN_SHIELD_MAX));
	if (!t->cancelled)
		return;
	/* One stretch, however often it is asked for. */
	if (!t->mercy.ns)
		t->mercy = gn_time_add(now, GN_SHIELD_MAX);
	t->shield = gn_time_earlier(t->shield, t->mercy);
}

void gn_unshield(void)
{
	struct gni_task *t = gni_task_here();

	if (t)
		t->shield = (gn_time){ 0 };
}

const char *gn_fiber_name(void)
{
	struct gni_task *t = gni_task_here();

	return t ? t->fiber.name : "root";
}

bool gn_cancelled(void)
{
	struct gni_task *t = gni_task_here();

	return t && gni_task_cancelled(t);
}
