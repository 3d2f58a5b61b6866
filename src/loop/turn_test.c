/*
 * turn_test.c: who runs when: deadlines in their order, events before
 * deadlines, everybody in turn.
 */
#include <fenv.h>
#include <string.h>

#include "base/rng.h"
#include "loop/trial_test.h"

#define SHORT (2 * GN_MSEC)

/* Calls that a fiber is served without a wait before others have their turn:
 * far more than the loop lets it have. */
#define CALLS 10000

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

/* ---- deadlines */

#define SLEEPERS 60

struct sleepers {
	gn_time begin;
	int64_t woken_ns[SLEEPERS]; /* the deadlines, in the order of waking */
	int number[SLEEPERS];
	int count, started;
	struct gni_rng rng;
	int steps; /* instants they choose from */
};

static int sleep_once(void *arg)
{
	struct sleepers *s = arg;
	int number = s->started++;
	int64_t ns = (int64_t)gni_rng_below(&s->rng, (uint64_t)s->steps) *
		     100 * GN_USEC;
	gn_time until = gn_time_add(s->begin, ns);

	/* Who comes too late for its deadline does not wait at all. */
	if (!trial_is_simulated() && gn_since(until) > -GN_MSEC)
		return 0;
	WANT_IS(gn_sleep(until), 0);
	WANT_AT(until);
	s->number[s->count] = number;
	s->woken_ns[s->count++] = ns;
	return 0;
}

static void run_sleepers(struct sleepers *s, int steps)
{
	gn_group *g = open_group();

	memset(s, 0, sizeof *s);
	s->steps = steps;
	s->begin = gn_in(3 * GN_MSEC);
	gni_rng_seed(&s->rng, trial_seed, "sleepers");
	for (int i = 0; i < SLEEPERS; i++)
		WANT_IS(gn_go(g, sleep_once, s), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT(s->count == SLEEPERS || !trial_is_simulated());
	gn_group_close(g);
}

static void wake_in_order_of_deadlines(void)
{
	struct sleepers s;

	run_sleepers(&s, 40);
	for (int i = 1; i < s.count; i++)
		WANT(s.woken_ns[i - 1] <= s.woken_ns[i]);
}

/* Of equal deadlines the one that was set first: where no seed decides. */
static void equal_deadlines_wake_in_turn(void)
{
	struct sleepers s;

	run_sleepers(&s, 1);
	for (int i = 1; i < s.count; i++)
		WANT(s.number[i - 1] < s.number[i]);
}

static void sleeps_are_exact(void)
{
	static const int64_t ns[] = { 1, 100, GN_USEC, GN_MSEC };

	for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
		gn_time until = gn_in(ns[i]);

		WANT_IS(gn_sleep(until), 0);
		WANT_AT(until);
	}
	WANT_IS(gn_sleep(GN_NOW), 0);
	WANT_IS(gn_sleep((gn_time){ 0 }), 0);
	WANT_IS(gn_sleep((gn_time){ -5 }), 0);
}

/* Every change of the order of deadlines under way. */
static int sleep_and_sleep(void *arg)
{
	struct sleepers *s = arg;
	struct gni_rng rng;

	gni_rng_seed(&rng, (uint64_t)s->started++, "again");
	for (int i = 0; i < 30; i++) {
		gn_time until = gn_in((int64_t)gni_rng_below(&rng, 200) *
				      GN_USEC);
		gn_chan *c = gn_chan_open(0, 1);

		WANT_IS(gn_chan_recv(c, NULL, until), GN_ETIMEOUT);
		WANT_AT(until);
		gn_chan_close(c);
	}
	s->count++;
	return 0;
}

static void many_deadlines(void)
{
	static struct sleepers s;
	gn_group *g = open_group();

	memset(&s, 0, sizeof s);
	for (int i = 0; i < SLEEPERS; i++)
		WANT_IS(gn_go(g, sleep_and_sleep, &s), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.count, SLEEPERS);
	gn_group_close(g);
}

/* ---- what has come by a deadline is taken before it strikes */

struct meeting {
	gn_sock *pair[2];
	gn_time until;
	ssize_t result;
	bool waits;
};

static int recv_until(void *arg)
{
	struct meeting *m = arg;
	char byte;

	m->waits = true;
	m->result = gn_recv(m->pair[0], &byte, 1, m->until);
	return 0;
}

/* Keeps the thread till the instant is over, so that both have come when the
 * loop looks; false if it was over already. */
static bool stay_busy_past(gn_time until)
{
	bool in_time = gn_time_before(gn_now(), until);

	while (!trial_is_simulated() && gn_time_before(gn_now(), until))
		continue;
	return in_time;
}

