/*
 * point.h: an Internet end point.  Inside the simulation every address is an
 * IPv6 one, IPv4 in its mapped form, so that each rule is written once.
 */
#ifndef GNI_IO_SIM_POINT_H
#define GNI_IO_SIM_POINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct gni_point {
	struct in6_addr ip;
	uint16_t port; /* of the host's order */
};

/*
 * gni_point_read takes a socket address for a socket of that domain.
 *
 * Returns 0; -EINVAL when it is too short for that domain, -EAFNOSUPPORT when
 * it is of another family.
 */
int gni_point_read(struct gni_point *p, int domain, const void *sockaddr,
		   socklen_t len);

/* gni_point_write gives the end point as a socket of that domain tells it:
 * sizeof(struct sockaddr_in6) bytes of room; returns how many are used. */
socklen_t gni_point_write(const struct gni_point *p, int domain,
			  void *sockaddr);

/* The address 0.0.0.0 or ::, by domain. */
struct in6_addr gni_point_any(int domain);

/* The address A.B.C.D in its mapped form. */
struct in6_addr gni_point_ipv4(uint32_t ip);

static inline bool gni_point_same_ip(const struct in6_addr *a,
				     const struct in6_addr *b)
{
	return IN6_ARE_ADDR_EQUAL(a, b);
}

static inline bool gni_point_same(const struct gni_point *a,
				  const struct gni_point *b)
{
	return a->port == b->port && gni_point_same_ip(&a->ip, &b->ip);
}

static inline bool gni_point_is_ipv4(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_V4MAPPED(ip);
}

/* Whether it is 0.0.0.0 or ::. */
bool gni_point_is_any(const struct in6_addr *ip);

/* Whether it is of 127.0.0.0/8 or ::1. */
bool gni_point_is_loopback(const struct in6_addr *ip);

#endif
