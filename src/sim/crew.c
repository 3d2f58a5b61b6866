/*
 * crew.c: the overseer and its workers, and what they share.
 */
#include "sim/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sim/child.h"

struct worker {
	pid_t process; /* 0: none */
	int output;
	uint64_t number; /* of the run it is at */
	bool busy;
	bool changed;
	struct gni_change change;
	gn_sweep_totals totals;
	/* Its first ones: its numbers only grow. */
	struct gni_failure failures[GNI_CREW_FAILURES];
	unsigned kept;
};

struct gni_crew {
	struct gni_job job;
	atomic_uint_least64_t next; /* the number of the next run */
	atomic_bool stop;
	atomic_int lacks; /* a negative errno: why runs were not made */
	struct gni_sample samples[GNI_CREW_SAMPLES];
	struct worker workers[GNI_CREW_JOBS];
	/* What all of them kept, in the order of the job. */
	const struct gni_failure *failures[GNI_CREW_JOBS * GNI_CREW_FAILURES];
	unsigned failed;
};

/* What one worker keeps from run to run, in its own memory. */
struct hand {
	struct gni_crew *crew;
	struct worker *self;
	struct gni_tape_log *log; /* where something is explored */
	uint64_t logged;	  /* the seed in it, if its count is not 0 */
};

static uint64_t runs_of(const struct gni_job *job)
{
	return job->count * (job->explore + 1);
}

static uint64_t seed_of(const struct gni_job *job, uint64_t number)
{
	return job->seed + number / (job->explore + 1);
}

/* ---- failures */

static void keep(struct gni_crew *c, struct worker *w,
		 const struct gni_outcome *o, const char *output)
{
	struct gni_failure *f;

	w->totals.failed++;
	if (!c->job.keep_going)
		atomic_store(&c->stop, true);
	if (w->kept == GNI_CREW_FAILURES)
		return;
	f = &w->failures[w->kept];
	f->number = w->number;
	f->seed = seed_of(&c->job, w->number);
	f->changed = w->changed;
	f->change = w->change;
	f->outcome = *o;
	snprintf(f->output, sizeof f->output, "%s", output);
	w->kept++;
}

static void fail_run(struct hand *h, const struct gni_outcome *o)
{
	char output[GNI_CREW_OUTPUT];

	fflush(NULL);
	gni_output_tail(h->self->output, output, sizeof output);
	keep(h->crew, h->self, o, output);
}

/* ---- a worker */

/* All of them stop for it: a sweep that left runs out would prove nothing. */
static void give_up(struct gni_crew *c, int result)
{
	atomic_store(&c->lacks, result);
	atomic_store(&c->stop, true);
}

static void try(const struct hand *h, const struct gni_choices *choices,
		struct gni_result *r)
{
	gni_child_limit(GNI_CHILD_BUSY_NS, GNI_CHILD_ALL_NS);
	gni_trial_run(h->crew->job.scenario, choices, r);
}

static void run(struct hand *h, const struct gni_choices *choices,
		struct gni_result *r)
{
	/* What earlier runs printed is nobody's business any more. */
	fflush(stdout);
	gni_output_clear(h->self->output);
	try(h, choices, r);
	gni_totals_count(&h->self->totals, r);
	if (r->outcome.verdict != GNI_HELD)
		fail_run(h, &r->outcome);
}

/* The same seed again, in the process that has already run it. */
static void run_again(struct hand *h, uint64_t seed, uint64_t trace)
{
	struct gni_choices choices = { .seed = seed };
	struct gni_outcome unlike = { .verdict = GNI_UNLIKE };
	struct gni_result r;

	try(h, &choices, &r);
	if (r.trace != trace)
		fail_run(h, &unlike);
}

static void sample(struct gni_crew *c, uint64_t seed, uint64_t trace)
{
	uint64_t every = c->job.count / GNI_CREW_SAMPLES + 1;
	uint64_t n = seed - c->job.seed;

	if (n % every == 0)
		c->samples[n / every] =
			(struct gni_sample){ seed, trace, true };
}

static void run_seed(struct hand *h, uint64_t seed)
{
	struct gni_choices choices = { .seed = seed };
	struct gni_result r;

	run(h, &choices, &r);
	if (r.outcome.verdict != GNI_HELD)
		return;
	sample(h->crew, seed, r.trace);
	if ((seed - h->crew->job.seed) % GNI_CREW_TWICE == 0)
		run_again(h, seed, r.trace);
}

/* Records a seed whose changes are to be run; not counted as a run. */
static void record(struct hand *h, uint64_t seed)
{
	struct gni_choices choices = { .seed = seed, .log = h->log };
	struct gni_result r;

	if (h->log->count > 0 && h->logged == seed)
		return;
	h->log->count = 0;
	h->logged = seed;
	try(h, &choices, &r);
}

static void run_change(struct hand *h, uint64_t seed, uint64_t k)
{
	struct worker *w = h->self;
	struct gni_choices choices = { .seed = seed };
	struct gni_tape_log *log = h->log;
	struct gni_result r;
	uint8_t *tape;
	size_t most;

	record(h, seed);
	most = log->count < log->max ? log->count : log->max;
	if (!gni_explore_pick(log->entries, most, k, h->crew->job.explore,
			      &w->change))
		return;
	tape = gni_tape_of(log, &w->change, &choices.bytes);
	if (!tape) {
		give_up(h->crew, -ENOMEM);
		return;
	}
	w->changed = true;
	choices.tape = tape;
	run(h, &choices, &r);
	w->changed = false;
	free(tape);
}

static bool next_run(struct hand *h)
{
	struct gni_crew *c = h->crew;

	h->self->number = atomic_fetch_add(&c->next, 1);
	h->self->busy = h->self->number < runs_of(&c->job) &&
			!atomic_load(&c->stop);
	return h->self->busy;
}

