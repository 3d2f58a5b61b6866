/*
 * claim.c: the ports of a host.  The rules of who may have a port beside whom
 * are those of Linux's inet_connection_sock and udp.
 */
#include "io/sim/claim.h"

#include <errno.h>
#include <stdlib.h>

#include "io/sim/node.h"

static struct gni_list *chain(struct gni_place *place, uint16_t port)
{
	return &place->claims[port % GNI_PORT_CHAINS];
}

struct gni_claim *gni_claim_new(struct gni_node *node,
				const struct gni_point *local,
				const struct gni_point *remote)
{
	struct gni_claim *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	*c = (struct gni_claim){
		.place = node->place,
		.node = node,
		.protocol = node->protocol,
		.local = *local,
		.only_ipv6 = node->options.only_ipv6,
		.reuse = node->options.reuse,
		.until = GN_NEVER,
	};
	if (remote)
		c->remote = *remote;
	gni_list_add(chain(node->place, local->port), &c->link);
	return c;
}

void gni_claim_free(struct gni_claim *claim)
{
	if (!claim)
		return;
	gni_list_remove(&claim->link);
	free(claim);
}

void gni_claim_linger(struct gni_claim *claim)
{
	claim->node = NULL;
	claim->until = gn_time_add(claim->place->net->now, GNI_TIME_WAIT_NS);
}

void gni_claims_free(struct gni_place *place)
{
	struct gni_list *m;

	for (unsigned i = 0; i < GNI_PORT_CHAINS; i++)
		while ((m = gni_list_pop(&place->claims[i])))
			free(GNI_OWNER(m, struct gni_claim, link));
}

/* The next claim of a protocol to a port, after one or (NULL) the first; a
 * TIME_WAIT that has lapsed is forgotten on the way. */
static struct gni_claim *next(struct gni_place *place, int protocol,
			      uint16_t port, const struct gni_claim *after)
{
	struct gni_list *list = chain(place, port);
	struct gni_list *m = after ? after->link.next : list->next;

	while (m != list) {
		struct gni_claim *c = GNI_OWNER(m, struct gni_claim, link);

		m = m->next;
		if (!gn_time_before(place->net->now, c->until))
			gni_claim_free(c);
		else if (c->protocol == protocol && c->local.port == port)
			return c;
	}
	return NULL;
}

static bool covers(const struct in6_addr *bound, bool only_ipv6,
		   const struct in6_addr *ip)
{
	if (!gni_point_is_any(bound))
		return gni_point_same_ip(bound, ip);
	if (gni_point_is_ipv4(bound))
		return gni_point_is_ipv4(ip);
	return !only_ipv6 || !gni_point_is_ipv4(ip);
}

static bool overlaps(const struct gni_claim *c, const struct in6_addr *ip,
		     bool only_ipv6)
{
	return covers(&c->local.ip, c->only_ipv6, ip) ||
	       covers(ip, only_ipv6, &c->local.ip);
}

bool gni_claim_taken(struct gni_node *node, const struct gni_point *local,
		     const struct gni_claim *except)
{
	struct gni_claim *c = NULL;

	while ((c = next(node->place, node->protocol, local->port, c))) {
		if (c == except ||
		    !overlaps(c, &local->ip, node->options.only_ipv6))
			continue;
		if (!node->options.reuse || !c->reuse || c->listening)
			return true;
	}
	return false;
}

bool gni_claim_shared(const struct gni_claim *claim)
{
	struct gni_claim *c = NULL;

	while ((c = next(claim->place, claim->protocol, claim->local.port, c)))
		if (c != claim && c->listening &&
		    overlaps(c, &claim->local.ip, claim->only_ipv6))
			return true;
	return false;
}

bool gni_claim_connected(struct gni_node *node, const struct gni_point *local,
			 const struct gni_point *remote)
{
	struct gni_claim *c = NULL;

	while ((c = next(node->place, node->protocol, local->port, c)))
		if (c->node != node && gni_point_same(&c->local, local) &&
		    gni_point_same(&c->remote, remote))
			return true;
	return false;
}

/* A connection may share a port with others to other peers, but not one that
 * a program asked for by its number. */
static bool usable_by_connect(struct gni_node *node,
			      const struct gni_point *local,
			      const struct gni_point *remote)
{
	struct gni_claim *c = NULL;

	while ((c = next(node->place, node->protocol, local->port, c)))
		if (c->asked)
			return false;
	return !gni_claim_connected(node, local, remote);
}

int gni_claim_free_port(struct gni_node *node, struct gni_point *local,
			const struct gni_point *remote)
{
	struct gni_place *place = node->place;
	uint32_t step = gni_draw_port(place->net->tape, GNI_PORT_EPHEMERALS);

	for (uint32_t i = 0; i < GNI_PORT_EPHEMERALS; i++) {
		uint32_t at = (place->next_port + step) % GNI_PORT_EPHEMERALS;

		place->next_port = at + 1;
		step = 0;
		local->port = (uint16_t)(GNI_PORT_EPHEMERAL + at);
		if (remote ? usable_by_connect(node, local, remote) :
			     !gni_claim_taken(node, local, NULL))
			return 0;
	}
	return -EADDRINUSE;
}

/* How well a claim fits, 0: not at all.  Linux counts alike: an IPv4 socket,
 * an own address and a peer each make a fit better. */
static unsigned score(const struct gni_claim *c, const struct gni_point *local,
		      const struct gni_point *remote)
{
	unsigned points = 1;

	if (!c->node || !covers(&c->local.ip, c->only_ipv6, &local->ip))
		return 0;
	if (c->protocol == IPPROTO_TCP && !c->listening)
		return 0;
	if (c->remote.port) {
		if (!gni_point_same(&c->remote, remote))
			return 0;
		points += 4;
	}
	points += !gni_point_is_any(&c->local.ip) * 2U;
	return points + (c->node->domain == AF_INET);
}

struct gni_claim *gni_claim_find(struct gni_place *place, int protocol,
				 const struct gni_point *local,
				 const struct gni_point *remote)
{
	struct gni_claim *c = NULL, *best = NULL;
	unsigned points = 0;

	while ((c = next(place, protocol, local->port, c))) {
		unsigned s = score(c, local, remote);

		/* Of equals the last to bind hears, as with Linux. */
		if (s && s >= points) {
			best = c;
			points = s;
		}
	}
	return best;
}
