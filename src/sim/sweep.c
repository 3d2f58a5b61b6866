/*
 * sweep.c: gn_sweep: what the program and the environment ask for, done.
 */
#include "sim/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error/error.h"
#include "io/file.h"
#include "sim/inside.h"
#include "sim/plan.h"

#define COUNT 1000
#define HEAL_NS (10 * GN_SEC)
#define STEPS_MAX UINT64_C(1000000)

_Static_assert(GNI_FAULT_COUNT < GN_SWEEP_FAULTS, "a row each and a last one");

static int refuse(const char *why)
{
	return gni_fail(&(struct gni_cause){ .code = GN_EINVAL,
					     .operation = "sweep" },
			"%s", why);
}

static int fail(int sys)
{
	return gni_fail(&(struct gni_cause){ .code = gni_code_of(sys),
					     .sys = sys,
					     .operation = "sweep" },
			NULL);
}

/* ---- what is asked for */

static bool read_number(const char *text, char end, uint64_t *number,
			const char **rest)
{
	char *after;

	errno = 0;
	*number = strtoull(text, &after, 10);
	*rest = after + (*after != '\0');
	return *text >= '0' && *text <= '9' && *after == end && errno == 0;
}

static int read_seed(struct gni_sweep *w)
{
	const char *text = secure_getenv("GNEZDO_SEED"), *rest;

	if (!text)
		return 0;
	if (!read_number(text, '\0', &w->which.seed, &rest))
		return refuse("GNEZDO_SEED is no number");
	w->one = true;
	return 0;
}

/* N, or PLACE:VALUE of a report. */
static int read_explore(struct gni_sweep *w)
{
	const char *text = secure_getenv("GNEZDO_EXPLORE"), *rest;
	uint64_t number;

	if (!text)
		return 0;
	if (read_number(text, '\0', &w->job.explore, &rest)) {
		w->job.seed = w->one ? w->which.seed : w->job.seed;
		w->job.count = w->one ? 1 : w->job.count;
		w->one = false;
		return 0;
	}
	if (!read_number(text, ':', &number, &rest) ||
	    !read_number(rest, '\0', &w->which.change.value, &rest) || !w->one)
		return refuse("GNEZDO_EXPLORE is no number, nor PLACE:VALUE "
			      "with GNEZDO_SEED");
	w->which.changed = true;
	w->which.change.place = (size_t)number;
	return 0;
}

static int read_tape(struct gni_sweep *w)
{
	const char *file = secure_getenv("GNEZDO_TAPE");
	int result;

	if (!file)
		return 0;
	result = gni_file_read(file, GNI_SWEEP_TAPE_MAX, &w->tape, &w->bytes);
	if (result < 0)
		return gni_fail(&(struct gni_cause){
					.code = gni_code_of(-result),
					.sys = -result,
					.operation = "sweep",
					.about = file },
				"GNEZDO_TAPE");
	w->which.file = file;
	w->one = true;
	return 0;
}

/* What is asked for is not to be passed over in silence. */
static int check_environment(const struct gni_sweep *w)
{
	uint64_t runs;

	if (w->which.file && (secure_getenv("GNEZDO_SEED") ||
			      secure_getenv("GNEZDO_EXPLORE")))
		return refuse("GNEZDO_TAPE is one run, without GNEZDO_SEED and "
			      "GNEZDO_EXPLORE");
	if (w->job.explore == UINT64_MAX ||
	    __builtin_mul_overflow(w->job.count, w->job.explore + 1, &runs))
		return refuse("so many runs cannot be counted");
	return 0;
}

/* So that a plan that is none is told once, and where it is none. */
static int check_plan(const struct gni_sweep *w)
{
	struct gni_plan plan = { .rules = NULL };
	int result = gni_plan_open(&plan, &w->scenario.opts);

	gni_plan_free(&plan);
	return result;
}

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n < GNI_CREW_JOBS ? (unsigned)n : GNI_CREW_JOBS;
}

static void set_up(struct gni_sweep *w, const char *name, gn_scenario_fn *fn,
		   void *arg)
{
	const gn_sweep_opts *o = w->opts;

	w->scenario = (struct gni_scenario){
		.name = name, .fn = fn, .arg = arg,
		.opts = { .latency_ns = o->latency_ns,
			  .faults = o->faults,
			  .swarm = !o->faults,
			  .heal_ns = o->heal_ns ? o->heal_ns : HEAL_NS },
		.steps_max = o->steps_max ? o->steps_max : STEPS_MAX };
	w->job = (struct gni_job){
		.scenario = &w->scenario,
		.seed = o->seed ? o->seed : 1,
		.count = o->count ? o->count : COUNT,
		.explore = o->explore,
		.jobs = o->jobs ? o->jobs : cores(),
		.keep_going = o->keep_going };
}

