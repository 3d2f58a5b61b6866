/*
 * guard.h: the bytes below a stack that must never be used.  Three kinds, the
 * best that can be had is taken:
 *
 *	PAGES   MADV_GUARD_INSTALL (Linux 6.13): touching them is a fault, and
 *	        the mapping stays one however many stacks are cut from it.
 *	MAPPED  mprotect: a fault too, but two mappings each, of the 65,530
 *	        that vm.max_map_count allows a process; so only for the first
 *	        GNI_GUARD_MAPPED_MAX stacks of the process.
 *	SOFT    nothing happens at the touch.  The bytes are nobody's, so using
 *	        a few hurts nothing; at each switch away the stack pointer and
 *	        the strip next to the stack, which is zero while untouched, tell
 *	        of it.  Reading zeroes that were never written costs no memory.
 *	        A runaway recursion goes on through the stacks below until it
 *	        meets the lowest of the region, which is always MAPPED.
 */
#ifndef GNI_FIBER_GUARD_H
#define GNI_FIBER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum gni_guard {
	GNI_GUARD_SOFT,
	GNI_GUARD_PAGES,
	GNI_GUARD_MAPPED,
};

/* Stacks: 24,000 mappings, which leaves most of the allowance to others. */
#define GNI_GUARD_MAPPED_MAX 12000

/*
 * gni_guard_choose takes kinds out of use, for guards put up from now on.
 *   no_pages   as on a kernel before 6.13
 *   no_mapped  as if GNI_GUARD_MAPPED_MAX stacks had been made
 */
void gni_guard_choose(bool no_pages, bool no_mapped);

/*
 * gni_guard_put guards whole pages and returns the kind it could have.
 *   lowest  nothing of ours lies below: worth a mapping beyond the allowance
 */
enum gni_guard gni_guard_put(char *at, size_t bytes, bool lowest);

/* The guard is about to be unmapped together with its stack. */
void gni_guard_gone(enum gni_guard kind);

/* Whether the strip below the lowest byte of a soft-guarded stack is whole. */
static inline bool gni_guard_intact(const char *low)
{
	const unsigned long *strip = (const void *)low;
	unsigned long seen = 0;

	for (int i = 1; i <= 8; i++)
		seen |= strip[-i];
	return seen == 0;
}

#endif
