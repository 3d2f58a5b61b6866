/*
 * until.h: every public function that may wait, in situations in which nobody
 * answers.
 */
#ifndef UNTIL_H
#define UNTIL_H

#include "stage.h"

/* What a call finds. */
struct scene {
	gn_sock *s, *peer;    /* two that are connected */
	gn_sock *listener;
	gn_sock *others[32];  /* in its backlog */
	int count;
	gn_chan *chan, *full;
	gn_group *group;
	gn_addr to;
	char address[GN_ADDR_TEXT_MAX];
};

/* A call that waits.  What it returns at its deadline is GN_ETIMEOUT, or 0
 * where the deadline is what is waited for. */
struct wait {
	const char *function, *kind;
	void (*set)(struct scene *c, const char *kind);
	int (*call)(struct scene *c, gn_time until);
	bool sleeps;
	bool on_socket; /* a close of c->s or the listener ends it */
};

/* Ends with a NULL function. */
extern const struct wait waits[];

/* until_strike lets go of all that a scene holds. */
void until_strike(struct scene *c);

#endif
