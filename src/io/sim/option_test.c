/*
 * option_test.c: getsockopt and setsockopt of the simulation, and the buffers
 * that they size.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static const struct {
	int domain, type, protocol;
} kinds[] = {
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_UNIX, SOCK_STREAM, 0 },
	{ AF_UNIX, SOCK_DGRAM, 0 },
	{ AF_UNIX, SOCK_SEQPACKET, 0 },
};

#define KINDS (sizeof kinds / sizeof *kinds)

static void assert_told(struct gni_io *io, size_t kind, int fd)
{
	assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_TYPE),
			 kinds[kind].type);
	assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_DOMAIN),
			 kinds[kind].domain);
	assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_PROTOCOL),
			 kinds[kind].protocol);
	assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(probe_get(io, fd, SOL_SOCKET, SO_ERROR), 0);
}

PROBE(what_is_told)
{
	static const int told[] = { SO_TYPE, SO_DOMAIN, SO_PROTOCOL,
				    SO_ACCEPTCONN, SO_ERROR };

	for (size_t k = 0; k < KINDS; k++) {
		int fd = probe_socket(io, HOST_A, kinds[k].domain,
				      kinds[k].type);

		assert_told(io, k, fd);
		for (size_t i = 0; i < sizeof told / sizeof *told; i++)
			assert_int_equal(
				probe_set(io, fd, SOL_SOCKET, told[i], 1),
				-ENOPROTOOPT);
		assert_int_equal(probe_get(io, fd, SOL_SOCKET, 999),
				 -ENOPROTOOPT);
		assert_int_equal(probe_set(io, fd, SOL_SOCKET, 999, 1),
				 -ENOPROTOOPT);
		probe_drop(io, fd);
	}
}

PROBE(a_listener_says_so)
{
	int l = probe_listen(io, HOST_A, probe_inet("::", 0));

	assert_int_equal(probe_get(io, l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	probe_drop(io, l);
}

PROBE(switches)
{
	static const int options[] = { SO_REUSEADDR, SO_KEEPALIVE };

	for (size_t k = 0; k < KINDS; k++) {
		int fd = probe_socket(io, HOST_A, kinds[k].domain,
				      kinds[k].type);

		for (int i = 0; i < 2; i++) {
			int o = options[i];

			assert_int_equal(probe_get(io, fd, SOL_SOCKET, o), 0);
			assert_int_equal(probe_set(io, fd, SOL_SOCKET, o, 7),
					 0);
			assert_int_equal(probe_get(io, fd, SOL_SOCKET, o), 1);
		}
		probe_drop(io, fd);
	}
}

PROBE(tcp_alone)
{
	static const struct {
		int option, fresh, good, bad;
	} due[] = {
		{ TCP_NODELAY, 0, 1, INT_MIN },
		{ TCP_KEEPIDLE, 7200, 32767, 32768 },
		{ TCP_KEEPINTVL, 75, 1, 0 },
		{ TCP_KEEPCNT, 9, 127, 128 },
		{ TCP_USER_TIMEOUT, 0, INT_MAX, -1 },
	};
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
	int u = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	int l = probe_socket(io, HOST_A, AF_UNIX, SOCK_STREAM);

	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		int o = due[i].option;

		assert_int_equal(probe_get(io, c, IPPROTO_TCP, o),
				 due[i].fresh);
		assert_int_equal(probe_set(io, c, IPPROTO_TCP, o, due[i].good),
				 0);
		if (due[i].bad != INT_MIN)
			assert_int_equal(probe_set(io, c, IPPROTO_TCP, o,
						   due[i].bad), -EINVAL);
		assert_int_equal(probe_get(io, c, IPPROTO_TCP, o), due[i].good);
		assert_int_equal(probe_get(io, u, IPPROTO_TCP, o), -EOPNOTSUPP);
		assert_int_equal(probe_set(io, u, IPPROTO_TCP, o, 1),
				 -ENOPROTOOPT);
		assert_int_equal(probe_get(io, l, IPPROTO_TCP, o), -EOPNOTSUPP);
		assert_int_equal(probe_set(io, l, IPPROTO_TCP, o, 1),
				 -EOPNOTSUPP);
	}
	assert_int_equal(probe_set(io, c, IPPROTO_TCP, 999, 1), -ENOPROTOOPT);
	assert_int_equal(probe_get(io, c, IPPROTO_TCP, 999), -ENOPROTOOPT);
	probe_drop(io, c);
	probe_drop(io, u);
	probe_drop(io, l);
}

PROBE(ipv6_alone)
{
	int c = probe_socket(io, HOST_A, AF_INET6, SOCK_STREAM);
	int four = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);

	assert_int_equal(probe_get(io, c, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	assert_int_equal(probe_set(io, c, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(probe_get(io, c, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	assert_int_equal(
		probe_bind(io, c, probe_inet("::ffff:127.0.0.1", 0)), -EINVAL);
	assert_int_equal(probe_bind(io, c, probe_inet("::", 0)), 0);
	assert_int_equal(probe_set(io, c, IPPROTO_IPV6, IPV6_V6ONLY, 0),
			 -EINVAL);
	assert_int_equal(probe_set(io, four, IPPROTO_IPV6, IPV6_V6ONLY, 1),
			 -ENOPROTOOPT);
	assert_int_equal(probe_get(io, four, IPPROTO_IPV6, IPV6_V6ONLY),
			 -EOPNOTSUPP);
	probe_drop(io, c);
	probe_drop(io, four);
}

PROBE(lengths)
{
	const struct gni_calls *calls = io->backend->calls;
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
	struct linger linger = { 1, 7 }, got;
	char few[2] = { 0, 0x55 };
	socklen_t len = sizeof got;
	int one = 1;

	assert_int_equal(calls->set(io, c, SOL_SOCKET, SO_LINGER, &linger, 4),
			 -EINVAL);
	assert_int_equal(calls->set(io, c, SOL_SOCKET, SO_REUSEADDR, &one, 3),
			 -EINVAL);
	assert_int_equal(calls->set(io, c, SOL_SOCKET, SO_LINGER, &linger,
				    sizeof linger), 0);
	assert_int_equal(calls->get(io, c, SOL_SOCKET, SO_LINGER, &got, &len),
			 0);
	assert_int_equal(len, sizeof got);
	assert_memory_equal(&got, &linger, sizeof got);
	len = 1;
	assert_int_equal(calls->get(io, c, SOL_SOCKET, SO_TYPE, few, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(few[0], SOCK_STREAM);
	assert_int_equal(few[1], 0x55);
	probe_drop(io, c);
}

PROBE(sizes_of_buffers)
{
	static const int asked[] = { 0, 5000, 1 << 20, INT_MAX, -1 };
	static const int sent[] = { 4608, 10000, 1 << 21, 8388608, 8388608 };
	static const int received[] = { 2304, 10000, 1 << 21, 8388608,
					8388608 };
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		assert_int_equal(
			probe_set(io, c, SOL_SOCKET, SO_SNDBUF, asked[i]), 0);
		assert_int_equal(
			probe_set(io, c, SOL_SOCKET, SO_RCVBUF, asked[i]), 0);
		assert_int_equal(probe_get(io, c, SOL_SOCKET, SO_SNDBUF),
				 sent[i]);
		assert_int_equal(probe_get(io, c, SOL_SOCKET, SO_RCVBUF),
				 received[i]);
	}
	probe_drop(io, c);
}

/* The buffers of both ends hold what they say, and accept takes over those
 * of its listener. */
