/*
 * localdgram.c: Unix datagrams and packets: messages kept whole, in order, and
 * never lost; who sends more than is taken waits.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "io/sim/local.h"
#include "io/sim/localname.h"

/* Linux's net.unix.max_dgram_qlen; one more fits. */
#define QUEUE_MAX 10

/* SKB_MAX_ALLOC, four pages without their tail. */
#define HEAD_MAX 16064

static bool queue_full(const struct gni_node *to, const struct gni_node *from)
{
	return to != from && to->peer != from && to->inbox.count > QUEUE_MAX;
}

/* Whether it takes messages from others than the node: one that is connected
 * hears its peer alone, even a peer that has closed. */
static bool is_taken(const struct gni_node *to, const struct gni_node *node)
{
	return (to->peer && to->peer != node) || to->peer_gone;
}

/* What a former peer sent is not for the next one to see; a peer that was
 * connected to us hears of it if anything was lost. */
static void drop_peer(struct gni_node *node)
{
	struct gni_node *old = node->peer;
	bool lost = node->inbox.count > 0;

	node->peer = NULL;
	node->peer_gone = false;
	gni_inbox_free(&node->inbox);
	if (lost && old && old->peer == node)
		gni_node_fail(old, ECONNRESET);
	gni_local_room(node->place);
}

/* Who hears a message, or why nobody. */
static int target(struct gni_node *node, const struct msghdr *m,
		  struct gni_node **to)
{
	if (node->type == SOCK_DGRAM && m->msg_name && m->msg_namelen)
		return gni_localname_find(node, m->msg_name, m->msg_namelen,
					  to);
	*to = node->peer;
	if (*to)
		return 0;
	if (!node->peer_gone)
		return -ENOTCONN;
	drop_peer(node);
	return -ECONNREFUSED;
}

static int refuse(struct gni_node *node, const struct gni_node *to)
{
	if (is_taken(to, node))
		return -EPERM;
	if (to->shut & GNI_SHUT_RD)
		return -EPIPE;
	return queue_full(to, node) ? -EAGAIN : 0;
}

/* The reasons not to send that lie with the sender. */
static int check(struct gni_node *node, size_t len, int flags)
{
	int result;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > (size_t)node->options.send_bytes - 32)
		return -EMSGSIZE;
	result = gni_local_refuses(node);
	if (result < 0)
		return result;
	if (node->charged >= (size_t)node->options.send_bytes)
		return -EAGAIN;
	return 0;
}

static ssize_t put(struct gni_node *node, struct gni_node *to,
		   const struct msghdr *m, size_t len)
{
	struct gni_parcel *l = gni_parcel_new(m, 0, len);

	if (!l)
		return -ENOBUFS;
	l->charge = gni_parcel_charge(len, HEAD_MAX);
	l->sender = node;
	node->charged += l->charge;
	gni_inbox_put(&to->inbox, l, node->net->now);
	gni_node_changed(to);
	return (ssize_t)len;
}

static ssize_t dgram_send(struct gni_node *node, const struct msghdr *m,
			  int flags)
{
	size_t len = gni_message_len(m);
	struct gni_node *to = NULL;
	int result = check(node, len, flags);

	if (result == 0)
		result = target(node, m, &to);
	if (result == 0)
		result = refuse(node, to);
	return result < 0 ? result : put(node, to, m, len);
}

static ssize_t packet_send(struct gni_node *node, const struct msghdr *m,
			   int flags)
{
	if (node->error)
		return gni_node_error(node);
	if (node->state != GNI_NODE_CONNECTED)
		return -ENOTCONN;
	if (!node->peer)
		return -EPIPE;
	return dgram_send(node, m, flags);
}

static ssize_t nothing(const struct gni_node *node, int flags)
{
	bool ended = node->shut & GNI_SHUT_RD;

	if (node->type == SOCK_DGRAM && flags & MSG_DONTWAIT)
		ended = false;
	return ended ? 0 : -EAGAIN;
}

static ssize_t dgram_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	bool full = node->type == SOCK_DGRAM && node->inbox.count > QUEUE_MAX;
	struct gni_parcel *l = gni_inbox_first(&node->inbox);
	ssize_t result;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (node->error)
		return gni_node_error(node);
	if (!l)
		return nothing(node, flags);
	gni_localname_give(&l->sender->own_name, m);
	node->stamp = l->arrived;
	result = gni_parcel_take(l, m, flags);
	if (flags & MSG_PEEK)
		return result;
	gni_parcel_free(gni_inbox_pop(&node->inbox));
	if (full)
		gni_local_room(node->place);
	return result;
}

static ssize_t packet_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	if (node->state != GNI_NODE_CONNECTED)
		return -ENOTCONN;
	return dgram_recv(node, m, flags);
}

static void set_peer(struct gni_node *node, struct gni_node *peer)
{
	if ((node->peer && node->peer != peer) || node->peer_gone)
		drop_peer(node);
	node->peer = peer;
}

static int dgram_connect(struct gni_node *node, const gn_addr *addr)
{
	sa_family_t family = AF_UNSPEC;
	struct gni_node *peer = NULL;
	int result;

	memcpy(&family, addr->sockaddr, sizeof family);
	if (family == AF_UNSPEC) {
		set_peer(node, NULL);
		return 0;
	}
	result = gni_localname_find(node, addr->sockaddr, addr->len, &peer);
	if (result < 0)
		return result;
	if (is_taken(peer, node))
		return -EPERM;
	set_peer(node, peer);
	return 0;
}

static void dgram_close(struct gni_node *node)
{
	struct gni_list *all = &node->place->nodes, *m;

	for (m = all->next; m != all; m = m->next) {
		struct gni_node *n = GNI_OWNER(m, struct gni_node, of_place);

		if (n->peer != node || n == node)
			continue;
		n->peer = NULL;
		n->peer_gone = true;
		n->peer_name = node->own_name;
		gni_node_changed(n);
	}
	gni_localname_leave(node);
	gni_local_room(node->place);
}

static unsigned dgram_poll(struct gni_node *node)
{
	unsigned events = gni_local_poll(node);

	if (node->peer && queue_full(node->peer, node))
		events &= ~(unsigned)(POLLOUT | POLLWRNORM);
	return events;
}

const struct gni_protocol gni_sim_local_dgram = {
	.bind = gni_localname_bind,
	.connect = dgram_connect,
	.send = dgram_send,
	.recv = dgram_recv,
	.shutdown = gni_local_shutdown,
	.poll = dgram_poll,
	.name = gni_localname_tell,
	.close = dgram_close,
	.vanish = gni_localname_leave,
};

const struct gni_protocol gni_sim_local_packet = {
	.bind = gni_localname_bind,
	.listen = gni_local_listen,
	.connect = gni_local_connect,
	.send = packet_send,
	.recv = packet_recv,
	.shutdown = gni_local_shutdown,
	.poll = gni_local_poll,
	.name = gni_localname_tell,
	.close = gni_local_close,
	.vanish = gni_localname_leave,
};
