/*
 * seam_stream_test.c: connections: made, used, ended, refused, broken.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"

#define BULK_LEN (1 << 20)
#define PIECE_LEN_MAX 40000

static void echo(struct seam *s)
{
	struct heard received;
	char there[16] = "", back[16] = "";
	int fd[2];

	pair_open(s, fd);
	received = heard_bytes(GNI_OP_RECV, fd[1], there, sizeof there);
	for (int i = 0; i < 3; i++) {
		submit(s, &received);
		assert_in(s, &received);
		assert_int_equal(send_now(s, fd[0], "hello", 6), 6);
		assert_int_equal(await(s, &received), 6);
		assert_int_equal(do_send(s, fd[1], there, 6), 6);
		assert_int_equal(do_recv(s, fd[0], back, sizeof back), 6);
		assert_string_equal(back, "hello");
	}
	pair_close(s, fd);
}

static void names_and_flags(struct seam *s)
{
	gn_addr addr, mine, peer;
	int listener = listener_open(s, 8, &addr);
	int fd = socket_open(s, s->family, SOCK_STREAM), accepted;

	assert_int_equal(do_connect(s, fd, &addr), 0);
	accepted = do_accept(s, listener);
	assert_int_equal(fcntl(accepted, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	/* A connect leaves the descriptor as blocking as it was. */
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	peer = name_of(s, fd, true);
	mine = name_of(s, accepted, false);
	assert_int_equal(peer.len, addr.len);
	assert_memory_equal(peer.sockaddr, addr.sockaddr, addr.len);
	assert_memory_equal(mine.sockaddr, addr.sockaddr, addr.len);
	s->calls->close(s->io, fd);
	s->calls->close(s->io, accepted);
	s->calls->close(s->io, listener);
}

static void accept_waits_for_many(struct seam *s)
{
	struct heard accepted[4];
	int fd[4];
	gn_addr addr;
	int listener = listener_open(s, 8, &addr);

	for (int i = 0; i < 4; i++) {
		accepted[i] = heard(GNI_OP_ACCEPT, listener);
		submit(s, &accepted[i]);
		assert_in(s, &accepted[i]);
	}
	for (int i = 0; i < 4; i++) {
		fd[i] = socket_open(s, s->family, SOCK_STREAM);
		assert_int_equal(do_connect(s, fd[i], &addr), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_true(await(s, &accepted[i]) > STDERR_FILENO);
		s->calls->close(s->io, accepted[i].result);
		s->calls->close(s->io, fd[i]);
	}
	s->calls->close(s->io, listener);
}

static void end_once_and_again(struct seam *s)
{
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	assert_int_equal(send_now(s, fd[0], "last", 4), 4);
	assert_int_equal(s->calls->shutdown(s->io, fd[0], SHUT_WR), 0);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 0);
	/* The other half still works. */
	assert_int_equal(do_send(s, fd[1], "answer", 6), 6);
	assert_int_equal(do_recv(s, fd[0], buf, sizeof buf), 6);
	pair_close(s, fd);
}

static void end_wakes_a_receiver(struct seam *s)
{
	struct heard received;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	received = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &received);
	assert_in(s, &received);
	s->calls->close(s->io, fd[0]);
	assert_int_equal(await(s, &received), 0);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 0);
	s->calls->close(s->io, fd[1]);
}

static void own_shutdown_wakes_a_receiver(struct seam *s)
{
	struct heard received;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	received = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &received);
	assert_in(s, &received);
	assert_int_equal(s->calls->shutdown(s->io, fd[1], SHUT_RDWR), 0);
	assert_int_equal(await(s, &received), 0);
	pair_close(s, fd);
}

/* Every cut of what was sent before the end is received whole. */
static void end_at_every_length(struct seam *s)
{
	static const char text[] = "abcdefgh";

	for (size_t len = 1; len <= 8; len++) {
		char buf[4];
		size_t sum = 0;
		int fd[2], n;

		unix_pair(s, SOCK_STREAM, fd);
		assert_int_equal(send_now(s, fd[0], text, len), len);
		s->calls->close(s->io, fd[0]);
		while ((n = do_recv(s, fd[1], buf, sizeof buf)) > 0) {
			assert_memory_equal(buf, text + sum, (size_t)n);
			sum += (size_t)n;
		}
		assert_int_equal(n, 0);
		assert_int_equal(sum, len);
		s->calls->close(s->io, fd[1]);
	}
}

static void refused(struct seam *s)
{
	gn_addr addr;
	int fd = socket_open(s, s->family, SOCK_STREAM);

	s->calls->close(s->io, listener_open(s, 1, &addr));
	assert_int_equal(do_connect(s, fd, &addr), -ECONNREFUSED);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	s->calls->close(s->io, fd);
}

