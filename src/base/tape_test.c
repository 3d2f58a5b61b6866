/* tape_test.c: choices by a seed, from bytes, and recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "base/tape.h"

#define ENTRIES 1000

static struct gni_tape_log *log_new(size_t max)
{
	struct gni_tape_log *log =
		calloc(1, sizeof *log + max * sizeof log->entries[0]);

	assert_non_null(log);
	log->max = max;
	return log;
}

static void assert_same(const struct gni_tape_entry *a,
			const struct gni_tape_entry *b)
{
	assert_int_equal(a->value, b->value);
	assert_int_equal(a->bound, b->bound);
	assert_int_equal(a->stream, b->stream);
}

/* A question as a simulation might ask it, and its answer. */
static uint64_t ask(struct gni_tape *t, struct gni_rng *r)
{
	enum gni_stream s = (enum gni_stream)gni_rng_below(r, GNI_STREAMS);
	uint64_t bound = gni_rng_below(r, 1000);

	switch (gni_rng_below(r, 3)) {
	case 0:
		return gni_tape_draw(t, s, bound);
	case 1:
		return gni_tape_short(t, s, 300000, bound);
	default:
		return gni_tape_chance(t, s, (uint32_t)bound * 1000);
	}
}

static void a_seed_decides(void **state)
{
	struct gni_tape a, b, c;
	bool differs = false;

	(void)state;
	gni_tape_seed(&a, 5);
	gni_tape_seed(&b, 5);
	gni_tape_seed(&c, 6);
	for (int i = 0; i < 100; i++) {
		uint64_t x = gni_tape_draw(&a, GNI_STREAM_ORDER, 1000);

		assert_int_equal(x,
				 gni_tape_draw(&b, GNI_STREAM_ORDER, 1000));
		differs |= x != gni_tape_draw(&c, GNI_STREAM_ORDER, 1000);
	}
	assert_true(differs);
}

static void streams_are_apart(void **state)
{
	struct gni_tape a, b;

	(void)state;
	gni_tape_seed(&a, 5);
	gni_tape_seed(&b, 5);
	for (int i = 0; i < 100; i++) {
		gni_tape_draw(&b, GNI_STREAM_NETWORK, 7);
		gni_tape_chance(&b, GNI_STREAM_FAULTS, 10);
		assert_int_equal(gni_tape_draw(&a, GNI_STREAM_TIES, 1 << 30),
				 gni_tape_draw(&b, GNI_STREAM_TIES, 1 << 30));
	}
}

static void the_empty_tape_is_plain(void **state)
{
	struct gni_rng r = test_rng("the_empty_tape_is_plain");
	struct gni_tape t;

	(void)state;
	gni_tape_replay(&t, NULL, 0);
	for (int i = 0; i < ENTRIES; i++)
		assert_int_equal(ask(&t, &r), 0);
}

/* What was recorded, saved and replayed answers the same questions alike. */
static void a_record_replays(void **state)
{
	struct gni_rng r = test_rng("a_record_replays"), again = r;
	struct gni_tape_log *first = log_new(ENTRIES);
	struct gni_tape_log *second = log_new(ENTRIES);
	uint64_t answers[ENTRIES];
	uint8_t *bytes;
	size_t len;
	struct gni_tape t;

	(void)state;
	gni_tape_seed(&t, gni_rng_next(&r));
	gni_rng_next(&again);
	gni_tape_record(&t, first);
	for (int i = 0; i < ENTRIES; i++)
		answers[i] = ask(&t, &r);
	len = gni_tape_save(first->entries, first->count, NULL, 0);
	bytes = malloc(len);
	assert_non_null(bytes);
	gni_tape_save(first->entries, first->count, bytes, len);
	gni_tape_replay(&t, bytes, len);
	gni_tape_record(&t, second);
	for (int i = 0; i < ENTRIES; i++)
		assert_int_equal(ask(&t, &again), answers[i]);
	assert_in_range(first->count, ENTRIES / 2, ENTRIES);
	assert_int_equal(first->count, second->count);
	for (size_t i = 0; i < first->count; i++)
		assert_same(&first->entries[i], &second->entries[i]);
	free(bytes);
	free(first);
	free(second);
}

static void one_entry_less_moves_its_stream_only(void **state)
{
	static const uint8_t whole[] = { GNI_STREAM_TIES,  1, GNI_STREAM_ORDER,
					 2,		    GNI_STREAM_TIES,
					 3,		    GNI_STREAM_ORDER,
					 4 };
	struct gni_tape t;

	(void)state;
	gni_tape_replay(&t, whole, sizeof whole);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_ORDER, 10), 2);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 10), 1);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 10), 3);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_ORDER, 10), 4);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_ORDER, 10), 0);
	gni_tape_replay(&t, whole + 2, sizeof whole - 2);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_ORDER, 10), 2);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 10), 3);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 10), 0);
}

