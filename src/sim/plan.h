/*
 * plan.h: what goes wrong in a simulation: the rules of a text, and those that
 * a seed draws.
 */
#ifndef GNI_SIM_PLAN_H
#define GNI_SIM_PLAN_H

#include "sim/inside.h"

/* gni_plan_open reads the options and GNEZDO_FAULTS; 0, or a code with the
 * record written. */
int gni_plan_open(struct gni_plan *plan, const gn_sim_opts *opts);

/* gni_plan_enact draws what is to be drawn and has the network do it all, at
 * the begin of a run.  Returns as gni_plan_open. */
int gni_plan_enact(struct gn_sim *sim);

void gni_plan_free(struct gni_plan *plan);

#endif
