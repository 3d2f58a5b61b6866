/*
 * task.h: fibers in groups, and channels between them.
 *
 * A fiber is a function that runs beside others on one thread and gives way
 * whenever it waits.  Each belongs to a group, and a group ends only when all
 * its fibers have: none outlives the block that started it.  The first fiber
 * that fails cancels its siblings, and its failure is what gn_group_wait
 * returns.  A cancel is sticky: every later wait of the fiber fails with
 * GN_ECANCELED.  Fibers never change threads; between threads go channels and
 * gn_post.  A child of fork(2) has none of its parent's fibers but the one
 * that forked, which must not return there: it may use new sockets and groups
 * and ends by _exit(2).
 *
 *	#include <gnezdo.h>
 *
 *	static int count(void *arg)
 *	{
 *		int *n = arg;
 *
 *		return gn_sleep(gn_in(++*n * GN_MSEC));
 *	}
 *
 *	int main(void)
 *	{
 *		gn_group_auto gn_group *g = gn_group_open(NULL);
 *		int n = 0;
 *
 *		for (int i = 0; g && i < 3; i++)
 *			if (gn_go(g, count, &n) < 0)
 *				return 1;
 *		return !g || gn_group_wait(g, GN_NEVER) < 0 || n != 3;
 *	}
 */
#ifndef GNEZDO_TASK_H
#define GNEZDO_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>
#include <gnezdo/time.h>

GN_EXTERN_BEGIN

/*
 * What a fiber runs.  It returns 0 or more when all went well; a negative
 * code is a failure, and the fiber's record of it goes to its group.
 */
typedef int gn_fiber_fn(void *arg);

/* Fibers that live and end together. */
typedef struct gn_group gn_group;

/* How a group behaves.  Zero means default. */
typedef struct gn_group_opts {
	gn_time until;	 /* at this instant all its fibers are cancelled and
			  * gn_group_wait gives GN_ETIMEOUT; {0}: never */
	bool keep_going; /* a failing fiber does not cancel the others */
} gn_group_opts;

/* How a fiber is made.  Zero means default. */
typedef struct gn_go_opts {
	const char *name;   /* for reports; cut to 23 bytes; NULL: "fiber" */
	size_t stack_bytes; /* address space for its stack; 0: 256 KiB.  Only
			     * the pages it touches take memory */
} gn_go_opts;

/*
 * gn_group_open opens an empty group for the calling fiber.  Returns NULL on
 * failure.
 *
 * A group that is still open when its thread ends is closed by that.
 *
 *   opts   NULL: defaults
 *   owns   the caller, who closes it, on this thread
 *   fails  GN_ENOMEM, GN_EBACKEND
 */
GN_API GN_MUST_USE gn_group *gn_group_open(const gn_group_opts *opts);

/*
 * gn_go starts fn(arg) as a fiber of the group.  It runs when the caller next
 * waits.  Returns 0.
 *
 *   fails  GN_ENOMEM, GN_ECANCELED (the group was cancelled, or its deadline
 *          has passed), GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE int gn_go(gn_group *g, gn_fiber_fn *fn, void *arg);

/*
 * gn_go_with is gn_go with a name or a size for the stack.
 *
 *   opts   NULL: defaults
 *   fails  as gn_go
 */
GN_API GN_MUST_USE int gn_go_with(gn_group *g, gn_fiber_fn *fn, void *arg,
				  const gn_go_opts *opts);

/*
 * gn_group_wait waits until every fiber of the group has ended.  One fiber at a
 * time, and none of the group's own; anything else stops the program.
 *
 * Returns 0, or the first failure of one of them, whose record becomes the
 * caller's; later calls return the same.
 *
 *   until  the instant to give up waiting; the fibers go on
 *   fails  GN_ETIMEOUT (until has come, or the group's own deadline has and
 *          its fibers have ended), GN_ECANCELED (the caller was cancelled,
 *          its group goes on till it is closed), and what the fibers return
 */
GN_API GN_MUST_USE int gn_group_wait(gn_group *g, gn_time until);

/*
 * gn_group_cancel cancels every fiber of the group, now and later ones too, on
 * the group's thread.  It does not wait for them.
 */
GN_API void gn_group_cancel(gn_group *g);

/*
 * gn_group_close cancels what still runs, waits until all have ended, however
 * long that takes them, and frees the group.  NULL is accepted.
 *
 *   owns   takes g
 */
GN_API void gn_group_close(gn_group *g);

/* gn_group_auto_close is for gn_group_auto.
 *
 *   owns   takes *g
 */
static inline void gn_group_auto_close(gn_group **g)
{
	gn_group_close(*g);
}

