/*
 * link_test.c: what befalls packets between two hosts: datagrams and pieces of
 * streams; to the byte and to the nanosecond.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "io/sim/link.h"
#include "io/sim/net.h"

#define R (2 * LATENCY_NS + 200 * GN_MSEC)
#define SURE 1000000 /* a chance in millionths */

static char buf[70000];

/* A datagram socket of each host, the first connected to the second. */
static void udp_pair(struct gni_io *io, int fd[2])
{
	gn_addr at = probe_inet("10.0.0.2", 7000);

	fd[1] = probe_socket(io, HOST_B, AF_INET, SOCK_DGRAM);
	assert_int_equal(probe_bind(io, fd[1], at), 0);
	fd[0] = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	assert_int_equal(probe_connect(io, fd[0], at), 0);
}

static void drop_both(struct gni_io *io, const int fd[2])
{
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

/* Takes all datagrams that are there; gives how many. */
static int take_all(struct gni_io *io, int fd)
{
	int count = 0;

	while (probe_try_recv(io, fd, buf, sizeof buf, 0) >= 0)
		count++;
	return count;
}

static void assert_count(struct gni_io *io, enum gni_fault fault,
			 uint64_t injected, uint64_t handled)
{
	struct gni_sim_count n = probe_count(io, fault);

	assert_int_equal(n.injected, injected);
	assert_int_equal(n.handled, handled);
}

/* ---- datagrams */

PROBE(fault_24_lost_datagrams)
{
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a>b", 0, GN_SEC, (gn_faults){ .loss_ppm = SURE });
	for (int i = 0; i < 3; i++)
		assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_send(io, fd[0], "y", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 9, 0), 1);
	assert_int_equal(buf[0], 'y');
	assert_int_equal(take_all(io, fd[1]), 0);
	assert_count(io, GNI_FAULT_LOSS, 3, 0);
	drop_both(io, fd);
}

/* Of many about as many as was asked for, and in order none: 0 is always the
 * plainest. */
PROBE(fault_24_some_are_lost)
{
	bool drawn = !gni_sim_tape(io)->reads;
	int fd[2], count = 0;

	udp_pair(io, fd);
	probe_fault(io, "", 0, 0, (gn_faults){ .loss_ppm = SURE / 5 });
	for (int i = 0; i < 2000; i++) {
		probe_try_send(io, fd[0], "x", 1, 0);
		probe_pass(io, LATENCY_NS);
		count += take_all(io, fd[1]);
	}
	if (drawn)
		assert_in_range(count, 1500, 1700);
	else
		assert_int_equal(count, 2000);
	drop_both(io, fd);
}

PROBE(fault_24_a_datagram_comes_twice)
{
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a<>b", 0, 0, (gn_faults){ .dup_ppm = SURE });
	assert_int_equal(probe_try_send(io, fd[0], "twin", 4, 0), 4);
	probe_pass(io, LATENCY_NS - 1);
	assert_int_equal(take_all(io, fd[1]), 0);
	probe_pass(io, 1);
	for (int i = 0; i < 2; i++) {
		memset(buf, 0, 5);
		assert_int_equal(probe_try_recv(io, fd[1], buf, 9, 0), 4);
		assert_memory_equal(buf, "twin", 5);
	}
	assert_int_equal(take_all(io, fd[1]), 0);
	assert_count(io, GNI_FAULT_DUP, 1, 2);
	drop_both(io, fd);
}

static int bits_set(const char *bytes, size_t len)
{
	int count = 0;

	for (size_t i = 0; i < len * 8; i++)
		count += bytes[i / 8] >> i % 8 & 1;
	return count;
}

PROBE(fault_23_a_bit_turns)
{
	static const char zeroes[100];
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a<>b", 0, 0, (gn_faults){ .corrupt_ppm = SURE });
	assert_int_equal(probe_try_send(io, fd[0], zeroes, 100, 0), 100);
	assert_int_equal(probe_recv(io, fd[1], buf, sizeof buf), 100);
	assert_int_equal(bits_set(buf, 100), 1);
	assert_int_equal(probe_try_send(io, fd[0], "", 0, 0), 0);
	assert_int_equal(probe_recv(io, fd[1], buf, sizeof buf), 0);
	assert_count(io, GNI_FAULT_CORRUPT, 1, 1);
	drop_both(io, fd);
}

