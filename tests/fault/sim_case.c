/*
 * sim_case.c: what is simulated alone: a program that asks and asks again until
 * it is answered, under each of the faults; and what else only virtual time,
 * or a network of our own, can show.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../conform/child.h"
#include "../conform/nomem.h"
#include "../mishap.h"
#include "row.h"

/* ---- clients that insist */

#define CLIENTS 4
#define QUESTIONS 6
#define QUESTION 3000

/* Between two questions, so that they last longer than any fault. */
#define PAUSE_NS (400 * GN_MSEC)

struct client {
	struct world *w;
	size_t number;
};

/* One connection: a question, and the answer, which is the same. */
static int ask_once(struct world *w, size_t seed)
{
	static const gn_sock_opts opts = { .alive_ns = 4 * GN_SEC,
					   .linger_ns = GN_SEC };
	gn_time until = gn_in(5 * GN_SEC);
	gn_auto gn_sock *s = gn_connect(w->address, &opts, until);
	char buf[QUESTION];
	ssize_t n;
	int result;

	if (!s)
		return gn_code();
	pattern(buf, sizeof buf, seed);
	result = gn_send(s, buf, sizeof buf, until);
	if (result < 0)
		return result;
	memset(buf, 0, sizeof buf);
	n = gn_recv_exact(s, buf, sizeof buf, until);
	if (n <= 0)
		return n < 0 ? (int)n : GN_EEND;
	WANT_IS(wrong_at(buf, sizeof buf, seed), sizeof buf);
	return 0;
}

static int insist(void *arg)
{
	struct client *c = arg;
	gn_time until = gn_in(10 * GN_MIN);

	for (size_t done = 0; done < QUESTIONS;) {
		int result = ask_once(c->w, c->number * 100 + done);

		WANT(result == 0 ||
		     (is_mishap(result) && !(c->w->needs & NOTHING_FAILS)));
		WANT(gn_time_before(gn_now(), until));
		done += result == 0;
		WANT_IS(gn_sleep(gn_in(PAUSE_NS)), 0);
	}
	return 0;
}

static int insist_us(struct world *w)
{
	struct client clients[CLIENTS];
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	TRY(where_they_are(w));
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ w, i };
		WANT_IS(gn_go(g, insist, &clients[i]), 0);
	}
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	return result;
}

static int echo(gn_sock *client, void *arg)
{
	char buf[1000];
	ssize_t n;

	(void)arg;
	while ((n = gn_recv(client, buf, sizeof buf, gn_in(5 * GN_SEC))) > 0)
		if (gn_send(client, buf, (size_t)n, gn_in(5 * GN_SEC)) < 0)
			return -1;
	return 0;
}

static void tell(gn_sock *listener, void *arg)
{
	struct world *w = arg;

	(void)listener;
	snprintf(w->address, sizeof w->address, "tcp4://them:7000");
	ring_them(&w->place);
}

/* Begins anew after whatever kept it from listening. */
static int answer_them(struct world *w)
{
	gn_serve_opts opts = { .ready = tell, .sock = { .linger_ns = GN_SEC } };
	int result;

	do
		result = gn_serve("tcp4://:7000", echo, w, &opts);
	while (result < 0 && !gn_cancelled() &&
	       gn_sleep(gn_in(50 * GN_MSEC)) == 0);
	return result == GN_ECANCELED ? 0 : result;
}

/* ---- 14: nobody there, in each way */

static int unreachable_us(struct world *w)
{
	gn_time until;

	WANT(!gn_connect("tcp://10.9.9.9:9", NULL, SOON));
	WANT_TOLD("connect", GN_EUNREACH, ENETUNREACH, "10.9.9.9");
	WANT(!gn_connect("tcp://10.0.0.99:9", NULL, SOON));
	WANT_TOLD("connect", GN_EUNREACH, EHOSTUNREACH, "10.0.0.99");
	WANT(!gn_connect("tcp4://them:9", NULL, SOON));
	WANT_TOLD("connect", GN_EREFUSED, ECONNREFUSED, NULL);
	injected(3);
	handled(3);
	TRY(where_they_are(w));
	WANT_IS(gn_sleep(gn_in(10 * GN_SEC)), 0);
	until = gn_in(2 * GN_SEC);
	WANT(!gn_connect(w->address, NULL, until));
	WANT_TOLD("connect", GN_ETIMEOUT, 0, NULL);
	WANT_IS(gn_time_between(until, gn_now()), 0);
	return 0;
}

