/*
 * stage.h: a simulation and what came of it.
 */
#ifndef STAGE_H
#define STAGE_H

#include "loop/trial_test.h"

/* A host and what runs there. */
struct part {
	const char *name;
	gn_fiber_fn *fn;
	void *arg;
	bool service;
};

struct outcome {
	int result;
	int64_t elapsed_ns;
	uint64_t trace;
	char report[2048]; /* of a deadlock: its lines */
};

/*
 * stage_run simulates the parts, the last of which has no name, on links of
 * their own latency (opts may be NULL).  The record of a failure stays.
 */
struct outcome stage_run(const gn_sim_opts *opts, const struct part *parts);

/* stage_open opens it only, its report going to *o. */
gn_sim *stage_open(const gn_sim_opts *opts, const struct part *parts,
		   struct outcome *o);

/* stage_end runs what was opened, and closes it. */
void stage_end(gn_sim *sim, struct outcome *o);

/* stage_descriptors counts what the calling host has open. */
size_t stage_descriptors(void);

/* stage_seeds calls a trial in order, and then with so many seeds. */
void stage_seeds(uint64_t count, void (*trial)(const gn_sim_opts *opts));

/* stage_connect connects, trying again until somebody listens. */
gn_sock *stage_connect(const char *address, const gn_sock_opts *opts);

/* stage_local writes where a socket is. */
const char *stage_local(const gn_sock *s, char text[GN_ADDR_TEXT_MAX]);

#endif
