/*
 * claim_test.c: ports of the simulation: who may have which.  The table is
 * what Linux answered.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "io/sim/claim.h"

static int family_of(const char *ip)
{
	return strchr(ip, ':') ? AF_INET6 : AF_INET;
}

static int tcp(struct gni_io *io, const char *ip, bool reuse, bool only6)
{
	int fd = probe_socket(io, HOST_A, family_of(ip), SOCK_STREAM);

	if (reuse)
		assert_int_equal(probe_set(io, fd, SOL_SOCKET, SO_REUSEADDR, 1),
				 0);
	if (only6)
		assert_int_equal(
			probe_set(io, fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	return fd;
}

static int listen_on(struct gni_io *io, int fd)
{
	return io->backend->calls->listen(io, fd, 1);
}

/* Two sockets bind the same port; in each pair of addresses the second is
 * bound, and if that went, listens. */
PROBE(two_on_one_port)
{
	static const struct {
		const char *first, *second;
		bool only6, apart;
	} pairs[] = {
		{ "127.0.0.1", "127.0.0.1", false, false },
		{ "0.0.0.0", "127.0.0.1", false, false },
		{ "127.0.0.2", "127.0.0.1", false, true },
		{ "::", "0.0.0.0", false, false },
		{ "::", "0.0.0.0", true, true },
		{ "127.0.0.1", "::", false, false },
	};

	for (unsigned i = 0; i < 6 * 8; i++) {
		bool apart = pairs[i / 8].apart, listening = i & 4;
		int a = tcp(io, pairs[i / 8].first, i & 1, pairs[i / 8].only6);
		int b = tcp(io, pairs[i / 8].second, i & 2, false);
		bool goes = apart || ((i & 3) == 3 && !listening);
		gn_addr first = probe_inet(pairs[i / 8].first, 7000);
		gn_addr second = probe_inet(pairs[i / 8].second, 7000);

		assert_int_equal(probe_bind(io, a, first), 0);
		if (listening)
			assert_int_equal(listen_on(io, a), 0);
		assert_int_equal(probe_bind(io, b, second),
				 goes ? 0 : -EADDRINUSE);
		if (goes)
			assert_int_equal(listen_on(io, b), 0);
		if (goes && !listening)
			assert_int_equal(listen_on(io, a),
					 apart ? 0 : -EADDRINUSE);
		probe_drop(io, a);
		probe_drop(io, b);
	}
}

PROBE(not_ours)
{
	int c = tcp(io, "0.0.0.0", false, false);

	assert_int_equal(probe_bind(io, c, probe_inet("10.0.0.2", 80)),
			 -EADDRNOTAVAIL);
	assert_int_equal(probe_bind(io, c, probe_inet("192.0.2.1", 80)),
			 -EADDRNOTAVAIL);
	assert_int_equal(probe_bind(io, c, probe_inet("::1", 80)),
			 -EAFNOSUPPORT);
	assert_int_equal(probe_bind(io, c, probe_inet("10.0.0.1", 80)), 0);
	assert_int_equal(probe_bind(io, c, probe_inet("10.0.0.1", 81)),
			 -EINVAL);
	probe_drop(io, c);
}

PROBE(protocols_and_hosts_have_ports_of_their_own)
{
	gn_addr at = probe_inet("0.0.0.0", 7000);
	int a = probe_listen(io, HOST_A, at), b = probe_listen(io, HOST_B, at);
	int u = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);

	assert_int_equal(probe_bind(io, u, at), 0);
	probe_drop(io, a);
	probe_drop(io, b);
	probe_drop(io, u);
}

PROBE(free_ports)
{
	enum { COUNT = 200 };
	bool seen[65536] = { false };
	int fd[COUNT];

	for (int i = 0; i < COUNT; i++) {
		gn_addr own;

		fd[i] = tcp(io, "0.0.0.0", false, false);
		if (i % 2)
			assert_int_equal(probe_bind(io, fd[i],
						    probe_inet("0.0.0.0", 0)),
					 0);
		else
			assert_int_equal(listen_on(io, fd[i]), 0);
		own = probe_name(io, fd[i], false);
		assert_in_range(probe_port(&own), 32768, 60999);
		assert_false(seen[probe_port(&own)]);
		seen[probe_port(&own)] = true;
	}
	for (int i = 0; i < COUNT; i++)
		probe_drop(io, fd[i]);
}

/* A server that restarts: its old connections stand in the way, unless both
 * said that they do not mind; TIME_WAIT lapses after a minute. */
