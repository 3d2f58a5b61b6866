/*
 * flow.c: bytes on their way.  It knows instants and room, not what an end or
 * a reset means; a side (side.c) does.
 */
#include "io/sim/flow.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "io/sim/link.h"
#include "io/sim/parcel.h"

static struct gni_segment *segment_of(const struct gni_list *m)
{
	return GNI_OWNER(m, struct gni_segment, link);
}

static struct gni_segment *first_of(const struct gni_list *list)
{
	return gni_list_empty(list) ? NULL : segment_of(list->next);
}

static struct gni_segment *last_of(const struct gni_list *list)
{
	return gni_list_empty(list) ? NULL : segment_of(list->prev);
}

/* Data and the end of it are sent till they are answered. */
static bool is_owed(const struct gni_segment *s)
{
	return s->kind == GNI_SEGMENT_DATA || s->kind == GNI_SEGMENT_END;
}

static void segment_free(struct gni_flow *flow, struct gni_segment *s)
{
	gni_list_remove(&s->link);
	flow->owed -= is_owed(s);
	if (s->kind == GNI_SEGMENT_DATA)
		free(s);
	else
		s->used = false;
}

/* Of the others only the handshake's last packet will be asked for again. */
static bool is_kept(const struct gni_segment *s)
{
	return is_owed(s) || s->kind == GNI_SEGMENT_OPEN;
}

static void forget(struct gni_flow *flow, struct gni_segment *s)
{
	if (s->kind == GNI_SEGMENT_PROBE)
		flow->probes_struck |= s->struck;
	segment_free(flow, s);
}

/* One that has not arrived. */
static void drop(struct gni_flow *flow, struct gni_segment *s)
{
	flow->bytes.end -= s->len;
	segment_free(flow, s);
}

/* ---- arriving */

static void plan(struct gni_flow *flow, struct gni_moment *m,
		 const struct gni_segment *s)
{
	bool past = gn_time_before(s->due, flow->net->now);

	gni_moment_clear(&flow->net->moments, m);
	m->quiet = s->kind == GNI_SEGMENT_PROBE;
	gni_net_plan_at(flow->net, m, past ? flow->net->now : s->due);
}

static struct gni_segment *first_not_lost(const struct gni_list *list)
{
	const struct gni_list *m = list->next;

	while (m != list && segment_of(m)->lost)
		m = m->next;
	return m == list ? NULL : segment_of(m);
}

/* When the first is lost the others wait behind it; but where nobody takes
 * anything there is no order to be kept. */
static struct gni_segment *next_of(const struct gni_flow *flow)
{
	struct gni_segment *s = first_not_lost(&flow->segments);

	return flow->stopped || s == first_of(&flow->segments) ? s : NULL;
}

static void plan_arrival(struct gni_flow *flow)
{
	const struct gni_segment *s = next_of(flow);

	if (s)
		plan(flow, &flow->arrival, s);
	else
		gni_moment_clear(&flow->net->moments, &flow->arrival);
}

static void on_arrival(struct gni_moment *moment)
{
	struct gni_flow *flow = GNI_OWNER(moment, struct gni_flow, arrival);
	struct gni_segment *s = next_of(flow);

	GNI_CHECK(s, "simulation: what arrives is not under way");
	gni_list_remove(&s->link);
	flow->arrived += s->len;
	plan_arrival(flow);
	flow->arrive(flow, s);
}

/* ---- room */

static void set_credit(struct gni_flow *flow)
{
	struct gni_packet word = { .stream = true };
	struct gni_crossing c = gni_link_cross(flow->to, flow->from, word);

	flow->returned_at = flow->net->now;
	flow->credit_lost = c.lost;
	if (!c.lost)
		gni_net_plan(flow->net, &flow->credit, c.ns);
}

static void regain(struct gni_flow *flow)
{
	flow->used -= flow->returned;
	flow->returned = flow->later;
	flow->later = 0;
	flow->credit_lost = false;
	if (flow->returned)
		set_credit(flow);
	flow->room(flow);
}

