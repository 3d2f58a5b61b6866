/*
 * explore.h: runs beside a recorded one: the same choices but for one.
 */
#ifndef GNI_SIM_EXPLORE_H
#define GNI_SIM_EXPLORE_H

#include "base/tape.h"

/* One entry of a recorded run, and what it is instead. */
struct gni_change {
	size_t place;
	uint64_t value;
};

/*
 * gni_explore_pick gives the k-th of many changes (k below many), which are
 * spread evenly over all that could be made to how things are ordered and how
 * many bytes come at once.  False: there are no more than k.
 */
bool gni_explore_pick(const struct gni_tape_entry *entries, size_t count,
		      uint64_t k, uint64_t many, struct gni_change *change);

#endif
