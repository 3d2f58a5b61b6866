/*
 * link.c: what the rules do to a packet on its way.  Each packet asks each
 * question at most once, in the order below, so that a tape reads alike
 * whatever comes of it.
 */
#include "io/sim/link.h"

static uint64_t draw(struct gni_net *net, int64_t bound)
{
	return gni_tape_draw(net->tape, GNI_STREAM_FAULTS, (uint64_t)bound);
}

/* What is on its way through the rules. */
struct passage {
	struct gni_place *from, *to;
	const struct gni_effect *effect;
	struct gni_packet packet;
	struct gni_crossing crossing;
};

static void strike(struct passage *p, enum gni_fault fault)
{
	p->crossing.struck |= gni_mishap_struck(p->from, fault);
}

static void lose(struct passage *p, enum gni_fault fault)
{
	strike(p, fault);
	p->crossing.lost = true;
}

static bool chance(struct passage *p, enum gni_fault fault, uint32_t ppm)
{
	bool struck = gni_mishap_chance(p->from, fault, ppm);

	if (struck)
		p->crossing.struck |= GNI_STRUCK(fault);
	return struck;
}

static void cross_cut(struct passage *p)
{
	if (p->effect->faults.cut)
		lose(p, GNI_FAULT_CUT);
}

static void cross_mtu(struct passage *p)
{
	const gn_faults *f = &p->effect->faults;

	if (f->mtu && !p->packet.stream &&
	    p->packet.len + p->packet.head > f->mtu)
		lose(p, GNI_FAULT_MTU);
}

static void cross_loss(struct passage *p)
{
	if (chance(p, GNI_FAULT_LOSS, p->effect->faults.loss_ppm))
		p->crossing.lost = true;
}

/* What is kept for ever is lost. */
static void cross_stall(struct passage *p)
{
	gn_time now = p->from->net->now, end = p->effect->stall_end;

	if (!p->effect->faults.stall)
		return;
	if (end.ns == GN_NEVER.ns) {
		lose(p, GNI_FAULT_STALL);
		return;
	}
	strike(p, GNI_FAULT_STALL);
	p->crossing.ns += gn_time_between(now, end);
}

/* A queue before the link, of what was sent and has not left yet. */
static void cross_rate(struct passage *p)
{
	int64_t rate = p->effect->faults.rate_bits, waits_ns, takes_ns;
	gn_time *free_at = &p->from->link_free[p->to->number];
	gn_time now = p->from->net->now;

	if (!rate || p->crossing.lost)
		return;
	if (gn_time_before(*free_at, now))
		*free_at = now;
	waits_ns = gn_time_between(now, *free_at);
	takes_ns = (int64_t)p->packet.len * 8 * GN_SEC / rate;
	if (waits_ns > GNI_LINK_QUEUE_MAX * 8 * GN_SEC / rate) {
		lose(p, GNI_FAULT_RATE);
		return;
	}
	*free_at = gn_time_add(*free_at, takes_ns);
	if (waits_ns + takes_ns > 0)
		p->crossing.struck |=
			gni_mishap_slowed(p->from, GNI_FAULT_RATE);
	p->crossing.ns += waits_ns + takes_ns;
}

/* 0, 1, 2, 3, 4 … stand for 0, 1, -1, 2, -2 … */
static int64_t to_both_sides(uint64_t drawn)
{
	int64_t half = (int64_t)((drawn + 1) / 2);

	return drawn % 2 ? half : -half;
}

static void cross_delay(struct passage *p)
{
	const gn_faults *f = &p->effect->faults;
	int64_t ns = f->delay_ns;

	if (f->jitter_ns)
		ns += to_both_sides(draw(p->from->net, 2 * f->jitter_ns + 1));
	if (ns <= 0)
		return;
	p->crossing.struck |= gni_mishap_slowed(p->from, GNI_FAULT_DELAY);
	p->crossing.ns += ns;
}

