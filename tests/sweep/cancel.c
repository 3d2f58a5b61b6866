/*
 * cancel.c: groups that are cancelled in the midst of everything.  What a
 * fiber was doing then has exactly one outcome: bytes it took or sent are
 * counted, those it did not are still there for the next, and every fiber has
 * ended when its group has.
 */
#include "ends.h"
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS 3
#define ROUNDS_MAX 2

/* What a goodbye takes, when it is not as long as it may be. */
#define GOODBYE_NS (2 * GN_SEC)

static unsigned left[HOSTS]; /* rounds to do */

/* One round of a host: who is cancelled uses the near end, who is not the far
 * one. */
struct round {
	struct ends ends;
	gn_sock *listener;
	gn_chan *chan;
	unsigned sent, received; /* items of the channel */
	unsigned begun, ended;
	int64_t goodbye_ns; /* the longest that one of them takes */
	gn_time cancelled_at;
};

/* ---- those that are cancelled: each does one thing until then */

static int receive(struct round *r)
{
	struct ends *e = &r->ends;
	ssize_t n;

	do {
		n = flow_recv_some(e->in, e->near, GN_NEVER);
	} while (n > 0);
	return (int)n;
}

/* Time passes only when everybody waits: so it rests. */
static int send(struct round *r)
{
	struct ends *e = &r->ends;
	int result;

	do {
		result = flow_send_some(e->out, e->near, GN_NEVER);
		if (result == 0)
			result = op_sleep(gn_in(GN_USEC));
	} while (result == 0);
	return result;
}

static int accept_all(struct round *r)
{
	gn_sock *s;

	while ((s = op_accept(r->listener, GN_NEVER)))
		op_close(s);
	return gn_code();
}

static int connect_all(struct round *r)
{
	gn_addr at;

	gn_sock_local(r->listener, &at);
	do {
		gn_sock *s = ends_knock(&at, GN_NEVER);

		if (!s)
			return gn_code();
		op_close(s);
	} while (op_sleep(gn_in(GN_MSEC)) == 0);
	return gn_code();
}

static int connect_elsewhere(struct round *r)
{
	static const char *const addresses[] = { "tcp://ann:1", "tcp://bob:9",
						 "tcp://10.0.0.77:5" };
	gn_sock *s;

	(void)r;
	do {
		s = op_connect(addresses[draw(3)], NULL, gn_in(10 * GN_SEC));
		op_close(s);
	} while (op_sleep(gn_in(GN_MSEC)) == 0);
	return gn_code();
}

static int put_items(struct round *r)
{
	int result;

	do {
		result = op_chan_send(r->chan, &r->sent, GN_NEVER);
		r->sent += result == 0;
		if (result == 0 && chance(3))
			result = kit_pause(GN_MSEC);
		/* Time passes, also where choices are plain. */
		if (result == 0 && r->sent % 64 == 0)
			result = op_sleep(gn_in(GN_MSEC));
	} while (result == 0);
	return result;
}

static int take_items(struct round *r)
{
	unsigned item;
	int result;

	while ((result = op_chan_recv(r->chan, &item, GN_NEVER)) == 0)
		WANT_IS(item, r->received++);
	return result;
}

static int doze(struct round *r)
{
	(void)r;
	while (op_sleep(gn_in(draw_ns(5 * GN_MSEC))) == 0)
		;
	return gn_code();
}

/* Children of its own, which end before it does. */
static int doze_arg(void *arg)
{
	return doze(arg);
}

static int have_children(struct round *r)
{
	gn_group *g = gn_group_open(&(gn_group_opts){
		.until = chance(2) ? draw_until() : GN_NEVER });
	int result = 0;

	WANT(g);
	for (int i = 0; i < 3 && result == 0; i++)
		result = op_go(g, doze_arg, r);
	work_join(g, result);
	gn_group_close(g);
	return gn_cancelled() ? GN_ECANCELED : 0;
}

/* Asking for one stretch after another makes them no longer. */
static int cling(struct round *r)
{
	while (op_sleep(gn_in(20 * GN_MSEC)) == 0)
		;
	r->goodbye_ns = GN_SHIELD_MAX;
	do {
		gn_shield(gn_in(draw_ns(2 * GN_SEC)));
	} while (op_sleep(gn_in(GN_SEC)) == 0 ||
		 gn_since(r->cancelled_at) < GN_SHIELD_MAX);
	WANT_IS(kit_late(gn_time_add(r->cancelled_at, GN_SHIELD_MAX)), 0);
	return GN_ECANCELED;
}

