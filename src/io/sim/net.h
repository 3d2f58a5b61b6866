/*
 * net.h: what a simulation is made of, for the files of this room.
 *
 *	net -+- place (a host) -+- nodes (its sockets)
 *	     |                  +- claims (its ports)
 *	     |                  '- files (its Unix names)
 *	     +- node by descriptor
 *	     +- moments: what is under way between places
 *	     '- ready: operations to be tried in the next wait
 *
 * Nothing completes but in wait: what changes a node puts its operations into
 * ready, and wait tries them.
 */
#ifndef GNI_IO_SIM_NET_H
#define GNI_IO_SIM_NET_H

#include <stdatomic.h>

#include "base/list.h"
#include "io/sim/draw.h"
#include "io/sim/mishap.h"
#include "io/sim/moment.h"
#include "io/sim/sim.h"
#include "io/sim/trace.h"

/* One byte of an address tells the host, and a few are kept back. */
#define GNI_PLACES_MAX 250

/* Descriptors begin here, so that one that strays into the real world, or a
 * real one that strays in here, is met with EBADF. */
#define GNI_DESCRIPTOR_FIRST 1000000

/* A process's fs.nr_open of Linux; past it EMFILE. */
#define GNI_DESCRIPTORS_MAX (1 << 20)

/* So many times steps_max events are too many for whoever does not wait. */
#define GNI_ASTRAY 3

struct gni_node;
struct gni_place;

struct gni_net {
	struct gni_io io;
	gn_time now;	 /* the network's: it passes evenly */
	gn_time clock;	 /* what programs read, ahead by leap_ns */
	int64_t leap_ns;
	int64_t latency_ns;
	struct gni_mishaps mishaps;
	bool careful; /* there are or were rules: answers are waited for */
	void (*power)(void *arg, unsigned place, bool on);
	void *power_arg;
	struct gni_tape *tape, own_tape;
	struct gni_moments moments;
	struct gni_list ready;
	struct gni_list flying; /* datagrams under way */
	struct gni_list wires;	/* connections, while either end lives */
	struct gni_place *places[GNI_PLACES_MAX + 1];
	unsigned place_count, here;
	struct gni_node **nodes; /* by descriptor less the first */
	size_t node_max;
	size_t node_free; /* none below it is free */
	size_t in; /* operations that are in */
	struct gni_trace trace;
	uint64_t waits, steps_max; /* see gni_sim_options; 0: never */
	bool overran;
	const char *fiber; /* who runs, NULL: none */
	size_t quiet_turns; /* quiet moments since something completed */
	uint64_t inode; /* of the last Unix socket's file */
	atomic_bool woken;
};

static inline struct gni_net *gni_net_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_net, io);
}

/* gni_net_plan sets a moment after a while, gni_net_plan_at to an instant; of
 * equal instants any may come first. */
void gni_net_plan(struct gni_net *net, struct gni_moment *m, int64_t in_ns);
void gni_net_plan_at(struct gni_net *net, struct gni_moment *m, gn_time due);

/* gni_net_leap has the clock of a host step: of all hosts, forwards, as they
 * live by one; backwards only its time of day. */
void gni_net_leap(struct gni_place *place, int64_t ns);

/* gni_mishap_any tells whether there is any rule. */
static inline bool gni_mishap_any(const struct gni_net *net)
{
	return !gni_list_empty(&net->mishaps.rules);
}

/* gni_net_note adds an event of a place (NULL: of none) to the trace.  How it
 * reads and what its value is stands in a table of trace.c. */
void gni_net_note(struct gni_net *net, const struct gni_place *place,
		  const char *what, int64_t value);

extern const struct gni_calls gni_sim_calls;

#endif
