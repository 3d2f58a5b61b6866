/*
 * side.c: what arrives at an end of a TCP connection, and what that does to
 * its socket: the part of Linux's tcp_input.c that a program can see.
 */
#include "io/sim/side.h"

#include <errno.h>

#include "io/sim/claim.h"
#include "io/sim/listener.h"
#include "io/sim/note.h"
#include "io/sim/wire.h"

static struct gni_side *side_of(const struct gni_flow *in)
{
	return GNI_OWNER(in, struct gni_side, in);
}

static int64_t latency_ns(const struct gni_flow *in)
{
	struct gni_side *side = side_of(in);

	return gni_place_latency(side->peer->place, side->place);
}

/* Linux wakes writers when a third is free (sk_stream_is_writeable). */
static void room(struct gni_flow *in)
{
	struct gni_node *writer = side_of(in)->peer->node;

	if (writer && gni_tcp_writable(writer))
		gni_node_changed(writer);
}

/* The port is free again, or kept for TIME_WAIT; a socket that was bound by
 * its program has it until it is closed. */
static void release(struct gni_side *side, bool linger)
{
	struct gni_claim **at = side->node ? &side->node->claim : &side->claim;
	struct gni_claim *claim = *at;

	if (!claim)
		return;
	if (linger)
		gni_claim_linger(claim);
	else if (side->node && side->node->bound.port)
		return;
	else
		gni_claim_free(claim);
	*at = NULL;
}

static void die(struct gni_side *side, int error)
{
	struct gni_node *node = side->node;

	side->dead = true;
	gni_flow_stop(&side->in);
	release(side, false);
	if (!node)
		return;
	node->shut = GNI_SHUT_BOTH;
	node->state = GNI_NODE_CLOSED;
	gni_node_fail(node, error);
}

/* Resets the connection; error is what our own socket gets. */
static void reset(struct gni_side *side, int error)
{
	if (side->dead)
		return;
	gni_flow_cut(&side->peer->in);
	gni_flow_mark(&side->peer->in, GNI_SEGMENT_RESET);
	die(side, error);
}

static void finish(struct gni_side *side)
{
	release(side, side->active);
	if (side->node)
		side->node->state = GNI_NODE_CLOSED;
}

/* Data for a socket that is closed, or that ended both ways, is answered by a
 * reset (RFC 1122 section 4.2.2.13). */
static void on_data(struct gni_side *side, size_t len)
{
	struct gni_node *node = side->node;

	if (node && node->shut != GNI_SHUT_BOTH) {
		gni_node_changed(node);
		return;
	}
	reset(side, ECONNRESET);
	gni_flow_refuse(&side->in, len);
}

static void on_open(struct gni_side *side, size_t len)
{
	struct gni_node *node = side->node;

	(void)len;
	if (!node) {
		reset(side, 0);
		return;
	}
	if (node->state == GNI_NODE_ANSWERING) {
		gni_listener_queue(node);
		return;
	}
	node->state = GNI_NODE_CONNECTED;
	if (side->peer != side)
		gni_flow_mark(&side->peer->in, GNI_SEGMENT_OPEN);
	gni_node_changed(node);
}

static void on_end(struct gni_side *side, size_t len)
{
	struct gni_node *node = side->node;

	(void)len;
	side->end_got = true;
	if (node) {
		node->shut |= GNI_SHUT_RD;
		node->ended = true;
	}
	if (side->peer->end_got) {
		finish(side);
		finish(side->peer);
	}
	if (node)
		gni_node_changed(node);
}

static void on_reset(struct gni_side *side, size_t len)
{
	bool waits_to_end = side->end_got && !side->end_sent;
	struct gni_node *node = side->node;
	bool answering = node && node->state == GNI_NODE_ANSWERING;

	(void)len;
	die(side, waits_to_end ? EPIPE : ECONNRESET);
	if (answering)
		gni_listener_drop(node);
}

static void (*const arrivals[GNI_SEGMENT_KINDS])(struct gni_side *side,
						 size_t len) = {
	[GNI_SEGMENT_DATA] = on_data,
	[GNI_SEGMENT_OPEN] = on_open,
	[GNI_SEGMENT_END] = on_end,
	[GNI_SEGMENT_RESET] = on_reset,
};

static const char *const words[GNI_SEGMENT_KINDS] = { "data", "open", "end",
						      "reset" };

static void arrive(struct gni_flow *in, enum gni_segment_kind kind, size_t len)
{
	struct gni_side *side = side_of(in);
	struct gni_wire *wire = side->wire;

	if (side->node)
		gni_node_note(side->node, NULL, words[kind], (int64_t)len);
	else
		gni_net_note(in->net, side->place, words[kind], (int64_t)len);
	wire->busy = true;
	arrivals[kind](side, len);
	wire->busy = false;
	gni_wire_settle(wire);
}

void gni_side_init(struct gni_side *side, struct gni_wire *wire,
		   struct gni_place *place, struct gni_node *node)
{
	*side = (struct gni_side){ .wire = wire, .place = place };
	gni_flow_init(&side->in, place->net);
	side->in.arrive = arrive;
	side->in.room = room;
	side->in.latency_ns = latency_ns;
	side->node = node;
	if (node)
		node->side = side;
}

size_t gni_side_room(const struct gni_side *side)
{
	const struct gni_node *to = side->peer->node;
	size_t most = (size_t)side->node->options.send_bytes / 2;
	size_t used = side->peer->in.used;

	if (to)
		most += (size_t)to->options.recv_bytes / 2;
	return most > used ? most - used : 0;
}

void gni_side_end(struct gni_side *side)
{
	if (side->end_sent || side->dead)
		return;
	side->end_sent = true;
	side->active = !side->end_got;
	gni_flow_mark(&side->peer->in, GNI_SEGMENT_END);
}

void gni_side_leave(struct gni_side *side, bool abort)
{
	struct gni_node *node = side->node;
	bool over = side->end_sent && side->end_got;

	if (!over && (abort || side->in.arrived > 0))
		reset(side, 0);
	else
		gni_side_end(side);
	side->claim = node->claim;
	if (side->claim)
		side->claim->node = NULL;
	node->claim = NULL;
	node->side = NULL;
	side->node = NULL;
	gni_wire_settle(side->wire);
}
