/*
 * sweep.h: a scenario, run for many seeds.
 *
 * A scenario is a function that adds hosts to a simulation, runs it and judges
 * what came of it.  A sweep runs it for one seed after another, in processes
 * of their own, with the faults of a plan (fault.h) or, without one, faults
 * that each seed draws, until they heal.  A run has failed when the scenario
 * says so, when it crashes, deadlocks or never ends, when a socket is left
 * open, when it ran no simulation, and when the same seed does not give the
 * same run again, which is looked at for some of the seeds.
 *
 *	#include <gnezdo.h>
 *
 *	static int server(void *arg)
 *	{
 *		gn_auto gn_sock *s = gn_bind("udp://:7", NULL);
 *		char text[8];
 *		gn_addr from;
 *
 *		(void)arg;
 *		while (s && gn_recvfrom(s, text, 8, &from, GN_NEVER) >= 0)
 *			if (gn_sendto(s, text, 1, &from, GN_NEVER) < 0)
 *				continue;
 *		return 0;
 *	}
 *
 *	static int client(void *arg)
 *	{
 *		int *tries = arg;
 *		char text[8];
 *
 *		while ((*tries)++ < 1000) {
 *			gn_time until = gn_in(GN_SEC);
 *			gn_auto gn_sock *s =
 *				gn_connect("udp://server:7", NULL, until);
 *
 *			if (s && gn_send(s, "?", 1, until) == 0 &&
 *			    gn_recv(s, text, 8, until) == 1)
 *				return 0;
 *			if (gn_sleep(until) < 0)
 *				break;
 *		}
 *		return gn_code();
 *	}
 *
 *	static int asks_until_answered(gn_sim *sim, void *arg)
 *	{
 *		int tries = 0;
 *
 *		(void)arg;
 *		if (gn_sim_service(sim, "server", server, NULL) < 0 ||
 *		    gn_sim_host(sim, "client", client, &tries) < 0)
 *			return gn_code();
 *		return gn_sim_run(sim);
 *	}
 *
 *	int main(void)
 *	{
 *		gn_sweep_opts opts = { .count = 100, .faults = "loss=30%" };
 *
 *		return gn_sweep("asks", asks_until_answered, NULL, &opts) < 0;
 *	}
 *
 * A failure is told in a few lines, of which one sees it again anywhere:
 *
 *	GNEZDO_SCENARIO=asks GNEZDO_SEED=42 ./program
 *
 * Variables of the environment that a sweep reads (docs/environment.md):
 * GNEZDO_SCENARIO=NAME leaves other sweeps out, with a line that says so;
 * GNEZDO_SEED=N runs one seed, in this very process, for a debugger;
 * GNEZDO_TAPE=FILE runs the choices in a file; GNEZDO_SHRINK=FILE makes those
 * of a failing run as few as it can, for ten minutes at most, writes them and
 * tells the story; GNEZDO_EXPLORE=N runs each seed N times
 * more with one choice changed; GNEZDO_FAULTS and GNEZDO_TRACE as in sim.h.
 */
#ifndef GNEZDO_SWEEP_H
#define GNEZDO_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>
#include <gnezdo/sim.h>

GN_EXTERN_BEGIN

/*
 * A scenario: it adds hosts, calls gn_sim_run and judges.  Returns 0 or more
 * when all was as it must be, else a negative code.  A check that ends the
 * process (assert) is as good.  Whatever it leaves to chance it takes from
 * gn_sim_draw; what it keeps in memory begins anew in each run.
 */
typedef int gn_scenario_fn(gn_sim *sim, void *arg);

/* How often a fault struck, and how often what deals with it was reached. */
typedef struct gn_sweep_fault {
	const char *word; /* as in fault.h */
	uint64_t injected, handled;
} gn_sweep_fault;

/* No more kinds of faults than this. */
#define GN_SWEEP_FAULTS 32

/* What a sweep came to. */
typedef struct gn_sweep_totals {
	uint64_t runs;	     /* seeds, and those with a choice changed */
	uint64_t failed;     /* of them */
	uint64_t faulted;    /* runs in which at least one fault struck */
	uint64_t events;     /* that happened in all runs */
	int64_t elapsed_ns;  /* virtual, of all runs */
	uint64_t traces;     /* the sum of gn_sim_trace of all runs */
	gn_sweep_fault faults[GN_SWEEP_FAULTS]; /* word NULL: past the last */
} gn_sweep_totals;

/* How a sweep runs.  Zero means default. */
typedef struct gn_sweep_opts {
	uint64_t seed;	    /* the first; 0: 1 */
	uint64_t count;	    /* of seeds; 0: 1000 */
	uint64_t explore;   /* runs besides each seed's own, with one choice
			     * changed: which of several comes first, how many
			     * bytes come at once */
	unsigned jobs;	    /* processes at once, 64 at most; 0: a core each */
	const char *faults; /* for each seed, 32 rules at most; NULL: each
			     * draws its own, "": none */
	int64_t heal_ns;    /* faults end after so long; 0: 10 s; at most
			     * 100000 h */
	int64_t latency_ns; /* as in gn_sim_opts */
	uint64_t steps_max; /* a run of more steps never ends; 0: a million */
	bool keep_going;    /* run all seeds, also when some fail */
	/* Where a report goes, a line a call; NULL: standard error. */
	void (*report)(const char *line, void *arg);
	void *report_arg;
	gn_sweep_totals *totals; /* filled in, if not NULL; also by one run */
} gn_sweep_opts;

/*
 * gn_sweep runs a scenario for each seed, in child processes, several at once,
 * whose output is kept back and told only of a run that fails.  It is called
 * on a plain thread of a program that has no other.
 *
 * Returns 0 when every run held.
 *
 *   name   of the scenario, for reports and GNEZDO_SCENARIO
 *   opts   NULL: defaults
 *   fails  of the run with the lowest seed that failed: the code that the
 *          scenario returned, GN_EDEADLOCK, GN_ELIMIT (it never ends, sockets
 *          are left open), GN_ESYS (it crashed, or is not the same twice),
 *          GN_EINVAL (it ran no simulation); GN_EINVAL (a variable or an option
 *          that is none), GN_ENOMEM and the like (the system lacked what the
 *          runs need: not all were made)
 */
GN_API GN_MUST_USE int gn_sweep(const char *name, gn_scenario_fn *fn, void *arg,
				const gn_sweep_opts *opts);

GN_EXTERN_END

#endif
