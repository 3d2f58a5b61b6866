/*
 * op_test.c: operations of the simulation: cancels, the order of completions,
 * and what a descriptor is.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#define SEEDS 100

static char buf[70000];

PROBE(a_descriptor_that_is_not_open)
{
	const struct gni_calls *calls = io->backend->calls;
	struct sockaddr_in in;
	socklen_t len = sizeof in;
	int kinds[] = { GNI_OP_POLL, GNI_OP_ACCEPT, GNI_OP_CONNECT, GNI_OP_RECV,
			GNI_OP_SEND };
	int fds[] = { -1, 0, 3, 999999, 1000000, 1000001, 2000000 };

	for (size_t f = 0; f < sizeof fds / sizeof *fds; f++) {
		int fd = fds[f];

		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
			struct probe_op p = { 0 };

			probe_begin(io, &p, fd, kinds[k]);
			assert_int_equal(probe_end(io, &p), -EBADF);
		}
		assert_int_equal(calls->listen(io, fd, 1), -EBADF);
		assert_int_equal(probe_bind(io, fd, probe_inet("::", 0)),
				 -EBADF);
		assert_int_equal(probe_try_send(io, fd, "x", 1, 0), -EBADF);
		assert_int_equal(probe_try_recv(io, fd, buf, 1, 0), -EBADF);
		assert_int_equal(probe_shutdown(io, fd, SHUT_RD), -EBADF);
		assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_TYPE),
				 -EBADF);
		assert_int_equal(probe_set(io, fd, SOL_SOCKET, SO_KEEPALIVE, 1),
				 -EBADF);
		assert_int_equal(calls->name(io, fd, false, &in, &len),
				 -EBADF);
		assert_int_equal(calls->read(io, fd, buf, 1), -EBADF);
		assert_int_equal(calls->write(io, fd, buf, 1), -EBADF);
	}
}

PROBE(fault_20_the_lowest_descriptor_is_used_again)
{
	int a = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
	int b = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM), c;

	assert_int_equal(a, 1000000);
	assert_int_equal(b, 1000001);
	assert_int_equal(gni_sim_descriptors(io, HOST_A), 1);
	probe_drop(io, a);
	c = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM);
	assert_int_equal(c, a);
	assert_int_equal(gni_sim_descriptors(io, HOST_A), 0);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 2);
	io->backend->calls->forget(io, b);
	probe_drop(io, b);
	probe_drop(io, c);
}

PROBE(many_descriptors)
{
	enum { COUNT = 500 };
	int fd[COUNT];

	for (int i = 0; i < COUNT; i++) {
		fd[i] = probe_socket(io, HOST_A, AF_UNIX, SOCK_DGRAM);
		assert_int_equal(fd[i], 1000000 + i);
	}
	for (int i = 0; i < COUNT; i++)
		probe_drop(io, fd[i]);
}

PROBE(sockets_there_are_not)
{
	static const struct {
		int domain, type, protocol, result;
	} due[] = {
		{ AF_INET, SOCK_SEQPACKET, 0, -ESOCKTNOSUPPORT },
		{ AF_INET, SOCK_STREAM, IPPROTO_UDP, -EPROTONOSUPPORT },
		{ AF_INET, SOCK_DGRAM, IPPROTO_TCP, -EPROTONOSUPPORT },
		{ AF_UNIX, SOCK_STREAM, IPPROTO_TCP, -EPROTONOSUPPORT },
		{ AF_NETLINK, SOCK_DGRAM, 0, -EAFNOSUPPORT },
	};
	const struct gni_calls *calls = io->backend->calls;
	int fd[2], one;

	for (size_t i = 0; i < sizeof due / sizeof *due; i++)
		assert_int_equal(calls->socket(io, due[i].domain, due[i].type,
					       due[i].protocol),
				 due[i].result);
	assert_int_equal(calls->pair(io, 7, fd), -ESOCKTNOSUPPORT);
	one = calls->socket(io, AF_INET6,
			    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    IPPROTO_UDP);
	assert_int_equal(probe_get(io, one, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	probe_drop(io, one);
	one = calls->socket(io, AF_UNIX, SOCK_STREAM, PF_UNIX);
	assert_true(one > 0);
	probe_drop(io, one);
	io->backend->enter(io, 0, NULL);
	assert_int_equal(calls->socket(io, AF_INET, SOCK_STREAM, 0),
			 -ENETDOWN);
	assert_int_equal(calls->pair(io, SOCK_STREAM, fd), -ENETDOWN);
}

PROBE(a_cancel_of_what_waits)
{
	int kinds[] = { GNI_OP_RECV, GNI_OP_POLL };
	struct probe_op ops[] = { { .op.buf = buf, .op.len = 9 },
				  { .op.events = POLLIN } };
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	for (int k = 0; k < 2; k++) {
		struct probe_op p = ops[k];

		probe_begin(io, &p, fd[0], kinds[k]);
		probe_pass(io, GN_SEC);
		assert_int_equal(p.count, 0);
		assert_int_equal(p.op.state, GNI_OP_IN);
		io->backend->cancel(io, &p.op);
		io->backend->cancel(io, &p.op);
		assert_int_equal(p.op.state, GNI_OP_CANCELED);
		assert_int_equal(p.count, 0);
		assert_int_equal(probe_end(io, &p), -ECANCELED);
		assert_int_equal(p.count, 1);
		assert_false(p.more);
		io->backend->cancel(io, &p.op);
		probe_pass(io, GN_SEC);
		assert_int_equal(p.count, 1);
	}
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* Data is there, and a cancel comes: either wins, and no byte is lost. */
static void fault_21_a_cancel_races_data(void **state)
{
	unsigned canceled = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gni_io *io = probe_open(
			&(struct gni_sim_options){ .seed = seed });
		struct probe_op p = { .op.buf = buf, .op.len = 3 };
		int fd[2], n;

		probe_tcp(io, HOST_A, fd);
		probe_send_all(io, fd[1], "abc", 3);
		probe_pass(io, GN_SEC);
		probe_begin(io, &p, fd[0], GNI_OP_RECV);
		io->backend->cancel(io, &p.op);
		n = probe_end(io, &p);
		assert_true(n == -ECANCELED || n > 0);
		canceled += n < 0;
		n = n < 0 ? 0 : n;
		assert_memory_equal(buf, "abc", (size_t)n);
		probe_expect(io, fd[0], &"abc"[n], 3 - (size_t)n);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
		probe_close(io);
	}
	assert_in_range(canceled, SEEDS / 4, SEEDS * 3 / 4);
}

