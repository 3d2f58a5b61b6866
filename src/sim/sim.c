/*
 * sim.c: programs as hosts of a simulated network.  The network itself is a
 * backend (io/sim); here are the fibers that run on its hosts.
 */
#include <gnezdo/sim.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "clock/clock.h"
#include "error/error.h"
#include "io/sim/sim.h"
#include "loop/loop.h"

#define LATENCY_NS GN_MSEC

struct host {
	struct gni_list link;
	gn_fiber_fn *fn;
	void *arg;
	unsigned place;
	bool service;
};

struct gn_sim {
	gn_sim_opts opts;
	struct gni_io *io;
	struct gni_list hosts;
	gn_group *programs, *services; /* while it runs */
	gn_time begin;
	int64_t elapsed_ns;
	uint64_t trace;
	bool ran, deadlocked;
};

static int fail(int code, int sys, const char *operation)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .sys = sys,
					     .operation = operation },
			NULL);
}

gn_sim *gn_sim_open(const gn_sim_opts *opts)
{
	gn_sim *sim = calloc(1, sizeof *sim);
	struct gni_sim_options o = { .latency_ns = LATENCY_NS };
	const char *why = NULL;
	int result = -ENOMEM;

	if (sim && opts)
		sim->opts = *opts;
	if (sim)
		result = gni_io_off(&o.features_off, &why);
	if (result == 0) {
		o.seed = sim->opts.seed;
		o.in_order = sim->opts.in_order;
		if (sim->opts.latency_ns)
			o.latency_ns = sim->opts.latency_ns;
		result = gni_sim_open(&sim->io, &o);
	}
	if (result < 0) {
		free(sim);
		gni_fail(&(struct gni_cause){ .code = gni_code_of(-result),
					      .sys = -result,
					      .operation = "sim_open" },
			 "%s", why ? why : "");
		return NULL;
	}
	gni_list_init(&sim->hosts);
	return sim;
}

static int add_host(gn_sim *sim, const char *name, gn_fiber_fn *fn, void *arg,
		    bool service)
{
	struct host *h;
	int place = -EINVAL;

	if (sim->io && !strchr(name, '.'))
		place = gni_sim_host(sim->io, name);

	if (place == -EEXIST || place == -EINVAL)
		return fail(GN_EINVAL, 0, "sim_host");
	if (place < 0)
		return fail(place == -ENOSPC ? GN_ELIMIT : GN_ENOMEM, -place,
			    "sim_host");
	h = calloc(1, sizeof *h);
	if (!h)
		return fail(GN_ENOMEM, 0, "sim_host");
	h->fn = fn;
	h->arg = arg;
	h->place = (unsigned)place;
	h->service = service;
	gni_list_add(&sim->hosts, &h->link);
	return 0;
}

int gn_sim_host(gn_sim *sim, const char *name, gn_fiber_fn *fn, void *arg)
{
	return add_host(sim, name, fn, arg, false);
}

int gn_sim_service(gn_sim *sim, const char *name, gn_fiber_fn *fn, void *arg)
{
	return add_host(sim, name, fn, arg, true);
}

int gn_sim_link(gn_sim *sim, const char *a, const char *b, int64_t latency_ns)
{
	int from, to;

	if (latency_ns < 0 || !sim->io)
		return fail(GN_EINVAL, 0, "sim_link");
	from = gni_sim_place(sim->io, a);
	to = gni_sim_place(sim->io, b);
	if (from < 0 || to < 0)
		return fail(GN_ENAME, 0, "sim_link");
	if (gni_sim_link(sim->io, (unsigned)from, (unsigned)to, latency_ns) < 0)
		return fail(GN_ENOMEM, 0, "sim_link");
	return 0;
}

static void say(gn_sim *sim, const char *line)
{
	if (sim->opts.report)
		sim->opts.report(line, sim->opts.report_arg);
	else
		fprintf(stderr, "%s\n", line);
}

static void say_wait(gn_sim *sim, const struct gni_task *t)
{
	const struct gni_wait *w = t->wait;
	char line[GN_ADDR_TEXT_MAX + 256], about[GN_ADDR_TEXT_MAX];

	if (!w)
		return;
	snprintf(line, sizeof line, "  host %s: fiber \"%s\" waits in %s%s%s",
		 gni_sim_name(sim->io, t->place), t->fiber.name, w->operation,
		 w->about && w->about->kind ? " with " : "",
		 w->about && w->about->kind ? gn_addr_text(w->about, about) :
					      "");
	say(sim, line);
}

