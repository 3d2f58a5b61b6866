/*
 * A client that connects, exchanges one message, ends its sending, waits for
 * the server's end, closes, and begins again: what a short connection costs.
 */
#ifndef BENCH_CHURN_H
#define BENCH_CHURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "latency.h"
#include "peer.h"
#include "target.h"

enum bench_churn_state {
	BENCH_CHURN_CLOSED,
	BENCH_CHURN_ASKED,
	BENCH_CHURN_ENDING
};

struct bench_churn {
	struct bench_peer peer;
	enum bench_churn_state state;
	size_t number; /* of this client, as in bench_peer_begin */
	uint64_t begun_ns;
};

/*
 * bench_churn_step does what can be done now for one client, without waiting.
 *
 * Returns 1 when a connection has come to its end, 0 when something moved, or
 * -1 when there was nothing to do.
 *
 *   begin    whether a closed client may connect anew
 *   latency  gets one sample a connection, from connect to close
 */
int bench_churn_step(struct bench_churn *client,
		     const struct bench_target *target, size_t len, bool begin,
		     uint64_t now_ns, struct bench_latency *latency);

#endif
