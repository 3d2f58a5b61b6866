/*
 * moment.h: what is going to happen, sorted by its instant.  A pairing heap
 * whose nodes live in their owners, so that planning never fails.
 */
#ifndef GNI_IO_SIM_MOMENT_H
#define GNI_IO_SIM_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/time.h>

struct gni_moment {
	gn_time due;
	uint64_t number; /* of its setting: decides between equal ties */
	uint32_t tie;	 /* decides between equal instants, the lower first */
	void (*fire)(struct gni_moment *moment);
	struct gni_moment *child, *next;
	struct gni_moment *prev; /* the sibling before, or the parent; NULL:
				  * the first of all */
	bool set;
	bool quiet; /* goes on by itself: nobody waits for it alone; not to be
		     * changed while it is set */
};

struct gni_moments {
	struct gni_moment *first;
	uint64_t count;	      /* of settings so far */
	size_t planned, quiet; /* how many are set, and the quiet of them */
};

/* gni_moment_set plans it, behind all of the same instant and tie; one that
 * is planned already is moved. */
void gni_moment_set(struct gni_moments *all, struct gni_moment *m, gn_time due,
		    uint32_t tie);

/* gni_moment_clear gives the plan up; harmless when there is none. */
void gni_moment_clear(struct gni_moments *all, struct gni_moment *m);

#endif
