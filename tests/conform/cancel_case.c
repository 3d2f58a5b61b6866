/*
 * cancel_case.c: a cancel, a close and a completion that meet: one outcome,
 * and nothing lost.
 */
#include <stdlib.h>
#include <string.h>

#include "place.h"
#include "waits.h"

/* ---- a call that waits is struck */

struct waiter {
	struct one one;
	const struct wait *w;
	struct stage *st;
	int result;
	char operation[24];
};

static int wait_on(void *arg)
{
	struct waiter *v = arg;

	v->result = v->w->call(v->st, SOON);
	strncpy(v->operation, gn_error_operation(gn_error_last()),
		sizeof v->operation - 1);
	return 0;
}

static int want_struck(struct waiter *v, int code)
{
	WANT_IS(join_one(&v->one), 0);
	WANT_IS(v->result, code);
	WANT_TEXT(v->operation, v->w->operation);
	return 0;
}

static int cancelled(const struct place *p)
{
	struct stage st;

	TRY(stage_open(p, &st));
	for (const struct wait *w = waits; w->operation; w++) {
		struct waiter v = { .w = w, .st = &st };

		if (!waits_here(p, w))
			continue;
		TRY(go_one(&v.one, wait_on, &v));
		turns();
		cancel_one(&v.one);
		TRY(want_struck(&v, GN_ECANCELED));
		TRY(go_one(&v.one, wait_on, &v));
		cancel_one(&v.one);
		TRY(want_struck(&v, GN_ECANCELED));
	}
	TRY(stage_alive(&st));
	stage_close(&st);
	return 0;
}

/* Somebody else closes the socket that is waited on. */
static int closed(const struct place *p)
{
	for (const struct wait *w = waits; w->operation; w++) {
		struct stage st;
		struct waiter v = { .w = w, .st = &st };
		gn_sock **of;

		if (!waits_here(p, w) || !w->of)
			continue;
		TRY(stage_open(p, &st));
		of = w->of(&st);
		TRY(go_one(&v.one, wait_on, &v));
		turns();
		gn_close(*of);
		*of = NULL;
		TRY(want_struck(&v, GN_ECLOSED));
		stage_close(&st);
	}
	return 0;
}

/* ---- a cancel is sticky, whatever is queued */

struct victim {
	struct one one;
	struct stage *st;
};

static int cancelled_calls(struct victim *v)
{
	const struct place *p = v->st->p;

	for (const struct wait *w = waits; w->operation; w++) {
		if (!waits_here(p, w))
			continue;
		WANT_IS(w->call(v->st, SOON), GN_ECANCELED);
		WANT_IS(w->call(v->st, GN_NOW), GN_ECANCELED);
	}
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	WANT(!gn_connect("tcp://127.0.0.1:1", NULL, SOON));
	WANT_IS(gn_code(), GN_ECANCELED);
	return 0;
}

static int goes_on_cancelled(void *arg)
{
	struct victim *v = arg;
	bool stream = v->st->p->kind->traits & K_STREAM;
	char buf[8];
	ssize_t n;

	if (stream)
		WANT_IS(gn_recv(v->st->quiet[1], buf, 1, SOON), 1);
	WANT(!gn_cancelled());
	cancel_one(&v->one);
	WANT(gn_cancelled());
	TRY(cancelled_calls(v));
	gn_shield(SOON);
	WANT(!gn_cancelled());
	n = gn_recv(v->st->quiet[1], buf, sizeof buf, SOON);
	WANT(stream ? n >= 1 && n <= 4 : n == 5);
	gn_unshield();
	WANT_IS(gn_recv(v->st->quiet[1], buf, sizeof buf, SOON), GN_ECANCELED);
	return 0;
}

static int cancel_is_sticky(const struct place *p)
{
	struct stage st;
	struct victim v = { .st = &st };

	TRY(stage_open(p, &st));
	WANT_IS(gn_send(st.quiet[0], "hello", 5, SOON), 0);
	if (p->sim)
		WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	WANT_IS(gn_wait(st.quiet[1], SOON), 0);
	TRY(go_one(&v.one, goes_on_cancelled, &v));
	WANT_IS(join_one(&v.one), 0);
	stage_close(&st);
	return 0;
}

