/*
 * crash.c: hosts whose power goes, in the midst of whatever they do: what
 * their peers see, what becomes of their fibers, and how they begin anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define SEEDS 100

/* What a trial counts; zeroed before each run. */
static struct seen {
	int lives, ended, served, failures;
	gn_time at[4];
} seen;

static void run(const gn_sim_opts *opts, const struct part *parts,
		const char *plan, int result)
{
	struct outcome o;
	gn_sim *sim = stage_open(opts, parts, &o);

	seen = (struct seen){ 0 };
	WANT_IS(gn_sim_fault(sim, plan), 0);
	stage_end(sim, &o);
	if (o.result != result)
		trial_fail(__FILE__, __LINE__, "the run gave %s\n%s",
			   gn_code_name(o.result), o.report);
}

/* ---- a server that comes back */

static int answer(gn_sock *client, void *arg)
{
	char line[64];
	ssize_t n;

	(void)arg;
	while ((n = gn_recv_line(client, line, sizeof line, SOON)) > 0) {
		n = gn_send(client, "answer\n", 7, SOON);
		if (n < 0)
			break;
		seen.served++;
	}
	return 0;
}

static int serve(void *arg)
{
	seen.lives++;
	(void)arg;
	return gn_serve("tcp://:7", answer, NULL, NULL);
}

/* Asks until it was answered; a broken connection is begun again. */
static int ask(gn_sock **s)
{
	char line[64];
	int result;

	if (!*s)
		*s = gn_connect("tcp://server:7",
				&(gn_sock_opts){ .alive_ns = 6 * GN_SEC },
				SOON);
	if (!*s)
		return gn_code();
	result = gn_send(*s, "ask\n", 4, SOON);
	if (result == 0)
		result = (int)gn_recv_line(*s, line, sizeof line, SOON);
	if (result > 0)
		return 0;
	gn_close(*s);
	*s = NULL;
	return result < 0 ? result : GN_EEND;
}

static int ask_often(void *arg)
{
	gn_time until = gn_in(20 * GN_SEC);
	gn_sock *s = NULL;
	int answers = 0;

	(void)arg;
	while (gn_time_before(gn_now(), until)) {
		int result = ask(&s);

		answers += result == 0;
		if (result < 0) {
			seen.failures++;
			WANT(result == GN_ERESET || result == GN_EDEAD ||
			     result == GN_EREFUSED || result == GN_ETIMEOUT);
		}
		WANT_IS(gn_sleep(gn_in(100 * GN_MSEC)), 0);
	}
	WANT_IS(ask(&s), 0);
	gn_close(s);
	WANT(answers > 20);
	return 0;
}

static void a_server_restarts(const gn_sim_opts *opts)
{
	static const struct part parts[] = {
		{ .name = "server", .fn = serve, .service = true },
		{ .name = "client", .fn = ask_often },
		{ 0 },
	};

	run(opts, parts, "server: crash=3s restart=5s", 0);
	WANT_IS(seen.lives, 2);
	WANT(seen.failures >= 1);
	run(opts, parts, "server: restart=3s", 0);
	WANT_IS(seen.lives, 2);
	run(opts, parts,
	    "server: restart=3s; server: restart=4s; "
	    "server: crash=6s restart=6s",
	    0);
	WANT_IS(seen.lives, 4);
}

static void fault_60_a_server_restarts(void)
{
	stage_seeds(SEEDS, a_server_restarts);
}

/* ---- what becomes of the fibers */

static int wait_for_ever(void *arg)
{
	int result = gn_sleep(GN_NEVER);

	(void)arg;
	WANT_IS(result, GN_ECANCELED);
	seen.ended++;
	return result;
}

/* Sockets of a host without power reach nobody, and can be closed. */
static int be_many(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *l = gn_listen("tcp://:9", NULL);

	(void)arg;
	seen.lives++;
	WANT(g && l);
	for (int i = 0; i < 5; i++)
		WANT_IS(gn_go(g, wait_for_ever, NULL), 0);
	if (seen.lives == 2) {
		gn_group_close(g);
		gn_close(l);
		return 0;
	}
	WANT(!gn_accept(l, GN_NEVER));
	gn_shield(gn_in(GN_SEC));
	WANT(!gn_connect("tcp://other:9", NULL, SOON));
	WANT(!gn_listen("tcp://:10", NULL));
	WANT(!gn_accept(l, SOON));
	gn_unshield();
	WANT(!gn_accept(l, GN_NEVER));
	WANT_IS(gn_code(), GN_ECANCELED);
	gn_close(l);
	gn_group_close(g);
	seen.at[0] = gn_now();
	return -1234;
}

