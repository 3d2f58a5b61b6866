/*
 * select_test.c: several channels at once: the first case that can be done is
 * done, and nothing else is.
 */
#include <string.h>

#include "base/rng.h"
#include "loop/trial_test.h"

#define SHORT (2 * GN_MSEC)
#define MOST 64

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
	int got;

	WANT_IS(gn_chan_recv(c, &got, GN_NOW), GN_ETIMEOUT);
}

static void bad_counts(void)
{
	gn_chan *c = open_chan(1);
	gn_chan_case cases[MOST + 1];
	int got = 0;

	for (int i = 0; i <= MOST; i++)
		cases[i] = (gn_chan_case){ c, NULL, &got };
	WANT_IS(gn_chan_select(cases, 0, GN_NOW), GN_EINVAL);
	WANT_IS(gn_chan_select(cases, -1, GN_NOW), GN_EINVAL);
	WANT_IS(gn_chan_select(cases, MOST + 1, GN_NOW), GN_EINVAL);
	WANT_IS(gn_chan_select(cases, MOST, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_chan_select(cases, MOST, gn_in(GN_USEC)), GN_ETIMEOUT);
	WANT_TEXT(gn_error_operation(gn_error_last()), "chan_select");
	send_now(c, 6);
	WANT_IS(gn_chan_select(cases, MOST, GN_NOW), 0);
	WANT_IS(got, 6);
	gn_chan_close(c);
}

static void first_that_can_be_done(void)
{
	gn_chan *a = open_chan(1), *b = open_chan(1);
	int one = 1, got = 0;
	gn_chan_case cases[] = { { a, NULL, &got },
				 { b, &one, NULL },
				 { b, NULL, &got } };

	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), 1);
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), 2);
	WANT_IS(got, 1);
	send_now(b, 2);
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), 2);
	WANT_IS(got, 2);
	send_now(a, 3);
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), 0);
	WANT_IS(got, 3);
	want_empty(a);
	want_empty(b);
	WANT_IS(gn_chan_select(cases, 1, GN_NOW), GN_ETIMEOUT);
	gn_chan_close(a);
	gn_chan_close(b);
}

static void ended_counts_as_done(void)
{
	gn_chan *a = open_chan(1), *b = open_chan(1);
	int one = 1, got = 0;
	gn_chan_case cases[] = { { a, NULL, &got },
				 { b, &one, NULL },
				 { b, NULL, &got } };

	send_now(b, 7);
	gn_chan_end(b);
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), GN_EEND);
	WANT_IS((long long)gn_error_need(gn_error_last()), 1);
	cases[1] = (gn_chan_case){ a, NULL, &got };
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), 2);
	WANT_IS(got, 7);
	WANT_IS(gn_chan_select(cases, 3, GN_NEVER), GN_EEND);
	WANT_IS((long long)gn_error_need(gn_error_last()), 2);
	gn_chan_close(a);
	gn_chan_close(b);
}

/* ---- waiting */

struct selecting {
	gn_chan *chan[3];
	gn_chan_case cases[6];
	int count, item[6];
	gn_time until;
	int result;
	size_t need;
	bool waits;
};

static int select_one(void *arg)
{
	struct selecting *s = arg;

	s->waits = true;
	s->result = gn_chan_select(s->cases, s->count, s->until);
	if (s->result < 0)
		s->need = gn_error_need(gn_error_last());
	return 0;
}

/* One that receives from all three, from the first of them twice. */
static gn_group *start_receiving(struct selecting *s)
{
	static const int from[] = { 0, 1, 0, 2 };
	gn_group *g = open_group();

	memset(s, 0, sizeof *s);
	for (int i = 0; i < 3; i++)
		s->chan[i] = open_chan(1);
	for (int i = 0; i < 4; i++)
		s->cases[i] = (gn_chan_case){ s->chan[from[i]], NULL,
					      &s->item[i] };
	s->count = 4;
	s->until = GN_NEVER;
	WANT_IS(gn_go(g, select_one, s), 0);
	while (!s->waits)
		gn_yield();
	return g;
}

/* One that sends to all three, which are full, to the first of them twice. */
static gn_group *start_sending(struct selecting *s)
{
	static const int to[] = { 1, 0, 0, 2 };
	gn_group *g = open_group();

	memset(s, 0, sizeof *s);
	for (int i = 0; i < 3; i++) {
		s->chan[i] = open_chan(1);
		send_now(s->chan[i], 50 + i);
	}
	for (int i = 0; i < 4; i++) {
		s->item[i] = 100 + i;
		s->cases[i] = (gn_chan_case){ s->chan[to[i]], &s->item[i],
					      NULL };
	}
	s->count = 4;
	s->until = GN_NEVER;
	WANT_IS(gn_go(g, select_one, s), 0);
	while (!s->waits)
		gn_yield();
	return g;
}

