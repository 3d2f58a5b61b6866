/*
 * child.h: parts of a case that need a process of their own: to be stopped by
 * the library, to fork, to lose their descriptors.
 */
#ifndef CONFORM_CHILD_H
#define CONFORM_CHILD_H

#include "conform.h"

/* The sanitizers have handlers and stacks of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* A child that was forked beside other threads may make its own. */
#if defined(__SANITIZE_THREAD__)
#define CHILDREN_HAVE_THREADS false
#else
#define CHILDREN_HAVE_THREADS true
#endif

/* How a child ended. */
struct ended {
	int status;	  /* as waitpid(2) tells it */
	char words[2048]; /* what it said on standard error */
};

/* run_child forks, runs a part and waits: 0, or below zero when it could not.
 * The child leaves with 0 if the part returned 0, else with 1. */
int run_child(int (*part)(const struct place *p), const struct place *p,
	      struct ended *e);

/* want_well wants it to end well, want_stopped to be stopped by the library
 * with these words. */
int want_well(int (*part)(const struct place *p), const struct place *p);
int want_stopped(int (*part)(const struct place *p), const struct place *p,
		 const char *words);

#endif
