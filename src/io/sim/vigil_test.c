/*
 * vigil_test.c: what is sent again, and when a peer is given up.
 *
 * The instants are those of Linux 6.18, measured between two namespaces from
 * the moment on at which all packets were dropped; there a round trip is
 * nothing and R some 210 ms, here R is 200 ms and the round trip:
 *
 *	4 bytes under way                      938 s    (> 924.6 s)
 *	the same, user timeout 3 s             3.42 s   = 2 R + 3 s
 *	the same, 100 ms                       0.52 s   = 2 R + 100 ms
 *	keepalive 2 s, 1 s, 3                  5.1 s    = 2 s + 3 x 1 s
 *	the same, user timeout 1 s             3.1 s    the second probe is due
 *	the same, 3.5 s                        4.1 s
 *	the same, 20 s                         20.5 s
 *	window shut, user timeout 6 s          6.4 s    the peer answers
 *	connect, user timeout 3 s              3.0 s
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#define ALL (POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM)

/* A round trip and Linux's least time-out. */
#define R (2 * LATENCY_NS + 200 * GN_MSEC)

static const gn_faults cut = { .cut = true };
static char buf[8192];

static void set_tcp(struct gni_io *io, int fd, int option, int value)
{
	assert_int_equal(probe_set(io, fd, IPPROTO_TCP, option, value), 0);
}

static void keep_alive(struct gni_io *io, int fd, int idle_s, int interval_s,
		       int count)
{
	set_tcp(io, fd, TCP_KEEPIDLE, idle_s);
	set_tcp(io, fd, TCP_KEEPINTVL, interval_s);
	set_tcp(io, fd, TCP_KEEPCNT, count);
	assert_int_equal(probe_set(io, fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
}

/* Waits in a receive for the end of a peer; gives how long it took. */
static int64_t dies_after(struct gni_io *io, int fd)
{
	int64_t begin = probe_now(io);

	assert_int_equal(probe_recv(io, fd, buf, 1), -ETIMEDOUT);
	return probe_now(io) - begin;
}

static void close_both(struct gni_io *io, const int fd[2])
{
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* ---- sent again */

/* A second piece that is not lost waits for the first. */
PROBE(fault_24_what_is_lost_comes_later)
{
	int fd[2];
	int64_t begin;

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_fault(io, "a>b", 0, 100 * GN_MSEC, cut);
	probe_send_all(io, fd[0], "hel", 3);
	probe_pass(io, 150 * GN_MSEC);
	probe_send_all(io, fd[0], "lo", 2);
	probe_expect(io, fd[1], "hello", 5);
	assert_int_equal(probe_now(io) - begin, R + LATENCY_NS);
	assert_true(probe_count(io, GNI_FAULT_CUT).injected > 0);
	assert_int_equal(probe_count(io, GNI_FAULT_CUT).injected,
			 probe_count(io, GNI_FAULT_CUT).handled);
	close_both(io, fd);
}

PROBE(fault_24_the_wait_doubles)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_fault(io, "a<>b", 0, 5 * GN_SEC, cut);
	probe_send_all(io, fd[0], "hello", 5);
	probe_expect(io, fd[1], "hello", 5);
	assert_int_equal(probe_now(io) - begin, 16 * R + LATENCY_NS);
	probe_pass(io, GN_SEC);
	begin = probe_now(io); /* and is short again */
	probe_fault(io, "a<>b", 0, 100 * GN_MSEC, cut);
	probe_send_all(io, fd[0], "again", 5);
	probe_expect(io, fd[1], "again", 5);
	assert_int_equal(probe_now(io) - begin, R + LATENCY_NS);
	close_both(io, fd);
}

/* The bytes came, the word of them did not: nothing comes twice. */
PROBE(fault_24_lost_answers)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "b>a", 0, 5 * GN_SEC, cut);
	probe_send_all(io, fd[0], "hello", 5);
	probe_expect(io, fd[1], "hello", 5);
	probe_send_all(io, fd[0], "more", 4);
	probe_pass(io, 30 * GN_SEC);
	probe_expect(io, fd[1], "more", 4);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), 0);
	close_both(io, fd);
}

