/*
 * timer.c: a heap in which every timer has four below it, so that a path is
 * half as long as in a binary one.  A timer stands where its placed instant
 * and turn put it; those may be behind due and turn, never ahead, so moving a
 * timer later costs nothing until it comes to the top and is settled there.
 */
#include "clock/timer.h"

#include <stdlib.h>

#include "base/check.h"

#define CHILDREN 4

/* A page of pointers to begin with. */
#define CAPACITY_MIN 512

static bool before(const struct gni_timer *a, const struct gni_timer *b)
{
	if (a->placed.ns != b->placed.ns)
		return a->placed.ns < b->placed.ns;
	return a->placed_turn < b->placed_turn;
}

static void put(struct gni_timers *all, size_t i, struct gni_timer *t)
{
	all->heap[i] = t;
	t->index = (uint32_t)(i + 1);
}

/* Finds t's place at i or above it. */
static void sift_up(struct gni_timers *all, size_t i, struct gni_timer *t)
{
	while (i > 0) {
		size_t parent = (i - 1) / CHILDREN;

		if (!before(t, all->heap[parent]))
			break;
		put(all, i, all->heap[parent]);
		i = parent;
	}
	put(all, i, t);
}

/* The first of the timers below i; count if there is none. */
static size_t first_child(const struct gni_timers *all, size_t i)
{
	size_t first = i * CHILDREN + 1;
	size_t end = first + CHILDREN;

	if (first >= all->count)
		return all->count;
	if (end > all->count)
		end = all->count;
	for (i = first + 1; i < end; i++)
		if (before(all->heap[i], all->heap[first]))
			first = i;
	return first;
}

/* Finds t's place at i or below it. */
static void sift_down(struct gni_timers *all, size_t i, struct gni_timer *t)
{
	size_t child;

	while ((child = first_child(all, i)) < all->count &&
	       before(all->heap[child], t)) {
		put(all, i, all->heap[child]);
		i = child;
	}
	put(all, i, t);
}

static void place(struct gni_timer *t)
{
	t->placed = t->due;
	t->placed_turn = t->turn;
}

/* Takes t out; the last timer fills its place, and may belong higher. */
static void unplace(struct gni_timers *all, struct gni_timer *t)
{
	size_t i = t->index - 1;
	struct gni_timer *last = all->heap[--all->count];

	t->index = 0;
	if (last == t)
		return;
	sift_down(all, i, last);
	sift_up(all, last->index - 1, last);
}

void gni_timer_init(struct gni_timer *t, void (*fire)(struct gni_timer *))
{
	*t = (struct gni_timer){ .due = GN_NEVER, .fire = fire };
}

bool gni_timer_reserve(struct gni_timers *all)
{
	size_t capacity = all->capacity ? all->capacity * 2 : CAPACITY_MIN;
	struct gni_timer **heap;

	if (all->reserved == all->capacity) {
		if (capacity > UINT32_MAX)
			return false;
		heap = realloc(all->heap, capacity * sizeof *heap);
		if (!heap)
			return false;
		all->heap = heap;
		all->capacity = capacity;
	}
	all->reserved++;
	return true;
}

void gni_timer_unreserve(struct gni_timers *all)
{
	all->reserved--;
}

void gni_timer_set(struct gni_timers *all, struct gni_timer *t, gn_time due)
{
	/* What is set in the past while timers fire queues behind them. */
	t->due = due.ns < all->floor.ns ? all->floor : due;
	if (due.ns == GN_NEVER.ns)
		return;
	t->turn = all->turn++;
	if (t->index && t->due.ns >= t->placed.ns)
		return;
	place(t);
	if (!t->index) {
		GNI_CHECK(all->count < all->reserved,
			  "a timer was set whose place was not reserved");
		t->index = (uint32_t)++all->count;
	}
	sift_up(all, t->index - 1, t);
}

void gni_timer_drop(struct gni_timers *all, struct gni_timer *t)
{
	t->due = GN_NEVER;
	if (t->index)
		unplace(all, t);
	gni_timer_unreserve(all);
}

/* The timer that fires next, put where it belongs; NULL if none is set that
 * stands at the limit or before. */
static struct gni_timer *settle(struct gni_timers *all, gn_time limit)
{
	while (all->count && all->heap[0]->placed.ns <= limit.ns) {
		struct gni_timer *t = all->heap[0];

		if (t->due.ns == GN_NEVER.ns) {
			unplace(all, t);
		} else if (t->placed_turn != t->turn) {
			place(t);
			sift_down(all, 0, t);
		} else {
			return t;
		}
	}
	return NULL;
}

gn_time gni_timers_next(struct gni_timers *all)
{
	struct gni_timer *t = settle(all, GN_NEVER);

	return t ? t->due : GN_NEVER;
}

gn_time gni_timers_soonest(const struct gni_timers *all)
{
	return all->count ? all->heap[0]->placed : GN_NEVER;
}

void gni_timers_expire(struct gni_timers *all, gn_time now)
{
	uint64_t end = all->turn;
	struct gni_timer *t;

	all->floor = now;
	while ((t = settle(all, now)) && t->due.ns <= now.ns && t->turn < end) {
		unplace(all, t);
		t->due = GN_NEVER;
		t->fire(t);
	}
	all->floor = (gn_time){ 0 };
}

void gni_timers_free(struct gni_timers *all)
{
	GNI_CHECK(all->reserved == 0, "a heap of timers was freed in use");
	free(all->heap);
	*all = (struct gni_timers){ 0 };
}
