/*
 * choose_test.c: the backend that a thread gets: by its environment, and where
 * the kernel refuses a ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/io.h"

static int clear(void **state)
{
	(void)state;
	return unsetenv("GNEZDO_BACKEND") + unsetenv("GNEZDO_OFF") +
	       unsetenv("GNEZDO_RING");
}

static void assert_refused(const char *name, const char *value,
			   const char *sentence)
{
	struct gni_io *io = NULL;
	const char *why = NULL;

	setenv(name, value, 1);
	assert_int_equal(gni_io_choose(&io, &why), -EINVAL);
	assert_string_equal(why, sentence);
	unsetenv(name);
}

static void unknown_words(void **state)
{
	(void)state;
	assert_refused("GNEZDO_BACKEND", "kqueue",
		       "GNEZDO_BACKEND=kqueue: choose uring, epoll or poll");
	assert_refused("GNEZDO_OFF", "pbuf,speed",
		       "GNEZDO_OFF=speed: choose from multishot, pbuf, "
		       "pbuf_inc, defer, guard, overflow");
	assert_refused("GNEZDO_OFF", "pbuf,,defer",
		       "GNEZDO_OFF=,defer: choose from multishot, pbuf, "
		       "pbuf_inc, defer, guard, overflow");
	assert_refused("GNEZDO_RING", "3",
		       "GNEZDO_RING=3: choose a number from 4 to 4096");
	assert_refused("GNEZDO_RING", "4097",
		       "GNEZDO_RING=4097: choose a number from 4 to 4096");
	assert_refused("GNEZDO_RING", "8k",
		       "GNEZDO_RING=8k: choose a number from 4 to 4096");
	assert_refused("GNEZDO_RING", "99999999999999999999",
		       "GNEZDO_RING=99999999999999999999: "
		       "choose a number from 4 to 4096");
}

static void a_long_word_is_cut(void **state)
{
	char word[4096];
	struct gni_io *io = NULL;
	const char *why = NULL;

	(void)state;
	memset(word, 'x', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	setenv("GNEZDO_BACKEND", word, 1);
	assert_int_equal(gni_io_choose(&io, &why), -EINVAL);
	assert_true(strlen(why) < 160);
	assert_non_null(strstr(why, ": choose uring, epoll or poll"));
}

static void features_off(void **state)
{
	static const struct {
		const char *words;
		unsigned features;
	} cases[] = {
		{ "", 0 },
		{ "multishot", GNI_FEATURE_MULTISHOT },
		{ "pbuf", GNI_FEATURE_PBUF },
		{ "pbuf_inc", GNI_FEATURE_PBUF_INC },
		{ "defer,guard", GNI_FEATURE_DEFER | GNI_FEATURE_GUARD },
		{ "overflow,overflow,", GNI_FEATURE_OVERFLOW },
	};
	const char *why = NULL;
	unsigned off;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		setenv("GNEZDO_OFF", cases[i].words, 1);
		assert_int_equal(gni_io_off(&off, &why), 0);
		assert_int_equal(off, cases[i].features);
	}
	setenv("GNEZDO_OFF", "pbuf_", 1);
	assert_int_equal(gni_io_off(&off, &why), -EINVAL);
	unsetenv("GNEZDO_OFF");
	assert_int_equal(gni_io_off(&off, &why), 0);
	assert_int_equal(off, 0);
}

static void pollers_by_name(void **state)
{
	static const char *const names[] = { "epoll", "poll" };
	struct gni_io *io = NULL;
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		setenv("GNEZDO_BACKEND", names[i], 1);
		assert_int_equal(gni_io_choose(&io, &why), 0);
		assert_string_equal(io->backend->name, names[i]);
		assert_false(io->multishot);
		/* Nobody asked for a ring. */
		assert_null(gni_io_refused());
		io->backend->close(io);
	}
}

static void assert_ended_well(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int see_no_descriptors(void)
{
	static const char *const sentences[] = {
		"epoll_create1: Too many open files",
		"pipe2: Too many open files",
	};
	static const char *const names[] = { "epoll", "poll" };
	const struct rlimit none = { 0, 0 };
	struct gni_io *io = NULL;
	const char *why = NULL;

	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		return __LINE__;
	for (size_t i = 0; i < 2; i++) {
		setenv("GNEZDO_BACKEND", names[i], 1);
		if (gni_io_choose(&io, &why) != -EMFILE)
			return __LINE__;
		if (strcmp(why, sentences[i]) != 0)
			return __LINE__;
	}
	return 0;
}

static void no_descriptor_for_a_poller(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(see_no_descriptors());
	assert_ended_well(pid);
}

/* From now on the process's io_uring_setup fails with an errno. */
static int refuse_rings(int number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | (unsigned)number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* What a process sees to which rings are refused: 0, or a line. */
static int see_refusal(int number, const char *sentence)
{
	struct gni_io *io = NULL;
	const char *why = NULL;

	if (refuse_rings(number) < 0)
		return __LINE__;
	if (gni_io_choose(&io, &why) < 0)
		return __LINE__;
	if (strcmp(io->backend->name, "epoll") != 0)
		return __LINE__;
	if (!gni_io_refused() || strcmp(gni_io_refused(), sentence) != 0)
		return __LINE__;
	io->backend->close(io);
	setenv("GNEZDO_BACKEND", "uring", 1);
	if (gni_io_choose(&io, &why) != -number || strcmp(why, sentence) != 0)
		return __LINE__;
	return 0;
}

static void fault_50_ring_refused(void **state)
{
	static const struct {
		int number;
		const char *sentence;
	} cases[] = {
		{ EPERM, "io_uring_setup: Operation not permitted" },
		{ ENOSYS, "io_uring_setup: Function not implemented" },
		{ ENOMEM, "io_uring_setup: Cannot allocate memory" },
		{ EMFILE, "io_uring_setup: Too many open files" },
		{ EINVAL, "io_uring_setup: Invalid argument" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(see_refusal(cases[i].number, cases[i].sentence));
		assert_ended_well(pid);
	}
}

/* Where rings are allowed the thread gets one, of the size that was asked. */
static void ring_first(void **state)
{
	struct gni_io *io = NULL;
	const char *why = NULL;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(gni_io_choose(&io, &why), 0);
		if (gni_io_refused())
			assert_string_equal(io->backend->name, "epoll");
		else
			assert_string_equal(io->backend->name, "io_uring");
		io->backend->close(io);
		setenv("GNEZDO_RING", "4", 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_words),
		TEST(a_long_word_is_cut),
		TEST(features_off),
		TEST(pollers_by_name),
		TEST(no_descriptor_for_a_poller),
		TEST(fault_50_ring_refused),
		TEST(ring_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("choose", tests, NULL, NULL);
}
