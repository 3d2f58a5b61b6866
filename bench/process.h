/*
 * What the programs of this room need of the system beside sockets: a way to
 * stop with a sentence, enough file descriptors, clocks.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <time.h>

#define BENCH_NS_PER_SEC UINT64_C(1000000000)

/*
 * bench_fail prints what failed and errno's words (none when errno is 0) on
 * stderr and ends the process with status 1.
 */
_Noreturn void bench_fail(const char *what);

/*
 * bench_files_raise raises the soft limit on open files to the hard one.
 * Returns that limit: every descriptor of this process will be below it.
 */
int bench_files_raise(void);

/* bench_clock_ns reads a clock, or ends the process if there is none. */
uint64_t bench_clock_ns(clockid_t clock);

#endif
