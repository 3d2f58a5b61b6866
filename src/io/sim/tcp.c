/*
 * tcp.c: the calls of a TCP socket, in the order of checks that Linux makes
 * (net/ipv4/tcp.c), so that the same misuse gives the same errno.
 */
#include <errno.h>
#include <poll.h>

#include "io/sim/claim.h"
#include "io/sim/inet.h"
#include "io/sim/listener.h"
#include "io/sim/trouble.h"
#include "io/sim/wire.h"

static int tcp_listen(struct gni_node *node, int backlog)
{
	int result;

	if (node->state != GNI_NODE_LISTENING) {
		if (node->state != GNI_NODE_CLOSED || node->side)
			return -EINVAL;
		if (!node->claim) {
			struct gni_point p = node->local;

			result = gni_claim_free_port(node, &p, NULL);
			if (result < 0)
				return result;
			node->claim = gni_claim_new(node, &p, NULL);
			if (!node->claim)
				return -ENOBUFS;
			node->claim->asked = true;
			node->local = p;
		}
		if (gni_claim_shared(node->claim))
			return -EADDRINUSE;
		node->claim->listening = true;
	}
	gni_listener_open(node, backlog);
	return 0;
}

void gni_tcp_unbind(struct gni_node *node)
{
	node->local = node->bound;
	if (node->bound.port) {
		node->claim->local.ip = node->bound.ip;
		node->claim->remote = (struct gni_point){ 0 };
	} else {
		gni_claim_free(node->claim);
		node->claim = NULL;
	}
}

/* Takes the pair of end points. */
static int claim_pair(struct gni_node *node, const struct gni_point *remote,
		      const struct in6_addr *from)
{
	struct gni_point local = { *from, node->local.port };

	if (!node->claim) {
		if (gni_claim_free_port(node, &local, remote) < 0)
			return -EADDRNOTAVAIL;
		node->claim = gni_claim_new(node, &local, remote);
		if (!node->claim)
			return -ENOBUFS;
	} else if (gni_claim_connected(node, &local, remote)) {
		return -EADDRNOTAVAIL;
	}
	node->claim->local = node->local = local;
	node->claim->remote = node->remote = *remote;
	return 0;
}

static int tcp_connect(struct gni_node *node, const gn_addr *addr)
{
	struct gni_place *to;
	struct gni_point remote;
	struct in6_addr from;
	int result;

	if (node->state == GNI_NODE_CONNECTING)
		return -EALREADY;
	if (node->state != GNI_NODE_CLOSED || node->side)
		return -EISCONN;
	if (node->error) {
		node->shut = 0; /* as the disconnect of a connect that failed */
		return gni_node_error(node);
	}
	result = gni_inet_target(node, addr->sockaddr, addr->len, &remote,
				 &from, &to);
	if (result < 0 && result != -EHOSTUNREACH)
		return result;
	result = claim_pair(node, &remote, &from);
	if (result < 0)
		return result;
	result = gni_wire_connect(node, to);
	if (result < 0)
		gni_tcp_unbind(node);
	return result < 0 ? result : -EINPROGRESS;
}

static ssize_t tcp_send(struct gni_node *node, const struct msghdr *m,
			int flags)
{
	size_t len = gni_message_len(m), room;
	int result = gni_node_error(node);

	if (result < 0)
		return result;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (node->shut & GNI_SHUT_WR)
		return -EPIPE;
	if (node->state == GNI_NODE_CONNECTING)
		return -EAGAIN;
	if (node->state != GNI_NODE_CONNECTED)
		return -EPIPE;
	if (len == 0)
		return 0;
	room = gni_side_room(node->side);
	if (room == 0)
		return -EAGAIN;
	len = gni_draw_accepted(node->net->tape, len < room ? len : room);
	len = gni_trouble_short(node->place, len);
	return gni_side_send(node->side, m, len);
}