PROBE(fault_03_a_lost_end)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_fault(io, "a>b", 0, GN_SEC, cut);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	assert_int_equal(probe_now(io) - begin, 2 * R + LATENCY_NS);
	close_both(io, fd);
}

/* What a closed socket still has to say is said again, too; for 102.2 s. */
PROBE(fault_24_a_closed_socket_goes_on)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a>b", 0, 3 * GN_SEC, cut);
	probe_send_all(io, fd[0], "last words", 10);
	probe_drop(io, fd[0]);
	probe_expect(io, fd[1], "last words", 10);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
	probe_drop(io, fd[1]);
	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a<>b", 0, 200 * GN_SEC, cut);
	probe_send_all(io, fd[0], "lost", 4);
	probe_drop(io, fd[0]);
	probe_pass(io, GN_HOUR);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), -ECONNRESET);
	probe_drop(io, fd[1]);
}

/* The word of room is lost; the sender asks for it. */
PROBE(fault_18_lost_word_of_room)
{
	size_t full = 0, taken = 0;
	int64_t begin;
	ssize_t n;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	while ((n = probe_try_send(io, fd[0], buf, sizeof buf, 0)) > 0)
		full += (size_t)n;
	probe_pass(io, GN_SEC);
	probe_fault(io, "b>a", 0, GN_SEC, cut);
	begin = probe_now(io);
	while ((n = probe_try_recv(io, fd[1], buf, sizeof buf, 0)) > 0)
		taken += (size_t)n;
	assert_int_equal(taken, full);
	set_tcp(io, fd[0], TCP_KEEPIDLE,
		9); /* it looks anew what to wait for */
	assert_int_equal(probe_send(io, fd[0], "x", 1), 1);
	assert_true(probe_now(io) - begin > GN_SEC);
	assert_true(probe_now(io) - begin < 5 * GN_SEC);
	probe_expect(io, fd[1], "x", 1);
	close_both(io, fd);
}

/* ---- given up */

PROBE(fault_19_bytes_under_way)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a<>b", 0, 0, cut);
	probe_send_all(io, fd[0], "x", 1);
	/* R, R, 2 R … 128 R, then 120 s each until 924.6 s are past. */
	assert_int_equal(dies_after(io, fd[0]), 256 * R + 7 * 120 * GN_SEC);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -EAGAIN);
	close_both(io, fd);
}

/* Where a round trip takes no time R is 200 ms. */
PROBE(fault_19_as_the_manual_has_it)
{
	int fd[2];

	assert_int_equal(gni_sim_link(io, HOST_A, HOST_B, 0), 0);
	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a<>b", 0, 0, cut);
	probe_send_all(io, fd[0], "x", 1);
	assert_int_equal(dies_after(io, fd[0]), 924800 * GN_MSEC);
	close_both(io, fd);
}

PROBE(fault_19_bytes_under_way_and_a_user_timeout)
{
	static const int timeouts_ms[] = { 100, 1000, 3000, 30000 };

	for (size_t i = 0; i < sizeof timeouts_ms / sizeof *timeouts_ms; i++) {
		int fd[2];

		probe_tcp(io, HOST_B, fd);
		set_tcp(io, fd[0], TCP_USER_TIMEOUT, timeouts_ms[i]);
		probe_fault(io, "a<>b", 0, 40 * GN_SEC, cut);
		probe_send_all(io, fd[0], "x", 1);
		assert_int_equal(dies_after(io, fd[0]),
				 2 * R + timeouts_ms[i] * GN_MSEC);
		close_both(io, fd);
		probe_pass(io, 300 * GN_SEC);
	}
}

/* What the peer said before is still there. */
PROBE(fault_19_what_came_before)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[1], "word", 4);
	probe_pass(io, GN_SEC);
	set_tcp(io, fd[0], TCP_USER_TIMEOUT, 3000);
	probe_fault(io, "a<>b", 0, 0, cut);
	probe_send_all(io, fd[0], "x", 1);
	probe_pass(io, 10 * GN_SEC);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP | POLLERR);
	probe_expect(io, fd[0], "word", 4);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ETIMEDOUT);
	close_both(io, fd);
}

