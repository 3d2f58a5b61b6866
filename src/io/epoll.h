/*
 * epoll.h: the inside of the epoll backend.  epoll.c moves operations through
 * their states, epoll_set.c asks the kernel for events, epoll_slot.c knows what
 * it said of a descriptor, epoll_ops.c tries an operation once.
 *
 *	submit -> fresh -> tried -> done
 *	             |       |
 *	             |       +-> paused (no readiness exists) -> tried ...
 *	             +-> armed in the descriptor's slot
 *	                   an event: tried ...      a cancel: canceled -> done
 */
#ifndef GNI_IO_EPOLL_H
#define GNI_IO_EPOLL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

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
 * A descriptor.  Watching is edge-triggered, so ready must be right: a bit
 * that is clear promises that an event will come before anything can be had.
 * A bit that is set promises nothing.
 */
struct gni_slot {
	struct gni_list armed; /* operations waiting for an event */
	uint32_t generation;   /* of the descriptor's number */
	uint8_t watched;       /* directions given to epoll */
	uint8_t ready;
	uint8_t stream;	 /* enum gni_stream */
	bool owned : 1;	 /* watched as ours, which is closed through us */
	bool nonblock : 1; /* a listener that was made O_NONBLOCK */
	bool restore : 1;  /* O_NONBLOCK ends with the connect under way */
};

/* Operations that no event will wake: tried again after 1, 2, 4 … 64 ms. */
#define GNI_PAUSES 7

struct gni_pause {
	struct gni_list ops;
	gn_time due;
};

/* As many events as are taken in one wait: a turn stays short. */
#define GNI_EPOLL_EVENTS 256

struct gni_epoll {
	struct gni_io io;
	struct gni_backend backend;
	struct gni_calls calls;
	int fd, wake_fd;
	bool coarse;  /* no epoll_pwait2: milliseconds */
	bool pausing; /* something may be paused */
	unsigned blind;	    /* waits in a row that did not look */
	unsigned completed; /* in this wait */
	struct gni_list fresh, canceled;
	struct gni_pause pauses[GNI_PAUSES];
	struct gni_slot **chunks; /* slots by descriptor, never moved */
	size_t chunk_count;
	struct epoll_event events[GNI_EPOLL_EVENTS];
};

/* gni_set_open makes the kernel's set: 0 or a negative errno, and in both
 * cases gni_set_close ends it. */
int gni_set_open(struct gni_epoll *e);
void gni_set_close(struct gni_epoll *e);

/* gni_set_collect waits until the instant and gives how many events came, or
 * -1 after a signal. */
int gni_set_collect(struct gni_epoll *e, gn_time until);

/* gni_set_wake ends a present or else the next wait. */
void gni_set_wake(struct gni_epoll *e);

/* The data of the wake-up's events, which no descriptor's slot can have. */
#define GNI_WAKE_DATA UINT64_MAX

/* gni_slot_find gives a descriptor's slot, NULL if it has none; _make makes
 * it: 0, EBADF or ENOMEM. */
struct gni_slot *gni_slot_find(const struct gni_epoll *e, int fd);
int gni_slot_make(struct gni_epoll *e, int fd, struct gni_slot **slot);

/* gni_slot_watch makes sure that events of the directions come, beginning
 * with what holds now.  0 or a negative errno, EPERM: of this descriptor
 * there never are any. */
int gni_slot_watch(struct gni_epoll *e, struct gni_slot *s, int fd,
		   unsigned directions, bool owned);

/* gni_slot_event gives the slot that an event is of with its bits noted, NULL
 * when that descriptor is gone. */
struct gni_slot *gni_slot_event(const struct gni_epoll *e,
				const struct epoll_event *event);

/* gni_slot_forget ends the descriptor's life here. */
void gni_slot_forget(struct gni_epoll *e, int fd);

void gni_slots_free(struct gni_epoll *e);

/* What trying gives besides a result. */
#define GNI_TRY_WAIT INT_MIN	    /* an event will tell */
#define GNI_TRY_PAUSE (INT_MIN + 1) /* none will */

/* gni_epoll_try tries an operation once: its result or one of the two above. */
int gni_epoll_try(struct gni_slot *s, struct gni_op *op);

/* gni_op_end undoes what trying left behind on the descriptor. */
void gni_op_end(struct gni_slot *s, const struct gni_op *op);

/* gni_op_hopeful tells whether trying may give something now; an operation
 * that is fresh, unlike an armed one, may be its own question. */
bool gni_op_hopeful(const struct gni_slot *s, const struct gni_op *op,
		    bool fresh);

/* gni_op_watch makes sure that an event will come for it. */
int gni_op_watch(struct gni_epoll *e, struct gni_slot *s,
		 const struct gni_op *op);

#endif
