/*
 * post_test.c: functions handed to other threads.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "fiber/test_child.h"
#include "loop/trial_test.h"

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

static gn_thread *here(void)
{
	gn_thread *t = gn_thread_here();

	WANT(t);
	return t;
}

static void turn_until(const atomic_int *count, int wanted)
{
	while (atomic_load(count) < wanted)
		WANT_IS(gn_sleep(gn_in(100 * GN_USEC)), 0);
}

/* ---- to this thread */

struct order {
	int next, bad;
};

struct turn {
	struct order *order;
	int number;
};

static void take_turn(void *arg)
{
	struct turn *t = arg;

	t->order->bad += t->order->next != t->number;
	t->order->next++;
}

static void to_itself(void)
{
	struct order o = { 0, 0 };
	struct turn turns[100];
	gn_thread *t = here();

	for (int i = 0; i < 100; i++) {
		turns[i] = (struct turn){ &o, i };
		WANT_IS(gn_post(t, take_turn, &turns[i]), 0);
	}
	WANT_IS(o.next, 0);
	while (o.next < 100)
		WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	WANT_IS(o.bad, 0);
	gn_thread_free(t);
	gn_thread_free(NULL);
}

struct chain {
	gn_thread *thread;
	int left;
};

static void post_again(void *arg)
{
	struct chain *c = arg;

	if (--c->left > 0)
		WANT_IS(gn_post(c->thread, post_again, c), 0);
}

static void from_a_posted_function(void)
{
	struct chain c = { here(), 50 };

	WANT_IS(gn_post(c.thread, post_again, &c), 0);
	while (c.left > 0)
		WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	gn_thread_free(c.thread);
}

struct flood {
	gn_thread *thread;
	bool stop;
	int posted;
};

static void post_for_ever(void *arg)
{
	struct flood *f = arg;

	f->posted++;
	if (!f->stop)
		WANT_IS(gn_post(f->thread, post_for_ever, f), 0);
}

/* However many are posted, fibers and deadlines have their turn. */
static void starves_nobody(void)
{
	struct flood f = { here(), false, 0 };

	WANT_IS(gn_post(f.thread, post_for_ever, &f), 0);
	for (int i = 0; i < 10; i++)
		WANT_IS(gn_sleep(gn_in(10 * GN_USEC)), 0);
	f.stop = true;
	WANT(f.posted > 0);
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	gn_thread_free(f.thread);
}

/* ---- what a posted function may do */

struct doings {
	gn_group *group;
	gn_chan *chan;
	int ran, cancelled;
};

static int ran(void *arg)
{
	struct doings *d = arg;

	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	d->ran++;
	return 0;
}

static int sleep_for_ever(void *arg)
{
	struct doings *d = arg;
	int result = gn_sleep(GN_NEVER);

	d->cancelled++;
	return result;
}

static void go(void *arg)
{
	struct doings *d = arg;

	WANT_IS(gn_go(d->group, ran, d), 0);
	WANT_IS(gn_go(d->group, sleep_for_ever, d), 0);
}

static void send_in_vain(void *arg)
{
	struct doings *d = arg;

	/* The first goes to who waits, the second is kept. */
	for (int item = 5; item < 7; item++)
		WANT_IS(gn_chan_send(d->chan, &item, GN_NOW), 0);
	WANT_IS(gn_chan_send(d->chan, d, GN_NOW), GN_ETIMEOUT);
}

static void cancel(void *arg)
{
	struct doings *d = arg;

	gn_group_cancel(d->group);
	gn_yield();
}

static void what_it_may_do(void)
{
	struct doings d = { .group = gn_group_open(NULL),
			    .chan = gn_chan_open(sizeof(int), 1) };
	gn_thread *t = here();
	int item = 0;

	WANT_IS(gn_post(t, go, &d), 0);
	while (d.ran == 0)
		WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	WANT_IS(gn_post(t, send_in_vain, &d), 0);
	WANT_IS(gn_chan_recv(d.chan, &item, SOON), 0);
	WANT_IS(item, 5);
	WANT_IS(gn_chan_recv(d.chan, &item, SOON), 0);
	WANT_IS(item, 6);
	WANT_IS(d.cancelled, 0);
	WANT_IS(gn_post(t, cancel, &d), 0);
	WANT_IS(gn_group_wait(d.group, SOON), 0);
	WANT_IS(d.cancelled, 1);
	gn_group_close(d.group);
	gn_chan_close(d.chan);
	gn_thread_free(t);
}

static void wait_a_little(void *arg)
{
	(void)arg;
	(void)!gn_sleep(gn_in(GN_MSEC));
}

static void post_one_that_waits(void)
{
	gn_thread *t = here();

	WANT_IS(gn_post(t, wait_a_little, NULL), 0);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
}

