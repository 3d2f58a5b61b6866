/*
 * proxy.c: a host in the middle that joins two connections and copies both
 * ways.  An end passes through as an end, each direction for itself; a failure
 * on one side ends both, and nothing comes out that did not go in.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "talk.h"
#include "work.h"

#define CLIENTS_MAX 3
#define CHUNK 4000

static unsigned left[CLIENTS_MAX]; /* sessions to do */

/* ---- the server behind: says as much as it has heard, and then its end */

static int keep_up(gn_sock *s, struct talk *t)
{
	int result = 0;

	while (result == 0 && t->back.taken < t->there.got) {
		uint64_t rest = t->there.got - t->back.taken;

		result = flow_send(&t->back, s,
				   rest < FLOW_MOST ? (size_t)rest : FLOW_MOST,
				   work_idle());
	}
	return result;
}

static int answer_all(gn_sock *s, struct talk *t)
{
	ssize_t n;

	while ((n = flow_recv_some(&t->there, s, work_idle())) > 0)
		if (keep_up(s, t) < 0)
			return gn_code();
	return (int)n;
}

static int serve_client(void *arg)
{
	return talk_answer(arg, answer_all);
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:80", NULL, serve_client);
}

/* ---- the middle */

struct copying {
	gn_sock *from, *to;
};

static int copy(void *arg)
{
	struct copying *c = arg;
	char buf[CHUNK];
	ssize_t n;

	while ((n = op_recv(c->from, buf, draw_length(CHUNK), work_idle())) > 0)
		if (op_send(c->to, buf, (size_t)n, work_idle()) < 0)
			return gn_code();
	return n == 0 ? op_shutdown(c->to, work_idle()) : (int)n;
}

static int join(void *arg)
{
	gn_sock *near = arg;
	gn_sock *far = op_connect("tcp://server:80", NULL, gn_in(5 * GN_SEC));
	struct copying ways[] = { { near, far }, { far, near } };
	int result = far ? work_crowd(copy, 2, ways, sizeof *ways) : gn_code();

	op_close(near);
	op_close(far);
	return result;
}

static int proxy(void *arg)
{
	gn_sock_opts opts = { .recv_bytes = chance(2) ? 4096 : 0 };

	(void)arg;
	return work_accept("tcp://:3128", &opts, join);
}

/* ---- a client */

static int session(gn_sock *s)
{
	struct talk *t = talk_new();
	int result = talk_open(t, s);

	t->there.relayed = t->back.relayed = true;
	t->there.total = t->back.total = draw_among(1, 15000);
	if (result == 0)
		result = talk_at_once(s, &t->there, &t->back);
	flow_close(&t->there, s);
	return result;
}

static int client(void *arg)
{
	return work_sessions(arg, "tcp://proxy:3128", NULL, session);
}

int scene_proxy(gn_sim *sim, void *arg)
{
	unsigned clients;

	(void)arg;
	kit_begin(sim);
	talk_forget_all();
	clients = (unsigned)draw_among(2, CLIENTS_MAX);
	kit_server("server", server, NULL);
	kit_server("proxy", proxy, NULL);
	for (unsigned i = 0; i < clients; i++)
		left[i] = (unsigned)draw_among(2, 4);
	kit_clients(clients, client, left, sizeof *left);
	kit_trouble();
	return kit_run();
}
