/*
 * thread.c: which loop a thread has, from its first call to its end, and
 * what a child of fork finds.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"
#include "loop/loop.h"
#include "loop/run.h"
#include "loop/start.h"

struct seat {
	struct gni_loop *loop;
	unsigned fork; /* of which process it is */
	/* The parent's, in a child of fork: of no use and not to be freed, but
	 * no leak either. */
	struct gni_loop *parents;
};

static _Thread_local struct seat seat;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;
static unsigned forks;

/* Fibers never change threads, so its address holds across a switch. */
static struct seat *my_seat(void)
{
	return &seat;
}

static void count_fork(void)
{
	forks++;
}

unsigned gni_loop_fork(void)
{
	return forks;
}

static bool is_mine(const struct seat *s)
{
	return s->loop && s->fork == forks;
}

/* At exit, what closed sockets still have to say is said. */
static void finish_process(void)
{
	struct seat *s = my_seat();

	if (!is_mine(s))
		return;
	gni_run_leave(s->loop);
	if (gni_loop_on_root(s->loop))
		gni_loop_finish(s->loop);
}

/* A thread that ends takes its fibers with it: cancelled and joined. */
static void finish_thread(void *loop)
{
	struct gni_loop *l = loop;

	if (gni_loop_mine() != l)
		return;
	GNI_CHECK(l->current == &l->root,
		  "a thread was ended from within the fiber \"%s\"",
		  l->current->fiber.name);
	gni_loop_abandon(l);
	gni_loop_enter(NULL);
	gni_loop_free(l);
}

/* Before any thread can fork beside one that makes the first loop of all. */
__attribute__((constructor)) static void watch_fork(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static void start_process(void)
{
	pthread_key_create(&at_end, finish_thread);
	atexit(finish_process);
}

struct gni_loop *gni_loop_mine(void)
{
	struct seat *s = my_seat();

	return is_mine(s) ? s->loop : NULL;
}

/* In a child of fork. */
static void forsake(struct seat *s)
{
	gni_fiber_forked();
	s->parents = s->loop;
}

struct gni_loop *gni_loop_enter(struct gni_loop *loop)
{
	struct seat *s = my_seat();
	struct gni_loop *former = gni_loop_mine();

	/* One stack is the root of one loop at a time. */
	if (former)
		gni_fiber_root_end(&former->root.fiber);
	else if (s->loop)
		forsake(s);
	s->loop = loop;
	s->fork = forks;
	if (loop) {
		gni_fiber_root(&loop->root.fiber, "root");
	} else {
		/* Whether or not it will have another one. */
		gni_fiber_thread_end();
		gni_bytes_thread_end();
	}
	return former;
}

struct gni_loop *gni_loop_here(void)
{
	struct gni_loop *l = gni_loop_mine();

	if (l)
		return l;
	pthread_once(&once, start_process);
	l = gni_loop_start();
	if (!l)
		return NULL;
	gni_loop_enter(l);
	pthread_setspecific(at_end, l);
	return l;
}
