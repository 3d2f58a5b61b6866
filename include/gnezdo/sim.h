/*
 * sim.h: the same program on a network that exists only in this process.
 *
 * A simulation has hosts, each running a function of the program as if it
 * were that machine's main, links between them, and a clock of its own that
 * jumps to the next event, so that a minute of waiting takes no time.
 * Whatever could have happened in more than one way is decided by the seed:
 * the same seed gives the same run.  Hosts have names, which addresses may
 * use: tcp://server:12345.
 *
 *	#include <gnezdo.h>
 *
 *	static int server(void *arg)
 *	{
 *		gn_auto gn_sock *l = gn_listen("tcp://:12345", NULL);
 *		gn_auto gn_sock *c = l ? gn_accept(l, GN_NEVER) : NULL;
 *
 *		(void)arg;
 *		return c ? gn_send(c, "hello", 5, GN_NEVER) : gn_code();
 *	}
 *
 *	static int client(void *arg)
 *	{
 *		char text[8];
 *		gn_time until = gn_in(60 * GN_SEC);
 *		gn_auto gn_sock *s = NULL;
 *
 *		(void)arg;
 *		while (!s && gn_time_before(gn_now(), until))
 *			s = gn_connect("tcp://server:12345", NULL, until);
 *		if (!s)
 *			return gn_code();
 *		return (int)gn_recv_exact(s, text, 5, until);
 *	}
 *
 *	int main(void)
 *	{
 *		gn_sim *sim = gn_sim_open(&(gn_sim_opts){
 *			.seed = 42, .latency_ns = 200 * GN_MSEC });
 *		int result = !sim || gn_sim_host(sim, "server", server, 0) < 0
 *			|| gn_sim_host(sim, "client", client, 0) < 0
 *			|| gn_sim_run(sim) < 0;
 *
 *		gn_sim_close(sim);
 *		return result;
 *	}
 */
#ifndef GNEZDO_SIM_H
#define GNEZDO_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>
#include <gnezdo/fault.h>
#include <gnezdo/task.h>
#include <gnezdo/time.h>

GN_EXTERN_BEGIN

/* A simulated network with the programs that run on it. */
typedef struct gn_sim gn_sim;

/* How a simulation is made.  Zero means default. */
typedef struct gn_sim_opts {
	uint64_t seed;	    /* decides the run */
	int64_t latency_ns; /* one way between two hosts; 0: 1 ms */
	bool in_order;	    /* nothing is left to the seed: fibers run in turn
			     * and bytes come as they were sent */
	/* What goes wrong: a plan (fault.h), whose times count from the begin
	 * of the run, of at most 32 rules; NULL: nothing.  GNEZDO_FAULTS is
	 * read instead of it. */
	const char *faults;
	bool swarm;	 /* the seed draws faults, besides those of the plan;
			  * with GNEZDO_FAULTS it does not */
	int64_t heal_ns; /* after so long nothing goes wrong any more, and who
			  * was down is up again; at most 100000 h; 0: never,
			  * with swarm 10 s */
	/* The choices themselves, read instead of made by the seed: any bytes
	 * are some.  NULL: the seed; in_order counts first. */
	const void *tape;
	size_t tape_bytes;
	/* Where a report of a deadlock goes, a line a call; NULL: standard
	 * error. */
	void (*report)(const char *line, void *arg);
	void *report_arg;
} gn_sim_opts;

/*
 * gn_sim_open makes a simulation without hosts.  Returns NULL on failure.
 *
 *   opts   NULL: defaults; the bytes of a tape must stay until gn_sim_close
 *   owns   the caller, who closes it
 *   fails  GN_ENOMEM, GN_EINVAL (also: a plan of faults that is none), GN_ESYS
 *          and the like (GNEZDO_TRACE names a file that cannot be written)
 */
GN_API GN_MUST_USE gn_sim *gn_sim_open(const gn_sim_opts *opts);

/*
 * gn_sim_host adds a host that runs fn(arg).  Returns 0.
 *
 *   name   letters, digits and hyphens, at most 63, not digits alone
 *   fails  GN_EINVAL (a bad name, or one that is taken), GN_ELIMIT (more than
 *          250 hosts), GN_ENOMEM
 */