/* Each is held back by up to so long; some overtake others. */
PROBE(fault_24_datagrams_overtake)
{
	bool drawn = !gni_sim_tape(io)->reads;
	int fd[2], late = 0;

	udp_pair(io, fd);
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .reorder_ns = 20 * GN_MSEC });
	for (char i = 0; i < 20; i++) {
		assert_int_equal(probe_try_send(io, fd[0], &i, 1, 0), 1);
		probe_pass(io, GN_MSEC);
	}
	probe_pass(io, LATENCY_NS + 20 * GN_MSEC);
	for (char i = 0; i < 20; i++) {
		assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), 1);
		late += buf[0] != i;
	}
	assert_true(drawn ? late > 0 : late == 0);
	drop_both(io, fd);
}

PROBE(a_delay)
{
	bool drawn = !gni_sim_tape(io)->reads;
	int64_t begin = probe_now(io);
	int fd[2], early = 0, late = 0;

	udp_pair(io, fd);
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .delay_ns = 80 * GN_MSEC });
	probe_try_send(io, fd[0], "x", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS + 80 * GN_MSEC);
	begin = probe_now(io);
	probe_fault(io, "a>b", 0, 0,
		    (gn_faults){ .delay_ns = 80 * GN_MSEC,
				 .jitter_ns = 20 * GN_MSEC });
	for (int i = 0; i < 20; i++) {
		probe_try_send(io, fd[0], "x", 1, 0);
		assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
		assert_in_range(probe_now(io) - begin,
				LATENCY_NS + 60 * GN_MSEC,
				LATENCY_NS + 100 * GN_MSEC);
		early += probe_now(io) - begin < LATENCY_NS + 80 * GN_MSEC;
		late += probe_now(io) - begin > LATENCY_NS + 80 * GN_MSEC;
		begin = probe_now(io);
	}
	assert_true(drawn ? early > 0 && late > 0 : early + late == 0);
	drop_both(io, fd);
}

/* A thousand bytes take 8 ms at 1 Mbit/s, one after the other; what finds the
 * queue full is lost. */
PROBE(fault_24_a_slow_link)
{
	int64_t begin = probe_now(io);
	int fd[2], count = 0;

	udp_pair(io, fd);
	assert_int_equal(probe_set(io, fd[1], SOL_SOCKET, SO_RCVBUF, 1 << 20),
			 0);
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .rate_bits = 1000000 });
	for (int i = 0; i < 3; i++)
		probe_try_send(io, fd[0], buf, 1000, 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(probe_recv(io, fd[1], buf, sizeof buf), 1000);
		assert_int_equal(probe_now(io) - begin,
				 LATENCY_NS + i * 8 * GN_MSEC);
	}
	for (int i = 0; i < 400; i++)
		probe_try_send(io, fd[0], buf, 1000, 0);
	probe_pass(io, 10 * GN_SEC);
	count = take_all(io, fd[1]);
	assert_int_equal(count, GNI_LINK_QUEUE_MAX / 1000 + 1);
	probe_try_send(io, fd[1], "x", 1, 0); /* the other way is free */
	drop_both(io, fd);
}

/* In silence, as where no ICMP comes back. */
PROBE(fault_25_larger_datagrams_are_lost)
{
	gn_addr at6 = probe_inet("fd00::2", 7001);
	int fd[2], six[2];

	udp_pair(io, fd);
	six[1] = probe_socket(io, HOST_B, AF_INET6, SOCK_DGRAM);
	assert_int_equal(probe_bind(io, six[1], at6), 0);
	six[0] = probe_socket(io, HOST_A, AF_INET6, SOCK_DGRAM);
	probe_fault(io, "a<>b", 0, 0, (gn_faults){ .mtu = 1280 });
	assert_int_equal(probe_try_send(io, fd[0], buf, 1253, 0), 1253);
	assert_int_equal(probe_try_send(io, fd[0], buf, 1252, 0), 1252);
	assert_int_equal(probe_try_sendto(io, six[0], buf, 1233, at6), 1233);
	assert_int_equal(probe_try_sendto(io, six[0], buf, 1232, at6), 1232);
	assert_int_equal(probe_recv(io, fd[1], buf, sizeof buf), 1252);
	assert_int_equal(probe_recv(io, six[1], buf, sizeof buf), 1232);
	probe_pass(io, GN_SEC);
	assert_int_equal(take_all(io, fd[1]) + take_all(io, six[1]), 0);
	drop_both(io, fd);
	drop_both(io, six);
}

