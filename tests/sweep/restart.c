/*
 * restart.c: servers that go away and come back, and clients that hold on to
 * them without a deadline: a peer that is gone is noticed, by its end, by its
 * reset or by its silence, and the next connection finds the server that is
 * there now.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define SERVERS 2
#define ERRANDS_MAX 30
#define ALIVE_NS (3 * GN_SEC)

/* Silence is noticed within the dead-peer time, and some: the first probe
 * waits for the connection to be idle, the last for its answer. */
#define NOTICED_NS (4 * ALIVE_NS)

static struct {
	uint32_t life[SERVERS]; /* how often each server has begun */
	unsigned left[KIT_CLIENTS_MAX];
} world;

static const char *const server_names[SERVERS] = { "one", "two" };
static const char *const addresses[SERVERS] = { "tcp://one:7", "tcp://two:7" };

struct answer {
	uint32_t number, life;
};

/* ---- the servers */

static int index_here(void)
{
	return gn_sim_host_name()[0] == 'o' ? 0 : 1;
}

static int serve_client(void *arg)
{
	gn_sock *s = arg;
	struct answer a = { .life = world.life[index_here()] };
	ssize_t n;

	while ((n = op_recv_exact(s, &a.number, sizeof a.number, GN_NEVER)) >
	       0) {
		n = op_send(s, &a, sizeof a, GN_NEVER);
		if (n == 0 && chance(8))
			n = kit_pause(100 * GN_MSEC);
		if (n < 0)
			break;
	}
	op_close(s);
	return (int)n;
}

static int live(void *arg)
{
	gn_sock_opts opts = { .alive_ns = ALIVE_NS,
			      .linger_ns = (int64_t)draw_among(1, GN_SEC) };

	(void)arg;
	return work_accept("tcp://:7", &opts, serve_client);
}

static int server(void *arg)
{
	unsigned i = *(const unsigned *)arg;
	int result = 0;

	while (result == 0) {
		gn_group *g = gn_group_open(NULL);

		WANT(g);
		world.life[i]++;
		result = op_go(g, live, NULL);
		if (result == 0)
			result = op_group_wait(g, gn_in(draw_ns(3 * GN_SEC)));
		gn_group_close(g);
		WANT(result == GN_ETIMEOUT || gn_cancelled());
		result = kit_pause(GN_SEC);
	}
	return result;
}

/* ---- clients */

/* One question; a lost server is noticed though nothing says when. */
static int ask(gn_sock *s, unsigned server, uint32_t number)
{
	uint32_t before = world.life[server];
	gn_time begun = gn_now();
	struct answer a;
	ssize_t n = op_send(s, &number, sizeof number, GN_NEVER);

	if (n == 0)
		n = op_recv_exact(s, &a, sizeof a, GN_NEVER);
	if (n == sizeof a) {
		WANT_IS(a.number, number);
		WANT(a.life <= world.life[server]);
		return 0;
	}
	if (world.life[server] == before)
		WANT(kit_late(gn_time_add(begun, KIT_HEAL_NS + NOTICED_NS)) <=
		     0);
	return n == 0 ? GN_EEND : (int)n;
}

static int errand(void *arg)
{
	unsigned *left = arg;
	unsigned server = (unsigned)draw(SERVERS);
	gn_sock_opts opts = { .alive_ns = ALIVE_NS };
	gn_sock *s = work_connect(addresses[server], &opts);
	int result = s ? 0 : gn_code();

	for (uint64_t n = draw_among(1, 8); n > 0 && *left > 0; n--) {
		if (result == 0)
			result = ask(s, server, *left);
		*left -= result == 0;
		if (result == 0 && chance(3))
			result = kit_pause(500 * GN_MSEC);
	}
	op_close(s);
	return result;
}

static bool is_done(const void *left)
{
	return *(const unsigned *)left == 0;
}

static int client(void *arg)
{
	return work_until(is_done, errand, arg);
}

int scene_restart(gn_sim *sim, void *arg)
{
	static unsigned numbers[SERVERS] = { 0, 1 };
	unsigned clients;

	(void)arg;
	kit_begin(sim);
	clients = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	for (unsigned i = 0; i < SERVERS; i++) {
		world.life[i] = 0;
		kit_server(server_names[i], server, &numbers[i]);
	}
	for (unsigned i = 0; i < clients; i++)
		world.left[i] = (unsigned)draw_among(10, ERRANDS_MAX);
	kit_clients(clients, client, world.left, sizeof *world.left);
	kit_trouble();
	return kit_run();
}
