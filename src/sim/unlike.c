/*
 * unlike.c: where two runs that should be the same begin to differ.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/child.h"
#include "sim/sweep.h"

/* Seeds that are run before, in the process of the second run: what survives
 * from one to the next mostly does so at once. */
#define BEFORE 100

/* Of a story so much is compared, bytes. */
#define STORY ((size_t)1 << 20)

/* And it is run so often itself. */
#define AGAIN 8

struct telling {
	struct gni_sweep *sweep;
	uint64_t first, seed;
	uint64_t trace; /* one that differs from it is wanted; 0: any */
	int story;
};

static void tell(void *arg)
{
	struct telling *t = arg;
	struct gni_choices choices = { .seed = t->first };
	char path[32];
	struct gni_result r;

	gni_child_limit(GNI_CHILD_BUSY_NS, GNI_CHILD_ALL_NS);
	for (; choices.seed < t->seed; choices.seed++)
		gni_trial_run(&t->sweep->scenario, &choices, &r);
	snprintf(path, sizeof path, "/proc/self/fd/%d", t->story);
	choices.story = path;
	for (int i = 0; i < AGAIN; i++) {
		gni_output_clear(t->story);
		gni_trial_run(&t->sweep->scenario, &choices, &r);
		if (r.trace != t->trace)
			return;
	}
}

static char *story_of(struct gni_sweep *w, uint64_t first, uint64_t seed,
		      uint64_t trace)
{
	struct telling t = { w, first, seed, trace, gni_output_open() };
	char *text = malloc(STORY);

	if (t.story >= 0 && text) {
		gni_child_run(tell, &t, w->again.output);
		gni_output_tail(t.story, text, STORY);
	} else {
		free(text);
		text = NULL;
	}
	gni_output_close(t.story);
	return text;
}

static void compare(const struct gni_sweep *w, const char *a, const char *b)
{
	size_t line = 0, i;

	for (i = 0; a[i] == b[i] && a[i]; i++)
		if (a[i] == '\n')
			line = i + 1;
	if (a[i] == b[i]) {
		gni_sweep_say(w, "  told again they are alike");
		return;
	}
	gni_sweep_say(w, "  the first event that differs:");
	gni_sweep_say(w, "  < %.*s", (int)strcspn(a + line, "\n"), a + line);
	gni_sweep_say(w, "  > %.*s", (int)strcspn(b + line, "\n"), b + line);
}

void gni_unlike_find(struct gni_sweep *w, uint64_t seed)
{
	uint64_t first = seed > w->job.seed + BEFORE ? seed - BEFORE :
						       w->job.seed;
	struct gni_choices choices = { .seed = seed };
	const struct gni_result *r = gni_again_run(&w->again, &choices);
	char *alone = story_of(w, seed, seed, 0);
	char *after = r ? story_of(w, first, seed, r->trace) : NULL;

	if (alone && after)
		compare(w, alone, after);
	free(alone);
	free(after);
}