PROBE(fault_24_a_stall)
{
	int64_t begin = probe_now(io);
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a<>b", GN_SEC, 3 * GN_SEC,
		    (gn_faults){ .stall = true });
	probe_pass(io, GN_SEC);
	for (int i = 0; i < 3; i++)
		probe_try_send(io, fd[0], "x", 1, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
		assert_int_equal(probe_now(io) - begin,
				 4 * GN_SEC + LATENCY_NS);
	}
	assert_count(io, GNI_FAULT_STALL, 3, 3);
	drop_both(io, fd);
}

/* What is kept comes when all is healed; for ever kept is lost. */
PROBE(fault_24_a_stall_without_end)
{
	int64_t begin = probe_now(io);
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a<>b", 0, 0, (gn_faults){ .stall = true });
	probe_try_send(io, fd[0], "x", 1, 0);
	gni_sim_heal(io, begin - GN_SEC + 5 * GN_SEC);
	probe_try_send(io, fd[0], "y", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_int_equal(buf[0], 'y');
	assert_int_equal(probe_now(io) - begin, 5 * GN_SEC + LATENCY_NS);
	drop_both(io, fd);
}

/* What held a moment ago holds no more, though no rule came to its end. */
PROBE(fault_01_healed)
{
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "", 0, 0, (gn_faults){ .cut = true });
	gni_sim_heal(io, probe_now(io)); /* BEGIN is a second: in one more */
	probe_try_send(io, fd[0], "x", 1, 0);
	probe_pass(io, GN_SEC);
	probe_try_send(io, fd[0], "y", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_int_equal(buf[0], 'y');
	drop_both(io, fd);
}

/* The word that nobody has a port is a packet, too. */
PROBE(fault_31_a_lost_refusal)
{
	int fd[2];

	udp_pair(io, fd);
	probe_drop(io, fd[1]);
	probe_fault(io, "b>a", 0, 500 * GN_MSEC, (gn_faults){ .cut = true });
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_poll(io, fd[0], POLLOUT), POLLOUT);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -ECONNREFUSED);
	probe_drop(io, fd[0]);
	probe_pass(io, GN_SEC);
}

/* ---- streams */

static void fill_pattern(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 256);
}

/* All comes, and in order, whatever the link does; rather late. */
PROBE(fault_24_a_stream_is_exact)
{
	static const gn_faults faults[] = {
		{ .loss_ppm = SURE / 5 },
		{ .dup_ppm = SURE / 2 },
		{ .reorder_ns = 300 * GN_MSEC },
		{ .delay_ns = 100 * GN_MSEC, .jitter_ns = 100 * GN_MSEC },
		{ .rate_bits = 200000 },
		{ .mtu = 100 },
		{ .loss_ppm = SURE / 10,
		  .dup_ppm = SURE / 10,
		  .reorder_ns = 20 * GN_MSEC,
		  .delay_ns = 80 * GN_MSEC,
		  .jitter_ns = 20 * GN_MSEC,
		  .rate_bits = 1000000,
		  .mtu = 1280 },
	};
	static char pattern[30000];

	fill_pattern(pattern, sizeof pattern);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		int fd[2];

		probe_tcp(io, HOST_B, fd);
		probe_fault(io, "a<>b", 0, 3 * GN_MIN, faults[i]);
		probe_send_all(io, fd[0], pattern, sizeof pattern);
		assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
		probe_expect(io, fd[1], pattern, sizeof pattern);
		assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
		probe_send_all(io, fd[1], "ok", 2);
		probe_expect(io, fd[0], "ok", 2);
		drop_both(io, fd);
		probe_pass(io, GN_HOUR);
	}
}

