/*
 * kernel_test.c: system calls that are interrupted, or fail, where no real
 * kernel can be brought to it at will.  The calls are wrapped (by the linker:
 * see meson.build); the one that is named fails once.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "addr/addr.h"
#include "io/epoll.h"
#include "io/file.h"
#include "io/output.h"
#include "io/path_test.h"
#include "io/poll.h"
#include "io/sys.h"
#include "io/unixpath.h"
#include "io/uring.h"

static struct {
	const char *call; /* that fails; NULL: none does */
	unsigned passes;  /* calls of it that go through before */
	int error;
} kernel;

static bool fails(const char *call)
{
	if (!kernel.call || strcmp(kernel.call, call) != 0 ||
	    kernel.passes-- > 0)
		return false;
	kernel.call = NULL;
	errno = kernel.error;
	return true;
}

static void fail_once(const char *call, unsigned passes, int error)
{
	kernel.call = call;
	kernel.passes = passes;
	kernel.error = error;
}

static void assert_failed(void)
{
	assert_null(kernel.call);
}

#define WRAP(type, name, params, args) \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params \
	{ \
		return fails(#name) ? (type)-1 : __real_##name args; \
	}

/* The library's calls of these always have just so many arguments. */
WRAP(int, fcntl64, (int fd, int how, long arg), (fd, how, arg))
WRAP(int, open64, (const char *name, int how, int mode), (name, how, mode))
WRAP(long, syscall, (long n, long a, long b, long c, long d, long e, long f),
     (n, a, b, c, d, e, f))
WRAP(int, eventfd, (unsigned count, int flags), (count, flags))
WRAP(int, pipe2, (int fd[2], int flags), (fd, flags))
WRAP(int, epoll_create1, (int flags), (flags))
WRAP(int, epoll_ctl, (int set, int how, int fd, struct epoll_event *e),
     (set, how, fd, e))
WRAP(int, socket, (int domain, int type, int protocol),
     (domain, type, protocol))
WRAP(int, accept4, (int fd, struct sockaddr *a, socklen_t *len, int flags),
     (fd, a, len, flags))
WRAP(int, connect, (int fd, const struct sockaddr *a, socklen_t len),
     (fd, a, len))
WRAP(ssize_t, recv, (int fd, void *buf, size_t len, int flags),
     (fd, buf, len, flags))
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
WRAP(ssize_t, send, (int fd, const void *buf, size_t len, int flags),
     (fd, buf, len, flags))
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
     (fd, m, flags))
WRAP(ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, len))
WRAP(ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))
WRAP(int, poll, (struct pollfd * set, nfds_t count, int ms), (set, count, ms))
WRAP(int, getsockopt, (int fd, int level, int name, void *v, socklen_t *len),
     (fd, level, name, v, len))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchmodat, (int at, const char *name, mode_t mode, int flags),
     (at, name, mode, flags))
WRAP(int, lstat64, (const char *name, struct stat *st), (name, st))
WRAP(int, fstatat64, (int at, const char *name, struct stat *st, int flags),
     (at, name, st, flags))
WRAP(int, memfd_create, (const char *name, unsigned flags), (name, flags))

static int uring_open(struct gni_io **io)
{
	return gni_uring_open(io, 0, 0);
}

static const struct opener {
	const char *name;
	int (*open)(struct gni_io **io);
} openers[] = {
	{ "epoll", gni_epoll_open },
	{ "poll", gni_poll_open },
	{ "uring", uring_open },
};

#define READY 2 /* those by readiness */
#define WHOLE 3

static void each(size_t count, void (*run)(struct seam *s))
{
	for (size_t i = 0; i < count; i++) {
		struct seam s = { .family = AF_INET, .open = openers[i].open };

		if (s.open(&s.io) < 0) { /* the ring may be forbidden */
			assert_true(i >= READY);
			continue;
		}
		s.backend = s.io->backend;
		s.calls = s.backend->calls;
		run(&s);
		s.backend->close(s.io);
	}
}

/* ---- interrupted */

