/*
 * echo.c: a server that returns what it gets, and clients that begin again
 * whenever a connection is lost, until so many sessions have ended well.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "talk.h"
#include "work.h"

static unsigned left[KIT_CLIENTS_MAX]; /* sessions to do */

/* ---- the server */

static int echo(gn_sock *s, struct talk *t)
{
	ssize_t n;

	while ((n = flow_recv_some(&t->there, s, work_idle())) > 0) {
		int result = flow_send(&t->back, s, (size_t)n, work_idle());

		if (result < 0)
			return result;
	}
	return (int)n;
}

static int serve_client(void *arg)
{
	return talk_answer(arg, echo);
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:7", NULL, serve_client);
}

/* ---- a client */

/* One after the other, each byte of it awaited. */
static int in_turn(gn_sock *s, struct talk *t)
{
	while (t->there.taken < t->there.total) {
		int result = flow_send(&t->there, s, 1, work_idle());
		ssize_t n = 1;

		while (result == 0 && n > 0 && t->back.got < t->there.taken)
			n = flow_recv(&t->back, s, 1, work_idle());
		/* A server that gave up has ended its sending in order. */
		if (result < 0 || n <= 0)
			return result < 0 ? result : n < 0 ? (int)n : GN_EEND;
	}
	if (flow_finish(&t->there, s, work_idle()) < 0)
		return gn_code();
	return (int)flow_recv(&t->back, s, 1, work_idle());
}

static int session(gn_sock *s)
{
	struct talk *t = talk_new();
	bool waits = chance(3);
	int result = talk_open(t, s);

	t->there.total = draw_among(5, waits ? 20 : 20000);
	t->back.total = t->there.total;
	if (result == 0)
		result = waits ? in_turn(s, t)
			       : talk_at_once(s, &t->there, &t->back);
	flow_close(&t->there, s);
	if (result == 0)
		WANT_IS((long long)t->back.got, (long long)t->there.total);
	return result;
}

static int client(void *arg)
{
	return work_sessions(arg, "tcp://server:7", NULL, session);
}

int scene_echo(gn_sim *sim, void *arg)
{
	unsigned clients;

	(void)arg;
	kit_begin(sim);
	talk_forget_all();
	clients = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < clients; i++)
		left[i] = (unsigned)draw_among(4, 5);
	kit_clients(clients, client, left, sizeof *left);
	kit_trouble();
	return kit_run();
}
