/*
 * side.h: one end of a TCP connection.  It stays after its socket was closed,
 * until the connection is over, and answers as the kernel would.
 *
 *	node <-> side <---- in ------ peer <-> node
 *	              ------ in ---->
 */
#ifndef GNI_IO_SIM_SIDE_H
#define GNI_IO_SIM_SIDE_H

#include "io/sim/flow.h"
#include "io/sim/node.h"
#include "io/sim/vigil.h"

struct gni_side {
	struct gni_flow in; /* what comes to this side */
	struct gni_side *peer; /* itself, when it connected to itself */
	struct gni_wire *wire;
	struct gni_place *place;
	struct gni_node *node;	 /* NULL: closed */
	struct gni_claim *claim; /* its node's, once that is closed */
	struct gni_vigil vigil;	 /* over what it sent */
	bool end_sent, end_got;
	bool active;   /* ended before it saw the other's end: TIME_WAIT */
	bool dead;     /* no connection any more: what comes is answered by a
			* reset */
	bool vanished; /* it died without a word, with its host */
};

/* gni_side_init connects an idle side at a place with a node, or with none;
 * what concerns the other side the caller sets. */
void gni_side_init(struct gni_side *side, struct gni_wire *wire,
		   struct gni_place *place, struct gni_node *node);

/* gni_side_room tells how many bytes a send may take. */
size_t gni_side_room(const struct gni_side *side);

/* gni_side_send sends len bytes of a message from its start; as
 * gni_flow_send. */
ssize_t gni_side_send(struct gni_side *side, const struct msghdr *m,
		      size_t len);

/* gni_side_end sends the end of our sending; once. */
void gni_side_end(struct gni_side *side);

/* gni_side_leave takes the socket off, which is being closed: the connection
 * ends in order, or by a reset when bytes were not taken or abort says so.
 * The side may be freed. */
void gni_side_leave(struct gni_side *side, bool abort);

/* gni_side_give_up ends a connection whose peer does not answer. */
void gni_side_give_up(struct gni_side *side);

/* gni_side_vanish ends a side, and takes its socket off, without a word to the
 * peer: its host has no power any more. */
void gni_side_vanish(struct gni_side *side);

#endif
