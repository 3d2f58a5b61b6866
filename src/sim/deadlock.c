/*
 * deadlock.c: what is said when every fiber waits and nothing can come, or
 * when they go on for ever.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "sim/inside.h"

void gni_sim_say(gn_sim *sim, const char *line)
{
	if (sim->opts.report)
		sim->opts.report(line, sim->opts.report_arg);
	else
		fprintf(stderr, "%s\n", line);
}

static void say_wait(gn_sim *sim, const struct gni_task *t)
{
	const struct gni_wait *w = t->wait;
	char line[GN_ADDR_TEXT_MAX + 256], about[GN_ADDR_TEXT_MAX];

	if (!w)
		return;
	snprintf(line, sizeof line, "  host %s: fiber \"%s\" waits in %s%s%s",
		 gni_sim_name(sim->io, t->place), t->fiber.name, w->operation,
		 w->about && w->about->kind ? " with " : "",
		 w->about && w->about->kind ? gn_addr_text(w->about, about)
					    : "");
	gni_sim_say(sim, line);
}

static void say_what(gn_sim *sim)
{
	double seconds = (double)gn_since(sim->begin) / (double)GN_SEC;
	char line[128];

	if (sim->after.overran)
		snprintf(line, sizeof line,
			 "no end after %" PRIu64 " events and %.9g s of "
			 "virtual time",
			 gni_sim_events(sim->io), seconds);
	else
		snprintf(line, sizeof line,
			 "deadlock after %.9g s of virtual time: every fiber "
			 "waits and nothing can come",
			 seconds);
	gni_sim_say(sim, line);
}

/* Said once, then all are cancelled. */
void gni_sim_stuck(struct gni_loop *l, void *arg)
{
	gn_sim *sim = arg;

	GNI_CHECK(!sim->after.deadlocked,
		  "a simulation's fibers wait though they were cancelled");
	sim->after.overran = gni_sim_overran(sim->io);
	sim->after.deadlocked = !sim->after.overran;
	gni_sim_note(sim->io, sim->after.overran ? "no end" : "deadlock", 0);
	say_what(sim);
	for (struct gni_list *m = l->tasks.next; m != &l->tasks; m = m->next)
		say_wait(sim, GNI_OWNER(m, struct gni_task, all));
	gn_group_cancel(sim->programs);
	gn_group_cancel(sim->services);
}
