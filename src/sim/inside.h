/*
 * inside.h: a simulation as the files of this room see it.
 *
 *	simulation -+- io (io/sim): the network
 *	            '- hosts: programs, which the run waits for, and services
 */
#ifndef GNI_SIM_INSIDE_H
#define GNI_SIM_INSIDE_H

#include <gnezdo/sim.h>

#include "base/list.h"
#include "io/sim/sim.h"
#include "loop/loop.h"

struct gn_sim {
	gn_sim_opts opts;
	struct gni_tape tape;
	struct gni_io *io; /* NULL once it has run */
	struct gni_list hosts;
	gn_group *programs, *services; /* while it runs */
	gn_time begin;
	int64_t elapsed_ns;
	uint64_t trace;
	bool ran, deadlocked;
};

/* gni_sim_fail writes the record of a failure without a sentence. */
int gni_sim_fail(int code, int sys, const char *operation);

/* gni_hosts_run starts all hosts and waits until every program has returned
 * and every service was ended; the first failure. */
int gni_hosts_run(struct gn_sim *sim, struct gni_loop *loop);
void gni_hosts_free(struct gn_sim *sim);

/* gni_sim_stuck is the loop's stuck: all wait and nothing can come. */
void gni_sim_stuck(struct gni_loop *loop, void *sim);

#endif
