/*
 * The process itself, for load and servers alike. It knows nothing of echo.
 */
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

_Noreturn void bench_fail(const char *what)
{
	int cause = errno;

	if (cause != 0)
		fprintf(stderr, "%s: %s\n", what, strerror(cause));
	else
		fprintf(stderr, "%s\n", what);
	exit(1);
}

int bench_files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_fail("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_fail("setrlimit");
	return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

uint64_t bench_clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		bench_fail("clock_gettime");
	return (uint64_t)now.tv_sec * BENCH_NS_PER_SEC + (uint64_t)now.tv_nsec;
}
