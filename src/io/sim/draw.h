/*
 * draw.h: what a simulated network leaves to chance, as questions to the tape.
 * 0 is the plainest answer to each.
 */
#ifndef GNI_IO_SIM_DRAW_H
#define GNI_IO_SIM_DRAW_H

#include "base/tape.h"

/* gni_draw_taken tells how many of most bytes (1 or more) a receive takes:
 * often all, but also one, an odd count, or any. */
size_t gni_draw_taken(struct gni_tape *t, size_t most);

/* gni_draw_accepted tells how many of most bytes a send takes: mostly all. */
size_t gni_draw_accepted(struct gni_tape *t, size_t most);

/* gni_draw_network and gni_draw_completion are true once in so many times. */
bool gni_draw_network(struct gni_tape *t, unsigned once_in);
bool gni_draw_completion(struct gni_tape *t, unsigned once_in);

/* gni_draw_overtaken tells how many of the operations that wait to be tried a
 * new one overtakes. */
unsigned gni_draw_overtaken(struct gni_tape *t);

/* gni_draw_port gives a number below bound. */
uint32_t gni_draw_port(struct gni_tape *t, uint32_t bound);

/* gni_draw_tie gives a place among equal instants. */
uint32_t gni_draw_tie(struct gni_tape *t);

#endif
