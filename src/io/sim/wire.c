/*
 * wire.c: the handshake of TCP, and the end of a connection's memory.
 */
#include "io/sim/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "io/sim/claim.h"
#include "io/sim/listener.h"
#include "io/sim/note.h"

/* tcp_syn_retries of Linux, 6, and the last wait. */
#define TRIES_MAX 7

void gni_wire_free(struct gni_wire *wire)
{
	gni_moment_clear(&wire->side[0].in.net->moments, &wire->syn);
	for (int i = 0; i < 2; i++) {
		gni_flow_free(&wire->side[i].in);
		gni_claim_free(wire->side[i].claim);
	}
	gni_list_remove(&wire->link);
	free(wire);
}

void gni_wire_settle(struct gni_wire *wire)
{
	for (int i = 0; i < 2; i++)
		if (wire->side[i].node || !gni_flow_idle(&wire->side[i].in))
			return;
	if (!wire->syn.set && !wire->busy)
		gni_wire_free(wire);
}

static void plan(struct gni_wire *wire, gn_time due)
{
	gni_net_plan_at(wire->side[0].in.net, &wire->syn, due);
}

static int64_t latency_ns(const struct gni_wire *wire)
{
	return gni_place_latency(wire->side[0].place, wire->side[1].place);
}

/* The wait doubles from one second on. */
static void send_again(struct gni_wire *wire)
{
	int64_t after_ns = ((INT64_C(1) << ++wire->tries) - 1) * GN_SEC;

	if (wire->tries < TRIES_MAX)
		after_ns += latency_ns(wire);
	else
		wire->error = ETIMEDOUT;
	plan(wire, gn_time_add(wire->begun, after_ns));
}

void gni_wire_abandon(struct gni_node *node)
{
	struct gni_side *side = node->side;

	node->side = NULL;
	node->state = GNI_NODE_CLOSED;
	gni_tcp_unbind(node);
	side->node = NULL;
	gni_moment_clear(&node->net->moments, &side->wire->syn);
	gni_wire_settle(side->wire);
}

static void refuse(struct gni_wire *wire)
{
	struct gni_node *client = wire->side[0].node;
	int error = wire->error;

	gni_wire_abandon(client);
	client->shut = GNI_SHUT_BOTH;
	gni_node_fail(client, error);
}

/* A program that connects to the port it sends from finds itself there. */
static bool is_itself(const struct gni_wire *wire)
{
	const struct gni_node *client = wire->side[0].node;

	return gni_point_same(&client->local, &client->remote);
}

static void answer(struct gni_wire *wire, struct gni_node *listener)
{
	struct gni_side *client = &wire->side[0], *server = &wire->side[1];
	struct gni_node *child;

	child = gni_listener_child(listener, &client->node->remote,
				   &client->node->local);
	if (!child) {
		send_again(wire);
		return;
	}
	server->node = child;
	child->side = server;
	gni_flow_mark(&client->in, GNI_SEGMENT_OPEN);
}

static void on_syn(struct gni_moment *moment)
{
	struct gni_wire *wire = GNI_OWNER(moment, struct gni_wire, syn);
	struct gni_node *client = wire->side[0].node;
	struct gni_claim *claim;

	gni_node_note(client, NULL, "syn", wire->tries);
	if (wire->error) {
		refuse(wire);
		return;
	}
	claim = gni_claim_find(wire->side[1].place, IPPROTO_TCP,
			       &client->remote, &client->local);
	if (claim) {
		answer(wire, claim->node);
	} else if (is_itself(wire)) {
		wire->side[0].peer = &wire->side[0];
		gni_flow_mark(&wire->side[0].in, GNI_SEGMENT_OPEN);
	} else {
		wire->error = ECONNREFUSED;
		gni_net_plan(client->net, &wire->syn, latency_ns(wire));
	}
}

int gni_wire_connect(struct gni_node *node, struct gni_place *to)
{
	struct gni_wire *wire = calloc(1, sizeof *wire);

	if (!wire)
		return -ENOBUFS;
	gni_side_init(&wire->side[0], wire, node->place, node);
	gni_side_init(&wire->side[1], wire, to ? to : node->place, NULL);
	wire->side[0].peer = &wire->side[1];
	wire->side[1].peer = &wire->side[0];
	wire->begun = node->net->now;
	wire->syn.fire = on_syn;
	gni_list_add(&node->net->wires, &wire->link);
	node->state = GNI_NODE_CONNECTING;
	if (!to)
		wire->error = EHOSTUNREACH;
	gni_net_plan(node->net, &wire->syn,
		     to ? latency_ns(wire) : GNI_NEIGHBOUR_NS);
	return 0;
}
