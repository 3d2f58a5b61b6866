/*
 * What a server costs: the CPU time that it and the kernel thread working for
 * it have used, and how long other programs kept the CPUs from it and from
 * the load. The latter tells whether a measurement is worth keeping.
 */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <stdint.h>
#include <sys/types.h>

struct bench_cost {
	uint64_t cpu_ns;      /* user and system, all threads */
	uint64_t kept_off_ns; /* ready to run and not running; 0: unknown */
};

/* bench_cost_of_server names the process that is measured. */
void bench_cost_of_server(pid_t pid);

/* bench_cost_of_helper names one more, whose CPU time alone counts. */
void bench_cost_of_helper(pid_t pid);

/* bench_cost_now gives both figures since the processes began. */
struct bench_cost bench_cost_now(void);

#endif
