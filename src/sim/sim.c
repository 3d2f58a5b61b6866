/*
 * sim.c: programs as hosts of a simulated network: its opening, its run and
 * what is known of it afterwards.  The network itself is a backend (io/sim).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock/clock.h"
#include "error/error.h"
#include "sim/inside.h"
#include "sim/plan.h"

#define LATENCY_NS GN_MSEC

int gni_sim_fail(int code, int sys, const char *operation)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .sys = sys,
					     .operation = operation },
			NULL);
}

static void begin_tape(gn_sim *sim)
{
	const gn_sim_opts *o = &sim->opts;

	if (o->in_order)
		gni_tape_replay(&sim->tape, NULL, 0);
	else if (o->tape)
		gni_tape_replay(&sim->tape, o->tape, o->tape_bytes);
	else
		gni_tape_seed(&sim->tape, o->seed);
}

static int open_network(gn_sim *sim, uint64_t steps_max, const char **why)
{
	struct gni_sim_options o = { .latency_ns = LATENCY_NS,
				     .tape = &sim->tape,
				     .steps_max = steps_max };
	int result = gni_io_off(&o.features_off, why);

	if (sim->opts.latency_ns)
		o.latency_ns = sim->opts.latency_ns;
	if (result == 0)
		result = gni_sim_open(&sim->io, &o);
	return result;
}

static int fail_open(int sys, const char *why)
{
	return gni_fail(&(struct gni_cause){ .code = gni_code_of(sys),
					     .sys = sys,
					     .operation = "sim_open" },
			"%s", why ? why : "");
}

static int make(gn_sim *sim, uint64_t steps_max, const char *story)
{
	const char *why = NULL;
	int result = gni_plan_open(&sim->plan, &sim->opts);

	if (result < 0)
		return result;
	begin_tape(sim);
	result = open_network(sim, steps_max, &why);
	if (result < 0)
		return fail_open(-result, why);
	result = story && *story ? gni_sim_tell(sim->io, story) : 0;
	return result < 0 ? fail_open(-result, "GNEZDO_TRACE") : 0;
}

gn_sim *gni_sim_make(const gn_sim_opts *opts, uint64_t steps_max,
		     const char *story)
{
	gn_sim *sim = calloc(1, sizeof *sim);

	if (!sim) {
		fail_open(ENOMEM, NULL);
		return NULL;
	}
	gni_list_init(&sim->hosts);
	if (opts)
		sim->opts = *opts;
	if (make(sim, steps_max, story) == 0)
		return sim;
	gn_sim_close(sim);
	return NULL;
}

gn_sim *gn_sim_open(const gn_sim_opts *opts)
{
	return gni_sim_make(opts, 0, secure_getenv("GNEZDO_TRACE"));
}

int gn_sim_link(gn_sim *sim, const char *a, const char *b, int64_t latency_ns)
{
	int from, to;

	if (latency_ns < 0 || !sim->io)
		return gni_sim_fail(GN_EINVAL, 0, "sim_link");
	from = gni_sim_place(sim->io, a);
	to = gni_sim_place(sim->io, b);
	if (from < 0 || to < 0)
		return gni_sim_fail(GN_ENAME, 0, "sim_link");
	if (gni_sim_link(sim->io, (unsigned)from, (unsigned)to, latency_ns) < 0)
		return gni_sim_fail(GN_ENOMEM, 0, "sim_link");
	return 0;
}

/* What is open when all has ended was forgotten. */
static void look_for_left(gn_sim *sim)
{
	struct gni_after *a = &sim->after;
	const char *name;

	for (unsigned i = 1; (name = gni_sim_name(sim->io, i)); i++) {
		a->left = gni_sim_descriptors(sim->io, i);
		snprintf(a->left_at, sizeof a->left_at, "%s", name);
		if (a->left > 0)
			return;
	}
}

static int run(gn_sim *sim, struct gni_loop *l)
{
	int result;

	l->order = &sim->tape;
	l->stuck = gni_sim_stuck;
	l->stuck_arg = sim;
	sim->begin = gn_now();
	result = gni_plan_enact(sim);
	if (result == 0)
		result = gni_hosts_run(sim, l);
	gni_loop_finish(l);
	look_for_left(sim);
	gni_loop_abandon(l);
	sim->after.trace = gni_sim_trace(sim->io);
	sim->after.events = gni_sim_events(sim->io);
	gni_sim_fault_counts(sim->io, sim->after.counts);
	if (sim->after.overran)
		return gni_sim_fail(GN_ELIMIT, 0, "sim_run");
	if (sim->after.deadlocked)
		return gni_sim_fail(GN_EDEADLOCK, 0, "sim_run");
	return result;
}

int gn_sim_run(gn_sim *sim)
{
	struct gni_loop *former = gni_loop_mine();
	const gn_time *clock;
	struct gni_loop *l;
	int result;

	if (sim->ran || (former && !gni_loop_on_root(former)))
		return gni_sim_fail(GN_EINVAL, 0, "sim_run");
	sim->ran = true;
	clock = gni_clock_virtual(gni_sim_clock(sim->io));
	l = gni_loop_open(sim->io);
	if (l) {
		gni_loop_enter(l);
		result = run(sim, l);
		gni_loop_enter(former);
		gni_loop_free(l);
		sim->io = NULL;
	} else {
		result = gni_sim_fail(GN_ENOMEM, 0, "sim_run");
	}
	gni_clock_virtual(clock);
	return result;
}

int64_t gn_sim_elapsed(const gn_sim *sim)
{
	return sim->after.elapsed_ns;
}

uint64_t gn_sim_trace(const gn_sim *sim)
{
	return sim->after.trace;
}

uint64_t gn_sim_draw(gn_sim *sim, uint64_t bound)
{
	return gni_tape_draw(&sim->tape, GNI_STREAM_PROGRAM, bound);
}

void gn_sim_close(gn_sim *sim)
{
	if (!sim)
		return;
	gni_hosts_free(sim);
	gni_plan_free(&sim->plan);
	if (sim->io)
		sim->io->backend->close(sim->io);
	free(sim);
}