/* ---- bytes and a cancel, in both orders */

struct reader {
	struct one one;
	gn_sock *s;
	ssize_t n;
	char buf[32];
};

static int read_once(void *arg)
{
	struct reader *r = arg;

	r->n = gn_recv(r->s, r->buf, sizeof r->buf, SOON);
	return 0;
}

#define GREETING 10
#define ROUNDS 120

static int one_outcome(gn_sock *s, struct reader *r, size_t offset)
{
	size_t came = r->n > 0 ? (size_t)r->n : 0;

	if (r->n < 0)
		WANT_IS(r->n, GN_ECANCELED);
	WANT(r->n != 0 && came <= GREETING);
	WANT_IS(wrong_at(r->buf, came, offset), (long long)came);
	if (came < GREETING)
		TRY(recv_pattern(s, GREETING - came, offset + came));
	WANT_IS(gn_recv(s, r->buf, 1, GN_NOW), GN_ETIMEOUT);
	return 0;
}

static int cancel_against_bytes(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	for (size_t i = 0; i < ROUNDS; i++) {
		struct reader r = { .s = s[1] };
		bool cancel_first = i & 1;

		TRY(go_one(&r.one, read_once, &r));
		for (size_t k = i / 2 % 4; k > 0; k--)
			gn_yield();
		if (cancel_first)
			cancel_one(&r.one);
		if (cancel_first && i & 8)
			gn_yield();
		TRY(send_pattern(s[0], GREETING, i));
		if (!cancel_first && i & 8)
			gn_yield();
		if (!cancel_first)
			cancel_one(&r.one);
		WANT_IS(join_one(&r.one), 0);
		TRY(one_outcome(s[1], &r, i));
	}
	close_two(s);
	return 0;
}

/* ---- connections and a cancel */

struct caller {
	struct one one;
	gn_sock *listener;
	const char *address;
	gn_sock *got;
	int code;
};

static int accept_once(void *arg)
{
	struct caller *c = arg;

	c->got = gn_accept(c->listener, SOON);
	c->code = c->got ? 0 : gn_code();
	return 0;
}

static int connect_once(void *arg)
{
	struct caller *c = arg;

	c->got = gn_connect(c->address, NULL, SOON);
	c->code = c->got ? 0 : gn_code();
	return 0;
}

static void cancel_at(struct caller *c, size_t i)
{
	for (size_t k = i % 5; k > 0; k--)
		gn_yield();
	cancel_one(&c->one);
}

/* Who came while the accept was cancelled is the next one's. */
static int cancel_against_accept(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	for (size_t i = 0; i < 60; i++) {
		struct caller c = { .listener = l };
		gn_sock *s;

		TRY(go_one(&c.one, accept_once, &c));
		if (i & 1)
			turns();
		s = gn_connect(address, NULL, SOON);
		WANT(s);
		cancel_at(&c, i);
		WANT_IS(join_one(&c.one), 0);
		WANT(c.got || c.code == GN_ECANCELED);
		if (!c.got)
			c.got = gn_accept(l, SOON);
		WANT(c.got);
		TRY(send_pattern(s, 4, i));
		TRY(recv_pattern(c.got, 4, i));
		gn_close(s);
		gn_close(c.got);
	}
	gn_close(l);
	return 0;
}

/* A connection that comes as the listener is closed goes with it, and does not
 * stay open unseen. */
static int close_against_accept(const struct place *p)
{
	char address[ADDRESS_MAX], byte;

	for (size_t i = 0; i < 20; i++) {
		struct caller c = { .listener = listen_somewhere(p, address) };
		gn_sock *s;
		ssize_t n;

		WANT(c.listener);
		TRY(go_one(&c.one, accept_once, &c));
		turns();
		s = gn_connect(address, NULL, SOON);
		WANT(s);
		for (size_t k = i % 5; k > 0; k--)
			gn_yield();
		gn_close(c.listener);
		WANT_IS(join_one(&c.one), 0);
		WANT(c.got || c.code == GN_ECLOSED);
		gn_close(c.got);
		n = gn_recv(s, &byte, 1, SOON);
		WANT(n == 0 || n == GN_ERESET || n == GN_EEND);
		gn_close(s);
	}
	return 0;
}

