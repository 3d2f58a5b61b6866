/*
 * memory.h: how many blocks of memory the process has, by the linker's --wrap
 * of malloc and its like.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

/* memory_blocks gives how many are there now. */
int64_t memory_blocks(void);

/*
 * memory_prime fills what the library keeps for good, so that from then on a
 * simulation leaves as many blocks as it found: handles of sockets, buffers,
 * records of failures.
 */
void memory_prime(void);

#endif