static void fault_01_reset(struct seam *s)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	struct heard received;
	char buf[8];
	int fd[2], n;

	pair_open(s, fd);
	received = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	submit(s, &received);
	assert_in(s, &received);
	assert_int_equal(s->calls->set(s->io, fd[1], SOL_SOCKET, SO_LINGER,
				       &at_once, sizeof at_once), 0);
	s->calls->close(s->io, fd[1]);
	assert_int_equal(await(s, &received), -ECONNRESET);
	n = do_send(s, fd[0], "x", 1);
	assert_true(n == -EPIPE || n == -ECONNRESET);
	assert_int_equal(do_recv(s, fd[0], buf, sizeof buf), 0);
	s->calls->close(s->io, fd[0]);
}

static void send_waits_for_room(struct seam *s)
{
	static char buf[4096];
	struct heard sent;
	size_t inside;
	int fd[2];

	pair_open(s, fd);
	inside = fill(s, fd[0]);
	/* What was full for TCP may have room when its bytes have moved on. */
	do {
		sent = heard_bytes(GNI_OP_SEND, fd[0], buf, sizeof buf);
		submit(s, &sent);
		turns(s);
		inside += sent.calls > 0 ? (size_t)sent.result : 0;
	} while (sent.calls > 0 && sent.result > 0);
	assert_in(s, &sent);
	while (inside > 0) {
		int n = do_recv(s, fd[1], buf, sizeof buf);

		assert_true(n > 0);
		inside -= (size_t)n < inside ? (size_t)n : inside;
	}
	assert_true(await(s, &sent) > 0);
	pair_close(s, fd);
}

/* One direction of a transfer in pieces of random length. */
struct flow {
	struct heard op;
	uint8_t *bytes;
	size_t at;
};

static void flow_on(struct seam *s, struct gni_rng *rng, struct flow *f)
{
	size_t len = 1 + gni_rng_below(rng, PIECE_LEN_MAX);

	if (f->op.op.state != GNI_OP_IDLE || f->at == BULK_LEN)
		return;
	f->op.op.buf = f->bytes + f->at;
	f->op.op.len = len < BULK_LEN - f->at ? len : BULK_LEN - f->at;
	submit(s, &f->op);
}

static void flow_took(struct flow *f)
{
	if (f->op.op.state != GNI_OP_IDLE || f->op.calls == 0)
		return;
	assert_true(f->op.result > 0);
	f->at += (size_t)f->op.result;
	f->op.calls = 0;
}

/* Both ends send and receive at once, by pieces that never match. */
static void fault_05_bulk_both_ways(struct seam *s)
{
	uint64_t seed = (uint64_t)time(NULL);
	struct gni_rng rng;
	struct flow flows[4];
	size_t left = 4;
	int fd[2];

	print_message("# seed %" PRIu64 "\n", seed);
	gni_rng_seed(&rng, seed, "bulk");
	pair_open(s, fd);
	for (int i = 0; i < 4; i++) {
		flows[i] = (struct flow){ .bytes = malloc(BULK_LEN) };
		flows[i].op = heard(i < 2 ? GNI_OP_SEND : GNI_OP_RECV,
				    fd[i % 2]);
		for (size_t at = 0; at < BULK_LEN; at++)
			flows[i].bytes[at] =
				i < 2 ? (uint8_t)gni_rng_next(&rng) : 0;
	}
	while (left > 0) {
		left = 0;
		for (int i = 0; i < 4; i++)
			flow_on(s, &rng, &flows[i]);
		s->backend->wait(s->io, GN_NEVER);
		for (int i = 0; i < 4; i++) {
			flow_took(&flows[i]);
			left += flows[i].at < BULK_LEN;
		}
	}
	assert_memory_equal(flows[0].bytes, flows[3].bytes, BULK_LEN);
	assert_memory_equal(flows[1].bytes, flows[2].bytes, BULK_LEN);
	for (int i = 0; i < 4; i++)
		free(flows[i].bytes);
	pair_close(s, fd);
}

const struct seam_case seam_stream_cases[] = {
	{ "echo", echo, RUN_FAMILIES },
	{ "names-and-flags", names_and_flags, RUN_FAMILIES },
	{ "accept-waits-for-many", accept_waits_for_many, RUN_FAMILIES },
	{ "end-once-and-again", end_once_and_again, RUN_FAMILIES },
	{ "end-wakes-a-receiver", end_wakes_a_receiver, RUN_FAMILIES },
	{ "own-shutdown-wakes", own_shutdown_wakes_a_receiver, RUN_FAMILIES },
	{ "fault_04-end-at-every-length", end_at_every_length, RUN_ONCE },
	{ "refused", refused, RUN_FAMILIES },
	{ "fault_01-reset", fault_01_reset, RUN_ONCE },
	{ "send-waits-for-room", send_waits_for_room, RUN_FAMILIES },
	{ "fault_05-bulk-both-ways", fault_05_bulk_both_ways, RUN_FAMILIES },
	{ 0 },
};
