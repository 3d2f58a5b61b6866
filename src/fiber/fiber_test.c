/*
 * fiber_test.c: fibers as objects and the rules of switching.  Linked with the
 * processor's own switch, and once more with the portable one.
 */
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "fiber/test_child.h"
#include "fiber/tools.h"

/* TSan has at most some 8,000 fibers, ASan 32 KiB of shadow for each stack. */
#if defined(GNI_TSAN)
#define MANY 3000
#elif defined(GNI_ASAN)
#define MANY 5000
#else
#define MANY 20000
#endif

struct task {
	struct gni_fiber fiber;
	struct gni_fiber *then;	/* who goes on when it pauses or ends */
	char tag;
	int turns;
	char rest[600];
};

static struct gni_fiber root;
static char order[256];

static int begin_root(void **state)
{
	(void)state;
	gni_fiber_root(&root, "root");
	memset(order, 0, sizeof order);
	return 0;
}

static int end_root(void **state)
{
	(void)state;
	gni_fiber_root_end(&root);
	gni_fiber_thread_end();
	return 0;
}

static void step(char c)
{
	order[strnlen(order, sizeof order - 1)] = c;
}

static void take_turns(struct gni_fiber *self)
{
	struct task *t = (struct task *)self;

	while (t->turns-- > 0) {
		step(t->tag);
		gni_fiber_switch(self, t->then);
	}
	step('.');
	gni_fiber_exit(self, t->then);
}

static struct task *make(char tag, int turns, gni_fiber_entry *entry)
{
	struct gni_fiber *f = gni_fiber_create(sizeof(struct task), 0, "task",
					       entry);
	struct task *t = (struct task *)f;

	if (!t)
		abort();
	t->then = &root;
	t->tag = tag;
	t->turns = turns;
	return t;
}

static void resume(struct task *t)
{
	gni_fiber_switch(&root, &t->fiber);
}

static void release(struct task *t)
{
	gni_fiber_free(&t->fiber);
}

static void switches_come_in_the_order_said(void **state)
{
	struct task *a = make('a', 2, take_turns);
	struct task *b = make('b', 2, take_turns);

	(void)state;
	step('0');
	resume(a);
	resume(b);
	step('1');
	resume(b);
	resume(a);
	step('2');
	resume(a);
	resume(b);
	assert_string_equal(order, "0ab1ba2..");
	release(a);
	release(b);
}

static void a_fiber_may_end_towards_another(void **state)
{
	struct task *a = make('a', 0, take_turns);
	struct task *b = make('b', 1, take_turns);
	struct task *c = make('c', 1, take_turns);

	(void)state;
	a->then = &b->fiber;
	b->then = &c->fiber;
	c->then = &root;
	resume(a);
	assert_string_equal(order, ".bc");
	b->then = &root;
	resume(b);
	resume(c);
	assert_string_equal(order, ".bc..");
	release(a);
	release(b);
	release(c);
}

static void nest(struct gni_fiber *self)
{
	struct task *t = (struct task *)self;

	step(t->tag);
	if (t->turns > 0) {
		struct task *inner = make((char)(t->tag + 1), t->turns - 1,
					  nest);

		inner->then = self;
		gni_fiber_switch(self, &inner->fiber);
		release(inner);
		step(t->tag);
	}
	gni_fiber_exit(self, t->then);
}

static void fibers_make_run_and_free_fibers(void **state)
{
	struct task *t = make('a', 4, nest);

	(void)state;
	resume(t);
	assert_string_equal(order, "abcdedcba");
	release(t);
}

static void current_is_the_running_one(void **state)
{
	struct task *t = make('a', 1, take_turns);

	(void)state;
	assert_ptr_equal(gni_fiber_current(), &root);
	resume(t);
	assert_ptr_equal(gni_fiber_current(), &root);
	resume(t);
	release(t);
	gni_fiber_root_end(&root);
	assert_null(gni_fiber_current());
	gni_fiber_root_end(&root);
	gni_fiber_root(&root, "root");
}

