/*
 * memory_test.c: fault 12: each allocation of a scenario fails once, for every
 * one of them.  A call says so, or the library makes up for it; nothing leaks,
 * nothing hangs, and what was taken before is not lost.  Linked with --wrap of
 * the functions that give memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "loop/trial_test.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off);

/* How many allocations go well before one fails; below 0: all do. */
static _Thread_local long left = -1;
static _Thread_local bool struck;

static bool refused(void)
{
	if (left < 0 || left-- > 0)
		return false;
	errno = ENOMEM;
	return struck = true;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return refused() ? NULL : __real_realloc(memory, size);
}

/* What mmap is where offsets have 64 bits. */
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off)
{
	return refused() ? MAP_FAILED :
			   __real_mmap64(at, len, prot, flags, fd, off);
}

/* Well, or no memory; then it is said what of. */
static int judge(int line, long long result)
{
	const gn_error *e = gn_error_last();
	int code = (int)result;

	if (result >= 0)
		return 0;
	/* It is the failure of a sibling that is the cause. */
	if (code == GN_ECANCELED && gn_cancelled())
		return code;
	WANT_IS(gn_code(), code);
	WANT(*gn_error_operation(e));
	if (code != GN_ENOMEM && code != GN_ELIMIT && code != GN_EBACKEND)
		trial_fail(__FILE__, line, "%s: %s", gn_error_operation(e),
			   gn_code_name(code));
	if (!struck)
		trial_fail(__FILE__, line, "%s without a reason",
			   gn_code_name(code));
	return code;
}

/* Leaves the step that the scenario is at. */
#define STEP(call)                                            \
	do {                                                  \
		int step_ = judge(__LINE__, (call));          \
		if (step_ < 0)                                \
			return step_;                         \
	} while (0)

#define MAKE(thing, call)                                     \
	do {                                                  \
		(thing) = (call);                             \
		if (!(thing))                                 \
			return judge(__LINE__, gn_code());    \
	} while (0)

/* ---- steps */

static int add_one(void *arg)
{
	STEP(gn_sleep(gn_in(GN_USEC)));
	++*(int *)arg;
	return 0;
}

static int fail_first(void *arg)
{
	(void)arg;
	return gn_chan_open(1, 0) ? 0 : gn_code();
}

static int fibers(void)
{
	gn_group_auto gn_group *g = NULL;
	int count = 0, result;

	MAKE(g, gn_group_open(&(gn_group_opts){ .until = SOON }));
	for (int i = 0; i < 40; i++)
		STEP(gn_go(g, add_one, &count));
	STEP(gn_group_wait(g, SOON));
	WANT_IS(count, 40);
	STEP(gn_go(g, fail_first, NULL));
	result = gn_group_wait(g, SOON);
	WANT_IS(result, GN_EINVAL);
	WANT_IS(gn_code(), GN_EINVAL);
	return 0;
}

static int exchange_items(gn_chan *c)
{
	int item = 7, got = 0;
	gn_chan_case cases[] = { { c, NULL, &got } };

	STEP(gn_chan_send(c, &item, SOON));
	STEP(gn_chan_select(cases, 1, SOON));
	WANT_IS(got, 7);
	return 0;
}

static int channels(void)
{
	gn_chan *c;
	int result;

	MAKE(c, gn_chan_open(sizeof(int), 5));
	result = exchange_items(c);
	gn_chan_close(c);
	return result;
}

static void set(void *arg)
{
	*(bool *)arg = true;
}

static int posts(void)
{
	gn_thread *t;
	bool called = false;
	int result;

	MAKE(t, gn_thread_here());
	result = judge(__LINE__, gn_post(t, set, &called));
	while (result == 0 && !called)
		WANT_IS(gn_sleep(gn_in(GN_USEC)), 0);
	gn_thread_free(t);
	return result;
}

/* The line goes in two pieces; the first waits for the second. */
static int two_pieces(void *arg)
{
	STEP(gn_send(arg, "hel", 3, SOON));
	STEP(gn_sleep(gn_in(GN_USEC)));
	STEP(gn_send(arg, "lo\n", 3, SOON));
	return 0;
}

