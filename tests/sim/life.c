/*
 * life.c: the life of a simulation: who may be in it, how it runs, and how it
 * ends.
 */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fiber/tools.h"
#include "stage.h"

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER);
}

static int sleep_a_second(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(GN_SEC));
}

static gn_sim *open_sim(void)
{
	gn_sim *sim = gn_sim_open(NULL);

	WANT(sim);
	return sim;
}

/* ---- names */

static const char *const bad_names[] = {
	"", "-a", "a-", "a b", "a_b", "a.b", "a/b", "a:1", "[::1]", "é", ".",
	"a..b", " a", "a\n",
	/* 64 letters */
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static const char *const good_names[] = {
	"a", "A-1", "server", "0a", "a0", "x--y",
	/* 63 letters */
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static int want_own_name(void *arg)
{
	WANT_TEXT(gn_sim_host_name(), arg);
	WANT_TEXT(gn_backend(), "simulation");
	gn_yield();
	WANT_TEXT(gn_sim_host_name(), arg);
	return 0;
}

static void names(void)
{
	gn_sim *sim = open_sim();

	for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
		if (gn_sim_host(sim, bad_names[i], do_nothing, NULL) !=
		    GN_EINVAL)
			trial_fail(__FILE__, __LINE__, "\"%s\" is a name",
				   bad_names[i]);
	for (size_t i = 0; i < sizeof good_names / sizeof *good_names; i++)
		WANT_IS(gn_sim_host(sim, good_names[i], want_own_name,
				    (void *)(uintptr_t)good_names[i]), 0);
	WANT_IS(gn_sim_host(sim, "a", do_nothing, NULL), GN_EINVAL);
	WANT_IS(gn_sim_host(sim, "SERVER", do_nothing, NULL), GN_EINVAL);
	WANT_IS(gn_sim_service(sim, "server", do_nothing, NULL), GN_EINVAL);
	WANT_TEXT(gn_error_operation(gn_error_last()), "sim_host");
	WANT(!gn_sim_host_name());
	WANT_IS(gn_sim_run(sim), 0);
	WANT(!gn_sim_host_name());
	gn_sim_close(sim);
}

/* ---- as many as there may be */

#define MOST 250

static int count_clients(void *arg)
{
	gn_sock *l = gn_listen("tcp://:7", NULL), *c;
	int *count = arg;

	WANT(l);
	for (; *count < MOST - 1; ++*count) {
		c = gn_accept(l, SOON);
		WANT(c);
		gn_close(c);
	}
	gn_close(l);
	return 0;
}

static int be_a_client(void *arg)
{
	gn_sock *s = stage_connect("tcp://h0:7", NULL);
	char byte;

	(void)arg;
	WANT_IS(gn_recv(s, &byte, 1, SOON), 0);
	gn_close(s);
	return 0;
}

static void as_many_as_may_be(void)
{
	gn_sim *sim = open_sim();
	char name[16];
	int count = 0;

	for (int i = 0; i < MOST; i++) {
		snprintf(name, sizeof name, "h%d", i);
		WANT_IS(gn_sim_host(sim, name, i ? be_a_client : count_clients,
				    &count), 0);
	}
	WANT_IS(gn_sim_host(sim, "more", do_nothing, NULL), GN_ELIMIT);
	WANT_IS(gn_sim_service(sim, "more", do_nothing, NULL), GN_ELIMIT);
	WANT_IS(gn_sim_run(sim), 0);
	WANT_IS(count, MOST - 1);
	gn_sim_close(sim);
}

/* ---- runs */

static int run_another(void *arg)
{
	gn_sim *inner = gn_sim_open(NULL);

	WANT_IS(gn_sim_run(arg), GN_EINVAL);
	WANT(inner);
	WANT_IS(gn_sim_host(inner, "inner", do_nothing, NULL), 0);
	WANT_IS(gn_sim_run(inner), GN_EINVAL);
	gn_sim_close(inner);
	return 0;
}

static void once_and_on_a_plain_thread(void)
{
	gn_sim *sim = open_sim();
	gn_group *g;

	WANT_IS(gn_sim_host(sim, "a", run_another, sim), 0);
	WANT_IS(gn_sim_host(sim, "b", sleep_a_second, NULL), 0);
	g = gn_group_open(NULL);
	WANT(g);
	WANT_IS(gn_go(g, run_another, sim), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	WANT_IS(gn_sim_elapsed(sim), 0);
	WANT_IS(gn_sim_run(sim), 0);
	WANT_IS(gn_sim_elapsed(sim), GN_SEC);
	WANT_IS(gn_sim_run(sim), GN_EINVAL);
	WANT_TEXT(gn_error_operation(gn_error_last()), "sim_run");
	WANT_IS(gn_sim_host(sim, "c", do_nothing, NULL), GN_EINVAL);
	WANT_IS(gn_sim_service(sim, "c", do_nothing, NULL), GN_EINVAL);
	WANT_IS(gn_sim_link(sim, "a", "b", 1), GN_EINVAL);
	WANT_IS(gn_sim_elapsed(sim), GN_SEC);
	gn_sim_close(sim);
}

static void never_run(void)
{
	gn_sim *sim = open_sim();

	gn_sim_close(NULL);
	gn_sim_close(sim);
	sim = open_sim();
	WANT_IS(gn_sim_host(sim, "a", do_nothing, NULL), 0);
	WANT_IS(gn_sim_service(sim, "b", do_nothing, NULL), 0);
	gn_sim_close(sim);
	sim = open_sim();
	WANT_IS(gn_sim_run(sim), 0);
	WANT_IS(gn_sim_elapsed(sim), 0);
	gn_sim_close(sim);
}

static int hold_on(void *arg)
{
	int result = gn_sleep(gn_in(20 * GN_MSEC));

	++*(int *)arg;
	return result;
}

/* The thread's own fibers rest meanwhile, and go on after. */
static void beside_a_loop_of_the_thread(void)
{
	gn_group *g = gn_group_open(NULL);
	gn_sim *sim = open_sim();
	int held = 0;

	WANT(g);
	WANT_IS(gn_go(g, hold_on, &held), 0);
	gn_yield();
	WANT_IS(gn_sim_host(sim, "a", sleep_a_second, NULL), 0);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
	WANT_IS(held, 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(held, 1);
	gn_group_close(g);
}

struct between {
	gn_chan *chan;
	int got;
};

static int take_one(void *arg)
{
	struct between *b = arg;

	return gn_chan_recv(b->chan, &b->got, SOON);
}

static int give_one(void *arg)
{
	struct between *b = arg;
	int item = 9;

	return gn_chan_send(b->chan, &item, SOON);
}

/* What a host gives to a fiber of the thread waits for its loop. */
static void channel_into_the_loop_of_the_thread(void)
{
	struct between b = { .chan = gn_chan_open(sizeof(int), 1) };
	const struct part parts[] = {
		{ .name = "a", .fn = give_one, .arg = &b }, { 0 } };
	gn_group *g = gn_group_open(NULL);

	WANT(g && b.chan);
	WANT_IS(gn_go(g, take_one, &b), 0);
	gn_yield();
	WANT_IS(stage_run(NULL, parts).result, 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(b.got, 9);
	gn_group_close(g);
	gn_chan_close(b.chan);
}

/* ---- the real world is not there */

static int reach_out(void *arg)
{
	int *fd = arg;
	char byte = 0;
	gn_sock *s;

	WANT_IS(gn_wait_fd(fd[0], POLLIN, GN_NOW), GN_EINVAL);
	WANT_IS(gn_wait_fd(fd[0], POLLIN, gn_in(GN_SEC)), GN_EINVAL);
	WANT(!gn_adopt(fd[0]));
	WANT_IS(gn_code(), GN_EINVAL);
	s = gn_stdio();
	if (s) {
		(void)!gn_recv(s, &byte, 1, GN_NOW);
		gn_close(s);
	}
	WANT(!gn_connect("unix:/dev/log", NULL, SOON));
	WANT_IS(gn_code(), GN_ENOENT);
	return 0;
}

static void real_descriptors(void)
{
	int fd[2];
	const struct part parts[] = { { .name = "a", .fn = reach_out,
					.arg = fd }, { 0 } };

	WANT(pipe(fd) == 0);
	WANT(write(fd[1], "x", 1) == 1);
	WANT_IS(stage_run(NULL, parts).result, 0);
	close(fd[0]);
	close(fd[1]);
}

/* ---- failures */

static int fail_with_words(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	WANT(!gn_connect("tcp://nobody:80", NULL, SOON));
	return gn_code();
}

static int note_a_cancel(void *arg)
{
	int *result = arg;

	*result = gn_sleep(GN_NEVER);
	return *result;
}

/* The first failure ends the others: it is no deadlock of theirs. */
static void first_failure(const gn_sim_opts *opts)
{
	int result = 0;
	const struct part parts[] = {
		{ "a", note_a_cancel, &result, false },
		{ "b", fail_with_words, NULL, false },
		{ "s", sleep_for_ever, NULL, true },
		{ 0 } };
	char text[256];
	struct outcome o = stage_run(opts, parts);

	WANT_IS(o.result, GN_ENAME);
	WANT_IS(o.elapsed_ns, GN_SEC);
	WANT_TEXT(o.report, "");
	WANT_IS(result, GN_ECANCELED);
	WANT_IS(gn_code(), GN_ENAME);
	WANT_TEXT(gn_error_operation(gn_error_last()), "connect");
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "connect tcp://nobody:80: "));
}

static void failure_climbs(void)
{
	stage_seeds(20, first_failure);
}

static int fail_by_hand(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	return GN_EPROTO;
}

static void failure_of_a_service(void)
{
	const struct part parts[] = { { "s", fail_by_hand, NULL, true },
				      { "p", sleep_a_second, NULL, false },
				      { 0 } };

	WANT_IS(stage_run(NULL, parts).result, GN_EPROTO);
}

/* ---- the end of services */

struct ends {
	int count;
	gn_time programs_until;
};

static int serve_until_the_end(void *arg)
{
	struct ends *e = arg;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_AT(e->programs_until);
	gn_shield(gn_in(GN_SEC));
	WANT_IS(gn_sleep(gn_in(GN_SEC / 2)), 0);
	e->count++;
	return GN_ECANCELED;
}

static int run_a_while(void *arg)
{
	struct ends *e = arg;

	e->programs_until = gn_in(3 * GN_SEC);
	return gn_sleep(e->programs_until);
}

static int greet(gn_sock *client, void *arg)
{
	(void)arg;
	return gn_send(client, "hello", 5, SOON);
}

static int serve_greetings(void *arg)
{
	struct ends *e = arg;
	int result = gn_serve("tcp://:80", greet, NULL, NULL);

	e->count++;
	return result;
}

static int be_greeted(void *arg)
{
	gn_sock *s = stage_connect("tcp://greeter:80", NULL);
	char text[5];

	WANT_IS(gn_recv_exact(s, text, 5, SOON), 5);
	gn_close(s);
	return run_a_while(arg);
}

static void services(const gn_sim_opts *opts)
{
	struct ends e = { 0 };
	const struct part parts[] = {
		{ "one", serve_until_the_end, &e, true },
		{ "greeter", serve_greetings, &e, true },
		{ "p", be_greeted, &e, false },
		{ "q", run_a_while, &e, false },
		{ "two", serve_until_the_end, &e, true },
		{ "early", do_nothing, &e, true },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
	WANT_IS(e.count, 3);
}

static void services_end_last(void)
{
	stage_seeds(20, services);
}

/* A host that returns leaves its sockets and fibers to the simulation. */
static int leave_things(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *pair[2];

	(void)arg;
	WANT(g);
	WANT(gn_listen("tcp://:1", NULL));
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "x", 1, SOON), 0);
	gn_close(pair[0]);
	gn_group_close(g);
	return 0;
}

static void things_left_behind(void)
{
	const struct part parts[] = { { .name = "a", .fn = leave_things },
				      { .name = "b", .fn = leave_things },
				      { 0 } };

	WANT_IS(stage_run(NULL, parts).result, 0);
}

/* Bytes are under way when all ends. */
static int greet_and_leave(void *arg)
{
	gn_sock *l = gn_listen("tcp://:1", NULL), *c[20];

	(void)arg;
	WANT(l);
	for (int i = 0; i < 20; i++)
		WANT((c[i] = gn_accept(l, SOON)));
	for (int i = 0; i < 20; i++) {
		WANT_IS(gn_send(c[i], "x", 1, SOON), 0);
		gn_close(c[i]);
	}
	gn_close(l);
	return 0;
}

static int come_and_leave(void *arg)
{
	gn_sock *s[20];

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	for (int i = 0; i < 20; i++)
		WANT((s[i] = gn_connect("tcp4://a:1", NULL, SOON)));
	for (int i = 0; i < 20; i++)
		gn_close(s[i]);
	return 0;
}

static void *simulate(void *arg)
{
	const struct part parts[] = {
		{ .name = "a", .fn = greet_and_leave },
		{ .name = "b", .fn = come_and_leave },
		{ 0 } };

	(void)arg;
	WANT_IS(stage_run(&(gn_sim_opts){ .in_order = true }, parts).result,
		0);
	return NULL;
}

static void in_a_thread(void)
{
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, simulate, NULL) == 0);
	WANT(pthread_join(thread, NULL) == 0);
}

