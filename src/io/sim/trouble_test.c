/*
 * trouble_test.c: calls and operations that fail on a host, or do less than
 * they could.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "io/sim/place.h"

#define SURE 1000000 /* a chance in millionths */

static char buf[8192];

static int tcp(struct gni_io *io, unsigned place)
{
	return probe_socket(io, place, AF_INET, SOCK_STREAM);
}

static void drop_both(struct gni_io *io, const int fd[2])
{
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

static void assert_struck(struct gni_io *io, enum gni_fault fault, uint64_t n)
{
	assert_int_equal(probe_count(io, fault).injected, n);
	assert_int_equal(probe_count(io, fault).handled, n);
}

static void assert_shortage(int result)
{
	assert_true(result == -ENOMEM || result == -ENOBUFS);
}

static void assert_full(int result)
{
	assert_true(result == -EMFILE || result == -ENFILE);
}

/* Each moves a part, and in the end all has come. */
PROBE(fault_05_short_sends_and_receives)
{
	static char pattern[3000];
	size_t done = 0, got = 0;
	int fd[2];

	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)(i * 3);
	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "", 0, 0, (gn_faults){ .short_ppm = SURE });
	while (done < sizeof pattern) {
		size_t rest = sizeof pattern - done;
		int n = probe_send(io, fd[0], pattern + done, rest);

		assert_in_range(n, 1, rest > 1 ? rest - 1 : 1);
		done += (size_t)n;
	}
	probe_pass(io, GN_SEC);
	while (got < sizeof pattern) {
		size_t rest = sizeof pattern - got;
		int n = probe_recv(io, fd[1], buf, rest);

		assert_in_range(n, 1, rest > 1 ? rest - 1 : 1);
		assert_memory_equal(buf, pattern + got, (size_t)n);
		got += (size_t)n;
	}
	drop_both(io, fd);
}

PROBE(fault_05_short_on_unix_streams_and_whole_messages)
{
	int fd[2], whole[2], n;

	assert_int_equal(io->backend->calls->pair(io, SOCK_STREAM, fd), 0);
	assert_int_equal(io->backend->calls->pair(io, SOCK_SEQPACKET, whole),
			 0);
	probe_fault(io, "a", 0, 0, (gn_faults){ .short_ppm = SURE });
	n = probe_send(io, fd[0], "hello", 5);
	assert_in_range(n, 1, 4);
	assert_in_range(probe_recv(io, fd[1], buf, (size_t)n), 1,
			n > 1 ? n - 1 : 1);
	assert_int_equal(probe_send(io, whole[0], "hello", 5), 5);
	assert_int_equal(probe_recv(io, whole[1], buf, 9), 5);
	drop_both(io, fd);
	drop_both(io, whole);
}

/* An operation is begun again, once; nothing of it is seen above. */
PROBE(fault_07_interrupted)
{
	int fd[2], l, c;
	uint64_t before;

	probe_fault(io, "", 0, 0, (gn_faults){ .eintr_ppm = SURE });
	probe_tcp(io, HOST_B, fd);
	assert_struck(io, GNI_FAULT_EINTR, 2);
	probe_send_all(io, fd[0], "hello", 5);
	probe_expect(io, fd[1], "hello", 5);
	before = probe_count(io, GNI_FAULT_EINTR).injected;
	assert_true(before >= 4);
	assert_int_equal(probe_poll(io, fd[0], POLLOUT), POLLOUT);
	assert_struck(io, GNI_FAULT_EINTR, before + 1);
	l = probe_listen(io, HOST_B, probe_inet("10.0.0.2", 7000));
	c = tcp(io, HOST_A);
	assert_int_equal(probe_connect(io, c, probe_inet("10.0.0.2", 7000)), 0);
	drop_both(io, fd);
	probe_drop(io, l);
	probe_drop(io, c);
}

/* An operation is tried again; once, and again only after a change.  A poll
 * says that there is something.  A call is not misled: it takes what is there,
 * or whoever empties a socket, or sends what can go now, would be deceived. */
