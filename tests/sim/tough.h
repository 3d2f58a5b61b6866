/*
 * tough.h: programs that go on whatever the network does to them: a scenario
 * for sweeps, of streams, datagrams, Unix sockets and fibers that are
 * cancelled.
 */
#ifndef TOUGH_H
#define TOUGH_H

#include <gnezdo/sim.h>

/* tough_run is a gn_scenario_fn; arg is not used. */
int tough_run(gn_sim *sim, void *arg);

#endif
