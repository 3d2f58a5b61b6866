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

const gn_time *gni_sim_clock(struct gni_io *io)
{
	return &gni_net_of(io)->now;
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

static void fire_due(struct gni_net *net)
{
	struct gni_moment *m;

	while ((m = net->moments.first) && !gn_time_before(net->now, m->due)) {
		gni_moment_clear(&net->moments, m);
		m->fire(m);
	}
}

/* Moves to the next instant at which something happens; false when the wait
 * is over instead. */
static bool advance(struct gni_net *net, gn_time until)
{
	const struct gni_moment *m = net->moments.first;
	gn_time next = m ? m->due : GN_NEVER;
	gn_time at = gn_time_earlier(next, until);

	if (at.ns == GN_NEVER.ns) {
		net->io.stuck = true;
		return false;
	}
	if (gn_time_before(net->now, at))
		net->now = at;
	return m && !gn_time_before(until, next);
}

static void sim_wait(struct gni_io *io, gn_time until)
{
	struct gni_net *net = gni_net_of(io);

	do {
		fire_due(net);
	} while (gni_op_deliver(net) == 0 && !atomic_load(&net->woken) &&
		 advance(net, until));
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
	net->now = (gn_time){ BEGIN_NS };
	net->latency_ns = options->latency_ns;
	gni_trace_begin(&net->trace, net->now);
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
