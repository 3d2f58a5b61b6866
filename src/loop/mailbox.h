/*
 * mailbox.h: the way from other threads into a loop.
 */
#ifndef GNI_LOOP_MAILBOX_H
#define GNI_LOOP_MAILBOX_H

#include <stdbool.h>

#include "base/list.h"
#include "io/io.h"

struct gni_mailbox;

/* Something for a loop to do, in memory of whoever posts it. */
struct gni_letter {
	struct gni_list link;
	void (*open)(struct gni_letter *letter); /* on the loop's thread */
	/* A fiber of the loop waits for it: taken even while the loop ends. */
	bool awaited;
};

/* gni_mailbox_open makes one for a backend, with one reference; NULL: no
 * memory.  share takes one more, drop gives one back, on any thread. */
struct gni_mailbox *gni_mailbox_open(struct gni_io *io);
struct gni_mailbox *gni_mailbox_share(struct gni_mailbox *m);
void gni_mailbox_drop(struct gni_mailbox *m);

/* gni_mailbox_post hands a letter over; false: the loop has ended and the
 * letter stays the caller's.  Letters of one thread are opened in order. */
bool gni_mailbox_post(struct gni_mailbox *m, struct gni_letter *letter);

/* gni_mailbox_empty opens all letters that have come; true if there were any.
 * The loop's thread only. */
bool gni_mailbox_empty(struct gni_mailbox *m);

/* gni_mailbox_end opens what is there and takes no more letters but awaited
 * ones; gni_mailbox_close takes none at all: no fiber is left. */
void gni_mailbox_end(struct gni_mailbox *m);
void gni_mailbox_close(struct gni_mailbox *m);

#endif