static void events_before_deadlines(void)
{
	struct meeting m = { .until = gn_in(SHORT) };
	gn_group *g = open_group();
	bool in_time;

	WANT_IS(gn_pair(GN_UNIX, m.pair), 0);
	WANT_IS(gn_go(g, recv_until, &m), 0);
	while (!m.waits)
		gn_yield();
	WANT_IS(gn_send(m.pair[1], "x", 1, GN_NOW), 0);
	WANT_IS(gn_flush(m.pair[1], SOON), 0);
	in_time = stay_busy_past(m.until);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT(m.result == 1 || !in_time);
	gn_group_close(g);
	gn_close(m.pair[0]);
	gn_close(m.pair[1]);
}

/* ---- everybody in turn */

struct ring {
	int turns[3], count;
	int order[300];
};

struct runner {
	struct ring *ring;
	int number;
};

static int run_round(void *arg)
{
	struct runner *r = arg;

	for (int i = 0; i < 50; i++) {
		r->ring->order[r->ring->count++] = r->number;
		r->ring->turns[r->number]++;
		gn_yield();
	}
	return 0;
}

static void yield_gives_turns(void)
{
	struct ring ring = { 0 };
	struct runner runners[3];
	gn_group *g = open_group();

	for (int i = 0; i < 3; i++) {
		runners[i] = (struct runner){ &ring, i };
		WANT_IS(gn_go(g, run_round, &runners[i]), 0);
	}
	WANT_IS(gn_group_wait(g, SOON), 0);
	/* Whatever the order in a round, nobody has two turns in one. */
	for (int i = 0; i < 150; i += 3) {
		const int *o = &ring.order[i];

		WANT(o[0] != o[1] && o[1] != o[2] && o[0] != o[2]);
	}
	gn_group_close(g);
}

static int mark(void *arg)
{
	*(bool *)arg = true;
	return 0;
}

/* Everyone who is ready runs before the one that yields goes on. */
static void yield_lets_all_others_run(void)
{
	gn_group *g = open_group();
	bool ran[50];

	for (int round = 0; round < 10; round++) {
		memset(ran, 0, sizeof ran);
		for (int i = 0; i < 50; i++)
			WANT_IS(gn_go(g, mark, &ran[i]), 0);
		gn_yield();
		for (int i = 0; i < 50; i++)
			WANT(ran[i]);
	}
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
}

/* ---- who is served without a wait gives way nevertheless */

struct busy {
	gn_sock *pair[2];
	gn_sock *listener;
	gn_chan *chan;
	bool sibling_ran;
};

static int set_ran(void *arg)
{
	struct busy *b = arg;

	b->sibling_ran = true;
	return 0;
}

static int call_chan(struct busy *b)
{
	int item = 1;

	WANT_IS(gn_chan_send(b->chan, &item, SOON), 0);
	return gn_chan_recv(b->chan, &item, SOON);
}

static int call_chan_in_vain(struct busy *b)
{
	int item;

	WANT_IS(gn_chan_recv(b->chan, &item, GN_NOW), GN_ETIMEOUT);
	return 0;
}

static int call_select(struct busy *b)
{
	int item = 1;
	gn_chan_case cases[] = { { b->chan, NULL, &item },
				 { b->chan, &item, NULL } };

	return gn_chan_select(cases, 2, SOON);
}

static int call_sleep(struct busy *b)
{
	(void)b;
	return gn_sleep(GN_NOW);
}

static int call_send(struct busy *b)
{
	char byte;

	WANT_IS(gn_send(b->pair[0], "x", 1, SOON), 0);
	return gn_recv(b->pair[1], &byte, 1, SOON) == 1 ? 0 : -1;
}

/* Many bytes came at once: they are served from the queue one by one. */
static int call_recv(struct busy *b)
{
	static const char many[4000];
	char byte;

	if (gn_recv(b->pair[1], &byte, 1, GN_NOW) == GN_ETIMEOUT)
		return gn_send(b->pair[0], many, sizeof many, SOON);
	return 0;
}

static int call_recv_line(struct busy *b)
{
	static const char lines[] = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
	char line[8];

	if (gn_recv_line(b->pair[1], line, sizeof line, GN_NOW) ==
	    GN_ETIMEOUT)
		return gn_send(b->pair[0], lines, sizeof lines - 1, SOON);
	return 0;
}

static int call_wait(struct busy *b)
{
	return gn_wait(b->pair[0], GN_NOW) == GN_ETIMEOUT ? 0 : -1;
}

static int call_accept_in_vain(struct busy *b)
{
	WANT(!gn_accept(b->listener, GN_NOW));
	return 0;
}

static const struct {
	const char *name;
	int (*call)(struct busy *b);
} calls[] = {
	{ "chan", call_chan },
	{ "chan in vain", call_chan_in_vain },
	{ "select", call_select },
	{ "sleep", call_sleep },
	{ "send", call_send },
	{ "recv", call_recv },
	{ "recv_line", call_recv_line },
	{ "wait", call_wait },
	{ "accept in vain", call_accept_in_vain },
};

