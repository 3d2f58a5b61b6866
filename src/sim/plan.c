/*
 * plan.c: rules of faults are read, drawn, and given to the network.
 */
#include "sim/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"
#include "sim/swarm.h"

/* When a swarm ends of itself: late enough for several tries of a TCP
 * handshake, and much later than most runs would end without faults. */
#define HEAL_NS (10 * GN_SEC)

/* Hosts that faults are drawn for. */
#define HOSTS_MAX 250

static int fail_rule(int result)
{
	if (result == -ENOENT)
		return gni_sim_fail(GN_ENAME, 0, "sim_run");
	return gni_sim_fail(GN_ENOMEM, -result, "sim_run");
}

int gni_plan_open(struct gni_plan *p, const gn_sim_opts *opts)
{
	const char *given = secure_getenv("GNEZDO_FAULTS");
	const char *text = given ? given : opts->faults;

	p->instead = given;
	p->swarm = opts->swarm && !given;
	p->heal_ns = opts->heal_ns;
	if (p->swarm && p->heal_ns == 0)
		p->heal_ns = HEAL_NS;
	if (p->heal_ns < 0 || p->heal_ns > GNI_FAULT_TIME_MAX)
		return gni_sim_fail(GN_EINVAL, 0, "sim_open");
	if (!text && !p->swarm)
		return 0;
	p->rules = calloc(GNI_PLAN_RULES, sizeof *p->rules);
	if (!p->rules)
		return gni_sim_fail(GN_ENOMEM, 0, "sim_open");
	if (text)
		p->given = gn_fault_parse(text, p->rules, GNI_PLAN_RULES / 2);
	return p->given < 0 ? p->given : 0;
}

/* The drawn go before the given, whose values are to count. */
static void add_drawn(gn_sim *sim)
{
	struct gni_plan *p = &sim->plan;
	gn_fault_rule drawn[GNI_PLAN_RULES / 2];
	const char *hosts[HOSTS_MAX];
	unsigned count = 0;

	while (count < HOSTS_MAX && gni_sim_name(sim->io, count + 1)) {
		hosts[count] = gni_sim_name(sim->io, count + 1);
		count++;
	}
	p->drawn = gni_swarm_draw(&sim->tape, hosts, count, p->heal_ns, drawn,
				  GNI_PLAN_RULES / 2);
	memmove(p->rules + p->drawn, p->rules,
		(size_t)p->given * sizeof *p->rules);
	memcpy(p->rules, drawn, (size_t)p->drawn * sizeof *p->rules);
}

static void tell(gn_sim *sim)
{
	static const char word[] = "  faults: ";
	struct gni_plan *p = &sim->plan;
	int count = p->drawn + p->given;
	char *line;

	if (p->text)
		gn_fault_text(p->rules, count, p->text, p->text_size);
	if (!p->aloud || count == 0)
		return;
	line = malloc(sizeof word + GNI_PLAN_TEXT_MAX);
	if (!line)
		return;
	memcpy(line, word, sizeof word);
	gn_fault_text(p->rules, count, line + sizeof word - 1,
		      GNI_PLAN_TEXT_MAX);
	gni_sim_say(sim, line);
	free(line);
}

int gni_plan_enact(gn_sim *sim)
{
	struct gni_plan *p = &sim->plan;
	int result;

	if (p->swarm)
		add_drawn(sim);
	tell(sim);
	result = gni_sim_fault(sim->io, p->rules, p->drawn + p->given);
	if (result < 0)
		return fail_rule(result);
	if (p->heal_ns && !p->heals)
		gni_sim_heal(sim->io, p->heal_ns);
	return 0;
}

void gni_plan_free(struct gni_plan *p)
{
	free(p->rules);
	p->rules = NULL;
}
