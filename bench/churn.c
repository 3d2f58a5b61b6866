/*
 * One client of the row of short connections. Our side ends first, so that it
 * is the load and not the server whose ports rest after the close.
 */
#include "churn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"

static int begin_life(struct bench_churn *client,
		      const struct bench_target *target, size_t len,
		      uint64_t now_ns)
{
	bench_peer_begin(&client->peer, target, client->number);
	client->begun_ns = now_ns;
	client->state = BENCH_CHURN_ASKED;
	bench_peer_ask(&client->peer, 1, len, now_ns);
	return 0;
}

/* The latency of the message itself is of no interest here. */
static int hear(struct bench_churn *client, size_t len, uint64_t now_ns)
{
	static struct bench_latency unused;
	int whole = bench_peer_visit(&client->peer, len, now_ns, &unused);

	if (whole <= 0)
		return whole;
	if (shutdown(client->peer.fd, SHUT_WR) < 0)
		bench_fail("shutdown");
	client->state = BENCH_CHURN_ENDING;
	return 0;
}

static int end_life(struct bench_churn *client, uint64_t now_ns,
		    struct bench_latency *latency)
{
	char byte;
	ssize_t got = recv(client->peer.fd, &byte, 1, 0);

	if (got < 0 && errno == EAGAIN)
		return -1;
	if (got < 0)
		bench_fail("recv of the end");
	errno = 0;
	if (got > 0)
		bench_fail("the server returned more than it was sent");
	close(client->peer.fd);
	client->state = BENCH_CHURN_CLOSED;
	bench_latency_add(latency, now_ns - client->begun_ns);
	return 1;
}

int bench_churn_step(struct bench_churn *client,
		     const struct bench_target *target, size_t len, bool begin,
		     uint64_t now_ns, struct bench_latency *latency)
{
	switch (client->state) {
	case BENCH_CHURN_CLOSED:
		return begin ? begin_life(client, target, len, now_ns) : -1;
	case BENCH_CHURN_ASKED:
		return hear(client, len, now_ns);
	case BENCH_CHURN_ENDING:
		return end_life(client, now_ns, latency);
	}
	return -1;
}
