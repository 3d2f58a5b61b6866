/*
 * process_case.c: forks, threads that end, groups that end, overflown stacks,
 * programs started without standard streams, and what carries it all.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "place.h"

/* ---- fork */

static gn_sock *inherited[2];

static int new_sockets(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(send_pattern(s[0], 1000, 0));
	TRY(recv_pattern(s[1], 1000, 0));
	close_two(s);
	return 0;
}

/* What was made before belongs to the parent. */
static int in_fork(const struct place *p)
{
	gn_sock *s = inherited[1];
	char buf[8], text[512];
	size_t len;

	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_EFORK);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "made before fork, used in the child"));
	WANT_IS(gn_wait(s, SOON), GN_EFORK);
	WANT_IS(gn_flush(s, SOON), GN_EFORK);
	WANT_IS(gn_release(s, buf, sizeof buf, &len), GN_EFORK);
	WANT_IS(gn_recv(s, buf, sizeof buf, GN_NOW), GN_EFORK);
	WANT(!gn_adopt(-1));
	gn_cork(s);
	WANT_IS(gn_code(), GN_EINVAL);
	if (!(p->kind->traits & K_BOUND))
		WANT_IS(gn_send(s, "x", 1, SOON), GN_EFORK);
	TRY(new_sockets(p));
	gn_close(s);
	gn_close(inherited[0]);
	return new_sockets(p);
}

/* In the parent nothing has changed, whatever the child did. */
static int forks(const struct place *p)
{
	TRY(two(p, inherited));
	TRY(send_pattern(inherited[0], 100, 0));
	TRY(recv_pattern(inherited[1], 100, 0));
	TRY(want_well(in_fork, p));
	TRY(send_pattern(inherited[0], 100, 0));
	TRY(recv_pattern(inherited[1], 100, 0));
	gn_close(inherited[0]);
	if (p->kind->traits & K_ENDS)
		TRY(recv_end(inherited[1]));
	gn_close(inherited[1]);
	return 0;
}

static int recv_ten(void *arg)
{
	return recv_pattern(arg, 10, 0);
}

/* A fork while a fiber waits and bytes are on their way. */
static int forks_while_waiting(const struct place *p)
{
	struct one reader;

	TRY(two(p, inherited));
	TRY(go_one(&reader, recv_ten, inherited[1]));
	turns();
	TRY(want_well(in_fork, p));
	TRY(send_pattern(inherited[0], 10, 0));
	WANT_IS(join_one(&reader), 0);
	close_two(inherited);
	return 0;
}

static int accept_in_fork(const struct place *p)
{
	(void)p;
	WANT(!gn_accept(inherited[0], SOON));
	WANT_IS(gn_code(), GN_EFORK);
	gn_close(inherited[0]);
	return 0;
}

/* The path is the parent's as well: the child's close does not remove it. */
static int forks_with_listener(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s, *accepted;

	inherited[0] = listen_somewhere(p, address);
	WANT(inherited[0]);
	WANT(!gn_accept(inherited[0], GN_NOW));
	TRY(want_well(accept_in_fork, p));
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	accepted = gn_accept(inherited[0], SOON);
	WANT(accepted);
	gn_close(s);
	gn_close(accepted);
	gn_close(inherited[0]);
	return 0;
}

static gn_sock *inherited_stdio;

static int stdio_in_fork(const struct place *p)
{
	gn_sock *s;
	char c;

	(void)p;
	WANT_IS(gn_recv(inherited_stdio, &c, 1, GN_NOW), GN_EFORK);
	gn_close(inherited_stdio);
	WANT(fcntl(0, F_GETFD) >= 0);
	s = gn_stdio();
	WANT(s);
	WANT_IS(gn_recv(s, &c, 1, SOON), 1);
	gn_close(s);
	return 0;
}