/* A fiber gives way after so many calls, within the last of them. */
#define CALLS_MIN 60
#define CALLS_MAX 66

/* More than a listener takes ahead, so that nothing of it is under way. */
#define WAITING 24

struct acceptor {
	struct one one;
	gn_sock *listener;
	int calls;
	bool inside, over;
};

static int accept_after_calls(void *arg)
{
	struct acceptor *a = arg;
	gn_sock *s = gn_accept(a->listener, SOON);

	WANT(s);
	gn_close(s);
	for (int i = 0; i < a->calls; i++)
		WANT_IS(gn_sleep(GN_NOW), 0);
	a->inside = true;
	s = gn_accept(a->listener, SOON);
	a->inside = false;
	a->over = true;
	WANT(s || gn_code() == GN_ECLOSED);
	gn_close(s);
	return 0;
}

/* The listener is closed while an accept that has a connection gives way. */
static int close_within_accept(const struct place *p)
{
	char address[ADDRESS_MAX];

	for (int i = CALLS_MIN; i < CALLS_MAX; i++) {
		struct acceptor a = { .calls = i };
		gn_sock *s[WAITING];

		a.listener = listen_somewhere(p, address);
		WANT(a.listener);
		for (int k = 0; k < WAITING; k++)
			WANT((s[k] = gn_connect(address, NULL, SOON)));
		TRY(go_one(&a.one, accept_after_calls, &a));
		while (!a.inside && !a.over)
			gn_yield();
		gn_close(a.listener);
		WANT_IS(join_one(&a.one), 0);
		for (int k = 0; k < WAITING; k++)
			gn_close(s[k]);
	}
	return 0;
}

static int cancel_against_connect(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	for (size_t i = 0; i < 60; i++) {
		struct caller c = { .address = address };

		TRY(go_one(&c.one, connect_once, &c));
		cancel_at(&c, i);
		WANT_IS(join_one(&c.one), 0);
		WANT(c.got || c.code == GN_ECANCELED);
		gn_close(c.got);
	}
	gn_close(l);
	return 0;
}

/* ---- a send and a cancel */

#define LOAD ((size_t)1 << 20)

struct sender {
	struct one one;
	gn_sock *s;
	char *buf;
	size_t done;
};

static int send_load(void *arg)
{
	struct sender *v = arg;
	int result = gn_send(v->s, v->buf + v->done, LOAD - v->done, SOON);

	WANT(result == 0 || result == GN_ECANCELED);
	v->done = result == 0 ? LOAD :
				v->done + gn_error_done(gn_error_last());
	return 0;
}

/* However often the sender is cancelled, each byte is sent once. */
static int cancel_us(const struct place *p, gn_sock *s)
{
	struct sender v = { .s = s, .buf = malloc(LOAD) };

	(void)p;
	WANT(v.buf);
	pattern(v.buf, LOAD, 0);
	for (size_t i = 0; v.done < LOAD; i++) {
		TRY(go_one(&v.one, send_load, &v));
		for (size_t k = i % 7; k > 0; k--)
			gn_yield();
		if (i % 3 == 2)
			WANT_IS(gn_sleep(gn_in(GN_MSEC / 5)), 0);
		cancel_one(&v.one);
		WANT_IS(join_one(&v.one), 0);
	}
	free(v.buf);
	return 0;
}

static int cancel_them(const struct place *p, gn_sock *s)
{
	(void)p;
	TRY(recv_pattern(s, LOAD, 0));
	return recv_end(s);
}

struct striker {
	struct one one;
	gn_sock *s;
	size_t done;
	int result;
};

static int send_until_closed(void *arg)
{
	struct striker *v = arg;
	char *load = malloc(LOAD);

	WANT(load);
	pattern(load, LOAD, 0);
	v->result = gn_send(v->s, load, LOAD, SOON);
	v->done = gn_error_done(gn_error_last());
	free(load);
	return 0;
}

