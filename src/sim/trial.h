/*
 * trial.h: one run of a scenario, in this process, judged.
 */
#ifndef GNI_SIM_TRIAL_H
#define GNI_SIM_TRIAL_H

#include <gnezdo/sweep.h>

#include "fault/fault.h"
#include "io/sim/sim.h"
#include "sim/outcome.h"

struct gni_scenario {
	const char *name;
	gn_scenario_fn *fn;
	void *arg;
	gn_sim_opts opts; /* without seed and tape */
	uint64_t steps_max;
	bool aloud; /* the faults are told when a run begins */
};

/* Where the choices of a run come from, and where they go. */
struct gni_choices {
	uint64_t seed;
	const uint8_t *tape; /* instead of the seed, unless NULL */
	size_t bytes;
	struct gni_tape_log *log; /* what they were; NULL: nowhere */
	const char *story;	  /* see gni_sim_tell; NULL: none */
	char *faults;	     /* what went wrong, as text; NULL: nowhere */
	size_t faults_size;
};

struct gni_result {
	struct gni_outcome outcome;
	uint64_t trace, events;
	int64_t elapsed_ns;
	bool faulted; /* at least one fault struck */
	struct gni_sim_count counts[GNI_FAULT_COUNT];
};

/* gni_trial_run runs it once.  A scenario that ends the process ends it. */
void gni_trial_run(const struct gni_scenario *s, const struct gni_choices *c,
		   struct gni_result *r);

#endif
