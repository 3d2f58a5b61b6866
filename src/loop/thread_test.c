/*
 * thread_test.c: the life of threads: what a thread that ends does with fibers
 * that still run and sockets that are still in use, and that threads which
 * come and go leave nothing behind.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "fiber/test_child.h"
#include "loop/trial_test.h"

/* Threads one after another. */
#define MANY 1000

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define THREADS (MANY / 10)
#else
#define THREADS MANY
#endif

static pthread_t start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, fn, arg) == 0);
	return thread;
}

static void run(void *(*fn)(void *arg), void *arg)
{
	WANT(pthread_join(start(fn, arg), NULL) == 0);
}

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

/* ---- fault 53: a thread ends, its fibers are in the midst of something */

struct ending {
	gn_sock *pair[2], *message[2], *listener;
	gn_chan *chan, *full;
	gn_group *group, *inner;
	int ended;
	bool slow; /* say goodbye first */
};

static int finish(struct ending *e, int result)
{
	WANT_IS(result, GN_ECANCELED);
	if (e->slow) {
		gn_shield(gn_in(GN_SEC));
		WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	e->ended++;
	return result;
}

static int sleeps(void *arg)
{
	return finish(arg, gn_sleep(GN_NEVER));
}

static int receives(void *arg)
{
	struct ending *e = arg;
	char text[100];

	return finish(e, (int)gn_recv(e->pair[0], text, sizeof text,
				      GN_NEVER));
}

static int sends(void *arg)
{
	static const char many[8 << 20];
	struct ending *e = arg;

	return finish(e, gn_send(e->pair[0], many, sizeof many, GN_NEVER));
}

static int receives_messages(void *arg)
{
	struct ending *e = arg;
	char text[100];

	return finish(e, (int)gn_recv(e->message[0], text, sizeof text,
				      GN_NEVER));
}

static int accepts(void *arg)
{
	struct ending *e = arg;

	WANT(!gn_accept(e->listener, GN_NEVER));
	return finish(e, gn_code());
}

static int takes(void *arg)
{
	struct ending *e = arg;
	int item;

	return finish(e, gn_chan_recv(e->chan, &item, GN_NEVER));
}

static int puts_in(void *arg)
{
	struct ending *e = arg;
	int item = 0, result = gn_chan_send(e->full, &item, GN_NOW);

	if (result == 0)
		result = gn_chan_send(e->full, &item, GN_NEVER);
	return finish(e, result);
}

static int waits_for_a_group(void *arg)
{
	struct ending *e = arg;
	gn_group *g = open_group();
	int result;

	WANT_IS(gn_go(g, sleeps, e), 0);
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	return finish(e, result);
}

static gn_fiber_fn *const endings[] = {
	sleeps, receives, sends, receives_messages, accepts, takes, puts_in,
	waits_for_a_group, sleeps,
};

#define ENDINGS (sizeof endings / sizeof *endings)

static void open_ending(struct ending *e)
{
	e->listener = gn_listen("tcp://127.0.0.1:0", NULL);
	e->chan = gn_chan_open(sizeof(int), 1);
	e->full = gn_chan_open(sizeof(int), 1);
	WANT(e->listener && e->chan && e->full);
	WANT_IS(gn_pair(GN_UNIX, e->pair), 0);
	WANT_IS(gn_pair(GN_UNIX_DGRAM, e->message), 0);
}

static void close_ending(struct ending *e)
{
	for (int i = 0; i < 2; i++) {
		gn_close(e->pair[i]);
		gn_close(e->message[i]);
	}
	gn_close(e->listener);
	gn_chan_close(e->chan);
	gn_chan_close(e->full);
}

/* The group is left open: the thread's end cancels its fibers and closes it. */
static void *end_amid(void *arg)
{
	struct ending *e = arg;

	e->group = open_group();
	for (size_t i = 0; i < ENDINGS; i++)
		WANT_IS(gn_go(e->group, endings[i], e), 0);
	WANT_IS(gn_group_wait(e->group, gn_in(GN_MSEC)), GN_ETIMEOUT);
	WANT_IS(e->ended, 0);
	return NULL;
}

static void *exit_amid(void *arg)
{
	end_amid(arg);
	pthread_exit(NULL);
}

/* Its fibers have not even begun. */
static void *end_before_they_begin(void *arg)
{
	struct ending *e = arg;

	e->group = open_group();
	for (size_t i = 0; i < ENDINGS; i++)
		WANT_IS(gn_go(e->group, endings[i], e), 0);
	return NULL;
}

static void end_with_fibers(void *(*fn)(void *arg), bool slow)
{
	struct ending e = { .slow = slow };

	open_ending(&e);
	run(fn, &e);
	WANT_IS(e.ended, (int)ENDINGS + 1);
	close_ending(&e);
}

static void thread_ends_with_fibers(void)
{
	end_with_fibers(end_amid, false);
	end_with_fibers(exit_amid, false);
	end_with_fibers(end_before_they_begin, false);
}

static void thread_ends_with_slow_fibers(void)
{
	end_with_fibers(end_amid, true);
	end_with_fibers(end_before_they_begin, true);
}

/* The sockets outlive the thread and can be used by another. */
static void *use_after(void *arg)
{
	struct ending *e = arg;
	char text[4];

	WANT_IS(gn_send(e->pair[1], "abc", 3, SOON), 0);
	WANT_IS(gn_recv_exact(e->pair[0], text, 3, SOON), 3);
	WANT_IS(gn_send(e->message[1], "abcd", 4, SOON), 0);
	WANT_IS(gn_recv(e->message[0], text, 4, SOON), 4);
	return NULL;
}

static void *recv_and_end(void *arg)
{
	struct ending *e = arg;
	char byte;

	e->group = open_group();
	WANT_IS(gn_go(e->group, receives, e), 0);
	WANT_IS(gn_go(e->group, receives_messages, e), 0);
	gn_yield();
	WANT_IS(gn_recv(e->pair[1], &byte, 1, gn_in(GN_MSEC)), GN_ETIMEOUT);
	return NULL;
}

static void sockets_outlive_their_thread(void)
{
	struct ending e = { .slow = false };

	open_ending(&e);
	run(recv_and_end, &e);
	WANT_IS(e.ended, 2);
	run(use_after, &e);
	use_after(&e);
	close_ending(&e);
}

static int go_when_cancelled(void *arg)
{
	struct ending *e = arg;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	/* Its group is not cancelled, the thread's end has cancelled it. */
	if (gn_go(e->group, sleeps, e) < 0)
		WANT_IS(gn_code(), GN_ECANCELED);
	return 0;
}

static void *end_with_a_fiber_that_starts_one(void *arg)
{
	struct ending *e = arg;

	e->group = open_group();
	WANT_IS(gn_go(e->group, go_when_cancelled, e), 0);
	gn_yield();
	return NULL;
}

static void last_fiber_starts_another(void)
{
	struct ending e = { .slow = false };

	run(end_with_a_fiber_that_starts_one, &e);
	WANT(e.ended <= 1);
}

/* The sanitizers have an end of their own for a thread that ends in a fiber. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define WITHOUT_SANITIZERS 0
#else
#define WITHOUT_SANITIZERS ALONE
#endif

static int exit_in_a_fiber(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

static void *thread_with_a_fiber_that_exits(void *arg)
{
	gn_group *g = open_group();

	WANT_IS(gn_go_with(g, exit_in_a_fiber, NULL,
			   &(gn_go_opts){ .name = "leaver" }), 0);
	(void)!gn_group_wait(g, SOON);
	return arg;
}

static void exit_in_fiber(void)
{
	run(thread_with_a_fiber_that_exits, NULL);
}

static void end_from_within_a_fiber_stops_the_program(void)
{
	struct child c = child_run(exit_in_fiber, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: a thread was ended from within the fiber "
			    "\"leaver\""));
}

/* The program ends while a fiber runs. */
static int exit_with_three(void *arg)
{
	(void)arg;
	exit(3);
}

static void end_the_program(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, sleeps, &(struct ending){ .slow = false }), 0);
	WANT_IS(gn_go(g, exit_with_three, NULL), 0);
	(void)!gn_group_wait(g, SOON);
}

