/*
 * talk.h: bytes that travel through a simulated stream in pieces, and what
 * reads them at its other end.
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo.h>

/* How the bytes are cut: each piece by a byte that tells its length (its low
 * six bits) and how long after it the next one leaves (quarters of a
 * millisecond).  They are gone through again and again. */
struct talk_cuts {
	const uint8_t *at;
	size_t count; /* 0: all is one piece */
};

struct talk {
	const uint8_t *bytes;
	size_t len;
	struct talk_cuts cuts;
	uint64_t seed; /* of the simulation; 0: nothing is left to chance */
	bool tcp;      /* between two hosts; otherwise a Unix pair on one */
	bool one_shot; /* without standing operations */
	void (*read)(gn_sock *s, void *arg);
	void *arg;
};

/* talk_run has it read; it must end well. */
void talk_run(const struct talk *t);

#endif
