/*
 * time.h: instants and durations.
 *
 * An instant is a gn_time, a struct; a duration is an int64_t of nanoseconds.
 * They do not mix: the compiler refuses it.  A function may wait for the
 * world if and only if its last parameter is `gn_time until`, the instant at
 * which it gives up.  One deadline made once serves a whole exchange of calls.
 * Instants are CLOCK_MONOTONIC (clock_gettime(2)); setting the wall clock does
 * not move them.  In a simulation they are the simulation's own.
 *
 *	#include <gnezdo.h>
 *
 *	int main(void)
 *	{
 *		gn_time begin = gn_now();
 *
 *		if (gn_sleep(gn_in(10 * GN_MSEC)) < 0)
 *			return 1;
 *		return gn_since(begin) >= 10 * GN_MSEC ? 0 : 1;
 *	}
 */
#ifndef GNEZDO_TIME_H
#define GNEZDO_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/* Durations, in nanoseconds. */
#define GN_USEC INT64_C(1000)
#define GN_MSEC INT64_C(1000000)
#define GN_SEC INT64_C(1000000000)
#define GN_MIN (60 * GN_SEC)
#define GN_HOUR (60 * GN_MIN)

/* An instant: nanoseconds of the monotonic clock. */
typedef struct gn_time {
	int64_t ns;
} gn_time;

#ifdef __cplusplus
#define GN_TIME_AT_(at_ns) (gn_time{ at_ns })
#else
#define GN_TIME_AT_(at_ns) ((gn_time){ .ns = (at_ns) })
#endif

/* An instant that has passed: a call takes what is here and does not wait. */
#define GN_NOW GN_TIME_AT_(1)

/* An instant that never comes. */
#define GN_NEVER GN_TIME_AT_(INT64_MAX)

/* gn_now reads the clock. */
GN_API gn_time gn_now(void);

/*
 * gn_in gives the instant duration_ns nanoseconds from now.
 *
 * Programs ask this before most calls, so a second and more are counted from
 * the kernel's latest tick: the instant may lie up to 12 ms later, and earlier
 * only where the machine itself stood still meanwhile.  What must be exact is
 * gn_time_add(gn_now(), duration_ns).
 *
 * A duration of zero or less gives the present instant; one that reaches past
 * the end of the clock gives GN_NEVER.
 */
GN_API gn_time gn_in(int64_t duration_ns);

/*
 * gn_time_add gives the instant duration_ns after t (before it, if negative).
 * It does not wrap: the ends are GN_NOW and GN_NEVER, which stays itself.
 */
GN_API gn_time gn_time_add(gn_time t, int64_t duration_ns);

/* gn_since gives the nanoseconds from begin to now, below 0 if it is ahead. */
GN_API int64_t gn_since(gn_time begin);

/* gn_time_between gives the nanoseconds from a to b, without wrapping. */
GN_API int64_t gn_time_between(gn_time a, gn_time b);

/* gn_time_before tells whether a comes before b. */
GN_API bool gn_time_before(gn_time a, gn_time b);

/* gn_time_earlier gives the earlier of two instants. */
GN_API gn_time gn_time_earlier(gn_time a, gn_time b);

/*
 * gn_sleep waits until the instant has come; other fibers run meanwhile.
 *
 * Returns 0 once it has come, at once if it has passed.
 *
 *   until  the instant to wake at; GN_NEVER sleeps until cancelled
 *   fails  GN_ECANCELED
 */
GN_API GN_MUST_USE int gn_sleep(gn_time until);

GN_EXTERN_END

#endif
