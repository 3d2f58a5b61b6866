/*
 * sim.c: a case in the simulation: a host for each part, and one whose program
 * talks to itself all the while, over many seeds, with standing operations and
 * without.
 *
 *	us 10.0.0.1 ---- the faults ---- them 10.0.0.2        bystander 10.0.0.3
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "row.h"

#include "io/sim/sim.h"
#include "loop/loop.h"

/* So many runs, half of them without standing operations. */
#define SEEDS 40

struct stage {
	const struct fault_case *c;
	struct world *w;
	struct gni_sim_count counts[GNI_FAULT_COUNT];
};

static void report(const char *line, void *arg)
{
	(void)arg;
	note("# %s\n", line);
}

/* The network goes with the run, so its counts are asked for within. */
static void take_counts(struct stage *st)
{
	gni_sim_fault_counts(gni_loop_mine()->io, st->counts);
}

static int us(void *arg)
{
	struct stage *st = arg;
	int result = st->c->us(st->w);

	atomic_store(&st->w->over, true);
	take_counts(st);
	return result;
}

static int them(void *arg)
{
	struct stage *st = arg;
	int result = st->c->them(st->w);

	take_counts(st);
	return result;
}

/* Whatever happens to others is none of its business. */
static int bystander(void *arg)
{
	struct stage *st = arg;
	struct place p = st->w->place;
	size_t round = 0;
	gn_sock *s[2];

	p.kind = &conform_kinds[0];
	TRY(two(&p, s));
	while (!atomic_load(&st->w->over)) {
		TRY(send_pattern(s[0], 700, round));
		TRY(recv_pattern(s[1], 700, round++));
		WANT_IS(gn_sleep(gn_in(20 * GN_MSEC)), 0);
	}
	close_two(s);
	return 0;
}

static int add_hosts(gn_sim *sim, struct stage *st)
{
	bool serves = st->w->needs & THEM_SERVES;

	WANT_IS(gn_sim_host(sim, "us", us, st), 0);
	if (st->c->them && serves)
		WANT_IS(gn_sim_service(sim, "them", them, st), 0);
	else if (st->c->them)
		WANT_IS(gn_sim_host(sim, "them", them, st), 0);
	if (!(st->w->needs & NEED_QUIET))
		WANT_IS(gn_sim_host(sim, "bystander", bystander, st), 0);
	if (st->c->faults[0])
		WANT_IS(gn_sim_fault(sim, st->c->faults), 0);
	return 0;
}

static void add_up(const struct stage *st)
{
	for (size_t i = 0; i < GNI_FAULT_COUNT; i++) {
		injected((unsigned long)st->counts[i].injected);
		handled((unsigned long)st->counts[i].handled);
	}
}

static int run_once(struct stage *st, uint64_t *trace)
{
	gn_sim_opts opts = { .seed = st->w->seed,
			     .in_order = st->w->needs & ONE_SEED,
			     .report = report };
	gn_sim *sim = gn_sim_open(&opts);
	int result;

	WANT(sim);
	atomic_store(&st->w->over, false);
	result = add_hosts(sim, st);
	if (result == 0)
		result = gn_sim_run(sim);
	*trace = gn_sim_trace(sim);
	gn_sim_close(sim);
	add_up(st);
	return result;
}

/* Bells that an earlier run left rung would be heard. */
static int open_bells(struct place *p)
{
	for (int i = 0; i < 2; i++) {
		gn_chan_close(p->bells[i]);
		p->bells[i] = gn_chan_open(0, 64);
		WANT(p->bells[i]);
	}
	return 0;
}

/* The first seed's run comes out the same again. */
static int run_seed(struct stage *st, uint64_t seed)
{
	uint64_t trace, again;

	st->w->seed = seed;
	setenv("GNEZDO_OFF", seed % 2 ? "" : "multishot", 1);
	TRY(open_bells(&st->w->place));
	TRY(run_once(st, &trace));
	if (seed > 1)
		return 0;
	TRY(open_bells(&st->w->place));
	TRY(run_once(st, &again));
	WANT(trace == again);
	return 0;
}

int fault_sim(const struct fault_case *c, struct world *w)
{
	const char *one = getenv("GNEZDO_SEED");
	uint64_t first = one ? strtoull(one, NULL, 10) : 1;
	uint64_t last = one ? first : c->needs & ONE_SEED ? 1 : SEEDS;
	struct stage st = { .c = c, .w = w };
	char text[512];

	w->needs = c->needs;
	w->host = "them";
	for (uint64_t seed = first; seed <= last; seed++) {
		if (run_seed(&st, seed) == 0)
			continue;
		gn_error_text(gn_error_last(), text, sizeof text);
		note("# with GNEZDO_SEED=%" PRIu64 ": %s\n", seed, text);
		return -1;
	}
	return 0;
}
