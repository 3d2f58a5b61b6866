/*
 * draw.c: the chances of a simulated network.  It knows the streams and the
 * odds, and nothing of what is decided.
 */
#include "io/sim/draw.h"

/* A completion overtakes no more: the cost of a place in the queue is then
 * bounded, and eight already give 40320 orders. */
#define OVERTAKEN_MAX 8

/* Moments of one instant are few; those that draw alike stay in turn. */
#define TIES 16

#define TAKEN_PPM 500000
#define ACCEPTED_PPM 250000

size_t gni_draw_taken(struct gni_tape *t, size_t most)
{
	return most - (size_t)gni_tape_short(t, GNI_STREAM_NETWORK, TAKEN_PPM,
					     most);
}

size_t gni_draw_accepted(struct gni_tape *t, size_t most)
{
	return most - (size_t)gni_tape_short(t, GNI_STREAM_NETWORK,
					     ACCEPTED_PPM, most);
}

bool gni_draw_network(struct gni_tape *t, unsigned once_in)
{
	return gni_tape_chance(t, GNI_STREAM_NETWORK, 1000000 / once_in);
}

bool gni_draw_completion(struct gni_tape *t, unsigned once_in)
{
	return gni_tape_chance(t, GNI_STREAM_COMPLETION, 1000000 / once_in);
}

unsigned gni_draw_overtaken(struct gni_tape *t)
{
	return (unsigned)gni_tape_draw(t, GNI_STREAM_COMPLETION,
				       OVERTAKEN_MAX + 1);
}

uint32_t gni_draw_port(struct gni_tape *t, uint32_t bound)
{
	return (uint32_t)gni_tape_draw(t, GNI_STREAM_PORTS, bound);
}

uint32_t gni_draw_tie(struct gni_tape *t)
{
	return (uint32_t)gni_tape_draw(t, GNI_STREAM_TIES, TIES);
}
