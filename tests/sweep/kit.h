/*
 * kit.h: the world of a scenario of the sweep.
 *
 * A scenario is a small world: clients, which have work to do, servers, which
 * are there until all clients have done theirs, and an auditor, who then looks
 * whether anything was left behind.  Any host may lose its power at any time
 * and begin anew, so a client's work and what a server must not forget are
 * kept outside of their functions, in the scenario's own memory.
 *
 * What is wrong ends the process on the spot (WANT and its like), whichever
 * fiber sees it.
 */
#ifndef KIT_H
#define KIT_H

#include "loop/trial_test.h"

/* Faults hold so long, then the network is whole. */
#define KIT_HEAL_NS (10 * GN_SEC)

/* Whole again, every client has done its work within so long: connecting may
 * take three tries of TCP, and a lost piece one long wait to be sent again. */
#define KIT_LIVE_NS (300 * GN_SEC)

/* kit_begin starts the world of a scenario. */
void kit_begin(gn_sim *sim);

/*
 * kit_client adds a host with work to do: fn(arg) returns 0 when it is done,
 * and GN_ECANCELED when its host lost its power, after which it is called
 * again.
 */
void kit_client(const char *name, gn_fiber_fn *fn, void *arg);

/* kit_clients adds so many, each with its own element of an array, whose size
 * is given in bytes. */
void kit_clients(unsigned count, gn_fiber_fn *fn, void *elements, size_t size);

/* No scenario has more that it adds so. */
#define KIT_CLIENTS_MAX 4

/* kit_server adds a host that fn(arg) serves until it is cancelled. */
void kit_server(const char *name, gn_fiber_fn *fn, void *arg);

/* kit_patience gives clients more time than KIT_LIVE_NS. */
void kit_patience(int64_t live_ns);

/*
 * What goes wrong besides what the seed draws, which is mostly for links that a
 * scenario does not use, or comes when it is over.  In half of the runs
 * kit_trouble adds a fault of hosts or links, kit_trouble_inside one of hosts;
 * kit_power_cut takes the power from a client for a moment early on, in three
 * of four.
 */
void kit_trouble(void);
void kit_trouble_inside(void);
void kit_power_cut(void);

/*
 * kit_run runs it all and audits: what a scenario returns.  A run of fewer
 * than KIT_FIBERS fibers or KIT_OPERATIONS operations is none.
 */
int kit_run(void);

#define KIT_FIBERS 3
#define KIT_OPERATIONS 100

/* kit_late tells by how much an instant was missed: 0, or below 0 when it has
 * not come yet.  What the clock has leapt in this run is nobody's delay. */
int64_t kit_late(gn_time instant);

/* kit_leapt tells whether the clock has leapt in this run. */
bool kit_leapt(void);

/* kit_powerless tells whether the caller's host has lost its power, so that
 * what its calls give means nothing. */
bool kit_powerless(void);

/*
 * draw gives a number below bound, 1 or more: what the program itself leaves
 * to chance.  0 is always the plainest.  Of several draws in one expression
 * each compiler makes another one first.
 */
uint64_t draw(uint64_t bound);

/* draw_among gives one of low to high, both included, low the plainest. */
uint64_t draw_among(uint64_t low, uint64_t high);

/* draw_length gives a length of 1 to most bytes, and draw_ns some nanoseconds:
 * 1 to most.  The plainest is all of it. */
size_t draw_length(size_t most);
int64_t draw_ns(int64_t most);

/* chance is true once in so many times. */
bool chance(uint64_t once_in);

/* draw_until gives a deadline: some are in the past, some long enough. */
gn_time draw_until(void);

/* kit_pause sleeps for a moment that is drawn.  Returns as gn_sleep. */
int kit_pause(int64_t most_ns);

#endif
