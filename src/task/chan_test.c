/*
 * chan_test.c: channels between the fibers of one thread.  What is looked for
 * above all: an item is never lost and never doubled, whichever way a deadline
 * or a cancel meets its hand-over.
 */
#include <signal.h>
#include <string.h>

#include "base/rng.h"
#include "fiber/test_child.h"
#include "loop/trial_test.h"

#define SHORT (2 * GN_MSEC)

static gn_chan *open_chan(size_t capacity)
{
	gn_chan *c = gn_chan_open(sizeof(int), capacity);

	WANT(c);
	return c;
}

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

static void send_now(gn_chan *c, int n)
{
	WANT_IS(gn_chan_send(c, &n, GN_NOW), 0);
}

static void recv_now(gn_chan *c, int n)
{
	int got = -1;

	WANT_IS(gn_chan_recv(c, &got, GN_NOW), 0);
	WANT_IS(got, n);
}

static void want_empty(gn_chan *c)
{
	int got = 77;

	WANT_IS(gn_chan_recv(c, &got, GN_NOW), GN_ETIMEOUT);
	WANT_IS(got, 77);
}

static void bad_sizes(void)
{
	gn_chan *c;

	WANT(!gn_chan_open(1, 0));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT(!gn_chan_open(65537, 1));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT(!gn_chan_open(0, 1048577));
	WANT_IS(gn_code(), GN_EINVAL);
	c = gn_chan_open(65536, 1);
	WANT(c);
	gn_chan_close(c);
	c = gn_chan_open(0, 1048576);
	WANT(c);
	gn_chan_close(c);
	gn_chan_close(NULL);
}

/* ---- order and capacity */

static void full(size_t capacity)
{
	gn_chan *c = open_chan(capacity);
	int sent = 0, taken = 0, more = -1;

	for (int round = 0; round < 5; round++) {
		while (sent - taken < (int)capacity)
			send_now(c, sent++);
		WANT_IS(gn_chan_send(c, &more, GN_NOW), GN_ETIMEOUT);
		for (size_t i = 0; i < (capacity + 1) / 2; i++)
			recv_now(c, taken++);
	}
	while (taken < sent)
		recv_now(c, taken++);
	want_empty(c);
	gn_chan_close(c);
}

static void capacity_and_order(void)
{
	full(1);
	full(2);
	full(3);
	full(7);
	full(64);
}

static void large_items(void)
{
	static char in[65536], out[65536];
	gn_chan *c = gn_chan_open(sizeof in, 3);

	WANT(c);
	for (int i = 0; i < 7; i++) {
		memset(in, 'a' + i, sizeof in);
		WANT_IS(gn_chan_send(c, in, GN_NOW), 0);
		WANT_IS(gn_chan_recv(c, out, GN_NOW), 0);
		WANT(memcmp(in, out, sizeof in) == 0);
	}
	gn_chan_close(c);
}

static int send_three(void *arg)
{
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_chan_send(arg, NULL, SOON), 0);
	return 0;
}

