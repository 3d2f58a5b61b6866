/*
 * chan.c: bounded queues between fibers and between threads.
 *
 * Whoever finds the other side waiting does its work for it: a sender copies
 * its item straight to the longest waiting receiver.  So items keep their
 * order, waiters theirs, and a wake-up always brings something.  A waiter that
 * stands in several channels is claimed by one of them: its state tells which
 * was first, a deadline and a cancel being two more claimants.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <gnezdo/task.h>

#include "base/check.h"
#include "error/error.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

/* What gn_chan_open and gn_chan_select promise in task.h. */
#define ITEM_MAX 65536
#define CAPACITY_MAX 1048576
#define CASES_MAX 64

struct gn_chan {
	pthread_mutex_t lock;
	struct gni_list senders, receivers; /* of struct place */
	size_t item_bytes, capacity, first, count;
	bool ended;
	unsigned fork;
	atomic_uint references;
	uint8_t items[];
};

/* A fiber that waits, in as many places as it has cases. */
struct waiter {
	struct gni_wait wait;
	struct gni_letter letter;
	struct gni_loop *loop;
	atomic_bool claimed;
	int index;  /* the case that was done */
	int result; /* 0, or GN_EEND */
};

struct place {
	struct gni_list link;
	struct waiter *waiter;
	gn_chan_case *task;
	int index;
};

static int fail(int code, const char *operation, size_t need)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .operation = operation,
					     .need = need },
			NULL);
}

gn_chan *gn_chan_open(size_t item_bytes, size_t capacity)
{
	gn_chan *c;

	if (item_bytes > ITEM_MAX || capacity < 1 || capacity > CAPACITY_MAX) {
		fail(GN_EINVAL, "chan_open", 0);
		return NULL;
	}
	c = calloc(1, sizeof *c + item_bytes * capacity);
	if (!c) {
		fail(GN_ENOMEM, "chan_open", 0);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	gni_list_init(&c->senders);
	gni_list_init(&c->receivers);
	c->item_bytes = item_bytes;
	c->capacity = capacity;
	c->fork = gni_loop_fork();
	atomic_init(&c->references, 1);
	return c;
}

gn_chan *gn_chan_share(gn_chan *c)
{
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
	return c;
}

void gn_chan_close(gn_chan *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->references, 1,
					    memory_order_acq_rel) > 1)
		return;
	GNI_CHECK(gni_list_empty(&c->senders) &&
			  gni_list_empty(&c->receivers),
		  "a channel was closed for the last time while fibers wait "
		  "on it");
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void put(gn_chan *c, const void *item)
{
	size_t at = (c->first + c->count) % c->capacity;

	if (c->item_bytes)
		memcpy(c->items + at * c->item_bytes, item, c->item_bytes);
	c->count++;
}

static void take(gn_chan *c, void *item)
{
	if (c->item_bytes)
		memcpy(item, c->items + c->first * c->item_bytes,
		       c->item_bytes);
	c->first = (c->first + 1) % c->capacity;
	c->count--;
}

static void letter_came(struct gni_letter *letter)
{
	struct waiter *w = GNI_OWNER(letter, struct waiter, letter);

	gni_wake(&w->wait, 0);
}

/* Gives the fiber its result: at once on this thread, by letter on another. */
static void hand_over(struct waiter *w, int index, int result)
{
	struct gni_mailbox *m;

	w->index = index;
	w->result = result;
	if (w->loop == gni_loop_mine()) {
		gni_wake(&w->wait, 0);
		return;
	}
	/* The fiber may be gone, and its thread, before post returns. */
	m = gni_mailbox_share(w->loop->mailbox);
	gni_mailbox_post(m, &w->letter);
	gni_mailbox_drop(m);
}

/* Takes out the longest waiting fiber that nobody else has claimed. */
static struct place *claim(struct gni_list *waiting)
{
	struct gni_list *m;

	while ((m = gni_list_pop(waiting))) {
		struct place *p = GNI_OWNER(m, struct place, link);

		if (!atomic_exchange(&p->waiter->claimed, true))
			return p;
	}
	return NULL;
}

static bool try_send(gn_chan *c, const void *item)
{
	struct place *p = claim(&c->receivers);

	if (p) {
		if (c->item_bytes)
			memcpy(p->task->recv, item, c->item_bytes);
		hand_over(p->waiter, p->index, 0);
		return true;
	}
	if (c->count == c->capacity)
		return false;
	put(c, item);
	return true;
}

static bool try_recv(gn_chan *c, void *item)
{
	struct place *p;

	if (c->count == 0)
		return false;
	take(c, item);
	p = claim(&c->senders);
	if (p) {
		put(c, p->task->send);
		hand_over(p->waiter, p->index, 0);
	}
	return true;
}

/* Does a case now if it can be done: 1, 0 if not, or GN_EEND. */
static int try_case(gn_chan_case *k)
{
	gn_chan *c = k->chan;

	if (k->send && c->ended)
		return GN_EEND;
	if (k->send ? try_send(c, k->send) : try_recv(c, k->recv))
		return 1;
	return !k->send && c->ended ? GN_EEND : 0;
}

/* Out of every channel, also of those that did not claim it.  The lock also of
 * the one that did: until it can be had another thread is still at work there,
 * and the waiter may free the channel as soon as it returns. */
static void leave(struct place *places, int count)
{
	for (int i = 0; i < count; i++) {
		gn_chan *c = places[i].task->chan;

		pthread_mutex_lock(&c->lock);
		gni_list_remove(&places[i].link);
		pthread_mutex_unlock(&c->lock);
	}
}

