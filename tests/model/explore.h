/*
 * explore.h: small programs of several threads, run once for every order in
 * which their steps can follow each other.
 *
 * The threads are real, with their loops, fibers and thread-locals, but only
 * one of them runs at a time.  Before each atomic operation, each lock and
 * unlock and each call that may wait or wake it may have to let another go on:
 * these are the points.  A case is run again and again, depth first through
 * the choices made at its points, until all are done in which a thread that
 * could have gone on had to stop at most twice.  (Musuvathi and Qadeer,
 * "Iterative context bounding": nearly all bugs need no more.)  Memory is
 * sequentially consistent here: what weaker orders allow is for
 * ThreadSanitizer to find.
 *
 * Time stands still while anybody can run without it.  Who waits until an
 * instant may be chosen like one who has been woken: the instant has then
 * come.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

#include <gnezdo.h>

#define THREADS_MAX 3

/* A program: begin, then its threads side by side, then end. */
struct model_case {
	const char *name;
	void (*begin)(void);
	void (*threads[THREADS_MAX])(void);
	void (*end)(void); /* checks what came of it, and frees it */
};

/* Each file of cases; the last case has no name. */
extern const struct model_case chan_cases[], select_cases[], post_cases[],
	wake_cases[];

/* The backend of this run: its name, and how it is opened. */
struct gni_io;
struct model_backend {
	const char *name, *word; /* the word of GNEZDO_BACKEND */
	int (*open)(struct gni_io **io);
};
extern const struct model_backend *model_backend;

/* model_point lets another thread go on, perhaps; what is for the story of a
 * failure. */
void model_point(const char *what);

/* What somebody waits for: asked anew when changes is another number. */
struct model_wish {
	const char *what;
	bool (*ready)(void *arg);
	void *arg;
	const unsigned long *changes;
};

/* model_block waits until it is ready or the instant has come.  Outside the
 * threads of a case it does not wait. */
void model_block(const struct model_wish *wish, gn_time until);

/* How often something was written that wakes. */
extern unsigned long model_writes;

/* model_readable tells whether a descriptor (*fd is an int) can be read. */
bool model_readable(void *fd);

/* model_inside tells whether the caller is a thread of a case. */
bool model_inside(void);

/* model_look_takes lets time pass: somebody looks instead of waiting. */
void model_look_takes(int64_t duration_ns);

/* What a thread of the C library would call at its end. */
void model_at_end(void (*call)(void *value), void *value);

_Noreturn void model_fail(const char *form, ...)
	__attribute__((format(printf, 1, 2)));

#define WANT(condition)                                                  \
	do {                                                             \
		if (!(condition))                                        \
			model_fail("%s:%d: this does not hold: %s",      \
				   __FILE__, __LINE__, #condition);      \
	} while (0)

#endif
