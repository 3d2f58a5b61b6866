/*
 * clock.h: the present instant, real or virtual.  The only reader of the
 * system's clock.
 */
#ifndef GNI_CLOCK_CLOCK_H
#define GNI_CLOCK_CLOCK_H

#include <gnezdo/time.h>

/*
 * gni_clock_virtual makes *now the calling thread's clock; NULL gives the
 * real one back.  Returns the former pointer.  The owner moves *now.
 */
const gn_time *gni_clock_virtual(const gn_time *now);

#endif
