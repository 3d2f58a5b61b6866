/*
 * mishap.c: the rules of faults.  It knows whom they are for and when they
 * hold; what a fault does is done where it strikes.
 */
#include "io/sim/mishap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/sim/power.h"
#include "io/sim/wire.h"

struct rule {
	struct gni_list link;
	struct gni_net *net;
	gn_fault_rule rule;
	unsigned from, to;	/* places; 0: any */
	struct gni_moment edge; /* when it begins to hold, and ends */
	struct gni_moment crash, restart, jump;
};

static struct rule *rule_of(struct gni_list *m)
{
	return GNI_OWNER(m, struct rule, link);
}

/* ---- what happens once */

/* Whoever a rule of hosts is for. */
static bool is_for(const struct rule *r, const struct gni_place *place)
{
	return r->from == 0 || r->from == place->number;
}

static void each_place(struct rule *r, enum gni_fault fault,
		       void (*strike)(struct gni_place *place,
				      const struct rule *r))
{
	struct gni_net *net = r->net;

	for (unsigned i = 1; i <= net->place_count; i++) {
		if (!is_for(r, net->places[i]))
			continue;
		gni_mishap_struck(net->places[i], fault);
		strike(net->places[i], r);
	}
}

static void crash(struct gni_place *place, const struct rule *r)
{
	(void)r;
	gni_power_off(place);
}

static void restart(struct gni_place *place, const struct rule *r)
{
	(void)r;
	gni_power_off(place);
	gni_power_return(place);
	gni_mishap_handled(place->net, GNI_STRUCK(GNI_FAULT_RESTART));
}

static void jump(struct gni_place *place, const struct rule *r)
{
	gni_net_leap(place, r->rule.faults.clock_jump_ns);
	gni_mishap_handled(place->net, GNI_STRUCK(GNI_FAULT_CLOCK_JUMP));
}

static void on_crash(struct gni_moment *m)
{
	each_place(GNI_OWNER(m, struct rule, crash), GNI_FAULT_CRASH, crash);
}

static void on_restart(struct gni_moment *m)
{
	each_place(GNI_OWNER(m, struct rule, restart), GNI_FAULT_RESTART,
		   restart);
}

static void on_jump(struct gni_moment *m)
{
	each_place(GNI_OWNER(m, struct rule, jump), GNI_FAULT_CLOCK_JUMP, jump);
}

/* ---- when a rule holds */

static gn_time instant(const struct rule *r, int64_t elapsed_ns)
{
	return gn_time_add(r->net->mishaps.begun, elapsed_ns);
}

static bool holds(const struct rule *r)
{
	const struct gni_net *net = r->net;

	return gni_fault_holds(&r->rule,
			       gn_time_between(net->mishaps.begun, net->now));
}

static gn_time end_of(const struct rule *r)
{
	return r->rule.end_ns ? instant(r, r->rule.end_ns) : GN_NEVER;
}

/* The next instant at which it begins or ends to hold. */
static gn_time next_edge(const struct rule *r)
{
	gn_time begin = instant(r, r->rule.begin_ns), now = r->net->now;

	if (gn_time_before(now, begin))
		return begin;
	return gn_time_before(now, end_of(r)) ? end_of(r) : GN_NEVER;
}

static void plan_edge(struct rule *r)
{
	gn_time at = next_edge(r);

	if (at.ns != GN_NEVER.ns)
		gni_net_plan_at(r->net, &r->edge, at);
}

/* A rule that will hold or end one day is something that can still come. */
static void on_edge(struct gni_moment *m)
{
	struct rule *r = GNI_OWNER(m, struct rule, edge);

	gni_net_note(r->net, r->from ? r->net->places[r->from] : NULL,
		     holds(r) ? "faults begin" : "faults end", 0);
	plan_edge(r);
}

static gn_time drawn_instant(const struct rule *r)
{
	int64_t span = r->rule.end_ns ? r->rule.end_ns - r->rule.begin_ns : 0;
	uint64_t after = gni_tape_draw(r->net->tape, GNI_STREAM_FAULTS,
				       (uint64_t)(span / GN_USEC));

	return instant(r, r->rule.begin_ns + (int64_t)after * GN_USEC);
}

static void plan_once(struct rule *r, struct gni_moment *m,
		      enum gni_fault fault)
{
	gn_time at;

