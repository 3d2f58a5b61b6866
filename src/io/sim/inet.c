/*
 * inet.c: names and ways of Internet sockets: what tcp and udp do alike.
 */
#include "io/sim/inet.h"

#include <errno.h>
#include <string.h>

#include "addr/addr.h"
#include "io/sim/claim.h"

/* Checks what bind asked for and completes it with a port. */
static int choose(struct gni_node *node, struct gni_point *p)
{
	if (node->options.only_ipv6 && gni_point_is_ipv4(&p->ip))
		return -EINVAL;
	if (!gni_point_is_any(&p->ip) && !gni_place_owns(node->place, &p->ip))
		return -EADDRNOTAVAIL;
	if (p->port == 0)
		return gni_claim_free_port(node, p, NULL);
	return gni_claim_taken(node, p, NULL) ? -EADDRINUSE : 0;
}

int gni_inet_bind(struct gni_node *node, const gn_addr *addr,
		  struct gni_file *file)
{
	struct gni_point p, asked;
	int result;

	*file = (struct gni_file){ 0 };
	result = gni_point_read(&p, node->domain, addr->sockaddr, addr->len);
	if (result < 0)
		return result;
	if (node->claim || node->state != GNI_NODE_CLOSED)
		return -EINVAL;
	asked = p;
	result = choose(node, &p);
	if (result < 0)
		return result;
	node->claim = gni_claim_new(node, &p, NULL);
	if (!node->claim)
		return -ENOBUFS;
	node->claim->asked = true;
	node->local = p;
	node->bound = asked;
	return 0;
}

int gni_inet_name(struct gni_node *node, bool peer, void *sockaddr)
{
	bool connected = node->state == GNI_NODE_CONNECTED ||
			 node->type == SOCK_DGRAM;

	if (peer && (!connected || node->remote.port == 0))
		return -ENOTCONN;
	return (int)gni_point_write(peer ? &node->remote : &node->local,
				    node->domain, sockaddr);
}

static void to_loopback(struct in6_addr *ip)
{
	if (!gni_point_is_any(ip))
		return;
	*ip = gni_point_is_ipv4(ip) ? gni_point_ipv4(INADDR_LOOPBACK) :
				      in6addr_loopback;
}

/* Of the IPv6 sockets udp alone takes an IPv4 address as it is. */
static bool is_ipv4_datagram(const struct gni_node *node, const void *sockaddr,
			     socklen_t len)
{
	sa_family_t family = AF_UNSPEC;

	if (len >= sizeof family)
		memcpy(&family, sockaddr, sizeof family);
	return node->type == SOCK_DGRAM && family == AF_INET;
}

int gni_inet_target(struct gni_node *node, const void *sockaddr, socklen_t len,
		    struct gni_point *remote, struct in6_addr *from,
		    struct gni_place **to)
{
	int domain = is_ipv4_datagram(node, sockaddr, len) ? AF_INET :
							      node->domain;
	int result = gni_point_read(remote, domain, sockaddr, len);

	*to = NULL;
	if (result < 0)
		return result;
	to_loopback(&remote->ip);
	if (node->options.only_ipv6 && gni_point_is_ipv4(&remote->ip))
		return -ENETUNREACH;
	*from = node->local.ip;
	return gni_place_route(node->place, &remote->ip, from, to);
}
