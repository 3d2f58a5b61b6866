/*
 * modes.h: the modes of the floating-point units: rounding, exception masks,
 * whether tiny numbers are zero.  A call must preserve them, so who leaves a
 * stack keeps them.  Reading them takes longer than the switch itself (3.4 ns
 * on one processor); who switches to and fro within one set of modes need not.
 * Where the switch keeps them by itself these functions are empty.
 */
#ifndef GNI_FIBER_MODES_H
#define GNI_FIBER_MODES_H

#include <stdbool.h>
#include <stdint.h>

#include "fiber/switch.h"

#if defined(__x86_64__) && !defined(GNI_FIBER_PORTABLE)
struct gni_modes {
	uint32_t sse; /* without the flags of exceptions that were seen */
	uint16_t x87;
};

#define GNI_MODES_SSE 0xffc0u

static inline struct gni_modes gni_modes_now(void)
{
	struct gni_modes m;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(m.sse), "=m"(m.x87));
	m.sse &= GNI_MODES_SSE;
	return m;
}

static inline void gni_modes_set(struct gni_modes m)
{
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(m.sse), "m"(m.x87));
}

static inline bool gni_modes_equal(struct gni_modes a, struct gni_modes b)
{
	return a.sse == b.sse && a.x87 == b.x87;
}
#else
struct gni_modes {
	uint32_t none;
};

static inline struct gni_modes gni_modes_now(void)
{
	return (struct gni_modes){ 0 };
}

static inline void gni_modes_set(struct gni_modes m)
{
	(void)m;
}

static inline bool gni_modes_equal(struct gni_modes a, struct gni_modes b)
{
	return a.none == b.none;
}
#endif

#endif
