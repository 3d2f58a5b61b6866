/*
 * One connection of the load. It makes a send and a receive a message and
 * nothing else: the load must cost less than the server it measures. It never
 * waits.
 */
#include "peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "process.h"

#define PATTERN_LEN 65521 /* a prime, a little over 64 thousand */
/* Peers begin this far apart in the pattern. */
#define PEER_STEP 4099

/* Followed by its own beginning: any piece in flight is one run of bytes. */
static uint8_t pattern[PATTERN_LEN + BENCH_FLIGHT_LEN_MAX];
static uint8_t input[BENCH_FLIGHT_LEN_MAX];

void bench_peer_start(void)
{
	uint32_t state = 2463534242;

	for (size_t i = 0; i < PATTERN_LEN; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		pattern[i] = (uint8_t)(state >> 24);
	}
	for (size_t i = PATTERN_LEN; i < sizeof pattern; i++)
		pattern[i] = pattern[i - PATTERN_LEN];
}

static void start(struct bench_peer *peer, size_t number)
{
	memset(peer, 0, sizeof *peer);
	peer->send_at = (uint32_t)(number * PEER_STEP % PATTERN_LEN);
	peer->recv_at = peer->send_at;
}

void bench_peer_open(struct bench_peer *peer, const struct bench_target *target,
		     size_t number)
{
	start(peer, number);
	peer->fd = bench_target_connect(target);
}

void bench_peer_begin(struct bench_peer *peer,
		      const struct bench_target *target, size_t number)
{
	start(peer, number);
	peer->fd = bench_target_begin(target, number);
}

static uint32_t advance(uint32_t at, size_t len)
{
	return (uint32_t)((at + len) % PATTERN_LEN);
}

static void push(struct bench_peer *peer)
{
	ssize_t sent = send(peer->fd, pattern + peer->send_at, peer->unsent_len,
			    MSG_NOSIGNAL);

	if (sent < 0 && errno == EAGAIN)
		return;
	if (sent < 0)
		bench_fail("send");
	peer->send_at = advance(peer->send_at, (size_t)sent);
	peer->unsent_len -= (size_t)sent;
}

void bench_peer_ask(struct bench_peer *peer, size_t count, size_t len,
		    uint64_t now_ns)
{
	/* From the start again, to stay in the same cache line. */
	if (peer->owed_len == 0)
		peer->oldest = peer->newest = 0;
	for (size_t i = 0; i < count; i++)
		peer->asked_ns[peer->newest++ % BENCH_DEPTH_MAX] = now_ns;
	peer->unsent_len += count * len;
	peer->owed_len += count * len;
	push(peer);
}

static void verify(struct bench_peer *peer, size_t got)
{
	errno = 0;
	if (got > peer->owed_len - peer->unsent_len)
		bench_fail("the server returned more than it was sent");
	if (memcmp(input, pattern + peer->recv_at, got) != 0)
		bench_fail("the server returned a wrong byte");
	peer->recv_at = advance(peer->recv_at, got);
	peer->owed_len -= got;
}

int bench_peer_visit(struct bench_peer *peer, size_t len, uint64_t now_ns,
		     struct bench_latency *latency)
{
	ssize_t got;
	int whole = 0;

	if (peer->unsent_len > 0)
		push(peer);
	got = recv(peer->fd, input, sizeof input, 0);
	if (got < 0 && errno == EAGAIN)
		return -1;
	if (got < 0)
		bench_fail("recv");
	if (got == 0) {
		errno = 0;
		bench_fail("the server closed a connection");
	}
	verify(peer, (size_t)got);
	peer->part_len += (size_t)got;
	for (; peer->part_len >= len; peer->part_len -= len) {
		bench_latency_add(latency,
				  now_ns - peer->asked_ns[peer->oldest++ %
							  BENCH_DEPTH_MAX]);
		whole++;
	}
	peer->answered += (uint64_t)whole;
	return whole;
}