static int exchange_lines(gn_sock *from, gn_sock *to)
{
	gn_group_auto gn_group *g = NULL;
	char line[16];

	MAKE(g, gn_group_open(NULL));
	STEP(gn_go(g, two_pieces, from));
	STEP(gn_recv_line(to, line, sizeof line, gn_in(GN_SEC)));
	WANT_TEXT(line, "hello");
	STEP(gn_group_wait(g, SOON));
	gn_cork(to);
	STEP(gn_send(to, "abc", 3, SOON));
	STEP(gn_flush(to, SOON));
	STEP(gn_recv_exact(from, line, 3, gn_in(GN_SEC)));
	return 0;
}

static int pairs(void)
{
	gn_sock *pair[2];
	int result;

	STEP(gn_pair(GN_UNIX, pair));
	result = exchange_lines(pair[0], pair[1]);
	gn_close(pair[0]);
	gn_close(pair[1]);
	return result;
}

static int connections(void)
{
	gn_auto gn_sock *l = NULL, *s = NULL, *c = NULL;
	char address[GN_ADDR_TEXT_MAX];
	gn_addr a;

	MAKE(l, gn_listen("tcp://127.0.0.1:0", NULL));
	gn_sock_local(l, &a);
	MAKE(s, gn_connect(gn_addr_text(&a, address), NULL, SOON));
	c = gn_accept(l, gn_in(GN_SEC));
	/* A connection that finds no memory is dropped, as if it broke. */
	if (!c && gn_code() == GN_ETIMEOUT && struck)
		return GN_ENOMEM;
	if (!c)
		return judge(__LINE__, gn_code());
	return exchange_lines(c, s);
}

static int datagrams(void)
{
	gn_auto gn_sock *a = NULL, *b = NULL;
	gn_addr to;
	char text[8];

	MAKE(a, gn_bind("udp://127.0.0.1:0", NULL));
	MAKE(b, gn_bind("udp://127.0.0.1:0", NULL));
	gn_sock_local(b, &to);
	STEP(gn_sendto(a, "abc", 3, &to, SOON));
	STEP(gn_recvfrom(b, text, sizeof text, &to, gn_in(GN_SEC)));
	return 0;
}

static int nothing(void *arg)
{
	(void)arg;
	STEP(fibers());
	return 0;
}

static int simulations(void)
{
	gn_sim *sim;
	int result;

	MAKE(sim, gn_sim_open(NULL));
	result = judge(__LINE__, gn_sim_host(sim, "a", nothing, NULL));
	if (result == 0)
		result = judge(__LINE__,
			       gn_sim_service(sim, "b", nothing, NULL));
	if (result == 0)
		result = judge(__LINE__, gn_sim_run(sim));
	gn_sim_close(sim);
	return result;
}

static int (*const scenarios[])(void) = {
	fibers, channels, posts, pairs, connections, datagrams, simulations,
};

/* ---- each allocation in its turn */

struct turn {
	int (*scenario)(void);
	long number;
	bool struck, done;
};

/* In a thread of its own: it begins without a loop. */
static void *run_turn(void *arg)
{
	struct turn *t = arg;
	int result;

	left = t->number;
	result = t->scenario();
	t->struck = struck;
	left = -1;
	/* With memory it goes as it should, on the same thread. */
	struck = false;
	WANT_IS(t->scenario(), 0);
	t->done = result == 0;
	return NULL;
}

static bool run_one(struct turn *t)
{
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, run_turn, t) == 0);
	WANT(pthread_join(thread, NULL) == 0);
	return t->struck;
}

static void fail_each(int (*scenario)(void))
{
	struct turn t = { .scenario = scenario };
	int before = trial_descriptors(), failed = 0;

	do {
		failed += t.struck && !t.done;
		trial_seed = (uint64_t)t.number++;
	} while (run_one(&t));
	WANT(t.done);
	WANT(t.number > 1);
	WANT_IS(trial_descriptors(), before);
	printf("# %ld allocations, %d of their failures were told\n",
	       t.number - 1, failed);
}

static void each_allocation(void)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		fail_each(scenarios[i]);
}

static const struct trial trials[] = {
	{ "each allocation fails fault_12", each_allocation, ON_ROOT },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