static void finish(struct selecting *s, gn_group *g)
{
	gn_group_close(g);
	for (int i = 0; i < 3; i++)
		gn_chan_close(s->chan[i]);
}

/* It is served once; what comes after stays where it was put. */
static void receiver_is_served_once(void)
{
	struct selecting s;
	gn_group *g = start_receiving(&s);

	send_now(s.chan[0], 10);
	send_now(s.chan[0], 11);
	send_now(s.chan[1], 12);
	send_now(s.chan[2], 13);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, 0);
	WANT_IS(s.item[0], 10);
	WANT_IS(s.item[1] | s.item[2] | s.item[3], 0);
	recv_now(s.chan[0], 11);
	recv_now(s.chan[1], 12);
	recv_now(s.chan[2], 13);
	finish(&s, g);
}

static void receiver_is_served_by_the_last(void)
{
	struct selecting s;
	gn_group *g = start_receiving(&s);

	send_now(s.chan[2], 13);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, 3);
	WANT_IS(s.item[3], 13);
	want_empty(s.chan[2]);
	finish(&s, g);
}

static void sender_is_served_once(void)
{
	struct selecting s;
	gn_group *g = start_sending(&s);

	recv_now(s.chan[0], 50);
	recv_now(s.chan[1], 51);
	recv_now(s.chan[2], 52);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, 1);
	recv_now(s.chan[0], 101);
	for (int i = 0; i < 3; i++)
		want_empty(s.chan[i]);
	finish(&s, g);
}

static void end_wakes_it(void)
{
	struct selecting s;
	gn_group *g = start_receiving(&s);

	gn_chan_end(s.chan[1]);
	send_now(s.chan[0], 10);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, GN_EEND);
	WANT_IS((long long)s.need, 1);
	recv_now(s.chan[0], 10);
	finish(&s, g);
}

static void served_then_cancelled(void)
{
	struct selecting s;
	gn_group *g = start_receiving(&s);

	send_now(s.chan[2], 13);
	gn_group_cancel(g);
	send_now(s.chan[2], 14);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, 3);
	WANT_IS(s.item[3], 13);
	recv_now(s.chan[2], 14);
	finish(&s, g);
}

static void cancelled_then_served(void)
{
	struct selecting s;
	gn_group *g = start_receiving(&s);

	gn_group_cancel(g);
	send_now(s.chan[0], 10);
	send_now(s.chan[2], 13);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(s.result, GN_ECANCELED);
	recv_now(s.chan[0], 10);
	recv_now(s.chan[2], 13);
	finish(&s, g);
}

static void deadline_is_exact(void)
{
	gn_chan *a = open_chan(1), *b = open_chan(1);
	int one = 1, got;
	gn_chan_case cases[] = { { a, NULL, &got }, { b, &one, NULL } };
	gn_time until = gn_in(SHORT);

	send_now(b, 5);
	WANT_IS(gn_chan_select(cases, 2, until), GN_ETIMEOUT);
	WANT_AT(until);
	WANT_IS(gn_chan_select(cases, 2, until), GN_ETIMEOUT);
	recv_now(b, 5);
	WANT_IS(gn_chan_select(cases, 2, until), 1);
	recv_now(b, 1);
	gn_chan_close(a);
	gn_chan_close(b);
}

static void deadline_meets_an_item(void)
{
	struct selecting s;
	gn_time at = gn_in(SHORT);
	gn_group *g = open_group();

	memset(&s, 0, sizeof s);
	for (int i = 0; i < 2; i++) {
		s.chan[i] = open_chan(1);
		s.cases[i] = (gn_chan_case){ s.chan[i], NULL, &s.item[i] };
	}
	s.count = 2;
	s.until = at;
	WANT_IS(gn_go(g, select_one, &s), 0);
	while (!s.waits)
		gn_yield();
	WANT_IS(gn_sleep(at), 0);
	send_now(s.chan[1], 3);
	WANT_IS(gn_group_wait(g, SOON), 0);
	if (s.result == 1) {
		WANT_IS(s.item[1], 3);
		want_empty(s.chan[1]);
	} else {
		WANT_IS(s.result, GN_ETIMEOUT);
		recv_now(s.chan[1], 3);
	}
	finish(&s, g);
}

/* ---- select against select: an exchange is done by one case of each */

struct trader {
	gn_chan *out, *in;
	int sent, got, turns;
};

static int trade(void *arg)
{
	struct trader *t = arg;

	while (t->sent + t->got < t->turns) {
		int item;
		gn_chan_case cases[] = { { t->in, NULL, &item },
					 { t->out, &t->sent, NULL } };
		int result = gn_chan_select(cases, 2, SOON);

		WANT(result >= 0);
		if (result == 0)
			WANT_IS(item, t->got++);
		else
			t->sent++;
	}
	return 0;
}

