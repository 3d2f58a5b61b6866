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

_Thread_local struct gni_seat gni_seat;
unsigned gni_forks;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_end;

static void count_fork(void)
{
	gni_forks++;
}

/* At exit, what closed sockets still have to say is said. */
static void finish_process(void)
{
	struct gni_loop *l = gni_loop_mine();

	if (!l)
		return;
	gni_run_leave(l);
	if (gni_loop_on_root(l))
		gni_loop_finish(l);
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

/* In a child of fork. */
static void forsake(struct gni_seat *s)
{
	gni_fiber_forked();
	s->parents = s->loop;
}

struct gni_loop *gni_loop_enter(struct gni_loop *loop)
{
	struct gni_seat *s = &gni_seat;
	struct gni_loop *former = gni_loop_mine();

	/* One stack is the root of one loop at a time. */
	if (former)
		gni_fiber_root_end(&former->root.fiber);
	else if (s->loop)
		forsake(s);
	s->loop = loop;
	s->fork = gni_forks;
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