static void close_a_group(void *arg)
{
	gn_group_close(arg);
}

static void post_one_that_joins(void)
{
	gn_group *g = gn_group_open(NULL);
	gn_thread *t = here();

	WANT_IS(gn_go(g, sleep_for_ever, &(struct doings){ 0 }), 0);
	WANT_IS(gn_post(t, close_a_group, g), 0);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
}

static void one_that_waits_stops_the_program(void)
{
	struct child c = child_run(post_one_that_waits, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a posted function waited (sleep)"));
	c = child_run(post_one_that_joins, CHILD_PIPE);
	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a posted function waited (group_wait)"));
}

/* ---- between threads */

struct post_office {
	gn_chan *address; /* of a gn_thread * */
	atomic_int opened, stop;
	int last[8], bad;
};

struct letter {
	struct post_office *office;
	int from, number;
};

static void open_letter(void *arg)
{
	struct letter *l = arg;
	struct post_office *o = l->office;

	o->bad += l->number <= o->last[l->from];
	o->last[l->from] = l->number;
	atomic_fetch_add(&o->opened, 1);
}

static int sleep_until_told(void *arg)
{
	struct post_office *o = arg;

	while (!atomic_load(&o->stop))
		WANT_IS(gn_sleep(gn_in(50 * GN_USEC)), 0);
	return 0;
}

/* Hands its address out, then waits in a fiber and on its root. */
static void *live(void *arg)
{
	struct post_office *o = arg;
	gn_group *g = gn_group_open(NULL);
	gn_thread *me = here();

	WANT(g);
	WANT_IS(gn_go(g, sleep_until_told, o), 0);
	WANT_IS(gn_chan_send(o->address, &me, SOON), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	return NULL;
}

static gn_thread *address_of(struct post_office *o)
{
	gn_thread *t = NULL;

	WANT_IS(gn_chan_recv(o->address, &t, SOON), 0);
	WANT(t);
	return t;
}

static void open_office(struct post_office *o)
{
	memset(o, 0, sizeof *o);
	o->address = gn_chan_open(sizeof(gn_thread *), 1);
	WANT(o->address);
}

#define LETTERS 200

struct poster {
	struct post_office *office;
	gn_thread *to;
	int number;
	struct letter letters[LETTERS];
};

static void *post_many(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < LETTERS; i++) {
		p->letters[i] = (struct letter){ p->office, p->number, i + 1 };
		WANT_IS(gn_post(p->to, open_letter, &p->letters[i]), 0);
	}
	return NULL;
}

static void in_order_from_each(void)
{
	static struct poster posters[3];
	struct post_office o;
	pthread_t lives, t[3];
	gn_thread *to;

	open_office(&o);
	lives = start(live, &o);
	to = address_of(&o);
	for (int i = 0; i < 3; i++) {
		posters[i].office = &o;
		posters[i].to = to;
		posters[i].number = i;
		t[i] = start(post_many, &posters[i]);
	}
	for (int i = 0; i < 3; i++)
		join(t[i]);
	turn_until(&o.opened, 3 * LETTERS);
	atomic_store(&o.stop, 1);
	join(lives);
	WANT_IS(o.bad, 0);
	for (int i = 0; i < 3; i++)
		WANT_IS(o.last[i], LETTERS);
	WANT_IS(gn_post(to, open_letter, NULL), GN_EEND);
	WANT_TEXT(gn_error_operation(gn_error_last()), "post");
	gn_thread_free(to);
	gn_chan_close(o.address);
}

/* ---- to a thread that sleeps for ever */

static int sleep_on(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER);
}

struct sleeper {
	struct post_office office;
	gn_group *group;
};

static void wake_up(void *arg)
{
	struct sleeper *s = arg;

	gn_group_cancel(s->group);
}

static void *sleep_deeply(void *arg)
{
	struct sleeper *s = arg;
	gn_thread *me = here();

	s->group = gn_group_open(NULL);
	WANT(s->group);
	WANT_IS(gn_go(s->group, sleep_on, NULL), 0);
	WANT_IS(gn_chan_send(s->office.address, &me, SOON), 0);
	WANT_IS(gn_group_wait(s->group, GN_NEVER), 0);
	gn_group_close(s->group);
	return NULL;
}

static void to_a_thread_asleep(void)
{
	for (int i = 0; i < 20; i++) {
		struct sleeper s;
		pthread_t t;
		gn_thread *to;

		open_office(&s.office);
		t = start(sleep_deeply, &s);
		to = address_of(&s.office);
		/* Now and then it has not fallen asleep yet. */
		if (i % 2)
			WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
		WANT_IS(gn_post(to, wake_up, &s), 0);
		join(t);
		gn_thread_free(to);
		gn_chan_close(s.office.address);
	}
}

