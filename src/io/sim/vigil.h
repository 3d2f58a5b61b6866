/*
 * vigil.h: what an end of a TCP connection does while no answer comes: it
 * sends again, probes, and gives up.
 *
 *	owed       bytes or an end are not answered: sent again after R, R, 2 R,
 *	           4 R … (120 s at most), R being a round trip and 200 ms; given
 *	           up at the first of these instants after 924.6 s, or at the
 *	           user timeout, counted from the second of them
 *	shut       the peer has no room and takes nothing: probed after R, 2 R,
 *	           4 R …; given up when 15 probes in a row were not answered, or
 *	           at the user timeout, answered or not
 *	idle       keepalive: after TCP_KEEPIDLE without a word every
 *	           TCP_KEEPINTVL a probe, TCP_KEEPCNT of them, or until the user
 *	           timeout; then a reset goes out
 *	handshake  a listener's answer to a SYN: sent again at 1, 3, 7, 15 and
 *	           31 s, given up at 63 s
 *
 * Giving up is ETIMEDOUT.  So does Linux where vigil_test.c has what was
 * measured there; that 15 probes of a shut window are its end was not measured.
 */
#ifndef GNI_IO_SIM_VIGIL_H
#define GNI_IO_SIM_VIGIL_H

#include "io/sim/net.h"

struct gni_side;

struct gni_vigil {
	struct gni_moment moment;
	uint8_t over;	  /* what it watches over */
	unsigned tries;	  /* how often it fired */
	unsigned unheard; /* probes without an answer */
	gn_time begun;	  /* when the oldest that is owed was sent */
	gn_time since;	  /* what the user timeout counts from */
	gn_time heard;	  /* when the peer was heard of last */
};

void gni_vigil_init(struct gni_side *side);

/* gni_vigil_look begins or ends to watch, as what has changed demands. */
void gni_vigil_look(struct gni_side *side);

/* gni_vigil_heard: something came from the peer; an answer begins the waiting
 * for the next one anew. */
void gni_vigil_heard(struct gni_side *side, bool answer);

/* gni_vigil_again begins anew, by other options. */
void gni_vigil_again(struct gni_side *side);

/* gni_vigil_end watches no more. */
void gni_vigil_end(struct gni_side *side);

#endif
