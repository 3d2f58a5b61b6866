/*
 * Cells of the histogram: below STEPS one a nanosecond, above it STEPS cells
 * to each power of two. Nothing is allocated.
 */
#include "latency.h"

#include <stddef.h>

#define STEP_BITS 6

static size_t cell_of(uint64_t ns)
{
	unsigned shift;

	if (ns < BENCH_LATENCY_STEPS)
		return (size_t)ns;
	shift = 63 - STEP_BITS - (unsigned)__builtin_clzll(ns);
	return ((size_t)shift << STEP_BITS) + (size_t)(ns >> shift);
}

static uint64_t cell_start(size_t cell)
{
	size_t shift;

	if (cell < 2 * BENCH_LATENCY_STEPS)
		return cell;
	shift = (cell >> STEP_BITS) - 1;
	return (uint64_t)(cell - (shift << STEP_BITS)) << shift;
}

void bench_latency_add(struct bench_latency *latency, uint64_t ns)
{
	latency->cells[cell_of(ns)]++;
	latency->total++;
}

uint64_t bench_latency_quantile(const struct bench_latency *latency,
				double share)
{
	double wanted = share * (double)latency->total;
	uint64_t seen = 0;

	for (size_t cell = 0; cell < BENCH_LATENCY_CELLS; cell++) {
		seen += latency->cells[cell];
		if (seen > 0 && (double)seen >= wanted)
			return cell_start(cell);
	}
	return 0;
}
