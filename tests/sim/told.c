/* told.c: keeps what a sweep reports, and shows it. */
#include "told.h"

#include <stdio.h>
#include <string.h>

static void keep(const char *line, void *arg)
{
	struct told *t = arg;

	printf("# %s\n", line);
	if (t->count < (int)(sizeof t->lines / sizeof *t->lines))
		snprintf(t->lines[t->count++], sizeof *t->lines, "%s", line);
}

const gn_sweep_opts *told_opts(struct told *t, const gn_sweep_opts *opts)
{
	static gn_sweep_opts with;

	with = *opts;
	with.report = keep;
	with.report_arg = t;
	return &with;
}

const char *told_line(const struct told *t, const char *piece)
{
	for (int i = 0; i < t->count; i++)
		if (strstr(t->lines[i], piece))
			return t->lines[i];
	return "";
}

bool told_has(const struct told *t, const char *piece)
{
	return *told_line(t, piece) != '\0';
}
