/*
 * What the pieces of straight-line code cost by themselves, beside a bare
 * switch of stacks: a switch of fibers, a fiber begun and joined, an item sent
 * through a channel to another fiber of the thread. Nothing here touches the
 * network. It prints JSON: nanoseconds of each piece in each round.
 *
 *     micro [--rounds N]
 */
#include <errno.h>
#include <gnezdo.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fiber/fiber.h"
#include "loop/loop.h"
#include "micro_bare.h"
#include "process.h"

#define ROUNDS 31
#define ROUNDS_MAX 1001
#define STACK_LEN 16384
/* Long enough for the clock, short enough that most rounds meet no tick. */
#define PIECE_NS (2 * 1000 * 1000)

static void check(int result, const char *what)
{
	errno = 0;
	if (result < 0)
		bench_fail(what);
}

/* The bare switch */

static char bare_stack[STACK_LEN];
static void *bare_here, *bare_there;

static void bare_other(void)
{
	for (;;)
		bench_bare_switch(&bare_there, bare_here);
}

static void bare(uint64_t count)
{
	if (!bare_there)
		bare_there = bench_bare_prepare(bare_stack + STACK_LEN,
						bare_other);
	for (uint64_t i = 0; i < count; i += 2)
		bench_bare_switch(&bare_here, bare_there);
}

/* A switch of fibers */

static struct gni_fiber *fiber_here, *fiber_there;

static void fiber_other(struct gni_fiber *self)
{
	for (;;)
		gni_fiber_switch(self, fiber_here);
}

static void fiber(uint64_t count)
{
	fiber_here = gni_fiber_current();
	if (!fiber_there)
		fiber_there = gni_fiber_create(sizeof *fiber_there, 0, "other",
					       fiber_other);
	check(fiber_there ? 0 : -1, "no memory for a fiber");
	for (uint64_t i = 0; i < count; i += 2)
		gni_fiber_switch(fiber_here, fiber_there);
}

/* A fiber begun and joined */

static gn_group *group;

static int nothing(void *arg)
{
	return arg ? 1 : 0;
}

static void join(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		check(gn_go(group, nothing, NULL), "gn_go");
		check(gn_group_wait(group, GN_NEVER), "gn_group_wait");
	}
}

/* A channel there and one back */

struct pair {
	gn_chan *there, *back;
	uint64_t count;
};

static int hop_other(void *arg)
{
	struct pair *pair = arg;
	uint64_t item = 0;

	for (uint64_t i = 0; i < pair->count; i += 2) {
		check(gn_chan_recv(pair->there, &item, GN_NEVER), "recv");
		check(gn_chan_send(pair->back, &item, GN_NEVER), "send");
	}
	return 0;
}

static int hop_first(void *arg)
{
	struct pair *pair = arg;
	uint64_t item = 0;

	for (uint64_t i = 0; i < pair->count; i += 2) {
		item = i;
		check(gn_chan_send(pair->there, &item, GN_NEVER), "send");
		check(gn_chan_recv(pair->back, &item, GN_NEVER), "recv");
		errno = 0;
		if (item != i)
			bench_fail("another item came than was sent");
	}
	return 0;
}

static void hop(uint64_t count)
{
	struct pair pair = { .there = gn_chan_open(sizeof(uint64_t), 1),
			     .back = gn_chan_open(sizeof(uint64_t), 1),
			     .count = count };

	check(pair.there && pair.back ? 0 : -1, "gn_chan_open");
	check(gn_go(group, hop_other, &pair), "gn_go");
	check(gn_go(group, hop_first, &pair), "gn_go");
	check(gn_group_wait(group, GN_NEVER), "gn_group_wait");
	gn_chan_close(pair.there);
	gn_chan_close(pair.back);
}

/* Measuring */

static struct piece {
	const char *name;
	void (*run)(uint64_t count);
	uint64_t count; /* how many take PIECE_NS */
	double *ns;	/* of one, a round each */
} pieces[] = {
	{ .name = "bare", .run = bare },
	{ .name = "switch", .run = fiber },
	{ .name = "join", .run = join },
	{ .name = "hop", .run = hop },
};

#define PIECES (sizeof pieces / sizeof *pieces)

static uint64_t timed(struct piece *p)
{
	uint64_t begin = bench_clock_ns(CLOCK_MONOTONIC);

	p->run(p->count);
	return bench_clock_ns(CLOCK_MONOTONIC) - begin;
}

/* Also warms stacks, caches and the processor's predictions. */
static void calibrate(struct piece *p)
{
	p->count = 64;
	while (timed(p) < PIECE_NS / 2)
		p->count *= 2;
}

static void print_json(unsigned rounds)
{
	printf("{");
	for (size_t i = 0; i < PIECES; i++) {
		printf("%s\"%s\": [", i ? ", " : "", pieces[i].name);
		for (unsigned r = 0; r < rounds; r++)
			printf("%s%.3f", r ? ", " : "", pieces[i].ns[r]);
		printf("]");
	}
	printf("}\n");
}

/* Each round takes every piece once, so that drift of the machine's speed
 * meets all of them. */
static int measure(void *arg)
{
	const unsigned *rounds = arg;

	group = gn_group_open(NULL);
	check(group ? 0 : -1, "gn_group_open");
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i].ns = calloc(*rounds, sizeof *pieces[i].ns);
		check(pieces[i].ns ? 0 : -1, "no memory");
		calibrate(&pieces[i]);
	}
	for (unsigned r = 0; r < *rounds; r++)
		for (size_t i = 0; i < PIECES; i++)
			pieces[i].ns[r] = (double)timed(&pieces[i]) /
					  (double)pieces[i].count;
	print_json(*rounds);
	gn_group_close(group);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned rounds = ROUNDS;
	gn_group *all = gn_group_open(NULL);

	if (argc == 3 && strcmp(argv[1], "--rounds") == 0)
		rounds = (unsigned)strtoul(argv[2], NULL, 10);
	errno = 0;
	if (rounds < 1 || rounds > ROUNDS_MAX || argc == 2 || argc > 3)
		bench_fail("usage: micro [--rounds N]");
	check(all ? 0 : -1, "gn_group_open");
	/* In a fiber, as programs' handlers are; the loop turns beneath. */
	check(gn_go(all, measure, &rounds), "gn_go");
	check(gn_group_wait(all, GN_NEVER), "gn_group_wait");
	gn_group_close(all);
	return 0;
}
