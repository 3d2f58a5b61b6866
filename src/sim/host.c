/*
 * host.c: the life of a simulation's hosts: each is a function of the program
 * that runs as a fiber, with all it starts, at a place of the network.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error/error.h"
#include "sim/inside.h"
#include "task/group.h"

enum state {
	RUNS,	 /* its function does, or unwinds after a crash */
	WAITS,	 /* without power, for its return */
	CRASHED, /* without power, for good: until somebody has it return */
	ENDED,	 /* its function has returned */
};

struct host {
	struct gni_list link;
	gn_sim *sim;
	gn_fiber_fn *fn;
	void *arg;
	unsigned place;
	bool service;
	enum state state;
	bool crashed; /* in this life */
	bool returns; /* the power may come back as soon as it has unwound */
	struct gni_wait waits;
};

static int add_place(gn_sim *sim, const char *name)
{
	int place = -EINVAL;

	if (sim->io && !strchr(name, '.'))
		place = gni_sim_host(sim->io, name);
	if (place == -EEXIST || place == -EINVAL)
		return gni_sim_fail(GN_EINVAL, 0, "sim_host");
	if (place < 0)
		return gni_sim_fail(place == -ENOSPC ? GN_ELIMIT : GN_ENOMEM,
				    -place, "sim_host");
	return place;
}

static int add_host(gn_sim *sim, const char *name, gn_fiber_fn *fn, void *arg,
		    bool service)
{
	struct host *h = calloc(1, sizeof *h);
	int place;

	if (!h)
		return gni_sim_fail(GN_ENOMEM, 0, "sim_host");
	place = add_place(sim, name);
	if (place < 0) {
		free(h);
		return place;
	}
	h->sim = sim;
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

static gn_group *group_of(const struct host *h)
{
	return h->service ? h->sim->services : h->sim->programs;
}

/* After a crash: is there another life?  The fiber goes on as a new one. */
static bool revive(struct host *h)
{
	gni_task_pardon(gni_task_here());
	gni_error_free(gni_error_take());
	if (!h->returns && !gni_sim_returns(h->sim->io, h->place))
		return false;
	h->state = WAITS;
	h->waits = (struct gni_wait){ .operation = "power" };
	if (!h->returns && gni_wait_for(&h->waits, GN_NEVER) < 0)
		return false;
	gni_sim_start(h->sim->io, h->place);
	h->state = RUNS;
	h->crashed = h->returns = false;
	return true;
}

/* A host's fiber; what a life that ended by a crash returned is nothing. */
static int live(void *arg)
{
	struct host *h = arg;
	int result;

	do {
		result = h->fn(h->arg);
	} while (h->crashed && !gni_group_is_cancelled(group_of(h)) &&
		 revive(h));
	h->state = h->crashed ? CRASHED : ENDED;
	return h->crashed ? 0 : result;
}

static int begin(struct host *h, struct gni_loop *l)
{
	gn_go_opts opts = { .name = gni_sim_name(h->sim->io, h->place) };
	int result;

	l->root.place = h->place;
	result = gn_go_with(group_of(h), live, h, &opts);
	l->root.place = 0;
	h->state = result < 0 ? CRASHED : RUNS;
	h->crashed = h->returns = false;
	return result;
}

static int start_hosts(gn_sim *sim, struct gni_loop *l)
{
	int result = 0;

	for (struct gni_list *m = sim->hosts.next;
	     m != &sim->hosts && result == 0; m = m->next)
		result = begin(GNI_OWNER(m, struct host, link), l);
	return result;
}

/* ---- crashes, told from within the backend's wait */

static struct host *host_at(gn_sim *sim, unsigned place)
{
	struct gni_list *m = sim->hosts.next;

	while (GNI_OWNER(m, struct host, link)->place != place)
		m = m->next;
	return GNI_OWNER(m, struct host, link);
}

/* All its fibers go, whatever they wait for. */
static void power_went(struct host *h, struct gni_loop *l)
{
	struct gni_list *m, *next;

	h->crashed = h->state == RUNS;
	h->returns = false;
	for (m = l->tasks.next; m != &l->tasks && h->crashed; m = next) {
		struct gni_task *t = GNI_OWNER(m, struct gni_task, all);

		next = m->next;
		if (t->place == h->place)
			gni_task_cancel(t);
	}
}

/* A host that had returned before has no program to begin. */
static void power_returned(struct host *h, struct gni_loop *l)
{
	if (h->state == RUNS && h->crashed) {
		h->returns = true;
		return;
	}
	if (h->state == WAITS) {
		h->state = RUNS;
		h->returns = true;
		gni_wake(&h->waits, 0);
		return;
	}
	gni_sim_start(h->sim->io, h->place);
	if (h->state == CRASHED && !gni_group_is_cancelled(group_of(h)))
		begin(h, l);
}

static void power(void *arg, unsigned place, bool on)
{
	gn_sim *sim = arg;
	struct host *h = host_at(sim, place);

	(on ? power_returned : power_went)(h, gni_loop_mine());
}

/* ---- the run */

int gni_hosts_run(gn_sim *sim, struct gni_loop *l)
{
	int result, served;

	sim->programs = gn_group_open(NULL);
	sim->services = gn_group_open(&(gn_group_opts){ .keep_going = true });
	if (!sim->programs || !sim->services)
		result = gn_code();
	else
		result = start_hosts(sim, l);
	gni_sim_power(sim->io, power, sim);
	if (result == 0)
		result = gn_group_wait(sim->programs, GN_NEVER);
	sim->after.elapsed_ns = gn_since(sim->begin);
	if (sim->services) {
		gn_group_cancel(sim->services);
		served = gn_group_wait(sim->services, GN_NEVER);
		/* A service that failed is why its clients did. */
		result = served < 0 ? served : result;
	}
	gni_sim_power(sim->io, NULL, NULL);
	gn_group_close(sim->programs);
	gn_group_close(sim->services);
	return result;
}

void gni_hosts_free(gn_sim *sim)
{
	struct gni_list *m;

	while ((m = gni_list_pop(&sim->hosts)))
		free(GNI_OWNER(m, struct host, link));
}

const char *gn_sim_host_name(void)
{
	struct gni_loop *l = gni_loop_mine();

	if (!l || !l->backend->enter)
		return NULL;
	return gni_sim_name(l->io, l->current->place);
}
