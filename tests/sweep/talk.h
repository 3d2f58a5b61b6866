/*
 * talk.h: connections on which both ends talk, each of them known by number.
 *
 * Who connects says the number first, so that who accepts knows which flows
 * the bytes are of.
 */
#ifndef TALK_H
#define TALK_H

#include "flow.h"

struct talk {
	struct flow there, back; /* from who connects, and to it */
};

/* talk_forget_all begins anew. */
void talk_forget_all(void);

/* talk_new makes a talk of which nothing was said. */
struct talk *talk_new(void);

/* talk_open tells the other end which it is.  Returns as gn_send. */
int talk_open(const struct talk *t, gn_sock *s);

/* talk_hear hears which it is.  Returns as gn_recv. */
int talk_hear(gn_sock *s, struct talk **t);

/* talk_answer hears which it is, has fn talk and closes the socket: what a
 * handler of work_accept may return. */
int talk_answer(gn_sock *s, int (*fn)(gn_sock *s, struct talk *t));

/* talk_at_once says all of one way while it hears all of the other.  Returns
 * as gn_send; GN_ESHORT when the other ended before it had said its total. */
int talk_at_once(gn_sock *s, struct flow *own, struct flow *other);

#endif
