/*
 * uring_watch.h: looking for completions for a moment before sleeping.  A
 * sleep and its wake-up cost more than many a peer's answer takes to come, so
 * looking pays with few busy connections; with idle ones it only burns.  So it
 * is tried ever more seldom while it fails, and always while it succeeds.
 */
#ifndef GNI_IO_URING_WATCH_H
#define GNI_IO_URING_WATCH_H

#include <stdbool.h>

#include "io/uring_ring.h"

struct gni_watch {
	unsigned passes; /* sleeps to come that are not delayed */
	unsigned after;  /* how many those were after the last failure */
};

/* gni_watch_due tells whether the next sleep is to be put off. */
bool gni_watch_due(struct gni_watch *w);

/* gni_watch_look looks until something can be taken, at most for as long as it
 * may pay or until the instant; true: something can. */
bool gni_watch_look(struct gni_watch *w, const struct gni_ring *r,
		    gn_time until);

#endif
