/*
 * udp_test.c: datagrams of the simulation.  What Linux answers was tried out
 * on its loopback.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "addr/addr.h"

#define OUT (POLLOUT | POLLWRNORM)
#define ALL (POLLIN | POLLRDNORM | POLLRDHUP | OUT)

static char buf[70000];

static int udp(struct gni_io *io, unsigned place)
{
	return probe_socket(io, place, AF_INET, SOCK_DGRAM);
}

static int udp6(struct gni_io *io, unsigned place)
{
	return probe_socket(io, place, AF_INET6, SOCK_DGRAM);
}

/* A socket of b at 10.0.0.2:7000 and all its addresses. */
static int server(struct gni_io *io)
{
	int fd = udp(io, HOST_B);

	assert_int_equal(probe_bind(io, fd, probe_inet("0.0.0.0", 7000)), 0);
	return fd;
}

/* Receives a datagram and checks whom it is from. */
static int recv_from(struct gni_io *io, int fd, gn_addr *from)
{
	struct sockaddr_in6 name;
	struct iovec v = { buf, sizeof buf };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_name = &name,
			    .msg_namelen = sizeof name };
	struct probe_op p = { .op.message = &m };
	int n;

	probe_begin(io, &p, fd, GNI_OP_RECV);
	n = probe_end(io, &p);
	gni_addr_set(from, GN_UDP, &name, m.msg_namelen);
	return n;
}

PROBE(question_and_answer)
{
	gn_addr from, own, at = probe_inet("10.0.0.2", 7000);
	int64_t begin = probe_now(io);
	int s = server(io), c = udp(io, HOST_A);

	assert_int_equal(probe_try_sendto(io, c, "ask", 3, at), 3);
	own = probe_name(io, c, false);
	assert_int_equal(recv_from(io, s, &from), 3);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS);
	assert_memory_equal(buf, "ask", 3);
	assert_int_equal(probe_port(&from), probe_port(&own));
	assert_in_range(probe_port(&from), 32768, 60999);
	assert_int_equal(probe_try_sendto(io, s, "answer", 6, from), 6);
	assert_int_equal(recv_from(io, c, &from), 6);
	at.kind = GN_UDP;
	assert_true(gn_addr_equal(&from, &at));
	assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
	probe_drop(io, s);
	probe_drop(io, c);
}

/* ICMP reaches a connected socket after a round trip, once each time. */
PROBE(fault_31_refused_to_a_connected_sender)
{
	int c = udp(io, HOST_A);
	int64_t begin = probe_now(io);

	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	assert_int_equal(probe_now(io), begin);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), 1);
	probe_pass(io, 2 * LATENCY_NS - 1);
	assert_int_equal(probe_poll(io, c, ALL), OUT);
	probe_pass(io, 1);
	assert_int_equal(probe_poll(io, c, ALL), OUT | POLLERR);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -ECONNREFUSED);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, c, buf, 1), -ECONNREFUSED);
	assert_int_equal(probe_try_recv(io, c, buf, 1, 0), -EAGAIN);
	probe_drop(io, c);
}

PROBE(fault_31_not_refused_to_an_unconnected_one)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int c = udp(io, HOST_A);

	assert_int_equal(probe_try_sendto(io, c, "x", 1, at), 1);
	assert_int_equal(
		probe_try_sendto(io, c, "x", 1, probe_inet("10.0.0.9", 1)), 1);
	probe_pass(io, 9 * GN_SEC);
	assert_int_equal(probe_poll(io, c, ALL), OUT);
	assert_int_equal(probe_try_sendto(io, c, "x", 1, at), 1);
	probe_drop(io, c);
	probe_pass(io, 9 * GN_SEC);
}

