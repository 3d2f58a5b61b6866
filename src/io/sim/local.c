/*
 * local.c: what Unix streams and packet sockets do alike: connections.  As in
 * Linux nothing is ever under way: what one end does the other has.
 */
#include "io/sim/local.h"

#include <errno.h>
#include <poll.h>

#include "io/sim/listener.h"
#include "io/sim/localname.h"

int gni_local_listen(struct gni_node *node, int backlog)
{
	if (!node->own_name.len)
		return -EINVAL;
	if (node->state != GNI_NODE_CLOSED && node->state != GNI_NODE_LISTENING)
		return -EINVAL;
	gni_listener_open(node, backlog);
	gni_local_room(node->place);
	return 0;
}

void gni_local_pair(struct gni_node *a, struct gni_node *b)
{
	a->peer = b;
	b->peer = a;
	if (a->type != SOCK_DGRAM)
		a->state = b->state = GNI_NODE_CONNECTED;
}

int gni_local_connect(struct gni_node *node, const gn_addr *addr)
{
	struct gni_node *listener = NULL, *child;
	int result;

	result = gni_localname_find(node, addr->sockaddr, addr->len,
				    &listener);
	if (result < 0)
		return result;
	if (listener->state != GNI_NODE_LISTENING ||
	    listener->shut & GNI_SHUT_RD)
		return -ECONNREFUSED;
	if (gni_listener_full(listener))
		return -EAGAIN;
	if (node->state != GNI_NODE_CLOSED)
		return node->state == GNI_NODE_CONNECTED ? -EISCONN : -EINVAL;
	child = gni_listener_child(listener, &node->remote, &node->local);
	if (!child)
		return -ENOMEM;
	child->own_name = listener->own_name;
	gni_local_pair(node, child);
	gni_listener_queue(child);
	return 0;
}

int gni_local_shutdown(struct gni_node *node, unsigned ways)
{
	struct gni_node *peer = node->peer;

	node->shut |= (uint8_t)ways;
	gni_node_changed(node);
	if (node->state == GNI_NODE_LISTENING)
		gni_local_room(node->place);
	if (!peer || node->type == SOCK_DGRAM)
		return 0;
	if (ways & GNI_SHUT_RD)
		peer->shut |= GNI_SHUT_WR;
	if (ways & GNI_SHUT_WR)
		peer->shut |= GNI_SHUT_RD;
	gni_node_changed(peer);
	return 0;
}

int gni_local_refuses(struct gni_node *node)
{
	if (node->error)
		return gni_node_error(node);
	return node->shut & GNI_SHUT_WR ? -EPIPE : 0;
}

unsigned gni_local_poll(struct gni_node *node)
{
	bool listening = node->state == GNI_NODE_LISTENING;
	unsigned events = 0;

	if (node->error)
		events |= POLLERR;
	if (node->shut == GNI_SHUT_BOTH)
		events |= POLLHUP;
	if (node->type != SOCK_DGRAM && node->state == GNI_NODE_CLOSED)
		events |= POLLHUP;
	if (node->shut & GNI_SHUT_RD)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (node->inbox.count || !gni_list_empty(&node->queue))
		events |= POLLIN | POLLRDNORM;
	if (!listening && gni_local_writable(node))
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* A peer that left bytes of ours untaken, or never accepted us, reset us. */
static void tell_peer(struct gni_node *node)
{
	struct gni_node *peer = node->peer;

	if (!peer)
		return;
	peer->peer_name = node->own_name;
	node->peer = peer->peer = NULL;
	peer->shut = GNI_SHUT_BOTH;
	if (node->inbox.count || node->listener)
		peer->error = ECONNRESET;
	gni_node_changed(peer);
}

void gni_local_close(struct gni_node *node)
{
	if (node->state == GNI_NODE_LISTENING)
		gni_listener_close(node);
	tell_peer(node);
	gni_localname_leave(node);
	gni_local_room(node->place);
}

static bool waits(const struct gni_node *node)
{
	return node->domain == AF_UNIX && !gni_list_empty(&node->ops);
}

void gni_local_room(struct gni_place *place)
{
	struct gni_list *m;

	for (m = place->nodes.next; m != &place->nodes; m = m->next) {
		struct gni_node *n = GNI_OWNER(m, struct gni_node, of_place);

		if (waits(n))
			gni_node_changed(n);
	}
}
