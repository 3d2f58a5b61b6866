/*
 * busy.h: a small world in which much happens at once: a server that echoes,
 * clients that send and receive in every way there is, give up and come back,
 * break off, talk to each other by channels, and check every byte.
 */
#ifndef BUSY_H
#define BUSY_H

#include "stage.h"

/* What a run came to: equal for equal seeds. */
struct busy {
	struct outcome outcome;
	uint64_t digest; /* of what the programs saw, and when */
	/* How often things were seen to happen. */
	unsigned long long bytes, timeouts, partial, resets, cancels, messages;
};

/* busy_run runs the world; what is wrong ends the process with the seed. */
void busy_run(const gn_sim_opts *opts, struct busy *b);

#endif