GN_API GN_MUST_USE int gn_sim_host(gn_sim *sim, const char *name,
				   gn_fiber_fn *fn, void *arg);

/*
 * gn_sim_service adds a host that serves for as long as others need it: when
 * all hosts of gn_sim_host have returned it is cancelled, which ends a
 * gn_serve in order.  Returns 0.
 *
 *   fails  as gn_sim_host
 */
GN_API GN_MUST_USE int gn_sim_service(gn_sim *sim, const char *name,
				      gn_fiber_fn *fn, void *arg);

/*
 * gn_sim_link sets the latency of the link between two hosts, one way, the
 * same in both directions.  Returns 0.
 *
 *   fails  GN_ENAME (no such host), GN_EINVAL
 */
GN_API GN_MUST_USE int gn_sim_link(gn_sim *sim, const char *a, const char *b,
				   int64_t latency_ns);

/*
 * gn_sim_fault has things go wrong, by a plan as fault.h describes it, before
 * or while the simulation runs.  Its instants count from the begin of the run.
 * Later rules override earlier ones; those of gn_sim_opts and of a swarm come
 * with the begin of the run.  Where GNEZDO_FAULTS is set the plan is looked at
 * and nothing else.  Returns 0.
 *
 * A host that crashes falls silent: its sockets, ports and fibers are gone
 * without a word, and what its function returned is ignored.  A restart calls
 * the function again, with the same argument, if it had not returned before.
 *
 *   fails  GN_EINVAL (no plan, or one of more than 64 rules; the record says
 *          where), GN_ENAME (a host that there is not), GN_ENOMEM
 */
GN_API GN_MUST_USE int gn_sim_fault(gn_sim *sim, const char *plan);

/* gn_sim_fault_rule adds one rule; returns as gn_sim_fault.  GN_EINVAL: it is
 * none that a plan could have. */
GN_API GN_MUST_USE int gn_sim_fault_rule(gn_sim *sim,
					 const gn_fault_rule *rule);

/* gn_sim_heal plans the end of all that goes wrong, by rules that were added
 * before that instant: hosts that are down are up again.  The last call counts,
 * and before heal_ns of the options. */
GN_API void gn_sim_heal(gn_sim *sim, int64_t at_ns);

/*
 * gn_sim_run runs all hosts, on the calling thread, until all have returned.
 * It may be called once for a simulation, on a plain thread.
 *
 * Returns 0 when every host of gn_sim_host returned 0 or more.
 *
 *   fails  the first failure of a host; GN_EDEADLOCK when all fibers wait and
 *          nothing can ever come: each one's name and what it waits for is
 *          reported; GN_ENAME (a plan of faults names no host of ours);
 *          GN_EINVAL (run before)
 */
GN_API GN_MUST_USE int gn_sim_run(gn_sim *sim);

/* gn_sim_elapsed gives the virtual nanoseconds that the run took. */
GN_API int64_t gn_sim_elapsed(const gn_sim *sim);

/* gn_sim_trace gives the hash of all that happened: equal for equal runs. */
GN_API uint64_t gn_sim_trace(const gn_sim *sim);

/*
 * gn_sim_draw makes a choice of the program's own: a number below bound, each
 * as likely, decided by the seed.  It may be called before, within and after
 * the run.
 *
 *   bound  0 or 1 leaves no choice and gives 0, which is also what it gives
 *          in_order: let 0 mean the plainest of what can be chosen
 */
GN_API uint64_t gn_sim_draw(gn_sim *sim, uint64_t bound);

/*
 * gn_sim_host_name gives the name of the host that the caller runs on, NULL
 * outside a simulation.
 *
 *   owns   nothing
 */
GN_API const char *gn_sim_host_name(void);

/*
 * gn_sim_close frees a simulation that is not running.  NULL is accepted.
 *
 *   owns   takes sim
 */
GN_API void gn_sim_close(gn_sim *sim);

GN_EXTERN_END

#endif
