/*
 * wire.c: the handshake of TCP, and the end of a connection's memory.
 */
#include "io/sim/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "io/sim/claim.h"
#include "io/sim/link.h"
#include "io/sim/listener.h"
#include "io/sim/note.h"

/* tcp_syn_retries of Linux, 6, and the last wait. */
#define TRIES_MAX 7

static struct gni_net *net_of(const struct gni_wire *wire)
{
	return wire->side[0].in.net;
}

void gni_wire_free(struct gni_wire *wire)
{
	gni_moment_clear(&net_of(wire)->moments, &wire->syn);
	gni_moment_clear(&net_of(wire)->moments, &wire->again);
	for (int i = 0; i < 2; i++) {
		gni_vigil_end(&wire->side[i]);
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

static int64_t latency_ns(const struct gni_wire *wire)
{
	return gni_place_latency(wire->side[0].place, wire->side[1].place);
}

/* When the next SYN goes out, or the last was in vain; the wait doubles from
 * one second on. */
static gn_time next_try(struct gni_wire *wire)
{
	const struct gni_socket_options *options = &wire->side[0].node->options;
	int64_t after_ns = ((INT64_C(1) << ++wire->tries) - 1) * GN_SEC;
	int64_t timeout_ns = options->user_timeout_ms * GN_MSEC;

	if (timeout_ns && timeout_ns < GN_SEC)
		timeout_ns = GN_SEC;
	if (wire->tries < TRIES_MAX && (!timeout_ns || after_ns < timeout_ns))
		return gn_time_add(wire->begun, after_ns);
	wire->last = true;
	if (timeout_ns && timeout_ns < after_ns)
		after_ns = timeout_ns;
	return gn_time_add(wire->begun, after_ns);
}

/* The SYN was in vain, and in a simulation without rules nothing else is. */
static void send_again(struct gni_wire *wire)
{
	gn_time due = next_try(wire);

	if (wire->last)
		wire->error = ETIMEDOUT;
	else
		due = gn_time_add(due, latency_ns(wire));
	gni_net_plan_at(net_of(wire), &wire->syn, due);
}

void gni_wire_opened(struct gni_wire *wire)
{
	/* A SYN of its that is still under way would be met by nobody. */
	gni_moment_clear(&net_of(wire)->moments, &wire->syn);
	gni_moment_clear(&net_of(wire)->moments, &wire->again);
	gni_mishap_handled(net_of(wire), wire->struck);
	wire->struck = 0;
}

void gni_wire_abandon(struct gni_node *node)
{
	struct gni_side *side = node->side;

	node->side = NULL;
	node->state = GNI_NODE_CLOSED;
	gni_tcp_unbind(node);
	side->node = NULL;
	gni_moment_clear(&node->net->moments, &side->wire->syn);
	gni_moment_clear(&node->net->moments, &side->wire->again);
	gni_wire_settle(side->wire);
}

void gni_wire_refuse(struct gni_wire *wire, int error)
{
	struct gni_node *client = wire->side[0].node;

	if (error == ETIMEDOUT)
		gni_mishap_handled(net_of(wire), wire->struck);
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

static size_t head_of(const struct gni_node *node)
{
	bool ipv4 = gni_point_is_ipv4(&node->remote.ip);

	return GNI_LINK_HEAD_TCP + (ipv4 ? GNI_LINK_HEAD4 : GNI_LINK_HEAD6);
}

static void init_sides(struct gni_wire *wire, struct gni_node *client,
		       struct gni_place *to)
{
	struct gni_side *side = wire->side;

	gni_side_init(&side[0], wire, client->place, client);
	gni_side_init(&side[1], wire, to, NULL);
	side[0].peer = &side[1];
	side[1].peer = &side[0];
	side[0].in.from = to;
	side[1].in.from = client->place;
	side[0].in.head = side[1].in.head = head_of(client);
}

/* The listener's side has given up, or died with its host, before the client
 * heard of it. */
static void renew(struct gni_wire *wire)
{
	struct gni_side *client = &wire->side[0], *server = &wire->side[1];

	gni_flow_free(&client->in);
	gni_flow_free(&server->in);
	init_sides(wire, client->node, server->place);
}

static void answer(struct gni_wire *wire, struct gni_node *listener)
{
	struct gni_side *client = &wire->side[0], *server = &wire->side[1];
	struct gni_node *child;

	child = gni_listener_child(listener, &client->node->remote,
				   &client->node->local);
	if (!child) {
		if (!net_of(wire)->careful)
			send_again(wire);
		return;
	}
	if (server->dead)
		renew(wire);
	server->node = child;
	child->side = server;
	gni_flow_mark(&client->in, GNI_SEGMENT_OPEN);
	gni_vigil_look(server);
}

void gni_wire_answer_again(struct gni_wire *wire)
{
	struct gni_flow *to_client = &wire->side[0].in;
	struct gni_flow *to_server = &wire->side[1].in;

	if (gni_flow_lacks(to_client, GNI_SEGMENT_OPEN))
		gni_flow_resend(to_client);
	else if (gni_flow_lacks(to_server, GNI_SEGMENT_OPEN))
		gni_flow_ask_open(to_server);
	else if (wire->side[0].dead)
		gni_flow_mark(to_client, GNI_SEGMENT_PROBE);
}

static void send_syn(struct gni_wire *wire)
{
	struct gni_packet syn = { .stream = true };
	struct gni_crossing c =
		gni_link_cross(wire->side[0].place, wire->side[1].place, syn);

	wire->struck |= c.struck;
	if (!c.lost)
		gni_net_plan(net_of(wire), &wire->syn, c.ns);
}

/* Nobody is there; the word of it may be lost as well. */
static void send_refusal(struct gni_wire *wire)
{
	struct gni_packet word = { .stream = true };
	struct gni_crossing c =
		gni_link_cross(wire->side[1].place, wire->side[0].place, word);

	wire->struck |= c.struck;
	if (c.lost)
		return;
	wire->error = ECONNREFUSED;
	gni_net_plan(net_of(wire), &wire->syn, c.ns);
}

static void plan_again(struct gni_wire *wire)
{
	gni_net_plan_at(net_of(wire), &wire->again, next_try(wire));
}

static void on_again(struct gni_moment *moment)
{
	struct gni_wire *wire = GNI_OWNER(moment, struct gni_wire, again);

	gni_net_note(net_of(wire), wire->side[0].place, "syn again",
		     wire->tries);
	if (wire->last) {
		gni_wire_refuse(wire, ETIMEDOUT);
		return;
	}
	if (!wire->syn.set)
		send_syn(wire);
	plan_again(wire);
}

static void on_syn(struct gni_moment *moment)
{
	struct gni_wire *wire = GNI_OWNER(moment, struct gni_wire, syn);
	struct gni_node *client = wire->side[0].node;
	struct gni_claim *claim;

	if (!client) {
		/* One sent again comes late: who sent it has left. */
		gni_net_note(net_of(wire), wire->side[0].place, "syn",
			     wire->tries);
		gni_wire_settle(wire);
		return;
	}
	gni_node_note(client, NULL, "syn", wire->tries);
	if (wire->error) {
		gni_wire_refuse(wire, wire->error);
		return;
	}
	if (wire->side[1].place->down)
		return;
	if (wire->side[1].node) /* which sends its answer again by itself */
		return;
	if (client->state != GNI_NODE_CONNECTING)
		return;
	claim = gni_claim_find(wire->side[1].place, IPPROTO_TCP,
			       &client->remote, &client->local);
	if (claim) {
		answer(wire, claim->node);
	} else if (is_itself(wire)) {
		wire->side[0].peer = &wire->side[0];
		gni_flow_mark(&wire->side[0].in, GNI_SEGMENT_OPEN);
	} else {
		send_refusal(wire);
	}
}

int gni_wire_connect(struct gni_node *node, struct gni_place *to)
{
	struct gni_wire *wire = calloc(1, sizeof *wire);

	if (!wire)
		return -ENOBUFS;
	init_sides(wire, node, to ? to : node->place);
	wire->begun = node->net->now;
	wire->syn.fire = on_syn;
	wire->again.fire = on_again;
	gni_list_add(&node->net->wires, &wire->link);
	node->state = GNI_NODE_CONNECTING;
	if (!to) {
		wire->error = EHOSTUNREACH;
		gni_net_plan(node->net, &wire->syn, GNI_NEIGHBOUR_NS);
		return 0;
	}
	send_syn(wire);
	if (node->net->careful)
		plan_again(wire);
	return 0;
}

/* What is under way already comes; should it be met by nobody, it is waited
 * for all the same. */
static void watch(struct gni_wire *wire)
{
	struct gni_node *client = wire->side[0].node;

	if (client && client->state == GNI_NODE_CONNECTING && wire->error == 0)
		plan_again(wire);
	for (int i = 0; i < 2; i++)
		gni_vigil_look(&wire->side[i]);
}

void gni_wires_watch(struct gni_net *net)
{
	if (net->careful)
		return;
	net->careful = true;
	for (struct gni_list *m = net->wires.next; m != &net->wires;
	     m = m->next)
		watch(GNI_OWNER(m, struct gni_wire, link));
}

static void vanish(struct gni_wire *wire, const struct gni_place *place)
{
	for (int i = 0; i < 2; i++)
		if (wire->side[i].place == place)
			gni_side_vanish(&wire->side[i]);
	gni_wire_settle(wire);
}

void gni_wires_vanish(struct gni_place *place)
{
	struct gni_list *all = &place->net->wires, *m, *next;

	for (m = all->next; m != all; m = next) {
		next = m->next;
		vanish(GNI_OWNER(m, struct gni_wire, link), place);
	}
}
