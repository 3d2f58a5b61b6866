/*
 * note.h: what happens to sockets and messages becomes events of the trace.
 * With whom is found out only where a story is told.
 */
#ifndef GNI_IO_SIM_NOTE_H
#define GNI_IO_SIM_NOTE_H

#include "io/sim/node.h"

/* gni_note_add is the backend's note. */
void gni_note_add(struct gni_io *io, const struct gni_note *n);

/* gni_node_note adds an event of a socket: with whom stands in the message
 * (NULL: there is none), or else is its peer. */
void gni_node_note(const struct gni_node *node, const struct msghdr *m,
		   const char *what, int64_t value);

/* gni_parcel_note adds an event of a datagram, at the host where it is. */
void gni_parcel_note(const struct gni_parcel *parcel, const char *what);

#endif
