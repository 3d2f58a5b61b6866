/*
 * power_test.c: hosts without power: what becomes of their sockets, and what
 * their peers see; and the other things that happen once.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "io/sim/place.h"

#define R (2 * LATENCY_NS + 200 * GN_MSEC)
#define ALL (POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM)

static char buf[8192];

/* b loses its power at once, and gets it back after so long (0: never). */
static void crash(struct gni_io *io, int64_t for_ns)
{
	probe_fault(io, "b", 0, 0, (gn_faults){ .crash = true });
	if (for_ns)
		probe_fault(io, "b", for_ns, 0, (gn_faults){ .restart = true });
	probe_pass(io, 0);
}

static int tcp(struct gni_io *io, unsigned place)
{
	return probe_socket(io, place, AF_INET, SOCK_STREAM);
}

PROBE(fault_19_a_silent_peer)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[1], "word", 4);
	crash(io, 0);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 0);
	probe_expect(io, fd[0], "word", 4); /* it had left before */
	probe_pass(io, GN_HOUR);
	assert_int_equal(probe_poll(io, fd[0], ALL), POLLOUT | POLLWRNORM);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ETIMEDOUT);
	assert_true(probe_count(io, GNI_FAULT_CRASH).handled > 0);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* Back again it knows nothing of the connection. */
PROBE(fault_19_a_peer_that_comes_back)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	crash(io, GN_SEC);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, 2 * R + 2 * LATENCY_NS);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(fault_19_keepalive_finds_it)
{
	int64_t begin;
	int fd[2];

	for (int returns = 0; returns < 2; returns++) {
		probe_tcp(io, HOST_B, fd);
		begin = probe_now(io);
		probe_send_all(io, fd[1], "x", 1);
		probe_expect(io, fd[0], "x", 1);
		assert_int_equal(
			probe_set(io, fd[0], SOL_SOCKET, SO_KEEPALIVE, 1), 0);
		probe_set(io, fd[0], IPPROTO_TCP, TCP_KEEPIDLE, 10);
		probe_set(io, fd[0], IPPROTO_TCP, TCP_KEEPINTVL, 2);
		probe_set(io, fd[0], IPPROTO_TCP, TCP_KEEPCNT, 3);
		crash(io, returns ? 11 * GN_SEC : 0);
		assert_int_equal(probe_recv(io, fd[0], buf, 1),
				 returns ? -ECONNRESET : -ETIMEDOUT);
		assert_int_equal(probe_now(io) - begin,
				 LATENCY_NS +
					 (returns ? 12 * GN_SEC + 2 * LATENCY_NS
						  : 16 * GN_SEC));
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
		gni_sim_start(io, HOST_B);
	}
}

/* What a program still has of it does nothing, waits for nothing, and can be
 * closed. */
PROBE(ghosts)
{
	const struct gni_calls *calls = io->backend->calls;
	struct probe_op recv = { .op.buf = buf, .op.len = 1 }, accept = { 0 };
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int fd[2], l = probe_listen(io, HOST_B, at), fresh = tcp(io, HOST_B);
	struct gni_file file;
	char name[128];
	socklen_t len = sizeof name;

	probe_tcp(io, HOST_B, fd);
	probe_begin(io, &recv, fd[1], GNI_OP_RECV);
	probe_begin(io, &accept, l, GNI_OP_ACCEPT);
	probe_pass(io, GN_SEC);
	crash(io, GN_MIN);
	assert_int_equal(probe_end(io, &recv), -ENETDOWN);
	assert_int_equal(probe_end(io, &accept), -EINVAL);
	assert_int_equal(tcp(io, HOST_B), -ENETDOWN);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -ENETDOWN);
	assert_int_equal(probe_poll(io, fd[1], ALL), ALL | POLLHUP | POLLERR);
	assert_int_equal(probe_shutdown(io, fd[1], SHUT_WR), -ENOTCONN);
	assert_int_equal(calls->bind(io, fresh, &at, -1, &file), -ENETDOWN);
	assert_int_equal(calls->listen(io, fresh, 1), -ENETDOWN);
	assert_int_equal(probe_connect(io, fresh, at), -ENETDOWN);
	assert_int_equal(calls->name(io, fd[1], true, name, &len), -ENOTCONN);
	probe_pass(io, GN_MIN);
	assert_int_equal(probe_connect(io, fresh, at), -ENETDOWN);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 0);
	probe_drop(io, fresh);
	probe_drop(io, l);
	probe_drop(io, fd[1]);
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 0);
	probe_abort(io, fd[0]);
}