static void on_credit(struct gni_moment *moment)
{
	regain(GNI_OWNER(moment, struct gni_flow, credit));
}

/* Bytes taken at one instant come back as room together; those taken while
 * others are on their way back follow after them. */
static void give_back(struct gni_flow *flow, size_t len)
{
	if (!flow->credit.set) {
		flow->returned += len;
		set_credit(flow);
	} else if (flow->returned_at.ns == flow->net->now.ns) {
		flow->returned += len;
	} else {
		flow->later += len;
	}
}

/* ---- answers */

static void plan_answer(struct gni_flow *flow)
{
	const struct gni_segment *s = first_not_lost(&flow->answers);

	if (s)
		plan(flow, &flow->answer, s);
	else
		gni_moment_clear(&flow->net->moments, &flow->answer);
}

/* An answer speaks for all that came before, and tells of the room. */
static void on_answer(struct gni_moment *moment)
{
	struct gni_flow *flow = GNI_OWNER(moment, struct gni_flow, answer);
	const struct gni_segment *speaks = first_not_lost(&flow->answers);
	struct gni_segment *s;
	bool last;

	do {
		s = segment_of(flow->answers.next);
		last = s == speaks;
		gni_mishap_handled(flow->net, s->struck);
		segment_free(flow, s);
	} while (!last);
	flow->probes_struck = 0;
	plan_answer(flow);
	if (flow->credit_lost)
		regain(flow);
	flow->answered(flow);
}

static void answer(struct gni_flow *flow, struct gni_segment *s)
{
	struct gni_packet word = { .stream = true };
	struct gni_crossing c = gni_link_cross(flow->to, flow->from, word);

	s->struck = c.struck;
	s->lost = c.lost;
	s->due = gn_time_add(flow->net->now, c.ns);
	gni_list_add(&flow->answers, &s->link);
	if (c.lost && !is_kept(s))
		forget(flow, s);
	else if (!flow->answer.set)
		plan_answer(flow);
}

void gni_flow_take_in(struct gni_flow *flow, struct gni_segment *s)
{
	bool wants_answer = is_owed(s) || s->kind == GNI_SEGMENT_PROBE;

	gni_mishap_handled(flow->net, s->struck);
	if (flow->net->careful && wants_answer && !flow->deserted)
		answer(flow, s);
	else
		segment_free(flow, s);
}

void gni_flow_turn_down(struct gni_flow *flow, struct gni_segment *s)
{
	flow->arrived -= s->len;
	flow->bytes.end -= s->len;
	s->len = 0;
	s->lost = true;
	if (flow->net->careful && is_kept(s) && !flow->deserted)
		gni_list_insert(flow->segments.next, &s->link);
	else
		forget(flow, s);
	plan_arrival(flow);
}

/* ---- sending */

/* Where its bytes are. */
static uint8_t *bytes_of(struct gni_flow *flow, const struct gni_segment *s)
{
	size_t at = flow->bytes.start + flow->arrived;
	const struct gni_list *m = flow->segments.next;

	for (; m != &s->link; m = m->next)
		at += segment_of(m)->len;
	return flow->bytes.memory + at;
}

/* Puts it on the link.  False: the link reset the connection, and the segment
 * is gone. */
static bool launch(struct gni_flow *flow, struct gni_segment *s)
{
	struct gni_packet packet = { .len = s->len, .stream = true };
	struct gni_crossing c = gni_link_cross(flow->from, flow->to, packet);

	s->struck |= c.struck;
	s->lost = c.lost || c.broken;
	s->due = gn_time_add(flow->net->now, c.ns);
	if (c.turned && !c.broken)
		gni_link_turn(flow->net, bytes_of(flow, s), s->len);
	if (c.broken)
		flow->broken(flow);
	return !c.broken;
}

/* What comes behind the handshake's last packet ends the handshake too. */
static void open_by(struct gni_flow *flow, const struct gni_segment *s)
{
	struct gni_segment *first = segment_of(flow->segments.next);

	if (first == s || first->kind != GNI_SEGMENT_OPEN || !first->lost ||
	    s->lost)
		return;
	first->lost = false;
	first->due = s->due;
	plan_arrival(flow);
}

