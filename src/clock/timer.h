/*
 * timer.h: a heap of deadlines.  Setting a timer later than it stands, the
 * common case of a deadline made anew for each call, moves nothing in the
 * heap: the timer is moved when its old place comes up.
 */
#ifndef GNI_CLOCK_TIMER_H
#define GNI_CLOCK_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/time.h>

struct gni_timer {
	gn_time due;	/* when it should fire; GN_NEVER: not set */
	gn_time placed; /* the instant it is sorted by, never after due */
	uint64_t turn;	/* which setting this is: it decides between equals */
	uint64_t placed_turn; /* the turn it is sorted by, never after turn */
	uint32_t index;	      /* its place in the heap plus 1; 0: in no heap */
	void (*fire)(struct gni_timer *timer);
};

/* All zero is an empty heap. */
struct gni_timers {
	struct gni_timer **heap;
	size_t count, capacity;
	size_t reserved; /* timers that may be set, at most capacity */
	uint64_t turn;	 /* of the next setting */
	gn_time floor;	 /* while timers fire, the instant they fire at */
};

/* gni_timer_init prepares a timer that calls fire when it comes due. */
void gni_timer_init(struct gni_timer *t, void (*fire)(struct gni_timer *));

/* gni_timer_reserve makes room so that the setting of one more timer cannot
 * fail: called once when its owner is made, undone by gni_timer_drop.
 * Returns false when there is no memory. */
bool gni_timer_reserve(struct gni_timers *all);

/* gni_timer_unreserve gives back a reservation that no timer took. */
void gni_timer_unreserve(struct gni_timers *all);

/* gni_timer_set sets or moves a timer whose place was reserved; GN_NEVER
 * unsets it. */
void gni_timer_set(struct gni_timers *all, struct gni_timer *t, gn_time due);

/* gni_timer_clear unsets it; cheap, it may stay in the heap. */
static inline void gni_timer_clear(struct gni_timer *t)
{
	t->due = GN_NEVER;
}

/* gni_timer_drop takes it out of the heap and gives back its reservation:
 * before its owner is freed. */
void gni_timer_drop(struct gni_timers *all, struct gni_timer *t);

/* gni_timers_next gives the instant to wait for, GN_NEVER if none is set. */
gn_time gni_timers_next(struct gni_timers *all);

/* gni_timers_soonest gives an instant before which none fires, without putting
 * in place those that were set later: who wakes then may find nothing to do.
 * With a deadline made anew for each message, next would move every timer in
 * every turn. */
gn_time gni_timers_soonest(const struct gni_timers *all);

/*
 * gni_timers_expire calls fire of each timer due at now, each unset before
 * its call.  Equal instants fire in the order in which they were set, a
 * setting anew included.  Any timer may be set, cleared or dropped in fire; one
 * set there never fires before the next call, however far it lies in the past.
 */
void gni_timers_expire(struct gni_timers *all, gn_time now);

/* gni_timers_free frees the heap, which must be empty. */
void gni_timers_free(struct gni_timers *all);

#endif