/* What a receive says when there are no bytes. */
static int nothing(struct gni_node *node)
{
	if (node->ended)
		return 0;
	if (node->error)
		return gni_node_error(node);
	if (node->shut & GNI_SHUT_RD)
		return 0;
	return node->state == GNI_NODE_CLOSED ? -ENOTCONN : -EAGAIN;
}

static ssize_t tcp_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	size_t len = gni_message_len(m), arrived;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (node->state == GNI_NODE_LISTENING)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return -EINVAL;
	arrived = node->side ? node->side->in.arrived : 0;
	if (arrived == 0)
		return nothing(node);
	len = gni_draw_taken(node->net->tape, len < arrived ? len : arrived);
	len = gni_trouble_short(node->place, len);
	gni_flow_take(&node->side->in, m, len, flags);
	m->msg_namelen = 0;
	return (ssize_t)len;
}

/* As Linux's tcp_disconnect: the socket is as good as new, and a port that its
 * program had not asked for by number is free. */
static void stop_listening(struct gni_node *node)
{
	gni_listener_close(node);
	node->claim->listening = false;
	node->shut = 0;
	if (!node->bound.port)
		gni_tcp_unbind(node);
	gni_node_changed(node);
}

static int tcp_shutdown(struct gni_node *node, unsigned ways)
{
	switch (node->state) {
	case GNI_NODE_LISTENING:
		if (ways & GNI_SHUT_RD)
			stop_listening(node);
		return 0;
	case GNI_NODE_CONNECTING:
		gni_wire_abandon(node);
		gni_node_fail(node, ECONNRESET);
		return 0;
	default:
		break;
	}
	node->shut |= (uint8_t)ways;
	if (node->state == GNI_NODE_CONNECTED && ways & GNI_SHUT_WR)
		gni_side_end(node->side);
	gni_node_changed(node);
	return node->state == GNI_NODE_CONNECTED ? 0 : -ENOTCONN;
}

bool gni_tcp_writable(const struct gni_node *node)
{
	size_t room;

	if (!node->side)
		return true;
	room = gni_side_room(node->side);
	return room >= node->side->peer->in.used / 2 && room > 0;
}

static unsigned tcp_poll(struct gni_node *node)
{
	unsigned events = 0;

	if (node->state == GNI_NODE_LISTENING)
		return gni_list_empty(&node->queue) ? 0 : POLLIN | POLLRDNORM;
	if (node->shut == GNI_SHUT_BOTH || node->state == GNI_NODE_CLOSED)
		events |= POLLHUP;
	if (node->shut & GNI_SHUT_RD)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (node->error)
		events |= POLLERR;
	if (node->state == GNI_NODE_CONNECTING)
		return events;
	if (node->side && node->side->in.arrived > 0)
		events |= POLLIN | POLLRDNORM;
	if (node->shut & GNI_SHUT_WR || gni_tcp_writable(node))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

static void tcp_close(struct gni_node *node)
{
	const struct linger *linger = &node->options.linger;
	bool abort = linger->l_onoff && linger->l_linger == 0;

	if (node->state == GNI_NODE_LISTENING)
		gni_listener_close(node);
	if (node->state == GNI_NODE_CONNECTING)
		gni_wire_abandon(node);
	if (node->side)
		gni_side_leave(node->side, abort || node->listener);
	gni_claim_free(node->claim);
	node->claim = NULL;
}

static void tcp_vanish(struct gni_node *node)
{
	if (node->state == GNI_NODE_CONNECTING)
		gni_wire_abandon(node);
	else if (node->side)
		gni_side_vanish(node->side);
	gni_claim_free(node->claim);
	node->claim = NULL;
}

const struct gni_protocol gni_sim_tcp = {
	.bind = gni_inet_bind,
	.listen = tcp_listen,
	.connect = tcp_connect,
	.send = tcp_send,
	.recv = tcp_recv,
	.shutdown = tcp_shutdown,
	.poll = tcp_poll,
	.name = gni_inet_name,
	.close = tcp_close,
	.vanish = tcp_vanish,
};
