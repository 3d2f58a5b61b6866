/* cases.h: what the files of cases share. */
#ifndef CASES_H
#define CASES_H

#include "explore.h"

/* cases_open opens a channel of numbers. */
void cases_open(gn_chan **c, size_t capacity);

/* cases_both wants one and two, in either order. */
void cases_both(int a, int b);

/* cases_in_fiber runs fn in a group with a deadline ({0}: none). */
void cases_in_fiber(gn_fiber_fn *fn, gn_time until);

#endif
