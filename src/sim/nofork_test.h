/*
 * nofork_test.h: processes that cannot be had, in one file of a program: the
 * linker turns its calls of fork to here (--wrap=fork).
 */
#ifndef GNI_SIM_NOFORK_TEST_H
#define GNI_SIM_NOFORK_TEST_H

#include <errno.h>
#include <limits.h>
#include <unistd.h>

static int forks_left = INT_MAX; /* of this process, and of each child */

static pid_t fork_unless_refused(pid_t (*real)(void))
{
	if (forks_left-- > 0)
		return real();
	errno = EAGAIN;
	return -1;
}

/* Where branches are counted it has a name of its own.  Weak: only one of them
 * is there. */
#define WRAP_FORK(name)                                  \
	pid_t __real_##name(void) __attribute__((weak)); \
	pid_t __wrap_##name(void);                       \
	pid_t __wrap_##name(void)                        \
	{                                                \
		return fork_unless_refused(__real_##name); \
	}

WRAP_FORK(fork)
WRAP_FORK(__gcov_fork)

#endif
