/*
 * inside.h: a simulation as the files of this room see it.
 *
 *	simulation -+- tape: the choices
 *	            +- io (io/sim): the network
 *	            +- plan: what goes wrong on it
 *	            '- hosts: programs, which the run waits for, and services
 */
#ifndef GNI_SIM_INSIDE_H
#define GNI_SIM_INSIDE_H

#include <gnezdo/fault.h>
#include <gnezdo/sim.h>

#include "base/list.h"
#include "io/sim/sim.h"
#include "loop/loop.h"

/* Rules that a plan may have: more than anybody writes or a seed draws. */
#define GNI_PLAN_RULES 64

/* Enough bytes for all of them as text. */
#define GNI_PLAN_TEXT_MAX (GNI_PLAN_RULES * GN_FAULT_TEXT_MAX)

struct gni_plan {
	gn_fault_rule *rules; /* NULL: none; drawn ones, then a text's */
	int drawn, given;
	bool swarm;
	int64_t heal_ns; /* 0: never */
	bool heals;	 /* when the program said, which counts */
	bool instead;	 /* of the program's own rules: the environment's */
	bool aloud;	 /* the rules are told when they are enacted */
	char *text;	 /* and written here, unless NULL */
	size_t text_size;
};

/* What is known of a run when it is over. */
struct gni_after {
	int64_t elapsed_ns;
	uint64_t trace, events;
	bool deadlocked, overran;
	struct gni_sim_count counts[GNI_FAULT_COUNT];
	/* The first host on which sockets are left open, and how many. */
	char left_at[GN_FAULT_HOST_MAX];
	size_t left;
};

struct gn_sim {
	gn_sim_opts opts;
	struct gni_tape tape;
	struct gni_plan plan;
	struct gni_io *io; /* NULL once it has run */
	struct gni_list hosts;
	gn_group *programs, *services; /* while it runs */
	gn_time begin;
	struct gni_after after;
	bool ran;
};

/* gni_sim_fail writes the record of a failure without a sentence. */
int gni_sim_fail(int code, int sys, const char *operation);

/* gni_sim_say tells a line of a report. */
void gni_sim_say(gn_sim *sim, const char *line);

/* gni_sim_make is gn_sim_open, which reads the environment for the rest: a run
 * may have so many steps (0: any number), and tells its story (NULL: none; see
 * gni_sim_tell). */
gn_sim *gni_sim_make(const gn_sim_opts *opts, uint64_t steps_max,
		     const char *story);

/* gni_hosts_run starts all hosts and waits until every program has returned
 * and every service was ended; the first failure. */
int gni_hosts_run(struct gn_sim *sim, struct gni_loop *loop);
void gni_hosts_free(struct gn_sim *sim);

/* gni_sim_stuck is the loop's stuck: all wait and nothing can come, or they go
 * on for ever. */
void gni_sim_stuck(struct gni_loop *loop, void *sim);

#endif
