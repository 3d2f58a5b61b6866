/* run.h: what the files of this room share of the turn. */
#ifndef GNI_LOOP_RUN_H
#define GNI_LOOP_RUN_H

#include "loop/loop.h"

/* Whether what a root turns the loop for has come. */
typedef bool gni_run_enough(const struct gni_loop *loop, const void *what);

/* gni_run_until turns until it is enough. */
void gni_run_until(struct gni_loop *loop, gni_run_enough *enough,
		   const void *what);

/* gni_run_ready makes a task the last of the ready ones. */
static inline void gni_run_ready(struct gni_loop *l, struct gni_task *t)
{
	size_t last = l->ready_first + l->ready_count;

	l->ready[last & (l->ready_capacity - 1)] = t;
	l->ready_count++;
}

/* gni_run_reserve makes room for one more task among the ready. */
bool gni_run_reserve(struct gni_loop *loop);

/* gni_run_next gives who goes on when the running fiber does not: the next of
 * the ready, which then is the current one, or the root. */
struct gni_fiber *gni_run_next(struct gni_loop *loop);

/* gni_run_suspend leaves t, the running fiber, until it is its turn. */
void gni_run_suspend(struct gni_loop *loop, struct gni_task *t);

/* gni_run_leave lets go what the running fiber had gathered. */
void gni_run_leave(struct gni_loop *loop);

/* gni_task_root makes the thread's own stack the loop's root fiber. */
bool gni_task_root(struct gni_loop *loop, struct gni_task *root);

#endif
