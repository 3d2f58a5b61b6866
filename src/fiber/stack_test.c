/*
 * stack_test.c: sizes, guards, and that memory comes back: stacks to the pool,
 * pages and regions to the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fiber/guard.h"
#include "fiber/stack.h"

#define MANY 300

static struct gni_stack *taken[MANY];

static void take_all(size_t bytes)
{
	for (int i = 0; i < MANY; i++) {
		taken[i] = gni_stack_take(bytes);
		assert_non_null(taken[i]);
		memset(gni_stack_top(taken[i]) - 64, 1, 64);
	}
}

static void give_all(void)
{
	for (int i = 0; i < MANY; i++)
		gni_stack_give(taken[i]);
}

static bool is_mapped(const char *at)
{
	unsigned char in_memory;

	return mincore((void *)(uintptr_t)at,
		       (size_t)sysconf(_SC_PAGESIZE), &in_memory) == 0;
}

static void sizes_round_up(void **state)
{
	static const struct {
		size_t asked, given;
	} cases[] = {
		{ 0, 256 << 10 }, { 1, 16 << 10 }, { 16 << 10, 16 << 10 },
		{ (16 << 10) + 1, 32 << 10 }, { 256 << 10, 256 << 10 },
		{ 4 << 20, 4 << 20 }, { (4 << 20) + 1, (4 << 20) + 4096 },
	};

	(void)state;
	if (sysconf(_SC_PAGESIZE) != 4096)
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gni_stack *s = gni_stack_take(cases[i].asked);

		assert_non_null(s);
		assert_int_equal(gni_stack_bytes(s), cases[i].given);
		memset(s->low, 1, (size_t)(gni_stack_top(s) - s->low));
		gni_stack_give(s);
	}
}

static void absurd_sizes_are_no_memory(void **state)
{
	(void)state;
	assert_null(gni_stack_take(SIZE_MAX));
	assert_null(gni_stack_take(SIZE_MAX / 2));
	assert_null(gni_stack_take((size_t)1 << 50));
}

static void tops_are_staggered_and_near_the_end(void **state)
{
	uintptr_t offsets = 0;

	(void)state;
	take_all(0);
	for (int i = 0; i < 64; i++) {
		char *end = taken[i]->low + gni_stack_bytes(taken[i]);
		uintptr_t below = (uintptr_t)(end - gni_stack_top(taken[i]));

		assert_int_equal(below % 64, 0);
		assert_true(below < 1024);
		offsets |= (uintptr_t)1 << below / 64;
	}
	assert_int_equal(__builtin_popcountl(offsets), 16);
	give_all();
	gni_stack_thread_end();
}

static void the_last_given_is_taken_first(void **state)
{
	struct gni_stack *a = gni_stack_take(0), *b = gni_stack_take(0);

	(void)state;
	gni_stack_give(a);
	gni_stack_give(b);
	assert_ptr_equal(gni_stack_take(0), b);
	assert_ptr_equal(gni_stack_take(0), a);
	gni_stack_give(a);
	gni_stack_give(b);
}

static unsigned count_touched(void)
{
	unsigned touched = 0;

	for (int i = 0; i < MANY; i++)
		touched += is_mapped(taken[i]->low) &&
			   gni_stack_touched(taken[i]) > 0;
	return touched;
}

static void only_a_few_stay_warm(void **state)
{
	struct gni_stack *anchor;

	(void)state;
	take_all(64 << 10);
	/* The region must outlive its stacks, for them to be looked at. */
	anchor = gni_stack_take(64 << 10);
	assert_int_equal(count_touched(), MANY);
	give_all();
	assert_in_range(count_touched(), 1, 128);
	gni_stack_give(anchor);
	gni_stack_thread_end();
}

static void regions_go_when_the_thread_ends(void **state)
{
	const char *low;

	(void)state;
	take_all(0);
	low = taken[0]->low;
	give_all();
	assert_true(is_mapped(low));
	gni_stack_thread_end();
	assert_false(is_mapped(low));
}

static void regions_in_use_stay(void **state)
{
	struct gni_stack *s = gni_stack_take(0);

	(void)state;
	memset(gni_stack_top(s) - 64, 7, 64);
	gni_stack_thread_end();
	assert_int_equal(gni_stack_top(s)[-1], 7);
	gni_stack_give(s);
	gni_stack_thread_end();
}

static void a_large_one_goes_at_once(void **state)
{
	struct gni_stack *s = gni_stack_take((size_t)64 << 20);
	const char *low = s->low;

	(void)state;
	assert_true(is_mapped(low));
	gni_stack_give(s);
	assert_false(is_mapped(low));
}

