/*
 * draw.h: all that a simulation leaves to chance.  Each question has a stream
 * of random numbers for itself, so that one more question of one kind does not
 * change the answers of another.  In order, nothing is drawn.
 */
#ifndef GNI_IO_SIM_DRAW_H
#define GNI_IO_SIM_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct gni_draw {
	bool in_order;
	struct gni_rng network;	   /* how streams are cut */
	struct gni_rng completion; /* which operation ends first, and how */
	struct gni_rng ports;	   /* ports and names nobody asked for */
	struct gni_rng ties;	   /* which of two equal instants comes first */
	struct gni_rng order;	   /* the loop's: who runs next */
	uint64_t count;		   /* what numbers ties in order */
};

/* gni_draw_init starts all streams from a seed. */
void gni_draw_init(struct gni_draw *d, uint64_t seed, bool in_order);

/* gni_draw_taken tells how many of most bytes (1 or more) a receive takes:
 * often all, but also one, an odd count, or any. */
size_t gni_draw_taken(struct gni_draw *d, size_t most);

/* gni_draw_accepted tells how many of most bytes a send takes: mostly all. */
size_t gni_draw_accepted(struct gni_draw *d, size_t most);

/* gni_draw_network and gni_draw_completion are true once in so many times,
 * and never in order. */
bool gni_draw_network(struct gni_draw *d, unsigned once_in);
bool gni_draw_completion(struct gni_draw *d, unsigned once_in);

/* gni_draw_overtaken tells how many of the operations that wait to be tried a
 * new one overtakes. */
unsigned gni_draw_overtaken(struct gni_draw *d);

/* gni_draw_port gives a number below bound; in order it is 0. */
uint32_t gni_draw_port(struct gni_draw *d, uint32_t bound);

/* gni_draw_tie gives a place among equal instants; in order one behind all
 * given so far. */
uint64_t gni_draw_tie(struct gni_draw *d);

#endif
