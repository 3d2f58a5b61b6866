/*
 * deadline_case.c: every wait ends at its instant: not before, at once if it
 * has passed, never if there is none.
 */
#include <string.h>

#include "place.h"
#include "waits.h"

/* ---- instants that have passed */

static int want_timeout(const struct wait *w, struct stage *st, gn_time until)
{
	gn_time begin = gn_now();
	int result = w->call(st, until);

	if (result != GN_ETIMEOUT)
		note("# %s\n", w->operation);
	WANT_IS(result, GN_ETIMEOUT);
	WANT_TEXT(gn_error_operation(gn_error_last()), w->operation);
	if (strcmp(w->operation, "send") != 0)
		WANT_IS(gn_error_done(gn_error_last()), 0);
	if (gn_time_before(begin, until)) {
		WANT(!gn_time_before(gn_now(), until));
		/* Nothing else was to happen, so that is when it is. */
		WANT(!st->p->sim || gn_now().ns == until.ns);
	} else {
		WANT(!st->p->sim || gn_now().ns == begin.ns);
	}
	return 0;
}

static int past(const struct place *p)
{
	struct stage st;

	TRY(stage_open(p, &st));
	for (const struct wait *w = waits; w->operation; w++) {
		if (!waits_here(p, w))
			continue;
		TRY(want_timeout(w, &st, GN_NOW));
		TRY(want_timeout(w, &st, gn_now()));
		TRY(want_timeout(w, &st, gn_in(0)));
		TRY(want_timeout(w, &st, gn_in(-GN_SEC)));
		TRY(want_timeout(w, &st, (gn_time){ 0 }));
		TRY(want_timeout(w, &st, (gn_time){ -1 }));
		TRY(want_timeout(w, &st, (gn_time){ INT64_MIN }));
	}
	TRY(stage_alive(&st));
	stage_close(&st);
	return 0;
}

/* ---- instants that come */

static int soon(const struct place *p)
{
	struct stage st;

	TRY(stage_open(p, &st));
	for (const struct wait *w = waits; w->operation; w++) {
		if (!waits_here(p, w))
			continue;
		TRY(want_timeout(w, &st, gn_in(1)));
		TRY(want_timeout(w, &st, gn_in(GN_MSEC + 1)));
	}
	TRY(stage_alive(&st));
	stage_close(&st);
	return 0;
}

/* ---- instants that never come */

struct waiter {
	const struct wait *w;
	struct stage *st;
	gn_time until;
	int result;
	bool over;
};

static int wait_long(void *arg)
{
	struct waiter *v = arg;

	v->result = v->w->call(v->st, v->until);
	v->over = true;
	return 0;
}

static int want_waiting(const struct wait *w, struct stage *st, gn_time until)
{
	struct waiter v = { w, st, until, 0, false };
	struct one fiber;

	TRY(go_one(&fiber, wait_long, &v));
	turns();
	WANT_IS(gn_sleep(gn_in(GN_MSEC / 2)), 0);
	WANT(!v.over);
	cancel_one(&fiber);
	WANT_IS(join_one(&fiber), 0);
	WANT(v.over);
	WANT_IS(v.result, GN_ECANCELED);
	return 0;
}

static int never(const struct place *p)
{
	struct stage st;

	TRY(stage_open(p, &st));
	for (const struct wait *w = waits; w->operation; w++) {
		if (!waits_here(p, w))
			continue;
		TRY(want_waiting(w, &st, GN_NEVER));
		TRY(want_waiting(w, &st, gn_in(INT64_MAX)));
		TRY(want_waiting(w, &st, (gn_time){ INT64_MAX - 1 }));
		TRY(want_waiting(w, &st, gn_in(1000000 * GN_HOUR)));
	}
	TRY(stage_alive(&st));
	stage_close(&st);
	return 0;
}

/* ---- what is there is taken at any instant */

static int now_takes(const struct place *p)
{
	char buf[8];
	gn_sock *s[2];

	TRY(two(p, s));
	for (int i = 0; i < 20; i++) {
		WANT_IS(gn_send(s[0], "x", 1, GN_NOW), 0);
		WANT_IS(gn_wait(s[1], SOON), 0);
		WANT_IS(gn_wait(s[1], GN_NOW), 0);
		WANT_IS(gn_recv(s[1], buf, sizeof buf,
				i % 2 ? GN_NOW : (gn_time){ 0 }),
			1);
		WANT_IS(gn_recv(s[1], buf, sizeof buf, GN_NOW), GN_ETIMEOUT);
	}
	close_two(s);
	return 0;
}

static int now_accepts(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s[2];

	WANT(l);
	for (int i = 0; i < 5; i++) {
		s[0] = gn_connect(address, NULL, SOON);
		WANT(s[0]);
		WANT_IS(gn_wait(l, SOON), 0);
		s[1] = gn_accept(l, GN_NOW);
		WANT(s[1]);
		WANT(!gn_accept(l, GN_NOW));
		WANT_IS(gn_code(), GN_ETIMEOUT);
		close_two(s);
	}
	gn_close(l);
	return 0;
}

