/* inject_plan.h: which faults hold now, and whether one strikes. */
#ifndef GNI_IO_INJECT_PLAN_H
#define GNI_IO_INJECT_PLAN_H

#include <gnezdo/fault.h>
#include <gnezdo/time.h>

#include "base/tape.h"
#include "fault/fault.h"
#include "io/failing.h"

/* More than anybody writes into a variable. */
#define GNI_PLAN_RULES_MAX 32

/* Enough for the sentence of what is injected; a longer one is cut. */
#define GNI_PLAN_TEXT_MAX 1024

struct gni_plan {
	gn_fault_rule rules[GNI_PLAN_RULES_MAX];
	int count;
	gn_faults ever; /* all rules', whenever they hold */
	uint64_t seed;
	gn_time begin;
	struct gni_tape tape;
	uint64_t attempts; /* calls and operations up to now */
	uint64_t struck[GNI_FAULT_COUNT]; /* how often each has */
};

/* gni_plan_read makes a plan of the texts; 0 or a negative errno with a
 * sentence of the thread's in *why. */
int gni_plan_read(struct gni_plan *p, const char *faults, const char *seed,
		  const char **why);

/* gni_plan_now gives the faults that hold at the moment. */
gn_faults gni_plan_now(const struct gni_plan *p);

/* gni_plan_shut gives when the link opens again that is cut or stalled now:
 * GN_NOW where it is open, GN_NEVER where it will not. */
gn_time gni_plan_shut(const struct gni_plan *p);

/* gni_plan_strikes draws whether a fault of so many millionths does. */
bool gni_plan_strikes(struct gni_plan *p, enum gni_fault fault, uint32_t ppm);

/* gni_plan_attempt counts a call or operation, and gives why it fails: 0: it
 * need not, or a negative errno. */
int gni_plan_attempt(struct gni_plan *p, const gn_faults *now,
		     enum gni_attempt attempt);

/* gni_plan_lacks is the same for one that goes on, and is not counted. */
int gni_plan_lacks(struct gni_plan *p, const gn_faults *now,
		   enum gni_attempt attempt);

/* gni_plan_less gives how many of so many bytes pass at a time: all, or by
 * mtu and short-io fewer, at least 1. */
size_t gni_plan_less(struct gni_plan *p, const gn_faults *now, size_t len);

/* gni_plan_draw gives a number below bound. */
uint64_t gni_plan_draw(struct gni_plan *p, uint64_t bound);

#endif
