/* uring_stream_test.c: standing operations: every byte of many connections
 * arrives once and in order, whatever the ring runs out of. */
#include "io/uring_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/rng.h"

#define CONNECTIONS 200
#define SENT_MAX 8192	    /* bytes of one send */
#define STREAM_LEN (1 << 16) /* bytes of a connection, at least */

static uint64_t seed;

/* The byte that belongs at a place of the stream with a name. */
static uint8_t byte_at(unsigned name, size_t offset)
{
	return (uint8_t)(name * 131 + offset * 7 + offset / 251);
}

/* Checks bytes that arrived and counts them. */
static void check(unsigned name, size_t *offset, const uint8_t *bytes,
		  int count)
{
	for (int i = 0; i < count; i++, (*offset)++)
		assert_int_equal(bytes[i], byte_at(name, *offset));
}

struct crowd;

struct source {
	struct gni_op op; /* a send */
	struct crowd *crowd;
	unsigned name; /* its port */
	size_t sent;
	uint8_t bytes[SENT_MAX];
};

struct sink {
	struct gni_op op; /* a standing receive */
	struct crowd *crowd;
	unsigned name; /* its peer's port */
	size_t received;
	bool ended;
};

/* Many connections over one ring, which this thread holds both ends of. */
struct crowd {
	struct gni_io *io;
	struct gni_rng rng;
	bool nonblocking; /* the accepting side has O_NONBLOCK */
	struct gni_op accept;
	int accepted, ended;
	size_t sent, received;
	int rearmed; /* how often a standing operation ended early */
	struct source source[CONNECTIONS];
	struct sink sink[CONNECTIONS];
};

static unsigned port_of(int fd, int (*name)(int, struct sockaddr *,
					    socklen_t *))
{
	struct sockaddr_in in;
	socklen_t len = sizeof in;

	assert_int_equal(name(fd, (struct sockaddr *)&in, &len), 0);
	return in.sin_port;
}

static void send_more(struct source *s)
{
	s->op.len = 1 + gni_rng_below(&s->crowd->rng, SENT_MAX);
	for (size_t i = 0; i < s->op.len; i++)
		s->bytes[i] = byte_at(s->name, s->sent + i);
	s->crowd->io->backend->submit(s->crowd->io, &s->op);
}

static void on_sent(struct gni_op *op, int result, bool more)
{
	struct source *s = GNI_OWNER(op, struct source, op);

	assert_true(result > 0);
	assert_false(more);
	s->sent += (size_t)result;
	s->crowd->sent += (size_t)result;
	if (s->sent < STREAM_LEN)
		send_more(s);
	else
		shutdown(op->fd, SHUT_WR);
}

static void on_arrived(struct gni_op *op, int result, bool more)
{
	struct sink *s = GNI_OWNER(op, struct sink, op);

	assert_true(result >= 0);
	if (result > 0) {
		check(s->name, &s->received, op->arrived, result);
		s->crowd->received += (size_t)result;
		s->crowd->rearmed += !more;
		if (!more)
			s->crowd->io->backend->submit(s->crowd->io, op);
		return;
	}
	assert_false(more);
	s->ended = true;
	s->crowd->ended++;
}

static void on_accepted(struct gni_op *op, int result, bool more)
{
	struct crowd *c = GNI_OWNER(op, struct crowd, accept);
	struct sink *s = &c->sink[c->accepted++];

	assert_true(result > STDERR_FILENO);
	if (c->nonblocking)
		fcntl(result, F_SETFL, O_NONBLOCK);
	s->crowd = c;
	s->name = port_of(result, getpeername);
	s->op = (struct gni_op){ .kind = GNI_OP_RECV_MULTI, .fd = result,
				 .done = on_arrived };
	c->io->backend->submit(c->io, &s->op);
	c->rearmed += !more;
	if (!more)
		c->io->backend->submit(c->io, op);
}

static void ignore(struct gni_op *op, int result, bool more)
{
	assert_int_equal(result, -ECANCELED);
	assert_false(more);
	(void)op;
}

static void crowd_connect(struct crowd *c, const gn_addr *addr)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct source *s = &c->source[i];
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (const void *)addr->sockaddr,
					 addr->len), 0);
		s->crowd = c;
		s->name = port_of(fd, getsockname);
		s->op = (struct gni_op){ .kind = GNI_OP_SEND, .fd = fd,
					 .done = on_sent, .buf = s->bytes,
					 .flags = i % 2 ? MSG_WAITALL : 0 };
		send_more(s);
	}
}

static void crowd_close(struct crowd *c)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		close(c->source[i].op.fd);
		close(c->sink[i].op.fd);
	}
	close(c->accept.fd);
	c->io->backend->close(c->io);
	free(c);
}

/* Returns how often a standing operation had to be submitted again. */
static int crowd_run(unsigned features_off, unsigned entries, bool nonblocking)
{
	struct crowd *c = calloc(1, sizeof *c);
	gn_addr addr;
	int fd = listener_open(nonblocking ? SOCK_NONBLOCK : 0, &addr), rearmed;

	c->io = ring_open(features_off, entries);
	assert_true(c->io->multishot);
	gni_rng_seed(&c->rng, seed, "crowd");
	c->nonblocking = nonblocking;
	c->accept = (struct gni_op){ .kind = GNI_OP_ACCEPT_MULTI, .fd = fd,
				     .done = on_accepted };
	c->io->backend->submit(c->io, &c->accept);
	crowd_connect(c, &addr);
	while (c->ended < CONNECTIONS)
		c->io->backend->wait(c->io, GN_NEVER);
	assert_int_equal(c->received, c->sent);
	c->io->backend->cancel(c->io, &c->accept);
	c->accept.done = ignore;
	while (c->accept.state != GNI_OP_IDLE)
		c->io->backend->wait(c->io, GN_NEVER);
	rearmed = c->rearmed;
	crowd_close(c);
	return rearmed;
}

