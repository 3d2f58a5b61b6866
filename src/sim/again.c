/*
 * again.c: a new process, one run, and what came of it.
 */
#include "sim/again.h"

#include <errno.h>

#include "sim/child.h"
#include "sim/inside.h"

struct gni_said {
	struct gni_result result;
	bool returned;
	char faults[GNI_PLAN_TEXT_MAX];
};

struct errand {
	struct gni_again *again;
	const struct gni_choices *choices;
};

int gni_again_open(struct gni_again *a, const struct gni_scenario *s)
{
	int result;

	*a = (struct gni_again){ .scenario = s };
	a->output = gni_output_open();
	a->said = gni_shared(sizeof *a->said);
	if (a->output >= 0 && a->said)
		return 0;
	result = a->output < 0 ? a->output : -ENOMEM;
	gni_again_close(a);
	return result;
}

void gni_again_close(struct gni_again *a)
{
	gni_output_close(a->output);
	gni_shared_free(a->said, sizeof *a->said);
}

static void run(void *arg)
{
	struct errand *e = arg;
	struct gni_said *said = e->again->said;
	struct gni_choices choices = *e->choices;

	choices.faults = said->faults;
	choices.faults_size = sizeof said->faults;
	gni_child_limit(GNI_CHILD_BUSY_NS, GNI_CHILD_ALL_NS);
	gni_trial_run(e->again->scenario, &choices, &said->result);
	said->returned = true;
}

const struct gni_result *gni_again_run(struct gni_again *a,
				       const struct gni_choices *choices)
{
	struct errand e = { a, choices };
	struct gni_said *said = a->said;
	char output[GNI_AGAIN_OUTPUT];
	int status;

	gni_output_clear(a->output);
	said->returned = false;
	said->faults[0] = '\0';
	status = gni_child_run(run, &e, a->shows ? -1 : a->output);
	if (status < 0) {
		a->lacks = status;
		return NULL;
	}
	if (status > 0 || !said->returned) {
		gni_again_output(a, output, sizeof output);
		said->result = (struct gni_result){ .faulted = false };
		gni_outcome_ended(&said->result.outcome, status, output);
	}
	return &said->result;
}

const char *gni_again_faults(const struct gni_again *a)
{
	return a->said->faults;
}

void gni_again_output(const struct gni_again *a, char *text, size_t size)
{
	gni_output_tail(a->output, text, size);
}