static void push(struct gni_flow *flow, struct gni_segment *s)
{
	gni_list_add(&flow->segments, &s->link);
	flow->owed += is_owed(s);
	if (!launch(flow, s))
		return;
	if (s->lost && !is_kept(s)) {
		forget(flow, s);
		return;
	}
	open_by(flow, s);
	if (!flow->arrival.set)
		plan_arrival(flow);
}

static int send_piece(struct gni_flow *flow, const struct msghdr *m,
		      size_t offset, size_t len)
{
	struct gni_segment *s = calloc(1, sizeof *s);
	uint8_t *room;

	if (!s)
		return -ENOBUFS;
	s->kind = GNI_SEGMENT_DATA;
	if (!flow->stopped) {
		room = gni_bytes_room(&flow->bytes, len);
		if (!room) {
			free(s);
			return -ENOBUFS;
		}
		gni_message_read(m, offset, room, len);
		gni_bytes_added(&flow->bytes, len);
		s->len = len;
	}
	flow->used += len;
	push(flow, s);
	return 0;
}

ssize_t gni_flow_send(struct gni_flow *flow, const struct msghdr *m, size_t len)
{
	size_t most = gni_link_piece(flow->from, flow->to, flow->head, len);
	size_t done = 0, piece;

	if (flow->stopped && !flow->net->careful) {
		flow->used += len;
		return (ssize_t)len;
	}
	for (; done < len; done += piece) {
		piece = len - done < most ? len - done : most;
		if (send_piece(flow, m, done, piece) < 0)
			break;
	}
	return done ? (ssize_t)done : -ENOBUFS;
}

void gni_flow_mark(struct gni_flow *flow, enum gni_segment_kind kind)
{
	struct gni_segment *s = &flow->marks[kind];

	if (s->used || (flow->stopped && !flow->net->careful))
		return;
	if (kind == GNI_SEGMENT_RESET)
		gni_flow_abandon(flow);
	*s = (struct gni_segment){ .kind = (uint8_t)kind, .used = true };
	push(flow, s);
}

void gni_flow_break(struct gni_flow *flow)
{
	struct gni_segment *s = &flow->marks[GNI_SEGMENT_RESET];
	int64_t ns = gni_place_latency(flow->from, flow->to);

	gni_flow_abandon(flow);
	if (s->used)
		return;
	*s = (struct gni_segment){ .kind = GNI_SEGMENT_RESET,
				   .used = true,
				   .due = gn_time_add(flow->net->now, ns),
				   .struck = GNI_STRUCK(GNI_FAULT_RESET) };
	gni_list_add(&flow->segments, &s->link);
	if (!flow->arrival.set)
		plan_arrival(flow);
}

/* A packet goes one way, and what we want comes back. */
static void ask(struct gni_segment *s, struct gni_place *from,
		struct gni_place *to)
{
	struct gni_packet word = { .stream = true };
	struct gni_crossing there = gni_link_cross(from, to, word), back;

	s->struck |= there.struck;
	if (there.lost)
		return;
	back = gni_link_cross(to, from, word);
	s->struck |= back.struck;
	s->lost = back.lost;
	s->due = gn_time_add(from->net->now, there.ns + back.ns);
}

void gni_flow_ask_open(struct gni_flow *flow)
{
	ask(first_of(&flow->segments), flow->to, flow->from);
	plan_arrival(flow);
}

void gni_flow_resend(struct gni_flow *flow)
{
	struct gni_segment *s = last_of(&flow->answers);

	if (s && s->lost) {
		ask(s, flow->from, flow->to);
		plan_answer(flow);
	}
	for (struct gni_list *m = flow->segments.next; m != &flow->segments;
	     m = m->next)
		if (segment_of(m)->lost && !launch(flow, segment_of(m)))
			return;
	if (!flow->arrival.set)
		plan_arrival(flow);
}

static void report(struct gni_net *net, const struct gni_list *list)
{
	for (const struct gni_list *m = list->next; m != list; m = m->next)
		gni_mishap_handled(net, segment_of(m)->struck);
}