static int listen_them(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", "");

	WANT(l);
	WANT_IS(gn_sleep(gn_in(GN_MIN)), 0);
	gn_close(l);
	return 0;
}

/* ---- 15: no port is left */

static int no_port_us(struct world *w)
{
	enum {
		PORTS = 60999 - 32768 + 1
	};
	gn_sock **s = calloc(PORTS + 1, sizeof *s);
	int count = 0;

	(void)w;
	WANT(s);
	while (count <= PORTS && (s[count] = gn_bind("udp4://:0", NULL)))
		count++;
	WANT_TOLD("bind", GN_ELIMIT, EADDRINUSE, NULL);
	WANT_IS(count, PORTS);
	gn_close(s[0]);
	s[0] = gn_bind("udp4://:0", NULL);
	WANT(s[0]);
	while (count > 0)
		gn_close(s[--count]);
	free(s);
	injected(1);
	handled(1);
	return 0;
}

/* ---- 19, 37: a peer that is silent from now on */

/* It says ten bytes, and then the link or the power goes. */
static int silent_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "linger=10ms");

	WANT(s);
	TRY(send_pattern(s, 10, 0));
	WANT_IS(gn_sleep(gn_in(GN_MIN)), 0);
	gn_close(s);
	return 0;
}

static int silence_us(struct world *w, bool says)
{
	gn_sock_opts opts = { .alive_ns = 4 * GN_SEC,
			      .linger_ns = 10 * GN_MSEC };
	gn_sock *s = meet(w, &opts);
	gn_time begin;
	char c;

	WANT(s);
	TRY(recv_pattern(s, 10, 0));
	WANT_IS(gn_sleep(gn_in(2 * GN_SEC)), 0);
	begin = gn_now();
	if (says)
		WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	WANT_TOLD("recv", GN_EDEAD, ETIMEDOUT, NULL);
	WANT(gn_since(begin) <= 5 * GN_SEC);
	WANT_IS(gn_recv(s, &c, 1, GN_NOW), GN_EDEAD);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_EDEAD);
	gn_close(s);
	handled(1);
	return 0;
}

static int idle_us(struct world *w)
{
	return silence_us(w, false);
}

static int under_way_us(struct world *w)
{
	return silence_us(w, true);
}

/* Without a dead-peer time the deadline is the end, to the instant. */
static int deadline_us(struct world *w)
{
	gn_sock_opts opts = { .linger_ns = 10 * GN_MSEC };
	gn_sock *s = meet(w, &opts);
	gn_time until;
	char c;

	WANT(s);
	TRY(recv_pattern(s, 10, 0));
	WANT_IS(gn_sleep(gn_in(2 * GN_SEC)), 0);
	until = gn_in(3 * GN_SEC);
	WANT_IS(gn_recv(s, &c, 1, until), GN_ETIMEOUT);
	WANT_IS(gn_time_between(until, gn_now()), 0);
	gn_close(s);
	handled(1);
	return 0;
}

/* ---- 12: no memory, each allocation in turn */

static int exchange(struct world *w)
{
	gn_sock *s[2] = { NULL, NULL }, *l;
	char address[ADDRESS_MAX], buf[600];
	int result = 0;

	(void)w;
	l = gn_listen("tcp4://127.0.0.1:0", NULL);
	if (l) {
		address_of(l, address);
		s[0] = gn_connect(address, NULL, gn_in(GN_SEC));
	}
	if (s[0])
		s[1] = gn_accept(l, gn_in(GN_SEC));
	if (!s[1])
		result = gn_code();
	pattern(buf, sizeof buf, 0);
	if (result == 0)
		result = gn_send(s[0], buf, sizeof buf, gn_in(GN_SEC));
	if (result == 0)
		result = (int)gn_recv(s[1], buf, sizeof buf, gn_in(GN_SEC));
	close_two(s);
	gn_close(l);
	return result;
}

#define ALLOCATIONS_MAX 400

static int no_memory_us(struct world *w)
{
	bool struck = true;

	for (unsigned n = 0; struck; n++) {
		int result;

		WANT(n < ALLOCATIONS_MAX);
		nomem_after(n, false);
		result = exchange(w);
		struck = nomem_over();
		WANT(result > 0 || is_mishap(result));
		WANT(struck || result > 0);
		injected(struck);
		handled(struck);
		WANT(exchange(w) > 0);
	}
	return 0;
}

