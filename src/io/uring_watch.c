/*
 * uring_watch.c: decides whether to look before sleeping, and looks.  It must
 * make no system call: that is its whole point.
 */
#include "io/uring_watch.h"

/* About what a sleep and its wake-up cost; longer would not pay. */
#define LOOK_NS (50 * GN_USEC)
/* Reading the clock costs as much as some tens of looks. */
#define LOOKS_A_READING 64
/* While it fails, one of so many sleeps is delayed: no more than 50 ns each. */
#define PASSES_MIN 15
#define PASSES_MAX 1023

bool gni_watch_due(struct gni_watch *w)
{
	if (w->passes == 0)
		return true;
	w->passes--;
	return false;
}

/* Lets the processor's other thread have its units. */
static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool look(const struct gni_ring *r)
{
	for (int i = 0; i < LOOKS_A_READING; i++) {
		if (gni_ring_ready(r) > 0 || gni_ring_called(r))
			return true;
		relax();
	}
	return false;
}

bool gni_watch_look(struct gni_watch *w, const struct gni_ring *r,
		    gn_time until)
{
	gn_time end = gn_time_earlier(until, gn_in(LOOK_NS));

	do
		if (look(r)) {
			w->after = 0;
			return true;
		}
	while (gn_time_before(gn_now(), end));
	w->after = w->after == 0 ? PASSES_MIN : 2 * w->after + 1;
	if (w->after > PASSES_MAX)
		w->after = PASSES_MAX;
	w->passes = w->after;
	return false;
}
