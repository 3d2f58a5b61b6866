/*
 * sweep.h: a sweep as the files that carry it out see it.
 */
#ifndef GNI_SIM_SWEEP_H
#define GNI_SIM_SWEEP_H

#include "sim/again.h"
#include "sim/crew.h"

/* A tape in a file is no longer than this, bytes. */
#define GNI_SWEEP_TAPE_MAX ((size_t)16 << 20)

/* Which run is meant: a seed, perhaps with a choice changed, or a tape. */
struct gni_which {
	uint64_t seed;
	bool changed;
	struct gni_change change;
	const char *file; /* the tape's; NULL: it is the seed */
};

struct gni_sweep {
	const gn_sweep_opts *opts;
	struct gni_scenario scenario;
	struct gni_job job;
	struct gni_again again;
	struct gni_which which; /* what the environment asked for */
	bool one;		/* it did: one run only */
	uint8_t *tape;		/* of a file; freed at the end */
	size_t bytes;
	const char *shrink_to; /* a file; NULL: nothing is shrunk */
	gn_sweep_totals totals;
};

/* gni_sweep_say reports a line. */
void gni_sweep_say(const struct gni_sweep *w, const char *form, ...)
	GN_PRINTF(2, 3);

/*
 * gni_sweep_choices makes the choices of a run: those of a changed one are
 * read off a run in another process first.  0 or a code; *made is to be freed
 * after their last use.
 */
int gni_sweep_choices(struct gni_sweep *w, const struct gni_which *which,
		      struct gni_choices *choices, uint8_t **made);

/* gni_sweep_result is what gn_sweep returns of a run that ended so, with the
 * record written. */
int gni_sweep_result(const struct gni_sweep *w, const struct gni_outcome *o);

/* gni_sweep_story runs it once more, its output where that of this process
 * goes: its story is told to a file or, "1", on standard error. */
void gni_sweep_story(struct gni_sweep *w, const struct gni_choices *choices,
		     const char *to);

/* gni_sweep_name names a run: "seed 42". */
const char *gni_sweep_name(const struct gni_which *which, char *name,
			   size_t size);

/* gni_report_failure tells what failed, how, and how to see it again; output
 * is what the run printed. */
void gni_report_failure(struct gni_sweep *w, const struct gni_which *which,
			const struct gni_outcome *o, const char *output,
			const char *faults);

/* gni_report_lost tells of memory that was lost in nobody knows which run. */
void gni_report_lost(const struct gni_sweep *w, const struct gni_failure *f);

/* gni_report_totals tells what a sweep that held came to. */
void gni_report_totals(const struct gni_sweep *w, const gn_sweep_totals *t);

/* gni_unlike_find runs a seed in two ways that should be alike and reports the
 * first event in which they differ. */
void gni_unlike_find(struct gni_sweep *w, uint64_t seed);

/* gni_shorten shrinks a failing run into the file; the code of its failure. */
int gni_shorten(struct gni_sweep *w, const struct gni_which *which);

#endif
