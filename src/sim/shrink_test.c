/* shrink_test.c: tapes shrunk for runs that only a test could think of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "sim/shrink.h"

#define ENTRIES 4000

/* A run: asks the tape and tells whether it fails. */
typedef bool run_fn(struct gni_tape *t);

struct bench {
	struct gni_shrink shrink;
	run_fn *run;
	unsigned wrong; /* candidates that do not fail */
};

static struct gni_tape_log *log_new(void)
{
	struct gni_tape_log *log =
		calloc(1, sizeof *log + ENTRIES * sizeof log->entries[0]);

	assert_non_null(log);
	log->max = ENTRIES;
	return log;
}

static bool fails(void *arg, const struct gni_tape_entry *entries, size_t count,
		  struct gni_tape_log *used)
{
	struct bench *b = arg;
	size_t len = gni_tape_save(entries, count, NULL, 0);
	uint8_t *bytes = malloc(len + 1);
	struct gni_tape t;
	bool failed;

	assert_non_null(bytes);
	gni_tape_save(entries, count, bytes, len);
	gni_tape_replay(&t, bytes, len);
	gni_tape_record(&t, used);
	failed = b->run(&t);
	b->wrong += !failed;
	free(bytes);
	return failed;
}

static void open_bench(struct bench *b, run_fn *run)
{
	struct gni_rng r = test_rng("shrink");
	struct gni_tape t;

	*b = (struct bench){ .run = run };
	b->shrink = (struct gni_shrink){ .fails = fails, .arg = b,
					 .best = log_new(),
					 .used = log_new(),
					 .trial = log_new(),
					 .runs_max = 20000 };
	do {
		b->shrink.best->count = 0;
		gni_tape_seed(&t, gni_rng_next(&r));
		gni_tape_record(&t, b->shrink.best);
	} while (!run(&t));
}

/* What is left fails, by itself. */
static void close_bench(struct bench *b)
{
	struct gni_shrink *s = &b->shrink;

	s->used->count = 0;
	assert_true(fails(b, s->best->entries, s->best->count, s->used));
	free(s->best);
	free(s->used);
	free(s->trial);
}

static void noise(struct gni_tape *t, int count)
{
	for (int i = 0; i < count; i++) {
		gni_tape_draw(t, GNI_STREAM_TIES, 16);
		gni_tape_draw(t, GNI_STREAM_ORDER, 3);
		gni_tape_chance(t, GNI_STREAM_COMPLETION, 500000);
	}
}

static bool always(struct gni_tape *t)
{
	noise(t, 300);
	return true;
}

static void what_fails_anyway_needs_no_event(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, always);
	gni_shrink_run(&b.shrink);
	assert_int_equal(gni_shrink_events(b.shrink.best), 0);
	assert_int_equal(b.shrink.best->count, 0);
	close_bench(&b);
}

static unsigned patience;

static bool patient(void *arg)
{
	(void)arg;
	return patience > 0 && --patience > 0;
}

/* It asks before each run, and before each part that it may try. */
static void patience_has_an_end(void **state)
{
	struct bench b;
	unsigned runs;

	(void)state;
	open_bench(&b, always);
	b.shrink.patient = patient;
	gni_shrink_run(&b.shrink);
	assert_int_equal(b.shrink.runs, 0);
	patience = 40;
	gni_shrink_run(&b.shrink);
	runs = b.shrink.runs;
	assert_in_range(runs, 1, 40);
	close_bench(&b);
}

/* One event in the midst of a thousand others. */
static bool one(struct gni_tape *t)
{
	bool failed;

	noise(t, 200);
	failed = gni_tape_short(t, GNI_STREAM_NETWORK, 900000, 1000) >= 17;
	noise(t, 200);
	return failed;
}

static void one_event_remains_and_is_least(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, one);
	gni_shrink_run(&b.shrink);
	assert_int_equal(b.shrink.best->count, 1);
	assert_int_equal(b.shrink.best->entries[0].value, 17);
	assert_int_equal(b.shrink.best->entries[0].stream, GNI_STREAM_NETWORK);
	assert_in_range(b.shrink.runs, 1, 100);
	close_bench(&b);
}

/* Several that are needed together, far from each other. */
static bool several(struct gni_tape *t)
{
	unsigned met = 0;

	for (int i = 0; i < 6; i++) {
		noise(t, 40);
		met += gni_tape_draw(t, GNI_STREAM_ORDER, 3) == 2;
		met += gni_tape_chance(t, GNI_STREAM_FAULTS, 800000);
	}
	return met >= 8;
}

static void several_events_remain(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, several);
	gni_shrink_run(&b.shrink);
	assert_int_equal(gni_shrink_events(b.shrink.best), 8);
	close_bench(&b);
}

/* How many rounds there are is itself drawn, and the last matters. */
static bool rounds(struct gni_tape *t)
{
	uint64_t count = gni_tape_draw(t, GNI_STREAM_PROGRAM, 50);
	uint64_t last = 0;

	for (uint64_t i = 0; i < count; i++) {
		noise(t, 2);
		last = gni_tape_draw(t, GNI_STREAM_PROGRAM, 100);
	}
	return last > 90;
}

static void rounds_that_do_not_matter_are_deleted(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, rounds);
	gni_shrink_run(&b.shrink);
	assert_int_equal(b.shrink.best->count, 2);
	assert_int_equal(b.shrink.best->entries[0].value, 1);
	assert_int_equal(b.shrink.best->entries[1].value, 91);
	close_bench(&b);
}

static void runs_are_bounded(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, several);
	b.shrink.runs_max = 7;
	gni_shrink_run(&b.shrink);
	assert_in_range(b.shrink.runs, 1, 7);
	close_bench(&b);
}

/* A run that asks for more than can be recorded is judged by its tape. */
static bool endless(struct gni_tape *t)
{
	bool failed = gni_tape_draw(t, GNI_STREAM_PROGRAM, 9) >= 3;

	if (failed)
		noise(t, ENTRIES);
	return failed;
}

static void more_choices_than_fit(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, endless);
	b.shrink.best->count = 1;
	gni_shrink_run(&b.shrink);
	assert_int_equal(b.shrink.best->count, 1);
	assert_int_equal(b.shrink.best->entries[0].value, 3);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fails_anyway_needs_no_event),
		cmocka_unit_test(patience_has_an_end),
		cmocka_unit_test(one_event_remains_and_is_least),
		cmocka_unit_test(several_events_remain),
		cmocka_unit_test(rounds_that_do_not_matter_are_deleted),
		cmocka_unit_test(runs_are_bounded),
		cmocka_unit_test(more_choices_than_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
