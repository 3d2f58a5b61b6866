/*
 * trace.h: all that happens in a simulation, as a hash, and as a story for
 * people: a line an event with the virtual time, the host, the fiber, what
 * happened, with whom and how much.  Both are made of the same events.  No
 * byte that a peer sent is in a line.
 */
#ifndef GNI_IO_SIM_TRACE_H
#define GNI_IO_SIM_TRACE_H

#include <stdio.h>

#include "io/io.h"

struct gni_trace {
	uint64_t hash;
	uint64_t count; /* events so far */
	gn_time begin;
	FILE *story; /* NULL: none is told */
};

/* gni_trace_begin starts one at an instant without events. */
void gni_trace_begin(struct gni_trace *t, gn_time now);

/* gni_trace_tell has the story told from now on: "1" for standard error, or
 * else the name of a file, to which it is added.  0 or a negative errno. */
int gni_trace_tell(struct gni_trace *t, const char *to);

/* gni_trace_add adds an event on a host (NULL: the simulation itself). */
void gni_trace_add(struct gni_trace *t, gn_time now, const char *host,
		   const struct gni_note *n);

/* gni_trace_remark adds a line to the story that is no event and counts for
 * nothing in the hash. */
void gni_trace_remark(struct gni_trace *t, gn_time now, const char *form, ...)
	GN_PRINTF(3, 4);

/* gni_trace_end closes the story. */
void gni_trace_end(struct gni_trace *t);

#endif
