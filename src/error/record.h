/* record.h: what a record of a failure holds.  For this room only. */
#ifndef GNI_ERROR_RECORD_H
#define GNI_ERROR_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include <gnezdo/addr.h>

/* A sentence of a few lines, with all words of a grammar; more would not be
 * read. */
#define GNI_WHY_MAX 256

/* The longest name, 253 bytes, with its scheme, port and an option. */
#define GNI_ABOUT_MAX 320

/* A name rarely has more addresses, and nobody reads further. */
#define GNI_TRIED_MAX 8

struct gn_error {
	int code;
	int sys;
	const char *operation;
	size_t done, need;
	gn_addr local, peer;	  /* kind GN_KIND_NONE: not known */
	char about[GNI_ABOUT_MAX]; /* as it was given, so not safe to print */
	bool about_cut;
	char why[GNI_WHY_MAX]; /* escaped */
	size_t tried_count;
	struct gni_tried {
		gn_addr addr;
		int code;
	} tried[GNI_TRIED_MAX];
	bool reserved;	       /* a thread's reserve: never freed */
	struct gn_error *next; /* in the pool */
};

/* gni_error_words gives what a sentence says for a code, and tells whether
 * the code stands for so many errnos that the system's words must follow. */
const char *gni_error_words(int code, bool *vague);

#endif
