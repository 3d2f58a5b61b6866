/*
 * claim.h: who has which port of a host, and who has had it lately.
 */
#ifndef GNI_IO_SIM_CLAIM_H
#define GNI_IO_SIM_CLAIM_H

#include "io/sim/place.h"

/* Linux's net.ipv4.ip_local_port_range. */
#define GNI_PORT_EPHEMERAL 32768
#define GNI_PORT_EPHEMERALS (60999 - 32768 + 1)

/* Linux's TCP_TIMEWAIT_LEN. */
#define GNI_TIME_WAIT_NS (60 * GN_SEC)

struct gni_claim {
	struct gni_list link;
	struct gni_place *place;
	struct gni_node *node; /* NULL once it was closed */
	int protocol;	       /* IPPROTO_TCP or IPPROTO_UDP */
	struct gni_point local;
	struct gni_point remote; /* port 0: not connected */
	bool only_ipv6;		 /* of ::, not 0.0.0.0 with it */
	bool reuse;		 /* SO_REUSEADDR, as it was when bound */
	bool asked;		 /* bound by bind or accept, not by connect */
	bool listening;
	gn_time until; /* TIME_WAIT: when it lapses; else GN_NEVER */
};

/* gni_claim_new makes a claim of a node to its port, which is not checked;
 * NULL when there is no memory. */
struct gni_claim *gni_claim_new(struct gni_node *node,
				const struct gni_point *local,
				const struct gni_point *remote);

/* gni_claim_free gives the port back; NULL is accepted. */
void gni_claim_free(struct gni_claim *claim);

/* gni_claim_linger keeps the port for TIME_WAIT. */
void gni_claim_linger(struct gni_claim *claim);

/* gni_claim_taken tells whether bind may not have the port: some claim (other
 * than except) of the node's protocol is in its way. */
bool gni_claim_taken(struct gni_node *node, const struct gni_point *local,
		     const struct gni_claim *except);

/* gni_claim_shared tells whether a second listener stands on the port. */
bool gni_claim_shared(const struct gni_claim *claim);

/* gni_claim_connected tells whether the pair of end points is in use. */
bool gni_claim_connected(struct gni_node *node, const struct gni_point *local,
			 const struct gni_point *remote);

/*
 * gni_claim_free_port draws an ephemeral port: for bind when remote is NULL,
 * or for a connection to remote.
 *
 * Returns 0 and sets local's port, or -EADDRINUSE when none is free.
 */
int gni_claim_free_port(struct gni_node *node, struct gni_point *local,
			const struct gni_point *remote);

/* gni_claim_find gives the claim that a packet to local comes to: of TCP the
 * listener, of UDP the best match, connected to remote or not at all; NULL:
 * nobody has it. */
struct gni_claim *gni_claim_find(struct gni_place *place, int protocol,
				 const struct gni_point *local,
				 const struct gni_point *remote);

/* gni_claims_free frees what a host has left. */
void gni_claims_free(struct gni_place *place);

#endif
