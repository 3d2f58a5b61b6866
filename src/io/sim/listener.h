/*
 * listener.h: who waits to be accepted, at listeners of every kind.
 */
#ifndef GNI_IO_SIM_LISTENER_H
#define GNI_IO_SIM_LISTENER_H

#include "io/sim/node.h"

/* Linux's net.core.somaxconn. */
#define GNI_BACKLOG_MAX 4096

/* gni_listener_open makes a listener of a node, or changes its backlog. */
void gni_listener_open(struct gni_node *node, int backlog);

/* gni_listener_full tells whether a new connection must wait: like Linux one
 * more than the backlog fits. */
bool gni_listener_full(const struct gni_node *listener);

/*
 * gni_listener_child makes the socket of a connection that begins, not yet in
 * the queue but counted against the backlog.
 *
 * Returns NULL when the backlog is full or there is no memory.
 */
struct gni_node *gni_listener_child(struct gni_node *listener,
				    const struct gni_point *local,
				    const struct gni_point *remote);

/* gni_listener_queue lets a child be accepted. */
void gni_listener_queue(struct gni_node *child);

/* gni_listener_drop ends a child that is not to be accepted. */
void gni_listener_drop(struct gni_node *child);

/* gni_listener_accept gives the next child a descriptor: that, -EAGAIN,
 * -EINVAL (no listener), -EOPNOTSUPP, -EMFILE, -ENOMEM. */
int gni_listener_accept(struct gni_node *listener);

/* gni_listener_close ends all children; the node is no listener any more. */
void gni_listener_close(struct gni_node *listener);

#endif
