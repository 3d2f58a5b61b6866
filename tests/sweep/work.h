/*
 * work.h: how hosts of a scenario do what many of them do: they try again
 * until it went well, several at once, over connections that may be lost.
 */
#ifndef WORK_H
#define WORK_H

#include <gnezdo.h>

/* work_idle is how long a peer may be silent before it is given up. */
gn_time work_idle(void);

/* ---- over and over */

/* work_lost tells whether a code means that a connection is of no more use,
 * and the caller not cancelled. */
bool work_lost(int code);

/*
 * work_after follows an attempt: one that was lost is made again after a rest.
 * Returns 0, or GN_ECANCELED when the caller was cancelled.  Any other failure
 * than work_lost knows ends the process.
 */
int work_after(int result);

/* work_until makes attempts until all is done.  Returns as work_after. */
int work_until(bool (*done)(const void *arg), int (*attempt)(void *arg),
	       void *arg);

/* work_repeat makes attempts until so many have gone well: *left is counted
 * down.  Returns as work_after. */
int work_repeat(unsigned *left, int (*attempt)(void));

/* work_sessions is work_repeat of sessions, each on a connection of its own
 * that is closed by the session. */
int work_sessions(unsigned *left, const char *address, const gn_sock_opts *opts,
		  int (*session)(gn_sock *s));

/* ---- several at once */

/*
 * work_join waits for a group into which fibers were put, result telling
 * whether that went well: one may have failed before all were in.  Returns as
 * gn_group_wait.
 */
int work_join(gn_group *g, int result);

/* work_both runs two fibers with one argument.  Returns as gn_group_wait, when
 * both have ended. */
int work_both(gn_fiber_fn *one, gn_fiber_fn *other, void *arg);

/* work_crowd runs a fiber for each element of an array, its size in bytes
 * given.  Returns as gn_group_wait, when all have ended. */
int work_crowd(gn_fiber_fn *fn, unsigned count, void *elements, size_t size);

/* ---- connections */

/* work_accept listens and runs handler(socket) in a fiber for each connection,
 * until it is cancelled: what a server's function may return. */
int work_accept(const char *address, const gn_sock_opts *opts,
		gn_fiber_fn *handler);

/* work_connect connects, trying again until it succeeds; NULL when
 * cancelled. */
gn_sock *work_connect(const char *address, const gn_sock_opts *opts);

/* work_send sends all of it, by one call or by several that each go on from
 * where a deadline struck the one before.  Returns 0, or a code when the
 * connection is of no more use. */
int work_send(gn_sock *s, const void *buf, size_t len);

#endif