/* Either it is made at once or the deadline is told; nothing is left. */
static int now_connects(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s;

	WANT(l);
	for (int i = 0; i < 10; i++) {
		s = gn_connect(address, NULL, GN_NOW);
		WANT(s || gn_code() == GN_ETIMEOUT);
		gn_close(s);
	}
	gn_close(l);
	return 0;
}

/* ---- a listener that takes nobody */

#define QUEUE 1
#define KNOCKS_MAX 20

static int knock(const char *address, gn_sock *s[KNOCKS_MAX], int *count)
{
	gn_time until = GN_NOW;

	do {
		WANT(*count < KNOCKS_MAX);
		until = gn_in(5 * GN_MSEC);
		s[*count] = gn_connect(address, NULL, until);
	} while (s[*count] && ++*count);
	WANT_IS(gn_code(), GN_ETIMEOUT);
	WANT(!gn_time_before(gn_now(), until));
	return 0;
}

/* One accepted makes room for one more. */
static int full_backlog(const struct place *p)
{
	gn_sock *s[KNOCKS_MAX], *l, *accepted;
	char address[ADDRESS_MAX];
	int count = 0;

	fresh_address(p, "backlog=1", address);
	l = gn_listen(address, NULL);
	WANT(l);
	address_of(l, address);
	TRY(knock(address, s, &count));
	WANT(count >= QUEUE);
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	s[count] = gn_connect(address, NULL, SOON);
	WANT(s[count++]);
	gn_close(accepted);
	gn_close(l);
	while (count > 0)
		gn_close(s[--count]);
	return 0;
}

/* ---- bytes, deadlines and cancels at one instant */

#define MEETINGS 5

struct reader {
	struct one one;
	gn_sock *s;
	gn_time until;
	ssize_t n;
};

static int read_until(void *arg)
{
	struct reader *r = arg;
	char c;

	r->n = gn_recv(r->s, &c, 1, r->until);
	return 0;
}

/* Keeps the thread until the instant has passed. */
static void spin(gn_time until)
{
	while (!gn_time_before(until, gn_now()))
		;
}

/* A reader that waits, its deadline ahead when the loop last looked: on a busy
 * machine it may have passed too soon, and another is made. */
static int waiting_reader(struct reader *r, gn_sock *s)
{
	for (;;) {
		*r = (struct reader){ .s = s, .until = gn_in(GN_MSEC) };
		TRY(go_one(&r->one, read_until, r));
		gn_yield();
		if (gn_time_before(gn_now(), r->until))
			return 0;
		WANT_IS(join_one(&r->one), 0);
	}
}

/* Between local sockets what was sent is there at once. */
static int bytes_against_deadline(const struct place *p)
{
	struct reader r;
	gn_sock *s[2];

	TRY(two(p, s));
	for (int i = 0; i < MEETINGS; i++) {
		TRY(waiting_reader(&r, s[1]));
		WANT_IS(gn_send(s[0], "x", 1, GN_NOW), 0);
		spin(r.until);
		WANT_IS(join_one(&r.one), 0);
		WANT_IS(r.n, 1);
	}
	close_two(s);
	return 0;
}

static int cancel_against_deadline(const struct place *p)
{
	struct reader r;
	gn_sock *s[2];

	TRY(two(p, s));
	for (int i = 0; i < MEETINGS; i++) {
		TRY(waiting_reader(&r, s[1]));
		spin(r.until);
		cancel_one(&r.one);
		WANT_IS(join_one(&r.one), 0);
		WANT_IS(r.n, GN_ECANCELED);
	}
	close_two(s);
	return 0;
}

static int sleeps(const struct place *p)
{
	gn_time begin = gn_now(), until = gn_in(2 * GN_MSEC);

	WANT_IS(gn_sleep(until), 0);
	WANT(gn_since(begin) >= 2 * GN_MSEC);
	WANT(!p->sim || gn_now().ns == until.ns);
	WANT_IS(gn_sleep(GN_NOW), 0);
	WANT_IS(gn_sleep((gn_time){ INT64_MIN }), 0);
	WANT_IS(gn_sleep(gn_in(-1)), 0);
	return 0;
}

const struct conform_case deadline_cases[] = {
	{ "deadline_past (fault_22)", 0, 0, past, NULL, NULL, 0 },
	{ "deadline_soon (fault_22)", 0, 0, soon, NULL, NULL, 0 },
	{ "deadline_never (fault_22)", 0, 0, never, NULL, NULL, 0 },
	{ "now_takes_what_is_there (fault_22)", 0, 0, now_takes, NULL, NULL,
	  0 },
	{ "now_accepts (fault_22)", K_SERVED, 0, now_accepts, NULL, NULL, 0 },
	{ "now_connects (fault_22)", K_NAMED, 0, now_connects, NULL, NULL, 0 },
	{ "full_backlog (fault_13)", K_SERVED, 0, full_backlog, NULL, NULL,
	  0 },
	{ "bytes_against_deadline (fault_21)", K_LOCAL, 0,
	  bytes_against_deadline, NULL, NULL, ON_REAL },
	{ "cancel_against_deadline (fault_21)", 0, 0, cancel_against_deadline,
	  NULL, NULL, ON_REAL },
	{ "sleeps (fault_22)", K_NONE, 0, sleeps, NULL, NULL, 0 },
	{ 0 },
};
