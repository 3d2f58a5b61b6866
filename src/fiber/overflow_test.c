/*
 * overflow_test.c: what happens when a fiber runs over its stack, for each kind
 * of guard, and that other faults and other people's handlers are left alone.
 * Every case is a child process.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fiber/fiber.h"
#include "fiber/guard.h"
#include "fiber/stack.h"
#include "fiber/switch.h"
#include "fiber/test_child.h"

/* Sanitizers have handlers of their own; here they shall not. */
#define LEAVE_SIGNALS "handle_segv=0:handle_sigbus=0:handle_abort=0"

const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return LEAVE_SIGNALS;
}

const char *__tsan_default_options(void)
{
	return LEAVE_SIGNALS;
}

const char *__ubsan_default_options(void)
{
	return LEAVE_SIGNALS;
}

static struct gni_fiber root;
static struct gni_fiber_options options;
static size_t stack_bytes;

/*
 * Runs down until the stack pointer has passed the limit, and writes all of it.
 * The room is read after the call, or the recursion would become a loop.
 */
static __attribute__((noinline)) int run_down(const char *limit)
{
	volatile char room[512];
	int below = 0;

	for (size_t i = 0; i < sizeof room; i++)
		room[i] = 1;
	if (gni_switch_here() >= limit)
		below = run_down(limit);
	return room[7] + below;
}

static void run_away(struct gni_fiber *self)
{
	(void)run_down(NULL);
	gni_fiber_exit(self, &root);
}

/* Uses a few kilobytes that it does not have, returns, and waits. */
static void dip(struct gni_fiber *self)
{
	(void)run_down(self->stack->low - 3000);
	gni_fiber_switch(self, &root);
	gni_fiber_exit(self, &root);
}

static void dip_and_exit(struct gni_fiber *self)
{
	(void)run_down(self->stack->low - 3000);
	gni_fiber_exit(self, &root);
}

/* Waits deep down, beyond the end. */
static __attribute__((noinline)) int wait_below(struct gni_fiber *self,
						const char *limit)
{
	volatile char room[512];
	int below = 0;

	for (size_t i = 0; i < sizeof room; i++)
		room[i] = 0;
	if (gni_switch_here() < limit)
		gni_fiber_switch(self, &root);
	else
		below = wait_below(self, limit);
	return room[7] + below;
}

static void wait_too_deep(struct gni_fiber *self)
{
	(void)wait_below(self, self->stack->low - 3000);
	gni_fiber_exit(self, &root);
}

/* The second fiber, for the lowest stack of a region is always guarded. */
static void run_second(gni_fiber_entry *entry, enum gni_guard kind)
{
	struct gni_fiber *lowest, *f;

	gni_fiber_configure(&options);
	gni_fiber_root(&root, "root");
	lowest = gni_fiber_create(sizeof *f, stack_bytes, "lowest", entry);
	f = gni_fiber_create(sizeof *f, stack_bytes, "second", entry);
	if (!lowest || !f || f->stack->guard != kind)
		_exit(3);
	gni_fiber_switch(&root, f);
	_exit(4);
}

static void overflow_pages(void)
{
	run_second(run_away, GNI_GUARD_PAGES);
}

static void overflow_mapped(void)
{
	options.no_guard_install = true;
	run_second(run_away, GNI_GUARD_MAPPED);
}

static void choose_soft(void)
{
	options.no_guard_install = true;
	options.no_guard_mprotect = true;
}

static void overflow_soft_far(void)
{
	choose_soft();
	run_second(run_away, GNI_GUARD_SOFT);
}

static void overflow_soft_and_back(void)
{
	choose_soft();
	run_second(dip, GNI_GUARD_SOFT);
}

static void overflow_soft_at_exit(void)
{
	choose_soft();
	run_second(dip_and_exit, GNI_GUARD_SOFT);
}

static void overflow_soft_deep_wait(void)
{
	choose_soft();
	run_second(wait_too_deep, GNI_GUARD_SOFT);
}

static bool kernel_guards_pages(void)
{
	struct gni_stack *s = gni_stack_take(0);
	bool pages = s && s->guard == GNI_GUARD_PAGES;

	gni_stack_give(s);
	gni_stack_thread_end();
	return pages;
}

