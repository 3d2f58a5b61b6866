/*
 * region.h: one mapping from which stacks of one size are cut.  A mapping a
 * stack would end at vm.max_map_count (65,530).  A region and all its stacks
 * belong to one thread; nothing here locks.
 *
 *	base
 *	| guard | stack 0          | guard | stack 1          | ...
 *	        low  <- grows down         low  <- grows down
 *
 * Pages come from the kernel when they are first touched and never as huge
 * pages: one touched byte would take 2 MiB.
 */
#ifndef GNI_FIBER_REGION_H
#define GNI_FIBER_REGION_H

#include <stdint.h>

#include "base/list.h"
#include "fiber/guard.h"

struct gni_region;

/* One a fiber, so it is short. */
struct gni_stack {
	struct gni_region *home;
	char *low;		/* its lowest usable byte */
	uint32_t next;		/* idle ones: the next one's number plus 1 */
	unsigned tool_number : 24; /* Valgrind's */
	unsigned guard : 8;	/* enum gni_guard */
};

struct gni_region {
	struct gni_list link;	/* for the owner's list of regions with room */
	uint32_t idle;		/* cut, given back, holding no memory: the first
				 * one's number plus 1 */
	char *base;
	size_t bytes;
	size_t stack_bytes, guard_bytes;
	unsigned class;		/* the owner's mark */
	unsigned count;		/* stacks there is room for */
	unsigned cut;		/* the first so many have been used */
	unsigned out;		/* taken and not put back */
	struct gni_stack stacks[];
};

/*
 * gni_region_open maps a region of at most the bytes wanted, and at least one
 * stack with its guard; with less where address space is short.  Sizes are
 * whole pages.  NULL: no memory.
 */
struct gni_region *gni_region_open(size_t stack_bytes, size_t guard_bytes,
				   size_t bytes_wanted);

/* Unmaps it; no stack of it may be in use or in a list of the caller's. */
void gni_region_close(struct gni_region *r);

/* gni_region_take cuts a stack or takes an idle one; NULL: none is left. */
struct gni_stack *gni_region_take(struct gni_region *r);

/* Puts a stack back, whose pages the caller has returned to the kernel. */
void gni_region_put(struct gni_stack *s);

static inline bool gni_region_has_room(const struct gni_region *r)
{
	return r->out < r->count;
}

#endif
