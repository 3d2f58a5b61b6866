/*
 * task.h: a fiber as the loop knows it, and a wait of one.
 */
#ifndef GNI_LOOP_TASK_H
#define GNI_LOOP_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include <gnezdo/error.h>
#include <gnezdo/task.h>

#include "base/list.h"
#include "clock/timer.h"
#include "fiber/fiber.h"
#include "fiber/modes.h"

struct gni_loop;
struct gni_wait;

struct gni_task {
	struct gni_fiber fiber; /* first: the two are one object */
	struct gni_loop *loop;
	struct gni_wait *wait;	/* what it waits for; NULL: it runs or will */
	struct gni_timer timer; /* the deadline of that wait */
	struct gni_list all;	/* in the loop's list of its tasks */
	struct gni_list parked; /* in the loop's list of the waiting */
	gn_time parked_at;
	gn_error *error; /* its last failure */
	unsigned place;	 /* the simulated host it runs on */
	size_t served;	 /* bytes, without a wait since; for fairness */
	bool yielded;	 /* gave way: runs after all that were ready then */
	bool cancelled;	 /* sticky */
	gn_time shield;	 /* until then a cancel does not strike */
	gn_time mercy;	 /* no shield of a cancelled fiber reaches further;
			  * {0}: it has asked for none yet */

	gn_fiber_fn *run;
	void *arg;
	struct gni_modes modes; /* it begins with its maker's */
	int result;
	void (*ended)(struct gni_task *t); /* called on its own stack */
	struct gn_group *group;		   /* the task room's */
	struct gni_list siblings;	   /* the same */
};

/*
 * A wait.  It lives on the waiting fiber's stack.  Whoever has what the fiber
 * waits for calls gni_wake; a deadline, a cancel or a close strikes it by
 * gni_strike, which asks give_up to bring the end about.
 */
struct gni_wait {
	const char *operation; /* what is attempted, for reports; a literal */
	const gn_addr *about;  /* with whom, NULL: nobody */
	/* Asks for the end: gni_wake will follow.  NULL: it may end at once. */
	void (*give_up)(struct gni_wait *w);
	struct gni_task *task;
	int result;
	int reason; /* the code that struck it, 0: none */
	bool over;
};

/* gni_task_here gives the calling fiber; NULL on a thread without a loop. */
struct gni_task *gni_task_here(void);

/* gni_task_open makes a fiber that will run fn(arg) when the caller next
 * waits, in the place of the caller; NULL: no memory.  The loop frees it
 * when it has ended. */
struct gni_task *gni_task_open(struct gni_loop *loop, gn_fiber_fn *fn,
			       void *arg, const gn_go_opts *opts);

/* gni_task_start makes an opened task ready to run. */
void gni_task_start(struct gni_task *t);

/* gni_task_cancel cancels it, for good. */
void gni_task_cancel(struct gni_task *t);

/* gni_task_pardon makes a fiber that was cancelled as if it were new: no
 * cancel, no shield. */
void gni_task_pardon(struct gni_task *t);

/* gni_task_cancelled tells whether a wait would fail with GN_ECANCELED now. */
bool gni_task_cancelled(const struct gni_task *t);

/*
 * gni_wait_for suspends the calling fiber until its wait is over.
 *
 * Returns the result given to gni_wake.  Gathered sends leave first.  It does
 * not look at a cancel that struck before: callers ask gni_task_cancelled.
 */
int gni_wait_for(struct gni_wait *w, gn_time until);

/* gni_wake ends a wait; the fiber runs in its turn.  Once only. */
void gni_wake(struct gni_wait *w, int result);

/* gni_strike ends a wait early for a reason: GN_ETIMEOUT, GN_ECANCELED or
 * GN_ECLOSED.  A cancel displaces a deadline that struck before it. */
void gni_strike(struct gni_wait *w, int reason);

#endif
