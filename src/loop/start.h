/* start.h: a loop over the backend that the machine and the environment
 * allow. */
#ifndef GNI_LOOP_START_H
#define GNI_LOOP_START_H

#include "loop/loop.h"

/* gni_loop_start opens it; NULL with the record written. */
struct gni_loop *gni_loop_start(void);

#endif
