/*
 * side_test.c: how TCP connections end: in order, by halves, by resets.  What
 * Linux answers was tried out on its loopback.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#define ALL (POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM)
#define OUT (POLLOUT | POLLWRNORM)
#define IN_OUT (POLLIN | POLLRDNORM | OUT)

static char buf[8192];

/* Whatever a reset may have overtaken does not matter to a test that wants
 * it: the other side reads until something else than bytes comes. */
static int drain(struct gni_io *io, int fd)
{
	int n;

	do {
		n = probe_recv(io, fd, buf, sizeof buf);
	} while (n > 0);
	return n;
}

PROBE(fault_03_half_close)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[0], "ask", 3);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	probe_expect(io, fd[1], "ask", 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	assert_int_equal(probe_poll(io, fd[1], ALL), ALL);
	probe_send_all(io, fd[1], "answer", 6);
	probe_expect(io, fd[0], "answer", 6);
	assert_int_equal(probe_poll(io, fd[0], ALL), OUT);
	probe_drop(io, fd[1]);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP);
	probe_drop(io, fd[0]);
}

/* Each byte counts, however many come before the end. */
PROBE(fault_04_end_after_each_count)
{
	for (size_t len = 0; len < 20; len++) {
		char text[20];
		int fd[2];

		memset(text, 'a' + (int)len, sizeof text);
		probe_tcp(io, HOST_B, fd);
		probe_send_all(io, fd[0], text, len);
		probe_drop(io, fd[0]);
		probe_expect(io, fd[1], text, len);
		assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
		probe_drop(io, fd[1]);
	}
}

/* The peer has closed and read nothing: the first send is taken, its answer
 * is a reset, and as the end was seen before, that is EPIPE. */
PROBE(fault_02_sends_to_a_closed_peer)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP | POLLERR);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), EPIPE);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	probe_drop(io, fd[0]);
}

PROBE(fault_01_closed_with_bytes_unread)
{
	struct sockaddr_in in;
	socklen_t len = sizeof in;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[1], "data", 4);
	probe_send_all(io, fd[0], "unread", 6);
	probe_pass(io, GN_SEC);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP | POLLERR);
	probe_expect(io, fd[0], "data", 4);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(io->backend->calls->name(io, fd[0], true, &in, &len),
			 -ENOTCONN);
	probe_drop(io, fd[0]);
}

PROBE(fault_01_reset_while_sending)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_abort(io, fd[1]);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -ECONNRESET);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), -ENOTCONN);
	assert_int_equal(probe_connect(io, fd[0], probe_inet("10.0.0.2", 1)),
			 -EISCONN);
	probe_drop(io, fd[0]);
}

PROBE(fault_01_reset_wakes_a_receive)
{
	struct probe_op p = { .op.buf = buf, .op.len = 1 };
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_begin(io, &p, fd[0], GNI_OP_RECV);
	probe_abort(io, fd[1]);
	assert_int_equal(probe_end(io, &p), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS);
	probe_drop(io, fd[0]);
}

/* In order a reset loses nothing; else it may lose what is under way, from
 * the end on. */
PROBE(fault_01_a_reset_after_bytes)
{
	int fd[2], n;

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_try_send(io, fd[1], "a", 1, 0), 1);
	assert_int_equal(probe_try_send(io, fd[1], "b", 1, 0), 1);
	probe_abort(io, fd[1]);
	probe_pass(io, GN_SEC);
	for (n = 0; probe_recv(io, fd[0], buf, 1) == 1; n++)
		assert_int_equal(buf[0], "ab"[n]);
	assert_true(n <= 2 && (!gni_sim_tape(io)->reads || n == 2));
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	probe_drop(io, fd[0]);
}

PROBE(a_reset_after_our_end)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
	probe_pass(io, GN_SEC);
	probe_abort(io, fd[1]);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	probe_drop(io, fd[0]);
}

/* Data for who ended both ways is answered by a reset, on both sides. */
PROBE(data_after_a_shutdown_of_both_ways)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_RDWR), 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	assert_int_equal(probe_poll(io, fd[1], ALL), ALL);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* Linux still takes what comes after a shutdown of receiving. */
PROBE(data_after_a_shutdown_of_receiving)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_RD), 0);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL);
	probe_send_all(io, fd[1], "zz", 2);
	probe_pass(io, GN_SEC);
	probe_expect(io, fd[0], "zz", 2);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	probe_drop(io, fd[0]);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	probe_drop(io, fd[1]);
}

/* What was under way when the peer closed comes to nobody: a reset. */
PROBE(bytes_cross_a_close)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_drop(io, fd[1]);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), EPIPE);
	probe_drop(io, fd[0]);
}

