/*
 * wire.h: a TCP connection: two sides, and the handshake that joins them.
 *
 *	    client                      listener's host
 *	0   connect ---- SYN ------->
 *	1L          <--- SYN-ACK ----   a child, if the backlog has room
 *	2L  connected -- ACK ------->
 *	3L                              the child may be accepted
 *
 * L is the link's one-way latency.  Nobody there: refused at 2L.  No room: the
 * SYN is sent again after 1, 3, 7, 15, 31 and 63 s, and at 127 s the connect
 * has timed out.
 */
#ifndef GNI_IO_SIM_WIRE_H
#define GNI_IO_SIM_WIRE_H

#include "io/sim/side.h"

struct gni_wire {
	struct gni_list link;
	struct gni_side side[2]; /* the client's first */
	struct gni_moment syn;
	gn_time begun;
	unsigned tries;
	int error; /* what the client gets when syn fires */
	bool busy; /* something arrives right now: it is not freed */
};

/* gni_wire_connect begins the handshake of a node whose end points are set;
 * to is NULL when nobody has the address.  Returns 0 or -ENOBUFS. */
int gni_wire_connect(struct gni_node *node, struct gni_place *to);

/* gni_wire_abandon gives the handshake up without a word to the peer, as the
 * close of a socket that is not connected yet does. */
void gni_wire_abandon(struct gni_node *node);

/* gni_wire_settle frees the connection once nobody and nothing is in it. */
void gni_wire_settle(struct gni_wire *wire);

/* gni_wire_free frees it at once. */
void gni_wire_free(struct gni_wire *wire);

/* gni_tcp_unbind gives back what connect took: all but what bind asked for. */
void gni_tcp_unbind(struct gni_node *node);

/* gni_tcp_writable tells whether poll gives POLLOUT for want of room or not. */
bool gni_tcp_writable(const struct gni_node *node);

#endif
