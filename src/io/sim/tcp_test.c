/*
 * tcp_test.c: how TCP connections are made, used and refused; in virtual time
 * to the nanosecond.  What Linux answers was tried out on its loopback.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#define FRESH (POLLOUT | POLLWRNORM | POLLHUP)
#define ALL (POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM)

static int tcp(struct gni_io *io, unsigned place)
{
	return probe_socket(io, place, AF_INET, SOCK_STREAM);
}

/* wire.h draws it: connected after two latencies, accepted after three. */
PROBE(a_connection_takes_its_time)
{
	int64_t begin = probe_now(io);
	int l = probe_listen(io, HOST_B, probe_inet("0.0.0.0", 7000));
	int c = tcp(io, HOST_A), s;

	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
	probe_send_all(io, c, "x", 1);
	s = probe_accept(io, l);
	assert_int_equal(probe_now(io) - begin, 3 * LATENCY_NS);
	probe_expect(io, s, "x", 1);
	assert_int_equal(probe_now(io) - begin, 3 * LATENCY_NS);
	probe_send_all(io, s, "y", 1);
	probe_expect(io, c, "y", 1);
	assert_int_equal(probe_now(io) - begin, 4 * LATENCY_NS);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

PROBE(loopback_takes_no_time)
{
	int64_t begin = probe_now(io);
	int l = probe_listen(io, HOST_A, probe_inet("127.0.0.1", 0));
	gn_addr at = probe_name(io, l, false);
	int c = tcp(io, HOST_A), s;

	assert_int_equal(probe_connect(io, c, at), 0);
	s = probe_accept(io, l);
	probe_send_all(io, c, "hello", 5);
	probe_expect(io, s, "hello", 5);
	assert_int_equal(probe_now(io), begin);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

PROBE(fault_14_refused_after_a_round_trip)
{
	int c = tcp(io, HOST_A);
	int64_t begin = probe_now(io);

	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 1)),
			 -ECONNREFUSED);
	assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
	assert_int_equal(probe_poll(io, c, ALL), FRESH);
	assert_int_equal(probe_try_recv(io, c, &c, 1, 0), -ENOTCONN);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -EPIPE);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 0)),
			 -ECONNREFUSED);
	probe_drop(io, c);
}

PROBE(a_refused_socket_may_try_again)
{
	int l = probe_listen(io, HOST_B, probe_inet("0.0.0.0", 7000));
	int c = tcp(io, HOST_A), s;

	assert_int_equal(probe_bind(io, c, probe_inet("0.0.0.0", 5000)), 0);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 1)),
			 -ECONNREFUSED);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	s = probe_accept(io, l);
	gn_addr peer = probe_name(io, s, true);
	gn_addr due = probe_inet("10.0.0.1", 5000);

	assert_true(gn_addr_equal(&peer, &due));
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

PROBE(fault_14_unreachable)
{
	int c = tcp(io, HOST_A), six, bound = tcp(io, HOST_A);
	int64_t begin = probe_now(io);

	assert_int_equal(probe_connect(io, c, probe_inet("192.0.2.1", 80)),
			 -ENETUNREACH);
	assert_int_equal(probe_now(io), begin);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.9", 80)),
			 -EHOSTUNREACH);
	assert_int_equal(probe_now(io) - begin, 3 * GN_SEC);
	assert_int_equal(probe_connect(io, c, probe_inet("fd00::2", 80)),
			 -EAFNOSUPPORT);
	assert_int_equal(probe_bind(io, bound, probe_inet("127.0.0.1", 0)), 0);
	assert_int_equal(probe_connect(io, bound, probe_inet("10.0.0.2", 80)),
			 -EINVAL);
	six = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);
	assert_int_equal(probe_connect(io, six, probe_inet("2001:db8::1", 80)),
			 -ENETUNREACH);
	assert_int_equal(probe_connect(io, six, probe_inet("10.0.0.2", 80)),
			 -EINVAL);
	probe_drop(io, c);
	probe_drop(io, six);
	probe_drop(io, bound);
}