/* Ports are free at once, also those of TIME_WAIT and of other sockets. */
PROBE(ports_are_free)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_A), s, u;

	u = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM);
	assert_int_equal(probe_bind(io, u, at), 0);
	assert_int_equal(probe_connect(io, c, at), 0);
	s = probe_accept(io, l);
	probe_drop(io, s);
	probe_pass(io, GN_SEC);
	probe_drop(io, c);
	probe_pass(io, GN_SEC);
	crash(io, GN_SEC);
	probe_drop(io, l);
	probe_drop(io, u);
	probe_pass(io, GN_SEC);
	l = probe_listen(io, HOST_B, at);
	u = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM);
	assert_int_equal(probe_bind(io, u, at), 0);
	probe_drop(io, l);
	probe_drop(io, u);
}

/* Clients in every state of the handshake when the listener's host goes. */
PROBE(fault_60_a_listener_goes)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);

	for (int part = 0; part < 5; part++) {
		struct probe_op p = { .op.addr = &at };
		int l = probe_listen(io, HOST_B, at), n;
		int c = tcp(io, HOST_A);
		int64_t begin = probe_now(io);

		probe_begin(io, &p, c, GNI_OP_CONNECT);
		probe_pass(io, LATENCY_NS * (2 * part + 1) / 2);
		crash(io, GN_SEC);
		n = probe_end(io, &p);
		assert_int_equal(n, part == 0 ? -ECONNREFUSED : 0);
		if (n < 0) { /* its second SYN finds the host without program */
			assert_int_equal(probe_now(io) - begin,
					 GN_SEC + 2 * LATENCY_NS);
		} else {
			probe_pass(io, GN_SEC);
			probe_send_all(io, c, "x", 1);
			assert_int_equal(probe_recv(io, c, buf, 1),
					 -ECONNRESET);
		}
		probe_drop(io, c);
		probe_drop(io, l);
		probe_pass(io, 300 * GN_SEC);
	}
}

PROBE(fault_14_a_host_without_power)
{
	int64_t begin = probe_now(io);
	int c = tcp(io, HOST_A);

	crash(io, 0);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)),
			 -ETIMEDOUT);
	assert_int_equal(probe_now(io) - begin, 127 * GN_SEC);
	probe_drop(io, c);
}

/* The client's host goes: the listener accepts who is no more. */
PROBE(fault_60_a_client_goes)
{
	gn_addr at = probe_inet("10.0.0.1", 7000);
	int l = probe_listen(io, HOST_A, at), c = tcp(io, HOST_B), s;
	struct probe_op p = { .op.addr = &at };

	probe_begin(io, &p, c, GNI_OP_CONNECT);
	probe_pass(io, 2 * LATENCY_NS);
	assert_int_equal(p.count, 1);
	crash(io, 0);
	s = probe_accept(io, l);
	assert_true(s > 0);
	assert_int_equal(probe_set(io, s, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000),
			 0);
	assert_int_equal(probe_try_send(io, s, "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, s, buf, 1), -ETIMEDOUT);
	probe_drop(io, s);
	probe_drop(io, l);
	probe_drop(io, c);
}

/* In the midst of its connect; the SYN-ACK finds nobody. */
PROBE(a_client_goes_while_it_connects)
{
	gn_addr at = probe_inet("10.0.0.1", 7000);
	int l = probe_listen(io, HOST_A, at), c = tcp(io, HOST_B);
	struct probe_op p = { .op.addr = &at };

	probe_begin(io, &p, c, GNI_OP_CONNECT);
	probe_pass(io, LATENCY_NS);
	crash(io, 10 * GN_SEC);
	assert_int_equal(probe_end(io, &p), -ECONNABORTED);
	probe_pass(io, GN_MIN);
	assert_int_equal(probe_poll(io, l, POLLIN), 0);
	probe_drop(io, c);
	probe_drop(io, l);
}

/* The same, when it was connected and its last packet was lost: the listener
 * is told by a host that is up again. */
PROBE(a_client_goes_before_it_is_heard)
{
	gn_addr at = probe_inet("10.0.0.1", 7000);
	int l = probe_listen(io, HOST_A, at), c = tcp(io, HOST_B);

	probe_fault(io, "b>a", 300 * GN_MSEC, 200 * GN_MSEC,
		    (gn_faults){ .cut = true });
	assert_int_equal(probe_connect(io, c, at), 0);
	crash(io, 100 * GN_MSEC);
	probe_drop(io, c);
	assert_false(gni_list_empty(&gni_net_of(io)->wires));
	probe_pass(io, 2 * GN_SEC);
	assert_true(gni_list_empty(&gni_net_of(io)->wires));
	probe_drop(io, l);
}

/* The listener's host comes back, and listens, before the next SYN. */
PROBE(fault_60_a_listener_comes_back)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_A), s;
	struct probe_op p = { .op.addr = &at };
	int64_t begin = probe_now(io);

	probe_fault(io, "b>a", 0, 300 * GN_MSEC, (gn_faults){ .cut = true });
	probe_begin(io, &p, c, GNI_OP_CONNECT);
	probe_pass(io, 300 * GN_MSEC);
	crash(io, 100 * GN_MSEC);
	probe_drop(io, l);
	probe_pass(io, 200 * GN_MSEC);
	l = probe_listen(io, HOST_B, at);
	assert_int_equal(probe_end(io, &p), 0);
	assert_int_equal(probe_now(io) - begin, GN_SEC + 2 * LATENCY_NS);
	s = probe_accept(io, l);
	probe_send_all(io, c, "x", 1);
	probe_expect(io, s, "x", 1);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

PROBE(fault_31_datagrams_for_nobody)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int u = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM);
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);

	assert_int_equal(probe_bind(io, u, at), 0);
	assert_int_equal(probe_connect(io, c, at), 0);
	crash(io, GN_SEC);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, c, ALL), POLLOUT | POLLWRNORM);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, c, buf, 1), -ECONNREFUSED);
	probe_drop(io, u);
	probe_drop(io, c);
}

