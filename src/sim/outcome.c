/*
 * outcome.c: how runs end, compared and put into words.
 */
#include "sim/outcome.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <gnezdo/error.h>
#include <gnezdo/text.h>

#include "base/text.h"

/* The sanitizers say more after the line that tells what it was. */
#define SUMMARY "SUMMARY: "

static void keep_line(struct gni_outcome *o, const char *line, size_t len)
{
	if (len > sizeof o->text - 1)
		len = sizeof o->text - 1;
	memcpy(o->text, line, len);
	o->text[len] = '\0';
	gn_printable(o->text);
}

static void keep_last(struct gni_outcome *o, const char *output)
{
	const char *summary = strstr(output, SUMMARY);
	const char *line = summary ? summary : output;

	while (!summary && strchr(line, '\n')) {
		const char *next = strchr(line, '\n') + 1;

		if (*next == '\0')
			break;
		line = next;
	}
	keep_line(o, line, strcspn(line, "\n"));
}

/* The signals of gni_child_limit. */
static const char *limit_of(int signal)
{
	if (signal == SIGPROF)
		return "no end after 60 s of the processor";
	return signal == SIGALRM ? "no end after 10 min" : NULL;
}

void gni_outcome_ended(struct gni_outcome *o, int status, const char *output)
{
	bool crashed = WIFSIGNALED(status);
	const char *limit = crashed ? limit_of(WTERMSIG(status)) : NULL;

	if (limit) {
		*o = (struct gni_outcome){ .verdict = GNI_FAILED,
					   .value = GN_ELIMIT };
		keep_line(o, limit, strlen(limit));
		return;
	}
	*o = (struct gni_outcome){
		.verdict = crashed ? GNI_CRASHED : GNI_EXITED,
		.value = crashed ? WTERMSIG(status) : WEXITSTATUS(status) };
	/* What was printed before a fault has nothing to do with it. */
	if (!crashed || o->value == SIGABRT)
		keep_last(o, output);
}

/* Moves past a number, or a character; gives which it was. */
static char step(const char **text)
{
	char c = **text;

	if (!isdigit((unsigned char)c)) {
		*text += c != '\0';
		return c;
	}
	while (isdigit((unsigned char)**text))
		++*text;
	return '0';
}

static bool same_text(const char *a, const char *b)
{
	char one, other;

	do {
		one = step(&a);
		other = step(&b);
	} while (one == other && one);
	return one == other;
}

bool gni_outcome_same(const struct gni_outcome *a, const struct gni_outcome *b)
{
	bool counts = a->verdict != GNI_LEFT;

	return a->verdict == b->verdict && (!counts || a->value == b->value) &&
	       same_text(a->text, b->text);
}

/* A scenario may have a number of its own for what it found. */
static void say_failed(struct gni_text *t, const struct gni_outcome *o)
{
	const char *colon = *o->text ? ": " : "";

	if (strcmp(gn_code_name(o->value), "GN_?") == 0)
		gni_text_add(t, "%s%sit returned %d", o->text, colon, o->value);
	else
		gni_text_add(t, "%s%s%s (%s)", o->text, colon,
			     gn_code_text(o->value), gn_code_name(o->value));
}

const char *gni_outcome_say(const struct gni_outcome *o, char *line,
			    size_t size)
{
	struct gni_text t;

	gni_text_begin(&t, line, size);
	switch (o->verdict) {
	case GNI_HELD:
		gni_text_add(&t, "it held");
		break;
	case GNI_FAILED:
		say_failed(&t, o);
		break;
	case GNI_LEFT:
		gni_text_add(&t, "host %s left %d socket%s open", o->text,
			     o->value, o->value == 1 ? "" : "s");
		break;
	case GNI_UNLIKE:
		gni_text_add(&t, "the same choices gave another run");
		break;
	case GNI_CRASHED:
		gni_text_add(&t, "signal %d (%s)%s%s", o->value,
			     strsignal(o->value), *o->text ? ": " : "",
			     o->text);
		break;
	case GNI_LOST:
		gni_text_add(&t, "memory was lost: %s", o->text);
		break;
	default:
		gni_text_add(&t, "exit status %d: %s", o->value, o->text);
	}
	return line;
}

int gni_outcome_code(const struct gni_outcome *o)
{
	switch (o->verdict) {
	case GNI_HELD:
		return 0;
	case GNI_FAILED:
		return o->value;
	case GNI_LEFT:
		return GN_ELIMIT;
	default:
		return GN_ESYS;
	}
}