static void any_bytes_are_a_tape(void **state)
{
	struct gni_rng r = test_rng("any_bytes_are_a_tape");
	uint8_t bytes[40];
	struct gni_tape_entry entries[40];

	(void)state;
	for (int round = 0; round < 1000; round++) {
		size_t len = gni_rng_below(&r, sizeof bytes + 1);
		uint8_t *exact = malloc(len + 1);
		struct gni_tape t;

		assert_non_null(exact);
		for (size_t i = 0; i < len; i++)
			exact[i] = bytes[i] = (uint8_t)gni_rng_next(&r);
		gni_tape_replay(&t, exact, len);
		for (int i = 0; i < 60; i++)
			ask(&t, &r);
		assert_true(gni_tape_load(exact, len, entries, 40) <= len);
		free(exact);
	}
}

static void the_longest_values_keep_their_bits(void **state)
{
	struct gni_tape_entry in[] = {
		{ .value = UINT64_MAX, .stream = GNI_STREAM_ENTROPY },
		{ .value = UINT64_C(1) << 63, .stream = GNI_STREAM_ENTROPY },
		{ .value = 127, .stream = GNI_STREAM_NETWORK },
		{ .value = 128, .stream = GNI_STREAM_NETWORK },
		{ .value = 0, .stream = GNI_STREAM_NETWORK },
	}, out[5];
	uint8_t bytes[64];
	size_t len = gni_tape_save(in, 5, bytes, sizeof bytes);

	(void)state;
	assert_int_equal(len, 11 + 11 + 2 + 3);
	assert_int_equal(gni_tape_load(bytes, len, out, 5), 4);
	for (int i = 0; i < 4; i++)
		assert_same(&in[i], &out[i]);
	out[1] = (struct gni_tape_entry){ .value = 77 };
	assert_int_equal(gni_tape_load(bytes, len, out, 1), 4);
	assert_int_equal(out[1].value, 77);
}

/* No room: nothing past the end is written. */
static void a_log_may_be_too_small(void **state)
{
	struct gni_tape_log *log = log_new(3);
	uint8_t bytes[4] = { 9, 9, 9, 9 };
	struct gni_tape t;

	(void)state;
	gni_tape_seed(&t, 1);
	gni_tape_record(&t, log);
	for (int i = 0; i < 5; i++)
		gni_tape_draw(&t, GNI_STREAM_PORTS, 2);
	assert_int_equal(log->count, 5);
	gni_tape_record(&t, NULL);
	gni_tape_draw(&t, GNI_STREAM_PORTS, 2);
	assert_int_equal(log->count, 5);
	log->entries[2].value = 1;
	assert_int_equal(gni_tape_save(log->entries, 3, bytes, 3), 6);
	assert_int_equal(bytes[3], 9);
	free(log);
}

static void odds_are_as_asked(void **state)
{
	unsigned chances = 0, shorts = 0, shapes = 0;
	struct gni_tape t;

	(void)state;
	gni_tape_seed(&t, 3);
	for (int i = 0; i < 40000; i++) {
		uint64_t held;

		chances += gni_tape_chance(&t, GNI_STREAM_FAULTS, 50000);
		held = gni_tape_short(&t, GNI_STREAM_NETWORK, 250000, 100);
		assert_true(held < 100);
		shorts += held > 0;
		shapes |= (held == 99 ? 1 : 0) | (held == 1 ? 2 : 0) |
			  (held > 1 && held < 99 && held % 2 ? 4 : 0) |
			  (held > 1 && held % 2 == 0 ? 8 : 0);
	}
	assert_in_range(chances, 1700, 2300);
	assert_in_range(shorts, 9300, 10300);
	assert_int_equal(shapes, 0xf);
}

static void no_choice_is_no_entry(void **state)
{
	struct gni_tape_log *log = log_new(1);
	struct gni_tape t;

	(void)state;
	gni_tape_seed(&t, 1);
	gni_tape_record(&t, log);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 0), 0);
	assert_int_equal(gni_tape_draw(&t, GNI_STREAM_TIES, 1), 0);
	assert_int_equal(gni_tape_short(&t, GNI_STREAM_TIES, 9, 1), 0);
	assert_int_equal(gni_tape_short(&t, GNI_STREAM_TIES, 0, 9), 0);
	assert_false(gni_tape_chance(&t, GNI_STREAM_TIES, 0));
	assert_true(gni_tape_chance(&t, GNI_STREAM_TIES, 1000000));
	assert_int_equal(log->count, 0);
	free(log);
}

static void every_stream_has_a_word(void **state)
{
	(void)state;
	for (int s = 0; s < GNI_STREAMS; s++)
		for (int other = 0; other < s; other++)
			assert_string_not_equal(
				gni_stream_name((enum gni_stream)s),
				gni_stream_name((enum gni_stream)other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_decides),
		cmocka_unit_test(streams_are_apart),
		cmocka_unit_test(the_empty_tape_is_plain),
		cmocka_unit_test(a_record_replays),
		cmocka_unit_test(one_entry_less_moves_its_stream_only),
		cmocka_unit_test(any_bytes_are_a_tape),
		cmocka_unit_test(the_longest_values_keep_their_bits),
		cmocka_unit_test(a_log_may_be_too_small),
		cmocka_unit_test(odds_are_as_asked),
		cmocka_unit_test(no_choice_is_no_entry),
		cmocka_unit_test(every_stream_has_a_word),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tape", tests, NULL, NULL);
}