static int listen_for_a_while(void *arg)
{
	gn_sock *l = gn_listen("tcp://:9", NULL);

	(void)arg;
	WANT(l);
	WANT(!gn_accept(l, gn_in(10 * GN_SEC)));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	gn_close(l);
	return 0;
}

static void all_fibers_end(const gn_sim_opts *opts)
{
	static const struct part parts[] = {
		{ .name = "many", .fn = be_many },
		{ .name = "other", .fn = listen_for_a_while },
		{ 0 },
	};

	run(opts, parts, "many: crash=3s", 0);
	WANT_IS(seen.lives, 1);
	WANT_IS(seen.ended, 5);
	run(opts, parts, "many: crash=3s restart=4s", 0);
	WANT_IS(seen.lives, 2);
	WANT_IS(seen.ended, 10);
}

static void fault_60_all_fibers_of_a_host_end(void)
{
	stage_seeds(SEEDS, all_fibers_end);
}

/* ---- when it begins anew */

static int note_life(void *arg)
{
	seen.at[seen.lives++] = gn_now();
	return gn_sleep(gn_in(*(int64_t *)arg));
}

static int64_t since_begin_ns(int life)
{
	return gn_time_between(seen.at[0], seen.at[life]);
}

static void lives(const gn_sim_opts *opts)
{
	static int64_t two_s = 2 * GN_SEC;
	static const struct part parts[] = {
		{ .name = "a", .fn = note_life, .arg = &two_s },
		{ 0 },
	};

	/* The run waits for a host that will return. */
	run(opts, parts, "crash=1s; restart=60s", 0);
	WANT_IS(seen.lives, 2);
	WANT_IS(since_begin_ns(1), 60 * GN_SEC);
	/* Not for one that will not. */
	run(opts, parts, "crash=1s", 0);
	WANT_IS(seen.lives, 1);
	/* What had returned is not begun again. */
	run(opts, parts, "crash=3s restart=4s", 0);
	WANT_IS(seen.lives, 1);
	/* In an instant, and again before it has run. */
	run(opts, parts, "a: crash=1s restart=1s; restart=1s", 0);
	WANT(seen.lives == 2 || seen.lives == 3);
	run(opts, parts, "crash=0s restart=0s", 0);
	WANT(seen.lives >= 1);
}

static void a_life_and_the_next(void)
{
	stage_seeds(SEEDS, lives);
}

/* The end of all faults brings back who is down, and no rule holds on. */
static void heals(const gn_sim_opts *opts)
{
	static const struct part parts[] = {
		{ .name = "server", .fn = serve, .service = true },
		{ .name = "client", .fn = ask_often },
		{ 0 },
	};
	struct outcome o;
	gn_sim *sim = stage_open(opts, parts, &o);

	seen = (struct seen){ 0 };
	WANT_IS(gn_sim_fault(sim, "server: crash=3s; loss=30%"), 0);
	gn_sim_heal(sim, 10 * GN_SEC);
	stage_end(sim, &o);
	WANT_IS(o.result, 0);
	WANT_IS(seen.lives, 2);
}

static void the_network_heals(void)
{
	stage_seeds(SEEDS, heals);
}

/* Another host's failure ends the run, though one waits for its power. */
static int fail_soon(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(3 * GN_SEC)), 0);
	return -77;
}

static void a_failure_ends_all(void)
{
	static int64_t hour = GN_HOUR;
	static const struct part parts[] = {
		{ .name = "a", .fn = note_life, .arg = &hour },
		{ .name = "b", .fn = fail_soon },
		{ 0 },
	};

	run(NULL, parts, "a: crash=1s restart=5s", -77);
	WANT_IS(seen.lives, 1);
}

/* ---- a shield outlives the power, and the host waits for it */

static int linger_on(void *arg)
{
	(void)arg;
	seen.at[seen.lives++] = gn_now();
	if (seen.lives == 2)
		return 0;
	gn_shield(gn_in(10 * GN_SEC));
	WANT_IS(gn_sleep(gn_in(4 * GN_SEC)), 0);
	return 0;
}

static void a_shield_and_a_restart(void)
{
	static const struct part parts[] = {
		{ .name = "a", .fn = linger_on },
		{ 0 },
	};

	run(NULL, parts, "a: crash=1s restart=2s", 0);
	WANT_IS(seen.lives, 2);
	WANT_IS(since_begin_ns(1), 4 * GN_SEC);
}