/* ---- to a thread that ends */

struct mortal {
	gn_chan *address, *posted;
	atomic_int opened;
	gn_group *group;
	bool stops_turning; /* it never waits once it is posted to */
};

static void count(void *arg)
{
	struct mortal *m = arg;

	atomic_fetch_add(&m->opened, 1);
}

static void *live_shortly(void *arg)
{
	struct mortal *m = arg;
	gn_thread *me = here();

	WANT_IS(gn_chan_send(m->address, &me, SOON), 0);
	if (!m->stops_turning)
		WANT_IS(gn_sleep(gn_in(100 * GN_USEC)), 0);
	return NULL;
}

/* What gn_post took is called, and what it refused is not. */
static void to_a_thread_that_ends(void)
{
	for (int i = 0; i < 40; i++) {
		struct mortal m = { .address = gn_chan_open(sizeof(void *), 1),
				    .stops_turning = i % 2 };
		pthread_t t = start(live_shortly, &m);
		gn_thread *to = NULL;
		int taken = 0, result;

		WANT_IS(gn_chan_recv(m.address, &to, SOON), 0);
		while ((result = gn_post(to, count, &m)) == 0)
			taken++;
		WANT_IS(result, GN_EEND);
		join(t);
		WANT_IS(m.opened, taken);
		WANT_IS(gn_post(to, count, &m), GN_EEND);
		WANT_IS(m.opened, taken);
		gn_thread_free(to);
		gn_chan_close(m.address);
	}
}

static pthread_barrier_t barrier;

/* Posted to while it is away from its loop; it comes back only to end. */
static void *never_turn_again(void *arg)
{
	gn_thread **me = arg;

	*me = here();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void add_one(void *arg)
{
	++*(int *)arg;
}

static void before_a_thread_ends(void)
{
	gn_thread *to = NULL;
	pthread_t t;
	int called = 0;

	pthread_barrier_init(&barrier, NULL, 2);
	t = start(never_turn_again, &to);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_post(to, add_one, &called), 0);
	pthread_barrier_wait(&barrier);
	join(t);
	WANT_IS(called, 3);
	gn_thread_free(to);
	pthread_barrier_destroy(&barrier);
}

/* ---- a group belongs to its thread */

static void *use_a_group(void *arg)
{
	struct doings d = { 0 };

	WANT_IS(gn_go(arg, ran, &d), GN_ETHREAD);
	WANT_IS(gn_group_wait(arg, GN_NEVER), GN_ETHREAD);
	WANT_IS(gn_sleep(GN_NOW), 0);
	WANT_IS(gn_go(arg, ran, &d), GN_ETHREAD);
	WANT_IS(gn_group_wait(arg, GN_NEVER), GN_ETHREAD);
	WANT_IS(d.ran, 0);
	return NULL;
}

static void group_of_another_thread(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	join(start(use_a_group, g));
	gn_group_close(g);
}

static void *close_a_group_here(void *arg)
{
	gn_group_close(arg);
	return NULL;
}

static void close_on_another_thread(void)
{
	join(start(close_a_group_here, gn_group_open(NULL)));
}

static void closing_it_stops_the_program(void)
{
	struct child c = child_run(close_on_another_thread, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a group was closed on another thread"));
}

static void *cancel_a_group_here(void *arg)
{
	gn_group_cancel(arg);
	return NULL;
}

static void cancel_on_another_thread(void)
{
	join(start(cancel_a_group_here, gn_group_open(NULL)));
}

static void cancelling_it_stops_the_program(void)
{
	struct child c = child_run(cancel_on_another_thread, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a group was cancelled on another thread"));
}

static const struct trial trials[] = {
	{ "to itself", to_itself, EVERYWHERE },
	{ "from a posted function", from_a_posted_function, EVERYWHERE },
	/* In a simulation the clock would stand still meanwhile. */
	{ "starves nobody", starves_nobody, ON_REAL },
	{ "what it may do", what_it_may_do, EVERYWHERE },
	{ "one that waits stops the program",
	  one_that_waits_stops_the_program, ALONE },
	{ "in order from each", in_order_from_each, ON_REAL },
	{ "to a thread asleep", to_a_thread_asleep, ON_REAL },
	{ "to a thread that ends fault_53", to_a_thread_that_ends, ON_REAL },
	{ "before a thread ends fault_53", before_a_thread_ends, ON_REAL },
	{ "group of another thread", group_of_another_thread, ON_REAL },
	{ "cancelling it stops the program", cancelling_it_stops_the_program,
	  ALONE },
	{ "closing it stops the program", closing_it_stops_the_program,
	  ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
