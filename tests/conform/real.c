/*
 * real.c: a case on the machine itself.  It runs on a thread of its own, so
 * that after the thread's end nothing of it may be left: no descriptor.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "../opened.h"
#include "place.h"

/* What the deepest part keeps on its stack, with room for sanitizers. */
#define STACK_BYTES ((size_t)1 << 20)

struct job {
	const struct conform_case *c;
	const struct place *p;
	gn_sock *s;
	case_part *part;
	int result;
};

static int run_part(const struct job *j)
{
	int result = j->part(j->p, j->s);

	if (!(j->c->manner & KEEPS))
		gn_close(j->s);
	return result;
}

static int part_fiber(void *arg)
{
	struct job *j = arg;

	j->result = run_part(j);
	return j->result;
}

static int go(gn_group *g, struct job *j, const char *name)
{
	gn_go_opts opts = { .name = name, .stack_bytes = STACK_BYTES };

	return gn_go_with(g, part_fiber, j, &opts);
}

/* Both parts as fibers of this thread; the first that fails ends the other. */
static int parts_on_fibers(const struct conform_case *c, const struct place *p,
			   gn_sock *s[2])
{
	struct job us = { c, p, s[0], c->us, 0 };
	struct job them = { c, p, s[1], c->them, 0 };
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	WANT_IS(go(g, &us, "us"), 0);
	WANT_IS(go(g, &them, "them"), 0);
	result = gn_group_wait(g, gn_in(2 * GN_MIN));
	gn_group_close(g);
	return result;
}

static void *part_thread(void *arg)
{
	struct job *j = arg;

	j->result = run_part(j);
	return NULL;
}

/* Them on a thread of its own, us on this one. */
static int parts_on_threads(const struct conform_case *c,
			    const struct place *p, gn_sock *s[2])
{
	struct job us = { c, p, s[0], c->us, 0 };
	struct job them = { c, p, s[1], c->them, 0 };
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, part_thread, &them) == 0);
	us.result = run_part(&us);
	pthread_join(thread, NULL);
	return us.result < 0 ? us.result : them.result;
}

int conform_main_fiber(const struct conform_case *c, const struct place *p)
{
	gn_sock *s[2];

	if (c->solo)
		return c->solo(p);
	TRY(two(p, s));
	return p->thread ? parts_on_threads(c, p, s) :
			   parts_on_fibers(c, p, s);
}

static int main_fiber(void *arg)
{
	struct job *j = arg;

	return conform_main_fiber(j->c, j->p);
}

static int run_fibers(struct job *j)
{
	gn_go_opts opts = { .name = "case", .stack_bytes = STACK_BYTES };
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	WANT_IS(gn_go_with(g, main_fiber, j, &opts), 0);
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	return result;
}

static void *worker(void *arg)
{
	struct job *j = arg;

	j->result = j->p->thread ? conform_main_fiber(j->c, j->p) :
				   run_fibers(j);
	return NULL;
}

/* Signals are for the thread that runs the case. */
static void leave_signals_to_others(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

int conform_real(const struct conform_case *c, struct place *p)
{
	struct job j = { .c = c, .p = p };
	int before = count_descriptors();
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, worker, &j) == 0);
	leave_signals_to_others();
	pthread_join(thread, NULL);
	if (j.result >= 0 && !(c->manner & LEAVES))
		WANT_IS(count_descriptors(), before);
	return j.result;
}
