/*
 * totals.h: what runs came to, summed up.
 */
#ifndef GNI_SIM_TOTALS_H
#define GNI_SIM_TOTALS_H

#include "sim/trial.h"

/* gni_totals_begin makes them none, with the words of all faults. */
void gni_totals_begin(gn_sweep_totals *totals);

/* gni_totals_count adds a run, gni_totals_add those of other totals.  A time
 * that is too long to be told is the longest. */
void gni_totals_count(gn_sweep_totals *totals, const struct gni_result *run);
void gni_totals_add(gn_sweep_totals *totals, const gn_sweep_totals *more);

#endif