/* One more than the backlog fits; the next SYN is sent again. */
PROBE(fault_13_a_full_backlog)
{
	struct probe_op late = { 0 };
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = tcp(io, HOST_B), c[3], s[3];
	int64_t begin;

	assert_int_equal(probe_bind(io, l, at), 0);
	assert_int_equal(io->backend->calls->listen(io, l, 1), 0);
	for (int i = 0; i < 2; i++) {
		c[i] = tcp(io, HOST_A);
		assert_int_equal(probe_connect(io, c[i], at), 0);
	}
	begin = probe_now(io);
	c[2] = tcp(io, HOST_A);
	late.op.addr = &at;
	probe_begin(io, &late, c[2], GNI_OP_CONNECT);
	probe_pass(io, 2 * GN_SEC);
	assert_int_equal(late.count, 0);
	s[0] = probe_accept(io, l);
	assert_int_equal(probe_end(io, &late), 0);
	assert_int_equal(probe_now(io) - begin, 3 * GN_SEC + 2 * LATENCY_NS);
	s[1] = probe_accept(io, l);
	s[2] = probe_accept(io, l);
	for (int i = 0; i < 3; i++) {
		probe_drop(io, c[i]);
		probe_drop(io, s[i]);
	}
	probe_drop(io, l);
}

PROBE(fault_13_a_backlog_that_stays_full)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = tcp(io, HOST_B), c = tcp(io, HOST_A), late = tcp(io, HOST_A);
	int64_t begin;

	assert_int_equal(probe_bind(io, l, at), 0);
	assert_int_equal(io->backend->calls->listen(io, l, 0), 0);
	assert_int_equal(probe_connect(io, c, at), 0);
	begin = probe_now(io);
	assert_int_equal(probe_connect(io, late, at), -ETIMEDOUT);
	assert_int_equal(probe_now(io) - begin, 127 * GN_SEC);
	probe_drop(io, l);
	probe_drop(io, c);
	probe_drop(io, late);
}

PROBE(misuse_of_a_fresh_socket)
{
	const struct gni_calls *calls = io->backend->calls;
	struct sockaddr_in in;
	socklen_t len = sizeof in;
	int c = tcp(io, HOST_A);
	char buf[4];

	assert_int_equal(probe_poll(io, c, ALL), FRESH);
	assert_int_equal(probe_try_recv(io, c, buf, 1, 0), -ENOTCONN);
	assert_int_equal(probe_try_send(io, c, buf, 1, 0), -EPIPE);
	assert_int_equal(probe_accept(io, c), -EINVAL);
	assert_int_equal(calls->name(io, c, true, &in, &len), -ENOTCONN);
	assert_int_equal(probe_shutdown(io, c, SHUT_RDWR), -ENOTCONN);
	assert_int_equal(probe_shutdown(io, c, 3), -EINVAL);
	assert_int_equal(probe_poll(io, c, ALL), ALL | POLLHUP);
	assert_int_equal(probe_try_recv(io, c, buf, 1, 0), 0);
	assert_int_equal(calls->listen(io, c, 5), 0);
	assert_int_equal(probe_poll(io, c, ALL), 0);
	probe_drop(io, c);
}

PROBE(misuse_of_a_listener)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);
	int l = probe_listen(io, HOST_A, at);
	char buf[4];

	assert_int_equal(probe_try_recv(io, l, buf, 1, 0), -ENOTCONN);
	assert_int_equal(probe_try_send(io, l, buf, 1, 0), -EPIPE);
	assert_int_equal(probe_connect(io, l, at), -EISCONN);
	assert_int_equal(probe_bind(io, l, at), -EINVAL);
	assert_int_equal(io->backend->calls->listen(io, l, 5), 0);
	assert_int_equal(probe_shutdown(io, l, SHUT_WR), 0);
	assert_int_equal(probe_poll(io, l, ALL), 0);
	assert_int_equal(probe_shutdown(io, l, SHUT_RD), 0);
	assert_int_equal(probe_poll(io, l, ALL), FRESH);
	assert_int_equal(probe_accept(io, l), -EINVAL);
	probe_drop(io, l);
}

