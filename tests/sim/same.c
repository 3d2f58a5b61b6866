/*
 * same.c: the same seed gives the same run: what happened on the network, what
 * the programs saw and at which instants.
 *
 *	sim-same                runs the trials
 *	sim-same --print A N    prints the runs of N seeds from A on, a line
 *	                        each, to be compared with what another process
 *	                        or another compiler prints
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "busy.h"
#include "tough.h"

#define SEEDS 200

static void run(uint64_t seed, bool in_order, struct busy *b)
{
	trial_seed = seed;
	busy_run(&(gn_sim_opts){ .seed = seed, .in_order = in_order }, b);
}

static void want_same(const struct busy *a, const struct busy *b)
{
	WANT_IS(a->outcome.elapsed_ns, b->outcome.elapsed_ns);
	WANT(a->outcome.trace == b->outcome.trace);
	WANT(a->digest == b->digest);
	WANT_IS((long long)a->bytes, (long long)b->bytes);
}

/* Twice in turn, and once more when others have been in between. */
static void same_seed_same_run(void)
{
	static struct busy first[SEEDS], again;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		run(seed, false, &first[seed]);
		run(seed, false, &again);
		want_same(&first[seed], &again);
	}
	for (uint64_t seed = 0; seed < SEEDS; seed += 7) {
		run(seed, false, &again);
		want_same(&first[seed], &again);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;

	return (one > two) - (one < two);
}

static void want_different(uint64_t *values, size_t count, size_t least)
{
	size_t different = 1;

	qsort(values, count, sizeof *values, compare);
	for (size_t i = 1; i < count; i++)
		different += values[i] != values[i - 1];
	WANT(different >= least);
}

static void other_seed_other_run(void)
{
	static uint64_t traces[SEEDS], digests[SEEDS];
	struct busy b;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		run(seed, false, &b);
		traces[seed] = b.outcome.trace;
		digests[seed] = b.digest;
	}
	want_different(traces, SEEDS, SEEDS * 95 / 100);
	want_different(digests, SEEDS, SEEDS * 95 / 100);
}

/* ---- in order the seed of the network decides nothing */

static int send_much(void *arg)
{
	static const char much[100000];
	gn_sock *s = stage_connect("tcp://taker:1", NULL);

	(void)arg;
	WANT_IS(gn_send(s, much, sizeof much, SOON), 0);
	gn_close(s);
	return 0;
}

static int take_much(void *arg)
{
	static char much[100000];
	gn_sock *l = gn_listen("tcp://:1", NULL), *s;

	(void)arg;
	WANT(l);
	s = gn_accept(l, SOON);
	WANT(s);
	WANT_IS(gn_recv_exact(s, much, sizeof much, SOON), sizeof much);
	gn_close(s);
	gn_close(l);
	return 0;
}

static const struct part much[] = {
	{ .name = "taker", .fn = take_much },
	{ .name = "giver", .fn = send_much },
	{ 0 },
};

static void in_order_without_a_seed(void)
{
	struct outcome first = stage_run(
		&(gn_sim_opts){ .in_order = true }, much);

	WANT_IS(first.result, 0);
	for (uint64_t seed = 1; seed < 20; seed++) {
		struct outcome o = stage_run(
			&(gn_sim_opts){ .seed = seed, .in_order = true },
			much);

		WANT_IS(o.elapsed_ns, first.elapsed_ns);
		WANT(o.trace == first.trace);
	}
}

/* A simulation between others, and after real work of the thread. */
static void whatever_was_before(void)
{
	struct busy first, again;
	gn_sock *pair[2];
	gn_group *g;

	run(42, false, &first);
	g = gn_group_open(NULL);
	WANT(g);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "x", 1, SOON), 0);
	WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	run(42, false, &again);
	want_same(&first, &again);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	gn_close(pair[0]);
	gn_close(pair[1]);
}

/* With the faults that the seed draws. */
static uint64_t trace_of_faulty(uint64_t seed)
{
	gn_sim *sim = gn_sim_open(
		&(gn_sim_opts){ .seed = seed, .swarm = true });
	uint64_t trace;

	WANT(sim);
	WANT_IS(tough_run(sim, NULL), 0);
	trace = gn_sim_trace(sim);
	gn_sim_close(sim);
	return trace;
}

static void same_faults_same_run(void)
{
	uint64_t first[SEEDS];

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		first[seed] = trace_of_faulty(seed);
		WANT(trace_of_faulty(seed) == first[seed]);
	}
	for (uint64_t seed = 0; seed < SEEDS; seed += 7)
		WANT(trace_of_faulty(seed) == first[seed]);
	want_different(first, SEEDS, SEEDS - 1);
}

static const struct trial trials[] = {
	{ "same seed, same run", same_seed_same_run, ALONE },
	{ "other seed, other run", other_seed_other_run, ALONE },
	{ "in order without a seed", in_order_without_a_seed, ALONE },
	{ "same faults, same run", same_faults_same_run, ALONE },
	{ "whatever was before", whatever_was_before, ALONE },
};

static int print(uint64_t seed, uint64_t count)
{
	struct busy b;

	for (; count > 0; count--, seed++) {
		run(seed, seed == 0, &b);
		printf("%" PRIu64 " %016" PRIx64 " %016" PRIx64 " %" PRId64
		       " %016" PRIx64 "\n", seed, b.outcome.trace, b.digest,
		       b.outcome.elapsed_ns, trace_of_faulty(seed));
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "--print") == 0)
		return print(strtoull(argv[2], NULL, 0),
			     strtoull(argv[3], NULL, 0));
	return TRIAL_MAIN(trials);
}
