/*
 * halfclose.c: each host sends to a neighbour and hears from it at the same
 * time.  Each direction has an end of its own, and comes whole.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "talk.h"
#include "work.h"

#define HOSTS 3

static unsigned left[HOSTS]; /* exchanges to do */

static const char *const servers[HOSTS] = { "xan", "yob", "zat" };
static const char *const addresses[HOSTS] = { "tcp://xan:7", "tcp4://yob:7",
					      "tcp6://zat:7" };

/* ---- who accepts */

static int answer(gn_sock *s, struct talk *t)
{
	return talk_at_once(s, &t->back, &t->there);
}

static int serve_client(void *arg)
{
	return talk_answer(arg, answer);
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:7", NULL, serve_client);
}

/* ---- who connects */

static int session(gn_sock *s)
{
	struct talk *t = talk_new();
	int result;

	t->there.total = draw(60000);
	t->back.total = draw(20000);
	result = talk_open(t, s);
	if (result == 0)
		result = talk_at_once(s, &t->there, &t->back);
	flow_close(&t->there, s);
	return result;
}

static int client(void *arg)
{
	gn_sock_opts opts = { .send_bytes = chance(2) ? 4096 : 0 };
	unsigned *own = arg, to = ((unsigned)(own - left) + 1) % HOSTS;

	opts.recv_bytes = chance(2) ? 4096 : 0;
	return work_sessions(own, addresses[to], &opts, session);
}

int scene_halfclose(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	talk_forget_all();
	for (unsigned i = 0; i < HOSTS; i++) {
		left[i] = (unsigned)draw_among(2, 4);
		kit_server(servers[i], server, NULL);
	}
	kit_clients(HOSTS, client, left, sizeof *left);
	kit_trouble();
	return kit_run();
}
