/*
 * echo.c: a thousand runs of the busy world.  Each checks every byte in both
 * directions and that nothing stays open; together they have to have seen
 * what such a world is for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "busy.h"

/* Fewer where a run takes ten times as long. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define SEEDS 300
#else
#define SEEDS 1000
#endif

static struct busy sum;

static void run(const gn_sim_opts *opts)
{
	struct busy b;

	busy_run(opts, &b);
	sum.bytes += b.bytes;
	sum.timeouts += b.timeouts;
	sum.partial += b.partial;
	sum.resets += b.resets;
	sum.cancels += b.cancels;
	sum.messages += b.messages;
	sum.outcome.elapsed_ns += b.outcome.elapsed_ns / GN_SEC;
}

/* A world in which nothing ever goes wrong would show nothing. */
static void want_all_seen(void)
{
	printf("# %llu bytes, %llu messages, %llu deadlines, %llu sends in "
	       "part, %llu broken off, %llu cancels, %lld virtual seconds\n",
	       sum.bytes, sum.messages, sum.timeouts, sum.partial, sum.resets,
	       sum.cancels, (long long)sum.outcome.elapsed_ns);
	WANT(sum.bytes > SEEDS * 10000);
	WANT(sum.messages > SEEDS);
	WANT(sum.timeouts > SEEDS);
	WANT(sum.partial > SEEDS / 10);
	WANT(sum.resets > SEEDS / 10);
	WANT(sum.cancels > SEEDS / 10);
}

static void byte_exact(void)
{
	stage_seeds(SEEDS, run);
	want_all_seen();
}

static void without_standing_operations(void)
{
	WANT(setenv("GNEZDO_OFF", "multishot", 1) == 0);
	stage_seeds(SEEDS / 5, run);
}

/* One seed again: GN_TEST_SEED tells which. */
static void one_seed(void)
{
	const char *given = getenv("GN_TEST_SEED");

	trial_seed = given ? strtoull(given, NULL, 0) : 0;
	run(&(gn_sim_opts){ .seed = trial_seed });
}

static const struct trial trials[] = {
	{ "one seed", one_seed, ALONE },
	{ "byte-exact fault_4 fault_5 fault_6", byte_exact, ALONE },
	{ "without standing operations", without_standing_operations,
	  ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