/* The sanitizer's own count; not each compiler installs its header. */
size_t __sanitizer_get_current_allocated_bytes(void);

static size_t bytes_in_use(void)
{
#if defined(GNI_ASAN)
	return __sanitizer_get_current_allocated_bytes();
#else
	return mallinfo2().uordblks;
#endif
}

static void threads_keep_nothing(void)
{
	size_t before, after;

	mallopt(M_ARENA_MAX, 1); /* no-op where a sanitizer allocates */
	in_a_thread();
	before = bytes_in_use();
	WANT(before > 0);
	for (int i = 0; i < 4; i++)
		in_a_thread();
	after = bytes_in_use();
	WANT(after < before + 64 * 1024);
}

/* ---- the program of sim.h */

static int server(void *arg)
{
	gn_auto gn_sock *l = gn_listen("tcp://:12345", NULL);
	gn_auto gn_sock *c = l ? gn_accept(l, GN_NEVER) : NULL;

	(void)arg;
	return c ? gn_send(c, "hello", 5, GN_NEVER) : gn_code();
}

static int client(void *arg)
{
	char text[8];
	gn_time until = gn_in(60 * GN_SEC);
	gn_auto gn_sock *s = NULL;

	(void)arg;
	while (!s && gn_time_before(gn_now(), until))
		s = gn_connect("tcp://server:12345", NULL, until);
	if (!s)
		return gn_code();
	return (int)gn_recv_exact(s, text, 5, until);
}