/* All that comes until the end, or until the connection breaks. */
static int count_rest(gn_sock *s, size_t *came)
{
	char buf[5000];
	ssize_t n;

	while ((n = gn_recv(s, buf, sizeof buf, SOON)) > 0) {
		WANT_IS(wrong_at(buf, (size_t)n, *came), n);
		*came += (size_t)n;
	}
	WANT(n == 0);
	return 0;
}

/* A close strikes a send: it tells how many bytes went, not one less. */
static int close_against_send(const struct place *p)
{
	gn_sock_opts opts = { .send_bytes = (size_t)64 * 1024 };

	for (size_t i = 0; i < 24; i++) {
		struct striker v = { .result = 1 };
		size_t came = 0;
		gn_sock *s[2];

		TRY(two_with(p, &opts, "rcvbuf=64k", s));
		v.s = s[0];
		TRY(go_one(&v.one, send_until_closed, &v));
		turns();
		WANT(v.result == 1);
		came = i * 3000;
		TRY(recv_pattern(s[1], came, 0));
		for (size_t k = i % 3; k > 0; k--)
			gn_yield();
		gn_close(v.s);
		WANT_IS(join_one(&v.one), 0);
		WANT_IS(v.result, GN_ECLOSED);
		TRY(count_rest(s[1], &came));
		WANT_IS(came, (long long)v.done);
		gn_close(s[1]);
	}
	return 0;
}

/* ---- a descriptor's number is soon another's */

#define STORM 60

static int reuse_round(const struct place *p, size_t i)
{
	struct reader r;
	gn_sock *s[2], *others[4][2];

	TRY(two(p, s));
	r = (struct reader){ .s = s[1] };
	TRY(go_one(&r.one, read_once, &r));
	for (size_t k = i % 4; k > 0; k--)
		gn_yield();
	gn_close(s[1]);
	for (size_t k = 0; k < 4; k++) {
		TRY(two(p, others[k]));
		TRY(send_pattern(others[k][0], 100, k));
	}
	WANT_IS(join_one(&r.one), 0);
	/* With no turn between, it had not begun. */
	WANT(r.n == GN_ECLOSED);
	for (size_t k = 0; k < 4; k++) {
		TRY(recv_pattern(others[k][1], 100, k));
		close_two(others[k]);
	}
	gn_close(s[0]);
	return 0;
}

static int reuse_storm(const struct place *p)
{
	for (size_t i = 0; i < STORM; i++)
		TRY(reuse_round(p, 1 + i % 3));
	return 0;
}

const struct conform_case cancel_cases[] = {
	{ "cancelled (fault_21)", 0, 0, cancelled, NULL, NULL, 0 },
	{ "closed (fault_20)", 0, 0, closed, NULL, NULL, 0 },
	{ "cancel_is_sticky (fault_21)", 0, 0, cancel_is_sticky, NULL, NULL,
	  0 },
	{ "cancel_against_bytes (fault_21)", 0, 0, cancel_against_bytes, NULL,
	  NULL, 0 },
	{ "cancel_against_accept (fault_21)", K_SERVED, 0,
	  cancel_against_accept, NULL, NULL, 0 },
	{ "close_against_accept (fault_20 fault_21)", K_SERVED, 0,
	  close_against_accept, NULL, NULL, 0 },
	{ "close_within_accept (fault_20)", K_SERVED, 0, close_within_accept,
	  NULL, NULL, 0 },
	{ "close_against_send (fault_20 fault_21)", K_STREAM, 0,
	  close_against_send, NULL, NULL, 0 },
	{ "cancel_against_connect (fault_21)", K_NAMED, 0,
	  cancel_against_connect, NULL, NULL, 0 },
	{ "cancel_against_send (fault_21)", K_STREAM, 0, NULL, cancel_us,
	  cancel_them, 0 },
	{ "reuse_storm (fault_20)", 0, 0, reuse_storm, NULL, NULL, 0 },
	{ 0 },
};