/* ---- 23: datagrams with a turned bit */

#define DATAGRAMS 200
#define SPOILED_BYTES 200000

static int spoiled_us(struct world *w)
{
	unsigned word[4];
	gn_sock *s;

	TRY(where_they_are(w));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		for (int j = 0; j < 4; j++)
			word[j] = i;
		WANT_IS(gn_send(s, word, sizeof word, SOON), 0);
	}
	TRY(ring_us(&w->place));
	gn_close(s);
	return 0;
}

/* There is no checksum here: whoever cares must look himself.  One bit is
 * turned and no more, and the length stays. */
static int spoiled_them(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", "");
	unsigned word[8], turned;
	ssize_t n;

	WANT(l);
	TRY(hear_us(&w->place));
	while ((n = gn_recv(l, word, sizeof word, gn_in(GN_SEC))) !=
	       GN_ETIMEOUT) {
		WANT_IS(n, 16);
		turned = 0;
		for (int i = 1; i < 4; i++)
			turned |= word[0] ^ word[i];
		WANT((turned & (turned - 1)) == 0);
		handled(turned != 0);
	}
	gn_close(l);
	return 0;
}

/* The same of a stream: nothing is missing and nothing is more. */
static int spoiled_stream_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);

	WANT(s);
	TRY(send_pattern(s, SPOILED_BYTES, 0));
	WANT_IS(gn_shutdown(s, SOON), 0);
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

static int spoiled_stream_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");
	uint8_t got[1000], sent[1000];
	size_t at = 0;
	ssize_t n;

	WANT(s);
	while ((n = gn_recv(s, got, sizeof got, SOON)) > 0) {
		pattern(sent, (size_t)n, at);
		for (ssize_t i = 0; i < n; i++)
			handled(got[i] != sent[i]);
		at += (size_t)n;
	}
	WANT_IS(n, 0);
	WANT_IS((long long)at, SPOILED_BYTES);
	gn_close(s);
	return 0;
}

/* ---- 33: more than a receive buffer holds, at one instant */

static int flood_us(struct world *w)
{
	gn_sock *s;

	TRY(where_they_are(w));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	for (unsigned i = 1; i <= 1000; i++)
		WANT_IS(gn_send(s, &i, sizeof i, SOON), 0);
	TRY(ring_us(&w->place));
	gn_close(s);
	return 0;
}

static int flood_them(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", "rcvbuf=4096");
	static bool came[1001];
	unsigned i, count = 0;

	WANT(l);
	memset(came, 0, sizeof came);
	TRY(hear_us(&w->place));
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	while (gn_recv(l, &i, sizeof i, GN_NOW) == sizeof i) {
		WANT(i >= 1 && i <= 1000 && !came[i]);
		came[i] = true;
		count++;
	}
	WANT(count > 0 && count < 1000);
	injected(1000 - count);
	handled(1);
	gn_close(l);
	return 0;
}

/* ---- 55: a stack that overflows */

static int dig(int depth)
{
	volatile char hole[512];

	hole[0] = (char)depth;
	return depth > 1000000 ? hole[0] : dig(depth + 1) + hole[0];
}

static int digs(const struct place *p)
{
	(void)p;
	return dig(0);
}

static int overflow_us(struct world *w)
{
	struct ended e;

	if (SANITIZED)
		return cannot_run(w, "sanitizers have a handler of their own");
	TRY(run_child(digs, &w->place, &e));
	WANT(e.status != 0);
	WANT(strstr(e.words, gn_fiber_name()));
	injected(1);
	handled(1);
	return 0;
}

/* ---- 58: the clock jumps */

static int jump_us(struct world *w)
{
	gn_sock *s[2];
	gn_time until;
	char buf[8];

	w->place.kind = &conform_kinds[0];
	TRY(two(&w->place, s));
	until = gn_in(10 * GN_MIN);
	WANT_IS(gn_recv(s[0], buf, 1, until), GN_ETIMEOUT);
	WANT_PASSED(until);
	WANT_IS(gn_send(s[1], "word", 4, SOON), 0);
	WANT_IS(gn_recv_exact(s[0], buf, 4, SOON), 4);
	until = gn_in(GN_SEC);
	WANT_IS(gn_sleep(until), 0);
	WANT_PASSED(until);
	close_two(s);
	return 0;
}

