/*
 * inet.h: tcp and udp, and what both do alike.
 */
#ifndef GNI_IO_SIM_INET_H
#define GNI_IO_SIM_INET_H

#include "io/sim/node.h"

extern const struct gni_protocol gni_sim_tcp;
extern const struct gni_protocol gni_sim_udp;

/* gni_inet_bind is bind of both. */
int gni_inet_bind(struct gni_node *node, const gn_addr *addr,
		  struct gni_file *file);

/* gni_inet_name is name of both. */
int gni_inet_name(struct gni_node *node, bool peer, void *sockaddr);

/*
 * gni_inet_target reads where a connect or a send goes and how to get there.
 * 0.0.0.0 and :: mean the loopback.
 *
 * Returns 0 with all set, -EHOSTUNREACH with *to NULL, or a negative errno.
 */
int gni_inet_target(struct gni_node *node, const void *sockaddr, socklen_t len,
		    struct gni_point *remote, struct in6_addr *from,
		    struct gni_place **to);

#endif
