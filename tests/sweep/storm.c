/*
 * storm.c: many connect at once, to a listener with a short backlog that rests
 * now and then, closes and listens again.  Whatever comes of a connection, the
 * next one is accepted, and each ticket is stamped in the end.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define FIBERS_MAX 6
#define TICKETS 6

/* A fiber's tickets. */
struct visitor {
	unsigned next; /* the ticket to be stamped */
	unsigned stamped[TICKETS];
};

static struct {
	struct visitor visitors[KIT_CLIENTS_MAX * FIBERS_MAX];
	unsigned hosts, fibers;
} world;

struct ticket {
	uint32_t visitor, number;
};

/* ---- the gate */

static int stamp(void *arg)
{
	gn_sock *s = arg;
	struct ticket t;
	ssize_t n = op_recv_exact(s, &t, sizeof t, work_idle());

	if (n == sizeof t) {
		WANT(t.visitor < world.hosts * world.fibers);
		WANT(t.number <= world.visitors[t.visitor].next);
		world.visitors[t.visitor].stamped[t.number]++;
		n = op_send(s, &t, sizeof t, work_idle());
	}
	op_close(s);
	return (int)n;
}

/* One connection, unless none comes: false when the fiber was cancelled. */
static bool let_in(gn_sock *l, gn_group *g)
{
	gn_time until = draw_until();
	gn_sock *s = NULL;

	if (!chance(4) || op_wait(l, until) == 0)
		s = op_accept(l, until);
	if (!s)
		return !gn_cancelled();
	if (op_go(g, stamp, s) < 0)
		op_close(s);
	return !gn_cancelled();
}

static void keep_gate(gn_sock *l, gn_group *g)
{
	for (uint64_t n = draw_among(5, 60); n > 0 && let_in(l, g); n--)
		if (chance(10) && kit_pause(500 * GN_MSEC) < 0)
			return;
}

static int gate(void *arg)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .keep_going = true });
	gn_sock_opts opts = { .backlog = (int)draw_among(1, 5) };

	(void)arg;
	WANT(g);
	while (!gn_cancelled()) {
		gn_sock *l = op_listen("tcp://:443", &opts);

		if (l)
			keep_gate(l, g);
		op_close(l);
		if (op_sleep(gn_in(GN_MSEC)) < 0)
			break;
	}
	gn_group_close(g);
	return GN_ECANCELED;
}

/* ---- visitors */

/* Comes and goes without a word. */
static int look_in(void)
{
	gn_sock *s = op_connect("tcp://gate:443", NULL, draw_until());

	op_close(s);
	return gn_cancelled() ? GN_ECANCELED : 0;
}

static int have_stamped(struct visitor *v)
{
	struct ticket t = { (uint32_t)(v - world.visitors), v->next }, back;
	gn_sock *s = work_connect("tcp://gate:443", NULL);
	ssize_t n = s ? op_send(s, &t, sizeof t, work_idle()) : gn_code();

	if (n == 0)
		n = op_recv_exact(s, &back, sizeof back, work_idle());
	op_close(s);
	if (n <= 0)
		return n == 0 ? GN_EEND : (int)n;
	WANT_IS(back.visitor, t.visitor);
	WANT_IS(back.number, t.number);
	WANT(v->stamped[t.number] > 0);
	v->next++;
	return 0;
}

static bool has_all(const void *arg)
{
	const struct visitor *v = arg;

	return v->next == TICKETS;
}

static int come(void *arg)
{
	return chance(4) ? look_in() : have_stamped(arg);
}

static int visit(void *arg)
{
	return work_until(has_all, come, arg);
}

static int client(void *arg)
{
	return work_crowd(visit, world.fibers, arg, sizeof(struct visitor));
}

int scene_storm(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	world.hosts = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	world.fibers = (unsigned)draw_among(2, FIBERS_MAX);
	kit_server("gate", gate, NULL);
	for (unsigned i = 0; i < world.hosts * world.fibers; i++)
		world.visitors[i] = (struct visitor){ .next = 0 };
	kit_clients(world.hosts, client, world.visitors,
		    world.fibers * sizeof *world.visitors);
	kit_trouble();
	return kit_run();
}
