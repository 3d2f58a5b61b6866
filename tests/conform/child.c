/*
 * child.c: processes of a case.
 */
#include "child.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"

/* It leaves by the short way: what it leaves behind is its parent's too. */
static void be_child(int (*part)(const struct place *p), const struct place *p,
		     int words)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	dup2(words, STDERR_FILENO);
	close(words);
	_exit(part(p) < 0 ? 1 : 0);
}

static void read_words(int fd, struct ended *e)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof e->words - 1) {
		n = read(fd, e->words + len, sizeof e->words - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	e->words[len] = '\0';
}

int run_child(int (*part)(const struct place *p), const struct place *p,
	      struct ended *e)
{
	int words[2];
	pid_t pid;

	WANT(pipe(words) == 0);
	pid = fork();
	WANT(pid >= 0);
	if (pid == 0) {
		close(words[0]);
		be_child(part, p, words[1]);
	}
	close(words[1]);
	read_words(words[0], e);
	close(words[0]);
	WANT(waitpid(pid, &e->status, 0) == pid);
	return 0;
}

int want_well(int (*part)(const struct place *p), const struct place *p)
{
	struct ended e;

	TRY(run_child(part, p, &e));
	if (e.status != 0)
		note("# the child said: %s\n", e.words);
	WANT_IS(e.status, 0);
	return 0;
}

int want_stopped(int (*part)(const struct place *p), const struct place *p,
		 const char *words)
{
	struct ended e;

	TRY(run_child(part, p, &e));
	if (!WIFSIGNALED(e.status) || !strstr(e.words, words))
		note("# status %#x, words wanted: %s\n#     said: %s\n",
		     (unsigned)e.status, words, e.words);
	WANT(WIFSIGNALED(e.status));
	WANT_IS(WTERMSIG(e.status), SIGABRT);
	WANT(strncmp(e.words, "gnezdo: ", 8) == 0);
	WANT(strstr(e.words, words));
	return 0;
}
