/*
 * draw.c: the chances of a simulation.  It owns the streams of random numbers
 * and knows nothing of what they decide.
 */
#include "io/sim/draw.h"

/* A completion overtakes no more: the cost of a place in the queue is then
 * bounded, and eight already give 40320 orders. */
#define OVERTAKEN_MAX 8

void gni_draw_init(struct gni_draw *d, uint64_t seed, bool in_order)
{
	*d = (struct gni_draw){ .in_order = in_order };
	gni_rng_seed(&d->network, seed, "network");
	gni_rng_seed(&d->completion, seed, "completion");
	gni_rng_seed(&d->ports, seed, "ports");
	gni_rng_seed(&d->ties, seed, "ties");
	gni_rng_seed(&d->order, seed, "order");
}

/* A part of most bytes: the shapes in which readers and writers break. */
static size_t part(struct gni_rng *r, size_t most)
{
	switch (gni_rng_below(r, 4)) {
	case 0:
		return 1;
	case 1:
		return (size_t)gni_rng_below(r, (most + 1) / 2) * 2 + 1;
	case 2:
		return most - 1;
	default:
		return (size_t)gni_rng_below(r, most) + 1;
	}
}

size_t gni_draw_taken(struct gni_draw *d, size_t most)
{
	if (d->in_order || most < 2 || gni_rng_below(&d->network, 2) == 0)
		return most;
	return part(&d->network, most);
}

size_t gni_draw_accepted(struct gni_draw *d, size_t most)
{
	if (d->in_order || most < 2 || gni_rng_below(&d->network, 4) != 0)
		return most;
	return part(&d->network, most);
}

bool gni_draw_network(struct gni_draw *d, unsigned once_in)
{
	return !d->in_order && gni_rng_below(&d->network, once_in) == 0;
}

bool gni_draw_completion(struct gni_draw *d, unsigned once_in)
{
	return !d->in_order && gni_rng_below(&d->completion, once_in) == 0;
}

unsigned gni_draw_overtaken(struct gni_draw *d)
{
	if (d->in_order)
		return 0;
	return (unsigned)gni_rng_below(&d->completion, OVERTAKEN_MAX + 1);
}

uint32_t gni_draw_port(struct gni_draw *d, uint32_t bound)
{
	return d->in_order ? 0 : (uint32_t)gni_rng_below(&d->ports, bound);
}

uint64_t gni_draw_tie(struct gni_draw *d)
{
	return d->in_order ? d->count++ : gni_rng_next(&d->ties) >> 1;
}
