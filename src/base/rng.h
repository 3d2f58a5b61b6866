/* rng.h: random numbers.  The only source of them. */
#ifndef GNI_BASE_RNG_H
#define GNI_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

/* A stream of numbers that its seed decides; not for secrets. */
struct gni_rng {
	uint64_t state[4];
};

/* gni_rng_seed starts a stream; streams of one seed and different names are
 * independent of each other. */
void gni_rng_seed(struct gni_rng *r, uint64_t seed, const char *stream);

/* gni_rng_next gives 64 random bits. */
uint64_t gni_rng_next(struct gni_rng *r);

/* gni_rng_below gives a number of 0 to bound - 1, each as likely; bound is
 * at least 1. */
uint64_t gni_rng_below(struct gni_rng *r, uint64_t bound);

/* gni_rng_entropy gives a number that nobody can guess; false when the system
 * has none. */
bool gni_rng_entropy(uint64_t *number);

#endif
