/*
 * loop.h: what turns on one thread.
 *
 * A turn runs the fibers that are ready, submits what they asked for, waits
 * for the world, and expires deadlines.  It runs on the thread's own stack,
 * whenever the thread's root fiber waits; this is the only place that blocks.
 */
#ifndef GNI_LOOP_LOOP_H
#define GNI_LOOP_LOOP_H

#include <stdatomic.h>

#include "base/tape.h"
#include "fiber/modes.h"
#include "io/io.h"
#include "loop/task.h"

/* Something to be sent before the running fiber waits or gives way. */
struct gni_gathered {
	struct gni_list link;
	void (*leave)(struct gni_gathered *g);
};

/* What has standing operations in a loop: let go of when the loop ends. */
struct gni_owned {
	struct gni_list link;
	/* Ends them; it leaves the list when the last has completed. */
	void (*let_go)(struct gni_owned *o);
};

struct gni_mailbox;

struct gni_loop {
	struct gni_io *io;
	const struct gni_backend *backend;
	const struct gni_calls *calls;
	struct gni_mailbox *mailbox;

	struct gni_task root;
	struct gni_task *current;
	struct gni_task *ended; /* the root frees its stack */
	struct gni_modes modes; /* the root's, as it turns the loop */

	struct gni_task **ready; /* a ring of capacity places, a power of 2 */
	size_t ready_first, ready_count, ready_capacity;
	size_t credit; /* how many more may run before the world is looked at;
			* 0 in a simulation */
	struct gni_tape *order; /* draws who runs next; NULL: in turn */

	struct gni_timers timers;
	struct gni_list tasks;	 /* all but the root */
	size_t task_count;
	struct gni_list parked;	 /* the waiting, longest first */
	struct gni_list gathered;
	struct gni_list owned;
	struct gni_list foreign; /* waits for descriptors of others */
	gn_time now; /* of this turn */

	size_t lingering; /* closed sockets that the loop still finishes */
	bool abandoned;	  /* it ends: every fiber is cancelled, new ones too */
	bool posted_only; /* a posted function runs: it may not wait */

	/* The simulator's wait found that nothing can ever come. */
	void (*stuck)(struct gni_loop *loop, void *arg);
	void *stuck_arg;

	struct gni_list signals; /* who watches for them */
	atomic_bool signal_came;
};

/*
 * gni_loop_here gives the calling thread's loop, opening it at first need.
 *
 * Returns NULL when no backend can be opened; the record says why.  A child
 * of fork gets a loop of its own.
 */
struct gni_loop *gni_loop_here(void);

/* Which loop a thread has.  Fibers never change threads, so that its address
 * holds across a switch. */
struct gni_seat {
	struct gni_loop *loop;
	unsigned fork; /* of which process it is */
	/* The parent's, in a child of fork: of no use and not to be freed, but
	 * no leak either. */
	struct gni_loop *parents;
};

extern _Thread_local struct gni_seat gni_seat;
extern unsigned gni_forks;

/* gni_loop_fork gives a fork's count: 0 in the process that loaded the
 * library, and another number in each child.  What was made under another is
 * not ours. */
static inline unsigned gni_loop_fork(void)
{
	return gni_forks;
}

/* gni_loop_mine gives the thread's loop only if it exists already. */
static inline struct gni_loop *gni_loop_mine(void)
{
	return gni_seat.fork == gni_forks ? gni_seat.loop : NULL;
}

/* gni_loop_open makes a loop over a backend that it then owns; NULL: no
 * memory.  gni_loop_free frees one without tasks, and the backend. */
struct gni_loop *gni_loop_open(struct gni_io *io);
void gni_loop_free(struct gni_loop *loop);

/* gni_loop_enter makes it (NULL: none) the thread's, giving the former. */
struct gni_loop *gni_loop_enter(struct gni_loop *loop);

/* gni_loop_gather has g leave before the running fiber next waits. */
void gni_loop_gather(struct gni_loop *loop, struct gni_gathered *g);

/* What a fiber may be served without a wait before it gives way: some tens of
 * microseconds of work, which other fibers can bear.  A call counts as so many
 * bytes at least that either bound alone holds.  The bytes of one call of the
 * kernel are counted when it returns: a large send may fill a whole socket
 * buffer first. */
#define GNI_PACE_CALLS 256
#define GNI_PACE_BYTES ((size_t)64 * 1024)
#define GNI_CALL_BYTES (GNI_PACE_BYTES / GNI_PACE_CALLS)

/* gni_loop_give_way is for gni_loop_pace: the fiber had too many. */
void gni_loop_give_way(struct gni_loop *loop);

/* gni_loop_pace counts one call served without a wait, and the bytes that it
 * moved; a fiber that had too many of either gives way.  The last act of a
 * call: others run, and nothing that they could close or move is valid after
 * it. */
static inline void gni_loop_pace(struct gni_loop *loop, size_t bytes)
{
	struct gni_task *t = loop->current;

	t->served += bytes > GNI_CALL_BYTES ? bytes : GNI_CALL_BYTES;
	if (t->served >= GNI_PACE_BYTES)
		gni_loop_give_way(loop);
}

/* gni_loop_yield lets the other ready fibers run first. */
void gni_loop_yield(struct gni_loop *loop);

/* gni_loop_finish turns until no closed socket lingers. */
void gni_loop_finish(struct gni_loop *loop);

/* gni_loop_abandon cancels and joins every fiber, finishes what lingers and
 * has every owner of standing operations let go. */
void gni_loop_abandon(struct gni_loop *loop);

/* gni_loop_on_root tells whether the thread's root fiber runs. */
static inline bool gni_loop_on_root(const struct gni_loop *loop)
{
	return loop->current == &loop->root;
}

/* gni_task_name names it, NULL: it is the root. */
static inline const char *gni_task_name(const struct gni_task *t)
{
	return t == &t->loop->root ? NULL : t->fiber.name;
}

/* gni_task_tell is for gni_task_note: there is a trace. */
void gni_task_tell(const struct gni_task *t, const char *what,
		   const char *about, const gn_addr *with, int64_t value);

/*
 * gni_task_note adds an event of a fiber to the trace of a simulation; see
 * struct gni_note.  Elsewhere nothing happens.
 */
static inline void gni_task_note(const struct gni_task *t, const char *what,
				 const char *about, const gn_addr *with,
				 int64_t value)
{
	if (t->loop->backend->note)
		gni_task_tell(t, what, about, with, value);
}

/* An operation that a fiber waits for. */
struct gni_call {
	struct gni_op op; /* kind, fd and arguments: the caller's */
	struct gni_wait wait;
};

/*
 * gni_call_wait submits the operation and waits for its end.
 *
 * Returns its result: 0 or more, a negative errno, or the code that struck
 * the wait when the operation had no result of its own.
 */
int gni_call_wait(struct gni_call *c, const char *operation,
		  const gn_addr *about, gn_time until);

#endif
