/*
 * chan_thread_test.c: channels between threads, with plain threads and fibers
 * at either end.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/rng.h"
#include "loop/mailbox.h"
#include "loop/trial_test.h"

static gn_chan *open_chan(size_t bytes, size_t capacity)
{
	gn_chan *c = gn_chan_open(bytes, capacity);

	WANT(c);
	return c;
}

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

static pthread_t start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, fn, arg) == 0);
	return thread;
}

static void join(pthread_t thread)
{
	WANT(pthread_join(thread, NULL) == 0);
}

/* ---- many producers, many consumers: sums */

#define THREADS 3
#define FIBERS 4
#define ITEMS 300 /* of each producing fiber */

struct flow {
	gn_chan *chan;
	atomic_ullong sent, taken, count;
	atomic_int next; /* numbers the fibers */
};

struct item {
	int from, number;
};

static int produce(void *arg)
{
	struct flow *f = arg;
	struct item i = { .from = atomic_fetch_add(&f->next, 1) };

	for (i.number = 1; i.number <= ITEMS; i.number++) {
		WANT_IS(gn_chan_send(f->chan, &i, SOON), 0);
		atomic_fetch_add(&f->sent, (unsigned)i.number);
	}
	return 0;
}

/* Of each sender the items come in order, to each receiver. */
static int consume(void *arg)
{
	struct flow *f = arg;
	int last[2 * THREADS * FIBERS] = { 0 };
	struct item i;
	int result;

	while ((result = gn_chan_recv(f->chan, &i, SOON)) == 0) {
		WANT(i.number > last[i.from]);
		last[i.from] = i.number;
		atomic_fetch_add(&f->taken, (unsigned)i.number);
		atomic_fetch_add(&f->count, 1);
	}
	WANT_IS(result, GN_EEND);
	return 0;
}

