/*
 * busy.c: the hosts of the busy world and what they do beside one another.
 */
#include "busy.h"

#include <stdio.h>
#include <string.h>

#include "busy_talk.h"

#define CLIENTS 3

/* Long enough for what was closed to be gone: linger and TIME_WAIT aside. */
#define GONE_NS (20 * GN_SEC)

struct world {
	struct busy *busy;
	struct actor server, client[CLIENTS];
};

/* Buffers that are soon full, or such as the system has. */
static gn_sock_opts small_or_not(struct actor *a)
{
	gn_sock_opts opts = { .send_bytes = busy_draw(a, 2) ? 0 : 3000,
			      .recv_bytes = busy_draw(a, 2) ? 0 : 3000 };

	return opts;
}

/* ---- the server's host: streams, and datagrams beside them */

static int serve_streams(void *arg)
{
	struct actor *a = arg;
	gn_serve_opts opts = { .sock = small_or_not(a) };

	return gn_serve("tcp://:7", busy_echo, a, &opts);
}

static int serve_datagrams(void *arg)
{
	struct actor *a = arg;
	gn_sock *s = gn_bind("udp://:7", NULL);
	int result;

	WANT(s);
	result = busy_echo_messages(s, true, a);
	WANT_IS(result, GN_ECANCELED);
	gn_close(s);
	return result;
}

static int serve(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	WANT_IS(gn_go(g, serve_streams, arg), 0);
	WANT_IS(gn_go(g, serve_datagrams, arg), 0);
	result = gn_group_wait(g, GN_NEVER);
	WANT_IS(result, GN_ECANCELED);
	gn_group_close(g);
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return result;
}

/* ---- a client's errands */

static int talk_tcp(void *arg)
{
	struct actor *a = arg;
	gn_sock_opts opts = small_or_not(a);
	gn_sock *s = stage_connect("tcp://server:7", &opts);

	if (busy_draw(a, 5) == 0)
		busy_break_off(a, s);
	else
		busy_talk(a, s);
	gn_close(s);
	return 0;
}

/* A datagram to a port where nobody is yet comes back as refused. */
static int talk_udp(void *arg)
{
	struct actor *a = arg;
	gn_sock *s = gn_connect("udp://server:7", NULL, SOON);

	WANT(s);
	WANT_IS(gn_sleep(gn_in(50 * GN_MSEC)), 0);
	busy_talk_messages(a, s);
	gn_close(s);
	return 0;
}

static int accept_one(void *arg)
{
	struct actor *a = arg;
	gn_sock *l = gn_listen("unix:/run/busy?mode=0600", NULL), *c;
	int result;

	WANT(l);
	c = gn_accept(l, SOON);
	WANT(c);
	gn_close(l);
	result = busy_echo(c, a);
	gn_close(c);
	return result;
}

/* The server is on the same host, the path is the host's own. */
static int talk_unix(void *arg)
{
	struct actor *a = arg;
	gn_group *g = gn_group_open(NULL);
	gn_sock *s;

	WANT(g);
	WANT_IS(gn_go(g, accept_one, a), 0);
	s = stage_connect("unix:/run/busy", NULL);
	busy_talk(a, s);
	gn_close(s);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	return 0;
}

struct echoing {
	struct actor *actor;
	gn_sock *s;
};

static int echo_packets(void *arg)
{
	struct echoing *e = arg;
	int result = busy_echo_messages(e->s, false, e->actor);

	WANT_IS(result, GN_EEND);
	gn_close(e->s);
	return 0;
}

static int talk_packets(void *arg)
{
	struct actor *a = arg;
	gn_group *g = gn_group_open(NULL);
	gn_sock *pair[2];
	struct echoing e;

	WANT(g);
	WANT_IS(gn_pair(GN_UNIX_SEQPACKET, pair), 0);
	e = (struct echoing){ a, pair[1] };
	WANT_IS(gn_go(g, echo_packets, &e), 0);
	busy_talk_messages(a, pair[0]);
	gn_close(pair[0]);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	return 0;
}

/* ---- numbers through channels, and timers */

#define NUMBERS 60

struct line {
	struct actor *actor;
	gn_chan *from, *to;
};