/* As when a box between the hosts has mended the checksum. */
PROBE(fault_23_a_stream_with_a_turned_bit)
{
	static const char zeroes[100];
	int fd[2], bits = 0, n;

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a>b", 0, GN_MSEC, (gn_faults){ .corrupt_ppm = SURE });
	assert_int_equal(probe_try_send(io, fd[0], zeroes, 1, 0), 1);
	probe_pass(io, GN_SEC);
	probe_send_all(io, fd[0], zeroes, 99);
	probe_shutdown(io, fd[0], SHUT_WR);
	while ((n = probe_recv(io, fd[1], buf, 100)) > 0)
		bits += bits_set(buf, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(bits, 1);
	drop_both(io, fd);
}

/* Both ends are reset, one way from the middle; the bytes are lost. */
PROBE(fault_01_the_link_resets)
{
	int64_t begin;
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .reset_ppm = SURE });
	probe_send_all(io, fd[1], "fine", 4);
	probe_expect(io, fd[0], "fine", 4);
	begin = probe_now(io);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), 1);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), -ECONNRESET);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
	assert_count(io, GNI_FAULT_RESET, 1, 2);
	drop_both(io, fd);
}

PROBE(a_reset_is_of_streams)
{
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "", 0, 0, (gn_faults){ .reset_ppm = SURE });
	probe_try_send(io, fd[0], "x", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_count(io, GNI_FAULT_RESET, 0, 0);
	drop_both(io, fd);
}

/* A send is cut into packets, each on its own. */
PROBE(fault_25_a_stream_goes_in_pieces)
{
	int fd[2];
	size_t n;

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "a>b", 0, 0,
		    (gn_faults){ .mtu = 1040, .rate_bits = 8000 });
	n = (size_t)probe_try_send(io, fd[0], buf, 3500, 0);
	for (size_t there = 0, i = 1; there < n; i++) {
		size_t due = i * 1000 < n ? i * 1000 : n;
		int64_t last_ns = (int64_t)(due - there) * GN_MSEC;

		probe_pass(io, i == 1 ? LATENCY_NS + last_ns - 1 : last_ns - 1);
		while (probe_try_recv(io, fd[1], buf, sizeof buf, 0) > 0)
			fail();
		probe_pass(io, 1);
		while (there < due) {
			ssize_t got =
				probe_try_recv(io, fd[1], buf, sizeof buf, 0);

			assert_true(got > 0);
			there += (size_t)got;
		}
	}
	drop_both(io, fd);
}

/* ---- whom a rule is for */

PROBE(a_rule_one_way)
{
	int fd[2];

	udp_pair(io, fd);
	probe_try_send(io, fd[0], "x", 1, 0);
	probe_pass(io, GN_SEC);
	probe_fault(io, "b>a", 0, 0, (gn_faults){ .cut = true });
	probe_try_send(io, fd[0], "x", 1, 0);
	probe_pass(io, GN_SEC);
	assert_int_equal(take_all(io, fd[1]), 2);
	assert_count(io, GNI_FAULT_CUT, 0, 0);
	drop_both(io, fd);
}

/* A host's rule holds for all its links, another's for none of them. */
PROBE(a_rule_of_a_host)
{
	int c, fd[2];
	gn_addr at = probe_inet("10.0.0.2", 7000);

	assert_int_equal(gni_sim_host(io, "c"), 3);
	udp_pair(io, fd);
	c = probe_socket(io, 3, AF_INET, SOCK_DGRAM);
	probe_fault(io, "a", 0, 0, (gn_faults){ .cut = true });
	probe_try_send(io, fd[0], "a", 1, 0);
	probe_try_sendto(io, c, "c", 1, at);
	probe_pass(io, GN_SEC);
	assert_int_equal(take_all(io, fd[1]), 1);
	assert_int_equal(buf[0], 'c');
	drop_both(io, fd);
	probe_drop(io, c);
}

/* The loopback is no link, but for a rule that names it as one. */
PROBE(a_rule_and_the_loopback)
{
	gn_addr at = probe_inet("127.0.0.1", 7000);
	int fd[2], pair[2];

	fd[1] = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	assert_int_equal(probe_bind(io, fd[1], at), 0);
	fd[0] = probe_socket(io, HOST_A, AF_INET, SOCK_DGRAM);
	assert_int_equal(io->backend->calls->pair(io, SOCK_DGRAM, pair), 0);
	probe_fault(io, "", 0, 0, (gn_faults){ .cut = true });
	probe_fault(io, "a", 0, 0, (gn_faults){ .cut = true });
	probe_try_sendto(io, fd[0], "x", 1, at);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	probe_fault(io, "a<>a", 0, 0, (gn_faults){ .cut = true });
	probe_try_sendto(io, fd[0], "x", 1, at);
	probe_pass(io, GN_SEC);
	assert_int_equal(take_all(io, fd[1]), 0);
	assert_int_equal(probe_send(io, pair[0], "x", 1), 1);
	assert_int_equal(probe_recv(io, pair[1], buf, 9), 1);
	drop_both(io, fd);
	drop_both(io, pair);
}