/* Two bytes in two pieces. */
static ssize_t send_two(struct seam *s, int fd, const char *bytes)
{
	struct iovec pieces[2] = {
		{ .iov_base = (void *)(uintptr_t)bytes, .iov_len = 1 },
		{ .iov_base = (void *)(uintptr_t)(bytes + 1), .iov_len = 1 },
	};
	struct msghdr m = { .msg_iov = pieces, .msg_iovlen = 2 };

	return s->calls->send(s->io, fd, &m, 0);
}

static void moves_bytes(struct seam *s)
{
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	fail_once("send", 0, EINTR);
	assert_int_equal(do_send(s, fd[0], "ab", 2), 2);
	assert_failed();
	fail_once("recv", 0, EINTR);
	assert_int_equal(do_recv(s, fd[1], buf, 1), 1);
	assert_failed();
	fail_once("recvmsg", 0, EINTR);
	assert_int_equal(recv_now(s, fd[1], buf, 1), 1);
	assert_failed();
	fail_once("send", 0, EINTR);
	assert_int_equal(send_now(s, fd[1], "c", 1), 1);
	assert_failed();
	fail_once("sendmsg", 0, EINTR);
	assert_int_equal(send_two(s, fd[1], "de"), 2);
	assert_failed();
	fail_once("poll", 0, EINTR);
	assert_int_equal(do_poll(s, fd[0], POLLIN), POLLIN);
	assert_failed();
	pair_close(s, fd);
}

static void fault_07_bytes(void **state)
{
	(void)state;
	each(READY, moves_bytes);
}

static void meets(struct seam *s)
{
	gn_addr addr;
	int l = listener_open(s, 1, &addr), fd[2];

	fd[0] = socket_open(s, AF_INET, SOCK_STREAM);
	fail_once("connect", 0, EINTR);
	assert_int_equal(do_connect(s, fd[0], &addr), 0);
	assert_failed();
	fail_once("accept4", 0, EINTR);
	fd[1] = do_accept(s, l);
	assert_true(fd[1] >= 0);
	assert_failed();
	pair_close(s, fd);
	s->calls->close(s->io, l);
}

static void fault_07_connections(void **state)
{
	(void)state;
	each(READY, meets);
}

static void reads(struct seam *s)
{
	char c;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	fail_once("write", 0, EINTR);
	assert_int_equal(s->calls->write(s->io, fd[1], "x", 1), 1);
	assert_failed();
	fail_once("read", 0, EINTR);
	assert_int_equal(s->calls->read(s->io, fd[0], &c, 1), 1);
	assert_failed();
	pair_close(s, fd);
}

static void fault_07_pipes(void **state)
{
	(void)state;
	each(WHOLE, reads);
}

/* It is not lost, and none is heard twice. */
static void wakes(struct seam *s)
{
	errno = 0;
	fail_once("write", 0, EINTR);
	s->backend->wake(s->io);
	assert_failed();
	assert_int_equal(errno, 0);
	if (s->open == gni_poll_open)
		fail_once("read", 0, EINTR);
	s->backend->wait(s->io, GN_NEVER);
	assert_failed();
	s->backend->wake(s->io);
	s->backend->wait(s->io, GN_NEVER);
}

static void fault_07_wake_ups(void **state)
{
	(void)state;
	each(WHOLE, wakes);
}

/* ---- refused */

static void cannot_ask(struct seam *s)
{
	int fd[2];

	pair_open(s, fd);
	fail_once("poll", 0, ENOMEM);
	assert_int_equal(do_poll(s, fd[0], POLLOUT), -ENOMEM);
	assert_failed();
	assert_int_equal(do_poll(s, fd[0], POLLOUT), POLLOUT);
	pair_close(s, fd);
}

static void questions_without_memory(void **state)
{
	(void)state;
	each(READY, cannot_ask);
}

