/*
 * flow.h: the bytes of a TCP connection in one direction.
 *
 *	send -> [ under way, each with its instant ] -> [ arrived ] -> recv
 *	        '---------- counts against the room ------------'
 *	room again, one latency after recv took the bytes
 *
 * Nothing overtakes: a later segment arrives no sooner than those before it.
 * What is lost on the link stays in its place and holds up what follows, until
 * its sender sends it again (vigil.h).  In a simulation with rules of faults
 * what arrived is answered, and the sender owes it till the answer came:
 *
 *	[ segments: under way, or lost ] -> [ answers: on their way back, or
 *	                                      lost ] -> no more owed
 */
#ifndef GNI_IO_SIM_FLOW_H
#define GNI_IO_SIM_FLOW_H

#include <sys/socket.h>

#include "base/bytes.h"
#include "io/sim/place.h"

enum gni_segment_kind {
	GNI_SEGMENT_DATA,
	GNI_SEGMENT_OPEN,  /* the handshake's last packet to this side */
	GNI_SEGMENT_END,   /* FIN */
	GNI_SEGMENT_RESET, /* RST */
	GNI_SEGMENT_PROBE, /* nothing, to be answered */
};

#define GNI_SEGMENT_KINDS 5

struct gni_segment {
	struct gni_list link;
	gn_time due; /* when it, or its answer, is there */
	size_t len;
	uint32_t struck; /* the faults that struck it */
	uint8_t kind;
	bool used;   /* of the ones that lie in the flow */
	bool lost;   /* it, or its answer, is not under way */
	bool hollow; /* nobody takes it: its bytes are gone */
};

struct gni_flow {
	struct gni_net *net;
	struct gni_place *from, *to;
	size_t head; /* of a packet: the bytes of its headers */
	struct gni_moment arrival, answer, credit;
	struct gni_list segments; /* under way or lost */
	struct gni_list answers;  /* arrived, their answer not yet */
	size_t owed;		  /* of both: what wants an answer */
	uint32_t probes_struck;	  /* what struck probes since an answer came */
	/* Those that may not fail for want of memory; each is in once. */
	struct gni_segment marks[GNI_SEGMENT_KINDS];
	struct gni_bytes bytes; /* arrived, then those under way */
	size_t arrived;
	size_t used;	 /* what the sender may not send again yet */
	size_t returned; /* taken; room again when credit fires */
	size_t later;	 /* taken after credit was set */
	gn_time returned_at;
	bool credit_lost; /* the word of what was returned */
	bool stopped;	  /* what comes is dropped */
	bool deserted;	  /* its sender is gone: what is lost stays lost */

	/* Called when a segment is there, out of all lists; its bytes have been
	 * counted into arrived.  It is given back by gni_flow_take_in or
	 * gni_flow_turn_down.  The last thing done: the flow may be freed. */
	void (*arrive)(struct gni_flow *flow, struct gni_segment *s);
	/* Called when the sender has room again. */
	void (*room)(struct gni_flow *flow);
	/* Called when an answer came; the last thing done. */
	void (*answered)(struct gni_flow *flow);
	/* Called when something on the link reset the connection: it has lost
	 * a segment that was under way. */
	void (*broken)(struct gni_flow *flow);
};

/* gni_flow_init makes an idle flow; the caller sets ends and functions. */
void gni_flow_init(struct gni_flow *flow, struct gni_net *net);

/* gni_flow_send sends len bytes of a message from its start, in one piece or
 * in several.  Returns how many were taken, or -ENOBUFS. */
ssize_t gni_flow_send(struct gni_flow *flow, const struct msghdr *m,
		      size_t len);

/* gni_flow_mark sends anything but data, unless such a one is under way.  A
 * reset follows what is under way; what was lost will not be sent again. */
void gni_flow_mark(struct gni_flow *flow, enum gni_segment_kind kind);

/* gni_flow_break resets the connection from the middle of the link: its reset
 * reaches the receiver after what is under way, and cannot be lost. */
void gni_flow_break(struct gni_flow *flow);

/* gni_flow_take_in frees a segment that has arrived, or answers it;
 * gni_flow_turn_down drops it and its bytes, of a flow that was stopped: but
 * in a simulation with rules it may be to be sent again. */
void gni_flow_take_in(struct gni_flow *flow, struct gni_segment *s);
void gni_flow_turn_down(struct gni_flow *flow, struct gni_segment *s);

/* gni_flow_resend sends again what was lost, and asks again for what was not
 * answered. */
void gni_flow_resend(struct gni_flow *flow);

/* gni_flow_ask_open has the peer's kernel asked for the handshake's last
 * packet, which was lost. */
void gni_flow_ask_open(struct gni_flow *flow);

/* gni_flow_report counts what struck all that is lost as dealt with: its
 * sender has given up. */
void gni_flow_report(struct gni_flow *flow);

/* gni_flow_lacks tells whether the first segment of a kind is lost. */
bool gni_flow_lacks(const struct gni_flow *flow, enum gni_segment_kind kind);

/*
 * gni_flow_take receives up to len bytes into a message (none of them into it
 * with MSG_TRUNC in flags, and with MSG_PEEK they stay).
 */
void gni_flow_take(struct gni_flow *flow, struct msghdr *m, size_t len,
		   int flags);

/* gni_flow_cut loses a drawn part of what is under way, from the end on: the
 * sender will reset and so not repeat it. */
void gni_flow_cut(struct gni_flow *flow);

/* gni_flow_stop drops what is under way and what will be sent yet.  Arrived
 * bytes stay. */
void gni_flow_stop(struct gni_flow *flow);

/* gni_flow_abandon: the sender is gone, what was lost is not sent again. */
void gni_flow_abandon(struct gni_flow *flow);

/* gni_flow_idle tells whether nothing is under way. */
bool gni_flow_idle(const struct gni_flow *flow);

/* gni_flow_free frees all. */
void gni_flow_free(struct gni_flow *flow);

#endif