static void every_byte_by_pieces(void **state)
{
	(void)state;
	crowd_run(0, 0, false);
}

static void every_byte_by_small_buffers(void **state)
{
	(void)state;
	crowd_run(GNI_FEATURE_PBUF_INC, 0, false);
}

static void every_byte_without_deferred_work(void **state)
{
	(void)state;
	crowd_run(GNI_FEATURE_DEFER, 0, false);
}

static void every_byte_of_nonblocking_sockets(void **state)
{
	(void)state;
	crowd_run(0, 0, true);
	crowd_run(GNI_FEATURE_PBUF_INC, 4, true);
}

/* With completion queues of eight standing operations end all the time. */
static void fault_51_standing_operations_end_early(void **state)
{
	(void)state;
	assert_true(crowd_run(0, 4, false) > 0);
}

/* Four buffers for two hundred connections. */
static void fault_51_buffers_run_out(void **state)
{
	(void)state;
	crowd_run(GNI_FEATURE_PBUF_INC, 4, false);
	crowd_run(GNI_FEATURE_PBUF_INC | GNI_FEATURE_DEFER, 4, false);
}

/* One stream whose receive is canceled again and again. */
struct tap {
	struct gni_op op;
	size_t received;
	int ends;
};

static void on_drop(struct gni_op *op, int result, bool more)
{
	struct tap *t = GNI_OWNER(op, struct tap, op);

	if (result >= 0)
		check(0, &t->received, op->arrived, result);
	else
		assert_int_equal(result, -ECANCELED);
	t->ends += !more;
}

static size_t put(int fd, size_t offset, size_t len)
{
	uint8_t bytes[SENT_MAX];
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(0, offset + i);
	n = send(fd, bytes, len, MSG_DONTWAIT);
	return n < 0 ? 0 : (size_t)n;
}

/* Takes what the canceled operation left in the socket. */
static void drain(struct tap *t)
{
	uint8_t bytes[SENT_MAX];
	ssize_t n;

	while ((n = recv(t->op.fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		check(0, &t->received, bytes, (int)n);
}

static void cancel_loses_no_bytes(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct tap t = { .op = { .kind = GNI_OP_RECV_MULTI, .done = on_drop } };
	struct gni_rng rng;
	size_t sent = 0;
	int fd[2];

	(void)state;
	gni_rng_seed(&rng, seed, "cancel");
	pair_open(SOCK_STREAM, fd);
	t.op.fd = fd[0];
	for (int round = 1; round <= 500; round++) {
		io->backend->submit(io, &t.op);
		for (uint64_t n = gni_rng_below(&rng, 4); n > 0; n--) {
			sent += put(fd[1], sent,
				    1 + gni_rng_below(&rng, SENT_MAX));
			if (gni_rng_below(&rng, 2))
				turn(io);
		}
		io->backend->cancel(io, &t.op);
		sent += put(fd[1], sent, gni_rng_below(&rng, 9));
		while (t.ends < round)
			io->backend->wait(io, GN_NEVER);
		drain(&t);
		assert_int_equal(t.received, sent);
	}
	pair_close(fd);
	io->backend->close(io);
}

static void without_the_features_nothing_stands(void **state)
{
	static const unsigned off[] = { GNI_FEATURE_MULTISHOT,
					GNI_FEATURE_PBUF };
	int fd[2];

	(void)state;
	pair_open(SOCK_STREAM, fd);
	for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
		struct gni_io *io = ring_open(off[i], 0);
		struct heard h = heard(GNI_OP_RECV_MULTI, fd[0]);

		assert_false(io->multishot);
		submit(io, &h);
		turn(io);
		assert_int_equal(h.calls, 1);
		assert_int_equal(h.result, -EINVAL);
		io->backend->close(io);
	}
	pair_close(fd);
}

/* The first receive waits for its buffers; a cancel finds it there. */
static void cancel_before_the_buffers_are(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct heard first, second;
	int fd[2];

	(void)state;
	pair_open(SOCK_STREAM, fd);
	first = heard(GNI_OP_RECV_MULTI, fd[0]);
	second = heard(GNI_OP_RECV_MULTI, fd[1]);
	submit(io, &first);
	submit(io, &second);
	io->backend->cancel(io, &first.op);
	turn(io);
	assert_int_equal(first.result, -ECANCELED);
	shutdown(fd[0], SHUT_WR);
	await(io, &second, 1);
	assert_int_equal(second.result, 0);
	pair_close(fd);
	io->backend->close(io);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_by_pieces),
		cmocka_unit_test(every_byte_by_small_buffers),
		cmocka_unit_test(every_byte_without_deferred_work),
		cmocka_unit_test(every_byte_of_nonblocking_sockets),
		cmocka_unit_test(fault_51_standing_operations_end_early),
		cmocka_unit_test(fault_51_buffers_run_out),
		cmocka_unit_test(cancel_loses_no_bytes),
		cmocka_unit_test(without_the_features_nothing_stands),
		cmocka_unit_test(cancel_before_the_buffers_are),
	};

	end_without_ring();
	seed = (uint64_t)gn_now().ns;
	print_message("# seed %llu\n", (unsigned long long)seed);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
