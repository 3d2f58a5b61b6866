/*
 * sweep.c: all scenarios over many seeds, as a TAP program.
 *
 *	sweep                    a few seeds of each
 *	sweep --seeds N          N seeds of each
 *	sweep --first N          the first seed; else 1
 *	sweep --hours H          round after round, until so many are over
 *	sweep --print A N        runs N seeds from A on and prints a line for
 *	                         each, to be compared with another process's
 *
 * What the environment says to sweeps (GNEZDO_SCENARIO, GNEZDO_SEED and so on)
 * holds here too.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnezdo/sweep.h>

#include "kit.h"
#include "memory.h"
#include "op.h"
#include "scene.h"
#include "sim/inside.h"

struct scene {
	const char *name;
	gn_scenario_fn *fn;
};

static struct scene scenes[] = {
	{ "cancel", scene_cancel },	  { "channel", scene_channel },
	{ "chat", scene_chat },		  { "closing", scene_closing },
	{ "datagram", scene_datagram },	  { "echo", scene_echo },
	{ "halfclose", scene_halfclose }, { "local", scene_local },
	{ "pipeline", scene_pipeline },	  { "proxy", scene_proxy },
	{ "request", scene_request },	  { "restart", scene_restart },
	{ "serve", scene_serve },	  { "slow", scene_slow },
	{ "storm", scene_storm },	  { "timer", scene_timer },
};

#define SCENES ((int)(sizeof scenes / sizeof *scenes))

/* With those that are about all of them. */
#define CASES (SCENES + 2)

/* Of fewer seeds each not every fault strikes. */
#define SEEDS_ENOUGH 300

/* What was asked for. */
static struct {
	uint64_t seeds, first;
	double hours; /* 0: one round */
	bool part;    /* not all of it is run, or otherwise than it is meant */
	bool explores;
} asked = { .seeds = 100, .first = 1 };

/* What it came to. */
static struct {
	gn_sweep_totals all;
	bool too_few_faulted; /* in some scenario */
	bool failed;
	double began;
} sum;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- a scenario */

/*
 * Each run is to leave as much memory as it found; what it keeps is seen when
 * the next one begins in the same process.  Explored runs have a tape too.
 */
static int run(gn_sim *sim, void *arg)
{
	static int64_t blocks_before;
	const struct scene *c = arg;
	int64_t blocks = memory_blocks();

	trial_seed = sim->opts.seed;
	if (blocks_before && blocks != blocks_before && !asked.explores)
		trial_fail(__FILE__, __LINE__,
			   "a run before this one left %" PRId64 " blocks",
			   blocks - blocks_before);
	blocks_before = blocks;
	return c->fn(sim, NULL);
}

static void report(const char *line, void *arg)
{
	fprintf(arg, "# %s\n", line);
}

static void add(const gn_sweep_totals *t)
{
	sum.all.runs += t->runs;
	sum.all.failed += t->failed;
	sum.all.faulted += t->faulted;
	sum.all.events += t->events;
	sum.all.elapsed_ns += t->elapsed_ns;
	for (int i = 0; t->faults[i].word; i++) {
		sum.all.faults[i].word = t->faults[i].word;
		sum.all.faults[i].injected += t->faults[i].injected;
		sum.all.faults[i].handled += t->faults[i].handled;
	}
	if (t->faulted * 2 < t->runs)
		sum.too_few_faulted = true;
}

static bool holds(struct scene *c, uint64_t first, FILE *told)
{
	gn_sweep_totals t;
	gn_sweep_opts opts = { .seed = first,
			       .count = asked.seeds,
			       .heal_ns = KIT_HEAL_NS,
			       .keep_going = true,
			       .report = report,
			       .report_arg = told,
			       .totals = &t };
	int result = gn_sweep(c->name, run, c, &opts);

	add(&t);
	sum.failed |= result < 0;
	return result >= 0;
}

/* ---- all of them */

static void print_figures(void)
{
	const gn_sweep_totals *t = &sum.all;
	double runs = t->runs ? (double)t->runs : 1;

	printf("#| %" PRIu64 " seeds, %" PRIu64 " of them failed, in %.0f s\n",
	       t->runs, t->failed, seconds() - sum.began);
	printf("#| %" PRIu64 " operations, at least %" PRIu64 " a run; %" PRIu64
	       " events in %.0f h of virtual time\n",
	       op_totals_sum(), op_totals_fewest(), t->events,
	       (double)t->elapsed_ns / (double)GN_HOUR);
	printf("#| faults struck in %.1f %% of the runs\n",
	       100 * (double)t->faulted / runs);
	printf("#| %-12s %12s %12s\n", "fault", "injected", "handled");
	for (int i = 0; t->faults[i].word; i++)
		printf("#| %-12s %12" PRIu64 " %12" PRIu64 "\n",
		       t->faults[i].word, t->faults[i].injected,
		       t->faults[i].handled);
}

