/*
 * deadlock.c: all wait and nothing can come: it is said at once, with names,
 * and the simulation ends in order.
 */
#include <stdio.h>
#include <string.h>

#include "fiber/test_child.h"
#include "stage.h"

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

static void go_as(gn_group *g, const char *name, gn_fiber_fn *fn, void *arg)
{
	WANT_IS(gn_go_with(g, fn, arg, &(gn_go_opts){ .name = name }), 0);
}

static void want_line(const struct outcome *o, const char *line)
{
	const char *at = strstr(o->report, line);
	size_t len = strlen(line);

	while (at && !((at == o->report || at[-1] == '\n') &&
		       at[len] == '\n'))
		at = strstr(at + 1, line);
	if (!at)
		trial_fail(__FILE__, __LINE__, "no line \"%s\" in\n%s", line,
			   o->report);
}

static void want_lines(const struct outcome *o, int count)
{
	int lines = 0;

	for (const char *p = o->report; *p; p++)
		lines += *p == '\n';
	if (lines != count)
		trial_fail(__FILE__, __LINE__, "%d lines, not %d:\n%s", lines,
			   count, o->report);
}

/* ---- each fiber and what it waits for */

static int accepts(void *arg)
{
	gn_sock *l = gn_listen("tcp://:80", NULL);

	(void)arg;
	WANT(l);
	WANT(!gn_accept(l, GN_NEVER));
	WANT_IS(gn_code(), GN_ECANCELED);
	gn_close(l);
	return GN_ECANCELED;
}

static int takes(void *arg)
{
	return gn_chan_recv(arg, NULL, GN_NEVER);
}

static int gives(void *arg)
{
	WANT_IS(gn_chan_send(arg, NULL, GN_NOW), 0);
	return gn_chan_send(arg, NULL, GN_NEVER);
}

static int sleeps(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER);
}

static int receives(void *arg)
{
	char byte;

	return (int)gn_recv(arg, &byte, 1, GN_NEVER);
}

static int sends(void *arg)
{
	static const char many[8 << 20];

	return gn_send(arg, many, sizeof many, GN_NEVER);
}

static int many_fibers(void *arg)
{
	gn_group *g = open_group();
	gn_chan *empty = gn_chan_open(0, 1), *full = gn_chan_open(0, 1);
	gn_sock *pair[2];
	int result;

	(void)arg;
	WANT(empty && full);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	go_as(g, "taker", takes, empty);
	go_as(g, "giver", gives, full);
	go_as(g, "sleeper", sleeps, NULL);
	go_as(g, "receiver", receives, pair[0]);
	go_as(g, "sender", sends, pair[0]);
	go_as(g, "accepter", accepts, NULL);
	result = gn_group_wait(g, GN_NEVER);
	WANT_IS(result, GN_ECANCELED);
	gn_group_close(g);
	gn_chan_close(empty);
	gn_chan_close(full);
	gn_close(pair[0]);
	gn_close(pair[1]);
	return result;
}

/* Waits for an answer from who waits for others. */
static int asks(void *arg)
{
	gn_sock *s = stage_connect("tcp://many:80", NULL);
	char byte;
	int result;

	(void)arg;
	result = (int)gn_recv(s, &byte, 1, GN_NEVER);
	gn_close(s);
	return result;
}

static void names_each_fiber(const gn_sim_opts *opts)
{
	const struct part parts[] = { { .name = "many", .fn = many_fibers },
				      { .name = "idle", .fn = sleeps },
				      { 0 } };
	struct outcome o = stage_run(opts, parts);

	WANT_IS(o.result, GN_EDEADLOCK);
	WANT_IS(gn_code(), GN_EDEADLOCK);
	WANT_TEXT(gn_error_operation(gn_error_last()), "sim_run");
	want_line(&o, "  host many: fiber \"many\" waits in group_wait");
	want_line(&o, "  host many: fiber \"taker\" waits in chan_recv");
	want_line(&o, "  host many: fiber \"giver\" waits in chan_send");
	want_line(&o, "  host many: fiber \"sleeper\" waits in sleep");
	want_line(&o, "  host many: fiber \"accepter\" waits in accept");
	want_line(&o, "  host idle: fiber \"idle\" waits in sleep");
	WANT(strstr(o.report, "fiber \"receiver\" waits in recv"));
	WANT(strstr(o.report, "fiber \"sender\" waits in send"));
	want_lines(&o, 9);
}

static int serves_one(void *arg)
{
	gn_sock *l = gn_listen("tcp://:80", NULL), *c;
	char byte;
	int result;

	(void)arg;
	WANT(l);
	c = gn_accept(l, GN_NEVER);
	WANT(c);
	result = (int)gn_recv(c, &byte, 1, GN_NEVER);
	gn_close(c);
	gn_close(l);
	return result;
}

static void names_the_other_end(const gn_sim_opts *opts)
{
	const struct part parts[] = { { .name = "many", .fn = serves_one },
				      { .name = "asker", .fn = asks },
				      { 0 } };
	struct outcome o = stage_run(opts, parts);

	WANT_IS(o.result, GN_EDEADLOCK);
	WANT(strstr(o.report, "  host many: fiber \"many\" waits in recv with "
			      "tcp://"));
	WANT(strstr(o.report, "  host asker: fiber \"asker\" waits in recv "
			      "with tcp://[fd00::1]:80\n") ||
	     strstr(o.report, "  host asker: fiber \"asker\" waits in recv "
			      "with tcp://10.0.0.1:80\n"));
	want_lines(&o, 3);
}

static void each_by_name(void)
{
	stage_seeds(50, names_each_fiber);
}

