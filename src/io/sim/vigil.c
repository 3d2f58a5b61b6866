/*
 * vigil.c: the timers of a TCP connection's end.  One moment does for all, as
 * at most one of them matters at a time.
 */
#include "io/sim/vigil.h"

#include "io/sim/link.h"
#include "io/sim/wire.h"

/* Linux's TCP_RTO_MIN, TCP_RTO_MAX and TCP_TIMEOUT_INIT. */
#define RESEND_NS_MIN (200 * GN_MSEC)
#define RESEND_NS_MAX (120 * GN_SEC)
#define HANDSHAKE_NS GN_SEC

/* What tcp_retries2 (15) comes to, and what is left to a closed socket
 * (8 retries), both from the least time-out on; and tcp_synack_retries. */
#define OWED_NS_MAX (924600 * GN_MSEC)
#define ORPHAN_NS_MAX (102200 * GN_MSEC)
#define PROBES_MAX 15
#define HANDSHAKE_TRIES_MAX 5

enum watch {
	NOTHING,
	OWED,
	SHUT,
	IDLE,
	HANDSHAKE
};

static struct gni_side *side_of(struct gni_moment *m)
{
	return GNI_OWNER(m, struct gni_side, vigil.moment);
}

static struct gni_net *net_of(const struct gni_side *side)
{
	return side->in.net;
}

static struct gni_flow *out(const struct gni_side *side)
{
	return &side->peer->in;
}

static int64_t past_ns(const struct gni_side *side, gn_time since)
{
	return gn_time_between(since, net_of(side)->now);
}

static int64_t user_timeout_ns(const struct gni_side *side)
{
	const struct gni_node *node = side->node;

	return node ? node->options.user_timeout_ms * GN_MSEC : 0;
}

static int64_t resend_ns(const struct gni_side *side)
{
	return RESEND_NS_MIN +
	       gni_link_round_trip_ns(side->place, side->peer->place);
}

static int64_t doubled(int64_t ns, unsigned times)
{
	while (times-- > 0 && ns < RESEND_NS_MAX)
		ns *= 2;
	return ns < RESEND_NS_MAX ? ns : RESEND_NS_MAX;
}

/* The user timeout may come before the next instant. */
static int64_t at_most(const struct gni_side *side, int64_t ns)
{
	int64_t timeout_ns = user_timeout_ns(side), left_ns;

	if (!timeout_ns)
		return ns;
	left_ns = timeout_ns - past_ns(side, side->vigil.since);
	if (left_ns < GN_MSEC)
		left_ns = GN_MSEC;
	return ns < left_ns ? ns : left_ns;
}

/* ---- each watch: when it fires first, and what it does then: the time to
 * the next instant, below 0 when it gives up */

#define GIVEN_UP (-1)

static bool is_owed_too_long(const struct gni_side *side)
{
	const struct gni_vigil *v = &side->vigil;
	int64_t timeout_ns = user_timeout_ns(side);

	if (timeout_ns)
		return v->tries > 2 && past_ns(side, v->since) >= timeout_ns;
	return past_ns(side, v->begun) >=
	       (side->node ? OWED_NS_MAX : ORPHAN_NS_MAX);
}

static int64_t on_owed(struct gni_side *side)
{
	struct gni_vigil *v = &side->vigil;

	v->tries++;
	if (is_owed_too_long(side))
		return GIVEN_UP;
	gni_net_note(net_of(side), side->place, "resend", v->tries);
	gni_flow_resend(out(side));
	if (v->tries == 1) /* Linux's tail loss probe, which counts for none */
		return resend_ns(side);
	if (v->tries == 2)
		v->since = net_of(side)->now;
	return at_most(side, doubled(resend_ns(side), v->tries - 1));
}

static void probe(struct gni_side *side)
{
	side->vigil.unheard++;
	if (net_of(side)->careful)
		gni_flow_mark(out(side), GNI_SEGMENT_PROBE);
}

static int64_t on_shut(struct gni_side *side)
{
	struct gni_vigil *v = &side->vigil;
	int64_t timeout_ns = user_timeout_ns(side);

	v->tries++;
	if (v->tries == 1)
		v->since = net_of(side)->now;
	if (timeout_ns ? v->tries > 1 && past_ns(side, v->since) >= timeout_ns
		       : v->unheard >= PROBES_MAX)
		return GIVEN_UP;
	probe(side);
	return at_most(side, doubled(resend_ns(side), v->tries));
}

static int64_t till_idle_ns(struct gni_side *side)
{
	int64_t ns = side->node->options.keep_idle_s * GN_SEC -
		     past_ns(side, side->vigil.heard);

	return ns > 0 ? ns : 0;
}

