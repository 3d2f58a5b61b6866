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

/* Linux wakes writers when a third is free (sk_stream_is_writeable). */
static void room(struct gni_flow *in)
{
	struct gni_side *peer = side_of(in)->peer;

	if (peer->node && gni_tcp_writable(peer->node))
		gni_node_changed(peer->node);
	gni_vigil_look(peer);
}

static void answered(struct gni_flow *in)
{
	struct gni_side *peer = side_of(in)->peer;

	gni_vigil_heard(peer, true);
	gni_wire_settle(peer->wire);
}

/* Both ends are told; bytes that were under way are lost with it. */
static void broken(struct gni_flow *in)
{
	gni_flow_break(in);
	gni_flow_break(&side_of(in)->peer->in);
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
	gni_vigil_end(side);
	gni_flow_stop(&side->in);
	gni_flow_abandon(&side->peer->in);
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
 * reset (RFC 1122 section 4.2.2.13).  One that was shut down before it was
 * connected has ended nothing. */
static bool on_data(struct gni_side *side)
{
	struct gni_node *node = side->node;

	if (!node || (node->shut == GNI_SHUT_BOTH && side->end_sent)) {
		reset(side, ECONNRESET);
		return false;
	}
	gni_node_changed(node);
	if (!side->in.net->careful)
		gni_vigil_look(side->peer);
	return true;
}

static bool on_open(struct gni_side *side)
{
	struct gni_node *node = side->node;

	if (!node) {
		reset(side, 0);
		return true;
	}
	if (node->state == GNI_NODE_ANSWERING) {
		gni_listener_queue(node);
		gni_vigil_look(side);
		return true;
	}
	node->state = GNI_NODE_CONNECTED;
	gni_wire_opened(side->wire);
	if (side->peer != side)
		gni_flow_mark(&side->peer->in, GNI_SEGMENT_OPEN);
	gni_node_changed(node);
	gni_vigil_look(side);
	return true;
}

static bool on_end(struct gni_side *side)
{
	struct gni_node *node = side->node;

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
	return true;
}

static bool on_reset(struct gni_side *side)
{
	bool waits_to_end = side->end_got && !side->end_sent;
	struct gni_node *node = side->node;
	bool answering = node && node->state == GNI_NODE_ANSWERING;

	if (node && node->state == GNI_NODE_CONNECTING) {
		gni_wire_refuse(side->wire, ECONNREFUSED);
		return true;
	}
	die(side, waits_to_end ? EPIPE : ECONNRESET);
	if (answering)
		gni_listener_drop(node);
	return true;
}

static bool on_probe(struct gni_side *side)
{
	(void)side;
	return true;
}

/* What a packet does; false when nobody takes it. */
static bool (*const arrivals[GNI_SEGMENT_KINDS])(struct gni_side *side) = {
	[GNI_SEGMENT_DATA] = on_data,	[GNI_SEGMENT_OPEN] = on_open,
	[GNI_SEGMENT_END] = on_end,	[GNI_SEGMENT_RESET] = on_reset,
	[GNI_SEGMENT_PROBE] = on_probe,
};

static const char *const words[GNI_SEGMENT_KINDS] = { "data", "open", "end",
						      "reset", "probe" };

/* There is no connection: whoever thinks so is told, but for a reset. */
static bool on_stray(struct gni_side *side, const struct gni_segment *s)
{
	if (s->kind == GNI_SEGMENT_RESET || side->peer->dead)
		return true;
	if (side->vanished)
		gni_mishap_handled(side->in.net, GNI_STRUCK(GNI_FAULT_CRASH));
	gni_flow_mark(&side->peer->in, GNI_SEGMENT_RESET);
	return false;
}

static void arrive(struct gni_flow *in, struct gni_segment *s)
{
	struct gni_side *side = side_of(in);
	struct gni_wire *wire = side->wire;
	bool taken;

	if (side->node)
		gni_node_note(side->node, NULL, words[s->kind],
			      (int64_t)s->len);
	else
		gni_net_note(in->net, side->place, words[s->kind],
			     (int64_t)s->len);
	wire->busy = true;
	gni_vigil_heard(side, false);
	if (side->place->down)
		taken = false;
	else if (side->dead)
		taken = on_stray(side, s);
	else
		taken = arrivals[s->kind](side);
	if (taken)
		gni_flow_take_in(in, s);
	else
		gni_flow_turn_down(in, s);
	wire->busy = false;
	gni_wire_settle(wire);
}

void gni_side_init(struct gni_side *side, struct gni_wire *wire,
		   struct gni_place *place, struct gni_node *node)
{
	*side = (struct gni_side){ .wire = wire, .place = place };
	gni_flow_init(&side->in, place->net);
	side->in.to = place;
	side->in.arrive = arrive;
	side->in.room = room;
	side->in.answered = answered;
	side->in.broken = broken;
	gni_vigil_init(side);
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

ssize_t gni_side_send(struct gni_side *side, const struct msghdr *m, size_t len)
{
	ssize_t result = gni_flow_send(&side->peer->in, m, len);

	gni_vigil_look(side);
	return result;
}

void gni_side_end(struct gni_side *side)
{
	if (side->end_sent || side->dead)
		return;
	side->end_sent = true;
	side->active = !side->end_got;
	gni_flow_mark(&side->peer->in, GNI_SEGMENT_END);
	gni_vigil_look(side);
}

/* The socket is gone, what is left of the connection is not. */
static struct gni_claim *detach(struct gni_side *side)
{
	struct gni_node *node = side->node;
	struct gni_claim *claim = node->claim;

	if (claim)
		claim->node = NULL;
	node->claim = NULL;
	node->side = NULL;
	side->node = NULL;
	return claim;
}

void gni_side_leave(struct gni_side *side, bool abort)
{
	bool over = side->end_sent && side->end_got;

	if (!over && (abort || side->in.arrived > 0))
		reset(side, 0);
	else
		gni_side_end(side);
	side->claim = detach(side);
	gni_vigil_look(side);
	gni_wire_settle(side->wire);
}

void gni_side_give_up(struct gni_side *side)
{
	struct gni_node *node = side->node;
	bool answering = node && node->state == GNI_NODE_ANSWERING;
	bool over = node && node->state == GNI_NODE_CLOSED;

	gni_flow_report(&side->peer->in);
	if (side->peer->vanished)
		gni_mishap_handled(side->in.net, GNI_STRUCK(GNI_FAULT_CRASH));
	gni_net_note(side->in.net, side->place, "given up", 0);
	die(side, over ? node->error : ETIMEDOUT);
	if (answering)
		gni_listener_drop(node);
}

void gni_side_vanish(struct gni_side *side)
{
	if (side->node)
		side->claim = detach(side);
	gni_claim_free(side->claim);
	side->claim = NULL;
	side->vanished = true;
	if (!side->dead)
		die(side, 0);
}
