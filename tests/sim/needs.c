/*
 * needs.c: what a sweep needs of the system, and what it makes of it when it
 * does not get it: never a sweep that held because it ran nothing.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop/trial_test.h"
#include "sim/nofork_test.h"
#include "told.h"

/* ---- processes that cannot be had */

static int sleeper(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(GN_SEC));
}

static int night(gn_sim *sim, void *arg)
{
	(void)arg;
	if (gn_sim_host(sim, "bed", sleeper, NULL) < 0)
		return gn_code();
	return gn_sim_run(sim);
}

static gn_sweep_opts quick = { .count = 100, .faults = "", .jobs = 3 };

/* With none there is no overseer, with one it has no workers. */
static int with_forks(int forks, struct told *told)
{
	int result;

	*told = (struct told){ 0 };
	forks_left = forks;
	result = gn_sweep("night", night, NULL, told_opts(told, &quick));
	forks_left = INT_MAX;
	return result;
}

static void without_processes(void)
{
	struct told told;

	for (int forks = 0; forks < 2; forks++) {
		WANT(with_forks(forks, &told) < 0);
		WANT(!told_has(&told, "held"));
		WANT_IS(gn_error_errno(gn_error_last()), EAGAIN);
	}
	WANT_IS(with_forks(INT_MAX, &told), 0);
	WANT(told_has(&told, "night: 100 runs held"));
}

/* Enough for the workers, too few to see whether runs are the same again: that
 * is not known then, rather than another run. */
static void without_more_processes(void)
{
	struct told told;

	WANT(with_forks(4, &told) < 0);
	WANT_IS(gn_error_errno(gn_error_last()), EAGAIN);
	WANT_IS(told.count, 0);
}

/* ---- memory that cannot be had */

static int calloc_fails = -1; /* the n-th from now on */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (calloc_fails >= 0 && calloc_fails-- == 0)
		return NULL;
	return __real_calloc(count, size);
}

/* A host that could not be made is not there: its name is free. */
static void a_host_without_memory(void)
{
	gn_sim *sim = gn_sim_open(NULL);
	int failures = 0, result = GN_ENOMEM;

	WANT(sim);
	for (; result < 0; failures++) {
		calloc_fails = failures;
		result = gn_sim_host(sim, "bed", sleeper, NULL);
		WANT(result == 0 || result == GN_ENOMEM);
	}
	calloc_fails = -1;
	WANT(failures > 2);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
}

/* ---- the lowest seed that failed */

struct race {
	atomic_int failed;
	uint64_t first; /* what the first seed draws */
};

#define DRAWN (UINT64_C(1) << 40)

static int fails_last(gn_sim *sim, void *arg)
{
	struct race *r = arg;

	if (gn_sim_draw(sim, DRAWN) == r->first)
		while (atomic_load(&r->failed) < 30)
			sched_yield();
	else
		atomic_fetch_add(&r->failed, 1);
	return GN_EPROTO;
}

static void however_late_it_fails(void)
{
	struct race *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	gn_sim *sim = gn_sim_open(&(gn_sim_opts){ .seed = 1 });
	struct told told = { 0 };
	gn_sweep_totals t;
	gn_sweep_opts o = quick;

	WANT(r != MAP_FAILED && sim);
	r->first = gn_sim_draw(sim, DRAWN);
	gn_sim_close(sim);
	o.keep_going = true;
	o.totals = &t;
	WANT_IS(gn_sweep("late", fails_last, r, told_opts(&told, &o)),
		GN_EPROTO);
	WANT(strstr(told.lines[0], "late: seed 1 fails"));
	WANT(told_has(&told, "late: 100 of 100 runs failed"));
	WANT(t.failed == 100);
	munmap(r, sizeof *r);
}

static const struct trial trials[] = {
	{ "without processes", without_processes, ALONE },
	{ "without more processes", without_more_processes, ALONE },
	{ "a host without memory", a_host_without_memory, ALONE },
	{ "however late it fails", however_late_it_fails, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
