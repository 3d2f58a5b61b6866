/*
 * asks.h: how often the kernel was asked what has come.  The program is linked
 * so that the library's own waits come here.
 */
#ifndef CONFORM_ASKS_H
#define CONFORM_ASKS_H

/* asks gives how often this thread has asked so far.  One that spins asks more
 * than ASKS_MAX times in a few milliseconds, one that waits hardly ever. */
unsigned long asks(void);

#define ASKS_MAX 200

#endif
