/*
 * link.h: the way of a packet from one host to another, and what befalls it
 * there.
 */
#ifndef GNI_IO_SIM_LINK_H
#define GNI_IO_SIM_LINK_H

#include "io/sim/place.h"

/* Bytes that wait at a link of limited rate; more are lost.  Room for what
 * one connection can have under way. */
#define GNI_LINK_QUEUE_MAX (256 * 1024)

/* A link's packets when no rule says otherwise: Ethernet's. */
#define GNI_LINK_MTU 1500

/* The least that a stream's are cut to, whatever a rule says: IPv4's (RFC 791)
 * and a little, as IPv6's headers have to go in. */
#define GNI_LINK_MTU_MIN 68

/* The headers before the payload, of IPv4 and of IPv6. */
#define GNI_LINK_HEAD4 20
#define GNI_LINK_HEAD6 40
#define GNI_LINK_HEAD_UDP 8
#define GNI_LINK_HEAD_TCP 20

/* What becomes of one packet. */
struct gni_crossing {
	int64_t ns;	 /* how long it takes */
	int64_t twin_ns; /* a copy takes so long; below 0: there is none */
	uint32_t struck; /* the faults that struck it */
	bool lost;
	bool turned; /* a byte of it changes */
	bool broken; /* of a stream: both ends are reset instead */
};

struct gni_packet {
	size_t len;  /* payload, which the rate counts and can be altered */
	size_t head; /* of a datagram: its headers, which the mtu counts */
	bool stream;
};

/* gni_link_cross sends a packet, which may be struck.  A link's both ends may
 * be one host: its loopback. */
struct gni_crossing gni_link_cross(struct gni_place *from, struct gni_place *to,
				   struct gni_packet packet);

/* gni_link_round_trip_ns tells how long a packet and its answer take when
 * nothing untoward happens, at most. */
int64_t gni_link_round_trip_ns(const struct gni_place *a,
			       const struct gni_place *b);

/* gni_link_piece tells into what pieces len bytes of a stream are cut, by the
 * bytes of their headers; SIZE_MAX: they go as they are. */
size_t gni_link_piece(const struct gni_place *from, const struct gni_place *to,
		      size_t head, size_t len);

/* gni_link_turn changes one drawn byte of len, 1 or more. */
void gni_link_turn(struct gni_net *net, uint8_t *bytes, size_t len);

#endif
