/*
 * stage.c: a simulation and what came of it.
 */
#include "stage.h"

#include <string.h>

#include "io/sim/sim.h"
#include "loop/loop.h"

static void add_line(const char *line, void *arg)
{
	struct outcome *o = arg;
	size_t len = strlen(o->report), more = strlen(line);

	if (len + more + 2 > sizeof o->report)
		return;
	memcpy(o->report + len, line, more);
	memcpy(o->report + len + more, "\n", 2);
}

gn_sim *stage_open(const gn_sim_opts *opts, const struct part *parts,
		   struct outcome *o)
{
	gn_sim_opts with_report = opts ? *opts : (gn_sim_opts){ 0 };
	gn_sim *sim;

	memset(o, 0, sizeof *o);
	with_report.report = add_line;
	with_report.report_arg = o;
	sim = gn_sim_open(&with_report);
	WANT(sim);
	for (const struct part *p = parts; p->name; p++)
		WANT_IS(p->service ?
				gn_sim_service(sim, p->name, p->fn, p->arg) :
				gn_sim_host(sim, p->name, p->fn, p->arg),
			0);
	return sim;
}

void stage_end(gn_sim *sim, struct outcome *o)
{
	o->result = gn_sim_run(sim);
	o->elapsed_ns = gn_sim_elapsed(sim);
	o->trace = gn_sim_trace(sim);
	gn_sim_close(sim);
	WANT(!gn_sim_host_name());
}

struct outcome stage_run(const gn_sim_opts *opts, const struct part *parts)
{
	struct outcome o;

	stage_end(stage_open(opts, parts, &o), &o);
	return o;
}

size_t stage_descriptors(void)
{
	struct gni_loop *l = gni_loop_mine();

	return gni_sim_descriptors(l->io, l->current->place);
}

void stage_seeds(uint64_t count, void (*trial)(const gn_sim_opts *opts))
{
	trial_seed = 0;
	trial(&(gn_sim_opts){ .in_order = true });
	for (trial_seed = 1; trial_seed <= count; trial_seed++)
		trial(&(gn_sim_opts){ .seed = trial_seed });
}

gn_sock *stage_connect(const char *address, const gn_sock_opts *opts)
{
	gn_time until = gn_in(60 * GN_SEC);
	gn_sock *s;

	while (!(s = gn_connect(address, opts, until))) {
		WANT(gn_code() == GN_EREFUSED || gn_code() == GN_ENOENT);
		WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	return s;
}

const char *stage_local(const gn_sock *s, char text[GN_ADDR_TEXT_MAX])
{
	gn_addr a;

	gn_sock_local(s, &a);
	return gn_addr_text(&a, text);
}
