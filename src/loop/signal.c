/*
 * signal.c: the two signals that end a server.  The handler marks the loops
 * that watch and wakes them, and does nothing else.
 */
#include "loop/signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* Threads of one process that serve at a time, far more than processors; a
 * server beyond them is not told of signals. */
#define LOOPS_MAX 1024

static const int signals[] = { SIGTERM, SIGINT };

#define COUNT (sizeof signals / sizeof *signals)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct gni_loop *) loops[LOOPS_MAX];
static atomic_uint handling; /* handlers that may hold a loop */
static size_t watching;	     /* loops in the table */
static bool taken[COUNT];

static void came(int number)
{
	int saved = errno;

	(void)number;
	atomic_fetch_add(&handling, 1);
	for (size_t i = 0; i < LOOPS_MAX; i++) {
		struct gni_loop *l = atomic_load(&loops[i]);

		if (l) {
			atomic_store(&l->signal_came, true);
			l->backend->wake(l->io);
		}
	}
	atomic_fetch_sub(&handling, 1);
	errno = saved;
}

static bool take(int number)
{
	struct sigaction now, ours = { .sa_handler = came,
				       .sa_flags = SA_RESTART };

	if (sigaction(number, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
		return false;
	sigemptyset(&ours.sa_mask);
	return sigaction(number, &ours, NULL) == 0;
}

/* A program that has set a handler of its own meanwhile keeps it. */
static void give(int number)
{
	struct sigaction now, normal = { .sa_handler = SIG_DFL };

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler == came)
		sigaction(number, &normal, NULL);
}

static void put(struct gni_loop *old, struct gni_loop *new)
{
	for (size_t i = 0; i < LOOPS_MAX; i++) {
		struct gni_loop *expected = old;

		if (atomic_compare_exchange_strong(&loops[i], &expected, new))
			return;
	}
}

static void give_all(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (taken[i])
			give(signals[i]);
		taken[i] = false;
	}
}

static void hold(void)
{
	pthread_mutex_lock(&lock);
}

static void let(void)
{
	pthread_mutex_unlock(&lock);
}

/* The parent's servers are not the child's: its signals are as they were. */
static void leave_parent(void)
{
	for (size_t i = 0; i < LOOPS_MAX; i++)
		atomic_store(&loops[i], NULL);
	atomic_store(&handling, 0);
	watching = 0;
	give_all();
	pthread_mutex_unlock(&lock);
}

static void watch_fork(void)
{
	pthread_atfork(hold, let, leave_parent);
}

void gni_signal_take(struct gni_loop *loop, struct gni_signal *watch)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool first = gni_list_empty(&loop->signals);

	pthread_once(&once, watch_fork);
	gni_list_add(&loop->signals, &watch->link);
	if (!first)
		return;
	pthread_mutex_lock(&lock);
	put(NULL, loop);
	for (size_t i = 0; watching == 0 && i < COUNT; i++)
		taken[i] = take(signals[i]);
	watching++;
	pthread_mutex_unlock(&lock);
}

void gni_signal_give(struct gni_loop *loop, struct gni_signal *watch)
{
	gni_list_remove(&watch->link);
	if (!gni_list_empty(&loop->signals))
		return;
	pthread_mutex_lock(&lock);
	put(loop, NULL);
	watching--;
	if (watching == 0)
		give_all();
	pthread_mutex_unlock(&lock);
	/* A handler on another thread may still hold the loop. */
	while (atomic_load(&handling) > 0)
		continue;
}
