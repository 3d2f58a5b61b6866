/*
 * clock.c: the present instant and arithmetic on instants, none of which
 * wraps: a sum that leaves the clock's range stops at its end.
 */
#include "clock/clock.h"

#include <stddef.h>
#include <time.h>

static _Thread_local const gn_time *virtual_now;

const gn_time *gni_clock_virtual(const gn_time *now)
{
	const gn_time *former = virtual_now;

	virtual_now = now;
	return former;
}

/* A kernel's tick, at most, and what it may be late by. */
#define TICK_NS (12 * GN_MSEC)

static inline gn_time read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return GN_TIME_AT_(now.tv_sec * GN_SEC + now.tv_nsec);
}

gn_time gn_now(void)
{
	if (virtual_now)
		return *virtual_now;
	return read_clock(CLOCK_MONOTONIC);
}

/* The present instant or up to a tick later, for a third of the cost. */
static gn_time about_now(void)
{
	if (virtual_now)
		return *virtual_now;
	return GN_TIME_AT_(read_clock(CLOCK_MONOTONIC_COARSE).ns + TICK_NS);
}

gn_time gn_in(int64_t duration_ns)
{
	gn_time now = duration_ns < GN_SEC ? gn_now() : about_now();
	int64_t sum;

	if (duration_ns <= 0)
		return now;
	if (__builtin_add_overflow(now.ns, duration_ns, &sum))
		return GN_NEVER;
	return GN_TIME_AT_(sum);
}

gn_time gn_time_add(gn_time t, int64_t duration_ns)
{
	int64_t sum;

	if (t.ns == GN_NEVER.ns)
		return GN_NEVER;
	if (__builtin_add_overflow(t.ns, duration_ns, &sum))
		sum = duration_ns > 0 ? INT64_MAX : GN_NOW.ns;
	return GN_TIME_AT_(sum > GN_NOW.ns ? sum : GN_NOW.ns);
}

int64_t gn_time_between(gn_time a, gn_time b)
{
	int64_t difference;

	if (__builtin_sub_overflow(b.ns, a.ns, &difference))
		return a.ns > 0 ? INT64_MIN : INT64_MAX;
	return difference;
}

int64_t gn_since(gn_time begin)
{
	return gn_time_between(begin, gn_now());
}

bool gn_time_before(gn_time a, gn_time b)
{
	return a.ns < b.ns;
}

gn_time gn_time_earlier(gn_time a, gn_time b)
{
	return gn_time_before(b, a) ? b : a;
}
