/*
 * seam_poll_test.c: polls, which say what is, not what has changed; of sockets,
 * pipes, files and of descriptors that others open and close.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static void poll_is_a_level(struct seam *s)
{
	struct heard in;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	assert_int_equal(do_poll(s, fd[0], POLLOUT), POLLOUT);
	assert_int_equal(do_poll(s, fd[0], POLLIN | POLLOUT), POLLOUT);
	in = heard_poll(fd[1], POLLIN);
	submit(s, &in);
	assert_in(s, &in);
	assert_int_equal(send_now(s, fd[0], "x", 1), 1);
	assert_int_equal(await(s, &in), POLLIN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(do_poll(s, fd[1], POLLIN), POLLIN);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 1);
	submit(s, &in);
	assert_in(s, &in);
	s->calls->close(s->io, fd[0]);
	assert_true(await(s, &in) & POLLIN);
	assert_true(do_poll(s, fd[1], POLLRDHUP) & POLLRDHUP);
	s->calls->close(s->io, fd[1]);
}

static void poll_of_a_pipe(struct seam *s)
{
	char buf[8];
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	for (int i = 0; i < 3; i++) {
		struct heard in = heard_poll(fd[0], POLLIN);

		submit(s, &in);
		assert_in(s, &in);
		assert_int_equal(do_poll(s, fd[1], POLLOUT), POLLOUT);
		assert_int_equal(s->calls->write(s->io, fd[1], "ab", 2), 2);
		assert_int_equal(await(s, &in), POLLIN);
		assert_int_equal(s->calls->read(s->io, fd[0], buf, 8), 2);
	}
	close(fd[1]);
	assert_int_equal(do_poll(s, fd[0], POLLIN), POLLHUP);
	assert_int_equal(s->calls->read(s->io, fd[0], buf, 8), 0);
	s->calls->close(s->io, fd[0]);
}

/* A regular file is always ready. */
static void poll_of_a_file(struct seam *s)
{
	char path[] = "/tmp/gnezdo-seam-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	for (int i = 0; i < 2; i++)
		assert_int_equal(do_poll(s, fd, POLLIN | POLLOUT),
				 POLLIN | POLLOUT);
	assert_int_equal(do_recv(s, fd, path, 1), -ENOTSOCK);
	assert_int_equal(do_send(s, fd, path, 1), -ENOTSOCK);
	s->calls->close(s->io, fd);
}

static void bad_descriptors(struct seam *s)
{
	char buf[8];
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	pair_close(s, fd);
	assert_int_equal(do_recv(s, fd[0], buf, 8), -EBADF);
	assert_int_equal(do_send(s, fd[0], buf, 8), -EBADF);
	assert_int_equal(do_accept(s, fd[0]), -EBADF);
	assert_int_equal(do_poll(s, fd[0], POLLIN), -EBADF);
}

/* A foreign library's descriptor, closed and made again behind our back. */
static void poll_of_a_foreign_number(struct seam *s)
{
	for (int i = 0; i < 5; i++) {
		struct heard in;
		int fd[2];

		assert_int_equal(pipe(fd), 0);
		in = heard_poll(fd[0], POLLIN);
		submit(s, &in);
		assert_in(s, &in);
		assert_int_equal(write(fd[1], "x", 1), 1);
		assert_int_equal(await(s, &in), POLLIN);
		close(fd[0]);
		close(fd[1]);
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd),
			0);
		submit(s, &in);
		assert_in(s, &in);
		assert_int_equal(write(fd[1], "x", 1), 1);
		assert_int_equal(await(s, &in), POLLIN);
		close(fd[0]);
		close(fd[1]);
	}
}

const struct seam_case seam_poll_cases[] = {
	{ "poll-is-a-level", poll_is_a_level, RUN_FAMILIES },
	{ "poll-of-a-pipe", poll_of_a_pipe, RUN_ONCE },
	{ "poll-of-a-file", poll_of_a_file, RUN_ONCE },
	{ "poll-of-a-foreign-number", poll_of_a_foreign_number, RUN_ONCE },
	{ "bad-descriptors", bad_descriptors, RUN_ONCE },
	{ 0 },
};
