/* explore_test.c: the changes that can be made to a recorded run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/explore.h"

#define ALL UINT64_C(1000)

static const struct gni_tape_entry entries[] = {
	{ 0, 2, GNI_STREAM_ORDER },    { 1, 2, GNI_STREAM_TIES },
	{ 5, 9, GNI_STREAM_FAULTS },   { 2, 3, GNI_STREAM_COMPLETION },
	{ 7, 100, GNI_STREAM_NETWORK }, { 3, 7, GNI_STREAM_PROGRAM },
	{ 0, 100, GNI_STREAM_PORTS },  { 99, 100, GNI_STREAM_NETWORK },
};

#define COUNT (sizeof entries / sizeof *entries)

static const struct gni_change due[] = {
	{ 0, 1 }, { 1, 0 },  { 3, 0 }, { 3, 1 }, { 4, 0 },
	{ 4, 1 }, { 4, 99 }, { 7, 0 }, { 7, 1 }, { 7, 50 },
};

#define DUE (sizeof due / sizeof *due)

static void each_order_and_short_read_is_changed(void **state)
{
	struct gni_change c;

	(void)state;
	for (size_t k = 0; k < DUE; k++) {
		assert_true(gni_explore_pick(entries, COUNT, k, ALL, &c));
		assert_int_equal(c.place, due[k].place);
		assert_int_equal(c.value, due[k].value);
	}
	assert_false(gni_explore_pick(entries, COUNT, DUE, ALL, &c));
	assert_false(gni_explore_pick(entries, COUNT, ALL - 1, ALL, &c));
	assert_false(gni_explore_pick(entries, 0, 0, ALL, &c));
}

/* Fewer than there are: from the whole run, not its begin. */
static void few_are_spread(void **state)
{
	struct gni_change c;

	(void)state;
	for (uint64_t k = 0; k < 3; k++) {
		assert_true(gni_explore_pick(entries, COUNT, k, 3, &c));
		assert_int_equal(c.place, due[3 * k].place);
		assert_int_equal(c.value, due[3 * k].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_order_and_short_read_is_changed),
		cmocka_unit_test(few_are_spread),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}
