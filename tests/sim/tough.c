/*
 * tough.c: two clients have errands at a server by TCP and UDP, and each asks a
 * helper of its own by a Unix socket.  Nobody minds a failure but everybody
 * heeds a cancel.
 */
#include "tough.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <gnezdo.h>

#define ERRANDS 8
#define PATIENCE gn_in(2 * GN_SEC)

struct world {
	gn_sim *sim;
	int done; /* errands */
};

static uint64_t draw(struct world *w, uint64_t bound)
{
	return gn_sim_draw(w->sim, bound);
}

/* ---- the server */

static int echo(gn_sock *client, void *arg)
{
	char text[64];
	ssize_t n;

	(void)arg;
	while ((n = gn_recv(client, text, sizeof text, PATIENCE)) > 0)
		if (gn_send(client, text, (size_t)n, PATIENCE) < 0)
			break;
	return 0;
}

static int answer(void *arg)
{
	char text[64];
	gn_addr from;
	ssize_t n = 0;

	(void)arg;
	while (n != GN_ECANCELED) {
		gn_auto gn_sock *s = gn_bind("udp://:8", NULL);

		while (s && (n = gn_recvfrom(s, text, sizeof text, &from,
					     GN_NEVER)) >= 0)
			if (gn_sendto(s, text, (size_t)n, &from, PATIENCE) ==
			    GN_ECANCELED)
				break;
		if (gn_sleep(gn_in(50 * GN_MSEC)) < 0)
			break;
	}
	return 0;
}

static int server(void *arg)
{
	gn_group *g = gn_group_open(NULL);

	if (g && gn_go(g, answer, arg) == 0)
		while (gn_serve("tcp://:7", echo, NULL, NULL) < 0)
			if (gn_sleep(gn_in(50 * GN_MSEC)) < 0)
				break;
	gn_group_close(g);
	return 0;
}

/* ---- errands: each tells whether it was done */

static bool by_tcp(struct world *w)
{
	gn_time until = PATIENCE;
	gn_auto gn_sock *s = gn_connect("tcp://server:7", NULL, until);
	size_t len = 1 + (size_t)draw(w, 40);
	char text[64] = "forty-one bytes that come back as they went";
	char back[64];

	return s && gn_send(s, text, len, until) == 0 &&
	       gn_shutdown(s, until) == 0 &&
	       gn_recv_exact(s, back, len, until) == (ssize_t)len &&
	       memcmp(text, back, len) == 0;
}

static bool by_udp(struct world *w)
{
	gn_time until = gn_in(200 * GN_MSEC);
	gn_auto gn_sock *s = gn_connect("udp://server:8", NULL, until);
	char text[64];

	(void)w;
	return s && gn_send(s, "datagram", 8, until) == 0 &&
	       gn_recv(s, text, sizeof text, until) == 8;
}

static int help(void *arg)
{
	gn_sock *s = arg;
	char c;

	while (gn_recv(s, &c, 1, PATIENCE) == 1)
		if (gn_send(s, &c, 1, PATIENCE) < 0)
			break;
	gn_close(s);
	return 0;
}

static bool by_helper(struct world *w)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *pair[2];
	bool done = false;
	char c;

	if (g && gn_pair(GN_UNIX, pair) == 0) {
		if (gn_go(g, help, pair[1]) < 0)
			gn_close(pair[1]);
		done = gn_send(pair[0], "?", 1, PATIENCE) == 0 &&
		       (draw(w, 4) == 3 ||
			gn_recv(pair[0], &c, 1, PATIENCE) == 1);
		gn_close(pair[0]);
	}
	gn_group_close(g);
	return done;
}

static int client(void *arg)
{
	static bool (*const errands[])(struct world *w) = { by_tcp, by_udp,
							    by_helper };
	struct world *w = arg;

	for (int i = 0; i < ERRANDS; i++) {
		w->done += errands[draw(w, 3)](w);
		if (gn_sleep(gn_in((int64_t)draw(w, 30) * GN_MSEC)) < 0)
			return gn_code();
	}
	return 0;
}

int tough_run(gn_sim *sim, void *arg)
{
	struct world w = { .sim = sim };

	(void)arg;
	if (gn_sim_service(sim, "server", server, &w) < 0 ||
	    gn_sim_host(sim, "anna", client, &w) < 0 ||
	    gn_sim_host(sim, "boris", client, &w) < 0)
		return gn_code();
	return gn_sim_run(sim);
}
