/* uring_random_test.c: sends, receives and cancels at random on many streams
 * over too small a ring: each operation ends once, and no byte is lost, sent
 * twice or out of order. */
#include "io/uring_test.h"

#include <errno.h>

#include "base/rng.h"

#define STREAMS 40
#define STEPS 20000
#define PIECE_MAX 9000

/* One direction of a pair. */
struct stream {
	struct gni_op out, in;
	size_t sent, received;
	uint8_t out_bytes[PIECE_MAX], in_bytes[PIECE_MAX];
};

static uint64_t seed;
static struct gni_rng rng;
static struct stream streams[STREAMS];

static size_t below(size_t bound)
{
	return (size_t)gni_rng_below(&rng, bound);
}

static uint8_t byte_at(size_t offset)
{
	return (uint8_t)(offset * 7 + offset / 251);
}

static void on_sent(struct gni_op *op, int result, bool more)
{
	assert_false(more);
	assert_true(result > 0 || result == -ECANCELED);
	if (result > 0)
		GNI_OWNER(op, struct stream, out)->sent += (size_t)result;
}

static void arrived(struct stream *s, const uint8_t *bytes, int count)
{
	for (int i = 0; i < count; i++)
		if (bytes[i] != byte_at(s->received + (size_t)i))
			fail_msg("byte %zu", s->received + (size_t)i);
	s->received += (size_t)count;
}

static void on_received(struct gni_op *op, int result, bool more)
{
	struct stream *s = GNI_OWNER(op, struct stream, in);

	assert_int_equal(more, op->state != GNI_OP_IDLE);
	assert_true(result > 0 || (result == -ECANCELED && !more));
	if (result > 0)
		arrived(s, op->kind == GNI_OP_RECV ? s->in_bytes : op->arrived,
			result);
}

static void submit_out(struct gni_io *io, struct stream *s)
{
	s->out.len = 1 + below(PIECE_MAX);
	s->out.buf = s->out_bytes;
	s->out.flags = below(2) ? MSG_WAITALL : 0;
	for (size_t i = 0; i < s->out.len; i++)
		s->out_bytes[i] = byte_at(s->sent + i);
	io->backend->submit(io, &s->out);
}

static void submit_in(struct gni_io *io, struct stream *s)
{
	s->in.kind = below(2) ? GNI_OP_RECV : GNI_OP_RECV_MULTI;
	s->in.len = 1 + below(PIECE_MAX);
	s->in.buf = s->in_bytes;
	/* What makes it take the way of polling first. */
	s->in.flags = below(4) ? 0 : MSG_DONTWAIT;
	io->backend->submit(io, &s->in);
}

static void step(struct gni_io *io)
{
	struct stream *s = &streams[below(STREAMS)];

	switch (below(6)) {
	case 0:
	case 1:
		if (s->out.state == GNI_OP_IDLE)
			submit_out(io, s);
		break;
	case 2:
	case 3:
		if (s->in.state == GNI_OP_IDLE)
			submit_in(io, s);
		break;
	case 4:
		io->backend->cancel(io, below(2) ? &s->in : &s->out);
		break;
	default:
		turn(io);
		break;
	}
}

static void open_streams(void)
{
	memset(streams, 0, sizeof streams);
	for (int i = 0; i < STREAMS; i++) {
		int fd[2];

		pair_open(SOCK_STREAM, fd);
		streams[i].out = (struct gni_op){ .kind = GNI_OP_SEND,
						  .fd = fd[0],
						  .done = on_sent };
		streams[i].in = (struct gni_op){ .fd = fd[1],
						 .done = on_received };
	}
}

static void drain(struct stream *s)
{
	ssize_t n;

	while ((n = recv(s->in.fd, s->in_bytes, PIECE_MAX, MSG_DONTWAIT)) > 0)
		arrived(s, s->in_bytes, (int)n);
	assert_int_equal(s->received, s->sent);
	close(s->in.fd);
	close(s->out.fd);
}

static void run(unsigned features_off, unsigned entries)
{
	struct gni_io *io = ring_open(features_off, entries);

	gni_rng_seed(&rng, seed, "steps");
	open_streams();
	for (int i = 0; i < STEPS; i++)
		step(io);
	for (int i = 0; i < STREAMS; i++) {
		io->backend->cancel(io, &streams[i].in);
		io->backend->cancel(io, &streams[i].out);
	}
	for (int i = 0; i < STREAMS; i++)
		while (streams[i].in.state != GNI_OP_IDLE ||
		       streams[i].out.state != GNI_OP_IDLE)
			io->backend->wait(io, GN_NEVER);
	for (int i = 0; i < STREAMS; i++)
		drain(&streams[i]);
	io->backend->close(io);
}

static void fault_51_at_random(void **state)
{
	(void)state;
	run(0, 0);
	run(0, TINY);
}

static void fault_51_at_random_with_small_buffers(void **state)
{
	(void)state;
	run(GNI_FEATURE_PBUF_INC, 0);
	run(GNI_FEATURE_PBUF_INC, TINY);
}

static void fault_51_at_random_without_deferred_work(void **state)
{
	(void)state;
	run(GNI_FEATURE_DEFER, 0);
	run(GNI_FEATURE_DEFER | GNI_FEATURE_PBUF_INC, TINY);
}

int main(int count, char **words)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_51_at_random),
		cmocka_unit_test(fault_51_at_random_with_small_buffers),
		cmocka_unit_test(fault_51_at_random_without_deferred_work),
	};

	end_without_ring();
	/* A seed that failed may be given to run again. */
	seed = count > 1 ? strtoull(words[1], NULL, 10)
			 : (uint64_t)gn_now().ns;
	print_message("# seed %llu\n", (unsigned long long)seed);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