/* A deadline or a cancel claims the waiter too; it may come second. */
static void give_up(struct gni_wait *wait)
{
	struct waiter *w = GNI_OWNER(wait, struct waiter, wait);

	if (!atomic_exchange(&w->claimed, true))
		gni_wake(wait, wait->reason);
}

/* The channels of all cases, each once, in the order in which every thread
 * locks them. */
struct locks {
	gn_chan *chan[CASES_MAX];
	int count;
};

static void add_lock(struct locks *l, gn_chan *c)
{
	int at = l->count;

	while (at > 0 && (uintptr_t)l->chan[at - 1] > (uintptr_t)c)
		at--;
	if (at > 0 && l->chan[at - 1] == c)
		return;
	memmove(&l->chan[at + 1], &l->chan[at],
		(size_t)(l->count - at) * sizeof *l->chan);
	l->chan[at] = c;
	l->count++;
}

/* What one call is to do. */
struct choice {
	gn_chan_case *cases;
	int count;
	gn_time until;
	const char *operation;
	struct place *places; /* as many as there are cases */
	struct locks *locks;  /* NULL: there is one case */
	int index;	      /* of the one that was done */
};

static void lock_all(const struct choice *o)
{
	struct locks *l = o->locks;

	if (!l) {
		pthread_mutex_lock(&o->cases->chan->lock);
		return;
	}
	l->count = 0;
	for (int i = 0; i < o->count; i++)
		add_lock(l, o->cases[i].chan);
	for (int i = 0; i < l->count; i++)
		pthread_mutex_lock(&l->chan[i]->lock);
}

static void unlock_all(const struct choice *o)
{
	if (!o->locks) {
		pthread_mutex_unlock(&o->cases->chan->lock);
		return;
	}
	for (int i = o->locks->count; i-- > 0;)
		pthread_mutex_unlock(&o->locks->chan[i]->lock);
}

/* A copy in a child of fork reaches nobody. */
static bool all_ours(const gn_chan_case *cases, int count)
{
	for (int i = 0; i < count; i++)
		if (cases[i].chan->fork != gni_loop_fork())
			return false;
	return true;
}

static int try_all(struct choice *o)
{
	int result = 0;

	for (int i = 0; i < o->count && result == 0; i++) {
		result = try_case(&o->cases[i]);
		o->index = i;
	}
	return result;
}

static void stand(struct waiter *w, const struct choice *o)
{
	for (int i = 0; i < o->count; i++) {
		gn_chan *c = o->cases[i].chan;

		o->places[i] = (struct place){ .waiter = w,
					       .task = &o->cases[i],
					       .index = i };
		gni_list_add(o->cases[i].send ? &c->senders : &c->receivers,
			     &o->places[i].link);
	}
}

/* Comes with the locks held, and leaves without. */
static int wait_in_line(struct choice *o, struct gni_loop *l)
{
	struct waiter w = { .wait = { .operation = o->operation,
				      .give_up = give_up },
			    .letter = { .open = letter_came,
					.awaited = true },
			    .loop = l };
	int result;

	gni_list_init(&w.letter.link);
	stand(&w, o);
	unlock_all(o);
	result = gni_wait_for(&w.wait, o->until);
	leave(o->places, o->count);
	o->index = w.index;
	return result < 0 ? result : w.result;
}

/* Does one case, waiting if it may; gives 0, with its index, or a code. */
static int select_one(struct choice *o)
{
	struct gni_loop *l = gni_loop_mine();
	int result;

	if (!l)
		l = gni_loop_here();
	if (!l)
		return gn_code();
	if (!all_ours(o->cases, o->count))
		return GN_EFORK;
	if (l->current->cancelled && gni_task_cancelled(l->current))
		return GN_ECANCELED;
	lock_all(o);
	result = try_all(o);
	if (result == 0 && o->until.ns > GN_NOW.ns)
		return wait_in_line(o, l);
	unlock_all(o);
	gni_loop_pace(l, 0);
	if (result == 0)
		return GN_ETIMEOUT;
	return result < 0 ? result : 0;
}

static int one_case(gn_chan_case *k, gn_time until, const char *operation)
{
	struct place place;
	struct choice o = { k, 1, until, operation, &place, NULL, 0 };
	int result = select_one(&o);

	return result < 0 ? fail(result, operation, 0) : 0;
}

int gn_chan_send(gn_chan *c, const void *item, gn_time until)
{
	/* An item of no bytes still has to be told from a receive. */
	gn_chan_case k = { .chan = c, .send = item ? item : "" };

	return one_case(&k, until, "chan_send");
}

int gn_chan_recv(gn_chan *c, void *item, gn_time until)
{
	gn_chan_case k = { .chan = c, .recv = item };

	return one_case(&k, until, "chan_recv");
}

int gn_chan_select(gn_chan_case *cases, int count, gn_time until)
{
	struct place places[CASES_MAX];
	struct locks locks;
	struct choice o = { cases, count, until, "chan_select", places,
			    &locks, 0 };
	int result;

	if (count < 1 || count > CASES_MAX)
		return fail(GN_EINVAL, "chan_select", 0);
	result = select_one(&o);
	if (result < 0)
		return fail(result, "chan_select", (size_t)o.index);
	return o.index;
}

static void end_all(struct gni_list *waiting)
{
	struct place *p;

	while ((p = claim(waiting)))
		hand_over(p->waiter, p->index, GN_EEND);
}

void gn_chan_end(gn_chan *c)
{
	pthread_mutex_lock(&c->lock);
	c->ended = true;
	end_all(&c->senders);
	end_all(&c->receivers);
	pthread_mutex_unlock(&c->lock);
}
