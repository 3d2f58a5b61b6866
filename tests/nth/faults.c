/*
 * faults.c: asks the inside of the library for failures.
 */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/inject.h"
#include "io/sim/sim.h"
#include "loop/loop.h"

bool nth_faults_built(void)
{
#ifdef NTH_WITHOUT_FAULTS
	return false;
#else
	return true;
#endif
}

void nth_faults_ask(unsigned number)
{
	char text[32];

	snprintf(text, sizeof text, "fail=%u", number);
	if (number > 0)
		setenv("GNEZDO_FAULTS", text, 1);
	else
		unsetenv("GNEZDO_FAULTS");
}

void nth_faults_begin(unsigned number)
{
	gn_fault_rule rule = { .faults.fail_nth = number };

	if (gni_sim_fault(gni_loop_mine()->io, &rule, 1) < 0)
		abort();
}

static bool struck_simulated(struct gni_io *io)
{
	struct gni_sim_count counts[GNI_FAULT_COUNT];

	gni_sim_fault_counts(io, counts);
	return counts[GNI_FAULT_FAIL].injected > 0;
}

static bool struck_really(struct gni_io *io)
{
	return io->faults &&
	       gni_inject_of(io)->plan.struck[GNI_FAULT_FAIL] > 0;
}

/* Once it has, it has, though a simulation be over. */
bool nth_faults_struck(void)
{
	static bool struck;
	struct gni_loop *l = gni_loop_mine();

	if (!struck && l)
		struck = l->backend->enter ? struck_simulated(l->io) :
					     struck_really(l->io);
	return struck;
}

void nth_close(int fd)
{
	struct gni_loop *l = gni_loop_mine();

	l->calls->close(l->io, fd);
}

size_t nth_faults_descriptors(void)
{
	struct gni_loop *l = gni_loop_mine();

	return gni_sim_descriptors(l->io, l->current->place);
}
