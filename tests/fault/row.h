/*
 * row.h: the catalogue of faults: each case injects one and looks at what
 * becomes of it.
 *
 * A case is named by its row in rows.py: fault-09-accept-emfile.  It has a part
 * of its own, us, and often the other side of the wire, them.  On the real
 * kernel each part has a thread, and a network namespace that nobody else is
 * in:
 *
 *	        us 10.7.0.1, fd07::1         them 10.7.0.2, fd07::2
 *	   lo --+----- wire ------------------- wire -----+-- lo
 *
 * In a simulation each has a host.  Beside us a bystander talks on a
 * connection of its own all the while: a fault is nobody else's.
 */
#ifndef FAULT_ROW_H
#define FAULT_ROW_H

#include <stdatomic.h>

#include <gnezdo.h>

#include "../conform/place.h"

/* Who listens on the wire, and where loopback is enough. */
#define US4 "10.7.0.1"
#define THEM4 "10.7.0.2"
#define US6 "fd07::1"
#define THEM6 "fd07::2"

enum need {
	NEED_NET = 1 << 0,   /* a network namespace of our own */
	NEED_WIRE = 1 << 1,  /* two, and the wire between them */
	NEED_LINK = 1 << 2,  /* the same, its middle in our hands: link.h */
	NEED_ROOT = 1 << 3,  /* to be root, outside of any user namespace */
	NEED_QUIET = 1 << 4, /* that the bystander talks only at the end */
	NEED_RING = 1 << 5,  /* that the kernel itself gives out rings */
	ONLY_URING = 1 << 6, /* one of these: the backends it is about */
	ONLY_EPOLL = 1 << 7,
	ONLY_POLL = 1 << 8,
	NEED_NFT = 1 << 12,    /* nft(8), and what it does */
	NEED_SYSCTL = 1 << 13, /* kernel_set */
	NEED_IPV6 = 1 << 14,
	/* Of a simulation: */
	ONE_SEED = 1 << 9,	 /* nothing is drawn */
	THEM_SERVES = 1 << 10,	 /* them ends when us has */
	NOTHING_FAILS = 1 << 11, /* the program is not to notice */
};

struct world {
	struct place place; /* for the helpers of tests/conform */
	bool sim;
	unsigned needs;
	const char *link;
	const char *host;	   /* where them is, as an address has it */
	char address[ADDRESS_MAX]; /* where them listens; see serve_at */
	uint64_t seed;		   /* of a simulation, or of a link */
	struct link *middle;
	atomic_bool over; /* tells the bystander */
};

typedef int fault_part(struct world *w);

struct fault_case {
	const char *name;
	fault_part *us, *them; /* them: NULL where nobody is needed */
	unsigned needs;	       /* enum need */
	/* How the runner is to start the program, in its words (run.py):
	 * "strace accept4:error=ENFILE:when=1..3". */
	const char *around;
	const char *link; /* of NEED_LINK: the faults, in their grammar */
	/* Simulated: the faults, in their grammar; NULL: not simulated. */
	const char *faults;
	bool sim_only;
};

/* The cases by subject; each table ends with a NULL name. */
extern const struct fault_case *const fault_tables[];

/* fault_real and fault_sim run a case: 0, or below zero when it failed, which
 * has then been said. */
int fault_real(const struct fault_case *c, struct world *w);
int fault_sim(const struct fault_case *c, struct world *w);

/* isolate gives the process a network of its own; false: not permitted. */
bool isolate(void);

/* The counts that the catalogue's table shows: how often the fault happened,
 * and how often what was to come of it came. */
void injected(unsigned long count);
void handled(unsigned long count);
void print_counts(void);

/* cannot_run ends a case that this machine cannot run: 0. */
int cannot_run(struct world *w, const char *why);

/* ---- the two sides meet */

/* serve_at opens a listener, or a bound socket, on our side of the wire and
 * tells the other part where: scheme as in tcp4, options as in an address or
 * "".  NULL: failed and said. */
gn_sock *serve_at(struct world *w, const char *scheme, const char *options);

/* where_they_are waits until the other part serves; the address is then in
 * w->address. */
int where_they_are(struct world *w);

/* meet connects to the other part, which admits. */
gn_sock *meet(struct world *w, const gn_sock_opts *opts);
gn_sock *admit(struct world *w, const char *scheme, const char *options);

/* ---- what is to come of it */

/* The last failure must tell the operation, the code, what lay beneath, and
 * the address of the other end, of which where is a part; NULL: no address. */
#define WANT_TOLD(operation, code, sys, where) \
	TRY(want_told(__FILE__, __LINE__, operation, code, sys, where))
int want_told(const char *file, int line, const char *operation, int code,
	      int sys, const char *where);

/* The bystanders of a part ask the kernel too, a few times each breath; in the
 * same third of a second one that spins asks a hundred thousand times. */
#define ASKS_BESIDE (50 * ASKS_MAX)

/* until_passed wants that an instant has come. */
#define WANT_PASSED(until) WANT(!gn_time_before(gn_now(), until))

#endif
