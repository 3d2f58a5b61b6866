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
 * SYN is sent again after 1, 3, 7, 15, 31 and 63 s, and at 127 s, or at the
 * user timeout, the connect has timed out.  So when packets are lost; the
 * listener too sends its answer again (vigil.h).
 */
#ifndef GNI_IO_SIM_WIRE_H
#define GNI_IO_SIM_WIRE_H

#include "io/sim/side.h"

struct gni_wire {
	struct gni_list link;
	struct gni_side side[2]; /* the client's first */
	struct gni_moment syn;	 /* the SYN, or an error on its way back */
	struct gni_moment again; /* when the SYN is sent again */
	gn_time begun;
	unsigned tries;
	uint32_t struck; /* the faults that struck the SYN */
	bool last;	 /* again gives up */
	int error;	 /* what the client gets when syn fires */
	bool busy;	 /* something arrives right now: it is not freed */
};

/* gni_wire_connect begins the handshake of a node whose end points are set;
 * to is NULL when nobody has the address.  Returns 0 or -ENOBUFS. */
int gni_wire_connect(struct gni_node *node, struct gni_place *to);

/* gni_wire_abandon gives the handshake up without a word to the peer, as the
 * close of a socket that is not connected yet does. */
void gni_wire_abandon(struct gni_node *node);

/* gni_wire_refuse ends the handshake with an error for the client. */
void gni_wire_refuse(struct gni_wire *wire, int error);

/* gni_wire_opened: the client is connected, its SYN is not sent again. */
void gni_wire_opened(struct gni_wire *wire);

/* gni_wire_answer_again has the listener's side send its answer again, or be
 * told that it came. */
void gni_wire_answer_again(struct gni_wire *wire);

/* gni_wires_watch makes a network careful: what is under way from now on is
 * waited for. */
void gni_wires_watch(struct gni_net *net);

/* gni_wires_vanish ends all sides that a host has. */
void gni_wires_vanish(struct gni_place *place);

/* gni_wire_settle frees the connection once nobody and nothing is in it. */
void gni_wire_settle(struct gni_wire *wire);

/* gni_wire_free frees it at once. */
void gni_wire_free(struct gni_wire *wire);

/* gni_tcp_unbind gives back what connect took: all but what bind asked for. */
void gni_tcp_unbind(struct gni_node *node);

/* gni_tcp_writable tells whether poll gives POLLOUT for want of room or not. */
bool gni_tcp_writable(const struct gni_node *node);

#endif