/* The file stays, and is stale; an abstract name is gone. */
PROBE(fault_35_unix_names)
{
	gn_addr path = probe_unix("/run/s"), name = probe_unix("@s");
	int l = probe_listen(io, HOST_B, path), m, c;

	m = probe_listen(io, HOST_B, name);
	c = probe_socket(io, HOST_B, AF_UNIX, SOCK_STREAM);
	assert_int_equal(probe_connect(io, c, path), 0);
	assert_int_equal(probe_send(io, c, "x", 1), 1);
	crash(io, GN_SEC);
	probe_drop(io, l);
	probe_drop(io, m);
	probe_drop(io, c);
	probe_pass(io, GN_SEC);
	c = probe_socket(io, HOST_B, AF_UNIX, SOCK_STREAM);
	assert_int_equal(probe_connect(io, c, path), -ECONNREFUSED);
	assert_int_equal(probe_connect(io, c, name), -ECONNREFUSED);
	l = probe_listen(io, HOST_B, path);
	m = probe_listen(io, HOST_B, name);
	assert_int_equal(probe_connect(io, c, path), 0);
	probe_drop(io, l);
	probe_drop(io, m);
	probe_drop(io, c);
}

/* A connection of a host with itself dies with it. */
PROBE(a_loopback_dies)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_B), s;

	assert_int_equal(gni_sim_link(io, HOST_B, HOST_B, GN_MSEC), 0);
	assert_int_equal(probe_connect(io, c, at), 0);
	s = probe_accept(io, l);
	probe_send_all(io, c, buf, 5000);
	crash(io, GN_SEC);
	probe_pass(io, GN_MIN);
	assert_int_equal(probe_try_recv(io, s, buf, 1, 0), -ENETDOWN);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
	assert_true(gni_list_empty(&gni_net_of(io)->wires));
}

/* Closed before, with bytes still under way: nobody says them again. */
PROBE(a_closed_socket_dies_with_its_host)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "b>a", 0, 5 * GN_SEC, (gn_faults){ .cut = true });
	probe_send_all(io, fd[1], "last", 4);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
	crash(io, GN_SEC);
	probe_pass(io, GN_MIN);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	probe_drop(io, fd[0]);
}

/* ---- when the power returns is asked */

struct told {
	struct gni_io *io;
	int off, on;
};

static void tell(void *arg, unsigned place, bool on)
{
	struct told *t = arg;

	assert_int_equal(place, HOST_B);
	*(on ? &t->on : &t->off) += 1;
}

PROBE(the_power_returns_when_one_is_ready)
{
	struct told told = { .io = io };
	int s;

	gni_sim_power(io, tell, &told);
	assert_false(gni_sim_returns(io, HOST_B));
	crash(io, GN_SEC);
	assert_int_equal(told.off, 1);
	assert_true(gni_sim_returns(io, HOST_B));
	assert_false(gni_sim_returns(io, HOST_A));
	probe_pass(io, 2 * GN_SEC);
	assert_int_equal(told.on, 1);
	assert_false(gni_sim_returns(io, HOST_B));
	assert_int_equal(tcp(io, HOST_B), -ENETDOWN);
	gni_sim_start(io, HOST_B);
	s = tcp(io, HOST_B);
	assert_true(s > 0);
	probe_drop(io, s);
	assert_int_equal(probe_count(io, GNI_FAULT_RESTART).injected, 1);
	crash(io, 0);
	gni_sim_heal(io, probe_now(io)); /* BEGIN is a second: in one more */
	assert_true(gni_sim_returns(io, HOST_B));
	probe_pass(io, GN_SEC);
	assert_int_equal(told.on, 2);
}