/* The peer that lives on hears of it once the link is whole again. */
PROBE(fault_19_the_other_side_of_it)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	set_tcp(io, fd[0], TCP_USER_TIMEOUT, 3000);
	probe_fault(io, "a<>b", 0, 10 * GN_SEC, cut);
	probe_send_all(io, fd[0], "x", 1);
	probe_pass(io, 20 * GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_try_send(io, fd[1], "y", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), -ECONNRESET);
	close_both(io, fd);
}

static const struct idle {
	int timeout_ms, after_s;
} idles[] = {
	{ 0, 5 }, { 1000, 3 }, { 3500, 4 }, { 5000, 5 }, { 20000, 20 },
};

PROBE(fault_19_keepalive)
{
	for (size_t i = 0; i < sizeof idles / sizeof *idles; i++) {
		int64_t begin;
		int fd[2];

		probe_tcp(io, HOST_B, fd);
		begin = probe_now(io);
		keep_alive(io, fd[0], 2, 1, 3);
		set_tcp(io, fd[0], TCP_USER_TIMEOUT, idles[i].timeout_ms);
		probe_send_all(io, fd[1], "x", 1);
		probe_expect(io, fd[0], "x", 1);
		begin = probe_now(io); /* the last that was heard */
		probe_fault(io, "a<>b", 0, 30 * GN_SEC, cut);
		dies_after(io, fd[0]);
		assert_int_equal(probe_now(io) - begin,
				 idles[i].after_s * GN_SEC);
		close_both(io, fd);
		probe_pass(io, 300 * GN_SEC);
	}
}

/* Who gives up says so, if only it could be heard. */
PROBE(fault_19_a_reset_at_last)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[1], "x", 1);
	probe_expect(io, fd[0], "x", 1);
	begin = probe_now(io);
	keep_alive(io, fd[0], 2, 1, 3);
	probe_fault(io, "b>a", 0, 0, cut);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, 5 * GN_SEC + LATENCY_NS);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ETIMEDOUT);
	close_both(io, fd);
}

/* A peer that answers lives for ever, and probes are not what one waits for:
 * nothing can come. */
PROBE(keepalive_of_a_living_peer)
{
	struct probe_op p = { .op.buf = buf, .op.len = 1 };
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a<>b", 0, 5 * GN_SEC, (gn_faults){ .cut = true });
	keep_alive(io, fd[0], 10, 1, 3);
	keep_alive(io, fd[1], 7, 2, 3);
	probe_pass(io, GN_HOUR);
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), 0);
	probe_begin(io, &p, fd[0], GNI_OP_RECV);
	while (!io->stuck)
		io->backend->wait(io, GN_NEVER);
	io->stuck = false;
	io->backend->cancel(io, &p.op);
	assert_int_equal(probe_end(io, &p), -ECANCELED);
	close_both(io, fd);
}

/* Keepalive asks only while nothing is under way; else the other holds. */
PROBE(fault_19_keepalive_and_bytes_under_way)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	keep_alive(io, fd[0], 2, 1, 3);
	probe_fault(io, "a<>b", 0, 0, cut);
	probe_send_all(io, fd[0], "x", 1);
	assert_int_equal(dies_after(io, fd[0]), 256 * R + 7 * 120 * GN_SEC);
	close_both(io, fd);
}

static void fill(struct gni_io *io, int fd)
{
	while (probe_try_send(io, fd, buf, sizeof buf, 0) > 0)
		;
}

/* Linux ends a connection by the user timeout though the peer answers: it
 * takes nothing. */
PROBE(fault_18_a_user_timeout_and_a_peer_that_does_not_read)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	set_tcp(io, fd[0], TCP_USER_TIMEOUT, 6000);
	begin = probe_now(io);
	fill(io, fd[0]);
	dies_after(io, fd[0]);
	assert_in_range(probe_now(io) - begin, R + 6 * GN_SEC,
			R + 6 * GN_SEC + 2 * LATENCY_NS);
	close_both(io, fd);
}