static void work(void *arg)
{
	struct hand h = *(struct hand *)arg;
	const struct gni_job *job = &h.crew->job;

	h.log = job->explore ? gni_log_new() : NULL;
	if (job->explore && !h.log)
		give_up(h.crew, -ENOMEM);
	while (next_run(&h)) {
		uint64_t seed = seed_of(job, h.self->number);
		uint64_t k = h.self->number % (job->explore + 1);

		if (k == 0)
			run_seed(&h, seed);
		else
			run_change(&h, seed, k - 1);
	}
	gni_log_free(h.log);
	gni_child_audit();
}

/* ---- the overseer */

static void start(struct gni_crew *c, struct worker *w)
{
	struct hand h = { .crew = c, .self = w };

	w->changed = w->busy = false;
	w->process = gni_child_start(work, &h, w->output);
	if (w->process > 0)
		return;
	atomic_store(&c->lacks, w->process);
	w->process = 0;
}

static void ended(struct gni_crew *c, struct worker *w, int status)
{
	char output[GNI_CREW_OUTPUT];
	struct gni_outcome o;

	w->process = 0;
	if (status == 0 && !w->busy)
		return;
	gni_output_tail(w->output, output, sizeof output);
	gni_outcome_ended(&o, status, output);
	if (!w->busy && o.value == GNI_CHILD_LEAKED)
		o.verdict = GNI_LOST;
	w->totals.runs += w->busy;
	keep(c, w, &o, output);
	if (w->busy && !atomic_load(&c->stop))
		start(c, w);
}

static void oversee(void *arg)
{
	struct gni_crew *c = arg;
	pid_t process;
	int status;

	for (unsigned i = 0; i < c->job.jobs; i++)
		start(c, &c->workers[i]);
	while ((process = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		for (unsigned i = 0; i < c->job.jobs; i++)
			if (process > 0 && c->workers[i].process == process)
				ended(c, &c->workers[i], status);
}

static int by_number(const void *a, const void *b)
{
	const struct gni_failure *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static void gather(struct gni_crew *c)
{
	for (unsigned i = 0; i < c->job.jobs; i++) {
		struct worker *w = &c->workers[i];

		for (unsigned n = 0; n < w->kept; n++)
			c->failures[c->failed++] = &w->failures[n];
	}
	qsort(c->failures, c->failed, sizeof *c->failures, by_number);
}

/* Whoever could not be started may have had nothing to do any more. */
static int all_made(struct gni_crew *c)
{
	int lacks = atomic_load(&c->lacks);

	if (c->failed > 0 || (!atomic_load(&c->stop) &&
			      atomic_load(&c->next) >= runs_of(&c->job)))
		return 0;
	return lacks ? lacks : -ECHILD;
}

static int run_crew(struct gni_crew *c)
{
	int status = gni_child_run(oversee, c, -1);

	if (status != 0)
		return status < 0 ? status : -ECHILD;
	gather(c);
	return all_made(c);
}

int gni_crew_run(const struct gni_job *job, struct gni_crew **crew)
{
	struct gni_crew *c = gni_shared(sizeof *c);
	int result = 0;

	*crew = c;
	if (!c)
		return -ENOMEM;
	c->job = *job;
	for (unsigned i = 0; i < job->jobs; i++) {
		c->workers[i].output = gni_output_open();
		if (c->workers[i].output < 0)
			result = c->workers[i].output;
	}
	if (result == 0)
		result = run_crew(c);
	for (unsigned i = 0; i < job->jobs; i++)
		gni_output_close(c->workers[i].output);
	return result;
}

void gni_crew_free(struct gni_crew *crew)
{
	gni_shared_free(crew, sizeof *crew);
}

/* ---- what they came to */

void gni_crew_totals(const struct gni_crew *crew, gn_sweep_totals *totals)
{
	gni_totals_begin(totals);
	for (unsigned i = 0; i < crew->job.jobs; i++)
		gni_totals_add(totals, &crew->workers[i].totals);
}

const struct gni_failure *gni_crew_failure(const struct gni_crew *crew,
					   unsigned n)
{
	bool kept = n < crew->failed && n < GNI_CREW_FAILURES;

	return kept ? crew->failures[n] : NULL;
}

const struct gni_sample *gni_crew_sample(const struct gni_crew *crew,
					 unsigned n)
{
	return n < GNI_CREW_SAMPLES ? &crew->samples[n] : NULL;
}

/* ---- tapes */

static size_t log_bytes(void)
{
	return sizeof(struct gni_tape_log) +
	       GNI_CREW_ENTRIES * sizeof(struct gni_tape_entry);
}

struct gni_tape_log *gni_log_new(void)
{
	struct gni_tape_log *log = gni_shared(log_bytes());

	if (log)
		log->max = GNI_CREW_ENTRIES;
	return log;
}

void gni_log_free(struct gni_tape_log *log)
{
	gni_shared_free(log, log_bytes());
}

uint8_t *gni_tape_of(const struct gni_tape_log *log,
		     const struct gni_change *change, size_t *bytes)
{
	size_t count = log->count < log->max ? log->count : log->max;
	struct gni_tape_entry *all = calloc(count + 1, sizeof *all);
	uint8_t *tape = NULL;

	if (!all)
		return NULL;
	memcpy(all, log->entries, count * sizeof *all);
	if (change && change->place < count)
		all[change->place].value = change->value;
	*bytes = gni_tape_save(all, count, NULL, 0);
	tape = malloc(*bytes + 1);
	if (tape)
		gni_tape_save(all, count, tape, *bytes);
	free(all);
	return tape;
}
