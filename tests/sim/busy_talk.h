/*
 * busy_talk.h: conversations of the busy world, each checked byte by byte.
 */
#ifndef BUSY_TALK_H
#define BUSY_TALK_H

#include "base/rng.h"
#include "busy.h"

/* What a client begins with, so that the server can check it. */
struct hello {
	uint64_t key;	/* of the bytes that follow */
	uint32_t total; /* how many */
	uint32_t breaks_off;
};

/* What runs on a host: its own chances, and what it tells. */
struct actor {
	struct gni_rng rng;
	struct busy *busy;
	unsigned number;
};

unsigned busy_draw(struct actor *a, unsigned bound);
gn_time busy_soon(struct actor *a); /* a short deadline or a long one */

/* busy_note mixes a fact and the instant into the digest. */
void busy_note(struct busy *b, uint64_t fact);

/* busy_echo is a server's handler for streams; its arg is a struct actor. */
int busy_echo(gn_sock *client, void *arg);

/* busy_talk is a client's whole conversation with busy_echo on s. */
void busy_talk(struct actor *a, gn_sock *s);

/* busy_break_off begins one and leaves in the midst of it. */
void busy_break_off(struct actor *a, gn_sock *s);

/* busy_echo_messages returns messages until it is cancelled or they end; to
 * whom they came from, if s is bound.  busy_talk_messages checks it. */
int busy_echo_messages(gn_sock *s, bool bound, struct actor *a);
void busy_talk_messages(struct actor *a, gn_sock *s);

#endif