static void cancel_all(struct gni_op *op, int result, bool more);

/* Two operations of which the first to end cancels the other. */
struct pair_op {
	struct gni_op op;
	struct gni_io *io;
	struct pair_op *other;
	int result;
};

static void cancel_all(struct gni_op *op, int result, bool more)
{
	struct pair_op *p = GNI_OWNER(op, struct pair_op, op);

	assert_false(more);
	p->result = result;
	p->io->backend->cancel(p->io, &p->other->op);
}

static void fault_21_done_cancels_another(void **state)
{
	unsigned both = 0, first = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct gni_io *io = probe_open(
			&(struct gni_sim_options){ .seed = seed });
		struct pair_op p[2] = { 0 };
		int fd[2][2];

		for (int i = 0; i < 2; i++) {
			probe_tcp(io, HOST_A, fd[i]);
			probe_send_all(io, fd[i][1], "x", 1);
		}
		probe_pass(io, GN_SEC);
		for (int i = 0; i < 2; i++) {
			p[i].op = (struct gni_op){ .fd = fd[i][0],
						   .kind = GNI_OP_RECV,
						   .done = cancel_all,
						   .buf = buf,
						   .len = 1 };
			p[i].io = io;
			p[i].other = &p[!i];
			io->backend->submit(io, &p[i].op);
		}
		while (p[0].op.state || p[1].op.state)
			io->backend->wait(io, GN_NEVER);
		both += p[0].result == 1 && p[1].result == 1;
		first += p[1].result < 0;
		for (int i = 0; i < 4; i++)
			probe_drop(io, fd[i / 2][i % 2]);
		probe_close(io);
	}
	assert_in_range(both, 1, SEEDS - 1);
	assert_in_range(first, 1, SEEDS - 1);
}