/* Of two rules that hold the later one's values count, each by itself. */
PROBE(a_later_rule_overrides)
{
	int64_t begin;
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "", 0, 0,
		    (gn_faults){ .loss_ppm = SURE, .delay_ns = GN_SEC });
	probe_fault(io, "a>b", 0, 0, (gn_faults){ .loss_ppm = 1 });
	probe_fault(io, "b", GN_MIN, 0, (gn_faults){ .delay_ns = GN_MSEC });
	begin = probe_now(io);
	probe_try_send(io, fd[0], "x", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS + GN_SEC);
	probe_pass(io, GN_MIN);
	begin = probe_now(io);
	probe_try_send(io, fd[0], "x", 1, 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 1);
	assert_int_equal(probe_now(io) - begin, LATENCY_NS + GN_MSEC);
	drop_both(io, fd);
}

/* From its first nanosecond until before its last. */
PROBE(a_span)
{
	int fd[2];

	udp_pair(io, fd);
	probe_fault(io, "a>b", GN_SEC, GN_SEC, (gn_faults){ .cut = true });
	for (int i = 0; i < 2; i++) {
		probe_pass(io, GN_SEC - 1);
		probe_try_send(io, fd[0], i ? "c" : "a", 1, 0);
		probe_pass(io, 1);
		probe_try_send(io, fd[0], i ? "d" : "b", 1, 0);
	}
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), 1);
	assert_int_equal(buf[0], 'a');
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), 1);
	assert_int_equal(buf[0], 'd');
	assert_int_equal(take_all(io, fd[1]), 0);
	drop_both(io, fd);
}

/* Without rules nothing is drawn: a run is what it was. */
PROBE(no_rules_no_draws)
{
	size_t most = 1000;
	struct gni_tape_log *log;
	int fd[2];

	log = calloc(1, sizeof *log + most * sizeof *log->entries);
	assert_non_null(log);
	log->max = most;
	gni_tape_record(gni_sim_tape(io), log);
	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[0], buf, 10000);
	probe_pass(io, GN_SEC);
	gni_tape_record(gni_sim_tape(io), NULL);
	assert_in_range(log->count, 1, most);
	for (size_t i = 0; i < log->count; i++)
		assert_true(log->entries[i].stream != GNI_STREAM_FAULTS);
	assert_false(gni_net_of(io)->careful);
	free(log);
	drop_both(io, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_24_lost_datagrams),
		cmocka_unit_test(fault_24_some_are_lost),
		cmocka_unit_test(fault_24_a_datagram_comes_twice),
		cmocka_unit_test(fault_23_a_bit_turns),
		cmocka_unit_test(fault_24_datagrams_overtake),
		cmocka_unit_test(a_delay),
		cmocka_unit_test(fault_24_a_slow_link),
		cmocka_unit_test(fault_25_larger_datagrams_are_lost),
		cmocka_unit_test(fault_24_a_stall),
		cmocka_unit_test(fault_24_a_stall_without_end),
		cmocka_unit_test(fault_01_healed),
		cmocka_unit_test(fault_31_a_lost_refusal),
		cmocka_unit_test(fault_24_a_stream_is_exact),
		cmocka_unit_test(fault_23_a_stream_with_a_turned_bit),
		cmocka_unit_test(fault_01_the_link_resets),
		cmocka_unit_test(a_reset_is_of_streams),
		cmocka_unit_test(fault_25_a_stream_goes_in_pieces),
		cmocka_unit_test(a_rule_one_way),
		cmocka_unit_test(a_rule_of_a_host),
		cmocka_unit_test(a_rule_and_the_loopback),
		cmocka_unit_test(a_later_rule_overrides),
		cmocka_unit_test(a_span),
		cmocka_unit_test(no_rules_no_draws),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
