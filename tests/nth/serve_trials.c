/*
 * serve_trials.c: a server and its client, who asks it to end.
 */
#include <string.h>

#include "nth.h"

struct stage {
	gn_group *servers, *clients;
	const char *asked;
	char address[GN_ADDR_TEXT_MAX];
	int begun; /* the client's start, or why it could not */
	bool greeted;
};

static int greet(gn_sock *client, void *arg)
{
	struct stage *g = arg;
	gn_addr from;
	char buf[8];
	ssize_t n;

	if (gn_sock_kind(client) == GN_UDP) {
		WAIT(n, gn_recvfrom(client, buf, sizeof buf, &from, SLICE));
		STEP(gn_sendto(client, "hello", 5, &from, SOON));
	} else {
		WAIT(n, gn_recv(client, buf, sizeof buf, SLICE));
		STEP(gn_send(client, "hello", 5, SOON));
	}
	g->greeted = true;
	return 0;
}

static int be_greeted(struct stage *g)
{
	gn_auto gn_sock *s = NULL;
	char buf[8];
	ssize_t n;

	MAKE(s, gn_connect(g->address, NULL, SOON));
	STEP(gn_send(s, "hi", 2, SOON));
	WAIT(n, gn_recv(s, buf, sizeof buf, SLICE));
	/* A server that found no memory for its client closes it. */
	WANT(n <= 5 && memcmp(buf, "hello", (size_t)n) == 0);
	return 0;
}

static int client(void *arg)
{
	struct stage *g = arg;
	int result = be_greeted(g);

	gn_group_cancel(g->servers);
	return result;
}

static void ready(gn_sock *listener, void *arg)
{
	struct stage *g = arg;

	nth_address(listener, g->address);
	g->begun = nth_judge(__FILE__, __LINE__, "gn_go",
			     gn_go(g->clients, client, g));
	if (g->begun < 0)
		gn_group_cancel(g->servers);
}

static int server(void *arg)
{
	struct stage *g = arg;
	gn_serve_opts opts = { .ready = ready, .grace_ns = 20 * GN_MSEC };

	STEP(gn_serve(g->asked, greet, g, &opts));
	return 0;
}

static int sleep_on(void *arg)
{
	int result = gn_sleep(GN_NEVER);

	(void)arg;
	WANT(result < 0);
	return result;
}

/* As many others that the next fiber but two, a handler, needs more room. */
static int add_others(gn_group *others)
{
	for (int i = gn_sim_host_name() ? 1 : 0; i < 13; i++)
		STEP(gn_go(others, sleep_on, NULL));
	return 0;
}

static int serve_at(const char *address)
{
	gn_group_auto gn_group *others = NULL, *servers = NULL,
			       *clients = NULL;
	struct stage g = { .asked = address };

	MAKE(others, gn_group_open(NULL));
	STEP(add_others(others));
	MAKE(servers, gn_group_open(NULL));
	MAKE(clients, gn_group_open(NULL));
	g.servers = servers;
	g.clients = clients;
	STEP(gn_go(servers, server, &g));
	STEP(gn_group_wait(servers, SOON));
	STEP(gn_group_wait(clients, SOON));
	WANT(g.greeted || nth_struck());
	return g.begun;
}

static int serves(void)
{
	int result = serve_at("tcp://127.0.0.1:0");

	return result < 0 ? result : serve_at("udp://127.0.0.1:0");
}

const struct nth_trial serve_trials[] = {
	{ "gn_serve", serves, 0 },
	{ 0 },
};
