/*
 * switch_test.c: the bare switch, below fibers: what it keeps, how a stack
 * begins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fiber/switch.h"
#include "fiber/switch_regs.h"
#include "fiber/tools.h"

static _Alignas(64) char stack[256 << 10];
static void *main_sp, *other_sp;

static void registers_are_kept(void **state)
{
	const char *lost = switch_regs_lost();

	(void)state;
	if (lost)
		fail_msg("lost: %s", lost);
}

static void control_words_are_kept(void **state)
{
	const char *lost;

	(void)state;
#if defined(RUNNING_ON_VALGRIND)
	/* It has no such units, only their rounding modes. */
	if (RUNNING_ON_VALGRIND)
		skip();
#endif
	lost = switch_control_lost();
	if (lost)
		fail_msg("lost: %s", lost);
}

static struct {
	void *arg;
	uintptr_t frame;
} seen;

/* The stack is begun anew each time, and ASan not told. */
GNI_NO_ASAN static void look_around(void *arg)
{
	seen.arg = arg;
	seen.frame = (uintptr_t)__builtin_frame_address(0);
	gni_switch_jump(&other_sp, main_sp);
}

static void look(void *top)
{
	other_sp = gni_switch_prepare(top, look_around, &seen);
	gni_switch_jump(&main_sp, other_sp);
}

static void a_stack_begins_as_a_call_does(void **state)
{
	(void)state;
	for (int less = 0; less < 64; less += 8) {
		look(stack + sizeof stack - less);
		assert_ptr_equal(seen.arg, &seen);
		assert_true(seen.frame > (uintptr_t)stack);
		assert_true(seen.frame < (uintptr_t)stack + sizeof stack);
		assert_int_equal(seen.frame % 16, 0);
	}
}

static void the_floor_is_below_what_is_kept(void **state)
{
	char *floor;

	(void)state;
	look(stack + sizeof stack);
	floor = gni_switch_floor(other_sp);
	assert_true(floor > stack && floor <= (char *)other_sp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_kept),
		cmocka_unit_test(control_words_are_kept),
		cmocka_unit_test(a_stack_begins_as_a_call_does),
		cmocka_unit_test(the_floor_is_below_what_is_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
