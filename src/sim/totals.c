/*
 * totals.c: runs are added up.
 */
#include "sim/totals.h"

void gni_totals_begin(gn_sweep_totals *totals)
{
	*totals = (gn_sweep_totals){ .runs = 0 };
	for (int i = 0; i < GNI_FAULT_COUNT; i++)
		totals->faults[i].word = gni_fault_name((enum gni_fault)i);
}

/* A clock that leaps makes any time of a run. */
static void add_time(int64_t *to, int64_t ns)
{
	if (__builtin_add_overflow(*to, ns, to))
		*to = ns < 0 ? INT64_MIN : INT64_MAX;
}

void gni_totals_count(gn_sweep_totals *totals, const struct gni_result *run)
{
	totals->runs++;
	totals->faulted += run->faulted;
	totals->events += run->events;
	totals->traces += run->trace;
	add_time(&totals->elapsed_ns, run->elapsed_ns);
	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		totals->faults[i].injected += run->counts[i].injected;
		totals->faults[i].handled += run->counts[i].handled;
	}
}

void gni_totals_add(gn_sweep_totals *totals, const gn_sweep_totals *more)
{
	totals->runs += more->runs;
	totals->failed += more->failed;
	totals->faulted += more->faulted;
	totals->events += more->events;
	totals->traces += more->traces;
	add_time(&totals->elapsed_ns, more->elapsed_ns);
	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		totals->faults[i].injected += more->faults[i].injected;
		totals->faults[i].handled += more->faults[i].handled;
	}
}
