/* record_test.c: who owns a record, and what a failure leaves in it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include "error/error.h"

static gn_addr parsed(const char *text)
{
	gn_addr addr;

	assert_int_equal(gn_addr_parse(&addr, text), 0);
	return addr;
}

static int record_failure(int code)
{
	const struct gni_cause cause = { .code = code, .operation = "test" };

	return gni_fail(&cause, NULL);
}

static void before_a_failure_the_record_says_ok(void **state)
{
	const gn_error *e = gn_error_last();

	(void)state;
	assert_non_null(e);
	assert_int_equal(gn_code(), GN_OK);
	assert_int_equal(gn_error_errno(e), 0);
	assert_string_equal(gn_error_operation(e), "");
	assert_string_equal(gn_error_why(e), "");
	assert_null(gn_error_local(e));
	assert_null(gn_error_peer(e));
	assert_null(gn_error_tried(e, 0, NULL));
	assert_null(gni_error_take());
	gni_error_free(NULL);
}

static void a_failure_is_recorded_whole(void **state)
{
	gn_addr local = parsed("tcp://10.0.0.5:41022");
	gn_addr peer = parsed("tcp://10.0.0.9:5432");
	const struct gni_cause cause = {
		.code = GN_ESHORT, .sys = 104, .operation = "recv_exact",
		.local = &local, .peer = &peer, .done = 3, .need = 10,
	};
	const gn_error *e;

	(void)state;
	assert_int_equal(gni_fail(&cause, "%d of %s", 7, "nine\n"), GN_ESHORT);
	e = gn_error_last();
	assert_int_equal(gn_code(), GN_ESHORT);
	assert_int_equal(gn_error_code(e), GN_ESHORT);
	assert_int_equal(gn_error_errno(e), 104);
	assert_string_equal(gn_error_operation(e), "recv_exact");
	assert_true(gn_addr_equal(gn_error_local(e), &local));
	assert_true(gn_addr_equal(gn_error_peer(e), &peer));
	assert_int_equal(gn_error_done(e), 3);
	assert_int_equal(gn_error_need(e), 10);
	assert_string_equal(gn_error_why(e), "7 of nine\\x0A");
	gni_error_thread_end();
}

static void the_next_failure_leaves_nothing_of_the_last(void **state)
{
	a_failure_is_recorded_whole(state);
	record_failure(GN_ESHORT);
	gni_error_tried(&(gn_addr){ .kind = GN_TCP }, GN_EREFUSED);
	record_failure(GN_ETIMEOUT);
	assert_int_equal(gn_code(), GN_ETIMEOUT);
	assert_int_equal(gn_error_errno(gn_error_last()), 0);
	assert_null(gn_error_local(gn_error_last()));
	assert_null(gn_error_peer(gn_error_last()));
	assert_string_equal(gn_error_why(gn_error_last()), "");
	assert_int_equal(gn_error_done(gn_error_last()), 0);
	assert_null(gn_error_tried(gn_error_last(), 0, NULL));
	gni_error_thread_end();
}

/* An outer layer names its own operation and hands the inner record's parts
 * on, in whatever order they lie there. */
static void a_cause_may_point_into_the_present_record(void **state)
{
	gn_addr local = parsed("udp://10.0.0.5:1");
	gn_addr peer = parsed("udp://10.0.0.9:2");
	struct gni_cause cause = { .code = GN_EEND, .operation = "inner",
				   .local = &local, .peer = &peer };
	const gn_error *e;

	(void)state;
	gni_fail(&cause, "why it was");
	e = gn_error_last();
	cause = (struct gni_cause){ .code = gn_error_code(e),
				    .operation = "outer",
				    .about = gn_error_why(e),
				    .local = gn_error_peer(e),
				    .peer = gn_error_local(e) };
	gni_fail(&cause, "again: %s", gn_error_why(e));
	e = gn_error_last();
	assert_string_equal(gn_error_operation(e), "outer");
	assert_string_equal(gn_error_why(e), "again: why it was");
	assert_true(gn_addr_equal(gn_error_local(e), &peer));
	assert_true(gn_addr_equal(gn_error_peer(e), &local));
	gni_error_thread_end();
}

