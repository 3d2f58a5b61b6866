/*
 * mistake_test.c: what a caller must not do.  Each mistake stops the program
 * with a sentence that says which it was.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fiber/fiber.h"
#include "fiber/test_child.h"

/* A mistake across threads needs a thread in a forked child. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

static struct gni_fiber root;

static void wait_once(struct gni_fiber *self)
{
	gni_fiber_switch(self, &root);
	gni_fiber_exit(self, &root);
}

static struct gni_fiber *make(gni_fiber_entry *entry)
{
	struct gni_fiber *f = gni_fiber_create(sizeof *f, 0, "task", entry);

	if (!f)
		abort();
	return f;
}

static void resume(struct gni_fiber *f)
{
	gni_fiber_switch(&root, f);
}

static void to_itself(void)
{
	gni_fiber_switch(&root, &root);
}

static void to_one_that_ended(void)
{
	struct gni_fiber *f = make(wait_once);

	resume(f);
	resume(f);
	resume(f);
}

static void from_one_not_running(void)
{
	struct gni_fiber *f = make(wait_once);

	gni_fiber_switch(f, &root);
}

static void free_of_a_suspended_one(void)
{
	struct gni_fiber *f = make(wait_once);

	resume(f);
	gni_fiber_free(f);
}

static void free_its_own(struct gni_fiber *self)
{
	gni_fiber_free(self);
}

static void free_of_the_running_one(void)
{
	resume(make(free_its_own));
}

static void come_back(struct gni_fiber *self)
{
	(void)self;
}

static void return_from_entry(void)
{
	resume(make(come_back));
}

static void *switch_foreign(void *task)
{
	struct gni_fiber own;

	gni_fiber_root(&own, "thread");
	gni_fiber_switch(&own, task);
	return NULL;
}

static void to_another_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, switch_foreign,
			   make(wait_once)) == 0)
		(void)pthread_join(thread, NULL);
}

static void *free_foreign(void *task)
{
	gni_fiber_free(task);
	return NULL;
}

static void free_of_another_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_foreign,
			   make(wait_once)) == 0)
		(void)pthread_join(thread, NULL);
}

static void a_second_root(void)
{
	struct gni_fiber second;

	gni_fiber_root(&second, "second");
}

static void the_root_exits(void)
{
	gni_fiber_exit(&root, make(wait_once));
}

static void too_large_an_object(void)
{
	(void)gni_fiber_create(GNI_FIBER_OBJECT_BYTES_MAX + 1, 0, "big",
			       wait_once);
}

struct mistake {
	void (*body)(void);
	const char *says;
};

static void stops_the_program(void **state)
{
	const struct mistake *mistake = *state;
	struct child child = child_run(mistake->body, CHILD_PIPE);

	assert_true(child_died_by(&child, SIGABRT));
	assert_memory_equal(child.text, "gnezdo: ", 8);
	assert_non_null(strstr(child.text, mistake->says));
}

#define STOPS(function, sentence)                               \
	{ #function, stops_the_program, NULL, NULL,             \
	  &(struct mistake){ function, sentence } }

int main(void)
{
	const struct CMUnitTest tests[] = {
		STOPS(to_itself, "\"root\" is not suspended"),
		STOPS(to_one_that_ended, "\"task\" is not suspended"),
		STOPS(to_another_threads, "is not suspended on this thread"),
		STOPS(from_one_not_running, "is not the running one"),
		STOPS(free_of_a_suspended_one, "is freed before its end"),
		STOPS(free_of_the_running_one, "is freed before its end"),
		STOPS(free_of_another_threads, "is another thread's"),
		STOPS(return_from_entry, "returned from its entry"),
		STOPS(a_second_root, "one root fiber, \"root\""),
		STOPS(the_root_exits, "cannot exit"),
		STOPS(too_large_an_object, "object of 2049 bytes"),
	};
	int failed;

	gni_fiber_root(&root, "root");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	gni_fiber_root_end(&root);
	return failed;
}
