/*
 * attempt.h: one attempt at a trial, in the process that it has to itself: the
 * N-th of something fails.
 */
#ifndef NTH_ATTEMPT_H
#define NTH_ATTEMPT_H

#include <stdint.h>

#include "../conform/nomem.h"
#include "nth.h"

/* What is made to fail. */
enum nth_kind {
	NTH_NOTHING,
	NTH_ALLOCATION, /* one, and no other */
	NTH_MEMORY,	/* one and all after it */
	NTH_OPERATION,	/* a call or operation of the backend's */
	NTH_KINDS,
};

struct nth_attempt {
	const struct nth_trial *trial;
	bool sim;
	enum nth_kind kind;
	unsigned number; /* counted from 1 */
	const char *folder;
};

/* A function and the codes it gave, a bit each: GN_ETIMEOUT is the first. */
struct nth_seen {
	char function[32];
	uint32_t codes;
};

#define NTH_SEEN_MAX 128

/* What the process says, in memory that it shares with who counts. */
struct nth_report {
	bool struck; /* there was such a number */
	int code;    /* what the trial ended with then */
	struct nomem_live live;
	int descriptors; /* more than there were before */
	char words[1024];
	struct nth_seen seen[NTH_SEEN_MAX];
};

/* nth_attempt_run makes the attempt and fills the report; it ends the process
 * when something is wrong, with words. */
void nth_attempt_run(const struct nth_attempt *a, struct nth_report *r);

#endif
