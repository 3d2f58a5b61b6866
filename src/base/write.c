/*
 * write.c: the one write to what may be a pipe.  It must leave the signals of
 * the program as they were.
 */
#include "base/write.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

static bool is_pending(int number)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	return sigismember(&pending, number);
}

static ssize_t write_whatever(int fd, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = write(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/*
 * The signal is held back in this thread, which is the one that gets it, and
 * taken away unless the program itself had one pending before.
 */
ssize_t gni_write_quietly(int fd, const void *buf, size_t len)
{
	static const struct timespec at_once = { 0 };
	sigset_t pipe_only, before;
	bool had_one;
	ssize_t n;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	had_one = sigismember(&before, SIGPIPE) && is_pending(SIGPIPE);
	n = write_whatever(fd, buf, len);
	if (n == -EPIPE && !had_one)
		while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 &&
		       errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}
