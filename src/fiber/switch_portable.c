/*
 * switch_portable.c: the switch by ucontext, for processors without one of
 * their own.  Correct and slow: it makes a system call for the signal mask at
 * each switch.  The context of a suspended stack lies on that stack, and the
 * saved place is its address.
 */
#ifndef GNI_FIBER_PORTABLE
#define GNI_FIBER_PORTABLE 1
#endif

#include <stdint.h>
#include <ucontext.h>

#include "fiber/switch.h"
#include "fiber/tools.h"

/* What the frame that holds a context may keep below it. */
#define FRAME_BYTES 1024

/* The context must lie on the real stack, for gni_switch_floor reads it off. */
GNI_NO_ASAN void gni_switch_jump(void **save, void *to)
{
	ucontext_t here;

	*save = &here;
	(void)swapcontext(&here, to);
}

/* makecontext passes ints only: the first frame finds its words by address. */
struct first {
	ucontext_t context;
	void (*start)(void *);
	void *arg;
};

static void begin(unsigned high, unsigned low)
{
	uintptr_t at = (uintptr_t)((uint64_t)high << 32 | low);
	const struct first *first = (const void *)at;

	first->start(first->arg);
}

/*
 * makecontext wants the low end of the stack too, but only adds size to it;
 * the room told to it is that of the smallest stack there is.
 */
void *gni_switch_prepare(void *top, void (*start)(void *), void *arg)
{
	struct first *first;
	uint64_t at;

	first = (void *)(((uintptr_t)top - sizeof *first) & ~(uintptr_t)63);
	at = (uintptr_t)first;
	if (getcontext(&first->context) < 0)
		return NULL;
	first->start = start;
	first->arg = arg;
	first->context.uc_link = NULL;
	first->context.uc_stack.ss_sp = (char *)first - GNI_SWITCH_ROOM;
	first->context.uc_stack.ss_size = GNI_SWITCH_ROOM;
	makecontext(&first->context, (void (*)(void))begin, 2,
		    (unsigned)(at >> 32), (unsigned)at);
	return &first->context;
}

char *gni_switch_floor(void *saved)
{
	return (char *)saved - FRAME_BYTES;
}

/* The C library's swapcontext follows shadow stacks by itself. */
bool gni_switch_shadowed(void)
{
	return false;
}