PROBE(fault_18_a_peer_that_reads_at_last)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	set_tcp(io, fd[0], TCP_USER_TIMEOUT, 6000);
	fill(io, fd[0]);
	for (int i = 0; i < 5; i++) {
		probe_pass(io, 5 * GN_SEC);
		while (probe_try_recv(io, fd[1], buf, sizeof buf, 0) > 0)
			;
		probe_pass(io, GN_SEC);
		fill(io, fd[0]);
	}
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), 0);
	close_both(io, fd);
}

/* Its host is gone, and the window was shut before. */
PROBE(fault_19_a_shut_window)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	fill(io, fd[0]);
	probe_pass(io, 10 * GN_SEC);
	begin = probe_now(io);
	probe_fault(io, "a<>b", 0, 0, cut);
	dies_after(io, fd[0]);
	assert_in_range(probe_now(io) - begin, 900 * GN_SEC, 1300 * GN_SEC);
	close_both(io, fd);
}

/* ---- the handshake */

static int connecting(struct gni_io *io, struct probe_op *p, gn_addr *at)
{
	int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);

	*at = probe_inet("10.0.0.2", 7000);
	p->op.addr = at;
	probe_begin(io, p, c, GNI_OP_CONNECT);
	return c;
}

PROBE(fault_14_a_black_hole)
{
	static const int timeouts_ms[] = { 0, 100, 3000, 10000 };
	static const int64_t after_ns[] = { 127 * GN_SEC, GN_SEC, 3 * GN_SEC,
					    10 * GN_SEC };

	probe_fault(io, "a<>b", 0, 0, cut);
	for (size_t i = 0; i < 4; i++) {
		int c = probe_socket(io, HOST_A, AF_INET, SOCK_STREAM);
		int64_t begin = probe_now(io);

		set_tcp(io, c, TCP_USER_TIMEOUT, timeouts_ms[i]);
		assert_int_equal(
			probe_connect(io, c, probe_inet("10.0.0.2", 7000)),
			-ETIMEDOUT);
		assert_int_equal(probe_now(io) - begin, after_ns[i]);
		probe_drop(io, c);
	}
}

/* The third SYN is the first that comes through. */
PROBE(fault_24_lost_syns)
{
	int l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000)), s, c;
	int64_t begin = probe_now(io);
	struct probe_op p = { 0 };
	gn_addr at;

	probe_fault(io, "a<>b", 0, 2500 * GN_MSEC, cut);
	c = connecting(io, &p, &at);
	assert_int_equal(probe_end(io, &p), 0);
	assert_int_equal(probe_now(io) - begin, 3 * GN_SEC + 2 * LATENCY_NS);
	s = probe_accept(io, l);
	assert_int_equal(probe_now(io) - begin, 3 * GN_SEC + 3 * LATENCY_NS);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

/* So is a refusal. */
PROBE(fault_14_a_lost_refusal)
{
	int64_t begin = probe_now(io);
	struct probe_op p = { 0 };
	gn_addr at;
	int c;

	probe_fault(io, "b>a", 0, 2 * GN_SEC, cut);
	c = connecting(io, &p, &at);
	assert_int_equal(probe_end(io, &p), -ECONNREFUSED);
	assert_int_equal(probe_now(io) - begin, 3 * GN_SEC + 2 * LATENCY_NS);
	probe_drop(io, c);
}

/* The answer to the SYN is lost: the second SYN brings another. */
PROBE(fault_24_a_lost_answer_to_a_syn)
{
	int l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000)), s, c;
	int64_t begin = probe_now(io);
	struct probe_op p = { 0 };
	gn_addr at;

	probe_fault(io, "b>a", 0, 300 * GN_MSEC, cut);
	c = connecting(io, &p, &at);
	assert_int_equal(probe_end(io, &p), 0);
	assert_int_equal(probe_now(io) - begin, GN_SEC + 2 * LATENCY_NS);
	s = probe_accept(io, l);
	assert_int_equal(probe_now(io) - begin, GN_SEC + 3 * LATENCY_NS);
	probe_drop(io, c);
	probe_drop(io, s);
	probe_drop(io, l);
}