static int read_environment(struct gni_sweep *w)
{
	int result = read_seed(w);

	w->shrink_to = secure_getenv("GNEZDO_SHRINK");
	if (result == 0)
		result = read_explore(w);
	if (result == 0)
		result = read_tape(w);
	if (result == 0)
		result = check_environment(w);
	return result < 0 ? result : check_plan(w);
}

/* ---- what is done */

int gni_sweep_result(const struct gni_sweep *w, const struct gni_outcome *o)
{
	char how[GNI_OUTCOME_TEXT + 128];

	return gni_fail(&(struct gni_cause){ .code = gni_outcome_code(o),
					     .operation = "sweep",
					     .about = w->scenario.name },
			"%s", gni_outcome_say(o, how, sizeof how));
}

/* The tape of a run with one choice changed, which that run must have. */
static int change(struct gni_sweep *w, const struct gni_change *change,
		  struct gni_choices *choices, uint8_t **made)
{
	struct gni_tape_log *log = choices->log;

	if (!gni_again_run(&w->again, choices))
		return fail(-w->again.lacks);
	if (change->place >= log->count || change->place >= log->max)
		return refuse("GNEZDO_EXPLORE: the run has no such choice");
	*made = gni_tape_of(log, change, &choices->bytes);
	choices->tape = *made;
	choices->log = NULL;
	return *made ? 0 : fail(ENOMEM);
}

int gni_sweep_choices(struct gni_sweep *w, const struct gni_which *which,
		      struct gni_choices *choices, uint8_t **made)
{
	int result = 0;

	*made = NULL;
	*choices = (struct gni_choices){ .seed = which->seed };
	if (which->file) {
		choices->tape = w->tape;
		choices->bytes = w->bytes;
	}
	if (which->changed) {
		struct gni_tape_log *log = gni_log_new();

		choices->log = log;
		result = log ? change(w, &which->change, choices, made) :
			       fail(ENOMEM);
		gni_log_free(log);
	}
	return result;
}

void gni_sweep_story(struct gni_sweep *w, const struct gni_choices *choices,
		     const char *to)
{
	struct gni_choices told = *choices;

	told.story = to;
	w->again.shows = true;
	gni_again_run(&w->again, &told);
	w->again.shows = false;
}

/* In this very process, with nothing kept back. */
static int run_one(struct gni_sweep *w)
{
	char name[256];
	struct gni_choices choices;
	struct gni_result r;
	uint8_t *made;
	int result = gni_sweep_choices(w, &w->which, &choices, &made);

	if (result < 0)
		return result;
	choices.story = secure_getenv("GNEZDO_TRACE");
	w->scenario.opts.report = w->opts->report;
	w->scenario.opts.report_arg = w->opts->report_arg;
	w->scenario.aloud = true;
	gni_trial_run(&w->scenario, &choices, &r);
	free(made);
	gni_totals_count(&w->totals, &r);
	if (r.outcome.verdict != GNI_HELD) {
		w->totals.failed = 1;
		gni_report_failure(w, &w->which, &r.outcome, "", "");
		return gni_sweep_result(w, &r.outcome);
	}
	gni_sweep_say(w,
		      "%s: %s held: %" PRIu64 " events in %.9g s of virtual "
		      "time, trace %016" PRIx64,
		      w->scenario.name,
		      gni_sweep_name(&w->which, name, sizeof name), r.events,
		      (double)r.elapsed_ns / (double)GN_SEC, r.trace);
	return 0;
}

/* A run that failed among others, once more alone; and again with its story,
 * which would be part of what it printed, if one is wanted. */
static void confirm(struct gni_sweep *w, const struct gni_failure *f,
		    const struct gni_which *which)
{
	const char *story = secure_getenv("GNEZDO_TRACE");
	const struct gni_result *r;
	struct gni_choices choices;
	uint8_t *made;
	bool same;

	if (f->outcome.verdict == GNI_LOST) {
		gni_report_lost(w, f);
		return;
	}
	if (gni_sweep_choices(w, which, &choices, &made) < 0) {
		gni_report_failure(w, which, &f->outcome, f->output, "");
		return;
	}
	r = gni_again_run(&w->again, &choices);
	same = !r || gni_outcome_same(&r->outcome, &f->outcome);
	gni_report_failure(w, which, &f->outcome, f->output,
			   gni_again_faults(&w->again));
	if (f->outcome.verdict == GNI_UNLIKE)
		gni_unlike_find(w, f->seed);
	else if (!same)
		gni_sweep_say(w, "  in a process of its own it does not fail "
				 "so: something is kept from run to run");
	if (story && *story)
		gni_sweep_story(w, &choices, story);
	free(made);
}

