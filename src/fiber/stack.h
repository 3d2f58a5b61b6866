/*
 * stack.h: stacks for fibers.  Memory is reserved large and taken from the
 * kernel page by page as it is touched.  Each thread has stacks of its own, so
 * that nothing here locks and a fork beside other threads leaves nothing
 * locked: fibers never change threads, so neither do their stacks.
 *
 * Sizes are rounded up to 16 KiB, 32 KiB and so on to 4 MiB; a larger one gets
 * a mapping of its own, unmapped when it is given back.  A signal that is
 * delivered without SA_ONSTACK while a fiber runs needs up to 12 KiB of its
 * stack where the processor has wide registers: the smallest sizes are for
 * those who know.
 */
#ifndef GNI_FIBER_STACK_H
#define GNI_FIBER_STACK_H

#include "fiber/region.h"

#define GNI_STACK_DEFAULT_BYTES ((size_t)256 << 10)

/*
 * gni_stack_take gives a stack of at least so many bytes (0: the default).
 * Its content is undefined.  NULL: no memory.
 */
struct gni_stack *gni_stack_take(size_t bytes);

/* Gives a stack back to the thread that took it, which is the caller. */
void gni_stack_give(struct gni_stack *s);

/*
 * gni_stack_thread_end returns what this thread keeps for later to the kernel.
 * A region with a stack in use stays mapped.  The thread may go on.
 */
void gni_stack_thread_end(void);

/* The bytes of a stack: its size class, of which gni_stack_top leaves some. */
static inline size_t gni_stack_bytes(const struct gni_stack *s)
{
	return s->home->stack_bytes;
}

/*
 * Where to begin using a stack: its end, less a few cache lines that differ
 * from one stack to the next.  Were they the same, the hot bytes of all fibers
 * would share one of the sixty-four sets of the first-level cache.  A kilobyte
 * is spread over, so that a fiber with 3 KiB of frames stays in its one page.
 */
char *gni_stack_top(const struct gni_stack *s);

/*
 * gni_stack_touched returns the bytes from the lowest page in memory to the
 * end: how deep the stack has been since its pages were last given back, by
 * whoever used it.  Whole pages; swapped-out ones are not seen.
 */
size_t gni_stack_touched(const struct gni_stack *s);

/* Gives whole pages below floor, an address in the stack, to the kernel. */
void gni_stack_trim(const struct gni_stack *s, char *floor);

/*
 * gni_stack_overran says whether a fault at the address is this stack's
 * running over: it lies in the guard, or, where that is soft, anywhere below
 * it in the region.  Async-signal-safe.
 */
bool gni_stack_overran(const struct gni_stack *s, const char *address);

#endif