/* What never happened was not tested. */
static bool every_fault_struck(void)
{
	bool all = true;

	for (int i = 0; sum.all.faults[i].word; i++) {
		if (sum.all.faults[i].injected > 0)
			continue;
		printf("# never injected: %s\n", sum.all.faults[i].word);
		all = false;
	}
	return all;
}

static void tell(int number, bool ok, const char *name)
{
	bool skipped = asked.part && number > SCENES;

	sum.failed |= !ok && !skipped;
	printf("%s %d - %s%s\n", ok || skipped ? "ok" : "not ok", number, name,
	       skipped ? " # SKIP a part of the sweep only" : "");
	fflush(stdout);
}

static void run_once(void)
{
	printf("1..%d\n", CASES);
	for (int i = 0; i < SCENES; i++)
		tell(i + 1, holds(&scenes[i], asked.first, stdout),
		     scenes[i].name);
	tell(SCENES + 1, !sum.too_few_faulted,
	     "half of the runs of each have faults");
	tell(SCENES + 2, every_fault_struck(), "each fault strikes");
	op_totals_print();
	print_figures();
}

static void run_round(uint64_t first)
{
	for (int i = 0; i < SCENES; i++) {
		char *text = NULL;
		size_t size;
		FILE *told = open_memstream(&text, &size);

		if (told && !holds(&scenes[i], first, told)) {
			fflush(told);
			fputs(text, stdout);
		}
		if (told)
			fclose(told);
		free(text);
	}
}

static void run_for_hours(void)
{
	double end = sum.began + asked.hours * 3600;
	uint64_t first = asked.first;

	printf("# from seed %" PRIu64 ", %g h\n", first, asked.hours);
	fflush(stdout);
	for (; seconds() < end; first += asked.seeds) {
		run_round(first);
		printf("# %.2f h: %" PRIu64 " seeds, %" PRIu64 " failed\n",
		       (seconds() - sum.began) / 3600, sum.all.runs,
		       sum.all.failed);
		fflush(stdout);
	}
	op_totals_print();
	print_figures();
}

/* ---- what another process is to do alike */

static void print_run(const struct scene *c, uint64_t seed)
{
	gn_sim *sim = gn_sim_open(&(gn_sim_opts){
		.seed = seed, .swarm = true, .heal_ns = KIT_HEAL_NS });

	trial_seed = seed;
	WANT(sim);
	WANT(c->fn(sim, NULL) >= 0);
	printf("%" PRIu64 " %s %016" PRIx64 "\n", seed, c->name,
	       gn_sim_trace(sim));
	gn_sim_close(sim);
}

static int print_runs(uint64_t first, uint64_t count)
{
	const char *only = getenv("GNEZDO_SCENARIO");

	for (uint64_t i = 0; i < count; i++)
		for (int c = 0; c < SCENES; c++)
			if (!only || strcmp(only, scenes[c].name) == 0)
				print_run(&scenes[c], first + i);
	return 0;
}

/* ---- what is asked for */

static bool is_set(const char *variable)
{
	return getenv(variable) != NULL;
}

static bool read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seeds", required_argument, NULL, 's' },
		{ "first", required_argument, NULL, 'f' },
		{ "hours", required_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 's')
			asked.seeds = strtoull(optarg, NULL, 10);
		else if (option == 'f')
			asked.first = strtoull(optarg, NULL, 10);
		else if (option == 'h')
			asked.hours = strtod(optarg, NULL);
		else
			return false;
	}
	return optind == argc && asked.seeds > 0;
}

static void read_environment(void)
{
	asked.explores = is_set("GNEZDO_EXPLORE");
	asked.part = asked.seeds < SEEDS_ENOUGH || is_set("GNEZDO_SCENARIO") ||
		     is_set("GNEZDO_SEED") || is_set("GNEZDO_TAPE") ||
		     is_set("GNEZDO_SHRINK") || is_set("GNEZDO_FAULTS");
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--print") == 0)
		return print_runs(strtoull(argv[2], NULL, 0),
				  strtoull(argv[3], NULL, 0));
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: sweep [--seeds N] [--first N] "
				"[--hours H]\n");
		return 2;
	}
	read_environment();
	op_totals_share();
	memory_prime();
	sum.began = seconds();
	if (asked.hours > 0)
		run_for_hours();
	else
		run_once();
	return sum.failed;
}
