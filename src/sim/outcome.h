/*
 * outcome.h: how a run of a scenario ended, and whether two ended alike.
 */
#ifndef GNI_SIM_OUTCOME_H
#define GNI_SIM_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

enum gni_verdict {
	GNI_HELD,
	GNI_FAILED,  /* value: a code; text: the operation */
	GNI_LEFT,    /* value: how many sockets are open; text: the host */
	GNI_UNLIKE,  /* the same choices did not give the same run */
	GNI_CRASHED, /* value: the signal */
	GNI_EXITED,  /* value: the exit status */
	GNI_LOST,    /* memory, in some run */
};

#define GNI_OUTCOME_TEXT 200

struct gni_outcome {
	enum gni_verdict verdict;
	int value;
	/* What tells it from others of the kind; of a process that ended, what
	 * it said last. */
	char text[GNI_OUTCOME_TEXT];
};

/* gni_outcome_ended judges a process by the status that waitpid gave and by
 * what it had printed. */
void gni_outcome_ended(struct gni_outcome *o, int status, const char *output);

/* gni_outcome_same tells whether two are the same failure: numbers in their
 * texts may differ. */
bool gni_outcome_same(const struct gni_outcome *a,
		      const struct gni_outcome *b);

/* gni_outcome_say writes it in words: "deadlock".  Returns line. */
const char *gni_outcome_say(const struct gni_outcome *o, char *line,
			    size_t size);

/* gni_outcome_code gives what gn_sweep returns of it. */
int gni_outcome_code(const struct gni_outcome *o);

#endif
