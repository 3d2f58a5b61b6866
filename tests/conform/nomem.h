/*
 * nomem.h: memory that runs out at will.  The program is linked so that the
 * allocations of the cases and of the library come here: those of bytes, and
 * mappings.
 */
#ifndef CONFORM_NOMEM_H
#define CONFORM_NOMEM_H

#include <stdbool.h>
#include <stddef.h>

/* nomem_after lets so many allocations of this thread succeed; the next one
 * fails, and if it is to last, all that follow. */
void nomem_after(unsigned count, bool lasts);

/* nomem_spare leaves the allocations of this thread alone, uncounted, until it
 * is told to stop. */
void nomem_spare(bool on);

/* nomem_struck tells whether an allocation was refused since. */
bool nomem_struck(void);

/* nomem_over ends it; true if an allocation was refused. */
bool nomem_over(void);

/* What the whole process has taken and not given back. */
struct nomem_live {
	long blocks;
	long mapped; /* bytes */
};

struct nomem_live nomem_live(void);

/* How often the kernel itself has refused the process a mapping. */
unsigned long nomem_unmapped(void);

#endif
