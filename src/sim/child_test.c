/* child_test.c: functions in processes of their own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/child.h"

static void speak(void *arg)
{
	printf("%s\n", (const char *)arg);
	fprintf(stderr, "and more\n");
}

static void crash(void *arg)
{
	printf("before\n");
	fflush(stdout);
	raise(*(int *)arg);
}

static void leave(void *arg)
{
	_exit(*(int *)arg);
}

static void count(void *arg)
{
	++*(int *)arg;
}

static void spin(void *arg)
{
	gni_child_limit(20 * GN_MSEC, GNI_CHILD_ALL_NS);
	for (volatile int *go = arg; *go;)
		continue;
}

/* Bytes of the descriptor never come. */
static void block(void *arg)
{
	char c;

	gni_child_limit(GNI_CHILD_BUSY_NS, 20 * GN_MSEC);
	if (read(*(int *)arg, &c, 1) < 0)
		_exit(1);
}

static void read_input(void *arg)
{
	char c;

	(void)arg;
	_exit(read(STDIN_FILENO, &c, 1) == 0 ? 0 : 1);
}

static void output_is_kept(void **state)
{
	int output = gni_output_open();
	char text[100];

	(void)state;
	assert_true(output >= 0);
	assert_int_equal(gni_child_run(speak, "words", output), 0);
	gni_output_tail(output, text, sizeof text);
	assert_non_null(strstr(text, "words\n"));
	assert_non_null(strstr(text, "and more\n"));
	gni_output_clear(output);
	gni_output_tail(output, text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(gni_child_run(speak, "other", output), 0);
	gni_output_tail(output, text, sizeof text);
	assert_null(strstr(text, "words"));
	assert_non_null(strstr(text, "other"));
	close(output);
}

/* Whole lines, where there is more than fits. */
static void the_tail_is_whole_lines(void **state)
{
	int output = gni_output_open();
	char text[16];

	(void)state;
	assert_int_equal(dprintf(output, "first\nsecond\nthird\n"), 19);
	gni_output_tail(output, text, sizeof text);
	assert_string_equal(text, "second\nthird\n");
	gni_output_tail(output, text, 7);
	assert_string_equal(text, "third\n");
	gni_output_tail(output, text, 4);
	assert_string_equal(text, "");
	gni_output_clear(output);
	assert_int_equal(dprintf(output, "no end of a line"), 16);
	gni_output_tail(output, text, 8);
	assert_string_equal(text, " a line");
	close(output);
}

static void ends_are_told(void **state)
{
	int output = gni_output_open(), number = SIGKILL, status;
	char text[100];

	(void)state;
	status = gni_child_run(crash, &number, output);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	gni_output_tail(output, text, sizeof text);
	assert_non_null(strstr(text, "before\n"));
	number = 3;
	status = gni_child_run(leave, &number, output);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	close(output);
}

static void memory_is_shared(void **state)
{
	int *shared = gni_shared(sizeof *shared);
	int own = 0;

	(void)state;
	assert_non_null(shared);
	assert_int_equal(gni_child_run(count, shared, -1), 0);
	assert_int_equal(gni_child_run(count, shared, -1), 0);
	assert_int_equal(gni_child_run(count, &own, -1), 0);
	assert_int_equal(*shared, 2);
	assert_int_equal(own, 0);
	gni_shared_free(shared, sizeof *shared);
	gni_shared_free(NULL, 1);
}

static void one_that_spins_is_ended(void **state)
{
	int go = 1, status = gni_child_run(spin, &go, -1);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGPROF);
}

static void one_that_blocks_is_ended(void **state)
{
	int ends[2], status;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	status = gni_child_run(block, &ends[0], -1);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGALRM);
	close(ends[0]);
	close(ends[1]);
}

/* Also if the program neither wants to hear of it nor of its end. */
static void whatever_the_program_ignores(void **state)
{
	sigset_t limits, former;

	sigemptyset(&limits);
	sigaddset(&limits, SIGPROF);
	sigaddset(&limits, SIGALRM);
	sigprocmask(SIG_BLOCK, &limits, &former);
	signal(SIGPROF, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	one_that_spins_is_ended(state);
	one_that_blocks_is_ended(state);
	assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
	signal(SIGPROF, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &former, NULL);
}

/* What the program could read is not the child's. */
static void there_is_no_input(void **state)
{
	int ends[2], input = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	assert_int_equal(gni_child_run(read_input, NULL, -1), 0);
	assert_true(input < 0 || dup2(input, STDIN_FILENO) >= 0);
	close(input);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_kept),
		cmocka_unit_test(the_tail_is_whole_lines),
		cmocka_unit_test(ends_are_told),
		cmocka_unit_test(memory_is_shared),
		cmocka_unit_test(one_that_spins_is_ended),
		cmocka_unit_test(one_that_blocks_is_ended),
		cmocka_unit_test(whatever_the_program_ignores),
		cmocka_unit_test(there_is_no_input),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