/* ---- the clock */

static int sleep_through_a_leap(void *arg)
{
	gn_time begin = gn_now(), until = gn_in(GN_HOUR);

	(void)arg;
	WANT_IS(gn_sleep(until), 0);
	WANT_IS(gn_since(begin), 2 * GN_HOUR + GN_SEC);
	return 0;
}

static int wait_for_bytes(void *arg)
{
	gn_sock *pair[2];
	char byte;

	(void)arg;
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_recv(pair[0], &byte, 1, gn_in(2 * GN_SEC)), GN_ETIMEOUT);
	gn_close(pair[0]);
	gn_close(pair[1]);
	return 0;
}

static void leaps(const gn_sim_opts *opts)
{
	static const struct part parts[] = {
		{ .name = "a", .fn = sleep_through_a_leap },
		{ .name = "b", .fn = wait_for_bytes },
		{ 0 },
	};

	run(opts, parts, "a: clock-jump=2h@1s; b: clock-jump=-9h@500ms", 0);
}

static void fault_58_the_clock_leaps(void)
{
	stage_seeds(SEEDS, leaps);
}

/* ---- what is no plan */

static void not_a_plan(void)
{
	gn_sim *sim = gn_sim_open(NULL);
	static const gn_fault_rule backwards[] = {
		{ .faults.delay_ns = -1 },
		{ .faults.jitter_ns = -1 },
		{ .faults.reorder_ns = -1 },
		{ .faults.rate_bits = -1 },
		{ .begin_ns = -1 },
		{ .begin_ns = 2, .end_ns = 1 },
		{ .from = "a", .to = "b", .faults.crash = true },
		{ .from = "a", .to = "b", .faults.eintr_ppm = 1 },
		{ .to = "a", .faults.loss_ppm = 1 },
		{ .faults = { .delay_ns = 1, .jitter_ns = 2 } },
		{ .faults.delay_ns = INT64_MAX },
		{ .faults.loss_ppm = 1000001 },
		{ .faults.clock_jump_ns = INT64_MIN },
	};
	gn_fault_rule unending;
	static int64_t no_time;

	memset(&unending, 'x', sizeof unending);
	WANT(sim);
	WANT_IS(gn_sim_host(sim, "a", note_life, &no_time), 0);
	WANT_IS(gn_sim_fault(sim, "loss=101%"), GN_EINVAL);
	WANT_IS(gn_sim_fault(sim, "b: loss=1%"), GN_ENAME);
	WANT_IS(gn_sim_fault(sim, "a>b: loss=1%"), GN_ENAME);
	for (size_t i = 0; i < sizeof backwards / sizeof *backwards; i++)
		WANT_IS(gn_sim_fault_rule(sim, &backwards[i]), GN_EINVAL);
	WANT(gn_sim_fault_rule(sim, &unending) < 0);
	WANT_IS(gn_sim_fault(sim, "A: loss=1%"), 0);
	WANT_IS(gn_sim_fault(sim, ""), 0);
	seen = (struct seen){ 0 };
	WANT_IS(gn_sim_run(sim), 0);
	WANT_IS(gn_sim_fault(sim, "a: loss=1%"), GN_EINVAL);
	gn_sim_heal(sim, 0);
	gn_sim_close(sim);
}

/* Given beforehand, it is looked at when there are hosts. */
static void not_a_plan_to_begin_with(void)
{
	gn_sim *sim;

	WANT(!gn_sim_open(&(gn_sim_opts){ .faults = "los" }));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT(!gn_sim_open(&(gn_sim_opts){ .heal_ns = -1 }));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT((sim = gn_sim_open(&(gn_sim_opts){ .faults = "b: cut" })));
	WANT_IS(gn_sim_run(sim), GN_ENAME);
	gn_sim_close(sim);
	setenv("GNEZDO_TRACE", "/nowhere/story", 1);
	WANT(!gn_sim_open(NULL));
	WANT_IS(gn_code(), GN_ENOENT);
	setenv("GNEZDO_TRACE", "", 1);
	WANT((sim = gn_sim_open(NULL)));
	gn_sim_close(sim);
}

/* ---- what is asked for in the midst of a run */

