/*
 * moment_test.c: the plan of a simulation, against a sorted list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "io/sim/moment.h"

#define COUNT 500

static struct gni_moment all[COUNT];
static uint64_t set_at[COUNT];

static bool comes_before(const struct gni_moment *a, const struct gni_moment *b)
{
	if (a->due.ns != b->due.ns)
		return a->due.ns < b->due.ns;
	if (a->tie != b->tie)
		return a->tie < b->tie;
	return set_at[a - all] < set_at[b - all];
}

static struct gni_moment *first_of_all(void)
{
	struct gni_moment *first = NULL;

	for (int i = 0; i < COUNT; i++) {
		struct gni_moment *m = &all[i];

		if (!m->set)
			continue;
		if (!first || comes_before(m, first))
			first = m;
	}
	return first;
}

static void plan(struct gni_moments *heap, struct gni_moment *m, gn_time due,
		 uint64_t step)
{
	set_at[m - all] = step;
	gni_moment_set(heap, m, due, (uint32_t)(step % 3));
}

/* Sets, moves, clears and takes the first, each step checked. */
static void as_a_sorted_list(void **state)
{
	struct gni_moments heap = { .first = NULL };
	struct gni_rng r;

	(void)state;
	gni_rng_seed(&r, 1, "moment");
	for (int i = 0; i < COUNT; i++)
		all[i] = (struct gni_moment){ .set = false };
	for (uint64_t step = 0; step < 20000; step++) {
		struct gni_moment *m = &all[gni_rng_below(&r, COUNT)];
		gn_time due = { (int64_t)gni_rng_below(&r, 50) };

		if (gni_rng_below(&r, 3) == 0)
			gni_moment_clear(&heap, m);
		else if (gni_rng_below(&r, 2) == 0)
			plan(&heap, m, due, step);
		else if (heap.first)
			gni_moment_clear(&heap, heap.first);
		assert_ptr_equal(heap.first, first_of_all());
	}
	while (heap.first) {
		assert_ptr_equal(heap.first, first_of_all());
		gni_moment_clear(&heap, heap.first);
	}
	assert_null(first_of_all());
}

static void many_in_a_row(void **state)
{
	static struct gni_moment many[100000];
	struct gni_moments heap = { .first = NULL };
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		gni_moment_set(&heap, &many[i],
			       (gn_time){ (i * 7919) % 100003 }, 0);
	for (int i = 0; i < 100000; i++) {
		assert_true(heap.first->due.ns >= last);
		last = heap.first->due.ns;
		gni_moment_clear(&heap, heap.first);
	}
	assert_null(heap.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_sorted_list),
		cmocka_unit_test(many_in_a_row),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
