/*
 * A histogram of durations: fixed size, constant cost a sample, and off by at
 * most one part in 64.
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

/* Each power of two is cut into this many equal steps. */
#define BENCH_LATENCY_STEPS 64
/* Enough for every duration of 64 bits. */
#define BENCH_LATENCY_CELLS (BENCH_LATENCY_STEPS * 59)

struct bench_latency {
	uint64_t total;
	uint64_t cells[BENCH_LATENCY_CELLS];
};

/* bench_latency_add counts one duration, in ns. */
void bench_latency_add(struct bench_latency *latency, uint64_t ns);

/*
 * bench_latency_quantile returns the ns that share (0 to 1) of the samples do
 * not exceed, to the histogram's accuracy; 0 when there are no samples.
 */
uint64_t bench_latency_quantile(const struct bench_latency *latency,
				double share);

#endif