static void each_slot_has_its_own_record(void **state)
{
	gn_error *one = NULL, *two = NULL;

	(void)state;
	record_failure(GN_EEND);
	assert_null(gni_error_swap(&one));
	assert_int_equal(gn_code(), GN_OK);
	record_failure(GN_ERESET);
	assert_ptr_equal(gni_error_swap(&two), &one);
	assert_int_equal(gn_code(), GN_OK);
	record_failure(GN_EDEAD);
	assert_ptr_equal(gni_error_swap(&one), &two);
	assert_int_equal(gn_code(), GN_ERESET);
	assert_ptr_equal(gni_error_swap(NULL), &one);
	assert_int_equal(gn_code(), GN_EEND);
	assert_int_equal(gn_error_code(two), GN_EDEAD);
	gni_error_free(one);
	gni_error_free(two);
	gni_error_thread_end();
	assert_int_equal(gn_code(), GN_OK);
}

static void a_record_climbs_from_a_child(void **state)
{
	gn_error *child = NULL, *taken;

	(void)state;
	gni_error_swap(&child);
	record_failure(GN_EREFUSED);
	gni_error_tried(&(gn_addr){ .kind = GN_TCP }, GN_EUNREACH);
	taken = gni_error_take();
	assert_null(child);
	assert_int_equal(gn_code(), GN_OK);
	gni_error_swap(NULL);
	record_failure(GN_ECANCELED);
	assert_int_equal(gni_fail_again(taken), GN_EREFUSED);
	gni_error_free(taken);
	assert_int_equal(gn_code(), GN_EREFUSED);
	assert_string_equal(gn_error_operation(gn_error_last()), "test");
	assert_non_null(gn_error_tried(gn_error_last(), 0, NULL));
	assert_int_equal(gni_fail_again(gn_error_last()), GN_EREFUSED);
	gni_error_thread_end();
}

static void eight_tried_addresses_are_kept(void **state)
{
	gn_addr addr = parsed("tcp://127.0.0.1:1");
	int code = 0;

	(void)state;
	gni_error_tried(&addr, GN_EREFUSED); /* no failure yet: no record */
	assert_int_equal(gn_code(), GN_OK);
	record_failure(GN_EREFUSED);
	for (int i = 0; i < 12; i++)
		gni_error_tried(&addr, GN_ETIMEOUT - i);
	for (size_t i = 0; i < 8; i++) {
		assert_non_null(gn_error_tried(gn_error_last(), i, &code));
		assert_int_equal(code, GN_ETIMEOUT - (int)i);
	}
	assert_null(gn_error_tried(gn_error_last(), 8, &code));
	assert_null(gn_error_tried(gn_error_last(), SIZE_MAX, NULL));
	gni_error_thread_end();
}

/* More records than the pool keeps are freed, and taken anew. */
static void the_pool_is_bounded(void **state)
{
	gn_error *slots[50] = { NULL };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 50; i++) {
			gni_error_swap(&slots[i]);
			record_failure(GN_ETIMEOUT - i % 20);
		}
		for (int i = 0; i < 50; i++) {
			assert_int_equal(gn_error_code(slots[i]),
					 GN_ETIMEOUT - i % 20);
			gni_error_free(slots[i]);
			slots[i] = NULL;
		}
	}
	gni_error_swap(NULL);
	gni_error_thread_end();
}

static void long_words_are_cut(void **state)
{
	static char name[5000];
	const struct gni_cause cause = { .code = GN_ENAME, .operation = "dial",
					 .about = name };
	char text[6000];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	gni_fail(&cause, "%s", name);
	assert_in_range(strlen(gn_error_why(gn_error_last())), 200, 256);
	gn_error_text(gn_error_last(), text, sizeof text);
	assert_in_range(strlen(text), 300, 700);
	assert_non_null(strstr(text, "nnn...: no such name (nnn"));
	gni_error_thread_end();
}

static void *other_thread(void *arg)
{
	(void)arg;
	assert_int_equal(gn_code(), GN_OK);
	record_failure(GN_EPROTO);
	assert_int_equal(gn_code(), GN_EPROTO);
	gni_error_thread_end();
	return NULL;
}

static void threads_do_not_share(void **state)
{
	pthread_t thread;

	(void)state;
	record_failure(GN_EEND);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(gn_code(), GN_EEND);
	gni_error_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_a_failure_the_record_says_ok),
		cmocka_unit_test(a_failure_is_recorded_whole),
		cmocka_unit_test(the_next_failure_leaves_nothing_of_the_last),
		cmocka_unit_test(a_cause_may_point_into_the_present_record),
		cmocka_unit_test(each_slot_has_its_own_record),
		cmocka_unit_test(a_record_climbs_from_a_child),
		cmocka_unit_test(eight_tried_addresses_are_kept),
		cmocka_unit_test(the_pool_is_bounded),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(threads_do_not_share),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