	if (!gni_fault_given(&r->rule.faults, fault))
		return;
	at = drawn_instant(r);
	if (gn_time_before(at, r->net->now))
		at = r->net->now;
	gni_net_plan_at(r->net, m, at);
}

/* ---- adding and removing */

static int resolve(struct gni_io *io, const char name[GN_FAULT_HOST_MAX],
		   unsigned *place)
{
	int number = 0;

	if (!memchr(name, 0, GN_FAULT_HOST_MAX))
		return -ENOENT;
	if (name[0])
		number = gni_sim_place(io, name);
	if (number < 0)
		return number;
	*place = (unsigned)number;
	return 0;
}

static int rule_new(struct gni_net *net, const gn_fault_rule *rule,
		    struct gni_list *list)
{
	struct rule *r;
	int result;

	/* One that was not read may be anything. */
	if (!gni_fault_could_be_read(rule))
		return -EINVAL;
	r = calloc(1, sizeof *r);
	if (!r)
		return -ENOMEM;
	r->net = net;
	r->rule = *rule;
	r->edge.fire = on_edge;
	r->crash.fire = on_crash;
	r->restart.fire = on_restart;
	r->jump.fire = on_jump;
	gni_list_add(list, &r->link);
	result = resolve(&net->io, rule->from, &r->from);
	return result < 0 ? result : resolve(&net->io, rule->to, &r->to);
}

static void rule_free(struct rule *r)
{
	struct gni_moment *all[] = { &r->edge, &r->crash, &r->restart,
				     &r->jump };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		gni_moment_clear(&r->net->moments, all[i]);
	gni_list_remove(&r->link);
	free(r);
}

static void free_all(struct gni_list *rules)
{
	while (!gni_list_empty(rules))
		rule_free(rule_of(rules->next));
}

/* From now on other rules hold. */
static void turn_over(struct gni_net *net)
{
	net->mishaps.next_edge = net->now;
}

static void enact(struct gni_net *net, struct rule *r)
{
	gni_list_remove(&r->link);
	gni_list_add(&net->mishaps.rules, &r->link);
	plan_edge(r);
	plan_once(r, &r->crash, GNI_FAULT_CRASH);
	plan_once(r, &r->restart, GNI_FAULT_RESTART);
	plan_once(r, &r->jump, GNI_FAULT_CLOCK_JUMP);
}

static int rules_new(struct gni_net *net, const gn_fault_rule *rules, int count,
		     struct gni_list *list)
{
	int result = 0;

	gni_list_init(list);
	for (int i = 0; i < count && result == 0; i++)
		result = rule_new(net, &rules[i], list);
	if (result < 0)
		free_all(list);
	return result;
}

int gni_sim_fault_check(struct gni_io *io, const gn_fault_rule *rules,
			int count)
{
	struct gni_list list;
	int result = rules_new(gni_net_of(io), rules, count, &list);

	free_all(&list);
	return result;
}

int gni_sim_fault(struct gni_io *io, const gn_fault_rule *rules, int count)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_list list;
	int result = rules_new(net, rules, count, &list);

	if (result < 0)
		return result;
	while (!gni_list_empty(&list))
		enact(net, rule_of(list.next));
	turn_over(net);
	if (count > 0)
		gni_wires_watch(net);
	return 0;
}

static void on_heal(struct gni_moment *m)
{
	struct gni_net *net = GNI_OWNER(m, struct gni_net, mishaps.heal);

	gni_net_note(net, NULL, "heal", 0);
	free_all(&net->mishaps.rules);
	for (unsigned i = 1; i <= net->place_count; i++)
		gni_power_return(net->places[i]);
}

void gni_sim_heal(struct gni_io *io, int64_t at_ns)
{
	struct gni_net *net = gni_net_of(io);
	gn_time at = gn_time_add(net->mishaps.begun, at_ns);

	if (gn_time_before(at, net->now))
		at = net->now;
	gni_net_plan_at(net, &net->mishaps.heal, at);
	turn_over(net);
}

bool gni_sim_returns(struct gni_io *io, unsigned place)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_list *all = &net->mishaps.rules;

	for (struct gni_list *m = all->next; m != all; m = m->next)
		if (rule_of(m)->restart.set &&
		    is_for(rule_of(m), net->places[place]))
			return true;
	return net->mishaps.heal.set;
}

void gni_mishaps_init(struct gni_net *net)
{
	gni_list_init(&net->mishaps.rules);
	net->mishaps.begun = net->now;
	net->mishaps.heal.fire = on_heal;
}

