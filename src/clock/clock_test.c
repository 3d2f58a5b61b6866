/* clock_test.c: instants that do not wrap, on a clock that the test moves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock/clock.h"

static gn_time at(int64_t ns)
{
	return (gn_time){ .ns = ns };
}

static void fault_22_adding_stops_at_the_ends(void **state)
{
	static const struct {
		int64_t t, duration, sum;
	} cases[] = {
		{ 5, 0, 5 },
		{ 5, 7, 12 },
		{ 5, -3, 2 },
		{ 5, -5, 1 },
		{ 5, -6, 1 },
		{ 5, INT64_MIN, 1 },
		{ 0, INT64_MIN, 1 },
		{ 0, INT64_MAX, INT64_MAX },
		{ 1, INT64_MAX, INT64_MAX },
		{ 1, INT64_MAX - 1, INT64_MAX },
		{ 1, INT64_MAX - 2, INT64_MAX - 1 },
		{ INT64_MAX - 1, INT64_MAX, INT64_MAX },
		{ INT64_MAX - 1, 1, INT64_MAX },
		{ INT64_MAX, 0, INT64_MAX },
		{ INT64_MAX, -1, INT64_MAX },
		{ INT64_MAX, INT64_MIN, INT64_MAX },
		{ -5, 3, 1 },
		{ INT64_MIN, INT64_MIN, 1 },
		{ INT64_MIN, INT64_MAX, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(gn_time_add(at(cases[i].t),
					     cases[i].duration).ns,
				 cases[i].sum);
}

static void fault_22_differences_do_not_wrap(void **state)
{
	static const struct {
		int64_t a, b, difference;
	} cases[] = {
		{ 3, 3, 0 },
		{ 3, 10, 7 },
		{ 10, 3, -7 },
		{ 0, INT64_MAX, INT64_MAX },
		{ INT64_MAX, 0, -INT64_MAX },
		{ -1, INT64_MAX, INT64_MAX },
		{ INT64_MAX, -1, INT64_MIN },
		{ INT64_MAX, -2, INT64_MIN },
		{ INT64_MIN, INT64_MAX, INT64_MAX },
		{ INT64_MIN, 0, INT64_MAX },
		{ INT64_MAX, INT64_MAX, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(gn_time_between(at(cases[i].a),
						 at(cases[i].b)),
				 cases[i].difference);
}

static void fault_22_a_deadline_is_never_in_the_past(void **state)
{
	static const struct {
		int64_t now, duration, instant;
	} cases[] = {
		{ 1000, 0, 1000 },
		{ 1000, -1, 1000 },
		{ 1000, INT64_MIN, 1000 },
		{ 1000, 1, 1001 },
		{ 1000, GN_HOUR, 1000 + GN_HOUR },
		{ 1000, INT64_MAX, INT64_MAX },
		{ 1000, INT64_MAX - 1000, INT64_MAX },
		{ 1000, INT64_MAX - 1001, INT64_MAX - 1 },
	};
	gn_time now;

	(void)state;
	assert_null(gni_clock_virtual(&now));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		now = at(cases[i].now);
		assert_int_equal(gn_in(cases[i].duration).ns,
				 cases[i].instant);
	}
	gni_clock_virtual(NULL);
}

static void the_virtual_clock_stands_until_moved(void **state)
{
	gn_time first = at(5), second = at(9);

	(void)state;
	assert_null(gni_clock_virtual(&first));
	assert_int_equal(gn_now().ns, 5);
	assert_int_equal(gn_since(at(2)), 3);
	assert_int_equal(gn_since(at(7)), -2);
	first = at(6);
	assert_int_equal(gn_now().ns, 6);
	assert_ptr_equal(gni_clock_virtual(&second), &first);
	assert_int_equal(gn_now().ns, 9);
	assert_ptr_equal(gni_clock_virtual(NULL), &second);
}

static void the_real_clock_does_not_go_back(void **state)
{
	gn_time before = gn_now();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		gn_time now = gn_now();

		assert_false(gn_time_before(now, before));
		before = now;
	}
	assert_true(gn_since(before) >= 0);
	assert_true(gn_time_before(GN_NOW, before));
	assert_true(gn_time_before(before, GN_NEVER));
}

static void instants_are_ordered(void **state)
{
	(void)state;
	assert_true(gn_time_before(at(1), at(2)));
	assert_false(gn_time_before(at(2), at(2)));
	assert_false(gn_time_before(at(3), at(2)));
	assert_int_equal(gn_time_earlier(at(1), at(2)).ns, 1);
	assert_int_equal(gn_time_earlier(at(2), at(1)).ns, 1);
	assert_int_equal(gn_time_earlier(GN_NEVER, at(1)).ns, 1);
	assert_int_equal(gn_time_earlier(GN_NOW, GN_NEVER).ns, GN_NOW.ns);
	assert_int_equal(GN_HOUR, 3600 * GN_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_22_adding_stops_at_the_ends),
		cmocka_unit_test(fault_22_differences_do_not_wrap),
		cmocka_unit_test(fault_22_a_deadline_is_never_in_the_past),
		cmocka_unit_test(the_virtual_clock_stands_until_moved),
		cmocka_unit_test(the_real_clock_does_not_go_back),
		cmocka_unit_test(instants_are_ordered),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
