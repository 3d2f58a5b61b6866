/* seed_test.h: the seed of a random test: printed, and taken from GN_TEST_SEED
 * to run a failing one again.  For tests only. */
#ifndef GNI_BASE_SEED_TEST_H
#define GNI_BASE_SEED_TEST_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gnezdo/time.h>

#include "base/rng.h"

static inline struct gni_rng test_rng(const char *test)
{
	const char *given = getenv("GN_TEST_SEED");
	uint64_t seed = (uint64_t)gn_now().ns ^ (uint64_t)getpid() << 40;
	struct gni_rng rng;

	if (given)
		seed = strtoull(given, NULL, 0);
	printf("# %s: GN_TEST_SEED=%" PRIu64 "\n", test, seed);
	gni_rng_seed(&rng, seed, test);
	return rng;
}

#endif
