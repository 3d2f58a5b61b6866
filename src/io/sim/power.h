/*
 * power.h: hosts that lose their power, and get it back.
 *
 * All sockets of the host die without a word.  Those that its program still
 * has are ghosts: nothing they do reaches anybody, until they are closed.  Unix
 * paths stay and are nobody's any more.
 */
#ifndef GNI_IO_SIM_POWER_H
#define GNI_IO_SIM_POWER_H

#include "io/sim/place.h"

/* gni_power_off takes the power from a host; harmless when it has none. */
void gni_power_off(struct gni_place *place);

/* gni_power_return lets a host without power start again: at once, or once the
 * function of gni_sim_power says so by gni_sim_start. */
void gni_power_return(struct gni_place *place);

#endif
