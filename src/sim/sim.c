/*
 * sim.c: programs as hosts of a simulated network: its opening, its run and
 * what is known of it afterwards.  The network itself is a backend (io/sim).
 */
#include <errno.h>
#include <stdlib.h>

#include "clock/clock.h"
#include "error/error.h"
#include "sim/inside.h"

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
	if (sim->opts.in_order)
		gni_tape_replay(&sim->tape, NULL, 0);
	else
		gni_tape_seed(&sim->tape, sim->opts.seed);
}

static int open_network(gn_sim *sim, const char **why)
{
	struct gni_sim_options o = { .latency_ns = LATENCY_NS };
	const char *to = secure_getenv("GNEZDO_TRACE");
	int result = gni_io_off(&o.features_off, why);

	if (result < 0)
		return result;
	begin_tape(sim);
	o.tape = &sim->tape;
	if (sim->opts.latency_ns)
		o.latency_ns = sim->opts.latency_ns;
	result = gni_sim_open(&sim->io, &o);
	if (result == 0 && to && *to)
		result = gni_sim_tell(sim->io, to);
	if (result < 0 && sim->io)
		*why = "GNEZDO_TRACE names a file that cannot be written";
	return result;
}

gn_sim *gn_sim_open(const gn_sim_opts *opts)
{
	gn_sim *sim = calloc(1, sizeof *sim);
	const char *why = NULL;
	int result = -ENOMEM;

	if (sim) {
		gni_list_init(&sim->hosts);
		if (opts)
			sim->opts = *opts;
		result = open_network(sim, &why);
	}
	if (result == 0)
		return sim;
	gn_sim_close(sim);
	gni_fail(&(struct gni_cause){ .code = gni_code_of(-result),
				      .sys = -result,
				      .operation = "sim_open" },
		 "%s", why ? why : "");
	return NULL;
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
		l->order = &sim->tape;
		l->stuck = gni_sim_stuck;
		l->stuck_arg = sim;
		gni_loop_enter(l);
		sim->begin = gn_now();
		result = gni_hosts_run(sim, l);
		gni_loop_abandon(l);
		sim->trace = gni_sim_trace(sim->io);
		gni_loop_enter(former);
		gni_loop_free(l);
		sim->io = NULL;
	} else {
		result = gni_sim_fail(GN_ENOMEM, 0, "sim_run");
	}
	gni_clock_virtual(clock);
	if (sim->deadlocked)
		return gni_sim_fail(GN_EDEADLOCK, 0, "sim_run");
	return result;
}

int64_t gn_sim_elapsed(const gn_sim *sim)
{
	return sim->elapsed_ns;
}

uint64_t gn_sim_trace(const gn_sim *sim)
{
	return sim->trace;
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
	if (sim->io)
		sim->io->backend->close(sim->io);
	free(sim);
}