/* A host that has power loses it first. */
PROBE(a_restart_alone)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "", GN_SEC, 0, (gn_faults){ .restart = true });
	probe_pass(io, 2 * GN_SEC);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_count(io, GNI_FAULT_RESTART).injected, 2);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* At one instant of a span; plainly at its begin. */
PROBE(a_drawn_instant)
{
	bool drawn = !gni_sim_tape(io)->reads;
	int64_t begin = probe_now(io), at = 0;
	int s = tcp(io, HOST_B);

	probe_fault(io, "b", GN_SEC, GN_SEC, (gn_faults){ .crash = true });
	while (gni_sim_descriptors(io, HOST_B)) {
		at = probe_now(io) - begin;
		probe_pass(io, GN_MSEC);
	}
	if (drawn)
		assert_in_range(at, GN_SEC - GN_MSEC, 2 * GN_SEC);
	else
		assert_in_range(at, GN_SEC - GN_MSEC, GN_SEC);
	probe_drop(io, s);
}

/* ---- the clock */

/* What programs read leaps; the network does not notice. */
PROBE(fault_58_the_clock_leaps)
{
	int64_t begin = probe_now(io);
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "b", 0, 0, (gn_faults){ .clock_jump_ns = GN_HOUR });
	begin = probe_now(io);
	probe_send_all(io, fd[0], "x", 1);
	probe_expect(io, fd[1], "x", 1);
	assert_int_equal(probe_now(io) - begin, GN_HOUR + LATENCY_NS);
	begin = probe_now(io);
	probe_fault(io, "a", 0, 0, (gn_faults){ .clock_jump_ns = -GN_HOUR });
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_now(io) - begin, GN_SEC);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* A wait that would have ended in between ends at once. */
PROBE(fault_58_a_wait_ends)
{
	int64_t begin = probe_now(io);

	probe_fault(io, "b", GN_SEC, 0,
		    (gn_faults){ .clock_jump_ns = GN_HOUR });
	probe_pass(io, GN_MIN);
	assert_int_equal(probe_now(io) - begin, GN_HOUR + GN_SEC);
	for (int i = 0; i < 30; i++) { /* to the end of all time, and no more */
		probe_fault(io, "b", 0, 0,
			    (gn_faults){ .clock_jump_ns = 100000 * GN_HOUR });
		probe_pass(io, 0);
	}
	assert_true(probe_now(io) > 0 && probe_now(io) < INT64_MAX / 2);
	begin = probe_now(io);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_now(io) - begin, GN_SEC);
}

/* ---- rules that are none */

PROBE(not_a_rule)
{
	gn_fault_rule rules[3] = { { .faults.cut = true },
				   { .from = "nobody" },
				   { .to = "a", .from = "b" } };

	assert_int_equal(gni_sim_fault(io, rules, 3), -ENOENT);
	rules[1] = (gn_fault_rule){ .faults.delay_ns = -1 };
	assert_int_equal(gni_sim_fault(io, rules, 3), -EINVAL);
	rules[1] = (gn_fault_rule){ .begin_ns = 2, .end_ns = 1 };
	assert_int_equal(gni_sim_fault(io, rules, 3), -EINVAL);
	memset(rules[1].from, 'a', sizeof rules[1].from);
	rules[1].end_ns = 0;
	assert_int_equal(gni_sim_fault(io, rules, 3), -ENOENT);
	assert_false(gni_mishap_any(gni_net_of(io)));
	assert_int_equal(gni_sim_fault(io, rules, 0), 0);
	assert_false(gni_net_of(io)->careful);
	assert_int_equal(gni_sim_fault(io, rules, 1), 0);
	assert_true(gni_mishap_any(gni_net_of(io)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_19_a_silent_peer),
		cmocka_unit_test(fault_19_a_peer_that_comes_back),
		cmocka_unit_test(fault_19_keepalive_finds_it),
		cmocka_unit_test(ghosts),
		cmocka_unit_test(ports_are_free),
		cmocka_unit_test(fault_60_a_listener_goes),
		cmocka_unit_test(fault_14_a_host_without_power),
		cmocka_unit_test(fault_60_a_client_goes),
		cmocka_unit_test(a_client_goes_while_it_connects),
		cmocka_unit_test(a_client_goes_before_it_is_heard),
		cmocka_unit_test(fault_60_a_listener_comes_back),
		cmocka_unit_test(fault_31_datagrams_for_nobody),
		cmocka_unit_test(fault_35_unix_names),
		cmocka_unit_test(a_loopback_dies),
		cmocka_unit_test(a_closed_socket_dies_with_its_host),
		cmocka_unit_test(the_power_returns_when_one_is_ready),
		cmocka_unit_test(a_restart_alone),
		cmocka_unit_test(a_drawn_instant),
		cmocka_unit_test(fault_58_the_clock_leaps),
		cmocka_unit_test(fault_58_a_wait_ends),
		cmocka_unit_test(not_a_rule),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
