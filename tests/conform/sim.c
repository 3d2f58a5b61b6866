/*
 * sim.c: a case on simulated hosts: over several seeds, with standing
 * operations and without, both parts on one host or each on its own.  What a
 * seed did once it must do again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define SEEDS 6

#define PORT "7000"

/* A listener on another host may not be there yet. */
#define RETRY_NS GN_MSEC

struct sim_run {
	const struct conform_case *c;
	struct place *p;
};

static void report(const char *line, void *arg)
{
	(void)arg;
	note("# %s\n", line);
}

static int all_here(void *arg)
{
	struct sim_run *r = arg;

	return conform_main_fiber(r->c, r->p);
}

static gn_sock *connect_far(const struct place *p)
{
	gn_time until = SOON;
	char address[ADDRESS_MAX];
	gn_sock *s = NULL;

	/* A datagram would be lost, not refused. */
	if (p->kind->traits & K_BOUND && gn_sleep(gn_in(RETRY_NS)) < 0)
		return NULL;
	snprintf(address, sizeof address, "%s://far:" PORT, p->kind->scheme);
	while (!s && gn_time_before(gn_now(), until)) {
		s = gn_connect(address, NULL, until);
		if (!s && gn_sleep(gn_in(RETRY_NS)) < 0)
			break;
	}
	return s;
}

static gn_sock *accept_near(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l, *s;

	snprintf(address, sizeof address, "%s://:" PORT, p->kind->scheme);
	if (p->kind->traits & K_BOUND)
		return gn_bind(address, NULL);
	l = gn_listen(address, NULL);
	s = l ? gn_accept(l, SOON) : NULL;
	gn_close(l);
	return s;
}

static int run_part(const struct sim_run *r, gn_sock *s, case_part *part)
{
	int result;

	WANT(s);
	result = part(r->p, s);
	if (!(r->c->manner & KEEPS))
		gn_close(s);
	return result;
}

static int near(void *arg)
{
	struct sim_run *r = arg;

	return run_part(r, connect_far(r->p), r->c->us);
}

static int far(void *arg)
{
	struct sim_run *r = arg;

	return run_part(r, accept_near(r->p), r->c->them);
}

static int run_once(struct sim_run *r, uint64_t *trace)
{
	gn_sim_opts opts = { .seed = r->p->seed, .report = report };
	gn_sim *sim = gn_sim_open(&opts);
	int result;

	WANT(sim);
	if (r->p->apart) {
		WANT_IS(gn_sim_host(sim, "far", far, r), 0);
		WANT_IS(gn_sim_host(sim, "near", near, r), 0);
	} else {
		WANT_IS(gn_sim_host(sim, "here", all_here, r), 0);
	}
	result = gn_sim_run(sim);
	*trace = gn_sim_trace(sim);
	gn_sim_close(sim);
	return result;
}

static int run_twice(struct sim_run *r)
{
	uint64_t first, second;

	TRY(run_once(r, &first));
	TRY(run_once(r, &second));
	WANT(first == second);
	return 0;
}

static int run_seed(struct sim_run *r, uint64_t seed)
{
	uint64_t trace;

	r->p->seed = seed;
	return seed == 1 ? run_twice(r) : run_once(r, &trace);
}

static int run_seeds(struct sim_run *r, bool apart, const char *off)
{
	const char *one = getenv("GNEZDO_SEED");
	uint64_t seed = one ? strtoull(one, NULL, 10) : 1;
	uint64_t last = one ? seed : SEEDS;

	r->p->apart = apart;
	for (; seed <= last; seed++)
		if (run_seed(r, seed) < 0) {
			char text[512];

			note("# with GNEZDO_SEED=%" PRIu64 " GNEZDO_OFF=%s on "
			     "%s\n#     last failure: %s\n",
			     seed, off, apart ? "two hosts" : "one host",
			     gn_error_text(gn_error_last(), text,
					   sizeof text));
			return -1;
		}
	return 0;
}

int conform_sim(const struct conform_case *c, struct place *p)
{
	static const char *const offs[] = { "", "multishot" };
	struct sim_run r = { c, p };
	bool two_hosts = !c->solo && p->kind->traits & K_INET;

	for (size_t i = 0; i < sizeof offs / sizeof *offs; i++) {
		setenv("GNEZDO_OFF", offs[i], 1);
		TRY(run_seeds(&r, false, offs[i]));
		if (two_hosts)
			TRY(run_seeds(&r, true, offs[i]));
	}
	return 0;
}
