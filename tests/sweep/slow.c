/*
 * slow.c: readers that are slow, or rest altogether, and senders that are not.
 * What is under way between them stays within what their buffers may hold;
 * all of it comes in the end.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "sock/sock.h"
#include "talk.h"
#include "work.h"

#define CLIENTS 3

/* Both kernels' buffers (64 KiB each here), what a socket holds unread beside
 * them and what comes before it can say that this is enough, what the other
 * gathers while as much is under way, and one call's bytes. */
#define HELD_MAX \
	(2 * 65536 + GNI_RECV_AHEAD + 2 * 4096 + 2 * GNI_SEND_QUEUE + FLOW_MOST)

#define PATIENCE_NS (120 * GN_SEC)

static unsigned left[CLIENTS]; /* sessions to do */

/* ---- the readers */

static int read_slowly(gn_sock *s, struct talk *t)
{
	uint64_t rests = draw_among(4, 40);
	ssize_t n;

	while ((n = flow_recv_some(&t->there, s, work_idle())) > 0)
		if (chance(rests) && kit_pause(GN_SEC) < 0)
			return gn_code();
	/* One byte back tells that all has come. */
	return n == 0 ? op_send(s, "", 1, work_idle()) : (int)n;
}

static int serve_client(void *arg)
{
	return talk_answer(arg, read_slowly);
}

static int server(void *arg)
{
	gn_sock_opts opts = { .recv_bytes = chance(2) ? 8192 : 0 };

	(void)arg;
	return work_accept("tcp://:9", &opts, serve_client);
}

/* ---- the senders */

static int session(gn_sock *s)
{
	struct talk *t = talk_new();
	int result;
	char byte;

	t->there.total = draw_among(15000, 150000);
	t->there.held_max = HELD_MAX;
	result = talk_open(t, s);
	if (result == 0)
		result = flow_say(&t->there, s, gn_in(PATIENCE_NS));
	if (result == 0)
		result = (int)op_recv(s, &byte, 1, gn_in(PATIENCE_NS));
	flow_close(&t->there, s);
	if (result > 0)
		WANT_IS((long long)t->there.got, (long long)t->there.total);
	return result == 0 ? GN_EEND : result;
}

static int client(void *arg)
{
	gn_sock_opts opts = { .send_bytes = chance(2) ? 8192 : 0 };

	return work_sessions(arg, "tcp://server:9", &opts, session);
}

int scene_slow(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	talk_forget_all();
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		left[i] = 2;
	kit_clients(CLIENTS, client, left, sizeof *left);
	kit_trouble();
	return kit_run();
}
