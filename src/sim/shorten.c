/*
 * shorten.c: a failing run is shrunk, written to a file and told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "error/error.h"
#include "io/file.h"
#include "sim/shrink.h"
#include "sim/sweep.h"

/* Each takes a process, and some take long: who waits has so much patience. */
#define RUNS_MAX 20000
#define PATIENCE_NS (10 * GN_MIN)

struct shortening {
	struct gni_shrink shrink;
	struct gni_sweep *sweep;
	struct gni_outcome as; /* what it must go on failing like */
	size_t events, told;
	gn_time until;
};

static int fail(int sys, const char *file)
{
	return gni_fail(&(struct gni_cause){ .code = gni_code_of(sys),
					     .sys = sys,
					     .operation = "sweep",
					     .about = file },
			file ? "GNEZDO_SHRINK" : NULL);
}

static bool fails(void *arg, const struct gni_tape_entry *entries, size_t count,
		  struct gni_tape_log *used)
{
	struct shortening *s = arg;
	size_t bytes = gni_tape_save(entries, count, NULL, 0);
	uint8_t *tape = malloc(bytes + 1);
	struct gni_choices choices = { .tape = tape, .bytes = bytes,
				       .log = used };
	const struct gni_result *r;

	if (!tape)
		return false;
	gni_tape_save(entries, count, tape, bytes);
	r = gni_again_run(&s->sweep->again, &choices);
	free(tape);
	return r && gni_outcome_same(&r->outcome, &s->as);
}

static bool patient(void *arg)
{
	const struct shortening *s = arg;

	return gn_time_before(gn_now(), s->until);
}

/* Told whenever half of the events are gone. */
static void progress(const struct gni_shrink *shrink)
{
	struct shortening *s = shrink->arg;
	size_t events = gni_shrink_events(shrink->best);

	if (events * 2 > s->told)
		return;
	s->told = events;
	gni_sweep_say(s->sweep, "  %zu left after %u runs", events,
		      shrink->runs);
}

/* Writes the best there is: 0 or a code; the tape is to be freed. */
static int save(const struct shortening *s, uint8_t **tape, size_t *bytes)
{
	const char *file = s->sweep->shrink_to;
	int result;

	*tape = gni_tape_of(s->shrink.best, NULL, bytes);
	if (!*tape)
		return fail(ENOMEM, NULL);
	result = gni_file_write(file, *tape, *bytes);
	return result < 0 ? fail(-result, file) : 0;
}

static int tell(struct shortening *s)
{
	struct gni_sweep *w = s->sweep;
	struct gni_choices choices = { .seed = 0 };
	const char *story = secure_getenv("GNEZDO_TRACE");
	struct gni_which which = { .file = w->shrink_to };
	uint8_t *tape;
	int result = save(s, &tape, &choices.bytes);

	if (result < 0) {
		free(tape);
		return result;
	}
	choices.tape = tape;
	gni_sweep_story(w, &choices, story ? story : "1");
	gni_sweep_say(w, "%s: %zu of %zu events are left, after %u runs",
		      w->scenario.name, gni_shrink_events(s->shrink.best),
		      s->events, s->shrink.runs);
	gni_report_failure(w, &which, &s->as, "",
			   gni_again_faults(&w->again));
	free(tape);
	return 0;
}

/* The log of the failing run, which is where shrinking begins: 1, or 0 when it
 * holds. */
static int record(struct shortening *s, const struct gni_which *which)
{
	struct gni_sweep *w = s->sweep;
	const struct gni_result *r;
	struct gni_choices choices;
	char name[256];
	uint8_t *made;
	int result = gni_sweep_choices(w, which, &choices, &made);

	if (result < 0)
		return result;
	choices.log = s->shrink.best;
	r = gni_again_run(&w->again, &choices);
	free(made);
	if (!r)
		return fail(-w->again.lacks, NULL);
	if (w->one)
		gni_totals_count(&w->totals, r);
	s->as = r->outcome;
	gni_sweep_name(which, name, sizeof name);
	if (s->as.verdict == GNI_HELD) {
		gni_sweep_say(w, "%s: %s holds, there is nothing to shrink",
			      w->scenario.name, name);
		return 0;
	}
	w->totals.failed += w->one;
	s->events = s->told = gni_shrink_events(s->shrink.best);
	gni_sweep_say(w, "%s: %s fails with %zu events", w->scenario.name,
		      name, s->events);
	return 1;
}

/* The file is written before, too: it is as well to know at once that it
 * cannot be, and who loses patience has something. */
static int shrink(struct shortening *s)
{
	size_t bytes;
	uint8_t *tape;
	int result = save(s, &tape, &bytes);

	free(tape);
	if (result < 0)
		return result;
	s->until = gn_in(PATIENCE_NS);
	gni_shrink_run(&s->shrink);
	if (s->shrink.runs >= RUNS_MAX || !patient(s))
		gni_sweep_say(s->sweep, "  given up: fewer might do");
	return tell(s);
}

static int shorten(struct shortening *s, const struct gni_which *which)
{
	int result = record(s, which);

	if (result <= 0)
		return result;
	if (s->shrink.best->count > s->shrink.best->max)
		gni_sweep_say(s->sweep, "  it has too many choices");
	else
		result = shrink(s);
	return result < 0 ? result : gni_sweep_result(s->sweep, &s->as);
}

int gni_shorten(struct gni_sweep *w, const struct gni_which *which)
{
	struct shortening s = { .sweep = w };
	int result = GN_ENOMEM;

	s.shrink = (struct gni_shrink){ .fails = fails,
					.arg = &s,
					.best = gni_log_new(),
					.used = gni_log_new(),
					.trial = gni_log_new(),
					.runs_max = RUNS_MAX,
					.patient = patient,
					.progress = progress };
	if (s.shrink.best && s.shrink.used && s.shrink.trial)
		result = shorten(&s, which);
	else
		fail(ENOMEM, NULL);
	gni_log_free(s.shrink.best);
	gni_log_free(s.shrink.used);
	gni_log_free(s.shrink.trial);
	return result;
}
