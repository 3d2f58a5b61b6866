/*
 * test_child.h: runs a test's body in a child process and brings back how it
 * ended and what it wrote to standard error.  For tests only.
 */
#ifndef GNI_FIBER_TEST_CHILD_H
#define GNI_FIBER_TEST_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int status;		/* as waitpid gives it */
	char text[512];		/* cut there; NUL-terminated */
};

/* How the child sees descriptor 2. */
enum child_stderr { CHILD_PIPE, CHILD_SOCKET, CHILD_CLOSED };

static inline void child_body(void (*body)(void), int fd, enum child_stderr how)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	/* cmocka's own handlers, which would report a failure. */
	(void)signal(SIGSEGV, SIG_DFL);
	(void)signal(SIGBUS, SIG_DFL);
	if (how == CHILD_CLOSED)
		close(STDERR_FILENO);
	else
		(void)dup2(fd, STDERR_FILENO);
	body();
	_exit(0);
}

static inline void child_read(int fd, struct child *child)
{
	size_t have = 0;
	ssize_t n;

	while (have < sizeof child->text - 1 &&
	       (n = read(fd, child->text + have,
			 sizeof child->text - 1 - have)) > 0)
		have += (size_t)n;
	child->text[have] = '\0';
}

/* A body that returns ends the child with status 0. */
static inline struct child child_run(void (*body)(void), enum child_stderr how)
{
	struct child child;
	int ends[2];
	pid_t pid;

	memset(&child, 0, sizeof child);
	if ((how == CHILD_SOCKET ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends)
				 : pipe(ends)) < 0)
		abort();
	pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0)
		child_body(body, ends[1], how);
	close(ends[1]);
	child_read(ends[0], &child);
	close(ends[0]);
	if (waitpid(pid, &child.status, 0) != pid)
		abort();
	return child;
}

static inline bool child_died_by(const struct child *child, int number)
{
	return WIFSIGNALED(child->status) && WTERMSIG(child->status) == number;
}

static inline bool child_succeeded(const struct child *child)
{
	return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}

#endif