/* A submit from within done, as a loop does it. */
static void again(struct gni_op *op, int result, bool more)
{
	struct pair_op *p = GNI_OWNER(op, struct pair_op, op);

	assert_int_equal(op->state, GNI_OP_IDLE);
	assert_false(more);
	p->result += result;
	if (p->result < 5)
		p->io->backend->submit(p->io, op);
}

PROBE(submitted_from_within_done)
{
	struct pair_op p = { .io = io };
	int fd[2];

	probe_tcp(io, HOST_A, fd);
	probe_send_all(io, fd[1], "abcde", 5);
	p.op = (struct gni_op){ .fd = fd[0], .kind = GNI_OP_RECV, .done = again,
				.buf = buf, .len = 1 };
	io->backend->submit(io, &p.op);
	while (p.op.state)
		io->backend->wait(io, GN_NEVER);
	assert_int_equal(p.result, 5);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* Urgent data and the error queue are not simulated; the answers are those
 * of sockets that have none. */
PROBE(flags_that_are_not_simulated)
{
	int tcp[2], local[2], packet[2];
	int u = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);

	probe_tcp(io, HOST_A, tcp);
	io->backend->calls->pair(io, SOCK_STREAM, local);
	io->backend->calls->pair(io, SOCK_SEQPACKET, packet);
	assert_int_equal(probe_try_send(io, tcp[0], "x", 1, MSG_OOB),
			 -EOPNOTSUPP);
	assert_int_equal(probe_try_send(io, u, "x", 1, MSG_OOB), -EOPNOTSUPP);
	assert_int_equal(probe_try_recv(io, tcp[0], buf, 1, MSG_OOB), -EINVAL);
	for (int i = 0; i < 2; i++) {
		int fd = i ? local[0] : packet[0];

		assert_int_equal(probe_try_send(io, fd, "x", 1, MSG_OOB),
				 -EOPNOTSUPP);
		assert_int_equal(probe_try_recv(io, fd, buf, 1, MSG_OOB),
				 -EOPNOTSUPP);
	}
	assert_int_equal(probe_try_recv(io, tcp[0], buf, 1, MSG_ERRQUEUE),
			 -EAGAIN);
	assert_int_equal(probe_try_recv(io, u, buf, 1, MSG_ERRQUEUE), -EAGAIN);
	probe_drop(io, u);
	for (int i = 0; i < 2; i++) {
		probe_drop(io, tcp[i]);
		probe_drop(io, local[i]);
		probe_drop(io, packet[i]);
	}
}

PROBE(would_wait_and_may_not)
{
	struct probe_op p = { .op.buf = buf,
			      .op.len = 1,
			      .op.flags = MSG_DONTWAIT };
	int fd[2];

	probe_tcp(io, HOST_A, fd);
	probe_begin(io, &p, fd[0], GNI_OP_RECV);
	assert_int_equal(probe_end(io, &p), -EAGAIN);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_that_is_not_open),
		cmocka_unit_test(fault_20_the_lowest_descriptor_is_used_again),
		cmocka_unit_test(many_descriptors),
		cmocka_unit_test(sockets_there_are_not),
		cmocka_unit_test(a_cancel_of_what_waits),
		cmocka_unit_test(fault_21_a_cancel_races_data),
		cmocka_unit_test(fault_21_done_cancels_another),
		cmocka_unit_test(submitted_from_within_done),
		cmocka_unit_test(flags_that_are_not_simulated),
		cmocka_unit_test(would_wait_and_may_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