void gni_mishaps_free(struct gni_net *net)
{
	gni_moment_clear(&net->moments, &net->mishaps.heal);
	free_all(&net->mishaps.rules);
}

/* ---- what holds now */

static bool is_on_link(const struct rule *r, unsigned from, unsigned to)
{
	if (r->to)
		return (r->from == from && r->to == to) ||
		       (!r->rule.one_way && r->from == to && r->to == from);
	/* A host's loopback is no link, unless it is named as one. */
	return from != to && (!r->from || r->from == from || r->from == to);
}

static bool concerns(const struct rule *r, const struct gni_effect *e)
{
	if (e->to)
		return is_on_link(r, e->from, e->to);
	return r->to == 0 && (!r->from || r->from == e->from);
}

static void note_stall(struct gni_effect *e, const struct rule *r)
{
	const struct gni_moment *heal = &r->net->mishaps.heal;
	gn_time end = end_of(r);

	if (heal->set)
		end = gn_time_earlier(end, heal->due);
	if (gn_time_before(e->stall_end, end))
		e->stall_end = end;
}

static void reckon(struct gni_net *net, struct gni_effect *e)
{
	struct gni_list *all = &net->mishaps.rules;

	e->faults = (gn_faults){ 0 };
	e->stall_end = (gn_time){ 0 };
	e->epoch = net->mishaps.epoch;
	for (struct gni_list *m = all->next; m != all; m = m->next) {
		struct rule *r = rule_of(m);

		if (!concerns(r, e) || !holds(r))
			continue;
		gni_fault_merge(&e->faults, &r->rule.faults);
		if (r->rule.faults.stall)
			note_stall(e, r);
	}
}

static void pass_edge(struct gni_net *net)
{
	struct gni_list *all = &net->mishaps.rules;

	net->mishaps.epoch++;
	net->mishaps.next_edge = GN_NEVER;
	for (struct gni_list *m = all->next; m != all; m = m->next)
		net->mishaps.next_edge = gn_time_earlier(net->mishaps.next_edge,
							 next_edge(rule_of(m)));
}

static struct gni_effect *effect(struct gni_net *net, unsigned from,
				 unsigned to)
{
	struct gni_effect *e =
		&net->mishaps.effects[(from * 7 + to) % GNI_EFFECTS];

	if (!gn_time_before(net->now, net->mishaps.next_edge))
		pass_edge(net);
	if (e->epoch == net->mishaps.epoch && e->from == from && e->to == to)
		return e;
	e->from = from;
	e->to = to;
	reckon(net, e);
	return e;
}

const struct gni_effect *gni_mishap_link(const struct gni_place *from,
					 const struct gni_place *to)
{
	return effect(from->net, from->number, to->number);
}

const gn_faults *gni_mishap_host(const struct gni_place *place)
{
	return &effect(place->net, place->number, 0)->faults;
}

/* ---- how often */

uint32_t gni_mishap_struck(const struct gni_place *place, enum gni_fault fault)
{
	bool reset = fault == GNI_FAULT_RESET; /* else an event's name, too */

	place->net->mishaps.counts[fault].injected++;
	gni_net_note(place->net, place,
		     reset ? "the link resets" : gni_fault_name(fault), 0);
	return GNI_STRUCK(fault);
}

uint32_t gni_mishap_slowed(const struct gni_place *place, enum gni_fault fault)
{
	place->net->mishaps.counts[fault].injected++;
	return GNI_STRUCK(fault);
}

void gni_mishap_handled(struct gni_net *net, uint32_t struck)
{
	for (unsigned i = 0; struck; i++, struck >>= 1)
		net->mishaps.counts[i].handled += struck & 1;
}

bool gni_mishap_chance(const struct gni_place *place, enum gni_fault fault,
		       uint32_t ppm)
{
	if (!gni_tape_chance(place->net->tape, GNI_STREAM_FAULTS, ppm))
		return false;
	gni_mishap_struck(place, fault);
	return true;
}

void gni_sim_fault_counts(struct gni_io *io,
			  struct gni_sim_count counts[GNI_FAULT_COUNT])
{
	struct gni_net *net = gni_net_of(io);

	for (int i = 0; i < GNI_FAULT_COUNT; i++)
		counts[i] = net->mishaps.counts[i];
}
