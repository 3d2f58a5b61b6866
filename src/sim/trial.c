/*
 * trial.c: a scenario is given its simulation, and what comes of it is looked
 * at.
 */
#include "sim/trial.h"

#include <stdio.h>
#include <string.h>

#include "error/error.h"
#include "sim/inside.h"

static void failed(struct gni_outcome *o, int code)
{
	const char *operation = gn_error_operation(gn_error_last());

	*o = (struct gni_outcome){ .verdict = GNI_FAILED, .value = code };
	if (gn_code() == code && operation)
		snprintf(o->text, sizeof o->text, "%s", operation);
}

static void judge(struct gni_outcome *o, int code, const gn_sim *sim)
{
	const struct gni_after *a = &sim->after;

	if (a->deadlocked)
		*o = (struct gni_outcome){ .verdict = GNI_FAILED,
					   .value = GN_EDEADLOCK };
	else if (a->overran)
		*o = (struct gni_outcome){ .verdict = GNI_FAILED,
					   .value = GN_ELIMIT,
					   .text = "steps" };
	else if (code < 0)
		failed(o, code);
	else if (a->left > 0) {
		*o = (struct gni_outcome){ .verdict = GNI_LEFT,
					   .value = (int)a->left };
		snprintf(o->text, sizeof o->text, "%s", a->left_at);
	} else if (!sim->ran)
		*o = (struct gni_outcome){ .verdict = GNI_FAILED,
					   .value = GN_EINVAL,
					   .text = "it ran no simulation" };
	else
		*o = (struct gni_outcome){ .verdict = GNI_HELD };
}

static void take(struct gni_result *r, const struct gni_after *a)
{
	r->trace = a->trace;
	r->events = a->events;
	r->elapsed_ns = a->elapsed_ns;
	memcpy(r->counts, a->counts, sizeof r->counts);
	for (int i = 0; i < GNI_FAULT_COUNT; i++)
		r->faulted |= a->counts[i].injected > 0;
}

void gni_trial_run(const struct gni_scenario *s, const struct gni_choices *c,
		   struct gni_result *r)
{
	gn_sim_opts opts = s->opts;
	gn_sim *sim;

	/* A record of an earlier failure tells nothing of this run. */
	gni_error_free(gni_error_take());
	*r = (struct gni_result){ .faulted = false };
	opts.seed = c->seed;
	opts.tape = c->tape;
	opts.tape_bytes = c->bytes;
	sim = gni_sim_make(&opts, s->steps_max, c->story);
	if (!sim) {
		failed(&r->outcome, gn_code());
		return;
	}
	gni_tape_record(&sim->tape, c->log);
	sim->plan.aloud = s->aloud;
	sim->plan.text = c->faults;
	sim->plan.text_size = c->faults_size;
	judge(&r->outcome, s->fn(sim, s->arg), sim);
	take(r, &sim->after);
	gn_sim_close(sim);
}
