/*
 * again.h: single runs of a scenario, each in a new process.
 */
#ifndef GNI_SIM_AGAIN_H
#define GNI_SIM_AGAIN_H

#include "sim/trial.h"

#define GNI_AGAIN_OUTPUT 4096

struct gni_again {
	const struct gni_scenario *scenario;
	int output;
	bool shows; /* the run's output is not kept back */
	struct gni_said *said; /* what the process left in shared memory */
	int lacks; /* a negative errno: why the last run was not made */
};

/* gni_again_open makes ready; 0 or a negative errno. */
int gni_again_open(struct gni_again *a, const struct gni_scenario *s);
void gni_again_close(struct gni_again *a);

/* gni_again_run runs it, whatever happens then; valid until the next run.  The
 * faults of the choices are ignored.  NULL: there could be no process. */
const struct gni_result *gni_again_run(struct gni_again *a,
				       const struct gni_choices *choices);

/* What went wrong on the network in that run, as text. */
const char *gni_again_faults(const struct gni_again *a);

/* What it printed last. */
void gni_again_output(const struct gni_again *a, char *text, size_t size);

#endif
