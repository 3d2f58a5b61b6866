/* timer_test.c: the heap against a model that looks through all timers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/seed_test.h"
#include "clock/timer.h"

#define COUNT 300

/* A timer and what the model knows of it. */
struct alarm {
	struct gni_timer timer;
	int64_t due;   /* INT64_MAX: not set */
	uint64_t turn; /* of its setting */
	unsigned fired;
	bool reserved;
};

static struct gni_timers heap;
static struct alarm alarms[COUNT];
static uint64_t turns;

/* While the heap fires: the instant, and the first turn that must wait. */
static gn_time now;
static uint64_t turns_before;

/* What a test does whenever a timer fires. */
static void (*on_fire)(struct alarm *a);

static gn_time at(int64_t ns)
{
	return (gn_time){ .ns = ns };
}

static void set(struct alarm *a, int64_t due)
{
	gni_timer_set(&heap, &a->timer, at(due));
	a->due = due > 0 ? due : 0; /* the clock's beginning */
	if (due != INT64_MAX)
		a->turn = turns++;
}

static void clear(struct alarm *a)
{
	gni_timer_clear(&a->timer);
	a->due = INT64_MAX;
}

/* The model: the earliest due, among equals the first that was set. */
static struct alarm *first(void)
{
	struct alarm *found = NULL;

	for (struct alarm *a = alarms; a < alarms + COUNT; a++)
		if (a->due != INT64_MAX &&
		    (!found || a->due < found->due ||
		     (a->due == found->due && a->turn < found->turn)))
			found = a;
	return found;
}

static void fire(struct gni_timer *t)
{
	struct alarm *a = GNI_OWNER(t, struct alarm, timer);

	assert_ptr_equal(a, first());
	assert_true(a->due <= now.ns);
	assert_true(a->turn < turns_before);
	assert_int_equal(t->due.ns, INT64_MAX);
	a->due = INT64_MAX;
	a->fired++;
	if (on_fire)
		on_fire(a);
}

static void expire(int64_t instant)
{
	now = at(instant);
	turns_before = turns;
	gni_timers_expire(&heap, now);
}

static void reserve(struct alarm *a)
{
	assert_true(gni_timer_reserve(&heap));
	gni_timer_init(&a->timer, fire);
	*a = (struct alarm){ .timer = a->timer, .due = INT64_MAX,
			     .reserved = true };
}

static void drop(struct alarm *a)
{
	gni_timer_drop(&heap, &a->timer);
	a->due = INT64_MAX;
	a->reserved = false;
}

static int begin(void **state)
{
	(void)state;
	on_fire = NULL;
	for (int i = 0; i < COUNT; i++)
		reserve(&alarms[i]);
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < COUNT; i++)
		if (alarms[i].reserved)
			drop(&alarms[i]);
	gni_timers_free(&heap);
	return 0;
}

static void check_next(void)
{
	struct alarm *a = first();

	assert_int_equal(gni_timers_next(&heap).ns, a ? a->due : INT64_MAX);
}

static void agrees_with_a_model(void **state)
{
	struct gni_rng rng = test_rng("agrees_with_a_model");
	int64_t clock = 1;

	(void)state;
	for (int round = 0; round < 60000; round++) {
		struct alarm *a = &alarms[gni_rng_below(&rng, COUNT)];
		uint64_t dice = gni_rng_below(&rng, 100);

		if (!a->reserved)
			reserve(a);
		else if (dice == 99 && gni_timer_reserve(&heap))
			gni_timer_unreserve(&heap);
		if (dice < 70)
			set(a, clock + (int64_t)gni_rng_below(&rng, 50));
		else if (dice < 85)
			clear(a);
		else if (dice < 90)
			drop(a);
		else
			expire(clock += (int64_t)gni_rng_below(&rng, 9));
		if (dice % 7 == 0)
			check_next();
		assert_true(heap.count <= heap.reserved);
	}
	expire(clock + 50);
	assert_null(first());
}

static void equal_instants_fire_as_they_were_set(void **state)
{
	(void)state;
	for (int i = 0; i < COUNT; i++)
		set(&alarms[i], 10);
	/* Moved away and back, and set again where they stand. */
	for (int i = 0; i < COUNT; i += 3)
		set(&alarms[i], 20);
	for (int i = 0; i < COUNT; i += 5)
		set(&alarms[i], 10);
	expire(9);
	assert_int_equal(alarms[1].fired, 0);
	expire(20);
	assert_null(first());
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(alarms[i].fired, 1);
}