static void two_that_trade(void)
{
	gn_chan *a = open_chan(1), *b = open_chan(1);
	struct trader one = { a, b, 0, 0, 500 }, two = { b, a, 0, 0, 500 };
	gn_group *g = open_group();
	int left = 0, item;

	WANT_IS(gn_go(g, trade, &one), 0);
	WANT_IS(gn_go(g, trade, &two), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	while (gn_chan_recv(a, &item, GN_NOW) == 0)
		WANT_IS(item, two.got + left++);
	WANT_IS(one.sent, two.got + left);
	left = 0;
	while (gn_chan_recv(b, &item, GN_NOW) == 0)
		WANT_IS(item, one.got + left++);
	WANT_IS(two.sent, one.got + left);
	gn_group_close(g);
	gn_chan_close(a);
	gn_chan_close(b);
}

/* ---- by chance: any cases over any channels, any deadlines and cancels */

#define CHANS 4
#define FIBERS 10
#define ITEMS 600

struct market {
	gn_chan *chan[CHANS];
	struct gni_rng rng;
	int next;
	unsigned char sent[ITEMS], seen[ITEMS];
};

static unsigned draw(struct market *m, unsigned bound)
{
	return (unsigned)gni_rng_below(&m->rng, bound);
}

struct offer {
	gn_chan_case cases[6];
	int item[6], count;
};

static void make_offer(struct market *m, struct offer *o)
{
	o->count = 1 + (int)draw(m, 6);
	for (int i = 0; i < o->count; i++) {
		bool sends = m->next < ITEMS && draw(m, 2);

		if (sends)
			o->item[i] = m->next++;
		o->cases[i] = (gn_chan_case){
			m->chan[draw(m, CHANS)],
			sends ? &o->item[i] : NULL,
			&o->item[i] };
	}
}

static int deal(void *arg)
{
	struct market *m = arg;
	struct offer o;
	int result = 0;

	while (result != GN_ECANCELED && m->next < ITEMS) {
		gn_time until = gn_in((int64_t)draw(m, 20) * GN_USEC);

		make_offer(m, &o);
		result = gn_chan_select(o.cases, o.count, until);
		if (result < 0)
			WANT(result == GN_ETIMEOUT || result == GN_ECANCELED);
		else if (o.cases[result].send)
			m->sent[o.item[result]]++;
		else
			m->seen[o.item[result]]++;
	}
	return result == GN_ECANCELED ? result : 0;
}

static void by_chance(void)
{
	static struct market m;
	int item;

	memset(&m, 0, sizeof m);
	if (!trial_is_simulated())
		trial_seed = (uint64_t)gn_now().ns;
	gni_rng_seed(&m.rng, trial_seed, "market");
	for (int i = 0; i < CHANS; i++)
		m.chan[i] = open_chan(1 + (size_t)i % 2);
	while (m.next < ITEMS) {
		gn_group *g = open_group();

		for (int i = 0; i < FIBERS; i++)
			WANT_IS(gn_go(g, deal, &m), 0);
		WANT_IS(gn_sleep(gn_in((int64_t)draw(&m, 200) * GN_USEC)), 0);
		gn_group_close(g);
	}
	for (int i = 0; i < CHANS; i++) {
		while (gn_chan_recv(m.chan[i], &item, GN_NOW) == 0)
			m.seen[item]++;
		gn_chan_close(m.chan[i]);
	}
	for (int i = 0; i < ITEMS; i++)
		WANT_IS(m.seen[i], m.sent[i]);
}

static const struct trial trials[] = {
	{ "bad counts", bad_counts, EVERYWHERE },
	{ "first that can be done", first_that_can_be_done, EVERYWHERE },
	{ "ended counts as done", ended_counts_as_done, EVERYWHERE },
	{ "receiver is served once", receiver_is_served_once, EVERYWHERE },
	{ "receiver is served by the last", receiver_is_served_by_the_last,
	  EVERYWHERE },
	{ "sender is served once", sender_is_served_once, EVERYWHERE },
	{ "end wakes it", end_wakes_it, EVERYWHERE },
	{ "served, then cancelled", served_then_cancelled, EVERYWHERE },
	{ "cancelled, then served", cancelled_then_served, EVERYWHERE },
	{ "deadline is exact", deadline_is_exact, EVERYWHERE },
	{ "deadline meets an item fault_21", deadline_meets_an_item,
	  EVERYWHERE },
	{ "two that trade", two_that_trade, EVERYWHERE },
	{ "by chance fault_21", by_chance, EVERYWHERE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
