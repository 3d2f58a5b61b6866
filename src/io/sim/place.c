/*
 * place.c: the hosts of a simulation.  It owns their names, addresses and
 * distances; what happens on them is not its business.
 */
#include "io/sim/place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "addr/addr.h"
#include "io/sim/claim.h"
#include "io/sim/localname.h"

#define LABEL_MAX 63

static bool is_label(const char *s, size_t len)
{
	if (len == 0 || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	return true;
}

/* RFC 1123 section 2.1: a name whose last label is a number is an address. */
static bool is_host_name(const char *name)
{
	const char *label = name;
	size_t len;

	if (strlen(name) > 253)
		return false;
	for (;;) {
		len = strcspn(label, ".");
		if (!is_label(label, len))
			return false;
		if (label[len] == 0)
			return label[strspn(label, "0123456789")] != 0;
		label += len + 1;
	}
}

static struct in6_addr own_ipv4(unsigned number)
{
	return gni_point_ipv4(UINT32_C(0x0a000000) + number);
}

static struct in6_addr own_ipv6(unsigned number)
{
	struct in6_addr ip = { 0 };

	ip.s6_addr[0] = 0xfd;
	ip.s6_addr[15] = (uint8_t)number;
	return ip;
}

/* The number of the host an address of the link would have; 0: it is not of
 * the link. */
static unsigned number_of(const struct in6_addr *ip)
{
	unsigned number = ip->s6_addr[15];
	struct in6_addr ipv4 = own_ipv4(number), ipv6 = own_ipv6(number);

	if (gni_point_same_ip(ip, &ipv4) || gni_point_same_ip(ip, &ipv6))
		return number;
	return 0;
}

bool gni_place_owns(const struct gni_place *place, const struct in6_addr *ip)
{
	return gni_point_is_loopback(ip) || number_of(ip) == place->number;
}

static struct in6_addr source_to(const struct gni_place *place,
				 const struct in6_addr *ip)
{
	bool ipv4 = gni_point_is_ipv4(ip);

	if (gni_point_is_loopback(ip))
		return ipv4 ? gni_point_ipv4(INADDR_LOOPBACK) :
			      in6addr_loopback;
	return ipv4 ? own_ipv4(place->number) : own_ipv6(place->number);
}

int gni_place_route(struct gni_place *place, const struct in6_addr *ip,
		    struct in6_addr *from, struct gni_place **to)
{
	unsigned number = gni_point_is_loopback(ip) ? place->number :
						      number_of(ip);
	struct gni_net *net = place->net;

	if (number == 0)
		return -ENETUNREACH;
	if (gni_point_is_any(from))
		*from = source_to(place, ip);
	if (gni_point_is_ipv4(from) != gni_point_is_ipv4(ip))
		return gni_point_is_ipv4(ip) ? -ENETUNREACH : -EAFNOSUPPORT;
	if (gni_point_is_loopback(from) && number != place->number)
		return -EINVAL;
	*to = number <= net->place_count ? net->places[number] : NULL;
	return *to ? 0 : -EHOSTUNREACH;
}

static struct gni_place *place_new(struct gni_net *net, const char *name)
{
	struct gni_place *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->net = net;
	p->number = net->place_count + 1;
	memcpy(p->name, name, strlen(name));
	for (unsigned i = 0; i <= GNI_PLACES_MAX; i++)
		p->latency_ns[i] = net->latency_ns;
	p->latency_ns[p->number] = 0;
	gni_list_init(&p->nodes);
	gni_list_init(&p->files);
	for (unsigned i = 0; i < GNI_PORT_CHAINS; i++)
		gni_list_init(&p->claims[i]);
	return p;
}

void gni_place_free(struct gni_place *place)
{
	gni_claims_free(place);
	gni_localnames_free(place);
	free(place);
}

int gni_sim_place(struct gni_io *io, const char *name)
{
	struct gni_net *net = gni_net_of(io);

	for (unsigned i = 1; i <= net->place_count; i++)
		if (strcasecmp(net->places[i]->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

const char *gni_sim_name(struct gni_io *io, unsigned place)
{
	struct gni_net *net = gni_net_of(io);

	if (place == 0 || place > net->place_count)
		return NULL;
	return net->places[place]->name;
}

int gni_sim_host(struct gni_io *io, const char *name)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_place *p;

	if (!is_host_name(name))
		return -EINVAL;
	if (gni_sim_place(io, name) > 0)
		return -EEXIST;
	if (net->place_count == GNI_PLACES_MAX)
		return -ENOSPC;
	p = place_new(net, name);
	if (!p)
		return -ENOMEM;
	net->places[p->number] = p;
	net->place_count = p->number;
	return (int)p->number;
}

int gni_sim_link(struct gni_io *io, unsigned a, unsigned b,
		 int64_t latency_ns)
{
	struct gni_net *net = gni_net_of(io);

	if (!gni_sim_name(io, a) || !gni_sim_name(io, b) || latency_ns < 0)
		return -EINVAL;
	net->places[a]->latency_ns[b] = latency_ns;
	net->places[b]->latency_ns[a] = latency_ns;
	return 0;
}

size_t gni_sim_descriptors(struct gni_io *io, unsigned place)
{
	if (!gni_sim_name(io, place))
		return 0;
	return gni_net_of(io)->places[place]->descriptors;
}

int gni_place_lookup(struct gni_io *io, const char *name, uint16_t port,
		     enum gn_kind kind, gn_addr *found, int max)
{
	int number = gni_sim_place(io, name), count = 0;
	int domains[] = { AF_INET6, AF_INET };
	struct sockaddr_in6 sockaddr;

	if (number < 0 || (kind != GN_TCP && kind != GN_UDP))
		return 0;
	for (; count < 2 && count < max; count++) {
		struct gni_point p = { .port = port };
		socklen_t len;

		p.ip = domains[count] == AF_INET ? own_ipv4((unsigned)number) :
						   own_ipv6((unsigned)number);
		len = gni_point_write(&p, domains[count], &sockaddr);
		gni_addr_set(&found[count], kind, &sockaddr, len);
	}
	return count;
}