static int64_t on_idle(struct gni_side *side)
{
	const struct gni_socket_options *options = &side->node->options;
	int64_t past = past_ns(side, side->vigil.heard);
	int64_t timeout_ns = user_timeout_ns(side);
	unsigned unheard = side->vigil.unheard;

	if (till_idle_ns(side) > 0)
		return till_idle_ns(side);
	if (timeout_ns ? past >= timeout_ns && unheard > 0
		       : unheard >= (unsigned)options->keep_count) {
		gni_flow_mark(out(side), GNI_SEGMENT_RESET);
		return GIVEN_UP;
	}
	probe(side);
	return options->keep_interval_s * GN_SEC;
}

static int64_t handshake_ns(struct gni_side *side)
{
	(void)side;
	return HANDSHAKE_NS;
}

static int64_t on_handshake(struct gni_side *side)
{
	if (++side->vigil.tries > HANDSHAKE_TRIES_MAX)
		return GIVEN_UP;
	gni_wire_answer_again(side->wire);
	return doubled(HANDSHAKE_NS, side->vigil.tries);
}

static int64_t first_ns(struct gni_side *side)
{
	return resend_ns(side);
}

static const struct {
	int64_t (*first_ns)(struct gni_side *side);
	int64_t (*fire)(struct gni_side *side);
} watches[] = {
	[OWED] = { first_ns, on_owed },
	[SHUT] = { first_ns, on_shut },
	[IDLE] = { till_idle_ns, on_idle },
	[HANDSHAKE] = { handshake_ns, on_handshake },
};

/* ---- which of them */

/* What came and was not taken fills the peer's buffer: what lies beyond would
 * still be ours.  Or the word of room was lost. */
static bool is_shut(const struct gni_side *side)
{
	const struct gni_node *peer = side->peer->node;

	if (!peer)
		return false;
	return out(side)->credit_lost ||
	       out(side)->arrived > (size_t)peer->options.recv_bytes / 2;
}

static enum watch wanted(const struct gni_side *side)
{
	bool careful = net_of(side)->careful;
	const struct gni_node *node = side->node;

	if (side->dead)
		return NOTHING;
	if (careful && node && node->state == GNI_NODE_ANSWERING)
		return HANDSHAKE;
	if (careful && out(side)->owed)
		return OWED;
	if (!node || node->state != GNI_NODE_CONNECTED)
		return NOTHING;
	if ((careful || node->options.user_timeout_ms) && is_shut(side))
		return SHUT;
	return careful && node->options.keepalive ? IDLE : NOTHING;
}

/* What can go on for ever is quiet. */
static bool is_quiet(const struct gni_side *side)
{
	enum watch over = side->vigil.over;

	return over == IDLE || (over == SHUT && !user_timeout_ns(side));
}

static void on_moment(struct gni_moment *m)
{
	struct gni_side *side = side_of(m);
	struct gni_wire *wire = side->wire;
	int64_t next_ns;

	wire->busy = true;
	net_of(side)->quiet_turns += m->quiet;
	next_ns = watches[side->vigil.over].fire(side);
	if (next_ns == GIVEN_UP)
		gni_side_give_up(side);
	else if (!side->dead)
		gni_net_plan(net_of(side), m, next_ns);
	wire->busy = false;
	gni_wire_settle(wire);
}

void gni_vigil_init(struct gni_side *side)
{
	side->vigil = (struct gni_vigil){ .heard = net_of(side)->now,
					  .moment.fire = on_moment };
}

void gni_vigil_end(struct gni_side *side)
{
	gni_moment_clear(&net_of(side)->moments, &side->vigil.moment);
	side->vigil.over = NOTHING;
}

void gni_vigil_look(struct gni_side *side)
{
	struct gni_vigil *v = &side->vigil;
	enum watch over = wanted(side);

	if (over == v->over)
		return;
	gni_vigil_end(side);
	v->over = (uint8_t)over;
	v->tries = v->unheard = 0;
	v->begun = net_of(side)->now;
	if (over == NOTHING)
		return;
	v->moment.quiet = is_quiet(side);
	gni_net_plan(net_of(side), &v->moment, watches[over].first_ns(side));
}

void gni_vigil_heard(struct gni_side *side, bool answer)
{
	side->vigil.heard = net_of(side)->now;
	side->vigil.unheard = 0;
	if (!answer)
		return;
	if (side->vigil.over == OWED)
		gni_vigil_end(side);
	gni_vigil_look(side);
}

void gni_vigil_again(struct gni_side *side)
{
	if (side->vigil.over == IDLE)
		gni_vigil_end(side);
	gni_vigil_look(side);
}