PROBE(old_connections_keep_a_port)
{
	for (int reuse = 0; reuse < 2; reuse++) {
		gn_addr at = probe_inet("127.0.0.1", (uint16_t)(7000 + reuse));
		int l = tcp(io, "127.0.0.1", reuse, false), x, s;
		int c = tcp(io, "127.0.0.1", false, false);

		assert_int_equal(probe_bind(io, l, at), 0);
		assert_int_equal(listen_on(io, l), 0);
		assert_int_equal(probe_connect(io, c, at), 0);
		s = probe_accept(io, l);
		probe_drop(io, l);
		for (int i = 0; i < 3; i++) {
			int due = reuse || i == 2 ? 0 : -EADDRINUSE;

			x = tcp(io, "127.0.0.1", true, false);
			assert_int_equal(probe_bind(io, x, at), due);
			probe_drop(io, x);
			x = tcp(io, "127.0.0.1", false, false);
			assert_int_equal(probe_bind(io, x, at),
					 i == 2 ? 0 : -EADDRINUSE);
			probe_drop(io, x);
			if (i == 0)
				probe_drop(io, s);
			if (i == 0)
				probe_drop(io, c);
			probe_pass(io, i * GN_MIN);
		}
	}
}

/* The other end of an orderly close, and a reset, keep nothing. */
PROBE(nothing_else_keeps_a_port)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);

	for (int reset = 0; reset < 2; reset++) {
		int l = probe_listen(io, HOST_A, at), s, x;
		int c = tcp(io, "127.0.0.1", false, false);

		assert_int_equal(probe_connect(io, c, at), 0);
		s = probe_accept(io, l);
		probe_drop(io, l);
		if (reset) {
			probe_abort(io, s);
			probe_drop(io, c);
		} else {
			probe_drop(io, c);
			probe_pass(io, GN_SEC);
			probe_drop(io, s);
		}
		probe_pass(io, GN_SEC);
		x = tcp(io, "127.0.0.1", false, false);
		assert_int_equal(probe_bind(io, x, at), 0);
		probe_drop(io, x);
	}
}

PROBE(a_client_keeps_its_port)
{
	int fd[2], x = tcp(io, "0.0.0.0", true, false);
	gn_addr own;

	probe_tcp(io, HOST_A, fd);
	own = probe_name(io, fd[0], false);
	assert_int_equal(probe_bind(io, x, own), -EADDRINUSE);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
	probe_drop(io, x);
}

/* One pair of end points is one connection. */
PROBE(a_pair_in_use)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	gn_addr own = probe_inet("10.0.0.1", 5000);
	int l = probe_listen(io, HOST_B, at);
	int a = tcp(io, "0.0.0.0", true, false);
	int b = tcp(io, "0.0.0.0", true, false);

	assert_int_equal(probe_bind(io, a, own), 0);
	assert_int_equal(probe_bind(io, b, own), 0);
	assert_int_equal(probe_connect(io, a, at), 0);
	assert_int_equal(probe_connect(io, b, at), -EADDRNOTAVAIL);
	probe_drop(io, a);
	probe_drop(io, b);
	probe_drop(io, l);
}

static void fault_15_ports_run_out(void **state)
{
	/* One port after another: drawn ones are long in finding a free one. */
	struct gni_io *io = probe_open(
		&(struct gni_sim_options){ .in_order = true });
	static int fd[GNI_PORT_EPHEMERALS + 1];
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int last = GNI_PORT_EPHEMERALS;

	(void)state;
	for (int i = 0; i <= last; i++) {
		fd[i] = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
		if (i < last)
			assert_int_equal(probe_connect(io, fd[i], at), 0);
	}
	assert_int_equal(probe_connect(io, fd[last], at), -EADDRNOTAVAIL);
	assert_int_equal(probe_bind(io, fd[last], probe_inet("0.0.0.0", 0)),
			 -EADDRINUSE);
	for (int i = 0; i <= last; i++)
		probe_drop(io, fd[i]);
	probe_close(io);
}

/* Of two that share a port the last one to bind hears. */
PROBE(shared_datagram_ports)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);
	int fd[2], c = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	char text[4];

	for (int i = 0; i < 2; i++) {
		fd[i] = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
		assert_int_equal(
			probe_set(io, fd[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		assert_int_equal(probe_bind(io, fd[i], at), 0);
	}
	assert_int_equal(probe_try_sendto(io, c, "x", 1, at), 1);
	probe_pass(io, 0);
	assert_int_equal(probe_try_recv(io, fd[0], text, 4, 0), -EAGAIN);
	assert_int_equal(probe_try_recv(io, fd[1], text, 4, 0), 1);
	for (int i = 0; i < 2; i++)
		probe_drop(io, fd[i]);
	probe_drop(io, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_on_one_port),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(protocols_and_hosts_have_ports_of_their_own),
		cmocka_unit_test(free_ports),
		cmocka_unit_test(old_connections_keep_a_port),
		cmocka_unit_test(nothing_else_keeps_a_port),
		cmocka_unit_test(a_client_keeps_its_port),
		cmocka_unit_test(a_pair_in_use),
		cmocka_unit_test(fault_15_ports_run_out),
		cmocka_unit_test(shared_datagram_ports),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