static void a_later_deadline_moves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < COUNT; i++)
		set(&alarms[i], 10 + i);
	for (int i = 0; i < COUNT; i++) {
		uint32_t index = alarms[i].timer.index;

		set(&alarms[i], 1000 - i);
		assert_int_equal(alarms[i].timer.index, index);
	}
	expire(1000 - COUNT);
	assert_int_equal(alarms[COUNT - 1].fired, 0);
	expire(1000);
	assert_null(first());
}

static void fault_22_past_zero_and_infinite_deadlines(void **state)
{
	(void)state;
	set(&alarms[0], 0);
	set(&alarms[1], GN_NOW.ns);
	set(&alarms[2], -5);
	set(&alarms[3], INT64_MIN);
	set(&alarms[4], INT64_MAX - 1);
	set(&alarms[5], INT64_MAX);
	assert_int_equal(gni_timers_next(&heap).ns, 0);
	expire(100);
	for (int i = 0; i < 4; i++)
		assert_int_equal(alarms[i].fired, 1);
	assert_int_equal(gni_timers_next(&heap).ns, INT64_MAX - 1);
	set(&alarms[4], INT64_MAX);
	assert_int_equal(gni_timers_next(&heap).ns, INT64_MAX);
	expire(INT64_MAX - 1);
	assert_int_equal(alarms[4].fired + alarms[5].fired, 0);
}

/* A fiber that asks again and again for an instant that has passed. */
static void set_in_the_past(struct alarm *a)
{
	gni_timer_set(&heap, &a->timer, GN_NOW);
	a->due = now.ns;
	a->turn = turns++;
}

static void fault_22_a_past_deadline_does_not_starve_others(void **state)
{
	(void)state;
	on_fire = set_in_the_past;
	set(&alarms[0], 5);
	for (int i = 1; i < COUNT; i++)
		set(&alarms[i], 6);
	for (unsigned round = 1; round < 4; round++) {
		expire(10);
		for (int i = 0; i < COUNT; i++)
			assert_int_equal(alarms[i].fired, round);
	}
}

static void disturb_others(struct alarm *a)
{
	size_t i = (size_t)(a - alarms);

	if (i + 1 < COUNT && alarms[i + 1].reserved)
		drop(&alarms[i + 1]);
	if (i + 2 < COUNT)
		clear(&alarms[i + 2]);
	if (i + 3 < COUNT)
		set(&alarms[i + 3], now.ns + 1);
	drop(a);
}

static void any_timer_may_change_while_one_fires(void **state)
{
	(void)state;
	on_fire = disturb_others;
	for (int i = 0; i < COUNT; i++)
		set(&alarms[i], 10);
	expire(10);
	assert_int_equal(alarms[0].fired, 1);
	assert_int_equal(alarms[1].fired + alarms[2].fired, 0);
	assert_int_equal(alarms[3].fired, 0);
	expire(11);
	assert_int_equal(alarms[3].fired, 1);
}

/* An instant too early costs a turn; one too late would miss a deadline. */
static void soonest_is_never_after_the_next(void **state)
{
	(void)state;
	assert_int_equal(gni_timers_soonest(&heap).ns, INT64_MAX);
	set(&alarms[0], 5);
	set(&alarms[1], 9);
	set(&alarms[0], 20);
	assert_int_equal(gni_timers_soonest(&heap).ns, 5);
	expire(5);
	assert_int_equal(alarms[0].fired + alarms[1].fired, 0);
	assert_int_equal(gni_timers_soonest(&heap).ns, 9);
	set(&alarms[2], 3);
	assert_int_equal(gni_timers_soonest(&heap).ns, 3);
	assert_int_equal(gni_timers_next(&heap).ns, 3);
	expire(9);
	assert_int_equal(alarms[1].fired + alarms[2].fired, 2);
	assert_int_equal(gni_timers_soonest(&heap).ns, 20);
}

static void a_cleared_timer_does_not_fire(void **state)
{
	(void)state;
	set(&alarms[0], 5);
	set(&alarms[1], 6);
	clear(&alarms[0]);
	assert_int_equal(gni_timers_next(&heap).ns, 6);
	clear(&alarms[1]);
	assert_int_equal(gni_timers_next(&heap).ns, INT64_MAX);
	assert_int_equal(heap.count, 0);
	expire(100);
	clear(&alarms[0]);
	assert_int_equal(alarms[0].fired + alarms[1].fired, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST(agrees_with_a_model),
		TEST(equal_instants_fire_as_they_were_set),
		TEST(a_later_deadline_moves_nothing),
		TEST(fault_22_past_zero_and_infinite_deadlines),
		TEST(fault_22_a_past_deadline_does_not_starve_others),
		TEST(any_timer_may_change_while_one_fires),
		TEST(soonest_is_never_after_the_next),
		TEST(a_cleared_timer_does_not_fire),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
