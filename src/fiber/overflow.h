/*
 * overflow.h: a fiber that runs over its stack stops the program with its name.
 * The signal handler is installed only where nobody had one, and only while
 * the options allow; see gni_fiber_configure.
 */
#ifndef GNI_FIBER_OVERFLOW_H
#define GNI_FIBER_OVERFLOW_H

#include <stdbool.h>

struct gni_fiber;

/* Leaves signals alone from now on; what is installed stays. */
void gni_overflow_choose(bool no_handler);

/*
 * gni_overflow_watch takes SIGSEGV and SIGBUS, each only if it has the default
 * action, at the first call of the process, and gives this thread a signal
 * stack if it has none.  Where that fails an overflow is a plain SIGSEGV.
 */
void gni_overflow_watch(void);

/* Takes the signal stack of this thread back, if it is the one given. */
void gni_overflow_unwatch(void);

/*
 * gni_overflow_stop says which fiber overflowed and how deep, as gni_stop does,
 * and aborts.  Also called in the signal handler.
 *
 *   deepest  an address below the stack that was used
 */
_Noreturn void gni_overflow_stop(const struct gni_fiber *f,
				 const char *deepest);

#endif