/* Standard input is whose turn it is. */
static int forks_with_stdio(const struct place *p)
{
	int fd[2], own = dup(0);

	WANT(pipe(fd) == 0);
	WANT(dup2(fd[0], 0) == 0);
	inherited_stdio = gn_stdio();
	WANT(inherited_stdio);
	WANT(write(fd[1], "x", 1) == 1);
	TRY(want_well(stdio_in_fork, p));
	gn_close(inherited_stdio);
	WANT(own < 0 || dup2(own, 0) == 0);
	close(own);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

#define FORKS 60
#define BUSY 3

static atomic_bool enough;

/* Makes and frees handles, and hardly anything else. */
static void *make_handles(void *arg)
{
	while (!atomic_load(&enough))
		gn_close(gn_stdio());
	return arg;
}

/* Other threads are in the midst of it when this one forks: the child has none
 * of them, and must not wait for what they held. */
static int forks_beside_threads(const struct place *p)
{
	pthread_t threads[BUSY];

	if (!CHILDREN_HAVE_THREADS)
		return skip(p, "the sanitizer does not bear it");
	for (int i = 0; i < BUSY; i++)
		WANT(!pthread_create(&threads[i], NULL, make_handles, NULL));
	for (int i = 0; i < FORKS; i++)
		TRY(want_well(new_sockets, p));
	atomic_store(&enough, true);
	for (int i = 0; i < BUSY; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
	return 0;
}

/* ---- a thread ends while its fibers wait */

struct pending {
	const struct place *p;
	gn_sock *s[2];
	gn_group *g;
	int result, ended;
};

static int waits_forever(void *arg)
{
	struct pending *v = arg;
	char c;
	int result = (int)gn_recv(v->s[1], &c, 1, GN_NEVER);

	v->ended++;
	return result;
}

static int sleeps_forever(void *arg)
{
	struct pending *v = arg;
	int result = gn_sleep(GN_NEVER);

	v->ended++;
	return result;
}

static void *ends_with_fibers(void *arg)
{
	struct pending *v = arg;

	v->result = two(v->p, v->s);
	v->g = v->result < 0 ? NULL : gn_group_open(NULL);
	if (!v->g || gn_go(v->g, waits_forever, v) < 0 ||
	    gn_go(v->g, sleeps_forever, v) < 0)
		v->result = -1;
	turns();
	return NULL;
}

static int thread_ends(const struct place *p)
{
	static struct pending v[3]; /* the groups are never closed */
	pthread_t thread;

	for (int i = 0; i < 3; i++) {
		v[i].p = p;
		WANT(!pthread_create(&thread, NULL, ends_with_fibers, &v[i]));
		pthread_join(thread, NULL);
		WANT_IS(v[i].result, 0);
		WANT_IS(v[i].ended, 2);
		/* Its sockets are anybody's now. */
		TRY(send_pattern(v[i].s[0], 10, 0));
		TRY(recv_pattern(v[i].s[1], 10, 0));
		close_two(v[i].s);
	}
	return 0;
}

static int exits_from_fiber(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

static int exit_in_fiber(const struct place *p)
{
	struct one fiber;

	(void)p;
	TRY(go_one(&fiber, exits_from_fiber, NULL));
	return join_one(&fiber);
}

static int thread_exits_in_fiber(const struct place *p)
{
	if (SANITIZED)
		return skip(p, "sanitizers do not bear it");
	return want_stopped(exit_in_fiber, p,
			    "a thread was ended from within the fiber");
}

/* ---- a group ends while its fibers wait */

struct child {
	gn_sock *s;
	int *counter;
};

static int child_fiber(void *arg)
{
	struct child *c = arg;
	char byte;
	int result = (int)gn_recv(c->s, &byte, 1, GN_NEVER);

	++*c->counter;
	gn_yield();
	++*c->counter;
	return result;
}

/* They have ended before the block that started them is left. */
static int group_ends(const struct place *p)
{
	gn_sock *s[2];
	int counter = 0;

	TRY(two(p, s));
	{
		gn_group_auto gn_group *g = gn_group_open(NULL);
		struct child c = { s[1], &counter };

		WANT(g);
		WANT_IS(gn_go(g, child_fiber, &c), 0);
		turns();
		WANT_IS(counter, 0);
	}
	WANT_IS(counter, 2);
	TRY(send_pattern(s[0], 10, 0));
	TRY(recv_pattern(s[1], 10, 0));
	close_two(s);
	return 0;
}

/* ---- a stack too small */

__attribute__((noinline)) static int deeper(volatile char *above, int depth)
{
	volatile char frame[512];

	frame[0] = above[0];
	return depth == 0 ? frame[0] : deeper(frame, depth - 1) + frame[0];
}

static int overflow_fiber(void *arg)
{
	volatile char top = 0;

	(void)arg;
	return deeper(&top, 1 << 20);
}

static int overflows(const struct place *p)
{
	gn_group *g = gn_group_open(NULL);
	gn_go_opts opts = { .name = "digger" };

	(void)p;
	WANT(g);
	WANT_IS(gn_go_with(g, overflow_fiber, NULL, &opts), 0);
	return gn_group_wait(g, SOON);
}

static int stack_overflow(const struct place *p)
{
	struct ended e;

	if (SANITIZED)
		return skip(p, "sanitizers have a handler of their own");
	TRY(run_child(overflows, p, &e));
	WANT(e.status != 0);
	WANT(strstr(e.words, "digger"));
	return 0;
}

/* ---- started without standard streams */

static bool is_socket(int fd)
{
	char path[32], name[64] = "";

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof name - 1) > 0;
}

static int without_streams(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s[2], *l = NULL;

	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	TRY(two(p, s));
	if (p->kind->traits & K_NAMED)
		l = listen_somewhere(p, address);
	TRY(send_pattern(s[0], 1000, 0));
	TRY(recv_pattern(s[1], 1000, 0));
	gn_perror("nobody is to read this");
	for (int fd = 0; fd <= 2; fd++)
		WANT(!is_socket(fd));
	gn_close(l);
	close_two(s);
	return 0;
}

static int no_standard_streams(const struct place *p)
{
	return want_well(without_streams, p);
}

/* The last words of a program that is stopped are not a peer's. */
static int stopped_without_streams(const struct place *p)
{
	gn_sock *s[2];
	char buf[8];
	size_t len;

	TRY(two(p, s));
	WANT(dup2(gn_release(s[0], buf, sizeof buf, &len), 2) == 2);
	inherited[1] = s[1];
	gn_close(s[1]);
	return (int)gn_recv(s[1], buf, 1, SOON);
}

static int last_words(const struct place *p)
{
	struct ended e;

	TRY(run_child(stopped_without_streams, p, &e));
	WANT(WIFSIGNALED(e.status));
	WANT_IS(WTERMSIG(e.status), SIGABRT);
	WANT_TEXT(e.words, "");
	return 0;
}

/* ---- an exit right after a close */

static char far_address[ADDRESS_MAX];

static int says_and_closes(void *arg)
{
	gn_sock *s = gn_connect(arg, NULL, SOON);

	WANT(s);
	gn_cork(s);
	TRY(send_pattern(s, 4000, 0));
	gn_close(s);
	return 0;
}

static int exits_at_once(const struct place *p)
{
	struct one fiber;

	(void)p;
	TRY(go_one(&fiber, says_and_closes, far_address));
	WANT_IS(join_one(&fiber), 0);
	exit(0);
}

static int says_and_exits(void *arg)
{
	gn_sock *s = gn_connect(arg, NULL, SOON);

	WANT(s);
	gn_cork(s);
	TRY(send_pattern(s, 4000, 0));
	exit(0);
}

static int exits_in_a_fiber(const struct place *p)
{
	struct one fiber;

	(void)p;
	TRY(go_one(&fiber, says_and_exits, far_address));
	return join_one(&fiber);
}

static int want_words(int (*part)(const struct place *p),
		      const struct place *p)
{
	gn_sock *l = listen_somewhere(p, far_address), *s;

	WANT(l);
	TRY(want_well(part, p));
	s = gn_accept(l, SOON);
	WANT(s);
	TRY(recv_pattern(s, 4000, 0));
	TRY(recv_end(s));
	gn_close(s);
	gn_close(l);
	return 0;
}

/* What a fiber had gathered leaves, though it never waits again. */
static int exit_in_a_fiber(const struct place *p)
{
	return want_words(exits_in_a_fiber, p);
}

static int exit_after_close(const struct place *p)
{
	return want_words(exits_at_once, p);
}

/* ---- what carries it */

static int backend(const struct place *p)
{
	const char *forced = getenv("GNEZDO_BACKEND");
	const char *name = gn_backend();

	(void)p;
	WANT(name);
	if (forced)
		WANT_TEXT(name, strcmp(forced, "uring") == 0 ? "io_uring" :
							       forced);
	else
		WANT(strcmp(name, "io_uring") == 0 ||
		     strcmp(name, "epoll") == 0);
	if (strcmp(name, "io_uring") == 0)
		WANT(!gn_backend_refused());
	if (gn_backend_refused())
		WANT(strncmp(gn_backend_refused(), "io_uring_setup: ", 16) ==
		     0);
	return 0;
}

static int unknown_backend(const struct place *p)
{
	char text[512];

	(void)p;
	WANT(setenv("GNEZDO_BACKEND", "iocp", 1) == 0);
	WANT(!gn_backend());
	WANT_IS(gn_code(), GN_EBACKEND);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "GNEZDO_BACKEND=iocp"));
	WANT(!gn_listen("tcp://127.0.0.1:0", NULL));
	WANT_IS(gn_code(), GN_EBACKEND);
	WANT(setenv("GNEZDO_BACKEND", "epoll", 1) == 0);
	WANT_TEXT(gn_backend(), "epoll");
	return 0;
}