PROBE(misuse)
{
	int c = udp(io, HOST_A);

	assert_int_equal(probe_poll(io, c, ALL), OUT);
	assert_int_equal(probe_try_recv(io, c, buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -EDESTADDRREQ);
	assert_int_equal(io->backend->calls->listen(io, c, 1), -EOPNOTSUPP);
	assert_int_equal(probe_accept(io, c), -EOPNOTSUPP);
	assert_int_equal(
		probe_try_sendto(io, c, "x", 1, probe_inet("10.0.0.2", 0)),
		-EINVAL);
	assert_int_equal(
		probe_try_sendto(io, c, "x", 1, probe_inet("192.0.2.1", 9)),
		-ENETUNREACH);
	assert_int_equal(probe_try_sendto(io, c, "x", 1,
					  probe_inet("255.255.255.255", 9)),
			 -EACCES);
	assert_int_equal(
		probe_try_sendto(io, c, "x", 1, probe_inet("::1", 9)),
		-EAFNOSUPPORT);
	assert_int_equal(probe_shutdown(io, c, SHUT_RD), -ENOTCONN);
	assert_int_equal(probe_poll(io, c, ALL), ALL);
	assert_int_equal(probe_try_recv(io, c, buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_recv(io, c, buf, 1), 0);
	probe_drop(io, c);
}

PROBE(fault_34_the_longest_datagrams)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);
	int c = udp(io, HOST_A), six = udp6(io, HOST_A), s = udp6(io, HOST_A);

	assert_int_equal(probe_bind(io, s, probe_inet("::", 7000)), 0);
	assert_int_equal(probe_try_sendto(io, c, buf, 65508, at), -EMSGSIZE);
	assert_int_equal(probe_try_sendto(io, c, buf, 65536, at), -EMSGSIZE);
	assert_int_equal(probe_try_sendto(io, c, buf, 65507, at), 65507);
	assert_int_equal(probe_recv(io, s, buf, sizeof buf), 65507);
	at = probe_inet("::1", 7000);
	assert_int_equal(probe_try_sendto(io, six, buf, 65528, at), -EMSGSIZE);
	assert_int_equal(probe_try_sendto(io, six, buf, 65527, at), 65527);
	assert_int_equal(probe_recv(io, s, buf, sizeof buf), 65527);
	at = probe_inet("::ffff:127.0.0.1", 7000);
	assert_int_equal(probe_try_sendto(io, six, buf, 65508, at), -EMSGSIZE);
	probe_drop(io, c);
	probe_drop(io, six);
	probe_drop(io, s);
}

PROBE(an_empty_datagram)
{
	gn_addr from;
	int s = server(io), c = udp(io, HOST_A);

	assert_int_equal(probe_try_sendto(io, c, "", 0,
					  probe_inet("10.0.0.2", 7000)), 0);
	assert_int_equal(recv_from(io, s, &from), 0);
	assert_int_equal(probe_try_recv(io, s, buf, 1, 0), -EAGAIN);
	probe_drop(io, s);
	probe_drop(io, c);
}

PROBE(fault_30_truncated)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	struct iovec v = { buf, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct probe_op p = { .op.message = &m };
	int s = server(io), c = udp(io, HOST_A);

	for (int i = 0; i < 2; i++) {
		assert_int_equal(probe_try_sendto(io, c, "truncated", 9, at),
				 9);
		p.op.flags = i ? MSG_TRUNC : 0;
		probe_begin(io, &p, s, GNI_OP_RECV);
		assert_int_equal(probe_end(io, &p), i ? 9 : 4);
		assert_int_equal(m.msg_flags, MSG_TRUNC);
		assert_memory_equal(buf, "trun", 4);
	}
	assert_int_equal(probe_try_sendto(io, c, "whole", 5, at), 5);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, s, buf, 9, MSG_PEEK), 5);
	v.iov_len = 5;
	p.op.flags = 0;
	probe_begin(io, &p, s, GNI_OP_RECV);
	assert_int_equal(probe_end(io, &p), 5);
	assert_int_equal(m.msg_flags, 0);
	probe_drop(io, s);
	probe_drop(io, c);
}

/* What a full queue drops is lost without a word; small ones count by what
 * the kernel keeps for them. */
PROBE(fault_33_a_full_queue_drops)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int s = server(io), c = udp(io, HOST_A), count = 0;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(probe_try_sendto(io, c, "x", 1, at), 1);
	probe_pass(io, GN_SEC);
	while (probe_try_recv(io, s, buf, 1, 0) == 1)
		count++;
	assert_int_equal(count, 256);
	assert_int_equal(probe_set(io, s, SOL_SOCKET, SO_RCVBUF, 1), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(probe_try_sendto(io, c, buf, 60000, at),
				 60000);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, s, buf, sizeof buf, 0), 60000);
	assert_int_equal(probe_try_recv(io, s, buf, 1, 0), -EAGAIN);
	probe_drop(io, s);
	probe_drop(io, c);
}