static int pass_on(void *arg)
{
	struct line *l = arg;
	int n, result;

	while ((result = gn_chan_recv(l->from, &n, SOON)) == 0) {
		busy_note(l->actor->busy, (uint64_t)n);
		if (busy_draw(l->actor, 8) == 0)
			WANT_IS(gn_sleep(gn_in(busy_draw(l->actor, 100))), 0);
		WANT_IS(gn_chan_send(l->to, &n, SOON), 0);
	}
	WANT_IS(result, GN_EEND);
	gn_chan_end(l->to);
	return 0;
}

static int count_up(void *arg)
{
	struct line *l = arg;

	for (int n = 1; n <= NUMBERS; n++)
		WANT_IS(gn_chan_send(l->to, &n, SOON), 0);
	gn_chan_end(l->to);
	return 0;
}

static int pass_numbers(void *arg)
{
	struct actor *a = arg;
	gn_group *g = gn_group_open(NULL);
	gn_chan *c[3];
	struct line l[3];
	int n = 0, seen = 0;

	WANT(g);
	for (int i = 0; i < 3; i++) {
		c[i] = gn_chan_open(sizeof n, 1 + busy_draw(a, 3));
		l[i] = (struct line){ a, i ? c[i - 1] : NULL, c[i] };
		WANT(c[i]);
		WANT_IS(gn_go(g, i ? pass_on : count_up, &l[i]), 0);
	}
	while (gn_chan_recv(c[2], &n, SOON) == 0)
		WANT_IS(n, ++seen);
	WANT_IS(seen, NUMBERS);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	for (int i = 0; i < 3; i++)
		gn_chan_close(c[i]);
	return 0;
}

/* Errands that are broken off: what they hold is theirs to let go. */
static int hold_a_socket(void *arg)
{
	struct actor *a = arg;
	gn_sock *s = gn_connect("tcp://server:7", NULL, SOON);
	char byte;
	int result = s ? (int)gn_recv(s, &byte, 1, GN_NEVER) : gn_code();

	gn_close(s);
	a->busy->cancels += result == GN_ECANCELED;
	return result;
}

static int give_up(void *arg)
{
	struct actor *a = arg;
	gn_time until = gn_in(busy_draw(a, 40) * GN_MSEC + 1);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = until });
	int result;

	WANT(g);
	for (int i = 0; i < 2; i++)
		WANT_IS(gn_go(g, hold_a_socket, a), 0);
	result = gn_group_wait(g, GN_NEVER);
	WANT(result == GN_ETIMEOUT || result == GN_EREFUSED);
	if (result == GN_ETIMEOUT)
		WANT_AT(until);
	gn_group_close(g);
	return 0;
}

static gn_fiber_fn *const errands[] = {
	talk_tcp, talk_udp, talk_unix, talk_packets, pass_numbers, give_up,
	talk_tcp, give_up,
};

static int client(void *arg)
{
	struct actor *a = arg;
	gn_group *g = gn_group_open(NULL);
	size_t count = sizeof errands / sizeof *errands;
	size_t first = busy_draw(a, (unsigned)count);

	WANT(g);
	for (size_t i = 0; i < count; i++)
		if (busy_draw(a, 4))
			WANT_IS(gn_go(g, errands[(first + i) % count], a), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
	WANT_IS(gn_sleep(gn_in(GONE_NS)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static void init_actor(struct actor *a, struct busy *b, uint64_t seed,
		       unsigned number)
{
	char name[24];

	snprintf(name, sizeof name, "actor %u", number);
	*a = (struct actor){ .busy = b, .number = number };
	gni_rng_seed(&a->rng, seed, name);
}

void busy_run(const gn_sim_opts *opts, struct busy *b)
{
	struct world w = { .busy = b };
	struct part parts[CLIENTS + 2] = {
		{ "server", serve, &w.server, true },
		{ "a", client, &w.client[0], false },
		{ "b", client, &w.client[1], false },
		{ "c", client, &w.client[2], false },
	};
	gn_sim *sim;

	memset(b, 0, sizeof *b);
	init_actor(&w.server, b, opts->seed, CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		init_actor(&w.client[i], b, opts->seed, i);
	sim = stage_open(opts, parts, &b->outcome);
	WANT_IS(gn_sim_link(sim, "a", "server", 20 * GN_USEC), 0);
	WANT_IS(gn_sim_link(sim, "b", "server", 7 * GN_MSEC), 0);
	stage_end(sim, &b->outcome);
	if (b->outcome.result < 0)
		trial_fail(__FILE__, __LINE__, "the run gave %s\n%s",
			   gn_code_name(b->outcome.result),
			   b->outcome.report);
}
