/* told.h: what a sweep reports, kept line by line. */
#ifndef TOLD_H
#define TOLD_H

#include <stdbool.h>

#include <gnezdo.h>

struct told {
	int count;
	char lines[100][600];
};

/* told_opts gives the options with the reports going to told; valid until the
 * next call. */
const gn_sweep_opts *told_opts(struct told *t, const gn_sweep_opts *opts);

/* told_line finds the first line that has a piece, "" if none has. */
const char *told_line(const struct told *t, const char *piece);
bool told_has(const struct told *t, const char *piece);

#endif
