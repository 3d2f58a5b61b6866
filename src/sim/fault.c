/*
 * fault.c: what goes wrong in a simulation, as its program asks for it.
 */
#include <errno.h>

#include "sim/inside.h"

static int add(gn_sim *sim, const gn_fault_rule *rules, int count)
{
	int result = -EINVAL;

	if (sim->io && sim->plan.instead)
		result = gni_sim_fault_check(sim->io, rules, count);
	else if (sim->io)
		result = gni_sim_fault(sim->io, rules, count);

	if (result == -ENOENT)
		return gni_sim_fail(GN_ENAME, 0, "sim_fault");
	if (result < 0)
		return gni_sim_fail(result == -EINVAL ? GN_EINVAL : GN_ENOMEM,
				    -result, "sim_fault");
	return 0;
}

int gn_sim_fault(gn_sim *sim, const char *plan)
{
	gn_fault_rule rules[GNI_PLAN_RULES];
	int count = gn_fault_parse(plan, rules, GNI_PLAN_RULES);

	return count < 0 ? count : add(sim, rules, count);
}

int gn_sim_fault_rule(gn_sim *sim, const gn_fault_rule *rule)
{
	return add(sim, rule, 1);
}

void gn_sim_heal(gn_sim *sim, int64_t at_ns)
{
	sim->plan.heals = true;
	if (sim->io)
		gni_sim_heal(sim->io, at_ns);
}
