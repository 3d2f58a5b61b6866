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
#include "io/file.h"
#include "sim/sweep.h"

/* Lines of what a failed run printed that are told: its last ones. */
#define OUTPUT_LINES 12

/* Characters of which none means anything to a shell. */
#define PLAIN                        \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=+@%"

/* More words behind a program than any system takes, bytes. */
#define WORDS_MAX ((size_t)4 << 20)

static void say_line(const struct gni_sweep *w, const char *line)
{
	if (w->opts->report)
		w->opts->report(line, w->opts->report_arg);
	else
		fprintf(stderr, "%s\n", line);
}

/* A line that is cut would not show a run again. */
GN_PRINTF(3, 0)
static void say_long(const struct gni_sweep *w, size_t len, const char *form,
		     va_list list)
{
	char *line = malloc(len + 1);
	struct gni_text t;

	if (!line)
		return;
	gni_text_begin(&t, line, len + 1);
	gni_text_add_list(&t, form, list);
	say_line(w, line);
	free(line);
}

void gni_sweep_say(const struct gni_sweep *w, const char *form, ...)
{
	char line[1024];
	struct gni_text t;
	va_list list;

	gni_text_begin(&t, line, sizeof line);
	va_start(list, form);
	gni_text_add_list(&t, form, list);
	va_end(list);
	va_start(list, form);
	if (gni_text_cut(&t))
		say_long(w, t.len, form, list);
	else
		say_line(w, line);
	va_end(list);
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

/* As a shell reads it back. */
static void put_word(struct gni_text *t, const char *word)
{
	const char *rest = word + strspn(word, PLAIN);

	if (*word && !*rest) {
		gni_text_add(t, "%s ", word);
		return;
	}
	gni_text_add(t, "'");
	for (; *word; word = rest) {
		rest = word + strcspn(word, "'");
		gni_text_add(t, "%.*s", (int)(rest - word), word);
		for (; *rest == '\''; rest++)
			gni_text_add(t, "'\\''");
	}
	gni_text_add(t, "' ");
}

static void put_variable(struct gni_text *t, const char *name,
			 const char *value)
{
	if (!value)
		return;
	gni_text_add(t, "%s=", name);
	put_word(t, value);
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

/* The program and what it was told; the system may not say. */
static void put_program(struct gni_text *t)
{
	uint8_t *words;
	size_t len;

	if (gni_file_read("/proc/self/cmdline", WORDS_MAX, &words, &len) < 0) {
		put_word(t, program_invocation_name);
		return;
	}
	words[len] = '\0';
	for (size_t at = 0; at < len;) {
		const char *word = (const char *)words + at;

		put_word(t, word);
		at += strlen(word) + 1;
	}
	free(words);
}

/* All that decides the run and does not stand in the program. */
static void put_again(struct gni_text *t, const struct gni_sweep *w,
		      const struct gni_which *which)
{
	put_variable(t, "GNEZDO_SCENARIO", w->scenario.name);
	put_which(t, which);
	put_variable(t, "GNEZDO_FAULTS", secure_getenv("GNEZDO_FAULTS"));
	put_variable(t, "GNEZDO_OFF", secure_getenv("GNEZDO_OFF"));
	put_program(t);
}

static void say_again(const struct gni_sweep *w, const struct gni_which *which)
{
	struct gni_text t;
	char one, *line;
	size_t len;

	gni_text_begin(&t, &one, 1);
	put_again(&t, w, which);
	len = t.len;
	line = malloc(len + 1);
	if (!line)
		return;
	gni_text_begin(&t, line, len + 1);
	put_again(&t, w, which);
	line[len - 1] = '\0'; /* a blank */
	gni_sweep_say(w, "  again (gnezdo %s): %s", gn_version(), line);
	free(line);
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