PROBE(both_close_at_once)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
	assert_int_equal(probe_shutdown(io, fd[1], SHUT_WR), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(drain(io, fd[i]), 0);
		assert_int_equal(probe_poll(io, fd[i], ALL), ALL | POLLHUP);
		assert_int_equal(probe_try_send(io, fd[i], "x", 1, 0), -EPIPE);
		assert_int_equal(probe_shutdown(io, fd[i], SHUT_WR), -ENOTCONN);
		assert_int_equal(probe_get(io, fd[i], SOL_SOCKET, SO_ERROR), 0);
	}
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
	probe_tcp(io, HOST_B, fd);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
}

PROBE(fault_10_reset_before_accept)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at), s;
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
	struct sockaddr_in in;
	socklen_t len = sizeof in;

	assert_int_equal(probe_connect(io, c, at), 0);
	probe_send_all(io, c, "abc", 3);
	probe_pass(io, GN_SEC);
	probe_abort(io, c);
	probe_pass(io, GN_SEC);
	s = probe_accept(io, l);
	assert_int_equal(probe_poll(io, s, ALL), ALL | POLLHUP | POLLERR);
	assert_int_equal(io->backend->calls->name(io, s, true, &in, &len),
			 -ENOTCONN);
	probe_expect(io, s, "abc", 3);
	assert_int_equal(probe_recv(io, s, buf, 1), -ECONNRESET);
	assert_int_equal(probe_recv(io, s, buf, 1), 0);
	probe_drop(io, s);
	probe_drop(io, l);
}

/* Those who wait to be accepted are reset, from any step of the handshake. */
PROBE(a_listener_closes_before_accept)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);

	for (int part = 0; part < 5; part++) {
		struct probe_op p = { .op.addr = &at };
		int l = probe_listen(io, HOST_B, at), n;
		int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);

		probe_begin(io, &p, c, GNI_OP_CONNECT);
		probe_pass(io, LATENCY_NS * (2 * part + 1) / 2);
		probe_drop(io, l);
		n = probe_end(io, &p);
		assert_int_equal(n, part == 0 ? -ECONNREFUSED : 0);
		if (n == 0)
			assert_int_equal(probe_recv(io, c, buf, 1),
					 -ECONNRESET);
		probe_drop(io, c);
	}
}

PROBE(peek_and_truncate)
{
	int fd[2], n;

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[1], "hello", 5);
	probe_pass(io, GN_SEC);
	n = (int)probe_try_recv(io, fd[0], buf, 5, MSG_PEEK);
	assert_in_range(n, 1, 5);
	assert_memory_equal(buf, "hello", (size_t)n);
	memset(buf, 0, sizeof buf);
	n = (int)probe_try_recv(io, fd[0], buf, 4, MSG_TRUNC);
	assert_in_range(n, 1, 4);
	assert_int_equal(buf[0], 0);
	probe_expect(io, fd[0], &"hello"[n], 5 - (size_t)n);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(nothing_sent_and_nothing_asked_for)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_try_send(io, fd[0], "", 0, 0), 0);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 0, 0), -EAGAIN);
	probe_send_all(io, fd[1], "k", 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 0, 0), 0);
	probe_expect(io, fd[0], "k", 1);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 0, 0), 0);
	probe_drop(io, fd[0]);
}

/* Both buffers fill, poll says so, and room comes back a latency after the
 * bytes were taken. */
PROBE(fault_18_a_peer_that_does_not_read)
{
	size_t full = 0;
	int64_t begin;
	ssize_t n;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	while ((n = probe_try_send(io, fd[0], buf, sizeof buf, 0)) > 0)
		full += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(full, 2 * 65536);
	assert_int_equal(probe_poll(io, fd[0], ALL), 0);
	probe_pass(io, GN_SEC);
	begin = probe_now(io);
	while ((n = probe_try_recv(io, fd[1], buf, sizeof buf, 0)) > 0)
		full -= (size_t)n;
	assert_int_equal(full, 0);
	assert_int_equal(probe_poll(io, fd[0], ALL), 0);
	assert_true(probe_send(io, fd[0], "x", 1) == 1);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_03_half_close),
		cmocka_unit_test(fault_04_end_after_each_count),
		cmocka_unit_test(fault_02_sends_to_a_closed_peer),
		cmocka_unit_test(fault_01_closed_with_bytes_unread),
		cmocka_unit_test(fault_01_reset_while_sending),
		cmocka_unit_test(fault_01_reset_wakes_a_receive),
		cmocka_unit_test(fault_01_a_reset_after_bytes),
		cmocka_unit_test(a_reset_after_our_end),
		cmocka_unit_test(data_after_a_shutdown_of_both_ways),
		cmocka_unit_test(data_after_a_shutdown_of_receiving),
		cmocka_unit_test(bytes_cross_a_close),
		cmocka_unit_test(both_close_at_once),
		cmocka_unit_test(fault_10_reset_before_accept),
		cmocka_unit_test(a_listener_closes_before_accept),
		cmocka_unit_test(peek_and_truncate),
		cmocka_unit_test(nothing_sent_and_nothing_asked_for),
		cmocka_unit_test(fault_18_a_peer_that_does_not_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("side", tests, NULL, NULL);
}
