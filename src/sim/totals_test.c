/* totals_test.c: sums of runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/totals.h"

static void runs_are_added_up(void **state)
{
	struct gni_result run = { .faulted = true, .events = 3, .trace = 7,
				  .elapsed_ns = 5 };
	gn_sweep_totals t, all;

	(void)state;
	run.counts[GNI_FAULT_DUP].injected = 2;
	gni_totals_begin(&t);
	gni_totals_begin(&all);
	assert_string_equal(t.faults[GNI_FAULT_DUP].word, "dup");
	assert_null(t.faults[GNI_FAULT_COUNT].word);
	gni_totals_count(&t, &run);
	gni_totals_count(&t, &run);
	t.failed = 1;
	gni_totals_add(&all, &t);
	gni_totals_add(&all, &t);
	assert_int_equal(all.runs, 4);
	assert_int_equal(all.failed, 2);
	assert_int_equal(all.faulted, 4);
	assert_int_equal(all.events, 12);
	assert_int_equal(all.traces, 28);
	assert_int_equal(all.elapsed_ns, 20);
	assert_int_equal(all.faults[GNI_FAULT_DUP].injected, 8);
}

/* The sum of two times is none that a number could hold. */
static void the_longest_time_is_the_longest(void **state)
{
	const int64_t times[] = { INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct gni_result run = { .elapsed_ns = times[i] };
		gn_sweep_totals t, all;

		gni_totals_begin(&t);
		gni_totals_begin(&all);
		gni_totals_count(&t, &run);
		gni_totals_count(&t, &run);
		gni_totals_add(&all, &t);
		gni_totals_add(&all, &t);
		assert_true(all.elapsed_ns == times[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_added_up),
		cmocka_unit_test(the_longest_time_is_the_longest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