/* A connected socket hears its peer alone, and before an unconnected one. */
PROBE(connected_sockets_hear_their_peer)
{
	gn_addr at = probe_inet("10.0.0.2", 7000), own;
	int s = server(io), c = udp(io, HOST_A), other = udp(io, HOST_A);
	int to_c = udp(io, HOST_B);

	assert_int_equal(probe_connect(io, c, at), 0);
	own = probe_name(io, c, false);
	assert_int_equal(probe_try_sendto(io, other, "o", 1, own), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, c, buf, 9, 0), -EAGAIN);
	assert_int_equal(probe_try_sendto(io, s, "s", 1, own), 1);
	assert_int_equal(probe_recv(io, c, buf, 9), 1);
	assert_int_equal(probe_set(io, s, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(probe_set(io, to_c, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(probe_bind(io, to_c, at), 0);
	assert_int_equal(probe_connect(io, to_c, own), 0);
	assert_int_equal(probe_try_send(io, c, "c", 1, 0), 1);
	assert_int_equal(probe_try_sendto(io, other, "o", 1, at), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, to_c, buf, 9, 0), 1);
	assert_int_equal(buf[0], 'c');
	assert_int_equal(probe_try_recv(io, s, buf, 9, 0), 1);
	assert_int_equal(buf[0], 'o');
	probe_drop(io, s);
	probe_drop(io, c);
	probe_drop(io, other);
	probe_drop(io, to_c);
}

PROBE(connect_again_and_disconnect)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	struct sockaddr_in name;
	socklen_t len = sizeof name;
	int c = udp(io, HOST_A);
	gn_addr nobody, own, again;

	gni_addr_set(&nobody, GN_UDP, &unspecified, sizeof unspecified);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 1)), 0);
	own = probe_name(io, c, false);
	assert_int_equal(probe_connect(io, c, probe_inet("127.0.0.1", 2)), 0);
	again = probe_name(io, c, false);
	assert_true(gn_addr_equal(&own, &again)); /* it stays what it was */
	assert_int_equal(probe_connect(io, c, nobody), 0);
	assert_int_equal(io->backend->calls->name(io, c, true, &name, &len),
			 -ENOTCONN);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -EDESTADDRREQ);
	probe_drop(io, c);
	c = udp(io, HOST_A);
	assert_int_equal(probe_bind(io, c, probe_inet("0.0.0.0", 9)), 0);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 1)), 0);
	assert_int_equal(probe_connect(io, c, nobody), 0);
	own = probe_name(io, c, false);
	again = probe_inet("0.0.0.0", 9);
	assert_true(gn_addr_equal(&own, &again));
	probe_drop(io, c);
}

/* The address that was asked for stays, a port that was not is given back. */
PROBE(disconnect_of_any_port)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	int c = udp(io, HOST_A);
	gn_addr nobody, own, due = probe_inet("127.0.0.1", 0);

	gni_addr_set(&nobody, GN_UDP, &unspecified, sizeof unspecified);
	assert_int_equal(probe_bind(io, c, due), 0);
	assert_int_equal(probe_connect(io, c, probe_inet("127.0.0.1", 9)), 0);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 9)),
			 -EINVAL);
	assert_int_equal(probe_connect(io, c, nobody), 0);
	own = probe_name(io, c, false);
	assert_true(gn_addr_equal(&own, &due));
	assert_int_equal(probe_connect(io, c, probe_inet("127.0.0.1", 9)), 0);
	own = probe_name(io, c, false);
	assert_true(probe_port(&own) > 0);
	probe_drop(io, c);
}

PROBE(both_families_on_one_socket)
{
	gn_addr from, due, at = probe_inet("10.0.0.2", 7000);
	int s = udp6(io, HOST_B), c = udp(io, HOST_A), six = udp6(io, HOST_A);

	assert_int_equal(probe_bind(io, s, probe_inet("::", 7000)), 0);
	assert_int_equal(probe_try_sendto(io, c, "4", 1, at), 1);
	assert_int_equal(recv_from(io, s, &from), 1);
	due = probe_inet("::ffff:10.0.0.1", probe_port(&from));
	assert_memory_equal(from.sockaddr, due.sockaddr, due.len);
	assert_int_equal(probe_try_sendto(io, s, "back", 4, from), 4);
	assert_int_equal(recv_from(io, c, &from), 4);
	assert_int_equal(
		probe_try_sendto(io, six, "6", 1, probe_inet("fd00::2", 7000)),
		1);
	assert_int_equal(recv_from(io, s, &from), 1);
	due = probe_inet("fd00::1", probe_port(&from));
	assert_memory_equal(from.sockaddr, due.sockaddr, due.len);
	/* Of an IPv6 socket Linux takes an IPv4 address too. */
	assert_int_equal(probe_try_sendto(io, six, "4", 1, at), 1);
	assert_int_equal(recv_from(io, s, &from), 1);
	assert_int_equal(probe_connect(io, six, at), 0);
	from = probe_name(io, six, true);
	due = probe_inet("::ffff:10.0.0.2", 7000);
	assert_memory_equal(from.sockaddr, due.sockaddr, due.len);
	probe_drop(io, s);
	probe_drop(io, c);
	probe_drop(io, six);
}

