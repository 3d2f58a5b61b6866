/*
 * nomem_test.c: failing when there is no memory for the record of it.  Linked
 * with --wrap=malloc; without it the tests are skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "error/error.h"

static bool memory_is_out;

void *__wrap_malloc(size_t size);
__attribute__((weak)) void *__real_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return memory_is_out ? NULL : __real_malloc(size);
}

static int fail_for(int code, const char *why)
{
	const struct gni_cause cause = { .code = code, .operation = "test",
					 .done = 5 };

	return gni_fail(&cause, "%s", why);
}

static int begin(void **state)
{
	(void)state;
	memory_is_out = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	memory_is_out = false;
	gni_error_swap(NULL);
	gni_error_thread_end();
	return 0;
}

static void needs_the_wrapper(void)
{
	if (!__real_malloc)
		skip();
}

static void a_first_failure_is_recorded_whole(void **state)
{
	char text[100];

	(void)state;
	needs_the_wrapper();
	assert_int_equal(fail_for(GN_ENOMEM, "first"), GN_ENOMEM);
	assert_int_equal(gn_code(), GN_ENOMEM);
	assert_string_equal(gn_error_text(gn_error_last(), text, sizeof text),
			    "test: no memory, 5 bytes moved (first)");
	assert_int_equal(fail_for(GN_EEND, "second"), GN_EEND);
	assert_string_equal(gn_error_why(gn_error_last()), "second");
}

static void many_fibers_fail_and_let_go(void **state)
{
	gn_error *slots[20] = { NULL };

	(void)state;
	needs_the_wrapper();
	for (int i = 0; i < 20; i++) {
		gni_error_swap(&slots[i]);
		assert_int_equal(fail_for(GN_ETIMEOUT - i, "each"),
				 GN_ETIMEOUT - i);
		assert_int_equal(gn_code(), GN_ETIMEOUT - i);
	}
	for (int i = 0; i < 20; i++)
		gni_error_free(slots[i]);
}

static void the_reserve_is_left_once_there_is_memory(void **state)
{
	gn_error *one = NULL, *two = NULL;

	(void)state;
	needs_the_wrapper();
	gni_error_swap(&one);
	fail_for(GN_EEND, "one");
	memory_is_out = false;
	fail_for(GN_EDEAD, "one");
	memory_is_out = true;
	gni_error_swap(&two);
	fail_for(GN_ERESET, "two");
	assert_ptr_not_equal(one, two);
	assert_int_equal(gn_error_code(one), GN_EDEAD);
	gni_error_free(one);
	gni_error_free(two);
}

/* What fibers let go serves those that fail next, up to the pool's bound. */
static void the_pool_keeps_sixteen(void **state)
{
	gn_error *slots[50] = { NULL };
	int kept = 0;

	(void)state;
	needs_the_wrapper();
	for (int round = 0; round < 2; round++) {
		memory_is_out = round > 0;
		for (int i = 0; i < 50; i++) {
			gni_error_swap(&slots[i]);
			assert_int_equal(fail_for(GN_EEND, "each"), GN_EEND);
		}
		for (int i = 0; i < 49; i++)
			kept += memory_is_out && slots[i] != slots[49];
		for (int i = 0; i < 50; i++) {
			gni_error_free(slots[i]);
			slots[i] = NULL;
		}
	}
	assert_int_equal(kept, 16);
}

static void a_reserve_climbs_too(void **state)
{
	gn_error *child = NULL, *taken;

	(void)state;
	needs_the_wrapper();
	gni_error_swap(&child);
	fail_for(GN_EPROTO, "child");
	taken = gni_error_take();
	assert_null(child);
	gni_error_swap(NULL);
	assert_int_equal(gni_fail_again(taken), GN_EPROTO);
	gni_error_free(taken);
	assert_string_equal(gn_error_why(gn_error_last()), "child");
	/* Taken when there is memory, it becomes a record of its own. */
	memory_is_out = false;
	taken = gni_error_take();
	assert_int_equal(gn_code(), GN_OK);
	assert_string_equal(gn_error_why(taken), "child");
	gni_error_free(taken);
}

static void a_queue_stays_as_it_was(void **state)
{
	struct gni_bytes q = { 0 };
	static uint8_t data[10000];

	(void)state;
	needs_the_wrapper();
	assert_false(gni_bytes_put(&q, data, 1));
	assert_null(q.memory);
	memory_is_out = false;
	assert_true(gni_bytes_put(&q, data, 4000));
	memory_is_out = true;
	assert_true(gni_bytes_put(&q, data, 96));
	assert_false(gni_bytes_put(&q, data, 1));
	assert_int_equal(gni_bytes_count(&q), 4096);
	gni_bytes_free(&q);
	gni_bytes_thread_end();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_first_failure_is_recorded_whole),
		TEST(many_fibers_fail_and_let_go),
		TEST(the_reserve_is_left_once_there_is_memory),
		TEST(the_pool_keeps_sixteen),
		TEST(a_reserve_climbs_too),
		TEST(a_queue_stays_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