static void as_the_header_has_it(void)
{
	const struct part parts[] = { { .name = "server", .fn = server },
				      { .name = "client", .fn = client },
				      { 0 } };

	for (trial_seed = 0; trial_seed < 100; trial_seed++) {
		gn_sim_opts opts = { .seed = trial_seed,
				     .latency_ns = 200 * GN_MSEC };
		struct outcome o = stage_run(&opts, parts);

		WANT_IS(o.result, 0);
		WANT(o.elapsed_ns >= 3 * opts.latency_ns);
	}
}

static const struct trial trials[] = {
	{ "names", names, ALONE },
	{ "as many as may be", as_many_as_may_be, ALONE },
	{ "once, and on a plain thread", once_and_on_a_plain_thread, ALONE },
	{ "never run", never_run, ALONE },
	{ "beside a loop of the thread", beside_a_loop_of_the_thread,
	  ALONE },
	{ "channel into the loop of the thread",
	  channel_into_the_loop_of_the_thread, ALONE },
	{ "real descriptors", real_descriptors, ALONE },
	{ "failure climbs", failure_climbs, ALONE },
	{ "failure of a service", failure_of_a_service, ALONE },
	{ "services end last", services_end_last, ALONE },
	{ "things left behind", things_left_behind, ALONE },
	{ "threads keep nothing", threads_keep_nothing, ALONE },
	{ "as the header has it", as_the_header_has_it, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