/* Runs of seeds in new processes must be those of processes that had run
 * others before. */
static int check_sample(struct gni_sweep *w, const struct gni_sample *s)
{
	const struct gni_outcome unlike = { .verdict = GNI_UNLIKE };
	struct gni_choices choices = { .seed = s->seed };
	struct gni_which which = { .seed = s->seed };
	const struct gni_result *r = gni_again_run(&w->again, &choices);

	if (!r)
		return fail(-w->again.lacks);
	if (r->trace == s->trace)
		return 0;
	gni_report_failure(w, &which, &unlike, "", "");
	gni_unlike_find(w, s->seed);
	return gni_sweep_result(w, &unlike);
}

static int check_samples(struct gni_sweep *w, const struct gni_crew *crew)
{
	const struct gni_sample *s;
	int result = 0;

	for (unsigned n = 0; result == 0 && (s = gni_crew_sample(crew, n)); n++)
		if (s->taken)
			result = check_sample(w, s);
	return result;
}

static struct gni_which which_of(const struct gni_failure *f)
{
	return (struct gni_which){ .seed = f->seed, .changed = f->changed,
				   .change = f->change };
}

static bool can_shrink(const struct gni_sweep *w, const struct gni_failure *f)
{
	return w->shrink_to && f->outcome.verdict != GNI_UNLIKE &&
	       f->outcome.verdict != GNI_LOST;
}

static int tell_failures(struct gni_sweep *w, const struct gni_crew *crew)
{
	const struct gni_failure *f, *first = gni_crew_failure(crew, 0);
	struct gni_which which = which_of(first);

	if (can_shrink(w, first)) {
		int result = gni_shorten(w, &which);

		if (result < 0)
			return result;
	}
	for (unsigned n = 0; (f = gni_crew_failure(crew, n)); n++) {
		which = which_of(f);
		confirm(w, f, &which);
		if (!w->job.keep_going)
			break;
	}
	if (w->job.keep_going)
		gni_sweep_say(w, "%s: %" PRIu64 " of %" PRIu64 " runs failed",
			      w->scenario.name, w->totals.failed,
			      w->totals.runs);
	return gni_sweep_result(w, &first->outcome);
}

static int judge(struct gni_sweep *w, const struct gni_crew *crew)
{
	int result;

	gni_crew_totals(crew, &w->totals);
	if (w->totals.failed > 0)
		return tell_failures(w, crew);
	result = check_samples(w, crew);
	if (result == 0)
		gni_report_totals(w, &w->totals);
	return result;
}

static int run_all(struct gni_sweep *w)
{
	struct gni_crew *crew;
	int result = gni_crew_run(&w->job, &crew);

	result = result < 0 ? fail(-result) : judge(w, crew);
	gni_crew_free(crew);
	return result;
}

static int carry_out(struct gni_sweep *w)
{
	int result = gni_again_open(&w->again, &w->scenario);

	if (result < 0)
		return fail(-result);
	if (w->one && w->shrink_to)
		result = gni_shorten(w, &w->which);
	else if (w->one)
		result = run_one(w);
	else
		result = run_all(w);
	gni_again_close(&w->again);
	return result;
}

/* A name that is mistyped would leave them all out. */
static int leave_out(const struct gni_sweep *w, const char *name,
		     const char *only)
{
	gni_sweep_say(w, "%s: left out, GNEZDO_SCENARIO is %s", name, only);
	return 0;
}

int gn_sweep(const char *name, gn_scenario_fn *fn, void *arg,
	     const gn_sweep_opts *opts)
{
	static const gn_sweep_opts none;
	const char *only = secure_getenv("GNEZDO_SCENARIO");
	struct gni_sweep w = { .opts = opts ? opts : &none };
	struct gni_loop *l = gni_loop_mine();
	int result;

	gni_totals_begin(&w.totals);
	if (w.opts->totals)
		*w.opts->totals = w.totals;
	if (only && strcmp(only, name) != 0)
		return leave_out(&w, name, only);
	if (l && !gni_loop_on_root(l))
		return refuse("a sweep is for a plain thread, not for a fiber");
	if (w.opts->jobs > GNI_CREW_JOBS || w.opts->heal_ns < 0 ||
	    w.opts->heal_ns > GNI_FAULT_TIME_MAX)
		return refuse("an option is out of range");
	set_up(&w, name, fn, arg);
	result = read_environment(&w);
	if (result == 0)
		result = carry_out(&w);
	if (w.opts->totals)
		*w.opts->totals = w.totals;
	free(w.tape);
	return result;
}
