/*
 * trouble.h: calls and operations that fail on a host for want of something,
 * or do less than they could.
 */
#ifndef GNI_IO_SIM_TROUBLE_H
#define GNI_IO_SIM_TROUBLE_H

#include "io/failing.h"
#include "io/sim/node.h"

/* gni_trouble counts an attempt, and gives the reason why it fails: 0: none,
 * or a negative errno that Linux has for it. */
int gni_trouble(struct gni_place *place, enum gni_attempt attempt);

/* gni_trouble_descriptors tells whether a host has as many as it may. */
bool gni_trouble_descriptors(const struct gni_place *place);

/* gni_trouble_abort tells why the next connection is lost before its accept:
 * 0: it is not. */
int gni_trouble_abort(const struct gni_place *place);

/* gni_trouble_short tells how many of len bytes a host moves. */
size_t gni_trouble_short(const struct gni_place *place, size_t len);

/* gni_trouble_interrupts: a signal comes in the midst of an operation. */
bool gni_trouble_interrupts(const struct gni_place *place);

/* gni_trouble_misleads: a socket seems ready and is not, at most once before
 * it changes again.  Never for a call: like Linux it does what can be done, and
 * who hears EAGAIN of it may rely on that. */
bool gni_trouble_misleads(struct gni_node *node);

#endif
