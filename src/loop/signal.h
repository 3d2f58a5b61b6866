/*
 * signal.h: SIGTERM and SIGINT for the time of a gn_serve.
 */
#ifndef GNI_LOOP_SIGNAL_H
#define GNI_LOOP_SIGNAL_H

#include "loop/loop.h"

/* Who wants to be told. */
struct gni_signal {
	struct gni_list link;
	/* Called between fibers when either signal has come. */
	void (*came)(struct gni_signal *watch);
};

/*
 * gni_signal_take has the two signals wake this loop, which then calls came of
 * all who watch.  Only signals that are at SIG_DFL are taken, and they are
 * taken from all loops of the process together.
 */
void gni_signal_take(struct gni_loop *loop, struct gni_signal *watch);

/* gni_signal_give ends the watch; the last one gives the signals back. */
void gni_signal_give(struct gni_loop *loop, struct gni_signal *watch);

#endif