static void cross_reorder(struct passage *p)
{
	int64_t most_ns = p->effect->faults.reorder_ns;
	uint64_t ns = most_ns ? draw(p->from->net, most_ns + 1) : 0;

	if (ns == 0)
		return;
	strike(p, GNI_FAULT_REORDER);
	p->crossing.ns += (int64_t)ns;
}

static void cross_corrupt(struct passage *p)
{
	if (p->packet.len)
		p->crossing.turned = chance(p, GNI_FAULT_CORRUPT,
					    p->effect->faults.corrupt_ppm);
}

static void cross_reset(struct passage *p)
{
	if (p->packet.stream && p->packet.len)
		p->crossing.broken =
			chance(p, GNI_FAULT_RESET, p->effect->faults.reset_ppm);
}

/* The copy of a stream's packet is dropped where it arrives. */
static void cross_dup(struct passage *p)
{
	int64_t ns = p->crossing.ns;

	if (!chance(p, GNI_FAULT_DUP, p->effect->faults.dup_ppm))
		return;
	if (p->effect->faults.reorder_ns)
		ns += (int64_t)draw(p->from->net,
				    p->effect->faults.reorder_ns + 1);
	p->crossing.twin_ns = ns;
}

static void (*const crossings[])(struct passage *p) = {
	cross_cut,   cross_mtu,	    cross_loss,	   cross_stall, cross_rate,
	cross_delay, cross_reorder, cross_corrupt, cross_reset, cross_dup,
};

struct gni_crossing gni_link_cross(struct gni_place *from, struct gni_place *to,
				   struct gni_packet packet)
{
	struct passage p = {
		.from = from,
		.to = to,
		.packet = packet,
		.crossing = { .ns = gni_place_latency(from, to),
			      .twin_ns = -1 },
	};
	size_t count = sizeof crossings / sizeof *crossings;

	if (!gni_mishap_any(from->net))
		return p.crossing;
	p.effect = gni_mishap_link(from, to);
	for (size_t i = 0; i < count && !p.crossing.lost; i++)
		crossings[i](&p);
	return p.crossing;
}

/* The longest that one way takes. */
static int64_t way_ns(const struct gni_place *from, const struct gni_place *to)
{
	int64_t ns = gni_place_latency(from, to);
	const gn_faults *f;

	if (!gni_mishap_any(from->net))
		return ns;
	f = &gni_mishap_link(from, to)->faults;
	return ns + f->delay_ns + f->jitter_ns + f->reorder_ns;
}

int64_t gni_link_round_trip_ns(const struct gni_place *a,
			       const struct gni_place *b)
{
	return way_ns(a, b) + way_ns(b, a);
}

static bool is_by_packet(const gn_faults *f)
{
	return f->loss_ppm || f->dup_ppm || f->corrupt_ppm || f->reset_ppm ||
	       f->reorder_ns || f->jitter_ns || f->rate_bits || f->mtu;
}

size_t gni_link_piece(const struct gni_place *from, const struct gni_place *to,
		      size_t head, size_t len)
{
	const gn_faults *f;
	size_t mtu;

	if (!gni_mishap_any(from->net))
		return SIZE_MAX;
	f = &gni_mishap_link(from, to)->faults;
	if (!is_by_packet(f))
		return SIZE_MAX;
	mtu = f->mtu ? f->mtu : GNI_LINK_MTU;
	mtu = (mtu > GNI_LINK_MTU_MIN ? mtu : GNI_LINK_MTU_MIN) - head;
	if (f->mtu && len > mtu)
		gni_mishap_handled(from->net,
				   gni_mishap_slowed(from, GNI_FAULT_MTU));
	return mtu;
}

void gni_link_turn(struct gni_net *net, uint8_t *bytes, size_t len)
{
	uint64_t at = draw(net, (int64_t)len * 8);

	bytes[at / 8] ^= (uint8_t)(1u << at % 8);
}
