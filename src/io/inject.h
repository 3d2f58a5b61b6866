/*
 * inject.h: faults on the real network.  A decorator stands round a backend
 * and is a backend itself: what goes in passes through it, and what comes out.
 * It exists only where GNEZDO_FAULTS is set; nothing else knows of it.
 *
 *	loop ──► inject ──► io_uring, epoll ... ──► kernel
 *
 * Each operation of the loop's has a twin, which is the one that the backend
 * beneath gets, perhaps later, shorter, or not at all.
 *
 *	submit -> asking -> waiting -> inside -> held -> told
 *	             (each only where a fault wants it)    ended -> told
 */
#ifndef GNI_IO_INJECT_H
#define GNI_IO_INJECT_H

#include "base/list.h"
#include "io/inject_plan.h"
#include "io/io.h"

struct gni_inject {
	struct gni_io io; /* what the loop has */
	struct gni_backend backend;
	struct gni_io *inner;
	const struct gni_calls *below; /* the inner one's */
	struct gni_plan plan;
	char text[GNI_PLAN_TEXT_MAX];

	struct gni_list ended; /* twins with a result to be told */
	size_t ending;	       /* how many those are */
	struct gni_list timed; /* twins that wait for an instant */
	struct gni_list spare; /* twins of nobody */
	struct gni_list starved; /* operations that found no memory for one */
	bool interrupted;	 /* the last wait was cut short */
	bool went_on;		 /* an operation took a step in this wait */

	struct gni_list flights; /* datagrams under way, soonest first */
	size_t flight_count;
	gn_time out_free, in_free; /* when the link can take the next bytes */
};

static inline struct gni_inject *gni_inject_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_inject, io);
}

/*
 * gni_inject_open puts the decorator round *io, by the texts of GNEZDO_FAULTS
 * and GNEZDO_SEED ("": a seed of its own).
 *
 * Returns 0; or a negative errno, with a sentence of the thread's in *why and
 * *io closed.
 */
int gni_inject_open(struct gni_io **io, const char *faults, const char *seed,
		    const char **why);

/* The seam's, in inject_op.c. */
void gni_inject_submit(struct gni_io *io, struct gni_op *op);
void gni_inject_cancel(struct gni_io *io, struct gni_op *op);

/* gni_inject_tell tells what is due now, within wait; true if anything was. */
bool gni_inject_tell(struct gni_inject *j);

/* gni_inject_due gives when there will next be something to tell. */
gn_time gni_inject_due(const struct gni_inject *j);

void gni_inject_free_twins(struct gni_inject *j);

extern const struct gni_calls gni_inject_calls;

#endif
