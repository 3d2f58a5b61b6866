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

static bool is_child;

int __lsan_is_turned_off(void);

/* Asked by the leak checker: what a child leaves behind is its parent's. */
int __lsan_is_turned_off(void)
{
	return is_child;
}

static void be_child(int (*part)(const struct place *p), const struct place *p,
		     int words)
{
	const struct rlimit none = { 0, 0 };

	is_child = true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	dup2(words, STDERR_FILENO);
	close(words);
	_exit(part(p) < 0 ? 1 : 0);
}

/* Reads all it says, the first part of which is kept. */
static void read_words(int fd, struct ended *e)
{
	char buf[256];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0) {
		size_t kept = sizeof e->words - 1 - len;

		if (kept > (size_t)n)
			kept = (size_t)n;
		memcpy(e->words + len, buf, kept);
		len += kept;
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
