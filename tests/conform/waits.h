/*
 * waits.h: every call that waits, on sockets on which it must: nothing comes
 * in, and nothing more goes out.
 */
#ifndef CONFORM_WAITS_H
#define CONFORM_WAITS_H

#include "conform.h"

struct stage {
	const struct place *p;
	gn_sock *quiet[2]; /* the second is waited on */
	gn_sock *full[2];  /* the first can send no more; NULL: cannot be */
	gn_sock *listener; /* to whom nobody comes; NULL: cannot be */
	gn_sock *other;	   /* bound, to send to the full one; NULL */
	gn_addr to;	   /* where that is */
	int fd[2];	   /* a pipe without a word; -1: cannot be */
};

struct wait {
	const char *operation; /* as the record has it */
	unsigned on, never;    /* as of a case */
	int (*call)(struct stage *st, gn_time until);
	gn_sock **(*of)(struct stage *st); /* what it waits on, or NULL */
	bool real;
};

/* Ends with a NULL operation. */
extern const struct wait waits[];

/* waits_here tells whether a place has the call. */
bool waits_here(const struct place *p, const struct wait *w);

int stage_open(const struct place *p, struct stage *st);

/* stage_alive wants that all still works. */
int stage_alive(struct stage *st);
void stage_close(struct stage *st);

#endif