/* Nothing is left of what was made before. */
static void refused(int (*open)(struct gni_io **io), const char *call,
		    unsigned passes, int error)
{
	struct gni_io *io = NULL;
	int before = dup(STDERR_FILENO), after;

	fail_once(call, passes, error);
	assert_int_equal(open(&io), -error);
	assert_failed();
	assert_null(io);
	close(before);
	after = dup(STDERR_FILENO);
	assert_int_equal(after, before);
	close(after);
}

static void no_descriptor_for_a_backend(void **state)
{
	(void)state;
	refused(gni_epoll_open, "epoll_create1", 0, EMFILE);
	refused(gni_epoll_open, "eventfd", 0, ENFILE);
	refused(gni_epoll_open, "epoll_ctl", 0, ENOSPC);
	refused(gni_poll_open, "pipe2", 0, EMFILE);
}

/* A descriptor below 3 is moved up, or given up. */
static void low_descriptors(void **state)
{
	int kept[2] = { dup(STDIN_FILENO), dup(STDERR_FILENO) }, fd[2];
	struct gni_io *io = NULL;

	(void)state;
	close(STDIN_FILENO);
	close(STDERR_FILENO);
	for (unsigned passes = 0; passes < 2; passes++) {
		fail_once("fcntl64", passes, EMFILE);
		assert_int_equal(gni_sys_calls.pair(NULL, SOCK_STREAM, fd),
				 -EMFILE);
		assert_failed();
		fail_once("fcntl64", passes, EMFILE);
		assert_int_equal(gni_poll_open(&io), -EMFILE);
		assert_failed();
	}
	assert_int_equal(gni_sys_calls.pair(NULL, SOCK_STREAM, fd), 0);
	assert_true(fd[0] > STDERR_FILENO && fd[1] > STDERR_FILENO);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
	assert_int_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
	close(fd[0]);
	close(fd[1]);
	dup2(kept[0], STDIN_FILENO);
	dup2(kept[1], STDERR_FILENO);
	close(kept[0]);
	close(kept[1]);
}

/* An operation that has to change the descriptor's mode says why it cannot. */
static void cannot_change_modes(struct seam *s)
{
	gn_addr addr;
	int l = listener_open(s, 1, &addr), fd;

	for (unsigned passes = 0; passes < 2; passes++) {
		fail_once("fcntl64", passes, EPERM);
		fd = socket_open(s, AF_INET, SOCK_STREAM);
		assert_int_equal(do_connect(s, fd, &addr), -EPERM);
		assert_failed();
		s->calls->close(s->io, fd);
	}
	fd = socket_open(s, AF_INET, SOCK_STREAM);
	assert_int_equal(do_connect(s, fd, &addr), 0);
	fail_once("fcntl64", 0, EPERM);
	assert_int_equal(do_accept(s, l), -EPERM);
	assert_failed();
	s->calls->close(s->io, do_accept(s, l));
	s->calls->close(s->io, fd);
	s->calls->close(s->io, l);
}

static void modes_that_cannot_be_changed(void **state)
{
	(void)state;
	each(READY, cannot_change_modes);
}

/* What sort of stream it is matters only for speed. */
static void knows_no_sort(struct seam *s)
{
	char buf[8];
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	fail_once("getsockopt", 1, EPERM);
	assert_int_equal(do_send(s, fd[0], "ab", 2), 2);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 2);
	assert_failed();
	assert_int_equal(do_send(s, fd[0], "c", 1), 1);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 1);
	pair_close(s, fd);
}

static void sorts_that_are_not_told(void **state)
{
	(void)state;
	each(READY, knows_no_sort);
}

/* A kernel before 5.11, or a filter: the wait is by milliseconds. */
static void fault_07_without_fine_waits(void **state)
{
	static const int errors[] = { ENOSYS, EPERM };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gni_io *io;
		gn_time until = gn_in(100 * GN_USEC);

		assert_int_equal(gni_epoll_open(&io), 0);
		fail_once("syscall", 0, errors[i]);
		io->backend->wait(io, until);
		assert_failed();
		assert_false(gn_time_before(gn_now(), until));
		assert_true(GNI_OWNER(io, struct gni_epoll, ready.io)->coarse);
		io->backend->close(io);
	}
}

