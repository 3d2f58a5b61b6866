/*
 * serve.c: gn_serve, ended in order and begun again at the same address while
 * its clients are at work.  When it has returned no handler runs, and it takes
 * its grace and no longer.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "talk.h"
#include "work.h"

static struct {
	unsigned left[KIT_CLIENTS_MAX];	 /* sessions to do */
	unsigned active, failures, told; /* of the handlers of one server */
	bool ready;
} world;

/* ---- the server */

/* Answers until the client ends; looks now and then whether it is to go. */
static int answer(gn_sock *s, struct talk *t)
{
	ssize_t n;

	while ((n = flow_recv(&t->there, s, draw_length(2000), work_idle())) >
	       0) {
		n = flow_send(&t->back, s, (size_t)n, work_idle());
		if (n == 0 && chance(12))
			n = kit_pause(200 * GN_MSEC);
		if (n < 0)
			break;
	}
	return (int)n;
}

static int handle(gn_sock *s, void *arg)
{
	struct talk *t;
	int result;

	(void)arg;
	WANT(world.ready);
	world.active++;
	result = talk_hear(s, &t);
	if (result > 0) {
		result = answer(s, t);
		/* gn_serve closes it when we return, in order. */
		t->back.finished = true;
	}
	world.active--;
	world.failures += result < 0;
	return result;
}

static void ready(gn_sock *listener, void *arg)
{
	(void)arg;
	WANT(listener && !world.ready && world.active == 0);
	world.ready = true;
}

static void failed(gn_sock *client, int code, void *arg)
{
	(void)arg;
	WANT(client);
	WANT(code < 0);
	world.told++;
}

struct service {
	int64_t grace_ns;
	gn_time ended_at;
	bool is_ended, returned;
};

static int serve(void *arg)
{
	struct service *v = arg;
	gn_serve_opts opts = { .grace_ns = v->grace_ns,
			       .ready = ready,
			       .failed = failed };
	int result = gn_serve("tcp://:21", handle, NULL, &opts);

	v->returned = true;
	WANT_IS(world.active, 0);
	WANT_IS(world.told, world.failures);
	if (v->is_ended)
		WANT(kit_late(gn_time_add(v->ended_at, v->grace_ns)) <= 0);
	world.ready = false;
	return result;
}

/* Whether what a service gave is a reason to begin another: it was ended, or
 * could not begin. */
static bool goes_on(int result)
{
	return result == 0 || result == GN_ELIMIT || result == GN_ENOMEM ||
	       result == GN_EINUSE || result == GN_ETIMEOUT;
}

/* One life of the service. */
static int serve_for_a_while(void)
{
	struct service v = { .grace_ns = draw_ns(2 * GN_SEC) };
	gn_group *g = gn_group_open(NULL);
	int result, served;

	WANT(g);
	world.failures = world.told = 0;
	result = op_go(g, serve, &v);
	if (result == 0)
		result = op_group_wait(g, gn_in(draw_ns(3 * GN_SEC)));
	v.ended_at = gn_now();
	v.is_ended = true;
	gn_group_cancel(g);
	served = v.returned ? result : op_group_wait(g, GN_NEVER);
	gn_group_close(g);
	WANT(v.returned);
	return gn_cancelled() ? GN_ECANCELED : goes_on(served) ? 0 : served;
}

static int server(void *arg)
{
	int result;

	(void)arg;
	do {
		result = serve_for_a_while();
		if (result == 0)
			result = op_sleep(gn_in(GN_MSEC));
	} while (result == 0);
	return result;
}

/* ---- a client */

/* Says some, and hears all of it before it goes on. */
static int exchange(gn_sock *s, struct talk *t)
{
	ssize_t n = flow_send(&t->there, s, draw_length(1500), work_idle());

	if (n < 0)
		return (int)n;
	do {
		n = flow_recv(&t->back, s, FLOW_MOST, work_idle());
	} while (n > 0 && t->back.got < t->there.taken);
	return n > 0 ? 0 : n == 0 ? GN_EEND : (int)n;
}

static int session(gn_sock *s)
{
	struct talk *t = talk_new();
	int result = talk_open(t, s);

	for (uint64_t n = draw_among(4, 12); n > 0 && result == 0; n--)
		result = exchange(s, t);
	if (result == 0)
		result = flow_finish(&t->there, s, work_idle());
	flow_close(&t->there, s);
	return result;
}

static int client(void *arg)
{
	return work_sessions(arg, "tcp://server:21", NULL, session);
}

int scene_serve(gn_sim *sim, void *arg)
{
	unsigned clients;

	(void)arg;
	kit_begin(sim);
	talk_forget_all();
	clients = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	world.active = 0;
	world.ready = false;
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < clients; i++)
		world.left[i] = (unsigned)draw_among(3, 5);
	kit_clients(clients, client, world.left, sizeof *world.left);
	kit_trouble();
	return kit_run();
}
