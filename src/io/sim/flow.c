/*
 * flow.c: bytes on their way.  It knows instants and room, not what an end or
 * a reset means; a side (side.c) does.
 */
#include "io/sim/flow.h"

#include <errno.h>
#include <stdlib.h>

#include "io/sim/parcel.h"

static struct gni_segment *first_of(const struct gni_flow *flow)
{
	if (gni_list_empty(&flow->segments))
		return NULL;
	return GNI_OWNER(flow->segments.next, struct gni_segment, link);
}

static struct gni_segment *last_of(const struct gni_flow *flow)
{
	if (gni_list_empty(&flow->segments))
		return NULL;
	return GNI_OWNER(flow->segments.prev, struct gni_segment, link);
}

static void segment_free(struct gni_segment *s)
{
	gni_list_remove(&s->link);
	if (s->kind == GNI_SEGMENT_DATA)
		free(s);
}

static void on_arrival(struct gni_moment *moment)
{
	struct gni_flow *flow = GNI_OWNER(moment, struct gni_flow, arrival);
	struct gni_segment *s =
		GNI_OWNER(flow->segments.next, struct gni_segment, link);
	enum gni_segment_kind kind = (enum gni_segment_kind)s->kind;
	size_t len = s->len;

	segment_free(s);
	flow->arrived += len;
	s = first_of(flow);
	if (s)
		gni_net_plan_at(flow->net, &flow->arrival, s->due);
	flow->arrive(flow, kind, len);
}

static void set_credit(struct gni_flow *flow)
{
	flow->returned_at = flow->net->now;
	gni_net_plan(flow->net, &flow->credit, flow->latency_ns(flow));
}

static void on_credit(struct gni_moment *moment)
{
	struct gni_flow *flow = GNI_OWNER(moment, struct gni_flow, credit);

	flow->used -= flow->returned;
	flow->returned = flow->later;
	flow->later = 0;
	if (flow->returned)
		set_credit(flow);
	flow->room(flow);
}

void gni_flow_init(struct gni_flow *flow, struct gni_net *net)
{
	*flow = (struct gni_flow){ .net = net };
	gni_list_init(&flow->segments);
	flow->arrival.fire = on_arrival;
	flow->credit.fire = on_credit;
}

static void push(struct gni_flow *flow, struct gni_segment *s)
{
	struct gni_segment *last = last_of(flow);
	gn_time due = gn_time_add(flow->net->now, flow->latency_ns(flow));

	if (last && gn_time_before(due, last->due))
		due = last->due;
	s->due = due;
	gni_list_add(&flow->segments, &s->link);
	if (!last)
		gni_net_plan_at(flow->net, &flow->arrival, due);
}

int gni_flow_send(struct gni_flow *flow, const struct msghdr *m, size_t len)
{
	struct gni_segment *s;
	uint8_t *room;

	flow->used += len;
	if (flow->stopped)
		return 0;
	s = calloc(1, sizeof *s);
	room = s ? gni_bytes_room(&flow->bytes, len) : NULL;
	if (!room) {
		free(s);
		flow->used -= len;
		return -ENOBUFS;
	}
	gni_message_read(m, 0, room, len);
	gni_bytes_added(&flow->bytes, len);
	s->len = len;
	s->kind = GNI_SEGMENT_DATA;
	push(flow, s);
	return 0;
}

void gni_flow_mark(struct gni_flow *flow, enum gni_segment_kind kind)
{
	struct gni_segment *s = &flow->marks[kind];

	if (flow->stopped || s->used)
		return;
	s->used = true;
	s->kind = (uint8_t)kind;
	push(flow, s);
}

/* Bytes taken at one instant come back as room together; those taken while
 * others are on their way back follow after them. */
static void give_back(struct gni_flow *flow, size_t len)
{
	if (!flow->credit.set) {
		flow->returned = len;
		set_credit(flow);
	} else if (flow->returned_at.ns == flow->net->now.ns) {
		flow->returned += len;
	} else {
		flow->later += len;
	}
}

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

void gni_flow_cut(struct gni_flow *flow)
{
	struct gni_segment *s;

	while ((s = last_of(flow)) && s->kind == GNI_SEGMENT_DATA &&
	       gni_draw_network(flow->net->tape, 2)) {
		flow->bytes.end -= s->len;
		segment_free(s);
	}
	if (!first_of(flow))
		gni_moment_clear(&flow->net->moments, &flow->arrival);
}

void gni_flow_stop(struct gni_flow *flow)
{
	struct gni_segment *s;

	while ((s = first_of(flow))) {
		flow->bytes.end -= s->len;
		segment_free(s);
	}
	gni_moment_clear(&flow->net->moments, &flow->arrival);
	flow->stopped = true;
}

void gni_flow_refuse(struct gni_flow *flow, size_t len)
{
	flow->arrived -= len;
	flow->bytes.end -= len;
}

bool gni_flow_idle(const struct gni_flow *flow)
{
	return gni_list_empty(&flow->segments);
}

void gni_flow_free(struct gni_flow *flow)
{
	gni_flow_stop(flow);
	gni_moment_clear(&flow->net->moments, &flow->credit);
	gni_bytes_free(&flow->bytes);
}