static void program_ends_within_a_fiber(void)
{
	struct child c = child_run(end_the_program, CHILD_PIPE);

	WANT(WIFEXITED(c.status));
	WANT_IS(WEXITSTATUS(c.status), 3);
	WANT_TEXT(c.text, "");
}

/* ---- threads come and go */

static int wait_for_byte(void *arg)
{
	char byte;

	return gn_recv(arg, &byte, 1, SOON) == 1 ? 0 : -1;
}

static int wait_for_nothing(void *arg)
{
	char byte;

	return gn_recv(arg, &byte, 1, SOON) == 0 ? 0 : -1;
}

/* A little of everything that takes memory or descriptors. */
static void *live(void *arg)
{
	gn_group *g = open_group();
	gn_chan *c = gn_chan_open(1, 1);
	gn_sock *pair[2];

	(void)arg;
	WANT(c);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_go(g, wait_for_byte, pair[0]), 0);
	WANT_IS(gn_send(pair[1], "x", 1, SOON), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(gn_go(g, wait_for_nothing, pair[0]), 0);
	gn_yield();
	gn_close(pair[1]);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_close(pair[0]);
	WANT_IS(gn_chan_recv(c, &pair, GN_NOW), GN_ETIMEOUT);
	gn_chan_close(c);
	gn_group_close(g);
	return NULL;
}

