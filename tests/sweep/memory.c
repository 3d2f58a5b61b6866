/*
 * memory.c: blocks of memory are counted.
 */
#include "memory.h"

#include <stddef.h>

#include "loop/trial_test.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static int64_t blocks;

int64_t memory_blocks(void)
{
	return blocks;
}

static void *counted(void *memory)
{
	blocks += memory != NULL;
	return memory;
}

void *__wrap_malloc(size_t size)
{
	return counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
	void *moved = __real_realloc(memory, size);

	blocks += !memory && moved;
	return moved;
}

void __wrap_free(void *memory)
{
	blocks -= memory != NULL;
	__real_free(memory);
}

/* ---- what the library keeps for good */

/* More sockets at once, and more fibers that have failed, than a scenario
 * has. */
#define PAIRS 250
#define FAILURES 20

static int fail_and_wait(void *arg)
{
	char byte;

	/* The other end sends, this one has nothing to receive. */
	WANT_IS(gn_recv(arg, &byte, 1, GN_NOW), GN_ETIMEOUT);
	return gn_sleep(gn_in(GN_SEC));
}

static int use_much(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *pairs[PAIRS][2];

	(void)arg;
	WANT(g);
	for (int i = 0; i < PAIRS; i++) {
		WANT_IS(gn_pair(GN_UNIX, pairs[i]), 0);
		gn_cork(pairs[i][0]);
		WANT_IS(gn_send(pairs[i][0], "", 1, GN_NEVER), 0);
	}
	for (int i = 0; i < FAILURES; i++)
		WANT_IS(gn_go(g, fail_and_wait, pairs[i][0]), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
	for (int i = 0; i < PAIRS * 2; i++)
		gn_close(pairs[i / 2][i % 2]);
	return 0;
}

void memory_prime(void)
{
	gn_sim *sim = gn_sim_open(NULL);

	WANT(sim);
	WANT_IS(gn_sim_host(sim, "", use_much, NULL), GN_EINVAL);
	WANT_IS(gn_sim_host(sim, "host", use_much, NULL), 0);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
}
