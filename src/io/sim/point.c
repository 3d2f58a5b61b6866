/*
 * point.c: Internet end points and the socket addresses that name them.
 */
#include "io/sim/point.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* RFC 2133's structure, without the scope: Linux takes that length too. */
#define IN6_LEN_MIN offsetof(struct sockaddr_in6, sin6_scope_id)

struct in6_addr gni_point_ipv4(uint32_t ip)
{
	struct in6_addr mapped = { 0 };
	uint32_t net = htonl(ip);

	mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
	memcpy(&mapped.s6_addr[12], &net, sizeof net);
	return mapped;
}

struct in6_addr gni_point_any(int domain)
{
	struct in6_addr any = { 0 };

	return domain == AF_INET ? gni_point_ipv4(INADDR_ANY) : any;
}

static uint32_t ipv4_of(const struct in6_addr *ip)
{
	uint32_t net;

	memcpy(&net, &ip->s6_addr[12], sizeof net);
	return ntohl(net);
}

bool gni_point_is_any(const struct in6_addr *ip)
{
	if (gni_point_is_ipv4(ip))
		return ipv4_of(ip) == INADDR_ANY;
	return IN6_IS_ADDR_UNSPECIFIED(ip);
}

bool gni_point_is_loopback(const struct in6_addr *ip)
{
	if (gni_point_is_ipv4(ip))
		return ipv4_of(ip) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(ip);
}

static int read_in(struct gni_point *p, const void *sockaddr, socklen_t len)
{
	struct sockaddr_in in;

	if (len < sizeof in)
		return -EINVAL;
	memcpy(&in, sockaddr, sizeof in);
	if (in.sin_family != AF_INET)
		return -EAFNOSUPPORT;
	p->ip = gni_point_ipv4(ntohl(in.sin_addr.s_addr));
	p->port = ntohs(in.sin_port);
	return 0;
}

static int read_in6(struct gni_point *p, const void *sockaddr, socklen_t len)
{
	struct sockaddr_in6 in6 = { 0 };

	if (len < IN6_LEN_MIN)
		return -EINVAL;
	memcpy(&in6, sockaddr, IN6_LEN_MIN);
	if (in6.sin6_family != AF_INET6)
		return -EAFNOSUPPORT;
	p->ip = in6.sin6_addr;
	p->port = ntohs(in6.sin6_port);
	return 0;
}

int gni_point_read(struct gni_point *p, int domain, const void *sockaddr,
		   socklen_t len)
{
	if (domain == AF_INET)
		return read_in(p, sockaddr, len);
	return read_in6(p, sockaddr, len);
}

socklen_t gni_point_write(const struct gni_point *p, int domain,
			  void *sockaddr)
{
	if (domain == AF_INET) {
		struct sockaddr_in in = {
			.sin_family = AF_INET,
			.sin_port = htons(p->port),
			.sin_addr.s_addr = htonl(ipv4_of(&p->ip)),
		};

		memcpy(sockaddr, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(p->port),
		.sin6_addr = p->ip,
	};

	memcpy(sockaddr, &in6, sizeof in6);
	return sizeof in6;
}
