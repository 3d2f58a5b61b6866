/*
 * op.h: operations on simulated sockets: tried in wait, parked at their socket
 * while they would have to wait.
 */
#ifndef GNI_IO_SIM_OP_H
#define GNI_IO_SIM_OP_H

#include "io/sim/net.h"

/* gni_op_submit and gni_op_cancel are the backend's. */
void gni_op_submit(struct gni_io *io, struct gni_op *op);
void gni_op_cancel(struct gni_io *io, struct gni_op *op);

/* gni_op_ready puts an operation that is in no list among those to be tried,
 * perhaps before some of them. */
void gni_op_ready(struct gni_net *net, struct gni_op *op);

/* gni_op_try tries one that is in no list: it completes, true, or is parked at
 * its socket. */
bool gni_op_try(struct gni_net *net, struct gni_op *op);

/* gni_op_complete calls done; the operation is idle, or with more ready. */
void gni_op_complete(struct gni_net *net, struct gni_op *op, int result,
		     bool more);

/* gni_op_deliver tries what is ready and calls done of what completes: of
 * all, or of a drawn part.  Returns how many completions there were. */
unsigned gni_op_deliver(struct gni_net *net);

#endif