static void items_of_no_bytes(void)
{
	gn_chan *c = gn_chan_open(0, 2);
	gn_group *g = open_group();
	char nothing = 'n';

	WANT(c);
	WANT_IS(gn_chan_recv(c, NULL, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_chan_send(c, NULL, GN_NOW), 0);
	WANT_IS(gn_chan_send(c, &nothing, GN_NOW), 0);
	WANT_IS(gn_chan_send(c, NULL, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_chan_recv(c, NULL, GN_NOW), 0);
	WANT_IS(gn_chan_recv(c, &nothing, GN_NOW), 0);
	WANT_IS(nothing, 'n');
	WANT_IS(gn_go(g, send_three, c), 0);
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_chan_recv(c, NULL, SOON), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	gn_chan_close(c);
}

static int count_turns(void *arg)
{
	++*(int *)arg;
	return 0;
}

/* A call with GN_NOW gives nobody else a turn. */
static void now_never_waits(void)
{
	gn_chan *c = open_chan(1);
	gn_group *g = open_group();
	int turns = 0, item = 0;

	gn_yield();
	WANT_IS(gn_go(g, count_turns, &turns), 0);
	for (int i = 0; i < 10; i++) {
		want_empty(c);
		send_now(c, i);
		WANT_IS(gn_chan_send(c, &item, GN_NOW), GN_ETIMEOUT);
		recv_now(c, i);
	}
	WANT_IS(turns, 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	gn_chan_close(c);
}

/* ---- those who wait are served in the order in which they came */

struct line {
	gn_chan *chan;
	int came;     /* numbers the waiting */
	int got[32];  /* what each got or sent */
	int result[32];
};

static int stand_to_recv(void *arg)
{
	struct line *l = arg;
	int me = l->came++;

	l->result[me] = gn_chan_recv(l->chan, &l->got[me], SOON);
	return 0;
}

static int stand_to_send(void *arg)
{
	struct line *l = arg;
	int me = l->came++;

	l->result[me] = gn_chan_send(l->chan, &me, SOON);
	return 0;
}

static void start_line(gn_group *g, gn_fiber_fn *fn, struct line *l, int count)
{
	for (int i = 0; i < count; i++)
		WANT_IS(gn_go(g, fn, l), 0);
	while (l->came < count)
		gn_yield();
}

static void receivers_in_line(void)
{
	struct line l = { .chan = open_chan(2) };
	gn_group *g = open_group();

	start_line(g, stand_to_recv, &l, 32);
	for (int i = 0; i < 32; i++)
		send_now(l.chan, i);
	WANT_IS(gn_group_wait(g, SOON), 0);
	for (int i = 0; i < 32; i++) {
		WANT_IS(l.result[i], 0);
		WANT_IS(l.got[i], i);
	}
	want_empty(l.chan);
	gn_group_close(g);
	gn_chan_close(l.chan);
}

static void senders_in_line(void)
{
	struct line l = { .chan = open_chan(2) };
	gn_group *g = open_group();

	start_line(g, stand_to_send, &l, 32);
	for (int i = 0; i < 32; i++)
		recv_now(l.chan, i);
	want_empty(l.chan);
	WANT_IS(gn_group_wait(g, SOON), 0);
	for (int i = 0; i < 32; i++)
		WANT_IS(l.result[i], 0);
	gn_group_close(g);
	gn_chan_close(l.chan);
}

/* Who comes when others wait already does not overtake them. */
static void late_sender_does_not_overtake(void)
{
	struct line l = { .chan = open_chan(1) };
	gn_group *g = open_group();
	int late = 100;

	start_line(g, stand_to_send, &l, 3);
	WANT_IS(gn_chan_send(l.chan, &late, GN_NOW), GN_ETIMEOUT);
	recv_now(l.chan, 0);
	WANT_IS(gn_chan_send(l.chan, &late, GN_NOW), GN_ETIMEOUT);
	recv_now(l.chan, 1);
	recv_now(l.chan, 2);
	WANT_IS(gn_chan_send(l.chan, &late, GN_NOW), 0);
	recv_now(l.chan, 100);
	gn_group_close(g);
	gn_chan_close(l.chan);
}

/* ---- the end */

static void end_leaves_what_is_in(void)
{
	gn_chan *c = open_chan(4);
	int item = 0;

	send_now(c, 1);
	send_now(c, 2);
	gn_chan_end(c);
	gn_chan_end(c);
	WANT_IS(gn_chan_send(c, &item, GN_NEVER), GN_EEND);
	WANT_IS(gn_chan_send(c, &item, GN_NOW), GN_EEND);
	WANT_TEXT(gn_error_operation(gn_error_last()), "chan_send");
	recv_now(c, 1);
	WANT_IS(gn_chan_recv(c, &item, GN_NEVER), 0);
	WANT_IS(item, 2);
	WANT_IS(gn_chan_recv(c, &item, GN_NEVER), GN_EEND);
	WANT_IS(gn_chan_recv(c, &item, GN_NOW), GN_EEND);
	WANT_TEXT(gn_error_operation(gn_error_last()), "chan_recv");
	gn_chan_close(c);
}

static void end_wakes_receivers(void)
{
	struct line l = { .chan = open_chan(4) };
	gn_group *g = open_group();

	start_line(g, stand_to_recv, &l, 5);
	send_now(l.chan, 9);
	gn_chan_end(l.chan);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(l.result[0], 0);
	WANT_IS(l.got[0], 9);
	for (int i = 1; i < 5; i++)
		WANT_IS(l.result[i], GN_EEND);
	gn_group_close(g);
	gn_chan_close(l.chan);
}

static void end_wakes_senders(void)
{
	struct line l = { .chan = open_chan(2) };
	gn_group *g = open_group();
	int item;

	start_line(g, stand_to_send, &l, 5);
	gn_chan_end(l.chan);
	WANT_IS(gn_group_wait(g, SOON), 0);
	recv_now(l.chan, 0);
	recv_now(l.chan, 1);
	WANT_IS(gn_chan_recv(l.chan, &item, GN_NOW), GN_EEND);
	for (int i = 0; i < 5; i++)
		WANT_IS(l.result[i], i < 2 ? 0 : GN_EEND);
	gn_group_close(g);
	gn_chan_close(l.chan);
}

static void references(void)
{
	gn_chan *c = open_chan(1);

	WANT(gn_chan_share(c) == c);
	WANT(gn_chan_share(c) == c);
	gn_chan_close(c);
	gn_chan_close(c);
	send_now(c, 5);
	recv_now(c, 5);
	gn_chan_close(c);
}

static int recv_for_ever(void *arg)
{
	int item;

	return gn_chan_recv(arg, &item, GN_NEVER);
}

static void close_amid(void)
{
	gn_chan *c = open_chan(1);
	gn_group *g = open_group();

	WANT_IS(gn_go(g, recv_for_ever, c), 0);
	gn_yield();
	gn_chan_close(c);
}

static void close_amid_stops_the_program(void)
{
	struct child c = child_run(close_amid, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a channel was closed for the last time "
			    "while fibers wait on it"));
}

/* ---- a hand-over meets a deadline or a cancel: by turns */

struct waiting {
	gn_chan *chan;
	gn_time until;
	int item, result;
	bool waits;
};

static int wait_to_recv(void *arg)
{
	struct waiting *w = arg;

	w->waits = true;
	w->result = gn_chan_recv(w->chan, &w->item, w->until);
	return 0;
}

static int wait_to_send(void *arg)
{
	struct waiting *w = arg;

	w->waits = true;
	w->result = gn_chan_send(w->chan, &w->item, w->until);
	return 0;
}

static gn_group *start_waiting(struct waiting *w, gn_fiber_fn *fn)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, fn, w), 0);
	while (!w->waits)
		gn_yield();
	return g;
}

