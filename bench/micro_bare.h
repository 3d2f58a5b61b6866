/*
 * The least that leaving one stack for another can be: the registers that a
 * call must preserve, two stack pointers and an indirect jump. No check, no
 * floating-point modes, no word to a debugger. What gnezdo's switch costs is
 * said as a multiple of this.
 */
#ifndef BENCH_MICRO_BARE_H
#define BENCH_MICRO_BARE_H

#include <stddef.h>

/* Whether this processor has one; without it everything is compared with 1. */
#if defined(__x86_64__)
#define BENCH_BARE 1
#else
#define BENCH_BARE 0
#endif

/* bench_bare_switch keeps the present place at *save and goes on at to. */
void bench_bare_switch(void **save, void *to);

/* bench_bare_prepare lays out the stack below top so that the first switch to
 * the returned place begins start, which must not return. */
void *bench_bare_prepare(char *top, void (*start)(void));

#endif