PROBE(misuse_of_a_connection)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	assert_int_equal(probe_connect(io, fd[0], probe_inet("10.0.0.2", 1)),
			 -EISCONN);
	assert_int_equal(probe_bind(io, fd[0], probe_inet("0.0.0.0", 0)),
			 -EINVAL);
	assert_int_equal(io->backend->calls->listen(io, fd[0], 1), -EINVAL);
	assert_int_equal(probe_accept(io, fd[0]), -EINVAL);
	assert_int_equal(probe_poll(io, fd[0], ALL), POLLOUT | POLLWRNORM);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(an_accept_ends_with_its_listener)
{
	struct probe_op p = { 0 };
	int l = probe_listen(io, HOST_A, probe_inet("127.0.0.1", 0));

	probe_begin(io, &p, l, GNI_OP_ACCEPT);
	probe_pass(io, GN_SEC);
	assert_int_equal(p.count, 0);
	assert_int_equal(probe_shutdown(io, l, SHUT_RDWR), 0);
	assert_int_equal(probe_end(io, &p), -EINVAL);
	probe_drop(io, l);
}

/* A connect that is given up goes on, as the kernel's does. */
PROBE(fault_21_a_cancelled_connect)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	struct probe_op p = { .op.addr = &at };
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_A), s;

	probe_begin(io, &p, c, GNI_OP_CONNECT);
	probe_pass(io, LATENCY_NS / 2);
	io->backend->cancel(io, &p.op);
	assert_int_equal(probe_end(io, &p), -ECANCELED);
	assert_int_equal(probe_connect(io, c, at), -EALREADY);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -EAGAIN);
	s = probe_accept(io, l);
	probe_send_all(io, c, "x", 1);
	probe_expect(io, s, "x", 1);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

/* Closed before it was answered: nobody is ever accepted. */
PROBE(a_connect_that_is_closed)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at);

	for (int part = 0; part < 4; part++) {
		struct probe_op p = { .op.addr = &at };
		int c = tcp(io, HOST_A);

		probe_begin(io, &p, c, GNI_OP_CONNECT);
		probe_pass(io, LATENCY_NS * part / 2);
		io->backend->cancel(io, &p.op);
		assert_int_equal(probe_end(io, &p), -ECANCELED);
		probe_drop(io, c);
		probe_pass(io, GN_SEC);
		assert_int_equal(probe_poll(io, l, POLLIN), 0);
	}
	probe_drop(io, l);
}

PROBE(a_connect_that_is_shut_down)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	struct probe_op p = { .op.addr = &at };
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_A);

	probe_begin(io, &p, c, GNI_OP_CONNECT);
	probe_pass(io, LATENCY_NS / 2);
	assert_int_equal(probe_shutdown(io, c, SHUT_RDWR), 0);
	assert_int_equal(probe_end(io, &p), -ECONNRESET);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, l, POLLIN), 0);
	probe_drop(io, c);
	probe_drop(io, l);
}

/* A port of our own that nobody listens on, while we send from it. */
PROBE(fault_16_a_connection_to_itself)
{
	int c = tcp(io, HOST_A);
	char buf[4];
	gn_addr at;

	assert_int_equal(probe_bind(io, c, probe_inet("127.0.0.1", 0)), 0);
	at = probe_name(io, c, false);
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_send_all(io, c, "abc", 3);
	probe_expect(io, c, "abc", 3);
	assert_int_equal(probe_shutdown(io, c, SHUT_WR), 0);
	assert_int_equal(probe_recv(io, c, buf, sizeof buf), 0);
	assert_int_equal(probe_poll(io, c, ALL), ALL | POLLHUP);
	probe_drop(io, c);
	c = tcp(io, HOST_A);
	assert_int_equal(probe_set(io, c, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(probe_bind(io, c, probe_inet("127.0.0.1", 0)), 0);
	at = probe_name(io, c, false);
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_send_all(io, c, "abc", 3);
	probe_pass(io, GN_SEC);
	probe_drop(io, c);
}

static void assert_names(struct gni_io *io, int fd, const char *own,
			 const char *peer)
{
	gn_addr addr = probe_name(io, fd, false);
	gn_addr due = probe_inet(own, probe_port(&addr));

	assert_int_equal(addr.len, due.len);
	assert_memory_equal(addr.sockaddr, due.sockaddr, due.len);
	addr = probe_name(io, fd, true);
	due = probe_inet(peer, probe_port(&addr));
	assert_int_equal(addr.len, due.len);
	assert_memory_equal(addr.sockaddr, due.sockaddr, due.len);
}

PROBE(a_listener_of_both_families)
{
	int l = probe_listen(io, HOST_B, probe_inet("::", 7000));
	int c = tcp(io, HOST_A), s;

	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	s = probe_accept(io, l);
	assert_names(io, c, "10.0.0.1", "10.0.0.2");
	assert_names(io, s, "::ffff:10.0.0.2", "::ffff:10.0.0.1");
	probe_drop(io, c);
	probe_drop(io, s);
	c = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);
	assert_int_equal(probe_connect(io, c, probe_inet("fd00::2", 7000)), 0);
	s = probe_accept(io, l);
	assert_names(io, s, "fd00::2", "fd00::1");
	probe_drop(io, c);
	probe_drop(io, s);
	c = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);
	assert_int_equal(
		probe_connect(io, c, probe_inet("::ffff:10.0.0.2", 7000)), 0);
	assert_names(io, c, "::ffff:10.0.0.1", "::ffff:10.0.0.2");
	probe_drop(io, c);
	probe_drop(io, l);
}