static void receiver_is_served_then_cancelled(void)
{
	struct waiting w = { .chan = open_chan(1), .until = GN_NEVER };
	gn_group *g = start_waiting(&w, wait_to_recv);

	send_now(w.chan, 3);
	gn_group_close(g);
	WANT_IS(w.result, 0);
	WANT_IS(w.item, 3);
	want_empty(w.chan);
	gn_chan_close(w.chan);
}

static void receiver_is_cancelled_then_served(void)
{
	struct waiting w = { .chan = open_chan(1), .until = GN_NEVER };
	gn_group *g = start_waiting(&w, wait_to_recv);

	gn_group_cancel(g);
	send_now(w.chan, 3);
	gn_group_close(g);
	WANT_IS(w.result, GN_ECANCELED);
	WANT_IS(w.item, 0);
	recv_now(w.chan, 3);
	gn_chan_close(w.chan);
}

static void sender_is_served_then_cancelled(void)
{
	struct waiting w = { .chan = open_chan(1), .until = GN_NEVER,
			     .item = 4 };
	gn_group *g;

	send_now(w.chan, 3);
	g = start_waiting(&w, wait_to_send);
	recv_now(w.chan, 3);
	gn_group_close(g);
	WANT_IS(w.result, 0);
	recv_now(w.chan, 4);
	gn_chan_close(w.chan);
}

static void sender_is_cancelled_then_served(void)
{
	struct waiting w = { .chan = open_chan(1), .until = GN_NEVER,
			     .item = 4 };
	gn_group *g;

	send_now(w.chan, 3);
	g = start_waiting(&w, wait_to_send);
	gn_group_cancel(g);
	recv_now(w.chan, 3);
	gn_group_close(g);
	WANT_IS(w.result, GN_ECANCELED);
	want_empty(w.chan);
	gn_chan_close(w.chan);
}

/* Both at one instant: whichever comes first, the item is in one place. */
static void receiver_meets_its_deadline(void)
{
	struct waiting w = { .chan = open_chan(1), .until = gn_in(SHORT) };
	gn_group *g = start_waiting(&w, wait_to_recv);

	WANT_IS(gn_sleep(w.until), 0);
	send_now(w.chan, 3);
	WANT_IS(gn_group_wait(g, SOON), 0);
	if (w.result == 0) {
		WANT_IS(w.item, 3);
		want_empty(w.chan);
	} else {
		WANT_IS(w.result, GN_ETIMEOUT);
		WANT_IS(w.item, 0);
		recv_now(w.chan, 3);
	}
	gn_group_close(g);
	gn_chan_close(w.chan);
}

static void sender_meets_its_deadline(void)
{
	struct waiting w = { .chan = open_chan(1), .until = gn_in(SHORT),
			     .item = 4 };
	gn_group *g;

	send_now(w.chan, 3);
	g = start_waiting(&w, wait_to_send);
	WANT_IS(gn_sleep(w.until), 0);
	recv_now(w.chan, 3);
	WANT_IS(gn_group_wait(g, SOON), 0);
	if (w.result == 0) {
		recv_now(w.chan, 4);
	} else {
		WANT_IS(w.result, GN_ETIMEOUT);
		want_empty(w.chan);
	}
	gn_group_close(g);
	gn_chan_close(w.chan);
}

