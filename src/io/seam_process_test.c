/*
 * seam_process_test.c: what belongs to the whole process: signals, the limit
 * on descriptors, the standard streams.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile sig_atomic_t pipe_signals;

static void on_pipe(int number)
{
	(void)number;
	pipe_signals++;
}

static void write_to_the_gone(struct seam *s)
{
	int fd[2], pipes[2];

	pair_open(s, fd);
	s->calls->close(s->io, fd[1]);
	for (int i = 0; i < 4; i++)
		do_send(s, fd[0], "x", 1);
	assert_int_equal(send_now(s, fd[0], "x", 1), -EPIPE);
	s->calls->close(s->io, fd[0]);

	unix_pair(s, SOCK_STREAM, fd);
	s->calls->close(s->io, fd[1]);
	assert_int_equal(do_send(s, fd[0], "x", 1), -EPIPE);
	s->calls->close(s->io, fd[0]);

	assert_int_equal(pipe(pipes), 0);
	close(pipes[0]);
	assert_int_equal(s->calls->write(s->io, pipes[1], "x", 1), -EPIPE);
	s->calls->close(s->io, pipes[1]);
}

static bool is_pending(int number)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, number);
}

/* The program's handler is left alone and never called; its mask and a signal
 * of its own that is pending stay as they were. */
static void fault_02_no_signal(struct seam *s)
{
	struct sigaction action = { .sa_handler = on_pipe }, before, after;
	sigset_t pipe_only, mask;

	pipe_signals = 0;
	sigaction(SIGPIPE, &action, &before);
	write_to_the_gone(s);
	assert_int_equal(pipe_signals, 0);

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
	write_to_the_gone(s);
	assert_false(is_pending(SIGPIPE));
	raise(SIGPIPE);
	write_to_the_gone(s);
	assert_true(is_pending(SIGPIPE));
	pthread_sigmask(SIG_UNBLOCK, &pipe_only, NULL);
	assert_int_equal(pipe_signals, 1);

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGPIPE));
	sigaction(SIGPIPE, &before, &after);
	assert_true(after.sa_handler == on_pipe);
}

/* No more than a pipe takes at once after a poll said that it can. */
static void write_is_bounded(struct seam *s)
{
	static char big[4 * PIPE_BUF];
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(s->calls->write(s->io, fd[1], big, sizeof big),
			 PIPE_BUF);
	assert_int_equal(s->calls->read(s->io, fd[0], big, sizeof big),
			 PIPE_BUF);
	s->calls->close(s->io, fd[0]);
	s->calls->close(s->io, fd[1]);
}

static int limit_files(rlim_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = count;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

/* A client waits while there is no descriptor for it, and is then accepted,
 * without a new event to tell of it. */
static int accept_at_the_limit(struct seam *s)
{
	struct rlimit before;
	gn_addr addr;
	int listener = listener_open(s, 8, &addr), highest;
	int fd = socket_open(s, s->family, SOCK_STREAM);
	struct heard h = heard(GNI_OP_ACCEPT, listener);

	submit(s, &h);
	turns(s);
	cancel(s, &h);
	CHILD_CHECK(await(s, &h) == -ECANCELED);
	highest = dup(fd);
	close(highest);
	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
	CHILD_CHECK(limit_files((rlim_t)highest) == 0);
	CHILD_CHECK(do_connect(s, fd, &addr) == 0);
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(do_op(s, &h) == -EMFILE);
	CHILD_CHECK(limit_files(before.rlim_cur) == 0);
	CHILD_CHECK(do_op(s, &h) == highest);
	return 0;
}

static void fault_09_no_descriptors(struct seam *s)
{
	in_child(s, NULL, accept_at_the_limit);
}

static int high_descriptors(struct seam *s)
{
	gn_addr addr;
	int listener = listener_open(s, 8, &addr);
	int client = socket_open(s, s->family, SOCK_STREAM);
	int fd[2], accepted;

	CHILD_CHECK(s->calls->pair(s->io, SOCK_STREAM, fd) == 0);
	CHILD_CHECK(fd[0] > 2 && fd[1] > 2 && fd[0] != fd[1]);
	CHILD_CHECK(do_connect(s, client, &addr) == 0);
	accepted = do_accept(s, listener);
	CHILD_CHECK(client > 2 && listener > 2 && accepted > 2);
	CHILD_CHECK(fcntl(accepted, F_GETFD) == FD_CLOEXEC);
	CHILD_CHECK(fcntl(fd[0], F_GETFD) == FD_CLOEXEC);
	for (int i = 0; i <= 2; i++)
		CHILD_CHECK(fcntl(i, F_GETFD) < 0);
	return 0;
}

static void close_streams(void)
{
	for (int i = 0; i <= 2; i++)
		close(i);
}

/* A program started with its standard streams closed: what it writes to them
 * must not reach a peer, nor a ring. */
static void fault_62_streams_closed(struct seam *s)
{
	in_child(s, close_streams, high_descriptors);
}

const struct seam_case seam_process_cases[] = {
	{ "fault_02-no-signal", fault_02_no_signal, RUN_ONCE },
	{ "write-is-bounded", write_is_bounded, RUN_ONCE },
	{ "fault_09-no-descriptors", fault_09_no_descriptors, RUN_ONCE },
	{ "fault_62-streams-closed", fault_62_streams_closed, RUN_ONCE },
	{ 0 },
};
