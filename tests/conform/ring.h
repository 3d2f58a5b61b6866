/*
 * ring.h: whether the kernel gives out rings at all.
 */
#ifndef CONFORM_RING_H
#define CONFORM_RING_H

#include <stdbool.h>

/* What is said where it does not. */
#define RING_REFUSED "io_uring is refused here"

/* ring_refused asks the kernel itself, not the library: a sandbox, or whoever
 * runs the machine, may refuse to make a ring, or one of its other calls. */
bool ring_refused(void);

#endif
