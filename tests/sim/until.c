/*
 * until.c: every function with `gn_time until` gives up at that very instant,
 * and at the instant of a cancel or a close, when nobody answers.
 *
 *	sim-until          runs the trials
 *	sim-until --list   prints the functions they cover, one a line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "until.h"

/* Seeds beside the run in order. */
#define SEEDS 20

/* An instant that nothing else falls on. */
#define WHILE_NS (3 * GN_SEC + 1234567)

static const struct wait *now_tried;

/* Says which call it was when it was not as it should be. */
static void want_result(const struct wait *w, const char *how, int result,
			int wanted, gn_time at)
{
	if (result == wanted && gn_since(at) == 0)
		return;
	trial_fail(__FILE__, __LINE__,
		   "%s (%s) %s: %s, not %s, %lld ns after the instant",
		   w->function, w->kind, how, gn_code_name(result),
		   gn_code_name(wanted), (long long)gn_since(at));
}

struct calling {
	const struct wait *wait;
	struct scene *scene;
	gn_time until, ended;
	int result;
	bool over;
};

static int call(void *arg)
{
	struct calling *c = arg;

	c->result = c->wait->call(c->scene, c->until);
	c->ended = gn_now();
	c->over = true;
	return 0;
}

static gn_group *start(struct calling *c)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_IS(gn_go(g, call, c), 0);
	gn_yield();
	WANT(!c->over);
	return g;
}

/* ---- what may happen meanwhile */

static void meets_deadline(const struct wait *w, struct scene *c)
{
	gn_time until = gn_in(WHILE_NS);

	want_result(w, "at its deadline", w->call(c, until),
		    w->sleeps ? 0 : GN_ETIMEOUT, until);
}

static void has_passed(const struct wait *w, struct scene *c)
{
	int wanted = w->sleeps ? 0 : GN_ETIMEOUT;
	gn_time now = gn_now();

	want_result(w, "with GN_NOW", w->call(c, GN_NOW), wanted, now);
	want_result(w, "now", w->call(c, now), wanted, now);
	want_result(w, "in the past", w->call(c, gn_time_add(now, -GN_SEC)),
		    wanted, now);
}

static void is_cancelled(const struct wait *w, struct scene *c)
{
	struct calling calling = { .wait = w, .scene = c, .until = GN_NEVER };
	gn_time at = gn_in(WHILE_NS);
	gn_group *g = start(&calling);

	WANT_IS(gn_sleep(at), 0);
	WANT(!calling.over);
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, SOON), 0);
	want_result(w, "cancelled", calling.result, GN_ECANCELED, at);
	gn_group_close(g);
}

/* The cancel comes at the deadline's instant: one of the two it is. */
static void is_cancelled_at_its_deadline(const struct wait *w,
					 struct scene *c)
{
	gn_time at = gn_in(WHILE_NS);
	struct calling calling = { .wait = w, .scene = c, .until = at };
	gn_group *g = start(&calling);

	WANT_IS(gn_sleep(at), 0);
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, SOON), 0);
	if (calling.result != GN_ECANCELED)
		want_result(w, "at both", calling.result,
			    w->sleeps ? 0 : GN_ETIMEOUT, at);
	WANT_IS(gn_since(at), 0);
	gn_group_close(g);
}

struct shielding {
	struct calling calling;
	gn_time end;
};

static int call_behind_a_shield(void *arg)
{
	struct shielding *s = arg;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	s->end = gn_in(WHILE_NS);
	gn_shield(s->end);
	return call(&s->calling);
}

static void shield_ends(const struct wait *w, struct scene *c)
{
	struct shielding s = { .calling = { .wait = w, .scene = c,
					    .until = GN_NEVER } };
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_IS(gn_go(g, call_behind_a_shield, &s), 0);
	gn_yield();
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, SOON), 0);
	want_result(w, "as its shield ends", s.calling.result, GN_ECANCELED,
		    s.end);
	gn_group_close(g);
}

/* Another fiber closes the socket. */
static void is_closed(const struct wait *w, struct scene *c)
{
	struct calling calling = { .wait = w, .scene = c, .until = GN_NEVER };
	gn_time at = gn_in(WHILE_NS);
	gn_group *g;

	if (!w->on_socket)
		return;
	g = start(&calling);
	WANT_IS(gn_sleep(at), 0);
	gn_close(c->listener ? c->listener : c->s);
	if (c->listener)
		c->listener = NULL;
	else
		c->s = NULL;
	WANT_IS(gn_group_wait(g, SOON), 0);
	want_result(w, "closed", calling.result, GN_ECLOSED, at);
	gn_group_close(g);
}

static void (*const meanwhile[])(const struct wait *w, struct scene *c) = {
	meets_deadline, has_passed, is_cancelled,
	is_cancelled_at_its_deadline, shield_ends, is_closed,
};

/* ---- runs */

static void (*now_happens)(const struct wait *w, struct scene *c);

static int host(void *arg)
{
	struct scene c = { 0 };

	(void)arg;
	now_tried->set(&c, now_tried->kind);
	now_happens(now_tried, &c);
	/* It is as it was: once more. */
	if (c.s || c.listener || c.group)
		now_happens(now_tried, &c);
	until_strike(&c);
	WANT_IS(gn_sleep(gn_in(30 * GN_SEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static int be_far_away(void *arg)
{
	(void)arg;
	return 0;
}

/* What goes to the other host is on its way till all is over. */
static void run(const gn_sim_opts *opts)
{
	const struct part parts[] = { { .name = "here", .fn = host },
				      { .name = "far", .fn = be_far_away },
				      { 0 } };
	struct outcome o;

	for (now_tried = waits; now_tried->function; now_tried++) {
		gn_sim *sim = stage_open(opts, parts, &o);

		WANT_IS(gn_sim_link(sim, "here", "far", GN_HOUR), 0);
		stage_end(sim, &o);
		WANT_IS(o.result, 0);
	}
}

static void try_all(size_t i)
{
	now_happens = meanwhile[i];
	stage_seeds(SEEDS, run);
}

static void at_the_deadline(void)
{
	try_all(0);
}

static void at_once(void)
{
	try_all(1);
}

static void at_a_cancel(void)
{
	try_all(2);
}

static void at_both(void)
{
	try_all(3);
}

static void at_the_end_of_a_shield(void)
{
	try_all(4);
}

static void at_a_close(void)
{
	try_all(5);
}

static void without_standing_operations(void)
{
	WANT(setenv("GNEZDO_OFF", "multishot", 1) == 0);
	for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++)
		try_all(i);
}

static const struct trial trials[] = {
	{ "gives up at the deadline fault_22", at_the_deadline, ALONE },
	{ "gives up at once fault_22", at_once, ALONE },
	{ "gives up at a cancel", at_a_cancel, ALONE },
	{ "gives up at a cancel or a deadline fault_21", at_both, ALONE },
	{ "gives up at the end of a shield", at_the_end_of_a_shield, ALONE },
	{ "gives up at a close fault_20", at_a_close, ALONE },
	{ "without standing operations", without_standing_operations,
	  ALONE },
};

static int list(void)
{
	for (const struct wait *w = waits; w->function; w++)
		puts(w->function);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return list();
	return TRIAL_MAIN(trials);
}