PROBE(fault_05_the_smallest_buffers)
{
	static char page[4096];
	int l = probe_listen(io, HOST_A, probe_inet("127.0.0.1", 0));
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM), s;
	size_t full = 0;
	ssize_t n;

	assert_int_equal(probe_set(io, l, SOL_SOCKET, SO_RCVBUF, 0), 0);
	assert_int_equal(probe_set(io, c, SOL_SOCKET, SO_SNDBUF, 0), 0);
	assert_int_equal(probe_connect(io, c, probe_name(io, l, false)), 0);
	s = probe_accept(io, l);
	assert_int_equal(probe_get(io, s, SOL_SOCKET, SO_RCVBUF), 2304);
	while ((n = probe_try_send(io, c, page, sizeof page, 0)) > 0)
		full += (size_t)n;
	assert_int_equal(full, (2304 + 4608) / 2);
	for (int i = 0; i < 2; i++) {
		struct probe_op p = { .op.buf = page, .op.len = 1 };

		while ((n = probe_try_send(io, c, page, sizeof page, 0)) > 0)
			;
		probe_begin(io, &p, c, GNI_OP_SEND);
		probe_pass(io, GN_SEC);
		assert_int_equal(p.count, 0);
		assert_int_equal(probe_set(io, i ? s : c, SOL_SOCKET,
					   i ? SO_RCVBUF : SO_SNDBUF, 50000),
				 0);
		assert_int_equal(probe_end(io, &p), 1);
	}
	probe_drop(io, l);
	probe_drop(io, c);
	probe_drop(io, s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told),
		cmocka_unit_test(a_listener_says_so),
		cmocka_unit_test(switches),
		cmocka_unit_test(tcp_alone),
		cmocka_unit_test(ipv6_alone),
		cmocka_unit_test(lengths),
		cmocka_unit_test(sizes_of_buffers),
		cmocka_unit_test(fault_05_the_smallest_buffers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