static int unknown_feature(const struct place *p)
{
	char text[512];

	(void)p;
	WANT(setenv("GNEZDO_OFF", "multishot,flux", 1) == 0);
	WANT(!gn_backend());
	WANT_IS(gn_code(), GN_EBACKEND);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "flux"));
	return 0;
}

static int environment(const struct place *p)
{
	TRY(want_well(unknown_backend, p));
	return want_well(unknown_feature, p);
}

/* Deadlines do not move when somebody sets the wall clock: they are of the
 * other one. */
static int monotonic(const struct place *p)
{
	struct timespec before, after;
	gn_time now;

	(void)p;
	for (int i = 0; i < 100; i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		now = gn_now();
		clock_gettime(CLOCK_MONOTONIC, &after);
		WANT(now.ns >= before.tv_sec * GN_SEC + before.tv_nsec);
		WANT(now.ns <= after.tv_sec * GN_SEC + after.tv_nsec);
	}
	return 0;
}

const struct conform_case process_cases[] = {
	{ "forks (fault_52)", 0, 0, forks, NULL, NULL, ON_REAL | LEAVES },
	{ "forks_while_waiting (fault_52)", 0, 0, forks_while_waiting, NULL,
	  NULL, ON_REAL | LEAVES },
	{ "forks_with_listener (fault_52)", K_SERVED, 0, forks_with_listener,
	  NULL, NULL, ON_REAL },
	{ "forks_beside_threads (fault_52)", K_LOCAL, K_NAMED,
	  forks_beside_threads, NULL, NULL, ON_THREADS },
	{ "forks_with_stdio (fault_52)", K_NONE, 0, forks_with_stdio, NULL,
	  NULL, ON_REAL },
	{ "thread_ends (fault_53)", 0, 0, thread_ends, NULL, NULL,
	  ON_THREADS },
	{ "thread_exits_in_fiber (fault_53)", K_NONE, 0, thread_exits_in_fiber,
	  NULL, NULL, ON_THREADS },
	{ "group_ends (fault_54)", 0, 0, group_ends, NULL, NULL, 0 },
	{ "stack_overflow (fault_55)", K_NONE, 0, stack_overflow, NULL, NULL,
	  ON_THREADS },
	{ "no_standard_streams (fault_62)", 0, 0, no_standard_streams, NULL,
	  NULL, ON_THREADS },
	{ "last_words (fault_62)", K_ENDS, 0, last_words, NULL, NULL,
	  ON_THREADS | LEAVES },
	{ "exit_in_a_fiber", K_STREAM | K_SERVED, 0, exit_in_a_fiber, NULL,
	  NULL, ON_THREADS },
	{ "exit_after_close", K_STREAM | K_SERVED, 0, exit_after_close, NULL,
	  NULL, ON_THREADS },
	{ "backend (fault_50)", K_NONE, 0, backend, NULL, NULL, ON_REAL },
	{ "environment (fault_50)", K_NONE, 0, environment, NULL, NULL,
	  ON_THREADS },
	{ "monotonic (fault_58)", K_NONE, 0, monotonic, NULL, NULL, ON_REAL },
	{ 0 },
};
