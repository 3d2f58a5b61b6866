/*
 * A client of an echo server: one connection that keeps messages in flight
 * and compares every byte that comes back with the byte that was sent.
 *
 * What a peer sends is one endless stream cut from a pattern of random bytes
 * whose length is a prime number, so that a message lost, doubled, swapped or
 * taken from another connection does not compare equal. A wrong byte, a lost
 * connection or a byte too many ends the process with a sentence.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "latency.h"
#include "target.h"

/* Messages a peer may have in flight, and bytes of all of them together. */
#define BENCH_DEPTH_MAX 64
#define BENCH_FLIGHT_LEN_MAX (64 * 1024)

struct bench_peer {
	int fd;
	uint32_t send_at; /* places in the pattern */
	uint32_t recv_at;
	size_t unsent_len;
	size_t owed_len;   /* asked for and not yet returned */
	size_t part_len;   /* arrived of a message not yet whole */
	uint64_t answered; /* messages */
	unsigned oldest;   /* place in asked_ns */
	unsigned newest;
	uint64_t asked_ns[BENCH_DEPTH_MAX];
};

/* bench_peer_start makes the pattern; once, before any peer is opened. */
void bench_peer_start(void);

/*
 * bench_peer_open connects and waits for that.
 *
 *   number  tells the peers of a process apart: each begins elsewhere in the
 *           pattern
 */
void bench_peer_open(struct bench_peer *peer, const struct bench_target *target,
		     size_t number);

/* bench_peer_begin begins to connect and does not wait. */
void bench_peer_begin(struct bench_peer *peer,
		      const struct bench_target *target, size_t number);

/*
 * bench_peer_ask adds count messages to those in flight and sends what the
 * socket takes; bench_peer_visit sends the rest.
 *
 *   len     bytes of a message, the same in every call
 *   now_ns  the instant from which their latency counts
 */
void bench_peer_ask(struct bench_peer *peer, size_t count, size_t len,
		    uint64_t now_ns);

/*
 * bench_peer_visit looks once at a peer without waiting.
 *
 * Returns the messages that became whole, 0 when none did, or -1 when there
 * was nothing to read.
 *
 *   latency  gets one sample a message
 */
int bench_peer_visit(struct bench_peer *peer, size_t len, uint64_t now_ns,
		     struct bench_latency *latency);

#endif
