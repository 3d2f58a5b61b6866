/*
 * standing_test.c: operations of the simulation that complete many times: what
 * they give, how they end of themselves, and how they are cancelled.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define SEEDS 100

static char buf[70000];

/* A standing receive and what it has received. */
struct standing {
	struct gni_op op;
	struct gni_io *io;
	char bytes[70000];
	size_t len;
	unsigned ended, out_of_buffers;
	int last;
};

static void hear(struct gni_op *op, int result, bool more)
{
	struct standing *s = GNI_OWNER(op, struct standing, op);

	s->last = result;
	s->ended += !more;
	s->out_of_buffers += result == -ENOBUFS;
	if (result > 0) {
		memcpy(s->bytes + s->len, op->arrived, (size_t)result);
		s->len += (size_t)result;
	}
	if (!more && (result > 0 || result == -ENOBUFS))
		s->io->backend->submit(s->io, op);
}

static void fault_51_a_standing_receive(void **state)
{
	static struct standing s;
	unsigned ended = 0, out_of_buffers = 0;

	(void)state;
	for (size_t i = 0; i < sizeof buf; i++)
		buf[i] = (char)(i * 31 + i / 251);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gni_io *io = probe_open(
			&(struct gni_sim_options){ .seed = seed });
		int fd[2];

		probe_tcp(io, HOST_B, fd);
		s = (struct standing){ .io = io };
		s.op = (struct gni_op){ .fd = fd[0],
					.kind = GNI_OP_RECV_MULTI,
					.done = hear };
		io->backend->submit(io, &s.op);
		probe_send_all(io, fd[1], buf, 20000);
		probe_drop(io, fd[1]);
		while (s.op.state)
			io->backend->wait(io, GN_NEVER);
		assert_int_equal(s.last, 0);
		assert_int_equal(s.len, 20000);
		assert_memory_equal(s.bytes, buf, 20000);
		ended += s.ended;
		out_of_buffers += s.out_of_buffers;
		probe_drop(io, fd[0]);
		probe_close(io);
	}
	assert_true(ended > SEEDS + SEEDS / 4);
	assert_true(out_of_buffers > SEEDS / 20);
}

/* A cancel of a standing receive: its last answer is ECANCELED, and what it
 * did not give is still there. */
static void fault_21_a_cancelled_standing_receive(void **state)
{
	static struct standing s;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gni_io *io = probe_open(&(struct gni_sim_options){
			.seed = seed, .in_order = seed == 0 });
		int fd[2];

		probe_tcp(io, HOST_A, fd);
		s = (struct standing){ .io = io };
		s.op = (struct gni_op){ .fd = fd[0],
					.kind = GNI_OP_RECV_MULTI,
					.done = hear };
		probe_send_all(io, fd[1], buf, 9000);
		probe_pass(io, GN_SEC);
		do {
			if (s.op.state == GNI_OP_IDLE)
				io->backend->submit(io, &s.op);
			io->backend->cancel(io, &s.op);
			io->backend->wait(io, GN_NOW);
		} while (s.last != -ECANCELED);
		assert_int_equal(s.op.state, GNI_OP_IDLE);
		assert_memory_equal(s.bytes, buf, s.len);
		probe_expect(io, fd[0], buf + s.len, 9000 - s.len);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
		probe_close(io);
	}
}

/* A standing accept gives every connection once. */
struct door {
	struct gni_op op;
	struct gni_io *io;
	int fd[20];
	unsigned count, ended;
};

static void let_in(struct gni_op *op, int result, bool more)
{
	struct door *d = GNI_OWNER(op, struct door, op);

	if (result >= 0)
		d->fd[d->count++] = result;
	d->ended += !more;
	if (!more && result >= 0)
		d->io->backend->submit(d->io, op);
}

static void fault_51_a_standing_accept(void **state)
{
	unsigned ended = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gni_io *io = probe_open(
			&(struct gni_sim_options){ .seed = seed });
		struct door d = { .io = io };
		gn_addr at = probe_inet("10.0.0.2", 7000);
		int l = probe_listen(io, HOST_B, at), c[20];

		d.op = (struct gni_op){ .fd = l, .kind = GNI_OP_ACCEPT_MULTI,
					.done = let_in };
		io->backend->submit(io, &d.op);
		for (int i = 0; i < 20; i++) {
			c[i] = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
			assert_int_equal(probe_connect(io, c[i], at), 0);
		}
		probe_pass(io, GN_SEC);
		assert_int_equal(d.count, 20);
		io->backend->cancel(io, &d.op);
		while (d.op.state)
			io->backend->wait(io, GN_NEVER);
		for (int i = 0; i < 20; i++) {
			probe_drop(io, c[i]);
			probe_drop(io, d.fd[i]);
		}
		probe_drop(io, l);
		ended += d.ended;
		probe_close(io);
	}
	assert_true(ended > SEEDS + SEEDS / 2);
}

PROBE(standing_operations_may_be_off)
{
	int kinds[] = { GNI_OP_ACCEPT_MULTI, GNI_OP_RECV_MULTI };
	int fd[2];

	if (io->multishot)
		return;
	probe_tcp(io, HOST_A, fd);
	for (int k = 0; k < 2; k++) {
		struct probe_op p = { 0 };

		probe_begin(io, &p, fd[0], kinds[k]);
		assert_int_equal(probe_end(io, &p), -EINVAL);
		assert_false(p.more);
	}
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* A datagram comes whole, an empty one ends the operation as in io_uring. */
PROBE(a_standing_receive_of_datagrams)
{
	int s = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	gn_addr at = probe_inet("127.0.0.1", 7000);
	static struct standing h;

	h = (struct standing){ .io = io };
	if (io->multishot) {
		assert_int_equal(probe_bind(io, s, at), 0);
		h.op = (struct gni_op){ .fd = s, .kind = GNI_OP_RECV_MULTI,
					.done = hear };
		io->backend->submit(io, &h.op);
		assert_int_equal(probe_try_sendto(io, c, buf, 60000, at),
				 60000);
		assert_int_equal(probe_try_sendto(io, c, "", 0, at), 0);
		while (h.op.state)
			io->backend->wait(io, GN_NEVER);
		assert_int_equal(h.len, 60000);
		assert_int_equal(h.last, 0);
	}
	probe_drop(io, s);
	probe_drop(io, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_51_a_standing_receive),
		cmocka_unit_test(fault_21_a_cancelled_standing_receive),
		cmocka_unit_test(fault_51_a_standing_accept),
		cmocka_unit_test(standing_operations_may_be_off),
		cmocka_unit_test(a_standing_receive_of_datagrams),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
