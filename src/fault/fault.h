/* fault.h: what those ask who make faults happen. */
#ifndef GNI_FAULT_FAULT_H
#define GNI_FAULT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <gnezdo/fault.h>
#include <gnezdo/time.h>

/* The latest instant of a plan.  It can be added to any clock. */
#define GNI_FAULT_TIME_MAX (100000 * GN_HOUR)

/* The faults, in the order of the table in word.c. */
enum gni_fault {
	GNI_FAULT_LOSS,
	GNI_FAULT_DUP,
	GNI_FAULT_CORRUPT,
	GNI_FAULT_RESET,
	GNI_FAULT_REORDER,
	GNI_FAULT_DELAY,
	GNI_FAULT_RATE,
	GNI_FAULT_MTU,
	GNI_FAULT_CUT,
	GNI_FAULT_STALL,
	GNI_FAULT_SHORT_IO,
	GNI_FAULT_EINTR,
	GNI_FAULT_AGAIN,
	GNI_FAULT_ENOMEM,
	GNI_FAULT_EMFILE,
	GNI_FAULT_ABORT,
	GNI_FAULT_DESCRIPTORS,
	GNI_FAULT_FAIL,
	GNI_FAULT_CRASH,
	GNI_FAULT_RESTART,
	GNI_FAULT_CLOCK_JUMP,
	GNI_FAULT_COUNT
};

/* gni_fault_name gives a fault's word in the grammar. */
const char *gni_fault_name(enum gni_fault fault);

/* gni_fault_given tells whether the faults have this one. */
bool gni_fault_given(const gn_faults *faults, enum gni_fault fault);

/* gni_fault_once tells whether this one happens once, rather than holds. */
bool gni_fault_once(enum gni_fault fault);

/* gni_fault_holds tells whether a rule's lasting faults hold so many
 * nanoseconds after the begin of the run. */
bool gni_fault_holds(const gn_fault_rule *rule, int64_t elapsed_ns);

/* gni_fault_could_be_read tells whether a rule is one that a text could be, but
 * for the letters of its hosts and the latest instant. */
bool gni_fault_could_be_read(const gn_fault_rule *rule);

/* gni_fault_merge lays the faults of a later rule over those of earlier ones:
 * what it does not have stays. */
void gni_fault_merge(gn_faults *faults, const gn_faults *later);

#endif
