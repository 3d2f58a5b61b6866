/*
 * ends.h: two ends of one connection, both on the same host, of which the near
 * one is put to trouble, while fibers at the far one keep it busy.
 */
#ifndef ENDS_H
#define ENDS_H

#include "flow.h"

struct ends {
	gn_sock *near, *far;
	struct flow *in, *out; /* as near sees them */
};

/* ends_open makes them: over the loopback, through a listener that nobody else
 * accepts on, or without a name.  Returns as gn_connect's code; what was made
 * is in *e also when it failed. */
int ends_open(struct ends *e, gn_sock *listener);

/* ends_close closes both, unless they are NULL. */
void ends_close(struct ends *e);

/* What fibers at the far end do, their argument the ends: ends_feed sends a
 * while and ends the sending, ends_eat receives until the end. */
int ends_feed(void *ends);
int ends_eat(void *ends);

/* ends_knock connects to an address.  NULL: failed. */
gn_sock *ends_knock(const gn_addr *at, gn_time until);

#endif
