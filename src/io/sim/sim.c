/*
 * sim.c: the simulation as a backend: its opening, its wait, its clock and its
 * trace.  It is the only file that moves time, and it does so only when there
 * is nothing left to do.
 */
#include "io/sim/sim.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "io/sim/localname.h"
#include "io/sim/note.h"
#include "io/sim/op.h"
#include "io/sim/wire.h"

/* Before any instant that a test may reckon back to. */
#define BEGIN_NS GN_SEC

/* So that no reckoning of a program with its clock comes near the end. */
#define LEAP_NS_MAX (INT64_MAX / 4)

/* More than any connection probes until it gives up: TCP_KEEPCNT's 127. */
#define QUIET_TURNS_MAX 200

const gn_time *gni_sim_clock(struct gni_io *io)
{
	return &gni_net_of(io)->clock;
}

struct gni_tape *gni_sim_tape(struct gni_io *io)
{
	return gni_net_of(io)->tape;
}

void gni_net_plan_at(struct gni_net *net, struct gni_moment *m, gn_time due)
{
	gni_moment_set(&net->moments, m, due, gni_draw_tie(net->tape));
}

void gni_net_plan(struct gni_net *net, struct gni_moment *m, int64_t in_ns)
{
	gni_net_plan_at(net, m, gn_time_add(net->now, in_ns));
}

static void set_now(struct gni_net *net, gn_time now)
{
	net->now = now;
	net->clock = gn_time_add(now, net->leap_ns);
}

void gni_net_leap(struct gni_place *place, int64_t ns)
{
	struct gni_net *net = place->net;

	gni_net_note(net, place, "leap", ns);
	if (ns < 0) {
		place->stepped_ns += ns;
		return;
	}
	if (ns > LEAP_NS_MAX - net->leap_ns)
		ns = LEAP_NS_MAX - net->leap_ns;
	net->leap_ns += ns;
	set_now(net, net->now);
}

/* The network's instant of one that a program means. */
static gn_time to_network(const struct gni_net *net, gn_time at)
{
	return gn_time_add(at, at.ns == GN_NEVER.ns ? 0 : -net->leap_ns);
}

static void fire_due(struct gni_net *net)
{
	struct gni_moment *m;

	while ((m = net->moments.first) && !gn_time_before(net->now, m->due)) {
		gni_moment_clear(&net->moments, m);
		m->fire(m);
	}
}

/* Nothing is planned but what would go on without end, and it has gone on for
 * long enough that it would have come to something. */
static bool goes_in_circles(const struct gni_net *net)
{
	const struct gni_moments *all = &net->moments;

	return all->planned == all->quiet &&
	       net->quiet_turns >= all->quiet * QUIET_TURNS_MAX;
}

/* Moves to the next instant at which something happens; false when the wait
 * is over instead. */
static bool advance(struct gni_net *net, gn_time until)
{
	const struct gni_moment *m = net->moments.first;
	gn_time next = m ? m->due : GN_NEVER;
	gn_time at = gn_time_earlier(next, until);

	if (until.ns == GN_NEVER.ns && goes_in_circles(net)) {
		net->io.stuck = true;
		return false;
	}
	if (gn_time_before(net->now, at))
		set_now(net, at);
	return m && !gn_time_before(until, next);
}

/* A run that goes on for ever is stopped; what then still goes on, for good. */
static bool overruns(struct gni_net *net)
{
	if (++net->waits + net->trace.count <= net->steps_max ||
	    net->steps_max == 0)
		return false;
	GNI_CHECK(!net->overran,
		  "simulation: it goes on though all was cancelled");
	net->overran = true;
	net->steps_max *= 2;
	net->io.stuck = true;
	return true;
}

static void sim_wait(struct gni_io *io, gn_time until)
{
	struct gni_net *net = gni_net_of(io);

	do {
		if (overruns(net))
			return;
		fire_due(net);
	} while (gni_op_deliver(net) == 0 && !atomic_load(&net->woken) &&
		 (!gni_list_empty(&net->ready) ||
		  advance(net, to_network(net, until))));
	atomic_store(&net->woken, false);
}

static void sim_wake(struct gni_io *io)
{
	atomic_store(&gni_net_of(io)->woken, true);
}

static void sim_enter(struct gni_io *io, unsigned place, const char *fiber)
{
	struct gni_net *net = gni_net_of(io);

	GNI_CHECK(place <= net->place_count, "simulation: there is no host %u",
		  place);
	net->here = place;
	net->fiber = fiber;
}

static void free_descriptors(struct gni_net *net)
{
	for (size_t i = 0; i < net->node_max; i++)
		if (net->nodes[i])
			gni_node_close(net->nodes[i]);
	free(net->nodes);
}

static void free_network(struct gni_net *net)
{
	struct gni_list *m;

	gni_mishaps_free(net);
	while ((m = gni_list_pop(&net->wires)))
		gni_wire_free(GNI_OWNER(m, struct gni_wire, link));
	while ((m = gni_list_pop(&net->flying)))
		gni_parcel_free(GNI_OWNER(m, struct gni_parcel, link));
	for (unsigned i = 1; i <= net->place_count; i++)
		gni_place_free(net->places[i]);
}

static void sim_close(struct gni_io *io)
{
	struct gni_net *net = gni_net_of(io);

	GNI_CHECK(net->in == 0,
		  "simulation: closed while %zu operations are in", net->in);
	free_descriptors(net);
	free_network(net);
	gni_trace_end(&net->trace);
	gni_tape_watch(net->tape, NULL, NULL); /* who draws on, draws unseen */
	free(net);
}

static const struct gni_backend backend = {
	.name = "simulation",
	.calls = &gni_sim_calls,
	.submit = gni_op_submit,
	.cancel = gni_op_cancel,
	.wait = sim_wait,
	.wake = sim_wake,
	.enter = sim_enter,
	.note = gni_note_add,
	.close = sim_close,
};

int gni_sim_open(struct gni_io **io, const struct gni_sim_options *options)
{
	struct gni_net *net;

	if (options->latency_ns < 0)
		return -EINVAL;
	net = calloc(1, sizeof *net);
	if (!net)
		return -ENOMEM;
	net->io.backend = &backend;
	net->io.multishot = !(options->features_off & GNI_FEATURE_MULTISHOT);
	set_now(net, (gn_time){ BEGIN_NS });
	gni_mishaps_init(net);
	net->latency_ns = options->latency_ns;
	gni_trace_begin(&net->trace, net->now);
	net->steps_max = options->steps_max;
	net->tape = options->tape ? options->tape : &net->own_tape;
	if (options->in_order)
		gni_tape_replay(&net->own_tape, NULL, 0);
	else
		gni_tape_seed(&net->own_tape, options->seed);
	gni_list_init(&net->ready);
	gni_list_init(&net->flying);
	gni_list_init(&net->wires);
	*io = &net->io;
	return 0;
}
