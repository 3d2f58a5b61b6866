/*
 * report.c: what a sweep tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnezdo/version.h>

#include "base/text.h"
#include "sim/sweep.h"

/* Lines of what a failed run printed that are told: its last ones. */
#define OUTPUT_LINES 12

void gni_sweep_say(const struct gni_sweep *w, const char *form, ...)
{
	char line[GN_FAULT_TEXT_MAX + 1024];
	struct gni_text t;
	va_list list;

	gni_text_begin(&t, line, sizeof line);
	va_start(list, form);
	gni_text_add_list(&t, form, list);
	va_end(list);
	if (w->opts->report)
		w->opts->report(line, w->opts->report_arg);
	else
		fprintf(stderr, "%s\n", line);
}

const char *gni_sweep_name(const struct gni_which *which, char *name,
			   size_t size)
{
	struct gni_text t;

	gni_text_begin(&t, name, size);
	if (which->file)
		gni_text_add(&t, "tape %s", which->file);
	else
		gni_text_add(&t, "seed %" PRIu64, which->seed);
	if (which->changed)
		gni_text_add(&t, " with choice %zu changed to %" PRIu64,
			     which->change.place, which->change.value);
	return name;
}

/* Where the last lines of a text begin. */
static const char *last_lines(const char *text, int lines)
{
	const char *at = text + strlen(text);

	if (at > text && at[-1] == '\n')
		at--;
	while (at > text && (at[-1] != '\n' || --lines > 0))
		at--;
	return at;
}

static void say_output(const struct gni_sweep *w, const char *output)
{
	const char *line = last_lines(output, OUTPUT_LINES);

	while (*line) {
		int len = (int)strcspn(line, "\n");

		gni_sweep_say(w, "  | %.*s", len, line);
		line += len;
		line += *line == '\n';
	}
}

static void put_variable(struct gni_text *t, const char *name,
			 const char *value)
{
	bool plain = value && !strpbrk(value, " \t\n\"$&();<>*?|\\`");

	if (value)
		gni_text_add(t, plain ? "%s=%s " : "%s='%s' ", name, value);
}

static void put_which(struct gni_text *t, const struct gni_which *which)
{
	if (which->file)
		put_variable(t, "GNEZDO_TAPE", which->file);
	else
		gni_text_add(t, "GNEZDO_SEED=%" PRIu64 " ", which->seed);
	if (which->changed)
		gni_text_add(t, "GNEZDO_EXPLORE=%zu:%" PRIu64 " ",
			     which->change.place, which->change.value);
}

/* All that decides the run and does not stand in the program. */
static void say_again(const struct gni_sweep *w, const struct gni_which *which)
{
	char line[GN_FAULT_TEXT_MAX + 512];
	struct gni_text t;

	gni_text_begin(&t, line, sizeof line);
	put_variable(&t, "GNEZDO_SCENARIO", w->scenario.name);
	put_which(&t, which);
	put_variable(&t, "GNEZDO_FAULTS", secure_getenv("GNEZDO_FAULTS"));
	put_variable(&t, "GNEZDO_OFF", secure_getenv("GNEZDO_OFF"));
	gni_sweep_say(w, "  again (gnezdo %s): %s%s", gn_version(), line,
		      program_invocation_name);
	if (!w->shrink_to)
		gni_sweep_say(w, "  shrunk: with GNEZDO_SHRINK=FILE too");
}

void gni_report_failure(struct gni_sweep *w, const struct gni_which *which,
			const struct gni_outcome *o, const char *output,
			const char *faults)
{
	char name[256], how[GNI_OUTCOME_TEXT + 128];

	gni_sweep_say(w, "%s: %s fails: %s", w->scenario.name,
		      gni_sweep_name(which, name, sizeof name),
		      gni_outcome_say(o, how, sizeof how));
	say_output(w, output);
	if (*faults)
		gni_sweep_say(w, "  faults: %s", faults);
	say_again(w, which);
}

void gni_report_lost(const struct gni_sweep *w, const struct gni_failure *f)
{
	char how[GNI_OUTCOME_TEXT + 128];

	gni_sweep_say(w, "%s: %s", w->scenario.name,
		      gni_outcome_say(&f->outcome, how, sizeof how));
	say_output(w, f->output);
}

void gni_report_totals(const struct gni_sweep *w, const gn_sweep_totals *t)
{
	gni_sweep_say(w,
		      "%s: %" PRIu64 " runs held, %" PRIu64
		      " of them with faults: %" PRIu64
		      " events in %.1f h of virtual time",
		      w->scenario.name, t->runs, t->faulted, t->events,
		      (double)t->elapsed_ns / (double)GN_HOUR);
}