/* A second SYN is long under way: it opens nothing when it comes at last. */
PROBE(fault_24_a_late_copy_of_a_syn)
{
	int l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000)), s, c;
	struct probe_op p = { 0 };
	gn_addr at;

	probe_fault(io, "b>a", 0, 300 * GN_MSEC,
		    (gn_faults){ .delay_ns = GN_SEC });
	probe_fault(io, "a>b", 900 * GN_MSEC, 200 * GN_MSEC,
		    (gn_faults){ .delay_ns = 20 * GN_SEC });
	c = connecting(io, &p, &at);
	assert_int_equal(probe_end(io, &p), 0);
	s = probe_accept(io, l);
	assert_true(s >= 0);
	probe_drop(io, s);
	probe_pass(io, 30 * GN_SEC);
	assert_int_equal(probe_poll(io, l, POLLIN), 0);
	assert_int_equal(probe_recv(io, c, buf, 1), 0);
	probe_drop(io, c);
	probe_drop(io, l);
}

/* The handshake's last packet is lost: the client is connected, its peer is
 * not until bytes come, or until it has asked again. */
PROBE(fault_24_a_lost_last_packet)
{
	for (int speaks = 0; speaks < 2; speaks++) {
		gn_addr to = probe_inet("10.0.0.2", 7000), at;
		int l = probe_listen(io, HOST_B, to), s, c;
		int64_t begin = probe_now(io);
		struct probe_op p = { 0 };

		probe_fault(io, "a>b", 300 * GN_MSEC, 200 * GN_MSEC, cut);
		c = connecting(io, &p, &at);
		assert_int_equal(probe_end(io, &p), 0);
		assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
		probe_pass(io, LATENCY_NS);
		if (speaks)
			probe_send_all(io, c, "x", 1);
		s = probe_accept(io, l);
		assert_int_equal(probe_now(io) - begin,
				 speaks ? 4 * LATENCY_NS
					: GN_SEC + 3 * LATENCY_NS);
		probe_drop(io, c);
		probe_drop(io, s);
		probe_drop(io, l);
		probe_pass(io, 300 * GN_SEC);
	}
}

/* The listener's side gives up at 63 s; who thought to be connected hears of
 * it when it speaks. */
PROBE(fault_24_half_open)
{
	int l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000)), c;
	struct probe_op p = { 0 };
	gn_addr at;

	probe_fault(io, "a>b", 300 * GN_MSEC, 100 * GN_SEC, cut);
	c = connecting(io, &p, &at);
	assert_int_equal(probe_end(io, &p), 0);
	probe_pass(io, 110 * GN_SEC);
	assert_int_equal(probe_poll(io, l, POLLIN), 0);
	assert_int_equal(probe_try_send(io, c, "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, c, buf, 1), -ECONNRESET);
	probe_drop(io, c);
	probe_drop(io, l);
}

/* ---- resets */

PROBE(fault_01_a_lost_reset)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a<>b", 0, GN_SEC, cut);
	probe_abort(io, fd[1]);
	probe_pass(io, 2 * GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 1, 0), -EAGAIN);
	begin = probe_now(io);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, 2 * LATENCY_NS);
	probe_drop(io, fd[0]);
}

/* What was lost before it does not hold up what brings another reset. */
PROBE(fault_01_a_lost_reset_behind_lost_bytes)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_fault(io, "a<>b", 0, 100 * GN_MSEC, cut);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_abort(io, fd[1]);
	probe_pass(io, 150 * GN_MSEC);
	assert_int_equal(probe_try_send(io, fd[0], "y", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, 150 * GN_MSEC + 2 * LATENCY_NS);
	probe_drop(io, fd[0]);
}

