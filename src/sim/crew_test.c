/*
 * crew_test.c: a crew that cannot be had.
 */
#include "sim/crew.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/again.h"
#include "sim/nofork_test.h"

static int holds(gn_sim *sim, void *arg)
{
	(void)arg;
	return gn_sim_run(sim);
}

static const struct gni_scenario scenario = { .name = "holds",
					      .fn = holds,
					      .steps_max = 1000 };
static const struct gni_job job = {
	.scenario = &scenario, .seed = 1, .count = 10, .jobs = 3
};

/* What was not run has not held. */
static void no_worker(void **state)
{
	struct gni_crew *crew;

	(void)state;
	for (int forks = 0; forks < 2; forks++) {
		forks_left = forks;
		assert_int_equal(gni_crew_run(&job, &crew), -EAGAIN);
		gni_crew_free(crew);
	}
}

static void fewer_workers(void **state)
{
	struct gni_crew *crew;
	gn_sweep_totals totals;

	(void)state;
	forks_left = 2; /* the overseer and one */
	assert_int_equal(gni_crew_run(&job, &crew), 0);
	gni_crew_totals(crew, &totals);
	assert_int_equal(totals.runs, job.count);
	assert_int_equal(totals.failed, 0);
	gni_crew_free(crew);
}

/* A run that is wanted alone was not made, then, and has not failed. */
static void no_process_alone(void **state)
{
	struct gni_choices choices = { .seed = 1 };
	struct gni_again again;

	(void)state;
	assert_int_equal(gni_again_open(&again, &scenario), 0);
	forks_left = 0;
	assert_null(gni_again_run(&again, &choices));
	assert_int_equal(again.lacks, -EAGAIN);
	forks_left = 1;
	assert_int_equal(gni_again_run(&again, &choices)->outcome.verdict,
			 GNI_HELD);
	gni_again_close(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_worker),
		cmocka_unit_test(fewer_workers),
		cmocka_unit_test(no_process_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