static int too_late(void *arg)
{
	static const gn_fault_rule long_ago = { .from = "a", .end_ns = 1,
						.faults.clock_jump_ns =
							GN_HOUR };
	gn_sim *sim = arg;
	gn_time begin;

	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	begin = gn_now();
	WANT_IS(gn_sim_fault_rule(sim, &long_ago), 0);
	WANT_IS(gn_sim_fault(sim, "a<>b: cut"), 0);
	gn_sim_heal(sim, 0);
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	WANT_IS(gn_since(begin), GN_HOUR); /* it leaps at once */
	return gn_connect("tcp://b:1", NULL, SOON) ? GN_EPROTO : gn_code();
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int dials_b(void *arg)
{
	(void)arg;
	return gn_connect("tcp://b:1", NULL, gn_in(GN_SEC)) ? GN_EPROTO
							    : gn_code();
}

/* An instant that has passed is now: the link is healed, and what answers is
 * that nobody listens. */
static void an_instant_that_has_passed(void)
{
	gn_sim *sim = gn_sim_open(&(gn_sim_opts){ .in_order = true });

	WANT(sim);
	WANT_IS(gn_sim_host(sim, "a", too_late, sim), 0);
	WANT_IS(gn_sim_host(sim, "b", do_nothing, NULL), 0);
	WANT_IS(gn_sim_run(sim), GN_EREFUSED);
	gn_sim_close(sim);
}

/* The environment's plan is there instead of the program's and of a swarm. */
static void the_environments_plan(void)
{
	for (int swarm = 0; swarm < 2; swarm++) {
		gn_sim *sim;
		struct outcome o;
		const struct part parts[] = { { "a", dials_b, NULL, false },
					      { "b", do_nothing, NULL, false },
					      { 0 } };

		setenv("GNEZDO_FAULTS", "a<>b: cut", 1);
		sim = stage_open(&(gn_sim_opts){ .in_order = true,
						 .faults = "",
						 .swarm = swarm },
				 parts, &o);
		stage_end(sim, &o);
		WANT_IS(o.result, GN_ETIMEOUT);
		unsetenv("GNEZDO_FAULTS");
		WANT_IS(stage_run(&(gn_sim_opts){ .in_order = true }, parts)
				.result,
			GN_EREFUSED);
	}
}

static int dial_over(const gn_sim_opts *opts, bool heals)
{
	const struct part parts[] = { { "a", dials_b, NULL, false },
				      { "b", do_nothing, NULL, false },
				      { 0 } };
	struct outcome o;
	gn_sim *sim = stage_open(opts, parts, &o);

	WANT_IS(gn_sim_fault(sim, "a>c: loss"), GN_ENAME);
	WANT_IS(gn_sim_fault(sim, "a<>b: cut"), 0);
	if (heals)
		gn_sim_heal(sim, 0);
	stage_end(sim, &o);
	return o.result;
}

/* And instead of what the program adds, which must be a plan even so. */
static void instead_of_what_is_added(void)
{
	const gn_sim_opts opts = { .in_order = true };

	WANT_IS(dial_over(&opts, false), GN_ETIMEOUT);
	setenv("GNEZDO_FAULTS", "", 1);
	WANT_IS(dial_over(&opts, false), GN_EREFUSED);
}

/* When the program says, and not when the options do. */
static void it_heals_when_said(void)
{
	const gn_sim_opts opts = { .in_order = true, .heal_ns = GN_HOUR };

	WANT_IS(dial_over(&opts, false), GN_ETIMEOUT);
	WANT_IS(dial_over(&opts, true), GN_EREFUSED);
}

static const struct trial trials[] = {
	{ "a server restarts fault_60", fault_60_a_server_restarts, ALONE },
	{ "all fibers of a host end fault_60",
	  fault_60_all_fibers_of_a_host_end, ALONE },
	{ "a life and the next", a_life_and_the_next, ALONE },
	{ "the network heals", the_network_heals, ALONE },
	{ "a failure ends all", a_failure_ends_all, ALONE },
	{ "a shield and a restart", a_shield_and_a_restart, ALONE },
	{ "the clock leaps fault_58", fault_58_the_clock_leaps, ALONE },
	{ "not a plan", not_a_plan, ALONE },
	{ "not a plan to begin with", not_a_plan_to_begin_with, ALONE },
	{ "an instant that has passed", an_instant_that_has_passed, ALONE },
	{ "the environment's plan", the_environments_plan, ALONE },
	{ "instead of what is added", instead_of_what_is_added, ALONE },
	{ "it heals when said", it_heals_when_said, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