static void touched_is_the_deepest_page(void **state)
{
	struct gni_stack *s;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *end;

	(void)state;
	s = gni_stack_take(1 << 20);
	end = s->low + gni_stack_bytes(s);
	assert_int_equal(gni_stack_touched(s), 0);
	end[-1] = 1;
	assert_int_equal(gni_stack_touched(s), page);
	end[-(ptrdiff_t)(9 * page)] = 1;
	assert_int_equal(gni_stack_touched(s), 9 * page);
	s->low[0] = 1;
	assert_int_equal(gni_stack_touched(s), gni_stack_bytes(s));
	gni_stack_trim(s, end - 2 * page);
	assert_int_equal(gni_stack_touched(s), page);
	assert_int_equal(end[-1], 1);
	gni_stack_trim(s, s->low);
	gni_stack_give(s);
	gni_stack_thread_end();
}

static void an_overrun_is_told_by_its_address(void **state)
{
	struct gni_stack *s = gni_stack_take(0);

	(void)state;
	assert_true(gni_stack_overran(s, s->low - 1));
	assert_false(gni_stack_overran(s, s->low));
	assert_false(gni_stack_overran(s, gni_stack_top(s)));
	assert_false(gni_stack_overran(s, NULL));
	gni_stack_give(s);
}

static void the_best_guard_is_chosen(void **state)
{
	static const struct {
		bool no_pages, no_mapped;
		enum gni_guard lowest, second;
	} cases[] = {
		{ false, false, GNI_GUARD_PAGES, GNI_GUARD_PAGES },
		{ true, false, GNI_GUARD_MAPPED, GNI_GUARD_MAPPED },
		{ true, true, GNI_GUARD_MAPPED, GNI_GUARD_SOFT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		gni_guard_choose(cases[i].no_pages, cases[i].no_mapped);
		gni_stack_thread_end();
		taken[0] = gni_stack_take(0);
		taken[1] = gni_stack_take(0);
		/* A kernel without PAGES makes the first case the second. */
		if (i > 0 || taken[0]->guard != GNI_GUARD_MAPPED) {
			assert_int_equal(taken[0]->guard, cases[i].lowest);
			assert_int_equal(taken[1]->guard, cases[i].second);
		}
		gni_stack_give(taken[0]);
		gni_stack_give(taken[1]);
	}
	gni_stack_thread_end();
	gni_guard_choose(false, false);
}

/* One region of the smallest class has more stacks than may be MAPPED. */
static void mapped_guards_are_bounded(void **state)
{
	static struct gni_stack *all[GNI_GUARD_MAPPED_MAX + 64];
	enum { ALL = sizeof all / sizeof *all };
	int mapped = 0, soft = 0;

	(void)state;
	gni_guard_choose(true, false);
	for (int i = 0; i < ALL; i++) {
		all[i] = gni_stack_take(1);
		assert_non_null(all[i]);
		mapped += all[i]->guard == GNI_GUARD_MAPPED;
		soft += all[i]->guard == GNI_GUARD_SOFT;
	}
	assert_in_range(mapped, 1, GNI_GUARD_MAPPED_MAX + 8);
	assert_int_equal(mapped + soft, ALL);
	for (int i = 0; i < ALL; i++)
		gni_stack_give(all[i]);
	gni_stack_thread_end();
	all[0] = gni_stack_take(1);
	all[1] = gni_stack_take(1);
	assert_int_equal(all[1]->guard, GNI_GUARD_MAPPED);
	gni_stack_give(all[0]);
	gni_stack_give(all[1]);
	gni_stack_thread_end();
	gni_guard_choose(false, false);
}

static void a_soft_guard_shows_what_crossed_it(void **state)
{
	struct gni_stack *s;

	(void)state;
	gni_guard_choose(true, true);
	taken[0] = gni_stack_take(0);
	s = gni_stack_take(0);
	assert_int_equal(s->guard, GNI_GUARD_SOFT);
	s->low[0] = 1;
	assert_true(gni_guard_intact(s->low));
	for (int i = 1; i <= 64; i++) {
		s->low[-i] = 1;
		assert_false(gni_guard_intact(s->low));
		s->low[-i] = 0;
	}
	assert_true(gni_stack_overran(s, taken[0]->low));
	gni_stack_give(s);
	gni_stack_give(taken[0]);
	gni_stack_thread_end();
	gni_guard_choose(false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_round_up),
		cmocka_unit_test(absurd_sizes_are_no_memory),
		cmocka_unit_test(tops_are_staggered_and_near_the_end),
		cmocka_unit_test(the_last_given_is_taken_first),
		cmocka_unit_test(only_a_few_stay_warm),
		cmocka_unit_test(regions_go_when_the_thread_ends),
		cmocka_unit_test(regions_in_use_stay),
		cmocka_unit_test(a_large_one_goes_at_once),
		cmocka_unit_test(touched_is_the_deepest_page),
		cmocka_unit_test(an_overrun_is_told_by_its_address),
		cmocka_unit_test(the_best_guard_is_chosen),
		cmocka_unit_test(mapped_guards_are_bounded),
		cmocka_unit_test(a_soft_guard_shows_what_crossed_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