PROBE(a_listener_of_ipv6_alone)
{
	int l = probe_socket(io, HOST_B, AF_INET6, SOCK_STREAM);
	int c = tcp(io, HOST_A);
	int six = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);

	assert_int_equal(probe_set(io, l, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(probe_bind(io, l, probe_inet("::", 7000)), 0);
	assert_int_equal(io->backend->calls->listen(io, l, 1), 0);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)),
			 -ECONNREFUSED);
	assert_int_equal(probe_set(io, six, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(
		probe_connect(io, six, probe_inet("::ffff:10.0.0.2", 7000)),
		-ENETUNREACH);
	assert_int_equal(probe_connect(io, six, probe_inet("fd00::2", 7000)),
			 0);
	probe_drop(io, l);
	probe_drop(io, c);
	probe_drop(io, six);
}

PROBE(zero_means_the_loopback)
{
	int l = probe_listen(io, HOST_A, probe_inet("::", 7000));
	int c = tcp(io, HOST_A);
	int six = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);

	assert_int_equal(probe_connect(io, c, probe_inet("0.0.0.0", 7000)), 0);
	assert_names(io, c, "127.0.0.1", "127.0.0.1");
	assert_int_equal(probe_connect(io, six, probe_inet("::", 7000)), 0);
	assert_names(io, six, "::1", "::1");
	probe_drop(io, c);
	probe_drop(io, six);
	c = tcp(io, HOST_A);
	assert_int_equal(probe_connect(io, c, probe_inet("127.8.9.1", 7000)),
			 0);
	assert_names(io, c, "127.0.0.1", "127.8.9.1");
	probe_drop(io, c);
	c = tcp(io, HOST_A);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.1", 7000)), 0);
	assert_names(io, c, "10.0.0.1", "10.0.0.1");
	probe_drop(io, c);
	probe_drop(io, l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_takes_its_time),
		cmocka_unit_test(loopback_takes_no_time),
		cmocka_unit_test(fault_14_refused_after_a_round_trip),
		cmocka_unit_test(a_refused_socket_may_try_again),
		cmocka_unit_test(fault_14_unreachable),
		cmocka_unit_test(fault_13_a_full_backlog),
		cmocka_unit_test(fault_13_a_backlog_that_stays_full),
		cmocka_unit_test(misuse_of_a_fresh_socket),
		cmocka_unit_test(misuse_of_a_listener),
		cmocka_unit_test(misuse_of_a_connection),
		cmocka_unit_test(an_accept_ends_with_its_listener),
		cmocka_unit_test(fault_21_a_cancelled_connect),
		cmocka_unit_test(a_connect_that_is_closed),
		cmocka_unit_test(a_connect_that_is_shut_down),
		cmocka_unit_test(fault_16_a_connection_to_itself),
		cmocka_unit_test(a_listener_of_both_families),
		cmocka_unit_test(a_listener_of_ipv6_alone),
		cmocka_unit_test(zero_means_the_loopback),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
