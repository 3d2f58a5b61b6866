/*
 * link.h: a wire whose middle is here: two TUN devices and a thread between
 * them that loses, doubles, spoils, holds back, delays and cuts what it
 * carries, by the grammar of gnezdo/fault.h and from a seed.
 */
#ifndef FAULT_LINK_H
#define FAULT_LINK_H

#include <stdint.h>

struct link;

/* link_end makes the device "wire" in the calling thread's namespace and gives
 * its descriptor; below zero: failed and said. */
int link_end(void);

/* link_start carries packets between the two ends, which it owns.  Until
 * link_spoil it does so well; from then on the faults hold, and their times
 * count.  NULL: failed and said. */
struct link *link_start(int us, int them, const char *faults, uint64_t seed);
void link_spoil(struct link *l);

/* link_stop ends it and gives how many packets met a fault. */
unsigned long link_stop(struct link *l);

#endif