static void tell_current(struct gni_fiber *self)
{
	step(gni_fiber_current() == self ? 'y' : 'n');
	gni_fiber_exit(self, &root);
}

static void a_fiber_finds_itself(void **state)
{
	struct task *t = make('a', 1, tell_current);

	(void)state;
	resume(t);
	assert_string_equal(order, "y");
	release(t);
}

static int backtrace_frames;

static void look_back(struct gni_fiber *self)
{
	void *frames[32];

	backtrace_frames = backtrace(frames, 32);
	gni_fiber_exit(self, &root);
}

static void a_backtrace_ends_where_the_fiber_begins(void **state)
{
	struct task *t = make('a', 0, look_back);

	(void)state;
	resume(t);
	assert_in_range(backtrace_frames, 2, 10);
	release(t);
}

static void names_are_copied_cut_and_made_printable(void **state)
{
	static const struct {
		const char *given, *kept;
	} cases[] = {
		{ NULL, "" },
		{ "", "" },
		{ "serve", "serve" },
		{ "12345678901234567890123", "12345678901234567890123" },
		{ "123456789012345678901234", "12345678901234567890123" },
		{ "приёмник", "приёмник" },
		{ "say \"no\"\n\x1b[2J\x7f", "say ?no???[2J?" },
		{ "1234567890123456789012ё", "1234567890123456789012" },
		{ "приёмник-отправитель", "приёмник-отп" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gni_fiber *f;

		f = gni_fiber_create(sizeof *f, 0, cases[i].given, take_turns);
		assert_non_null(f);
		assert_string_equal(f->name, cases[i].kept);
		gni_fiber_free(f);
	}
}

static void dirty(struct gni_fiber *self)
{
	struct task *t = (struct task *)self;

	memset(&t->tag, 0x55, sizeof *t - offsetof(struct task, tag));
	gni_fiber_exit(self, &root);
}

static void the_object_is_zeroed_and_aligned(void **state)
{
	static const char zeroes[sizeof(((struct task *)0)->rest)];
	struct task *t;

	(void)state;
	for (int i = 0; i < 300; i++) {
		t = make('\0', 0, dirty);
		assert_int_equal((uintptr_t)t % 64, 0);
		assert_memory_equal(t->rest, zeroes, sizeof zeroes);
		resume(t);
		assert_int_equal(t->rest[0], 0x55);
		release(t);
	}
}

static void a_freed_stack_is_used_again(void **state)
{
	struct task *a = make('a', 0, take_turns);
	struct task *b;

	(void)state;
	resume(a);
	release(a);
	b = make('b', 0, take_turns);
	assert_ptr_equal(a, b);
	release(b);
	gni_fiber_free(NULL);
}

/*
 * The room is read after the call, or it would become a loop.  ASan would keep
 * it elsewhere when it looks for use after return.
 */
GNI_NO_ASAN static __attribute__((noinline)) int dig(int levels)
{
	volatile char room[1024];
	int below;

	for (size_t i = 0; i < sizeof room; i++)
		room[i] = (char)levels;
	below = levels > 0 ? dig(levels - 1) : 0;
	return room[levels % 1024] + below;
}

GNI_NO_ASAN static void dig_and_wait(struct gni_fiber *self)
{
	struct task *t = (struct task *)self;
	volatile char live[3000];

	for (size_t i = 0; i < sizeof live; i++)
		live[i] = (char)(i * 7);
	(void)dig(t->turns);
	gni_fiber_switch(self, &root);
	for (size_t i = 0; i < sizeof live; i++)
		if (live[i] != (char)(i * 7))
			step('!');
	step('.');
	gni_fiber_exit(self, &root);
}

static void trim_keeps_what_lives(void **state)
{
	struct task *t;
	size_t deep;

	(void)state;
	t = make('a', 64, dig_and_wait);
	resume(t);
	deep = gni_fiber_used(&t->fiber);
	assert_true(deep >= 64 << 10);
	gni_fiber_trim(&t->fiber);
	assert_true(gni_fiber_used(&t->fiber) < deep / 2);
	assert_true(gni_fiber_used(&t->fiber) > 3000);
	gni_fiber_trim(&t->fiber);
	gni_fiber_trim(&root);
	resume(t);
	assert_string_equal(order, ".");
	release(t);
}

static void used_grows_with_depth(void **state)
{
	struct task *shallow = make('a', 0, dig_and_wait);
	struct task *deep = make('b', 100, dig_and_wait);

	(void)state;
	resume(shallow);
	resume(deep);
	assert_true(gni_fiber_used(&shallow->fiber) < 64 << 10);
	assert_true(gni_fiber_used(&deep->fiber) > 100 << 10);
	assert_int_equal(gni_fiber_used(&root), 0);
	resume(shallow);
	resume(deep);
	release(shallow);
	release(deep);
}

static void large_and_small_stacks_hold_what_they_say(void **state)
{
	static const struct {
		size_t bytes;
		int levels;
	} cases[] = { { 64 << 10, 16 }, { 1 << 20, 400 }, { 40 << 20, 9000 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gni_fiber *f;

		f = gni_fiber_create(sizeof(struct task), cases[i].bytes, "dig",
				     dig_and_wait);
		assert_non_null(f);
		((struct task *)f)->turns = cases[i].levels;
		gni_fiber_switch(&root, f);
		assert_true(gni_fiber_used(f) >
			    (size_t)cases[i].levels << 10);
		gni_fiber_switch(&root, f);
		gni_fiber_free(f);
	}
}

static struct task *many[MANY];

static unsigned long lines_of(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned long lines = 0;
	int c;

	if (!f)
		return 0;
	while ((c = getc(f)) != EOF)
		lines += c == '\n';
	(void)fclose(f);
	return lines;
}

/*
 * Not where guards have to be made by mprotect, two mappings a stack, nor where
 * TSan maps memory of its own for each fiber.
 */
static bool mappings_tell(void)
{
	struct gni_stack *s = gni_stack_take(0);
	bool pages = s && s->guard == GNI_GUARD_PAGES;

	if (s)
		gni_stack_give(s);
#if defined(GNI_TSAN)
	pages = false;
#endif
	return pages;
}

static void fault_63_many_fibers_are_few_mappings(void **state)
{
	unsigned long before = lines_of("/proc/self/maps"), during;

	(void)state;
	for (int i = 0; i < MANY; i++)
		many[i] = make('a', 1, take_turns);
	for (int i = 0; i < MANY; i++)
		resume(many[i]);
	during = lines_of("/proc/self/maps");
	for (int i = 0; i < MANY; i++) {
		/* An order that leaves no region whole for long. */
		struct task *t = many[(i * 7919L) % MANY];

		resume(t);
		release(t);
	}
	assert_true(!mappings_tell() || during < before + MANY / 20);
}

static void come_and_go(struct gni_fiber *self)
{
	struct task *t = (struct task *)self;

	gni_fiber_switch(self, t->then);
	gni_fiber_exit(self, t->then);
}

static void *thread_with_fibers(void *unused)
{
	struct gni_fiber own;
	struct task *t;

	(void)unused;
	gni_fiber_root(&own, "thread");
	for (int i = 0; i < 20; i++) {
		t = make('a', 0, come_and_go);
		t->then = &own;
		gni_fiber_switch(&own, &t->fiber);
		gni_fiber_switch(&own, &t->fiber);
		release(t);
	}
	gni_fiber_root_end(&own);
	gni_fiber_thread_end();
	return NULL;
}

static void run_threads(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		assert_int_equal(pthread_create(&thread, NULL,
						thread_with_fibers, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
}

static unsigned long address_space_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &pages) != 1)
		pages = 0;
	(void)fclose(f);
	return pages;
}

static void threads_leave_nothing_mapped(void **state)
{
	unsigned long before;

	(void)state;
	run_threads(5);
	before = address_space_pages();
	run_threads(50);
	/* Fifty regions would be 3 GiB; an allocator's arena is allowed. */
	assert_true(address_space_pages() < before + (256 << 20) / 4096);
}

static void threads_run_fibers_side_by_side(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						thread_with_fibers, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static _Thread_local int local;

static void add_to_local(struct gni_fiber *self)
{
	for (;;) {
		local++;
		gni_fiber_switch(self, &root);
	}
}

static void thread_locals_are_the_threads(void **state)
{
	/* Never freed: a fiber left where it waits harms nobody. */
	struct task *t = make('a', 0, add_to_local);

	(void)state;
	local = 1;
	resume(t);
	local *= 10;
	resume(t);
	assert_int_equal(local, 21);
}

static void make_until_full(void)
{
	const struct rlimit little = { 400 << 20, 400 << 20 };
	int made = 0;

	if (setrlimit(RLIMIT_AS, &little) < 0)
		_exit(1);
	while (gni_fiber_create(sizeof(struct gni_fiber), 0, "f", take_turns))
		made++;
	/* What there was is used to the end, though regions are larger. */
	_exit(made > 700 && made < 1400 ? 0 : 2);
}

/* The shadow memory of a tool does not fit any limit that a test would set. */
static bool has_shadow(void)
{
#if defined(GNI_ASAN) || defined(GNI_TSAN)
	return true;
#elif defined(RUNNING_ON_VALGRIND)
	return RUNNING_ON_VALGRIND;
#else
	return false;
#endif
}

static void fault_12_no_memory_is_an_answer(void **state)
{
	struct child child;

	(void)state;
	if (has_shadow())
		skip();
	child = child_run(make_until_full, CHILD_PIPE);
	assert_true(child_succeeded(&child));
}

static struct task *before_fork;

static void go_on_after_fork(void)
{
	struct task *t = make('b', 0, take_turns);

	resume(t);
	release(t);
	resume(before_fork);
	resume(before_fork);
	release(before_fork);
	_exit(strcmp(order, "a.a.") == 0 ? 0 : 1);
}

static void fault_52_a_forked_child_has_its_own_copies(void **state)
{
	struct child child;

	(void)state;
	before_fork = make('a', 2, take_turns);
	resume(before_fork);
	child = child_run(go_on_after_fork, CHILD_PIPE);
	assert_true(child_succeeded(&child));
	resume(before_fork);
	resume(before_fork);
	release(before_fork);
	assert_string_equal(order, "aa.");
}

#define ROOTED(test) cmocka_unit_test_setup_teardown(test, begin_root, end_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOTED(switches_come_in_the_order_said),
		ROOTED(a_fiber_may_end_towards_another),
		ROOTED(fibers_make_run_and_free_fibers),
		ROOTED(current_is_the_running_one),
		ROOTED(a_fiber_finds_itself),
		ROOTED(a_backtrace_ends_where_the_fiber_begins),
		ROOTED(names_are_copied_cut_and_made_printable),
		ROOTED(the_object_is_zeroed_and_aligned),
		ROOTED(a_freed_stack_is_used_again),
		ROOTED(trim_keeps_what_lives),
		ROOTED(used_grows_with_depth),
		ROOTED(large_and_small_stacks_hold_what_they_say),
		ROOTED(fault_63_many_fibers_are_few_mappings),
		ROOTED(threads_leave_nothing_mapped),
		ROOTED(threads_run_fibers_side_by_side),
		ROOTED(thread_locals_are_the_threads),
		ROOTED(fault_12_no_memory_is_an_answer),
		ROOTED(fault_52_a_forked_child_has_its_own_copies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