/* A wait ends early at a signal; whoever waits asks again. */
static void fault_07_waits(void **state)
{
	struct gni_io *io;

	(void)state;
	assert_int_equal(gni_epoll_open(&io), 0);
	fail_once("syscall", 0, EINTR);
	io->backend->wait(io, gn_in(GN_HOUR));
	assert_failed();
	assert_false(GNI_OWNER(io, struct gni_epoll, ready.io)->coarse);
	io->backend->close(io);
	assert_int_equal(gni_poll_open(&io), 0);
	fail_once("poll", 0, EINTR);
	io->backend->wait(io, gn_in(GN_HOUR));
	assert_failed();
	io->backend->close(io);
}

/* Its operations are tried again from time to time meanwhile. */
static void a_set_that_is_refused(void **state)
{
	struct seam s = { .family = AF_INET, .open = gni_poll_open };
	struct heard h;
	char byte;
	int fd[2];

	(void)state;
	assert_int_equal(gni_poll_open(&s.io), 0);
	s.backend = s.io->backend;
	s.calls = s.backend->calls;
	unix_pair(&s, SOCK_STREAM, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], &byte, 1);
	submit(&s, &h);
	fail_once("poll", 0, ENOMEM);
	assert_in(&s, &h);
	assert_failed();
	assert_int_equal(send_now(&s, fd[1], "x", 1), 1);
	assert_int_equal(await(&s, &h), 1);
	pair_close(&s, fd);
	s.backend->close(s.io);
}

/* A foreign library closed it without a word, and has it again at its old
 * number: the kernel's set still knows it. */
static void known_to_the_set(void **state)
{
	struct seam s = { .family = AF_INET, .open = gni_epoll_open };
	int fd[2], other;

	(void)state;
	assert_int_equal(gni_epoll_open(&s.io), 0);
	s.backend = s.io->backend;
	s.calls = s.backend->calls;
	unix_pair(&s, SOCK_STREAM, fd);
	for (int i = 0; i < 2; i++) {
		struct heard h = heard_poll(fd[0], POLLIN);
		char byte;

		submit(&s, &h);
		assert_in(&s, &h);
		assert_int_equal(send_now(&s, fd[1], "x", 1), 1);
		assert_int_equal(await(&s, &h), POLLIN);
		assert_int_equal(recv_now(&s, fd[0], &byte, 1), 1);
		other = dup(fd[0]);
		close(fd[0]);
		s.calls->forget(s.io, fd[0]);
		assert_int_equal(dup2(other, fd[0]), fd[0]);
		close(other);
	}
	pair_close(&s, fd);
	s.backend->close(s.io);
}

/* ---- a Unix socket's path */

static gn_addr path_addr(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	gn_addr addr;

	memcpy(un.sun_path, path, strlen(path));
	gni_addr_set(&addr, GN_UNIX, &un,
		     offsetof(struct sockaddr_un, sun_path) + strlen(path));
	return addr;
}

static int claim(int mode, struct gni_file *file)
{
	gn_addr addr = path_addr();
	int fd = __real_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = gni_unix_claim(fd, &addr, mode, file);

	close(fd);
	return result;
}

/* What fails when the path is taken by a stale file, and what the claim says
 * then.  It is not removed unless all is certain. */
static void fault_35_in_doubt_it_is_left(void **state)
{
	static const struct {
		const char *call;
		unsigned passes;
		int error, result;
	} doubts[] = {
		{ "open64", 0, EMFILE, -EMFILE },
		{ "open64", 0, ENFILE, -ENFILE },
		{ "open64", 0, EACCES, -EADDRINUSE },
		{ "socket", 0, EMFILE, -EADDRINUSE },
		{ "fstatat64", 0, EIO, -EADDRINUSE },
		{ "fstatat64", 1, EIO, -EADDRINUSE },
	};
	struct gni_file file;
	struct stat st;

	(void)state;
	assert_int_equal(claim(-1, &file), 0);
	for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++) {
		struct gni_file none;

		fail_once(doubts[i].call, doubts[i].passes, doubts[i].error);
		assert_int_equal(claim(-1, &none), doubts[i].result);
		assert_failed();
		assert_int_equal(none.inode, 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_ino, file.inode);
	}
	assert_int_equal(claim(-1, &file), 0);
}

