/*
 * crew.h: many runs of a scenario, by several processes.
 *
 *	this process --- overseer -+- worker 0: a run, another, another ...
 *	                           +- worker 1
 *	                           '- ...
 *
 * A worker that crashes is a failed run, and another takes its place.  The
 * overseer is there so that no child of the program's own is waited for.
 */
#ifndef GNI_SIM_CREW_H
#define GNI_SIM_CREW_H

#include <stdatomic.h>

#include "sim/explore.h"
#include "sim/totals.h"

#define GNI_CREW_JOBS 64

/* Failures that are kept, those of the lowest seeds; more are counted. */
#define GNI_CREW_FAILURES 8

/* Runs whose traces are kept, to be compared with those of new processes. */
#define GNI_CREW_SAMPLES 16

/* Every so many seeds one is run twice. */
#define GNI_CREW_TWICE 100

/* What is kept of what a failed run printed. */
#define GNI_CREW_OUTPUT 4096

/* Choices of a run that is recorded: some hundred times those of most.  What
 * lies beyond is 0 in a replay. */
#define GNI_CREW_ENTRIES ((size_t)1 << 18)

struct gni_job {
	const struct gni_scenario *scenario;
	uint64_t seed, count, explore;
	unsigned jobs;
	bool keep_going;
};

struct gni_failure {
	uint64_t number; /* of the run in the order of the job */
	uint64_t seed;
	bool changed; /* by change */
	struct gni_change change;
	struct gni_outcome outcome;
	char output[GNI_CREW_OUTPUT];
};

struct gni_sample {
	uint64_t seed, trace;
	bool taken;
};

struct gni_crew; /* what its processes share */

/* gni_crew_run runs a job to its end; 0 or a negative errno, also when nothing
 * failed but not all runs could be made. */
int gni_crew_run(const struct gni_job *job, struct gni_crew **crew);

/* gni_crew_totals sums up; gni_crew_failure gives the failed run that came
 * n-th in the order of the job, NULL past the last that was kept. */
void gni_crew_totals(const struct gni_crew *crew, gn_sweep_totals *totals);
const struct gni_failure *gni_crew_failure(const struct gni_crew *crew,
					   unsigned n);
const struct gni_sample *gni_crew_sample(const struct gni_crew *crew,
					 unsigned n);

void gni_crew_free(struct gni_crew *crew);

/* gni_log_new gives room for a record that children share. */
struct gni_tape_log *gni_log_new(void);
void gni_log_free(struct gni_tape_log *log);

/*
 * gni_tape_of makes a tape of recorded choices, with one of them changed
 * (NULL: none).  The caller frees it; NULL: no memory.
 */
uint8_t *gni_tape_of(const struct gni_tape_log *log,
		     const struct gni_change *change, size_t *bytes);

#endif