/* gn_group_auto before a gn_group pointer closes it at the end of its block. */
#define gn_group_auto __attribute__((cleanup(gn_group_auto_close)))

/* The longest that gn_shield holds a cancel off: time to say goodbye. */
#define GN_SHIELD_MAX (5 * GN_SEC)

/*
 * gn_shield lets a cancelled fiber wait once more: calls work until the
 * instant, or for GN_SHIELD_MAX if that is sooner, or until gn_unshield; then
 * the cancel strikes.  A second call while one holds cannot lengthen it.
 */
GN_API void gn_shield(gn_time until);

/* gn_unshield ends what gn_shield began. */
GN_API void gn_unshield(void);

/* gn_cancelled tells whether the calling fiber's next wait would fail with
 * GN_ECANCELED. */
GN_API bool gn_cancelled(void);

/* gn_yield lets every other fiber that is ready run first. */
GN_API void gn_yield(void);

/*
 * gn_fiber_name gives the calling fiber's name, "root" on a plain thread.
 *
 *   owns   nothing
 */
GN_API const char *gn_fiber_name(void);

/*
 * A bounded queue of items of one size, between the fibers of a thread and
 * between threads.
 */
typedef struct gn_chan gn_chan;

/*
 * gn_chan_open makes a channel.  Returns NULL on failure.
 *
 *   item_bytes  size of an item, 0 to 65536 (0: only the fact is passed)
 *   capacity    items it holds, 1 to 1048576
 *   owns        the caller holds one reference
 *   fails       GN_EINVAL, GN_ENOMEM
 */
GN_API GN_MUST_USE gn_chan *gn_chan_open(size_t item_bytes, size_t capacity);

/*
 * gn_chan_share takes one more reference, for another thread.  Returns c.
 *
 *   owns   the new reference is ended by gn_chan_close
 */
GN_API gn_chan *gn_chan_share(gn_chan *c);

/*
 * gn_chan_close gives back one reference; the channel goes with the last.
 * NULL is accepted.
 *
 *   owns   takes the reference
 */
GN_API void gn_chan_close(gn_chan *c);

/*
 * gn_chan_send puts a copy of the item in, waiting while the channel is full.
 * Returns 0.
 *
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_EFORK, GN_EEND (gn_chan_end was
 *          called)
 */
GN_API GN_MUST_USE int gn_chan_send(gn_chan *c, const void *item,
				    gn_time until);

/*
 * gn_chan_recv takes the oldest item out, waiting while the channel is empty.
 * Returns 0.
 *
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_EFORK, GN_EEND (gn_chan_end was called
 *          and nothing is left)
 */
GN_API GN_MUST_USE int gn_chan_recv(gn_chan *c, void *item, gn_time until);

/*
 * gn_chan_end ends the sending, by whomever: waiting senders fail, receivers
 * take what is left and then get GN_EEND.
 */
GN_API void gn_chan_end(gn_chan *c);

/* One of the things gn_chan_select waits for. */
typedef struct gn_chan_case {
	gn_chan *chan;
	const void *send; /* the item to send; NULL: receive */
	void *recv;	  /* where the item goes that is received */
} gn_chan_case;

/*
 * gn_chan_select does one of the cases, the first in order that can be done
 * without waiting, or waits until one can.
 *
 * Returns its index.  A channel that ended counts as one that can be done: the
 * call fails with GN_EEND and gn_error_need gives the index.
 *
 *   count  cases, 1 to 64
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_EEND, GN_EINVAL, GN_EFORK
 */
GN_API GN_MUST_USE int gn_chan_select(gn_chan_case *cases, int count,
				      gn_time until);

/* A thread that functions can be posted to. */
typedef struct gn_thread gn_thread;

/*
 * gn_thread_here gives the calling thread, to be handed to another.  Returns
 * NULL on failure.
 *
 *   owns   the caller, who frees it on any thread
 *   fails  GN_ENOMEM, GN_EBACKEND
 */
GN_API GN_MUST_USE gn_thread *gn_thread_here(void);

/*
 * gn_thread_free lets go of what gn_thread_here gave.  NULL is accepted.
 *
 *   owns   takes t
 */
GN_API void gn_thread_free(gn_thread *t);

/*
 * gn_post has a thread call fn(arg) between two of its fibers, the next time
 * they wait.  fn must not wait itself; it may gn_go, gn_group_cancel and
 * gn_chan_send with GN_NOW.  Functions posted by one thread run in order.
 * Returns 0.
 *
 *   fails  GN_ENOMEM, GN_EEND (the thread has ended; fn is not called),
 *          GN_EFORK
 */
GN_API GN_MUST_USE int gn_post(gn_thread *t, void (*fn)(void *arg),
			       void *arg);

GN_EXTERN_END

#endif