static void the_other_end(void)
{
	stage_seeds(50, names_the_other_end);
}

/* ---- when it is found */

static int works_then_waits(void *arg)
{
	for (int i = 0; i < 1000; i++)
		WANT_IS(gn_sleep(gn_in(GN_HOUR)), 0);
	return takes(arg);
}

static void found_at_once(void)
{
	gn_chan *c = gn_chan_open(0, 1);
	const struct part parts[] = {
		{ .name = "a", .fn = works_then_waits, .arg = c }, { 0 } };
	struct outcome o = stage_run(NULL, parts);

	WANT_IS(o.result, GN_EDEADLOCK);
	WANT_IS(o.elapsed_ns, 1000 * GN_HOUR);
	WANT(strstr(o.report, "deadlock after 3600000 s of virtual time"));
	want_lines(&o, 2);
	gn_chan_close(c);
}

/* As long as a deadline is to come there is no deadlock. */
static int waits_with_a_deadline(void *arg)
{
	WANT_IS(gn_chan_recv(arg, NULL, gn_in(1000 * GN_HOUR)), GN_ETIMEOUT);
	return 0;
}

static void deadline_is_no_deadlock(void)
{
	gn_chan *c = gn_chan_open(0, 1);
	const struct part parts[] = {
		{ .name = "a", .fn = takes, .arg = c },
		{ .name = "b", .fn = waits_with_a_deadline, .arg = c },
		{ 0 } };
	struct outcome o = stage_run(NULL, parts);

	/* One of the two takes nothing for ever. */
	WANT_IS(o.result, GN_EDEADLOCK);
	WANT_IS(o.elapsed_ns, 1000 * GN_HOUR);
	want_line(&o, "  host a: fiber \"a\" waits in chan_recv");
	want_lines(&o, 2);
	gn_chan_close(c);
}

/* ---- how it ends */

static int says_goodbye(void *arg)
{
	gn_chan *c = gn_chan_open(0, 1);
	gn_time end;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	gn_shield(gn_in(2 * GN_SEC));
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	end = gn_in(GN_SEC);
	WANT_IS(gn_chan_recv(c, NULL, GN_NEVER), GN_ECANCELED);
	WANT_AT(end);
	gn_chan_close(c);
	++*(int *)arg;
	return GN_ECANCELED;
}

static int handle(gn_sock *client, void *arg)
{
	char byte;

	(void)arg;
	return (int)gn_recv(client, &byte, 1, GN_NEVER);
}

static int serves(void *arg)
{
	int result = gn_serve("tcp://:80", handle, NULL, NULL);

	WANT_IS(result, 0);
	++*(int *)arg;
	return result;
}

static void ends_in_order(const gn_sim_opts *opts)
{
	int ended = 0;
	const struct part parts[] = {
		{ "many", serves, &ended, true },
		{ "x", asks, NULL, false },
		{ "y", says_goodbye, &ended, false },
		{ "z", says_goodbye, &ended, false },
		{ 0 } };
	struct outcome o = stage_run(opts, parts);

	WANT_IS(o.result, GN_EDEADLOCK);
	WANT_IS(ended, 3);
	WANT(strstr(o.report, "  host many: fiber \"accept\" waits in accept"));
}

static void everybody_ends(void)
{
	stage_seeds(50, ends_in_order);
}

/* Sockets that are left open are the simulation's to free. */
static int leaves_everything(void *arg)
{
	gn_sock *pair[2];

	(void)arg;
	WANT(gn_listen("unix:/run/left", NULL));
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "left", 4, SOON), 0);
	return gn_sleep(GN_NEVER);
}

static void what_is_left(void)
{
	const struct part parts[] = {
		{ .name = "a", .fn = leaves_everything }, { 0 } };

	WANT_IS(stage_run(NULL, parts).result, GN_EDEADLOCK);
}

/* A service alone waits for others as it should. */
static int ends_soon(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(GN_SEC));
}

static void service_that_waits_is_none(void)
{
	const struct part parts[] = { { "s", sleeps, NULL, true },
				      { "p", ends_soon, NULL, false },
				      { 0 } };
	struct outcome o = stage_run(NULL, parts);

	WANT_IS(o.result, 0);
	WANT_TEXT(o.report, "");
	WANT_IS(o.elapsed_ns, GN_SEC);
}

/* ---- without a place for the report it goes to standard error */

static void run_without_report(void)
{
	gn_sim *sim = gn_sim_open(NULL);

	WANT(sim);
	WANT_IS(gn_sim_host(sim, "lonely", sleeps, NULL), 0);
	WANT_IS(gn_sim_run(sim), GN_EDEADLOCK);
	gn_sim_close(sim);
}

static void standard_error(void)
{
	struct child c = child_run(run_without_report, CHILD_PIPE);

	WANT(child_succeeded(&c));
	WANT(strstr(c.text, "deadlock after 0 s of virtual time"));
	WANT(strstr(c.text, "host lonely: fiber \"lonely\" waits in sleep\n"));
}

static const struct trial trials[] = {
	{ "each fiber by name fault_57", each_by_name, ALONE },
	{ "the other end by its address fault_57", the_other_end, ALONE },
	{ "found at once fault_57", found_at_once, ALONE },
	{ "a deadline is no deadlock fault_57", deadline_is_no_deadlock,
	  ALONE },
	{ "everybody ends fault_57", everybody_ends, ALONE },
	{ "what is left fault_57", what_is_left, ALONE },
	{ "a service that waits is none fault_57",
	  service_that_waits_is_none, ALONE },
	{ "standard error fault_57", standard_error, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
