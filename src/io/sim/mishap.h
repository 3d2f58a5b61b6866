/*
 * mishap.h: what goes wrong in a simulation: the rules of faults, what of them
 * holds at this instant, and how often each fault struck.
 *
 * A fault that holds is asked for where it may strike; one that happens once
 * has a moment.  Without rules the question costs one test.
 */
#ifndef GNI_IO_SIM_MISHAP_H
#define GNI_IO_SIM_MISHAP_H

#include "base/list.h"
#include "fault/fault.h"
#include "io/sim/moment.h"
#include "io/sim/sim.h"

struct gni_net;
struct gni_place;

/* What holds for the way from one host to another, or for one host. */
struct gni_effect {
	unsigned from, to; /* places; to 0: of the host alone */
	uint64_t epoch;	   /* when it was reckoned; 0: never */
	gn_faults faults;
	gn_time stall_end; /* when the last stall that holds ends */
};

/* As many pairs of hosts as a simulation has in most cases; more share. */
#define GNI_EFFECTS 32

struct gni_mishaps {
	struct gni_list rules;
	gn_time begun;	   /* rules count from here */
	gn_time next_edge; /* until then the same rules hold */
	uint64_t epoch;	   /* counts the edges */
	struct gni_moment heal;
	struct gni_sim_count counts[GNI_FAULT_COUNT];
	struct gni_effect effects[GNI_EFFECTS];
};

/* gni_mishaps_init begins without rules, gni_mishaps_free forgets them all. */
void gni_mishaps_init(struct gni_net *net);
void gni_mishaps_free(struct gni_net *net);

/* gni_mishap_link gives what holds from one host to another, gni_mishap_host
 * what holds for one; valid until the next question. */
const struct gni_effect *gni_mishap_link(const struct gni_place *from,
					 const struct gni_place *to);
const gn_faults *gni_mishap_host(const struct gni_place *place);

/* The faults that struck a packet, as a set. */
#define GNI_STRUCK(fault) (UINT32_C(1) << (fault))

/* gni_mishap_struck counts a fault that struck at a host; gives its set. */
uint32_t gni_mishap_struck(const struct gni_place *place, enum gni_fault fault);

/* gni_mishap_slowed counts one that strikes every packet, and would drown all
 * other events. */
uint32_t gni_mishap_slowed(const struct gni_place *place, enum gni_fault fault);

/* gni_mishap_handled counts faults that were dealt with. */
void gni_mishap_handled(struct gni_net *net, uint32_t struck);

/* gni_mishap_chance draws whether a fault strikes at a host, and counts it. */
bool gni_mishap_chance(const struct gni_place *place, enum gni_fault fault,
		       uint32_t ppm);

#endif