/* The bytes came, the word of it did not, and then nobody was there. */
PROBE(fault_01_a_lost_reset_behind_a_lost_answer)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	begin = probe_now(io);
	probe_fault(io, "b>a", 0, 500 * GN_MSEC, cut);
	probe_send_all(io, fd[0], "hello", 5);
	probe_expect(io, fd[1], "hello", 5);
	/* There is nothing left of them that could be altered. */
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .corrupt_ppm = 1000000 });
	probe_abort(io, fd[1]);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, R + 2 * LATENCY_NS);
	probe_drop(io, fd[0]);
}

/* The answer to the SYN was lost, and now the listener is gone. */
PROBE(fault_14_reset_while_connecting)
{
	int l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000)), c;
	int64_t begin = probe_now(io);
	struct probe_op p = { 0 };
	gn_addr at;

	probe_fault(io, "b>a", 0, 300 * GN_MSEC, cut);
	c = connecting(io, &p, &at);
	probe_pass(io, 500 * GN_MSEC);
	probe_drop(io, l);
	assert_int_equal(probe_end(io, &p), -ECONNREFUSED);
	assert_int_equal(probe_now(io) - begin, 500 * GN_MSEC + LATENCY_NS);
	l = probe_listen(io, HOST_B, at);
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_drop(io, c);
	probe_drop(io, l);
}

/* What answers a reset that is lost is sent again, and so is the reset. */
PROBE(fault_01_resets_lost_again)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_drop(io, fd[1]);
	probe_pass(io, GN_SEC);
	probe_fault(io, "b>a", 0, 3 * GN_SEC, cut);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, 30 * GN_SEC);
	assert_int_equal(probe_get(io, fd[0], SOL_SOCKET, SO_ERROR), EPIPE);
	probe_drop(io, fd[0]);
}

/* Keepalive finds a connection that the peer has forgotten. */
PROBE(fault_01_keepalive_is_reset)
{
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	keep_alive(io, fd[0], 5, 1, 3);
	probe_fault(io, "a<>b", 0, GN_SEC, cut);
	probe_abort(io, fd[1]);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	probe_drop(io, fd[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_24_what_is_lost_comes_later),
		cmocka_unit_test(fault_24_the_wait_doubles),
		cmocka_unit_test(fault_24_lost_answers),
		cmocka_unit_test(fault_03_a_lost_end),
		cmocka_unit_test(fault_24_a_closed_socket_goes_on),
		cmocka_unit_test(fault_18_lost_word_of_room),
		cmocka_unit_test(fault_19_bytes_under_way),
		cmocka_unit_test(fault_19_as_the_manual_has_it),
		cmocka_unit_test(fault_19_bytes_under_way_and_a_user_timeout),
		cmocka_unit_test(fault_19_what_came_before),
		cmocka_unit_test(fault_19_the_other_side_of_it),
		cmocka_unit_test(fault_19_keepalive),
		cmocka_unit_test(fault_19_a_reset_at_last),
		cmocka_unit_test(keepalive_of_a_living_peer),
		cmocka_unit_test(fault_19_keepalive_and_bytes_under_way),
		cmocka_unit_test(
			fault_18_a_user_timeout_and_a_peer_that_does_not_read),
		cmocka_unit_test(fault_18_a_peer_that_reads_at_last),
		cmocka_unit_test(fault_19_a_shut_window),
		cmocka_unit_test(fault_14_a_black_hole),
		cmocka_unit_test(fault_24_lost_syns),
		cmocka_unit_test(fault_14_a_lost_refusal),
		cmocka_unit_test(fault_24_a_lost_answer_to_a_syn),
		cmocka_unit_test(fault_24_a_late_copy_of_a_syn),
		cmocka_unit_test(fault_24_a_lost_last_packet),
		cmocka_unit_test(fault_24_half_open),
		cmocka_unit_test(fault_01_a_lost_reset),
		cmocka_unit_test(fault_01_a_lost_reset_behind_lost_bytes),
		cmocka_unit_test(fault_01_a_lost_reset_behind_a_lost_answer),
		cmocka_unit_test(fault_14_reset_while_connecting),
		cmocka_unit_test(fault_01_resets_lost_again),
		cmocka_unit_test(fault_01_keepalive_is_reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("vigil", tests, NULL, NULL);
}
