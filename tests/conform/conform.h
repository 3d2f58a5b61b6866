/*
 * conform.h: one table of cases, run for every kind of socket on every
 * backend.
 *
 * A case is a function that uses the public headers alone.  It knows neither
 * the backend nor the kind: place.h gives it sockets.  A case may be of one
 * part, or of two that talk to each other, us and them; how the two run is an
 * arm: as fibers of one thread, on two plain threads, on one simulated host or
 * on two.  Every case on every kind is a process of its own, so that whatever
 * goes wrong is one case's.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo.h>

/* What kinds of sockets have in common. */
enum trait {
	K_STREAM = 1 << 0,  /* bytes */
	K_MESSAGE = 1 << 1, /* keeps boundaries */
	K_SERVED = 1 << 2,  /* gn_listen and gn_accept */
	K_BOUND = 1 << 3,   /* gn_bind: the far end has no peer */
	K_INET = 1 << 4,    /* hosts and ports */
	K_TCP = 1 << 5,
	K_UDP = 1 << 6,
	K_PATH = 1 << 7,  /* a file stands for it */
	K_NAMED = 1 << 8, /* an address leads to it */
	K_ENDS = 1 << 9,  /* each side is told when the other has ended */
	K_LOCAL = 1 << 10, /* of this machine: nothing is lost */
	K_NONE = 1 << 11, /* no socket: the case is about something else */
};

struct kind {
	const char *name;
	const char *scheme; /* of its addresses, NULL: it has none */
	const char *at;	    /* what follows: a host and port 0, "/" for a
			     * file, "@" for an abstract name */
	enum gn_kind kind;
	unsigned traits;
};

/* Ends with a NULL name. */
extern const struct kind conform_kinds[];

/* Where and how a case runs. */
struct place {
	const struct kind *kind;
	const char *folder; /* for files, empty before and after a case */
	uint64_t seed;	    /* of the simulation */
	bool sim;	    /* on simulated hosts */
	bool apart;	    /* us and them on two of them */
	bool thread;	    /* on plain threads, not on fibers */
	gn_chan *bells[2];
	struct report *report;
};

/* Where a case does not run, and what it takes upon itself. */
enum manner {
	NO_FIBERS = 1 << 0,  /* not on fibers of the real world */
	NO_THREADS = 1 << 1, /* not on plain threads */
	NO_SIM = 1 << 2,     /* not in the simulation */
	KEEPS = 1 << 3,	     /* its parts close their sockets themselves */
	LEAVES = 1 << 4, /* descriptors or files are left, and not counted */
};

#define ON_REAL NO_SIM
#define ON_SIM (NO_FIBERS | NO_THREADS)
#define ON_FIBERS (NO_THREADS | NO_SIM)
#define ON_THREADS (NO_FIBERS | NO_SIM)

typedef int case_part(const struct place *p, gn_sock *s);

struct conform_case {
	const char *name; /* with the rows of the fault catalogue it covers */
	unsigned on;	  /* kinds with all of these; 0: all but K_NONE */
	unsigned never;	  /* and none of these */
	int (*solo)(const struct place *p);
	case_part *us, *them;
	unsigned manner;
};

/* The cases by subject; each table ends with a NULL name. */
extern const struct conform_case *const conform_tables[];

/* What a case tells the process that counts, in memory they share. */
struct report {
	char skipped[120]; /* why it cannot run here; empty: it ran */
};

/* conform_real and conform_sim run a case: 0, or below zero when it failed,
 * which has then been said. */
int conform_real(const struct conform_case *c, struct place *p);
int conform_sim(const struct conform_case *c, struct place *p);

/* conform_main_fiber runs a case's parts as fibers of the calling one. */
int conform_main_fiber(const struct conform_case *c, const struct place *p);

#endif