PROBE(fault_08_misled)
{
	struct probe_op p = { .op.events = POLLIN };
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[0], "x", 1);
	probe_pass(io, GN_SEC);
	probe_fault(io, "b", 0, 0, (gn_faults){ .again_ppm = SURE });
	assert_int_equal(probe_try_send(io, fd[1], "a", 1, 0), 1);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), 1);
	assert_struck(io, GNI_FAULT_AGAIN, 0);
	probe_send_all(io, fd[0], "y", 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_recv(io, fd[1], buf, 1), 1);
	assert_struck(io, GNI_FAULT_AGAIN, 1);
	probe_send_all(io, fd[0], "z", 1);
	probe_expect(io, fd[1], "z", 1); /* it did not change before */
	assert_struck(io, GNI_FAULT_AGAIN, 1);
	probe_send_all(io, fd[0], "v", 1);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), 1);
	assert_int_equal(probe_poll(io, fd[1], POLLIN), POLLIN);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 1, 0), -EAGAIN);
	probe_begin(io, &p, fd[1], GNI_OP_POLL);
	probe_pass(io, GN_SEC);
	assert_int_equal(p.count, 0);
	probe_send_all(io, fd[0], "w", 1);
	assert_int_equal(probe_end(io, &p), POLLIN);
	assert_struck(io, GNI_FAULT_AGAIN, 2);
	drop_both(io, fd);
}

/* Bytes and connections that a failing call did not take are there. */
PROBE(fault_11_no_memory)
{
	const struct gni_calls *calls = io->backend->calls;
	gn_addr at = probe_inet("10.0.0.2", 7000);
	struct gni_file file;
	int fd[2], more[2], fresh = tcp(io, HOST_B), l, c = tcp(io, HOST_A);

	probe_tcp(io, HOST_B, fd);
	probe_send_all(io, fd[0], "x", 1);
	l = probe_listen(io, HOST_B, at);
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_pass(io, GN_SEC);
	probe_fault(io, "b", 0, GN_SEC, (gn_faults){ .enomem_ppm = SURE });
	assert_shortage(tcp(io, HOST_B));
	assert_shortage(calls->pair(io, SOCK_STREAM, more));
	assert_shortage(calls->bind(io, fresh, &at, -1, &file));
	assert_shortage(calls->listen(io, fresh, 1));
	assert_shortage(probe_connect(io, fresh, at));
	assert_shortage((int)probe_try_send(io, fd[1], "y", 1, 0));
	assert_shortage(probe_send(io, fd[1], "y", 1));
	assert_shortage((int)probe_try_recv(io, fd[1], buf, 1, 0));
	assert_shortage(probe_recv(io, fd[1], buf, 1));
	assert_shortage(probe_accept(io, l));
	assert_int_equal(probe_try_send(io, fd[0], "z", 1, 0), 1);
	probe_pass(io, GN_SEC);
	probe_expect(io, fd[1], "xz", 2);
	more[0] = probe_accept(io, l);
	assert_true(more[0] > 0);
	drop_both(io, fd);
	probe_drop(io, more[0]);
	probe_drop(io, fresh);
	probe_drop(io, l);
	probe_drop(io, c);
}

PROBE(fault_09_no_descriptor)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at), c = tcp(io, HOST_A), s, pair[2];

	probe_fault(io, "b", 0, GN_SEC, (gn_faults){ .emfile_ppm = SURE });
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_pass(io, 300 * GN_MSEC);
	assert_full(probe_accept(io, l));
	assert_full(tcp(io, HOST_B));
	assert_full(io->backend->calls->pair(io, SOCK_STREAM, pair));
	assert_int_equal(gni_sim_descriptors(io, HOST_B), 1);
	probe_pass(io, GN_SEC);
	s = probe_accept(io, l);
	assert_true(s > 0);
	probe_drop(io, s);
	probe_drop(io, l);
	probe_drop(io, c);
}

PROBE(fault_09_so_many_descriptors)
{
	int fd[4];

	probe_fault(io, "a", 0, 0, (gn_faults){ .descriptors = 3 });
	for (int i = 0; i < 3; i++)
		fd[i] = tcp(io, HOST_A);
	assert_int_equal(tcp(io, HOST_A), -EMFILE);
	fd[3] = tcp(io, HOST_B);
	assert_true(fd[3] > 0);
	probe_drop(io, fd[0]);
	fd[0] = tcp(io, HOST_A);
	assert_true(fd[0] > 0);
	assert_struck(io, GNI_FAULT_DESCRIPTORS, 1);
	for (int i = 0; i < 4; i++)
		probe_drop(io, fd[i]);
}

