/*
 * host.c: the life of a simulation's hosts: each is a function of the program
 * that runs as a fiber, with all it starts, at a place of the network.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/inside.h"

struct host {
	struct gni_list link;
	gn_fiber_fn *fn;
	void *arg;
	unsigned place;
	bool service;
};

static int add_host(gn_sim *sim, const char *name, gn_fiber_fn *fn, void *arg,
		    bool service)
{
	struct host *h;
	int place = -EINVAL;

	if (sim->io && !strchr(name, '.'))
		place = gni_sim_host(sim->io, name);

	if (place == -EEXIST || place == -EINVAL)
		return gni_sim_fail(GN_EINVAL, 0, "sim_host");
	if (place < 0)
		return gni_sim_fail(place == -ENOSPC ? GN_ELIMIT : GN_ENOMEM,
				    -place, "sim_host");
	h = calloc(1, sizeof *h);
	if (!h)
		return gni_sim_fail(GN_ENOMEM, 0, "sim_host");
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

int gni_hosts_run(gn_sim *sim, struct gni_loop *l)
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