static void assert_named(const struct child *child, const char *kib)
{
	char begins[80];
	char *lines_end = strchr(child->text, '\n');
	long depth = 0;

	if (!child_died_by(child, SIGABRT))
		fail_msg("status %#x: %s", (unsigned)child->status,
			 child->text);
	(void)snprintf(begins, sizeof begins, "gnezdo: fiber \"second\" "
		       "overflowed its stack of %s KiB (about ", kib);
	assert_memory_equal(child->text, begins, strlen(begins));
	depth = strtol(child->text + strlen(begins), NULL, 10);
	assert_true(depth >= strtol(kib, NULL, 10) << 10);
	assert_non_null(strstr(child->text, " bytes deep); give it more with "
			       "stack_bytes\n"));
	assert_string_equal(lines_end, "\n");
}

static void assert_overflow(void (*body)(void))
{
	struct child child = child_run(body, CHILD_PIPE);

	assert_named(&child, "256");
}

static void fault_55_guard_pages_name_the_fiber(void **state)
{
	(void)state;
	if (!kernel_guards_pages())
		skip();
	assert_overflow(overflow_pages);
}

static void fault_55_mapped_guards_name_the_fiber(void **state)
{
	(void)state;
	assert_overflow(overflow_mapped);
}

static void fault_55_soft_guards_name_the_fiber(void **state)
{
	(void)state;
	assert_overflow(overflow_soft_far);
	assert_overflow(overflow_soft_and_back);
	assert_overflow(overflow_soft_at_exit);
	assert_overflow(overflow_soft_deep_wait);
}

static void overflow_any(void)
{
	struct gni_fiber *f;

	gni_fiber_configure(&options);
	gni_fiber_root(&root, "root");
	f = gni_fiber_create(sizeof *f, stack_bytes, "second", run_away);
	gni_fiber_switch(&root, f);
}

static void overflow_small(void)
{
	stack_bytes = 50000;
	overflow_any();
}

static void overflow_large(void)
{
	stack_bytes = 6 << 20;
	overflow_any();
}

static void the_size_is_the_stacks_own(void **state)
{
	struct child child = child_run(overflow_small, CHILD_PIPE);

	(void)state;
	assert_named(&child, "64");
	child = child_run(overflow_large, CHILD_PIPE);
	assert_named(&child, "6144");
}

static void *overflow_thread(void *unused)
{
	overflow_any();
	return unused;
}

static void overflow_elsewhere(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, overflow_thread, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

static void every_thread_has_a_signal_stack(void **state)
{
	(void)state;
	assert_overflow(overflow_elsewhere);
}

static void fault_62_nothing_is_written_to_a_socket(void **state)
{
	static void (*const bodies[])(void) = {
		overflow_any, overflow_soft_far, overflow_soft_and_back,
	};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct child child = child_run(bodies[i], CHILD_SOCKET);

		assert_true(child_died_by(&child, SIGABRT));
		assert_string_equal(child.text, "");
	}
}

static void fault_62_a_closed_stderr_does_no_harm(void **state)
{
	struct child child = child_run(overflow_any, CHILD_CLOSED);

	(void)state;
	assert_true(child_died_by(&child, SIGABRT));
	assert_string_equal(child.text, "");
}

static void overflow_unwatched(void)
{
	options.no_overflow_handler = true;
	overflow_any();
}

static void switched_off_it_is_a_plain_fault(void **state)
{
	struct child child = child_run(overflow_unwatched, CHILD_PIPE);

	(void)state;
	assert_true(child_died_by(&child, SIGSEGV));
	assert_string_equal(child.text, "");
}

static char *forbidden;

static void touch_forbidden(struct gni_fiber *self)
{
	*(volatile char *)forbidden = 1;
	gni_fiber_exit(self, &root);
}

static void wild_pointer(void)
{
	struct gni_fiber *f;

	forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	gni_fiber_root(&root, "root");
	f = gni_fiber_create(sizeof *f, 0, "wild", touch_forbidden);
	gni_fiber_switch(&root, f);
}

static void wild_pointer_on_the_root(void)
{
	forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	gni_fiber_root(&root, "root");
	(void)gni_fiber_create(sizeof root, 0, "idle", touch_forbidden);
	*(volatile char *)forbidden = 1;
}