static void open_busy(struct busy *b)
{
	b->listener = gn_listen("tcp://127.0.0.1:0", NULL);
	b->chan = gn_chan_open(sizeof(int), 1);
	WANT(b->listener && b->chan);
	WANT_IS(gn_pair(GN_UNIX, b->pair), 0);
}

static void close_busy(struct busy *b)
{
	gn_close(b->listener);
	gn_chan_close(b->chan);
	gn_close(b->pair[0]);
	gn_close(b->pair[1]);
}

static void calls_give_way(void)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct busy b = { .sibling_ran = false };
		gn_group *g = open_group();
		int n = 0;

		open_busy(&b);
		WANT_IS(gn_go(g, set_ran, &b), 0);
		while (!b.sibling_ran && n++ < CALLS)
			WANT(calls[i].call(&b) >= 0);
		if (!b.sibling_ran)
			trial_fail(__FILE__, __LINE__, "%s never gives way",
				   calls[i].name);
		WANT_IS(gn_group_wait(g, SOON), 0);
		gn_group_close(g);
		close_busy(&b);
	}
}

/* Neither too late for the others nor so soon that nothing gets done. */
#define CALLS_SERVED 256
#define BYTES_SERVED ((size_t)64 * 1024)

static int call_large_send(struct busy *b)
{
	static const char large[4096];

	return gn_send(b->pair[0], large, sizeof large, GN_NOW);
}

static int calls_till_others_ran(int (*call)(struct busy *b))
{
	struct busy b = { .sibling_ran = false };
	gn_group *g = open_group();
	int n = 0;

	open_busy(&b);
	gn_yield();
	WANT_IS(gn_go(g, set_ran, &b), 0);
	for (; !b.sibling_ran && n < CALLS; n++)
		WANT(call(&b) >= 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	close_busy(&b);
	return n;
}

static void calls_give_way_in_time(void)
{
	WANT_IS(calls_till_others_ran(call_sleep), CALLS_SERVED);
	WANT_IS(calls_till_others_ran(call_large_send), BYTES_SERVED / 4096);
}

/* Deadlines strike while others are always ready. */
static int keep_yielding(void *arg)
{
	while (!*(bool *)arg)
		gn_yield();
	return 0;
}

static void deadlines_among_the_busy(void)
{
	gn_group *g = open_group();
	bool enough = false;
	gn_time until = gn_in(SHORT);

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, keep_yielding, &enough), 0);
	WANT_IS(gn_group_wait(g, until), GN_ETIMEOUT);
	enough = true;
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
}

/* ---- what is each fiber's own */

static int keep_rounding(void *arg)
{
	int begun = fegetround(), own = *(const int *)arg;

	fesetround(own);
	for (int i = 0; i < 5; i++) {
		gn_yield();
		WANT_IS(fegetround(), own);
		WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
		WANT_IS(fegetround(), own);
	}
	return begun;
}

static int begin_with(void *arg)
{
	WANT_IS(fegetround(), *(const int *)arg);
	return 0;
}

/* A fiber begins with its maker's and leaves no one its own. */
static void modes_are_each_ones_own(void)
{
	int ways[] = { FE_UPWARD, FE_DOWNWARD, FE_TONEAREST };
	gn_group *g = open_group();

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, keep_rounding, &ways[i]), 0);
	fesetround(FE_TOWARDZERO);
	ways[2] = FE_TOWARDZERO;
	WANT_IS(gn_go(g, begin_with, &ways[2]), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(fegetround(), FE_TOWARDZERO);
	fesetround(FE_TONEAREST);
	gn_group_close(g);
}

static const struct trial trials[] = {
	{ "modes are each one's own", modes_are_each_ones_own, EVERYWHERE },
	{ "wake in order of deadlines", wake_in_order_of_deadlines,
	  EVERYWHERE },
	{ "equal deadlines wake in turn", equal_deadlines_wake_in_turn,
	  ON_REAL },
	{ "sleeps are exact fault_22", sleeps_are_exact, EVERYWHERE },
	{ "many deadlines", many_deadlines, EVERYWHERE },
	{ "events before deadlines", events_before_deadlines, EVERYWHERE },
	{ "yield gives turns", yield_gives_turns, EVERYWHERE },
	{ "yield lets all others run", yield_lets_all_others_run,
	  EVERYWHERE },
	{ "calls give way fault_56", calls_give_way, EVERYWHERE },
	{ "calls give way in time fault_56", calls_give_way_in_time,
	  EVERYWHERE },
	/* Virtual time stands still while anybody can run. */
	{ "deadlines among the busy", deadlines_among_the_busy, ON_REAL },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
