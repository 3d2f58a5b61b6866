/*
 * swarm.h: faults that a seed draws: some of all there are, of a strength, at
 * a place and for a time of their own.  Runs in which everything goes a little
 * wrong find less than runs in which a few things go badly wrong.
 */
#ifndef GNI_SIM_SWARM_H
#define GNI_SIM_SWARM_H

#include <gnezdo/fault.h>

#include "base/tape.h"

/*
 * gni_swarm_draw draws rules for hosts of these names, within a time from the
 * begin of the run.  Each fault takes the same entries of the tape whether it
 * is drawn or not, so that one less does not change the others.
 *
 * Returns how many rules there are, at most max.
 */
int gni_swarm_draw(struct gni_tape *t, const char *const *hosts,
		   unsigned host_count, int64_t heal_ns, gn_fault_rule *rules,
		   int max);

#endif
