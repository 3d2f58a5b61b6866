/*
 * flow.h: the bytes of a TCP connection in one direction.
 *
 *	send -> [ under way, each with its instant ] -> [ arrived ] -> recv
 *	        '---------- counts against the room ------------'
 *	room again, one latency after recv took the bytes
 *
 * Nothing overtakes: a later segment arrives no sooner than those before it.
 */
#ifndef GNI_IO_SIM_FLOW_H
#define GNI_IO_SIM_FLOW_H

#include <sys/socket.h>

#include "base/bytes.h"
#include "io/sim/net.h"

enum gni_segment_kind {
	GNI_SEGMENT_DATA,
	GNI_SEGMENT_OPEN,  /* the handshake's last packet to this side */
	GNI_SEGMENT_END,   /* FIN */
	GNI_SEGMENT_RESET, /* RST */
};

#define GNI_SEGMENT_KINDS 4

struct gni_segment {
	struct gni_list link;
	gn_time due;
	size_t len;
	uint8_t kind;
	bool used; /* of the ones that lie in the flow */
};

struct gni_flow {
	struct gni_net *net;
	struct gni_moment arrival, credit;
	struct gni_list segments; /* under way */
	/* Those that may not fail for want of memory; each goes once. */
	struct gni_segment marks[GNI_SEGMENT_KINDS];
	struct gni_bytes bytes; /* arrived, then those under way */
	size_t arrived;
	size_t used;	 /* what the sender may not send again yet */
	size_t returned; /* taken; room again when credit fires */
	size_t later;	 /* taken after credit was set */
	gn_time returned_at;
	bool stopped; /* what comes is dropped */

	/* Called when a segment is there; bytes of it have been counted into
	 * arrived.  The last thing done: the flow may be freed. */
	void (*arrive)(struct gni_flow *flow, enum gni_segment_kind kind,
		       size_t len);
	/* Called when the sender has room again. */
	void (*room)(struct gni_flow *flow);
	int64_t (*latency_ns)(const struct gni_flow *flow);
};

/* gni_flow_init makes an idle flow; the caller sets the functions. */
void gni_flow_init(struct gni_flow *flow, struct gni_net *net);

/* gni_flow_send sends len bytes of a message from its start; 0 or -ENOBUFS. */
int gni_flow_send(struct gni_flow *flow, const struct msghdr *m, size_t len);

/* gni_flow_mark sends anything but data. */
void gni_flow_mark(struct gni_flow *flow, enum gni_segment_kind kind);

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

/* gni_flow_refuse drops the last len bytes that arrived, of a stopped flow. */
void gni_flow_refuse(struct gni_flow *flow, size_t len);

/* gni_flow_idle tells whether nothing is under way. */
bool gni_flow_idle(const struct gni_flow *flow);

/* gni_flow_free frees all. */
void gni_flow_free(struct gni_flow *flow);

#endif
