/*
 * child.h: a function in a process of its own, whose output goes to memory.
 */
#ifndef GNI_SIM_CHILD_H
#define GNI_SIM_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <gnezdo/time.h>

#include "io/output.h"

/*
 * gni_child_start begins fn(arg) in a child, whose standard output and error go
 * to an output (-1: stay as they are) and whose input is empty; it dies with
 * its parent.  Returns its process, or a negative errno.
 */
pid_t gni_child_start(void (*fn)(void *arg), void *arg, int output);

/* gni_child_run waits for its end too: the status as waitpid gives it, or a
 * negative errno.  Meanwhile SIGCHLD does what it does by default. */
int gni_child_run(void (*fn)(void *arg), void *arg, int output);

/* gni_child_audit ends the calling child with this status if memory was lost,
 * where LeakSanitizer is built in; it is what that itself ends with. */
#define GNI_CHILD_LEAKED 23
void gni_child_audit(void);

/* gni_child_limit ends the calling child by SIGPROF once it has used so much
 * time of the processor from now on, by SIGALRM once so much has gone by;
 * called again, both begin anew. */
void gni_child_limit(int64_t busy_ns, int64_t all_ns);

/* Some ten thousand times what a run takes: one that makes no step that could
 * be counted for so long never ends.  One that waits for the system uses none
 * of it; a slow machine is not to be taken for that. */
#define GNI_CHILD_BUSY_NS (60 * GN_SEC)
#define GNI_CHILD_ALL_NS (10 * GN_MIN)

/* gni_shared gives zeroed memory that children share; NULL: none.  It takes
 * only what is touched. */
void *gni_shared(size_t bytes);
void gni_shared_free(void *memory, size_t bytes);

#endif