static void deadlines_are_exact(void)
{
	gn_chan *c = open_chan(1);
	gn_time until = gn_in(SHORT);
	int item = 1;

	WANT_IS(gn_chan_recv(c, &item, until), GN_ETIMEOUT);
	WANT_AT(until);
	send_now(c, 1);
	until = gn_in(SHORT);
	WANT_IS(gn_chan_send(c, &item, until), GN_ETIMEOUT);
	WANT_AT(until);
	WANT_IS(gn_chan_send(c, &item, until), GN_ETIMEOUT);
	WANT_IS(gn_chan_recv(c, &item, until), 0);
	gn_chan_close(c);
}

/* ---- and by chance: each item that was sent is received once or still in */

#define ITEMS 400
#define CROWD 12

struct crowd {
	gn_chan *chan;
	struct gni_rng rng;
	int next;		/* the next item to be sent */
	unsigned char sent[ITEMS];
	unsigned char seen[ITEMS];
};

static gn_time some_time(struct crowd *c)
{
	return gn_in((int64_t)gni_rng_below(&c->rng, 20) * GN_USEC);
}

static int send_some(void *arg)
{
	struct crowd *c = arg;
	int result = 0;

	while (result != GN_ECANCELED && c->next < ITEMS) {
		int item = c->next++;

		result = gn_chan_send(c->chan, &item, some_time(c));
		c->sent[item] = result == 0;
		if (gni_rng_below(&c->rng, 4) == 0 &&
		    gn_sleep(some_time(c)) < 0)
			return GN_ECANCELED;
	}
	return result == GN_ECANCELED ? result : 0;
}

static int recv_some(void *arg)
{
	struct crowd *c = arg;
	int item, result = 0;

	while (result != GN_ECANCELED) {
		result = gn_chan_recv(c->chan, &item, some_time(c));
		if (result == 0)
			c->seen[item]++;
	}
	return result;
}

/* Groups come and are cancelled in the midst of what they do. */
static void come_and_go(struct crowd *c, gn_fiber_fn *fn)
{
	gn_group *g = open_group();

	for (int i = 0; i < CROWD / 2; i++)
		WANT_IS(gn_go(g, fn, c), 0);
	WANT_IS(gn_sleep(some_time(c)), 0);
	gn_group_close(g);
}

static void by_chance(void)
{
	static struct crowd c;
	gn_group *g = open_group();
	int item;

	memset(&c, 0, sizeof c);
	c.chan = open_chan(3);
	gni_rng_seed(&c.rng, trial_seed, "crowd");
	for (int i = 0; i < CROWD; i++)
		WANT_IS(gn_go(g, i % 2 ? send_some : recv_some, &c), 0);
	for (int i = 0; c.next < ITEMS; i++)
		come_and_go(&c, i % 2 ? send_some : recv_some);
	gn_group_close(g);
	while (gn_chan_recv(c.chan, &item, GN_NOW) == 0)
		c.seen[item]++;
	for (int i = 0; i < ITEMS; i++)
		WANT_IS(c.seen[i], c.sent[i]);
	gn_chan_close(c.chan);
}

static void by_chance_here(void)
{
	if (!trial_is_simulated())
		trial_seed = (uint64_t)gn_now().ns;
	by_chance();
}

static const struct trial trials[] = {
	{ "bad sizes", bad_sizes, EVERYWHERE },
	{ "capacity and order", capacity_and_order, EVERYWHERE },
	{ "large items", large_items, EVERYWHERE },
	{ "items of no bytes", items_of_no_bytes, EVERYWHERE },
	{ "GN_NOW never waits", now_never_waits, EVERYWHERE },
	{ "receivers in line", receivers_in_line, EVERYWHERE },
	{ "senders in line", senders_in_line, EVERYWHERE },
	{ "late sender does not overtake", late_sender_does_not_overtake,
	  EVERYWHERE },
	{ "end leaves what is in", end_leaves_what_is_in, EVERYWHERE },
	{ "end wakes receivers", end_wakes_receivers, EVERYWHERE },
	{ "end wakes senders", end_wakes_senders, EVERYWHERE },
	{ "references", references, EVERYWHERE },
	{ "close amid stops the program", close_amid_stops_the_program,
	  ALONE },
	{ "receiver is served, then cancelled",
	  receiver_is_served_then_cancelled, EVERYWHERE },
	{ "receiver is cancelled, then served",
	  receiver_is_cancelled_then_served, EVERYWHERE },
	{ "sender is served, then cancelled", sender_is_served_then_cancelled,
	  EVERYWHERE },
	{ "sender is cancelled, then served", sender_is_cancelled_then_served,
	  EVERYWHERE },
	{ "receiver meets its deadline fault_21", receiver_meets_its_deadline,
	  EVERYWHERE },
	{ "sender meets its deadline fault_21", sender_meets_its_deadline,
	  EVERYWHERE },
	{ "deadlines are exact", deadlines_are_exact, EVERYWHERE },
	{ "by chance fault_21", by_chance_here, EVERYWHERE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