static void raise_segv(struct gni_fiber *self)
{
	(void)raise(SIGSEGV);
	gni_fiber_exit(self, &root);
}

static void sent_signal(void)
{
	struct gni_fiber *f;

	gni_fiber_root(&root, "root");
	f = gni_fiber_create(sizeof *f, 0, "sent", raise_segv);
	gni_fiber_switch(&root, f);
}

static void other_faults_end_as_usual(void **state)
{
	static void (*const bodies[])(void) = {
		wild_pointer, wild_pointer_on_the_root, sent_signal,
	};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct child child = child_run(bodies[i], CHILD_PIPE);

		assert_true(child_died_by(&child, SIGSEGV));
		assert_string_equal(child.text, "");
	}
}

static void applications_own(int number)
{
	_exit(number == SIGSEGV ? 0 : 9);
}

static void keep_to_oneself(struct gni_fiber *self)
{
	gni_fiber_exit(self, &root);
}

static void handler_was_there(void)
{
	static char signal_stack[64 << 10];
	const stack_t own = {
		.ss_sp = signal_stack, .ss_size = sizeof signal_stack,
	};
	struct sigaction action = { .sa_handler = applications_own }, now;
	struct gni_fiber *f;
	stack_t stack;

	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaltstack(&own, NULL);
	gni_fiber_root(&root, "root");
	f = gni_fiber_create(sizeof *f, 0, "quiet", keep_to_oneself);
	gni_fiber_switch(&root, f);
	gni_fiber_free(f);
	gni_fiber_thread_end();
	if (sigaction(SIGSEGV, NULL, &now) < 0 ||
	    now.sa_handler != applications_own)
		_exit(5);
	if (sigaltstack(NULL, &stack) < 0 || stack.ss_sp != signal_stack)
		_exit(6);
	/* The other one was free, so it has been taken. */
	if (sigaction(SIGBUS, NULL, &now) < 0 || now.sa_handler == SIG_DFL)
		_exit(7);
	(void)raise(SIGSEGV);
	_exit(8);
}

static void fault_61_the_applications_handler_stays(void **state)
{
	struct child child = child_run(handler_was_there, CHILD_PIPE);

	(void)state;
	assert_int_equal(child.status, 0);
}

static void signal_stack_comes_and_goes(void)
{
	struct gni_fiber *f;
	stack_t before, during, after;

	(void)sigaltstack(NULL, &before);
	f = gni_fiber_create(sizeof *f, 0, "f", keep_to_oneself);
	(void)sigaltstack(NULL, &during);
	gni_fiber_free(f);
	gni_fiber_thread_end();
	(void)sigaltstack(NULL, &after);
	if (during.ss_flags & SS_DISABLE)
		_exit(5);
	if (before.ss_flags != after.ss_flags)
		_exit(6);
}

static void fault_61_the_signal_stack_is_given_back(void **state)
{
	struct child child = child_run(signal_stack_comes_and_goes, CHILD_PIPE);

	(void)state;
	assert_int_equal(child.status, 0);
}

static _Alignas(64) char spare[64 << 10];
static void *main_sp, *spare_sp;

static void go_back(void *unused)
{
	(void)unused;
	gni_switch_jump(&spare_sp, main_sp);
}

/* Of a ucontext ASan warns once a process: here, and not in every child. */
static int switch_once(void **state)
{
	(void)state;
	spare_sp = gni_switch_prepare(spare + sizeof spare, go_back, NULL);
	gni_switch_jump(&main_sp, spare_sp);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_55_guard_pages_name_the_fiber),
		cmocka_unit_test(fault_55_mapped_guards_name_the_fiber),
		cmocka_unit_test(fault_55_soft_guards_name_the_fiber),
		cmocka_unit_test(the_size_is_the_stacks_own),
		cmocka_unit_test(every_thread_has_a_signal_stack),
		cmocka_unit_test(fault_62_nothing_is_written_to_a_socket),
		cmocka_unit_test(fault_62_a_closed_stderr_does_no_harm),
		cmocka_unit_test(switched_off_it_is_a_plain_fault),
		cmocka_unit_test(other_faults_end_as_usual),
		cmocka_unit_test(fault_61_the_applications_handler_stays),
		cmocka_unit_test(fault_61_the_signal_stack_is_given_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, switch_once, NULL);
}