/* All wait and nothing can come: said once, then all are cancelled. */
static void stuck(struct gni_loop *l, void *arg)
{
	gn_sim *sim = arg;
	char line[128];

	GNI_CHECK(!sim->deadlocked,
		  "a simulation's fibers wait though they were cancelled");
	sim->deadlocked = true;
	snprintf(line, sizeof line,
		 "deadlock after %.9g s of virtual time: every fiber waits "
		 "and nothing can come",
		 (double)gn_since(sim->begin) / (double)GN_SEC);
	say(sim, line);
	for (struct gni_list *m = l->tasks.next; m != &l->tasks; m = m->next)
		say_wait(sim, GNI_OWNER(m, struct gni_task, all));
	gn_group_cancel(sim->programs);
	gn_group_cancel(sim->services);
}

static int start_hosts(gn_sim *sim, struct gni_loop *l)
{
	int result = 0;

	for (struct gni_list *m = sim->hosts.next;
	     m != &sim->hosts && result == 0; m = m->next) {
		struct host *h = GNI_OWNER(m, struct host, link);
		gn_go_opts opts = { .name = gni_sim_name(sim->io, h->place) };

		l->root.place = h->place;
		result = gn_go_with(h->service ? sim->services : sim->programs,
				    h->fn, h->arg, &opts);
	}
	l->root.place = 0;
	return result;
}

static int run_hosts(gn_sim *sim, struct gni_loop *l)
{
	int result, served;

	sim->programs = gn_group_open(NULL);
	sim->services = gn_group_open(&(gn_group_opts){ .keep_going = true });
	if (!sim->programs || !sim->services)
		result = gn_code();
	else
		result = start_hosts(sim, l);
	if (result == 0)
		result = gn_group_wait(sim->programs, GN_NEVER);
	sim->elapsed_ns = gn_since(sim->begin);
	if (sim->services) {
		gn_group_cancel(sim->services);
		served = gn_group_wait(sim->services, GN_NEVER);
		/* A service that failed is why its clients did. */
		result = served < 0 ? served : result;
	}
	gn_group_close(sim->programs);
	gn_group_close(sim->services);
	return result;
}

int gn_sim_run(gn_sim *sim)
{
	struct gni_loop *former = gni_loop_mine();
	const gn_time *clock;
	struct gni_loop *l;
	int result;

	if (sim->ran || (former && !gni_loop_on_root(former)))
		return fail(GN_EINVAL, 0, "sim_run");
	sim->ran = true;
	clock = gni_clock_virtual(gni_sim_clock(sim->io));
	l = gni_loop_open(sim->io);
	if (l) {
		l->order = gni_sim_order(sim->io);
		l->stuck = stuck;
		l->stuck_arg = sim;
		gni_loop_enter(l);
		sim->begin = gn_now();
		result = run_hosts(sim, l);
		gni_loop_abandon(l);
		sim->trace = gni_sim_trace(sim->io);
		gni_loop_enter(former);
		gni_loop_free(l);
		sim->io = NULL;
	} else {
		result = fail(GN_ENOMEM, 0, "sim_run");
	}
	gni_clock_virtual(clock);
	return sim->deadlocked ? fail(GN_EDEADLOCK, 0, "sim_run") : result;
}

int64_t gn_sim_elapsed(const gn_sim *sim)
{
	return sim->elapsed_ns;
}

uint64_t gn_sim_trace(const gn_sim *sim)
{
	return sim->trace;
}

const char *gn_sim_host_name(void)
{
	struct gni_loop *l = gni_loop_mine();

	return l && l->backend->enter ?
		       gni_sim_name(l->io, l->current->place) :
		       NULL;
}

void gn_sim_close(gn_sim *sim)
{
	struct gni_list *m;

	if (!sim)
		return;
	while ((m = gni_list_pop(&sim->hosts)))
		free(GNI_OWNER(m, struct host, link));
	if (sim->io)
		sim->io->backend->close(sim->io);
	free(sim);
}