/* A mode that cannot be had is a failure, and no file is left. */
static void fault_35_modes_that_are_refused(void **state)
{
	mode_t before = umask(077);
	struct gni_file file;
	struct stat st;

	(void)state;
	fail_once("fchmod", 0, EPERM);
	assert_int_equal(claim(0666, &file), -EPERM);
	assert_failed();
	assert_int_equal(stat(path, &st), -1);
	fail_once("fchmodat", 0, EPERM);
	assert_int_equal(claim(0666, &file), -EPERM);
	assert_failed();
	assert_int_equal(stat(path, &st), -1);
	umask(before);
}

/* Somebody removed it at once: that matters to who wanted a mode. */
static void fault_35_files_that_vanish(void **state)
{
	struct gni_file file;

	(void)state;
	fail_once("lstat64", 0, ENOENT);
	assert_int_equal(claim(-1, &file), 0);
	assert_failed();
	assert_int_equal(file.inode, 0);
	fail_once("lstat64", 0, ENOENT);
	assert_int_equal(claim(0600, &file), -ENOENT);
	assert_failed();
}

/* Who has no descriptor for the lock removes its own file without. */
static void unclaimed_without_a_lock(void **state)
{
	gn_addr addr = path_addr();
	struct gni_file file;
	struct stat st;

	(void)state;
	assert_int_equal(claim(-1, &file), 0);
	fail_once("open64", 0, EMFILE);
	gni_unix_unclaim(&addr, &file);
	assert_failed();
	assert_int_equal(stat(path, &st), -1);
}

/* ---- files as a whole */

static void files_as_a_whole(void **state)
{
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(gni_file_write("/dev/full", (const uint8_t *)"x", 1),
			 -EIO);
	assert_int_equal(gni_file_write(folder, (const uint8_t *)"x", 1),
			 -EISDIR);
	assert_int_equal(gni_file_write(path, (const uint8_t *)"four", 4), 0);
	assert_int_equal(gni_file_read(path, 3, &bytes, &len), -EFBIG);
	assert_int_equal(gni_file_read(folder, 3, &bytes, &len), -EIO);
	assert_int_equal(gni_file_read(path, 4, &bytes, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "four", 4);
	free(bytes);
}

static void no_descriptor_for_output(void **state)
{
	char text[8] = "before";

	(void)state;
	fail_once("memfd_create", 0, EMFILE);
	assert_int_equal(gni_output_open(), -EMFILE);
	assert_failed();
	gni_output_close(-EMFILE);
	gni_output_clear(-1);
	gni_output_tail(-1, text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(gni_output_become(-1), -EBADF);
}

#define PATH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_07_bytes),
		cmocka_unit_test(fault_07_connections),
		cmocka_unit_test(fault_07_pipes),
		cmocka_unit_test(fault_07_wake_ups),
		cmocka_unit_test(questions_without_memory),
		cmocka_unit_test(no_descriptor_for_a_backend),
		cmocka_unit_test(low_descriptors),
		cmocka_unit_test(modes_that_cannot_be_changed),
		cmocka_unit_test(sorts_that_are_not_told),
		cmocka_unit_test(fault_07_without_fine_waits),
		cmocka_unit_test(fault_07_waits),
		cmocka_unit_test(a_set_that_is_refused),
		cmocka_unit_test(known_to_the_set),
		PATH_TEST(fault_35_in_doubt_it_is_left),
		PATH_TEST(fault_35_modes_that_are_refused),
		PATH_TEST(fault_35_files_that_vanish),
		PATH_TEST(unclaimed_without_a_lock),
		PATH_TEST(files_as_a_whole),
		cmocka_unit_test(no_descriptor_for_output),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
