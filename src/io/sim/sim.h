/*
 * sim.h: a network of hosts in one thread, with a clock of its own.
 *
 * The third backend.  Each host has its addresses (10.0.0.N, fd00::N, and
 * 127.0.0.1 and ::1 of its own), its ports, its Unix paths and its descriptors;
 * links between hosts have a latency.  Time stands still while anything can
 * run and then moves to the next event.  Whatever could have happened in more
 * than one way is drawn from the seed.
 *
 * It simulates sockets as a program on Linux sees them, not packets.  With a
 * latency L one way a TCP connect takes 2 L, or 2 L to be refused, and its
 * other end can be accepted at 3 L; bytes take L and make room L after they
 * were received; a datagram takes L, and the word that nobody has its port
 * another L.  Unix sockets take no time.  There are streams, datagrams and
 * packets with their names, buffers, backlogs, ends, resets and errors; there
 * are no urgent data, no control messages but SO_TIMESTAMP's on messages, no
 * descriptors in messages and no multicast.
 *
 * Rules of faults (fault.h) say what goes wrong: packets are lost, a peer dies
 * in silence, a call finds no memory.
 */
#ifndef GNI_IO_SIM_SIM_H
#define GNI_IO_SIM_SIM_H

#include "base/tape.h"
#include "fault/fault.h"
#include "io/io.h"

struct gni_sim_options {
	uint64_t seed;
	int64_t latency_ns;    /* one way between hosts, where no link says */
	unsigned features_off; /* GNI_FEATURE_MULTISHOT: call operations only */
	bool in_order;	       /* the empty tape: first come, first served,
				* and bytes come as they were sent */
	struct gni_tape *tape; /* the caller's, drawn from instead */
	uint64_t steps_max;    /* after so many waits and events the wait says
				* that it is stuck; when it goes on all the
				* same, or nobody waits, the program stops at
				* some times as many.  0: never */
};

/* gni_sim_open makes a network without hosts; 0 or a negative errno. */
int gni_sim_open(struct gni_io **io, const struct gni_sim_options *options);

/* gni_sim_host adds a host; gives its place, 1 and up, for enter; or -EEXIST
 * for a name that is taken, -EINVAL for one that is not a host's name
 * (RFC 1123, one label or more), -ENOMEM, -ENOSPC past 250 hosts. */
int gni_sim_host(struct gni_io *io, const char *name);

/* gni_sim_place finds a host by name: its place, or -ENOENT. */
int gni_sim_place(struct gni_io *io, const char *name);
const char *gni_sim_name(struct gni_io *io, unsigned place);

/* gni_sim_link sets the one-way latency between two hosts, both ways; a host
 * with itself is its loopback (0 by default). */
int gni_sim_link(struct gni_io *io, unsigned a, unsigned b,
		 int64_t latency_ns);

/*
 * gni_sim_fault adds rules, which override those there are.  Their instants
 * count from the opening of the network.
 *
 * Returns 0; -ENOENT when a rule names a host that there is not, -EINVAL when
 * it is none that a text could be, -ENOMEM; then none was added.
 */
int gni_sim_fault(struct gni_io *io, const gn_fault_rule *rules, int count);

/* gni_sim_fault_check returns what gni_sim_fault would, and adds nothing. */
int gni_sim_fault_check(struct gni_io *io, const gn_fault_rule *rules,
			int count);

/* gni_sim_heal plans the end of all rules that there are then, so many
 * nanoseconds after the opening; hosts without power get it back. */
void gni_sim_heal(struct gni_io *io, int64_t at_ns);

/* How often a fault struck, and how often what deals with it was reached: what
 * was lost came after all, or the peer's death was reported. */
struct gni_sim_count {
	uint64_t injected, handled;
};

void gni_sim_fault_counts(struct gni_io *io,
			  struct gni_sim_count counts[GNI_FAULT_COUNT]);

/*
 * gni_sim_power has a function called when a host's power goes, after all its
 * sockets have died, and when it may come back: then gni_sim_start is to be
 * called, at once or once nothing runs there any more.  Without a function it
 * is on at once.
 */
void gni_sim_power(struct gni_io *io,
		   void (*fn)(void *arg, unsigned place, bool on), void *arg);
void gni_sim_start(struct gni_io *io, unsigned place);

/* gni_sim_returns tells whether the power of a host is going to come back. */
bool gni_sim_returns(struct gni_io *io, unsigned place);

/* gni_sim_clock gives the clock, for gni_clock_virtual; it starts at 1 s. */
const gn_time *gni_sim_clock(struct gni_io *io);

/* gni_sim_tape gives the tape that all is drawn from. */
struct gni_tape *gni_sim_tape(struct gni_io *io);

/* gni_sim_note adds an event to the trace, gni_sim_trace gives the hash of all
 * events so far: equal for equal runs.  No pointers, no descriptors of the
 * real world may go in. */
void gni_sim_note(struct gni_io *io, const char *what, int64_t value);
uint64_t gni_sim_trace(struct gni_io *io);

/* gni_sim_events counts them, gni_sim_overran tells of steps_max. */
uint64_t gni_sim_events(struct gni_io *io);
bool gni_sim_overran(struct gni_io *io);

/* gni_sim_tell has the events from now on told as a story: to "1", standard
 * error, or a file of that name, to which it is added; and the choices too, if
 * the tape is read.  0 or a negative errno. */
int gni_sim_tell(struct gni_io *io, const char *to);

/* gni_sim_descriptors counts what a host has open. */
size_t gni_sim_descriptors(struct gni_io *io, unsigned place);

#endif
