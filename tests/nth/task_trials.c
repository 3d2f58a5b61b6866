/*
 * task_trials.c: fibers, their groups, and threads.
 */
#include "../conform/nomem.h"
#include "nth.h"

static int count_one(void *arg)
{
	STEP(gn_sleep(gn_in(GN_USEC)));
	++*(int *)arg;
	return 0;
}

/* More deadlines than there is room for at first. */
#define GROUPS 515

/* All but the first and the last few are the same. */
static int open_groups(gn_group *g[GROUPS])
{
	gn_group_opts opts = { .until = SOON };

	for (int i = 0; i < GROUPS; i++) {
		nomem_spare(i > 2 && i < GROUPS - 6);
		MAKE(g[i], gn_group_open(&opts));
	}
	return 0;
}

static int opens(void)
{
	gn_group *g[GROUPS] = { NULL };
	int result = open_groups(g);

	for (int i = 0; i < GROUPS; i++)
		gn_group_close(g[i]);
	return result;
}

/* More than there is room for at first. */
static int goes(void)
{
	gn_group_auto gn_group *g = NULL;
	int count = 0;

	MAKE(g, gn_group_open(NULL));
	for (int i = 0; i < 40; i++)
		STEP(gn_go(g, count_one, &count));
	STEP(gn_group_wait(g, SOON));
	WANT(count == 40);
	return 0;
}

static int goes_with(void)
{
	gn_go_opts opts = { .name = "large", .stack_bytes = (size_t)4 << 20 };
	gn_group_auto gn_group *g = NULL;
	int count = 0;

	MAKE(g, gn_group_open(NULL));
	STEP(gn_go_with(g, count_one, &count, &opts));
	STEP(gn_go_with(g, count_one, &count, NULL));
	STEP(gn_group_wait(g, SOON));
	WANT(count == 2);
	return 0;
}

static int fail(void *arg)
{
	(void)arg;
	return gn_chan_open(1, 0) ? 0 : gn_code();
}

/* A fiber's own failure climbs, with a record or without. */
static int waits(void)
{
	gn_group_auto gn_group *g = NULL;

	MAKE(g, gn_group_open(NULL));
	STEP(gn_go(g, fail, NULL));
	WANT(gn_group_wait(g, SOON) == GN_EINVAL);
	WANT(gn_code() == GN_EINVAL);
	return 0;
}

static int sleep_for_ever(void *arg)
{
	int result = gn_sleep(GN_NEVER);

	WANT(result == GN_ECANCELED);
	++*(int *)arg;
	return result;
}

/* Who never ends by itself is ended. */
static int closes(void)
{
	int ended = 0, begun = 0, result = 0;
	gn_group *g;

	MAKE(g, gn_group_open(NULL));
	for (; begun < 5 && result == 0; begun += result == 0)
		result = nth_judge(__FILE__, __LINE__, "gn_go",
				   gn_go(g, sleep_for_ever, &ended));
	gn_yield();
	gn_group_close(g);
	WANT(ended == begun);
	return result;
}

static int sleeps(void)
{
	gn_time until = gn_in(GN_MSEC);

	STEP(gn_sleep(GN_NOW));
	STEP(gn_sleep(until));
	WANT(gn_since(until) >= 0);
	return 0;
}

static int here(void)
{
	gn_thread *t;

	MAKE(t, gn_thread_here());
	gn_thread_free(t);
	return 0;
}

static void set(void *arg)
{
	*(bool *)arg = true;
}

static int post_to(gn_thread *t)
{
	bool called = false;

	STEP(gn_post(t, set, &called));
	for (int turn = 0; turn < 100000 && !called; turn++)
		gn_yield();
	WANT(called);
	return 0;
}

static int posts(void)
{
	gn_thread *t;
	int result;

	MAKE(t, gn_thread_here());
	result = post_to(t);
	gn_thread_free(t);
	return result;
}

const struct nth_trial task_trials[] = {
	{ "gn_group_open", opens, 0 },
	{ "gn_go", goes, 0 },
	{ "gn_go_with", goes_with, 0 },
	{ "gn_group_wait", waits, 0 },
	{ "gn_group_close", closes, 0 },
	{ "gn_sleep", sleeps, 0 },
	{ "gn_thread_here", here, 0 },
	{ "gn_post", posts, 0 },
	{ 0 },
};