/* A cancelled fiber may say goodbye for a while, and only so long. */
static int say_goodbye(struct round *r)
{
	int64_t ns = (int64_t)draw(GOODBYE_NS);
	int result;

	while (op_sleep(gn_in(20 * GN_MSEC)) == 0)
		;
	if (r->goodbye_ns < ns)
		r->goodbye_ns = ns;
	gn_shield(gn_in(ns));
	WANT(ns == 0 || !gn_cancelled());
	result = op_sleep(gn_in(ns / 2));
	if (!kit_leapt())
		WANT_IS(result, ns == 0 ? GN_ECANCELED : 0);
	if (chance(2))
		gn_unshield();
	WANT_IS(op_sleep(gn_in(GN_HOUR)), GN_ECANCELED);
	WANT(kit_late(gn_time_add(r->cancelled_at, ns)) <= 0);
	return GN_ECANCELED;
}

static int (*const deeds[])(struct round *r) = {
	receive,	   send,	accept_all, connect_all,
	connect_elsewhere, put_items,	take_items, doze,
	have_children,	   say_goodbye, cling,
};

#define DEEDS (sizeof deeds / sizeof *deeds)

struct victim {
	struct round *round;
	int (*does)(struct round *r);
};

static int be_cancelled(void *arg)
{
	struct victim v = *(struct victim *)arg;
	int result;

	v.round->begun++;
	result = v.does(v.round);
	v.round->ended++;
	/* What it does next fails in the same way. */
	if (result == GN_ECANCELED)
		WANT_IS(op_sleep(GN_NEVER), GN_ECANCELED);
	return 0;
}

/* ---- a round */

static int cancel_in_the_midst(struct round *r)
{
	gn_group *g = gn_group_open(NULL);
	struct victim v[DEEDS];
	int result = 0;

	WANT(g);
	for (size_t i = 0; i < DEEDS; i++) {
		v[i] = (struct victim){ r, deeds[i] };
		if (chance(4))
			continue;
		result = op_go(g, be_cancelled, &v[i]);
		if (result < 0)
			break;
	}
	if (result == 0)
		result = kit_pause(chance(3) ? 20 * GN_MSEC : 5 * GN_MSEC);
	r->cancelled_at = gn_now();
	gn_group_cancel(g);
	result = work_join(g, result);
	gn_group_close(g);
	WANT_IS(r->ended, r->begun);
	WANT(kit_late(gn_time_add(r->cancelled_at, r->goodbye_ns)) <= 0);
	return result;
}

/* What was begun goes on where it was broken off. */
static int go_on(struct round *r)
{
	struct ends *e = &r->ends;
	unsigned item;
	int result;
	ssize_t n;

	while ((n = flow_recv(e->in, e->near, FLOW_MOST, work_idle())) > 0)
		;
	if (n < 0)
		return (int)n;
	WANT(e->in->ended);
	result = flow_send(e->out, e->near, 100, work_idle());
	if (result == 0)
		result = flow_finish(e->out, e->near, work_idle());
	while (result == 0 && op_chan_recv(r->chan, &item, GN_NOW) == 0)
		WANT_IS(item, r->received++);
	if (result == 0)
		WANT_IS(r->received, r->sent);
	return result;
}

static int play(struct round *r)
{
	gn_group *g = gn_group_open(NULL);
	int result = ends_open(&r->ends, r->listener);

	WANT(g);
	if (result == 0)
		result = op_go(g, ends_feed, &r->ends);
	if (result == 0)
		result = op_go(g, ends_eat, &r->ends);
	if (result == 0)
		result = cancel_in_the_midst(r);
	if (result == 0)
		result = go_on(r);
	result = work_join(g, result);
	gn_group_close(g);
	if (result == 0)
		WANT(r->ends.in->ended && r->ends.out->ended);
	return result;
}

static int one_round(void)
{
	struct round r = { .listener = op_listen("tcp://127.0.0.1:0", NULL) };
	int result;

	r.chan = gn_chan_open(sizeof(unsigned), (size_t)draw_among(1, 4));
	WANT(r.chan);
	result = r.listener ? play(&r) : gn_code();
	ends_close(&r.ends);
	op_close(r.listener);
	gn_chan_close(r.chan);
	return result;
}

static int client(void *arg)
{
	return work_repeat(arg, one_round);
}

int scene_cancel(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	flow_forget_all();
	for (unsigned i = 0; i < HOSTS; i++)
		left[i] = (unsigned)draw_among(1, ROUNDS_MAX);
	kit_clients(HOSTS, client, left, sizeof *left);
	kit_trouble_inside();
	return kit_run();
}