/* One socket's datagrams stay in order, those of several are mixed. */
static bool in_order(struct gni_io *io, const char *ip, int senders)
{
	int s = udp(io, ip[1] == '2' ? HOST_A : HOST_B), c[4];
	char got[8];

	assert_int_equal(probe_bind(io, s, probe_inet("0.0.0.0", 7000)), 0);
	for (int i = 0; i < senders; i++)
		c[i] = udp(io, HOST_A);
	for (int i = 0; i < 8; i++)
		assert_int_equal(probe_try_sendto(io, c[i % senders],
						  &"01234567"[i], 1,
						  probe_inet(ip, 7000)), 1);
	for (int i = 0; i < 8; i++)
		assert_int_equal(probe_recv(io, s, got + i, 1), 1);
	for (int i = 0; i < senders; i++)
		probe_drop(io, c[i]);
	probe_drop(io, s);
	return memcmp(got, "01234567", 8) == 0;
}

PROBE(one_sender_keeps_its_order)
{
	assert_true(in_order(io, "10.0.0.2", 1));
	assert_true(in_order(io, "127.0.0.1", 1));
}

static void fault_24_senders_overtake_each_other(void **state)
{
	unsigned mixed = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct gni_sim_options options = { .seed = seed };
		struct gni_io *io = probe_open(&options);

		mixed += !in_order(io, "10.0.0.2", 4);
		probe_close(io);
		options.in_order = true;
		io = probe_open(&options);
		assert_true(in_order(io, "10.0.0.2", 4));
		probe_close(io);
	}
	assert_true(mixed > 10);
}

/* SO_TIMESTAMP tells when a message came, and an end of none. */
PROBE(timestamps)
{
	union {
		struct cmsghdr head;
		char bytes[64];
	} control;
	struct iovec v = { buf, 9 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = &control };
	int s = server(io), c = udp(io, HOST_A);
	gn_addr at = probe_inet("10.0.0.2", 7000);
	struct timeval tv;

	assert_int_equal(probe_set(io, s, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
	for (size_t room = 64; room <= 64; room -= 16) {
		struct probe_op p = { .op.message = &m };
		int64_t begin = probe_now(io);

		m.msg_controllen = room;
		assert_int_equal(probe_try_sendto(io, c, "x", 1, at), 1);
		probe_begin(io, &p, s, GNI_OP_RECV);
		assert_int_equal(probe_end(io, &p), 1);
		assert_int_equal(m.msg_flags, room < 32 ? MSG_CTRUNC : 0);
		assert_int_equal(m.msg_controllen,
				 room < 16 ? 0 : room < 32 ? room : 32);
		if (room < 32)
			continue;
		assert_int_equal(control.head.cmsg_level, SOL_SOCKET);
		assert_int_equal(control.head.cmsg_type, SCM_TIMESTAMP);
		assert_int_equal(control.head.cmsg_len, 32);
		memcpy(&tv, CMSG_DATA(&control.head), sizeof tv);
		assert_int_equal(tv.tv_sec * GN_SEC + tv.tv_usec * GN_USEC,
				 begin + LATENCY_NS);
	}
	probe_drop(io, s);
	probe_drop(io, c);
}

PROBE(shut_down)
{
	int c = udp(io, HOST_A);

	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	assert_int_equal(probe_shutdown(io, c, SHUT_RDWR), 0);
	assert_int_equal(probe_poll(io, c, ALL), ALL | POLLHUP);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), -EPIPE);
	probe_drop(io, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_and_answer),
		cmocka_unit_test(fault_31_refused_to_a_connected_sender),
		cmocka_unit_test(fault_31_not_refused_to_an_unconnected_one),
		cmocka_unit_test(misuse),
		cmocka_unit_test(fault_34_the_longest_datagrams),
		cmocka_unit_test(an_empty_datagram),
		cmocka_unit_test(fault_30_truncated),
		cmocka_unit_test(fault_33_a_full_queue_drops),
		cmocka_unit_test(connected_sockets_hear_their_peer),
		cmocka_unit_test(connect_again_and_disconnect),
		cmocka_unit_test(disconnect_of_any_port),
		cmocka_unit_test(both_families_on_one_socket),
		cmocka_unit_test(one_sender_keeps_its_order),
		cmocka_unit_test(fault_24_senders_overtake_each_other),
		cmocka_unit_test(timestamps),
		cmocka_unit_test(shut_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
