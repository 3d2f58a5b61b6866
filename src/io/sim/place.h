/*
 * place.h: a host: its name, its addresses, and the way from it to others.
 *
 * Host N has 10.0.0.N, fd00::N, 127.0.0.0/8 and ::1.  All hosts lie on one
 * link, and there is no router: what is of 10.0.0.0/24 or fd00::/64 and no
 * host's is asked for in vain, everything else is unreachable at once.
 */
#ifndef GNI_IO_SIM_PLACE_H
#define GNI_IO_SIM_PLACE_H

#include "io/sim/net.h"
#include "io/sim/point.h"

/* Chains of ports: some thirty ports a chain when all are in use. */
#define GNI_PORT_CHAINS 1024

struct gni_place {
	struct gni_net *net;
	unsigned number;
	char name[254]; /* RFC 1035 section 2.3.4, and a NUL */
	int64_t latency_ns[GNI_PLACES_MAX + 1];
	/* Of a way of limited rate: when all that was sent has left. */
	gn_time link_free[GNI_PLACES_MAX + 1];
	struct gni_list nodes;
	struct gni_list files;
	struct gni_list claims[GNI_PORT_CHAINS];
	uint32_t next_port; /* the ephemeral one to be tried first, less the
			     * first: in order they go round */
	size_t descriptors;
	uint64_t attempts;  /* calls and operations, while there are rules */
	int64_t stepped_ns; /* how far its time of day was set back */
	bool down;	    /* without power */
};

/* gni_place_owns tells whether an address is one of the host's. */
bool gni_place_owns(const struct gni_place *place, const struct in6_addr *ip);

/*
 * gni_place_route finds the host of an address, *to, and the address that our
 * packets to it come from, *from, which stays if it is one already.
 *
 * Returns 0; -ENETUNREACH when there is no way, -EAFNOSUPPORT and -EINVAL when
 * *from cannot go that way, -EHOSTUNREACH when the link has no such host:
 * packets are then lost, and who waits learns it after GNI_NEIGHBOUR_NS.
 */
int gni_place_route(struct gni_place *place, const struct in6_addr *ip,
		    struct in6_addr *from, struct gni_place **to);

/* Three requests a second apart, as Linux asks for a neighbour. */
#define GNI_NEIGHBOUR_NS (3 * GN_SEC)

static inline int64_t gni_place_latency(const struct gni_place *a,
					const struct gni_place *b)
{
	return a->latency_ns[b->number];
}

/* gni_place_time gives an instant as the host's time of day has it. */
static inline gn_time gni_place_time(const struct gni_place *place, gn_time at)
{
	return gn_time_add(at, place->net->leap_ns + place->stepped_ns);
}

/* gni_place_free frees a host whose sockets are gone. */
void gni_place_free(struct gni_place *place);

/* gni_place_lookup is the host call of the backend. */
int gni_place_lookup(struct gni_io *io, const char *name, uint16_t port,
		     enum gn_kind kind, gn_addr *found, int max);

#endif
