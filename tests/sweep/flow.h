/*
 * flow.h: one direction of a byte stream, as both of its ends know it.
 *
 * Byte number i is decided by the flow's key and i, so that whatever arrives
 * can be told from what was sent, byte by byte: it is a beginning of it, never
 * more, never twice.  What gn_send says was taken arrives if the end does.
 */
#ifndef FLOW_H
#define FLOW_H

#include <gnezdo.h>

struct flow {
	uint64_t key;
	uint64_t total;	   /* what flow_say is to send */
	uint64_t offered;  /* the most that can arrive */
	uint64_t taken;	   /* what the calls said was taken */
	uint64_t got;	   /* what has arrived */
	uint64_t held_max; /* as much may be under way; 0: not looked at */
	bool finished;	   /* its sender has begun to end it in order */
	bool ended;	   /* its receiver has seen an end */
	bool relayed;	   /* by others, who may end it early */
};

/* The most that goes in one call here, bytes. */
#define FLOW_MOST ((size_t)6000)

/* flow_begin makes a flow of which nothing was sent. */
void flow_begin(struct flow *f);

/* flow_send sends the next len bytes in one of the ways there are; the flow
 * moves on by what was taken.  Returns as gn_send. */
int flow_send(struct flow *f, gn_sock *s, size_t len, gn_time until);

/* flow_send_some sends a length that is drawn, within the total if there is
 * one. */
int flow_send_some(struct flow *f, gn_sock *s, gn_time until);

/* flow_recv receives up to len bytes in one of the ways there are, and checks
 * them.  Returns as gn_recv. */
ssize_t flow_recv(struct flow *f, gn_sock *s, size_t len, gn_time until);

/* flow_recv_some receives up to a length that is drawn. */
ssize_t flow_recv_some(struct flow *f, gn_sock *s, gn_time until);

/* flow_recv_exact waits for all of len bytes, or for the end.  Returns as
 * gn_recv: what came before the end. */
ssize_t flow_recv_exact(struct flow *f, gn_sock *s, size_t len, gn_time until);

/* flow_finish ends the sending in order.  Returns as gn_shutdown. */
int flow_finish(struct flow *f, gn_sock *s, gn_time until);

/* flow_close closes the socket, which ends the sending in order too. */
void flow_close(struct flow *f, gn_sock *s);

/* flow_say sends the total and ends the sending, going on after deadlines of
 * its own until the last one.  Returns as gn_send. */
int flow_say(struct flow *f, gn_sock *s, gn_time last);

/* flow_hear receives all up to the end, in the same way.  Returns 0 at the end,
 * else as gn_recv. */
int flow_hear(struct flow *f, gn_sock *s, gn_time last);

/* flow_fill gives the bytes from an offset on; flow_check looks whether they
 * are these. */
void flow_fill(const struct flow *f, uint64_t from, void *buf, size_t len);
void flow_check(const struct flow *f, uint64_t from, const void *buf,
		size_t len);

/* ---- flows of a scenario, by number */

/* flow_forget_all begins anew. */
void flow_forget_all(void);

/* flow_new begins another, that stays until all are forgotten. */
struct flow *flow_new(void);
uint32_t flow_number(const struct flow *f);
struct flow *flow_of(uint32_t number);

#endif
