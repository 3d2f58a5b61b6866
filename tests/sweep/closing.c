/*
 * closing.c: sockets that are closed while other fibers wait on them.  Each of
 * these gets GN_ECLOSED, at once and once; what had been sent before arrives,
 * in order and with its end; what comes after is nobody's.
 */
#include "ends.h"
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS 2
#define CONNS 3

static unsigned left[HOSTS]; /* rounds to do */

/* A connection of which the near end is closed under way. */
struct conn {
	struct ends ends;
	bool closed;
	gn_time closed_at;
	unsigned waiting;
};

struct round {
	gn_sock *listener;
	bool closed;
	struct conn conns[CONNS];
};

/* ---- those that wait on the near end */

/* What a call on the near end gave: a close is told at its instant. */
static int told(struct conn *c, int result)
{
	if (result != GN_ECLOSED)
		return result;
	WANT(c->closed);
	WANT_IS(kit_late(c->closed_at), 0);
	return 0;
}

static int receive(void *arg)
{
	struct conn *c = arg;
	struct ends *e = &c->ends;
	int result = 0;
	ssize_t n = 1;

	c->waiting++;
	while (result == 0 && n > 0 && !c->closed) {
		n = flow_recv_some(e->in, e->near, work_idle());
		if (n < 0)
			result = told(c, (int)n);
		else if (n > 0 && chance(4))
			result = kit_pause(3 * GN_MSEC);
	}
	c->waiting--;
	return result;
}

/* What was taken before the close is on its way. */
static int send(void *arg)
{
	uint64_t most = draw_among(10, 50);
	struct conn *c = arg;
	struct ends *e = &c->ends;
	int result = 0;

	c->waiting++;
	while (result == 0 && !c->closed && most-- > 0) {
		result = told(c, flow_send_some(e->out, e->near, work_idle()));
		if (result == 0 && !c->closed && chance(2))
			result = kit_pause(3 * GN_MSEC);
	}
	c->waiting--;
	return result;
}

/* ---- those at the far end: who is closed may still hear them out, or not */

static int feed(void *arg)
{
	struct conn *c = arg;
	int result = ends_feed(&c->ends);

	return work_lost(result) ? 0 : result;
}

static int eat(void *arg)
{
	struct conn *c = arg;

	return ends_eat(&c->ends);
}

/* ---- those who come to the listener */

static int accept_some(void *arg)
{
	struct round *r = arg;
	gn_sock *s;

	while (!r->closed && (s = op_accept(r->listener, work_idle())))
		op_close(s);
	return r->closed || gn_code() == GN_ECLOSED ? 0 : gn_code();
}

/* They come while it is closed, and meet it or nobody. */
static int knock(void *arg)
{
	struct round *r = arg;
	gn_addr at;

	gn_sock_local(r->listener, &at);
	for (int i = 0; i < 6; i++) {
		op_close(ends_knock(&at, work_idle()));
		if (kit_pause(5 * GN_MSEC) < 0)
			return gn_code();
	}
	return 0;
}

/* ---- a round */

static int begin_conn(struct round *r, struct conn *c, gn_group *g)
{
	static gn_fiber_fn *const parts[] = { receive, send, feed, eat };
	int result = ends_open(&c->ends, r->listener);

	for (int i = 0; i < 4 && result == 0; i++)
		result = op_go(g, parts[i], c);
	return result;
}

static void close_near(struct conn *c)
{
	gn_sock *near = c->ends.near;

	if (!near)
		return;
	c->closed = true;
	c->closed_at = gn_now();
	c->ends.near = NULL;
	flow_close(c->ends.out, near);
}

static int close_all(struct round *r)
{
	int result = 0;

	for (int i = 0; i < CONNS && result == 0; i++) {
		result = kit_pause(6 * GN_MSEC);
		close_near(&r->conns[i]);
	}
	if (result == 0)
		result = kit_pause(10 * GN_MSEC);
	r->closed = true;
	op_close(r->listener);
	return result;
}

static int play(struct round *r, gn_group *g)
{
	int result = 0;

	for (int i = 0; i < CONNS && result == 0; i++)
		result = begin_conn(r, &r->conns[i], g);
	if (result == 0)
		result = op_go(g, accept_some, r);
	if (result == 0)
		result = op_go(g, knock, r);
	if (result == 0)
		result = close_all(r);
	return work_join(g, result);
}

static int one_round(void)
{
	struct round r = { .listener = op_listen("tcp://127.0.0.1:0", NULL) };
	gn_group *g = gn_group_open(NULL);
	int result = r.listener ? play(&r, g) : gn_code();

	WANT(g);
	gn_group_close(g);
	for (int i = 0; i < CONNS; i++) {
		struct conn *c = &r.conns[i];

		close_near(c);
		WANT_IS(c->waiting, 0);
		ends_close(&c->ends);
		if (result == 0)
			WANT(c->ends.out->ended);
	}
	if (!r.closed)
		op_close(r.listener);
	return result;
}

static int client(void *arg)
{
	return work_repeat(arg, one_round);
}

int scene_closing(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	op_without_rest();
	flow_forget_all();
	for (unsigned i = 0; i < HOSTS; i++)
		left[i] = (unsigned)draw_among(1, 2);
	kit_clients(HOSTS, client, left, sizeof *left);
	kit_trouble_inside();
	return kit_run();
}
