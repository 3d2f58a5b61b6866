/* rng_test.c: the generator against its published numbers, and its use. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void gives_the_published_numbers(void **state)
{
	static const uint64_t numbers[] = {
		UINT64_C(11520),
		UINT64_C(0),
		UINT64_C(1509978240),
		UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600),
	};
	struct gni_rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		assert_int_equal(gni_rng_next(&r), numbers[i]);
}

static void a_seed_and_a_name_decide_the_stream(void **state)
{
	struct gni_rng a, same, named, seeded;
	uint64_t x;

	(void)state;
	gni_rng_seed(&a, 7, "net");
	gni_rng_seed(&same, 7, "net");
	gni_rng_seed(&named, 7, "disk");
	gni_rng_seed(&seeded, 8, "net");
	for (int i = 0; i < 100; i++) {
		x = gni_rng_next(&a);
		assert_int_equal(x, gni_rng_next(&same));
		assert_int_not_equal(x, gni_rng_next(&named));
		assert_int_not_equal(x, gni_rng_next(&seeded));
	}
}

static void below_stays_below_and_reaches_all(void **state)
{
	static const uint64_t bounds[] = { 1, 2, 3, 10, UINT64_C(1) << 63,
					   UINT64_MAX };
	struct gni_rng r;
	unsigned seen = 0;

	(void)state;
	gni_rng_seed(&r, 1, "below");
	for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
		for (int n = 0; n < 200; n++)
			assert_true(gni_rng_below(&r, bounds[i]) < bounds[i]);
	for (int n = 0; n < 1000; n++)
		seen |= 1U << gni_rng_below(&r, 7);
	assert_int_equal(seen, 0x7f);
}

/* Of 3 * 2^62 numbers the lower and upper half must come equally often; a
 * plain remainder would give the lowest third twice as often. */
static void below_is_fair(void **state)
{
	uint64_t bound = (UINT64_C(1) << 63) + (UINT64_C(1) << 62);
	int low = 0, count = 30000;
	struct gni_rng r;

	(void)state;
	gni_rng_seed(&r, 2, "fair");
	for (int n = 0; n < count; n++)
		low += gni_rng_below(&r, bound) < bound / 2;
	assert_in_range(low, count / 2 - count / 50, count / 2 + count / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_numbers),
		cmocka_unit_test(a_seed_and_a_name_decide_the_stream),
		cmocka_unit_test(below_stays_below_and_reaches_all),
		cmocka_unit_test(below_is_fair),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