/* ---- 63: numbers beyond what select(2) knows */

#define CONNECTIONS 2000

static int many_us(struct world *w)
{
	static gn_sock *s[CONNECTIONS][2];

	w->place.kind = &conform_kinds[0];
	for (size_t i = 0; i < CONNECTIONS; i++)
		TRY(two(&w->place, s[i]));
	for (size_t i = 0; i < CONNECTIONS; i++)
		TRY(send_pattern(s[i][0], 10, i));
	for (size_t i = 0; i < CONNECTIONS; i++) {
		TRY(recv_pattern(s[i][1], 10, i));
		close_two(s[i]);
	}
	injected(2 * CONNECTIONS);
	handled(CONNECTIONS);
	return 0;
}

#define INSISTS(title, plan) \
	{ \
		.name = title, .us = insist_us, .them = answer_them, \
		.needs = THEM_SERVES, .faults = plan, .sim_only = true \
	}
/* One that the program is not to notice. */
#define UNSEEN(title, plan) \
	{ \
		.name = title, .us = insist_us, .them = answer_them, \
		.needs = THEM_SERVES | NOTHING_FAILS, .faults = plan, \
		.sim_only = true \
	}
#define ALONE(title, plan, part, need) \
	{ \
		.name = title, .us = part, .needs = need, .faults = plan, \
		.sim_only = true \
	}
#define BOTH(title, plan, ours, theirs) \
	{ \
		.name = title, .us = ours, .them = theirs, .faults = plan, \
		.sim_only = true \
	}

const struct fault_case sim_cases[] = {
	INSISTS("fault-01-reset-now-and-then", "us<>them: reset=5%"),
	UNSEEN("fault-05-short-calls", "us: short-io=80%; them: short-io=80%"),
	UNSEEN("fault-07-interrupted", "us: eintr=20%; them: eintr=20%"),
	UNSEEN("fault-08-ready-for-nothing", "us: again=30%; them: again=30%"),
	INSISTS("fault-09-no-descriptor-now-and-then", "them: emfile=40%"),
	INSISTS("fault-09-few-descriptors", "them: descriptors=3"),
	INSISTS("fault-10-clients-gone-at-accept", "them: abort=40%"),
	INSISTS("fault-11-no-memory-in-the-kernel",
		"us: enomem=3%; them: enomem=3%"),
	INSISTS("fault-11-fourth-call-fails", "us: fail=4; them: fail=4"),
	INSISTS("fault-19-crash-and-restart", "them: crash@500ms restart@3s"),
	INSISTS("fault-24-long-cut", "us<>them: cut@500ms..5500ms"),
	INSISTS("fault-24-stall", "us<>them: stall@500ms..5500ms"),
	INSISTS("fault-37-peer-begins-anew",
		"them: restart@1s; them: restart@2s"),
	INSISTS("fault-59-little-of-everything",
		"them: enomem=2% emfile=5% descriptors=6"),
	BOTH("fault-14-nobody-there", "us<>them: cut@9s..", unreachable_us,
	     listen_them),
	ALONE("fault-15-no-port", "", no_port_us, ONE_SEED | NEED_QUIET),
	BOTH("fault-19-silent-while-idle", "us<>them: cut@1s..", idle_us,
	     silent_them),
	BOTH("fault-19-silent-with-bytes-under-way", "us<>them: cut@1s..",
	     under_way_us, silent_them),
	BOTH("fault-19-silent-until-the-deadline", "us<>them: cut@1s..",
	     deadline_us, silent_them),
	BOTH("fault-37-power-off", "them: crash@1s", idle_us, silent_them),
	ALONE("fault-12-each-allocation", "", no_memory_us, NEED_QUIET),
	BOTH("fault-23-corrupt-datagrams", "us>them: corrupt=20%", spoiled_us,
	     spoiled_them),
	BOTH("fault-23-corrupt-stream", "us>them: corrupt=5%",
	     spoiled_stream_us, spoiled_stream_them),
	BOTH("fault-33-flood", "", flood_us, flood_them),
	ALONE("fault-55-stack-overflow", "", overflow_us,
	      ONE_SEED | NEED_QUIET),
	ALONE("fault-58-clock-jumps", "us: clock-jump=1h@2s", jump_us,
	      NEED_QUIET),
	ALONE("fault-63-many-descriptors", "", many_us, ONE_SEED | NEED_QUIET),
	{ 0 },
};