/* The client was connected, and is reset; the next one is let in. */
PROBE(fault_10_gone_before_accept)
{
	gn_addr at = probe_inet("10.0.0.2", 7000);
	int l = probe_listen(io, HOST_B, at), c[2], s, result;

	for (int i = 0; i < 2; i++) {
		c[i] = tcp(io, HOST_A);
		assert_int_equal(probe_connect(io, c[i], at), 0);
		probe_pass(io, GN_SEC);
	}
	probe_fault(io, "b", 0, GN_MSEC, (gn_faults){ .abort_ppm = SURE });
	result = probe_accept(io, l);
	assert_true(result == -ECONNABORTED || result == -EPROTO ||
		    result == -ENETDOWN || result == -EPERM);
	assert_struck(io, GNI_FAULT_ABORT, 1);
	assert_int_equal(probe_recv(io, c[0], buf, 1), -ECONNRESET);
	s = probe_accept(io, l);
	probe_send_all(io, c[1], "x", 1);
	probe_expect(io, s, "x", 1);
	probe_drop(io, s);
	probe_drop(io, l);
	drop_both(io, c);
}

#define CALLS 6

/* A socket's calls, one after the other; that a listener does not connect, or
 * that nobody is there, is no failure here. */
static void call_all(struct gni_io *io, int fd, int results[CALLS])
{
	const struct gni_calls *calls = io->backend->calls;
	gn_addr at = probe_inet("127.0.0.1", 0), nobody;
	struct gni_file file;
	char name[64];
	socklen_t len = sizeof name;
	int one = 1;

	results[0] = calls->bind(io, fd, &at, -1, &file);
	results[1] = calls->listen(io, fd, 1);
	results[2] =
		calls->set(io, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	results[3] = calls->get(io, fd, SOL_SOCKET, SO_TYPE, name, &len);
	len = sizeof name;
	results[4] = calls->name(io, fd, false, name, &len);
	nobody = probe_inet("127.0.0.1", 1);
	results[5] = probe_connect(io, fd, nobody);
	if (results[5] == -EISCONN || results[5] == -ECONNREFUSED)
		results[5] = 0;
}

/* The n-th attempt fails, for each n: with an error that Linux has for it. */
PROBE(fault_11_the_nth_attempt)
{
	static const int errors[] = { -ENFILE,	-ENOBUFS, -EADDRINUSE,	-ENOMEM,
				      -ENOBUFS, -ENOBUFS, -ENETUNREACH, 0 };

	for (uint64_t n = 1; n <= CALLS + 2; n++) {
		int fd, results[CALLS], failed = 0;

		gni_net_of(io)->places[HOST_A]->attempts = 0;
		probe_fault(io, "a", 0, 0, (gn_faults){ .fail_nth = n });
		fd = tcp(io, HOST_A);
		if (n == 1) {
			assert_int_equal(fd, errors[0]);
			continue;
		}
		call_all(io, fd, results);
		for (size_t i = 0; i < CALLS; i++) {
			failed += results[i] < 0;
			if (results[i] < 0 && n - 2 == i)
				assert_int_equal(results[i], errors[i + 1]);
		}
		assert_int_equal(failed, n <= CALLS + 1);
		probe_drop(io, fd);
	}
	assert_struck(io, GNI_FAULT_FAIL, CALLS + 1);
}

/* A standing receive ends with the error and can be begun again. */
PROBE(fault_51_a_standing_receive_without_memory)
{
	struct probe_op p = { 0 };
	int fd[2];

	probe_tcp(io, HOST_B, fd);
	probe_fault(io, "b", 0, GN_SEC, (gn_faults){ .enomem_ppm = SURE });
	probe_begin(io, &p, fd[1], GNI_OP_RECV_MULTI);
	while (p.op.state)
		io->backend->wait(io, GN_NEVER);
	assert_false(p.more);
	if (io->multishot)
		assert_shortage(p.result);
	drop_both(io, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_05_short_sends_and_receives),
		cmocka_unit_test(
			fault_05_short_on_unix_streams_and_whole_messages),
		cmocka_unit_test(fault_07_interrupted),
		cmocka_unit_test(fault_08_misled),
		cmocka_unit_test(fault_11_no_memory),
		cmocka_unit_test(fault_09_no_descriptor),
		cmocka_unit_test(fault_09_so_many_descriptors),
		cmocka_unit_test(fault_10_gone_before_accept),
		cmocka_unit_test(fault_11_the_nth_attempt),
		cmocka_unit_test(fault_51_a_standing_receive_without_memory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
