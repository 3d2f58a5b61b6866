/*
 * rng.c: xoshiro256** of D. Blackman and S. Vigna, seeded by splitmix64 as
 * they advise.  A stream depends on its seed and name and on nothing else.
 */
#include "base/rng.h"

#include <sys/random.h>

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* FNV-1a: the names are few and short, they only have to differ. */
static uint64_t hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h;
}

void gni_rng_seed(struct gni_rng *r, uint64_t seed, const char *stream)
{
	uint64_t mixed = hash(stream);

	/* The seed is scattered first: seeds are often small numbers, and a
	 * plain sum or xor would let a seed and a name cancel out. */
	mixed ^= splitmix(&seed);
	for (int i = 0; i < 4; i++)
		r->state[i] = splitmix(&mixed);
}

uint64_t gni_rng_next(struct gni_rng *r)
{
	uint64_t *s = r->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t gni_rng_below(struct gni_rng *r, uint64_t bound)
{
	/* The lowest 2^64 mod bound values would come once more often. */
	uint64_t unfair = -bound % bound;
	uint64_t x;

	do
		x = gni_rng_next(r);
	while (x < unfair);
	return x % bound;
}

bool gni_rng_entropy(uint64_t *number)
{
	/* So few bytes come whole, whatever signals do. */
	return getrandom(number, sizeof *number, 0) == sizeof *number;
}
