/*
 * mailbox.c: letters from other threads.  The lock is held for a few
 * instructions, and for the wake, so that the backend cannot go meanwhile.
 */
#include "loop/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct gni_mailbox {
	pthread_mutex_t lock;
	struct gni_list letters;
	struct gni_io *io; /* NULL: the loop has ended */
	bool ending;
	atomic_bool filled;
	atomic_uint references;
};

struct gni_mailbox *gni_mailbox_open(struct gni_io *io)
{
	struct gni_mailbox *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	pthread_mutex_init(&m->lock, NULL);
	gni_list_init(&m->letters);
	m->io = io;
	atomic_init(&m->references, 1);
	return m;
}

struct gni_mailbox *gni_mailbox_share(struct gni_mailbox *m)
{
	atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
	return m;
}

void gni_mailbox_drop(struct gni_mailbox *m)
{
	if (!m || atomic_fetch_sub_explicit(&m->references, 1,
					    memory_order_acq_rel) > 1)
		return;
	pthread_mutex_destroy(&m->lock);
	free(m);
}

bool gni_mailbox_post(struct gni_mailbox *m, struct gni_letter *letter)
{
	bool open;

	pthread_mutex_lock(&m->lock);
	open = m->io && (!m->ending || letter->awaited);
	if (open) {
		bool first = gni_list_empty(&m->letters);

		gni_list_add(&m->letters, &letter->link);
		atomic_store_explicit(&m->filled, true, memory_order_release);
		if (first)
			m->io->backend->wake(m->io);
	}
	pthread_mutex_unlock(&m->lock);
	return open;
}

/* Takes what is there now: a stream of letters must not hold up the turn. */
static void take_all(struct gni_mailbox *m, struct gni_list *into)
{
	struct gni_list *l;

	gni_list_init(into);
	pthread_mutex_lock(&m->lock);
	while ((l = gni_list_pop(&m->letters)))
		gni_list_add(into, l);
	pthread_mutex_unlock(&m->lock);
}

/* Opened one by one, and not under the lock: a letter may post another. */
static bool open_all(struct gni_mailbox *m)
{
	struct gni_list taken, *l;
	bool any = false;

	take_all(m, &taken);
	while ((l = gni_list_pop(&taken))) {
		struct gni_letter *letter = GNI_OWNER(l, struct gni_letter,
						      link);

		letter->open(letter);
		any = true;
	}
	return any;
}

bool gni_mailbox_empty(struct gni_mailbox *m)
{
	if (!atomic_load_explicit(&m->filled, memory_order_acquire))
		return false;
	atomic_store_explicit(&m->filled, false, memory_order_relaxed);
	return open_all(m);
}

void gni_mailbox_end(struct gni_mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	m->ending = true;
	pthread_mutex_unlock(&m->lock);
	open_all(m);
}

void gni_mailbox_close(struct gni_mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	m->io = NULL;
	pthread_mutex_unlock(&m->lock);
}