static void run_fibers(gn_fiber_fn *fn, struct flow *f)
{
	gn_group *g = open_group();

	for (int i = 0; i < FIBERS; i++)
		WANT_IS(gn_go(g, fn, f), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
}

static void *produce_in_fibers(void *arg)
{
	run_fibers(produce, arg);
	return NULL;
}

static void *consume_in_fibers(void *arg)
{
	run_fibers(consume, arg);
	return NULL;
}

static void *produce_plainly(void *arg)
{
	produce(arg);
	return NULL;
}

static void *consume_plainly(void *arg)
{
	consume(arg);
	return NULL;
}

static void flow(size_t capacity)
{
	struct flow f = { .chan = open_chan(sizeof(struct item), capacity) };
	pthread_t from[THREADS], to[THREADS];
	unsigned long long each = (unsigned long long)ITEMS * (ITEMS + 1) / 2;
	unsigned fibers = (THREADS - 1) * FIBERS + 1;

	for (int i = 0; i < THREADS; i++) {
		to[i] = start(i ? consume_in_fibers : consume_plainly, &f);
		from[i] = start(i ? produce_in_fibers : produce_plainly, &f);
	}
	for (int i = 0; i < THREADS; i++)
		join(from[i]);
	gn_chan_end(f.chan);
	for (int i = 0; i < THREADS; i++)
		join(to[i]);
	WANT_IS((long long)f.count, fibers * ITEMS);
	WANT_IS((long long)f.sent, (long long)(fibers * each));
	WANT_IS((long long)f.taken, (long long)f.sent);
	gn_chan_close(f.chan);
}

static void many_to_many(void)
{
	flow(1);
	flow(5);
	flow(1000);
}

/* ---- threads that end right after, the channel with the last of them */

static void *send_and_end(void *arg)
{
	gn_chan *c = arg;
	int item = 1;

	WANT_IS(gn_chan_send(c, &item, SOON), 0);
	gn_chan_close(c);
	return NULL;
}

static void *recv_and_end(void *arg)
{
	gn_chan *c = arg;
	int item = 0;

	WANT_IS(gn_chan_recv(c, &item, SOON), 0);
	WANT_IS(item, 1);
	gn_chan_close(c);
	return NULL;
}

static void ends_right_after(void)
{
	for (int i = 0; i < 60; i++) {
		gn_chan *c = open_chan(sizeof(int), 1);
		pthread_t a = start(i % 2 ? send_and_end : recv_and_end,
				    gn_chan_share(c));
		pthread_t b = start(i % 2 ? recv_and_end : send_and_end, c);

		join(a);
		join(b);
	}
}

/* A thread without fibers or waits needs no loop to send. */
static void *only_send(void *arg)
{
	int item = 8;

	WANT_IS(gn_chan_send(arg, &item, GN_NOW), 0);
	gn_chan_end(arg);
	return NULL;
}

static void sender_that_never_waits(void)
{
	gn_chan *c = open_chan(sizeof(int), 1);
	pthread_t t = start(only_send, c);
	int item = 0;

	WANT_IS(gn_chan_recv(c, &item, SOON), 0);
	WANT_IS(item, 8);
	WANT_IS(gn_chan_recv(c, &item, SOON), GN_EEND);
	join(t);
	gn_chan_close(c);
}

/* ---- a pointer lent: who was served frees the channel at once */

struct loan {
	gn_chan *chan;
	bool ending;
	atomic_bool over; /* the receiver has returned */
};

static _Thread_local struct loan *lent;

void __real_gni_mailbox_drop(struct gni_mailbox *m);
void __wrap_gni_mailbox_drop(struct gni_mailbox *m);

/* A sender has served a fiber of another thread and still holds the channel's
 * lock: the receiver gets its time, and must not use it to return. */
void __wrap_gni_mailbox_drop(struct gni_mailbox *m)
{
	gn_time until = gn_in(10 * GN_MSEC);

	__real_gni_mailbox_drop(m);
	if (!lent)
		return;
	while (!atomic_load(&lent->over) && gn_time_before(gn_now(), until))
		sched_yield();
	WANT(!atomic_load(&lent->over));
}

static int recv_and_free(void *arg)
{
	struct loan *l = arg;
	int item;

	WANT_IS(gn_chan_recv(l->chan, &item, SOON), l->ending ? GN_EEND : 0);
	atomic_store(&l->over, true);
	gn_chan_close(l->chan);
	return 0;
}

static void *serve(void *arg)
{
	struct loan *l = arg;
	int item = 0;

	lent = l;
	if (l->ending)
		gn_chan_end(l->chan);
	else
		WANT_IS(gn_chan_send(l->chan, &item, GN_NOW), 0);
	lent = NULL;
	return NULL;
}

static void lend(bool ending)
{
	struct loan l = { .chan = open_chan(sizeof(int), 1),
			  .ending = ending };
	gn_group *g = open_group();
	pthread_t t;

	WANT_IS(gn_go(g, recv_and_free, &l), 0);
	gn_yield();
	t = start(serve, &l);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT(atomic_load(&l.over));
	join(t);
	gn_group_close(g);
}

static void freed_by_who_was_served(void)
{
	lend(false);
	lend(true);
}

/* ---- the end while threads wait */

struct enders {
	gn_chan *chan;
	atomic_int waiting;
};

static int recv_the_end(void *arg)
{
	struct enders *e = arg;
	int item;

	atomic_fetch_add(&e->waiting, 1);
	WANT_IS(gn_chan_recv(e->chan, &item, SOON), GN_EEND);
	return 0;
}

static int send_the_end(void *arg)
{
	struct enders *e = arg;
	int item = 0;

	atomic_fetch_add(&e->waiting, 1);
	WANT_IS(gn_chan_send(e->chan, &item, SOON), GN_EEND);
	return 0;
}

static void *all_recv(void *arg)
{
	gn_group *g = open_group();

	for (int i = 0; i < 5; i++)
		WANT_IS(gn_go(g, recv_the_end, arg), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	recv_the_end(arg);
	return NULL;
}

static void *all_send(void *arg)
{
	gn_group *g = open_group();

	for (int i = 0; i < 5; i++)
		WANT_IS(gn_go(g, send_the_end, arg), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	send_the_end(arg);
	return NULL;
}

static void end_while_they_wait(void *(*fn)(void *arg), bool full)
{
	struct enders e = { .chan = open_chan(sizeof(int), 1) };
	pthread_t t[3];
	int item = 0;

	if (full)
		WANT_IS(gn_chan_send(e.chan, &item, GN_NOW), 0);
	for (int i = 0; i < 3; i++)
		t[i] = start(fn, &e);
	while (atomic_load(&e.waiting) < 15)
		gn_yield();
	gn_chan_end(e.chan);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	gn_chan_close(e.chan);
}

static void end_meets_waiters(void)
{
	end_while_they_wait(all_recv, false);
	end_while_they_wait(all_send, true);
}

/* ---- select over channels that other threads use */

struct hub {
	gn_chan *in[3], *out;
	atomic_int next;
};

static void *feed(void *arg)
{
	struct hub *h = arg;
	gn_chan *c = h->in[atomic_fetch_add(&h->next, 1)];

	for (int i = 1; i <= ITEMS; i++)
		WANT_IS(gn_chan_send(c, &i, SOON), 0);
	return NULL;
}

static void *drink(void *arg)
{
	struct hub *h = arg;
	int item;

	for (int i = 1; i <= ITEMS; i++) {
		WANT_IS(gn_chan_recv(h->out, &item, SOON), 0);
		WANT_IS(item, i);
	}
	return NULL;
}

static void turn_hub(struct hub *h)
{
	int got[3] = { 0 }, sent = 0, item = 0;

	while (sent + got[0] + got[1] + got[2] < 4 * ITEMS) {
		int out = sent + 1, n;
		gn_chan_case cases[] = { { h->in[0], NULL, &item },
					 { h->in[1], NULL, &item },
					 { h->in[2], NULL, &item },
					 { h->out, &out, NULL } };

		n = gn_chan_select(cases, sent < ITEMS ? 4 : 3, SOON);
		WANT(n >= 0);
		if (n == 3)
			sent++;
		else
			WANT_IS(item, ++got[n]);
	}
}

static void select_across_threads(void)
{
	struct hub h = { .out = open_chan(sizeof(int), 2) };
	pthread_t t[4];

	for (int i = 0; i < 3; i++)
		h.in[i] = open_chan(sizeof(int), 1 + (size_t)i);
	for (int i = 0; i < 4; i++)
		t[i] = start(i < 3 ? feed : drink, &h);
	turn_hub(&h);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	for (int i = 0; i < 3; i++)
		gn_chan_close(h.in[i]);
	gn_chan_close(h.out);
}

/* ---- deadlines and cancels across threads: nothing lost, nothing doubled */

#define BAZAAR 3000

struct bazaar {
	gn_chan *chan[2];
	atomic_int next;
	atomic_uchar sent[BAZAAR], seen[BAZAAR];
};

struct stall {
	struct bazaar *bazaar;
	struct gni_rng rng;
};

static gn_time some_time(struct stall *s)
{
	return gn_in((int64_t)gni_rng_below(&s->rng, 30) * GN_USEC);
}

/* Sends or receives, on either channel or on both, with short deadlines. */
static int haggle(void *arg)
{
	struct stall *s = arg;
	struct bazaar *b = s->bazaar;
	int result = 0, item, mine;

	while (result != GN_ECANCELED &&
	       (mine = atomic_fetch_add(&b->next, 1)) < BAZAAR) {
		int first = (int)gni_rng_below(&s->rng, 2);
		gn_chan_case cases[] = { { b->chan[first], NULL, &item },
					 { b->chan[!first], &mine, NULL } };

		result = gn_chan_select(cases, 2, some_time(s));
		if (result == 0)
			atomic_fetch_add(&b->seen[item], 1);
		else if (result == 1)
			atomic_fetch_add(&b->sent[mine], 1);
	}
	return result == GN_ECANCELED ? result : 0;
}

static void *come_and_go(void *arg)
{
	struct stall s = { .bazaar = arg };

	gni_rng_seed(&s.rng, (uint64_t)gn_now().ns, "bazaar");
	while (atomic_load(&s.bazaar->next) < BAZAAR) {
		gn_group *g = open_group();

		for (int i = 0; i < FIBERS; i++)
			WANT_IS(gn_go(g, haggle, &s), 0);
		WANT_IS(gn_sleep(gn_in(200 * GN_USEC)), 0);
		gn_group_close(g);
	}
	return NULL;
}

/* Its end cancels what it has begun, in the midst of hand-overs. */
static void *live_shortly(void *arg)
{
	gn_group *g = open_group();

	for (int i = 0; i < FIBERS; i++)
		WANT_IS(gn_go(g, haggle, arg), 0);
	WANT_IS(gn_sleep(gn_in(50 * GN_USEC)), 0);
	return NULL;
}

static void *end_again_and_again(void *arg)
{
	struct stall s = { .bazaar = arg };

	gni_rng_seed(&s.rng, (uint64_t)gn_now().ns, "stall");
	while (atomic_load(&s.bazaar->next) < BAZAAR)
		join(start(live_shortly, &s));
	return NULL;
}

static void trade_by_chance(void *(*fn)(void *arg))
{
	static struct bazaar b;
	pthread_t t[THREADS];
	int item;

	memset(&b, 0, sizeof b);
	for (int i = 0; i < 2; i++)
		b.chan[i] = open_chan(sizeof(int), 1 + (size_t)i * 3);
	for (int i = 0; i < THREADS; i++)
		t[i] = start(i ? fn : come_and_go, &b);
	for (int i = 0; i < THREADS; i++)
		join(t[i]);
	for (int i = 0; i < 2; i++) {
		while (gn_chan_recv(b.chan[i], &item, GN_NOW) == 0)
			b.seen[item]++;
		gn_chan_close(b.chan[i]);
	}
	for (int i = 0; i < BAZAAR; i++)
		WANT_IS(b.seen[i], b.sent[i]);
}

static void by_chance(void)
{
	trade_by_chance(come_and_go);
}

static void by_chance_with_ends(void)
{
	trade_by_chance(end_again_and_again);
}

/* ---- a thread is woken from its sleep, again and again */

struct pong {
	gn_chan *there, *back;
};

static void *answer(void *arg)
{
	struct pong *p = arg;
	int n;

	while (gn_chan_recv(p->there, &n, SOON) == 0) {
		n++;
		WANT_IS(gn_chan_send(p->back, &n, SOON), 0);
	}
	return NULL;
}

static void ping_pong(void)
{
	struct pong p = { open_chan(sizeof(int), 1),
			  open_chan(sizeof(int), 1) };
	pthread_t t = start(answer, &p);
	int n = 0;

	while (n < 2000) {
		int before = n;

		WANT_IS(gn_chan_send(p.there, &n, SOON), 0);
		WANT_IS(gn_chan_recv(p.back, &n, SOON), 0);
		WANT_IS(n, before + 1);
	}
	gn_chan_end(p.there);
	join(t);
	gn_chan_close(p.there);
	gn_chan_close(p.back);
}

static const struct trial trials[] = {
	{ "many to many", many_to_many, ON_REAL },
	{ "ends right after", ends_right_after, ON_REAL },
	{ "sender that never waits", sender_that_never_waits, ON_REAL },
	{ "freed by who was served", freed_by_who_was_served, ON_REAL },
	{ "end meets waiters", end_meets_waiters, ON_REAL },
	{ "select across threads", select_across_threads, ON_REAL },
	{ "by chance fault_21", by_chance, ON_REAL },
	{ "by chance, threads ending fault_21 fault_53", by_chance_with_ends,
	  ON_REAL },
	{ "ping pong", ping_pong, ON_REAL },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
