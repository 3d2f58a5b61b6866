/*
 * shrink.h: the choices of a failing run are made fewer and plainer for as
 * long as it fails in the same way.  This file knows nothing of simulations.
 */
#ifndef GNI_SIM_SHRINK_H
#define GNI_SIM_SHRINK_H

#include "base/tape.h"

struct gni_shrink {
	/* Runs count choices: whether it fails as ever, and in used which of
	 * them it asked for. */
	bool (*fails)(void *arg, const struct gni_tape_entry *entries,
		      size_t count, struct gni_tape_log *used);
	void *arg;
	struct gni_tape_log *best; /* the choices of the failing run */
	struct gni_tape_log *used, *trial; /* room, each as large as best */
	unsigned runs, runs_max;
	/* Whether there is time for another run; NULL: for any number. */
	bool (*patient)(void *arg);
	/* Called after each success; NULL: nobody is told. */
	void (*progress)(const struct gni_shrink *s);
};

/* gni_shrink_events counts choices that are not the plainest. */
size_t gni_shrink_events(const struct gni_tape_log *log);

/* gni_shrink_run shrinks best until nothing more can be taken from it,
 * runs_max is reached or patience is at its end. */
void gni_shrink_run(struct gni_shrink *s);

#endif