void gni_flow_report(struct gni_flow *flow)
{
	report(flow->net, &flow->segments);
	report(flow->net, &flow->answers);
	gni_mishap_handled(flow->net, flow->probes_struck);
}

bool gni_flow_lacks(const struct gni_flow *flow, enum gni_segment_kind kind)
{
	const struct gni_segment *s = first_of(&flow->segments);

	return s && s->kind == kind && s->lost;
}

/* ---- receiving */

void gni_flow_take(struct gni_flow *flow, struct msghdr *m, size_t len,
		   int flags)
{
	if (!(flags & MSG_TRUNC) && len)
		gni_message_write(m, 0, gni_bytes_first(&flow->bytes), len);
	if (flags & MSG_PEEK || len == 0)
		return;
	gni_bytes_drop(&flow->bytes, len);
	flow->arrived -= len;
	give_back(flow, len);
}

/* ---- ending */

void gni_flow_cut(struct gni_flow *flow)
{
	struct gni_segment *s;

	while ((s = last_of(&flow->segments)) && s->kind == GNI_SEGMENT_DATA &&
	       gni_draw_network(flow->net->tape, 2))
		drop(flow, s);
	if (!first_of(&flow->segments))
		gni_moment_clear(&flow->net->moments, &flow->arrival);
}

static void drop_from(struct gni_flow *flow, const struct gni_list *first)
{
	struct gni_segment *s;
	bool last;

	do {
		s = segment_of(flow->segments.prev);
		last = &s->link == first;
		drop(flow, s);
	} while (!last);
}

static void drop_all(struct gni_flow *flow)
{
	if (first_of(&flow->segments))
		drop_from(flow, flow->segments.next);
	gni_moment_clear(&flow->net->moments, &flow->arrival);
}

static void drop_answers(struct gni_flow *flow)
{
	struct gni_segment *s;

	while ((s = first_of(&flow->answers)))
		segment_free(flow, s);
	gni_moment_clear(&flow->net->moments, &flow->answer);
}

/* They cross the link, and what is there will be told that nobody is. */
static void hollow_out(struct gni_flow *flow)
{
	struct gni_segment *s;

	for (struct gni_list *m = flow->segments.next; m != &flow->segments;
	     m = m->next) {
		flow->bytes.end -= segment_of(m)->len;
		segment_of(m)->len = 0;
	}
	while ((s = last_of(&flow->answers)) && s->lost) {
		gni_list_remove(&s->link);
		s->len = 0;
		gni_list_insert(flow->segments.next, &s->link);
	}
	plan_arrival(flow);
}

void gni_flow_stop(struct gni_flow *flow)
{
	if (flow->stopped)
		return;
	flow->stopped = true;
	if (flow->net->careful)
		hollow_out(flow);
	else
		drop_all(flow);
}

void gni_flow_abandon(struct gni_flow *flow)
{
	const struct gni_list *m = flow->segments.next;

	flow->deserted = true;
	while (m != &flow->segments && !segment_of(m)->lost)
		m = m->next;
	if (m != &flow->segments)
		drop_from(flow, m);
	if (!first_of(&flow->segments))
		gni_moment_clear(&flow->net->moments, &flow->arrival);
	drop_answers(flow);
}

bool gni_flow_idle(const struct gni_flow *flow)
{
	return gni_list_empty(&flow->segments) &&
	       gni_list_empty(&flow->answers);
}

void gni_flow_init(struct gni_flow *flow, struct gni_net *net)
{
	*flow = (struct gni_flow){ .net = net };
	gni_list_init(&flow->segments);
	gni_list_init(&flow->answers);
	flow->arrival.fire = on_arrival;
	flow->answer.fire = on_answer;
	flow->credit.fire = on_credit;
}

void gni_flow_free(struct gni_flow *flow)
{
	drop_all(flow);
	drop_answers(flow);
	gni_moment_clear(&flow->net->moments, &flow->credit);
	gni_bytes_free(&flow->bytes);
}
