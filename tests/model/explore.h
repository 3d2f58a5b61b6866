/*
 * explore.h: small programs of several threads, run once for every order in
 * which their steps can follow each other.
 *
 * The threads are real, with their loops, fibers and thread-locals, but only
 * one of them runs at a time.  Before each atomic operation, each lock and
 * unlock and each call that may wait or wake it may have to let another go on:
 * these are the points.  A case is run again and again, depth first through
 * the choices made at its points, until all are done in which at most
 * PREEMPTIONS times a thread had to stop that could have gone on.  (Musuvathi
 * and Qadeer, "Iterative context bounding": nearly all bugs need no more than
 * two.)  Memory is sequentially consistent here: what weaker orders allow is
 * for ThreadSanitizer to find.
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

#define PREEMPTIONS 2
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

/* The backend that loops are to have in this run: "io_uring", "epoll". */
extern const char *model_backend;

/* model_point lets another thread go on, perhaps; what is for the story of a
 * failure. */
void model_point(const char *what);

/* model_block waits until ready says so, or until the instant; false: the
 * instant has come.  Outside the threads of a case it does not wait. */
bool model_block(const char *what, bool (*ready)(void *arg), void *arg,
		 gn_time until);

/* model_changed says that what somebody waits for may have come. */
void model_changed(void);

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
