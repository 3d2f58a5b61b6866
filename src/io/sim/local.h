/*
 * local.h: Unix sockets, between programs of one host.
 */
#ifndef GNI_IO_SIM_LOCAL_H
#define GNI_IO_SIM_LOCAL_H

#include "io/sim/node.h"

extern const struct gni_protocol gni_sim_local_stream;
extern const struct gni_protocol gni_sim_local_dgram;
extern const struct gni_protocol gni_sim_local_packet;

/* gni_local_pair joins two fresh sockets of one type. */
void gni_local_pair(struct gni_node *a, struct gni_node *b);

/* gni_local_room has those of a host tried again who wait for a queue to have
 * room: of messages, or of connections. */
void gni_local_room(struct gni_place *place);

/* gni_local_connect is connect of streams and packets; the peer knows of it
 * at once. */
int gni_local_connect(struct gni_node *node, const gn_addr *addr);

/* What those two do alike. */
int gni_local_listen(struct gni_node *node, int backlog);
int gni_local_shutdown(struct gni_node *node, unsigned ways);
unsigned gni_local_poll(struct gni_node *node);
void gni_local_close(struct gni_node *node);

/* gni_local_writable tells whether poll gives POLLOUT: Linux waits until three
 * quarters of the buffer are free again (unix_writable). */
static inline bool gni_local_writable(const struct gni_node *node)
{
	return node->charged <= (size_t)node->options.send_bytes / 4;
}

/* gni_local_refuses gives the reason why nothing can be sent, 0: none. */
int gni_local_refuses(struct gni_node *node);

#endif
