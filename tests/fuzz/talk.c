/*
 * talk.c: the simulated stream.
 */
#include "talk.h"

#include <stdlib.h>

#include <gnezdo/sim.h>

#include "target.h"

#define PORT "7000"
#define GAP_NS (250 * GN_USEC)

static int send_pieces(const struct talk *t, gn_sock *s)
{
	size_t sent = 0;

	for (size_t i = 0; sent < t->len; i++) {
		size_t len = t->len - sent;
		int64_t gap_ns = 0;

		if (t->cuts.count > 0) {
			unsigned cut = t->cuts.at[i % t->cuts.count];
			size_t piece = (cut & 63) + 1;

			len = piece < len ? piece : len;
			gap_ns = (cut >> 6) * GAP_NS;
		}
		WANT(gn_send(s, t->bytes + sent, len, GN_NEVER) == 0);
		sent += len;
		if (gap_ns > 0)
			WANT(gn_sleep(gn_in(gap_ns)) == 0);
	}
	return gn_shutdown(s, GN_NEVER);
}

/* ---- a pair on one host */

struct end {
	const struct talk *talk;
	gn_sock *s;
};

static int send_end(void *arg)
{
	struct end *e = arg;

	return send_pieces(e->talk, e->s);
}

static int here(void *arg)
{
	const struct talk *t = arg;
	gn_group *g = gn_group_open(NULL);
	struct end sender = { t, NULL };
	gn_sock *s[2];

	WANT(g && gn_pair(GN_UNIX, s) == 0);
	sender.s = s[1];
	WANT(gn_go(g, send_end, &sender) == 0);
	t->read(s[0], t->arg);
	WANT(gn_group_wait(g, GN_NEVER) == 0);
	gn_close(s[0]);
	gn_close(s[1]);
	gn_group_close(g);
	return 0;
}

/* ---- a connection between two hosts */

static int far(void *arg)
{
	const struct talk *t = arg;
	gn_sock *l = gn_listen("tcp://:" PORT, NULL);
	gn_sock *s = l ? gn_accept(l, GN_NEVER) : NULL;

	WANT(s);
	WANT(send_pieces(t, s) == 0);
	gn_close(s);
	gn_close(l);
	return 0;
}

static int near(void *arg)
{
	const struct talk *t = arg;
	gn_sock *s;

	while (!(s = gn_connect("tcp://far:" PORT, NULL, GN_NEVER))) {
		WANT(gn_code() == GN_EREFUSED);
		WANT(gn_sleep(gn_in(GN_MSEC)) == 0);
	}
	t->read(s, t->arg);
	gn_close(s);
	return 0;
}

void talk_run(const struct talk *t)
{
	gn_sim_opts opts = { .seed = t->seed, .in_order = t->seed == 0 };
	/* It is only read. */
	void *arg = (void *)(uintptr_t)t;
	gn_sim *sim;

	WANT(setenv("GNEZDO_OFF", t->one_shot ? "multishot" : "", 1) == 0);
	sim = gn_sim_open(&opts);
	WANT(sim);
	if (t->tcp) {
		WANT(gn_sim_host(sim, "far", far, arg) == 0);
		WANT(gn_sim_host(sim, "near", near, arg) == 0);
	} else {
		WANT(gn_sim_host(sim, "here", here, arg) == 0);
	}
	WANT(gn_sim_run(sim) == 0);
	gn_sim_close(sim);
}
