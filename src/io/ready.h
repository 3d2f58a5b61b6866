/*
 * ready.h: the readiness engine, which makes completions by trying, arming,
 * trying again.  ready.c moves operations through their states, ready_slot.c
 * knows what was said of a descriptor, ready_ops.c tries an operation once.
 *
 *	submit -> fresh -> tried -> done
 *	             |       |
 *	             |       +-> paused (no readiness exists) -> tried ...
 *	             +-> armed in the descriptor's slot
 *	                   an event: tried ...      a cancel: canceled -> done
 *
 * A poller stands on it and asks the kernel: epoll.c, poll.c.  It begins with a
 * struct gni_ready, brings the events and has the calls that depend on how
 * descriptors are watched: wait, wake, forget, close.  They call down into
 * the engine directly; only watch goes the other way, through a pointer.
 */
#ifndef GNI_IO_READY_H
#define GNI_IO_READY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "io/io.h"

/* The two directions in which a descriptor is watched and found ready. */
#define GNI_READY_IN 1u
#define GNI_READY_OUT 2u
/* Something besides bytes came (an end, an error, urgent data), after which a
 * short read does not mean that nothing is left. */
#define GNI_READY_LOUD 4u

enum gni_stream {
	GNI_STREAM_UNKNOWN,
	GNI_STREAM_TCP,
	GNI_STREAM_UNIX,
	GNI_STREAM_NONE, /* or one of which nothing may be concluded */
};

/*
 * A descriptor.  Its ready must be right: a bit that is clear promises that,
 * once it is watched, an event will come before anything can be had.  A bit
 * that is set promises nothing.
 */
struct gni_slot {
	struct gni_list armed; /* operations waiting for an event */
	uint32_t mark;	       /* the poller's own, 0 at first */
	uint8_t watched;       /* directions of which events go on coming */
	uint8_t ready;
	uint8_t stream;	   /* enum gni_stream */
	bool owned : 1;	   /* watched as ours, which is closed through us */
	bool nonblock : 1; /* a listener that is O_NONBLOCK */
	bool restore : 1;  /* which we made it, and undo: a listener as it is
			    * given up, another as its connect ends */
};

/* Operations that no event will wake: tried again after 1, 2, 4 … 64 ms. */
#define GNI_PAUSES 7

struct gni_pause {
	struct gni_list ops;
	gn_time due;
};

struct gni_ready;

/*
 * A poller's watch makes sure that an event will come for the operation,
 * beginning with what holds now.  It may note in the slot directions that need
 * not be asked for again.
 *
 * Returns 0 or a negative errno, EPERM: of this descriptor there never are any.
 */
typedef int gni_watch(struct gni_ready *r, struct gni_slot *s,
		      const struct gni_op *op);

struct gni_ready {
	struct gni_io io;
	struct gni_backend backend;
	struct gni_calls calls;
	gni_watch *watch;
	bool pausing;	    /* something may be paused */
	unsigned blind;	    /* waits in a row that did not look */
	unsigned completed; /* in this wait */
	struct gni_list fresh, canceled;
	struct gni_pause pauses[GNI_PAUSES];
	struct gni_slot **chunks; /* slots by descriptor, never moved */
	size_t chunk_count;
};

/* gni_ready_init makes an engine of zeroed memory.  The poller gives name,
 * wait, wake and close of its backend, and afterwards sets forget and close in
 * calls, which else are those of the real world. */
void gni_ready_init(struct gni_ready *r, const struct gni_backend *backend,
		    gni_watch *watch);

/* gni_ready_free gives up the engine's memory; no operation is in. */
void gni_ready_free(struct gni_ready *r);

/* gni_ready_begin is the first half of a wait: what needs no event.  It tells
 * whether the poller has to look, and until when. */
bool gni_ready_begin(struct gni_ready *r, gn_time *until);

/* gni_ready_timeout gives the milliseconds from now until an instant, as
 * poll(2) takes them: none too few, -1 for ever. */
int gni_ready_timeout(gn_time until);

/* gni_ready_serve tries what the bits noted in a slot give hope to. */
void gni_ready_serve(struct gni_ready *r, struct gni_slot *s);

/* gni_ready_pause takes an armed operation out of its slot and has it tried
 * again after a while, twice as long each time. */
void gni_ready_pause(struct gni_ready *r, struct gni_op *op);

/* gni_slot_find gives a descriptor's slot, NULL if it has none; _make makes
 * it: 0, EBADF or ENOMEM. */
struct gni_slot *gni_slot_find(const struct gni_ready *r, int fd);
int gni_slot_make(struct gni_ready *r, int fd, struct gni_slot **slot);

/* gni_slot_forget ends the descriptor's life here; mark begins that of its
 * number's next one. */
void gni_slot_forget(struct gni_slot *s, int fd, uint32_t mark);

/* What trying gives besides a result. */
#define GNI_TRY_WAIT INT_MIN	    /* an event will tell */
#define GNI_TRY_PAUSE (INT_MIN + 1) /* none will */

/* gni_ready_try tries an operation once: its result or one of the two above. */
int gni_ready_try(struct gni_slot *s, struct gni_op *op);

/* gni_ready_end undoes what trying left behind on the descriptor. */
void gni_ready_end(struct gni_slot *s, const struct gni_op *op);

/* gni_ready_hopeful tells whether trying may give something now; an operation
 * that is fresh, unlike an armed one, may be its own question. */
bool gni_ready_hopeful(const struct gni_slot *s, const struct gni_op *op,
		       bool fresh);

/* gni_ready_directions gives those in which it waits; gni_ready_events gives,
 * as poll(2) has them, the events that can end its waiting and no others. */
unsigned gni_ready_directions(const struct gni_op *op);
short gni_ready_events(const struct gni_op *op);

/* gni_ready_watch makes sure that an event will come for it, as watch does. */
int gni_ready_watch(struct gni_ready *r, struct gni_slot *s,
		    const struct gni_op *op);

#endif
