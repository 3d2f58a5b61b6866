/*
 * udp.c: datagrams, each on its own way.  Those of one socket keep their order
 * as they do on a quiet link; of several that are due at one instant any may
 * come first.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "io/sim/claim.h"
#include "io/sim/inet.h"
#include "io/sim/link.h"
#include "io/sim/note.h"

/* An IP packet's 65535 bytes less the headers; IPv6 does not count its own. */
#define UDP4_LEN_MAX 65507
#define UDP6_LEN_MAX 65527

/* The least that Linux counts for a datagram (its skb_small_head cache). */
#define CHARGE_MIN 832

static void send_off(struct gni_parcel *l, int64_t ns)
{
	struct gni_net *net = l->to_place->net;

	gni_list_add(&net->flying, &l->link);
	gni_net_plan(net, &l->arrival, ns);
}

static size_t head_of(const struct gni_parcel *l)
{
	bool ipv4 = gni_point_is_ipv4(&l->to.ip);

	return GNI_LINK_HEAD_UDP + (ipv4 ? GNI_LINK_HEAD4 : GNI_LINK_HEAD6);
}

/* Crosses the link, perhaps twice.  False: it was lost, and is freed. */
static bool fly(struct gni_parcel *l)
{
	struct gni_packet packet = { .len = l->len, .head = head_of(l) };
	struct gni_crossing c = gni_link_cross(l->from_place, l->to_place,
					       packet);
	struct gni_parcel *twin;

	if (c.lost) {
		gni_parcel_free(l);
		return false;
	}
	l->struck = c.struck;
	if (c.turned)
		gni_link_turn(l->from_place->net, l->bytes, l->len);
	send_off(l, c.ns);
	twin = c.twin_ns < 0 ? NULL : gni_parcel_copy(l);
	if (twin)
		send_off(twin, c.twin_ns);
	return true;
}

/* The word that nobody has its port goes back. */
static void refuse_back(struct gni_parcel *l)
{
	struct gni_packet word = { .len = 0 };
	struct gni_crossing c = gni_link_cross(l->to_place, l->from_place,
					       word);

	l->refused = true;
	if (c.lost)
		gni_parcel_free(l);
	else
		send_off(l, c.ns);
}

/* Linux lets in what fits the buffer, and one in any case. */
static bool fits(const struct gni_node *node, const struct gni_parcel *l)
{
	size_t most = (size_t)node->options.recv_bytes;

	return node->inbox.count == 0 || node->inbox.charge + l->charge <= most;
}

/* Port unreachable: only a socket that is connected to where the datagram
 * went hears of it. */
static void come_back(struct gni_parcel *l)
{
	struct gni_claim *c = gni_claim_find(l->from_place, IPPROTO_UDP,
					     &l->from, &l->to);

	if (c && c->remote.port)
		gni_node_fail(c->node, ECONNREFUSED);
	gni_parcel_free(l);
}

static void on_arrival(struct gni_moment *moment)
{
	struct gni_parcel *l = GNI_OWNER(moment, struct gni_parcel, arrival);
	struct gni_claim *c;

	gni_list_remove(&l->link);
	gni_parcel_note(l, l->refused ? "unreachable" : "datagram");
	if (l->refused) {
		come_back(l);
		return;
	}
	if (l->to_place->down) {
		gni_parcel_free(l);
		return;
	}
	c = gni_claim_find(l->to_place, IPPROTO_UDP, &l->to, &l->from);
	if (!c) {
		refuse_back(l);
	} else if (fits(c->node, l)) {
		gni_mishap_handled(c->node->net, l->struck);
		gni_inbox_put(&c->node->inbox, l, c->node->net->now);
		gni_node_changed(c->node);
	} else {
		gni_parcel_note(l, "overflow");
		gni_parcel_free(l);
	}
}

static int bind_any(struct gni_node *node)
{
	struct gni_point p = node->local;
	int result;

	if (node->claim)
		return 0;
	result = gni_claim_free_port(node, &p, NULL);
	if (result < 0)
		return -EADDRNOTAVAIL; /* Linux's EAGAIN would mean to wait */
	node->claim = gni_claim_new(node, &p, NULL);
	if (!node->claim)
		return -ENOBUFS;
	node->local = p;
	return 0;
}

static void disconnect(struct gni_node *node)
{
	node->remote = (struct gni_point){ gni_point_any(node->domain), 0 };
	if (!node->claim)
		return;
	node->local = node->bound;
	if (node->bound.port) {
		node->claim->local = node->local;
		node->claim->remote = (struct gni_point){ 0 };
	} else {
		gni_claim_free(node->claim);
		node->claim = NULL;
	}
}

static bool is_unspecified(const gn_addr *addr)
{
	sa_family_t family = AF_UNSPEC;

	memcpy(&family, addr->sockaddr, sizeof family);
	return addr->len >= sizeof family && family == AF_UNSPEC;
}

static int udp_connect(struct gni_node *node, const gn_addr *addr)
{
	struct gni_place *to;
	struct gni_point remote;
	struct in6_addr from;
	int result;

	if (is_unspecified(addr)) {
		disconnect(node);
		return 0;
	}
	result = gni_inet_target(node, addr->sockaddr, addr->len, &remote,
				 &from, &to);
	if (result < 0 && result != -EHOSTUNREACH)
		return result;
	result = bind_any(node);
	if (result < 0)
		return result;
	node->local.ip = from;
	node->claim->local = node->local;
	node->claim->remote = node->remote = remote;
	return 0;
}

