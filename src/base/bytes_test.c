/* bytes_test.c: the queue against a model that never moves anything. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/seed_test.h"

/* The model: every byte ever put in; those from gone to put are inside. */
struct model {
	uint8_t all[1 << 20];
	size_t gone, put;
};

static struct model model;

static size_t inside(void)
{
	return model.put - model.gone;
}

static void check_same(const struct gni_bytes *q, size_t most)
{
	assert_int_equal(gni_bytes_count(q), inside());
	if (inside() == 0) {
		assert_null(q->memory);
		assert_null(gni_bytes_first(q));
		assert_int_equal(q->capacity, 0);
		return;
	}
	assert_memory_equal(gni_bytes_first(q), model.all + model.gone,
			    inside());
	assert_true(q->capacity <= 4096 || q->capacity <= 4 * most);
}

static void fill(struct gni_rng *rng, size_t len)
{
	for (size_t i = 0; i < len; i++)
		model.all[model.put + i] = (uint8_t)gni_rng_next(rng);
}

static void step_put(struct gni_bytes *q, struct gni_rng *rng, size_t len)
{
	fill(rng, len);
	assert_true(gni_bytes_put(q, model.all + model.put, len));
	model.put += len;
}

static void step_room(struct gni_bytes *q, struct gni_rng *rng, size_t len)
{
	uint8_t *room = gni_bytes_room(q, len + 1);

	assert_non_null(room);
	memset(room, 0xee, len + 1);
	fill(rng, len);
	memcpy(room, model.all + model.put, len);
	gni_bytes_added(q, len);
	model.put += len;
}

static void step_drop(struct gni_bytes *q, struct gni_rng *rng, size_t len)
{
	(void)rng;
	if (len > inside())
		len = inside();
	gni_bytes_drop(q, len);
	model.gone += len;
}

static void step_take(struct gni_bytes *q, struct gni_rng *rng, size_t len)
{
	static uint8_t to[1 << 16];
	size_t expected = len < inside() ? len : inside();

	(void)rng;
	assert_int_equal(gni_bytes_take(q, to, len), expected);
	if (expected)
		assert_memory_equal(to, model.all + model.gone, expected);
	model.gone += expected;
}

static void agrees_with_a_model(void **state)
{
	static void (*const steps[])(struct gni_bytes *, struct gni_rng *,
				     size_t) = { step_put, step_room,
						 step_drop, step_take };
	struct gni_rng rng = test_rng("agrees_with_a_model");
	struct gni_bytes q = { 0 };
	size_t most = 0;

	(void)state;
	while (model.put + (1 << 16) < sizeof model.all) {
		size_t len = gni_rng_below(&rng, UINT64_C(1)
				<< gni_rng_below(&rng, 14));

		steps[gni_rng_below(&rng, 4)](&q, &rng, len);
		if (inside() > most)
			most = inside();
		check_same(&q, most + (1 << 13));
	}
	gni_bytes_free(&q);
	assert_null(q.memory);
	gni_bytes_thread_end();
}

static void refuses_what_no_memory_can_hold(void **state)
{
	struct gni_bytes q = { 0 };

	(void)state;
	assert_null(gni_bytes_room(&q, SIZE_MAX));
	assert_null(q.memory);
	assert_true(gni_bytes_put(&q, "abc", 3));
	assert_null(gni_bytes_room(&q, SIZE_MAX));
	assert_null(gni_bytes_room(&q, SIZE_MAX - 3));
	assert_int_equal(gni_bytes_count(&q), 3);
	assert_memory_equal(gni_bytes_first(&q), "abc", 3);
	gni_bytes_free(&q);
	gni_bytes_thread_end();
}

static void nothing_is_nothing(void **state)
{
	struct gni_bytes q = { 0 };
	char to;

	(void)state;
	assert_true(gni_bytes_put(&q, NULL, 0));
	assert_int_equal(gni_bytes_take(&q, &to, 1), 0);
	gni_bytes_drop(&q, 0);
	gni_bytes_free(&q);
	assert_non_null(gni_bytes_room(&q, 1));
	gni_bytes_added(&q, 0);
	assert_null(q.memory);
	gni_bytes_thread_end();
}

/* More queues than the cache keeps become empty, and are used again. */
static void the_cache_is_bounded_and_used(void **state)
{
	struct gni_bytes q[200] = { 0 };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++)
			assert_true(gni_bytes_put(&q[i], &i, sizeof i));
		for (int i = 0; i < 200; i++) {
			assert_memory_equal(gni_bytes_first(&q[i]), &i,
					    sizeof i);
			gni_bytes_drop(&q[i], sizeof i);
		}
	}
	gni_bytes_thread_end();
	gni_bytes_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_model),
		cmocka_unit_test(refuses_what_no_memory_can_hold),
		cmocka_unit_test(nothing_is_nothing),
		cmocka_unit_test(the_cache_is_bounded_and_used),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
