/* check_test.c: how a program that broke a contract ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"

/* What a child that is stopped says on the descriptor that stands at 2. */
struct ending {
	char said[1024];
	size_t len;
	int status;
};

static _Noreturn void child(int fd, bool is_journal, void (*act)(void))
{
	struct rlimit none = { 0, 0 };
	struct stat s;
	char name[64];

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGABRT, SIG_DFL);
	fstat(fd, &s);
	snprintf(name, sizeof name, "%lu:%lu", (unsigned long)s.st_dev,
		 (unsigned long)s.st_ino + !is_journal);
	setenv("JOURNAL_STREAM", name, 1);
	dup2(fd, STDERR_FILENO);
	act();
	_exit(0);
}

static struct ending end_of(int fds[2], bool is_journal, void (*act)(void))
{
	struct ending e = { .len = 0 };
	pid_t pid = fork();
	ssize_t n;

	assert_true(pid >= 0);
	if (pid == 0)
		child(fds[1], is_journal, act);
	close(fds[1]);
	do {
		n = read(fds[0], e.said + e.len, sizeof e.said - 1 - e.len);
		e.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &e.status, 0), pid);
	return e;
}

static void stop(void)
{
	gni_stop("%s has %d ends", "tcp://[::1]:5", 3);
}

static void stop_at_length(void)
{
	gni_stop("%01000d", 7);
}

static void check_twice(void)
{
	GNI_CHECK(1 + 1 == 2, "never said");
	GNI_CHECK(1 + 1 == 3, "sums are %s", "wrong");
}

static struct ending end_by_pipe(void (*act)(void))
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	return end_of(fds, false, act);
}

static void a_stop_says_one_line_and_aborts(void **state)
{
	struct ending e = end_by_pipe(stop);

	(void)state;
	assert_string_equal(e.said, "gnezdo: tcp://[::1]:5 has 3 ends\n");
	assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGABRT);
}

static void a_long_sentence_is_cut_but_ends_its_line(void **state)
{
	struct ending e = end_by_pipe(stop_at_length);

	(void)state;
	assert_int_equal(e.len, 511);
	assert_int_equal(e.said[510], '\n');
	assert_null(memchr(e.said, '\0', e.len));
}

static void a_check_stops_only_when_false(void **state)
{
	struct ending e = end_by_pipe(check_twice);

	(void)state;
	assert_string_equal(e.said, "gnezdo: sums are wrong\n");
}

static void nothing_is_written_into_a_socket(void **state)
{
	struct ending e;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	e = end_of(fds, false, stop);
	assert_int_equal(e.len, 0);
	assert_true(WIFSIGNALED(e.status) && WTERMSIG(e.status) == SIGABRT);
}

static void the_journal_is_no_peer(void **state)
{
	struct ending e;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	e = end_of(fds, true, stop);
	assert_string_equal(e.said, "gnezdo: tcp://[::1]:5 has 3 ends\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_says_one_line_and_aborts),
		cmocka_unit_test(a_long_sentence_is_cut_but_ends_its_line),
		cmocka_unit_test(a_check_stops_only_when_false),
		cmocka_unit_test(nothing_is_written_into_a_socket),
		cmocka_unit_test(the_journal_is_no_peer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