static size_t mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	size_t lines = 0;
	int byte;

	WANT(f);
	while ((byte = getc(f)) != EOF)
		lines += byte == '\n';
	fclose(f);
	return lines;
}

static void threads_leave_nothing(void)
{
	size_t maps, used;
	int fds;

	for (int i = 0; i < 20; i++)
		run(live, NULL);
	fds = trial_descriptors();
	maps = mappings();
	used = mallinfo2().uordblks;
	for (int i = 0; i < THREADS; i++)
		run(live, NULL);
	WANT_IS(trial_descriptors(), fds);
	/* The C library may have made one more arena, no more. */
	WANT(mappings() <= maps + 8);
	WANT(mallinfo2().uordblks <= used + 4096);
}

/* A thread that asks for no loop has none to end. */
static void *only_look(void *arg)
{
	WANT(!gn_cancelled());
	WANT_TEXT(gn_fiber_name(), "root");
	gn_yield();
	gn_unshield();
	WANT_IS(gn_code(), GN_OK);
	WANT(!gn_sim_host_name());
	return arg;
}

static void thread_without_a_loop(void)
{
	int fds = trial_descriptors();

	run(only_look, NULL);
	only_look(NULL);
	WANT_IS(trial_descriptors(), fds);
}

/* ---- a loop at the thread's end may be wanted again */

static pthread_key_t key;

static void use_late(void *arg)
{
	(void)arg;
	live(NULL);
}

static void *use_a_loop_in_a_destructor(void *arg)
{
	live(NULL);
	pthread_setspecific(key, &key);
	return arg;
}

static void destructors_may_use_it(void)
{
	int fds;

	WANT(pthread_key_create(&key, use_late) == 0);
	run(use_a_loop_in_a_destructor, NULL);
	fds = trial_descriptors();
	for (int i = 0; i < 5; i++)
		run(use_a_loop_in_a_destructor, NULL);
	WANT_IS(trial_descriptors(), fds);
	pthread_key_delete(key);
}

static const struct trial trials[] = {
	{ "thread ends with fibers fault_53", thread_ends_with_fibers,
	  ON_ROOT },
	{ "thread ends with slow fibers fault_53",
	  thread_ends_with_slow_fibers, ON_ROOT },
	{ "sockets outlive their thread fault_53",
	  sockets_outlive_their_thread, ON_REAL },
	{ "last fiber starts another fault_53", last_fiber_starts_another,
	  ON_ROOT },
	{ "end from within a fiber stops the program fault_53",
	  end_from_within_a_fiber_stops_the_program, WITHOUT_SANITIZERS },
	{ "program ends within a fiber", program_ends_within_a_fiber, ALONE },
	{ "threads leave nothing", threads_leave_nothing, ON_ROOT },
	{ "thread without a loop", thread_without_a_loop, ALONE },
	{ "destructors may use it", destructors_may_use_it, ON_ROOT },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