static bool is_broadcast(const struct in6_addr *ip)
{
	struct in6_addr all = gni_point_ipv4(INADDR_BROADCAST);
	struct in6_addr link = gni_point_ipv4(UINT32_C(0x0a0000ff));

	return gni_point_same_ip(ip, &all) || gni_point_same_ip(ip, &link);
}

/* Where a send goes: the message's address, or the socket's peer. */
static int target(struct gni_node *node, const struct msghdr *m,
		  struct gni_parcel *l)
{
	struct in6_addr from = node->local.ip;
	int result;

	if (m->msg_name && m->msg_namelen) {
		result = gni_inet_target(node, m->msg_name, m->msg_namelen,
					 &l->to, &from, &l->to_place);
		if (l->to.port == 0 && result == 0)
			return -EINVAL;
		if (is_broadcast(&l->to.ip))
			return -EACCES;
	} else if (node->remote.port) {
		l->to = node->remote;
		result = gni_place_route(node->place, &l->to.ip, &from,
					 &l->to_place);
	} else {
		return -EDESTADDRREQ;
	}
	l->from.ip = from;
	return result;
}

/* The reasons not to send, after it is known where to. */
static int refuse(struct gni_node *node, const struct gni_parcel *l)
{
	size_t most = gni_point_is_ipv4(&l->to.ip) ? UDP4_LEN_MAX :
						     UDP6_LEN_MAX;

	if (l->len > most)
		return -EMSGSIZE;
	if (node->error)
		return gni_node_error(node);
	return node->shut & GNI_SHUT_WR ? -EPIPE : 0;
}

/* Takes its place behind the one sent before to the same instant. */
static void keep_order(struct gni_node *node, struct gni_parcel *l)
{
	gn_time due = l->arrival.due;

	if (due.ns == node->sent_due.ns)
		gni_moment_set(&node->net->moments, &l->arrival, due,
			       node->sent_tie);
	node->sent_due = due;
	node->sent_tie = l->arrival.tie;
}

static ssize_t udp_send(struct gni_node *node, const struct msghdr *m,
			int flags)
{
	size_t len = gni_message_len(m);
	struct gni_parcel *l;
	int result = bind_any(node), sent; /* before all else, as Linux */

	if (result < 0)
		return result;
	if (len > UINT16_MAX)
		return -EMSGSIZE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	l = gni_parcel_new(m, 0, len);
	if (!l)
		return -ENOBUFS;
	result = target(node, m, l);
	sent = result == 0 || result == -EHOSTUNREACH ? refuse(node, l) :
							result;
	if (sent < 0 || result < 0) {
		/* The link has no such host: it is lost, and nobody told. */
		gni_parcel_free(l);
		return sent < 0 ? sent : (ssize_t)len;
	}
	l->from_place = node->place;
	l->from.port = node->local.port;
	l->arrival.fire = on_arrival;
	if (l->charge < CHARGE_MIN)
		l->charge = CHARGE_MIN;
	if (fly(l))
		keep_order(node, l);
	return (ssize_t)len;
}

static void write_name(struct gni_node *node, const struct gni_parcel *l,
		       struct msghdr *m)
{
	struct sockaddr_in6 sockaddr;
	socklen_t len;

	if (!m->msg_name)
		return;
	len = gni_point_write(&l->from, node->domain, &sockaddr);
	memcpy(m->msg_name, &sockaddr,
	       len < m->msg_namelen ? len : m->msg_namelen);
	m->msg_namelen = len;
}

static ssize_t udp_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	struct gni_parcel *l = gni_inbox_first(&node->inbox);
	ssize_t result;

	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (node->error)
		return gni_node_error(node);
	if (!l) {
		bool ends = node->shut & GNI_SHUT_RD && !(flags & MSG_DONTWAIT);

		return ends ? 0 : -EAGAIN;
	}
	write_name(node, l, m);
	node->stamp = l->arrived;
	result = gni_parcel_take(l, m, flags);
	if (!(flags & MSG_PEEK))
		gni_parcel_free(gni_inbox_pop(&node->inbox));
	return result;
}

static int udp_shutdown(struct gni_node *node, unsigned ways)
{
	node->shut |= (uint8_t)ways;
	gni_node_changed(node);
	return node->remote.port ? 0 : -ENOTCONN;
}

static unsigned udp_poll(struct gni_node *node)
{
	unsigned events = POLLOUT | POLLWRNORM;

	if (node->error)
		events |= POLLERR;
	if (node->shut & GNI_SHUT_RD)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (node->shut == GNI_SHUT_BOTH)
		events |= POLLHUP;
	if (node->inbox.count)
		events |= POLLIN | POLLRDNORM;
	return events;
}

static void udp_close(struct gni_node *node)
{
	gni_claim_free(node->claim);
	node->claim = NULL;
}

const struct gni_protocol gni_sim_udp = {
	.bind = gni_inet_bind,
	.connect = udp_connect,
	.send = udp_send,
	.recv = udp_recv,
	.shutdown = udp_shutdown,
	.poll = udp_poll,
	.name = gni_inet_name,
	.close = udp_close,
	.vanish = udp_close,
};
