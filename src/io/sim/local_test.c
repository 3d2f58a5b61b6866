/*
 * local_test.c: Unix streams and packet sockets of the simulation.  What Linux
 * answers was tried out.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#define OUT (POLLOUT | POLLWRNORM)
#define IN (POLLIN | POLLRDNORM)
#define ALL (IN | POLLRDHUP | OUT)

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
static char buf[300000];

static int local(struct gni_io *io, int type)
{
	return probe_socket(io, HOST_A, AF_UNIX, type);
}

static int listener(struct gni_io *io, int type, const char *name, int backlog)
{
	int fd = local(io, type);

	assert_int_equal(probe_bind(io, fd, probe_unix(name)), 0);
	assert_int_equal(io->backend->calls->listen(io, fd, backlog), 0);
	return fd;
}

static void pair(struct gni_io *io, int type, int fd[2])
{
	io->backend->enter(io, HOST_A, NULL);
	assert_int_equal(io->backend->calls->pair(io, type, fd), 0);
}

PROBE(a_connection)
{
	for (int t = 0; t < 2; t++) {
		int l = listener(io, types[t], "/run/echo", 4), s;
		int c = local(io, types[t]);
		gn_addr name, due = probe_unix("/run/echo");

		assert_int_equal(probe_connect(io, c, due), 0);
		probe_send_all(io, c, "early", 5);
		s = probe_accept(io, l);
		probe_expect(io, s, "early", 5);
		probe_send_all(io, s, "back", 4);
		probe_expect(io, c, "back", 4);
		name = probe_name(io, c, true);
		assert_true(name.len == due.len + 1);
		assert_memory_equal(name.sockaddr, due.sockaddr, due.len);
		assert_int_equal(probe_name(io, s, true).len, 2);
		assert_int_equal(probe_name(io, c, false).len, 2);
		probe_drop(io, c);
		assert_int_equal(probe_recv(io, s, buf, 1), 0);
		name = probe_name(io, s, true);
		assert_int_equal(name.len, 2);
		probe_drop(io, s);
		probe_drop(io, l);
	}
}

PROBE(nobody_there)
{
	for (int t = 0; t < 2; t++) {
		int c = local(io, types[t]), l = local(io, types[t]);

		assert_int_equal(probe_connect(io, c, probe_unix("/none")),
				 -ENOENT);
		assert_int_equal(probe_connect(io, c, probe_unix("@none")),
				 -ECONNREFUSED);
		assert_int_equal(probe_connect(io, c, probe_unix("")), -EINVAL);
		assert_int_equal(io->backend->calls->listen(io, l, 1), -EINVAL);
		assert_int_equal(probe_bind(io, l, probe_unix("/p")), 0);
		assert_int_equal(probe_connect(io, c, probe_unix("/p")),
				 -ECONNREFUSED);
		probe_drop(io, l);
		assert_int_equal(probe_connect(io, c, probe_unix("/p")),
				 -ECONNREFUSED);
		probe_drop(io, c);
	}
}

/* As Linux has it: too short, too long, another family. */
PROBE(names_that_are_none)
{
	gn_addr wrong[] = { probe_unix("/a"), probe_unix("/b"),
			    probe_inet("10.0.0.1", 7) };
	int c = local(io, SOCK_STREAM);

	wrong[0].len = 1;
	wrong[1].len = sizeof(struct sockaddr_un) + 1;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(probe_bind(io, c, wrong[i]), -EINVAL);
		assert_int_equal(probe_connect(io, c, wrong[i]), -EINVAL);
	}
	assert_int_equal(probe_name(io, c, false).len, 2);
	probe_drop(io, c);
}

/* Only the file that was made is removed. */
PROBE(fault_35_unclaimed)
{
	const struct gni_calls *calls = io->backend->calls;
	gn_addr at = probe_unix("/run/s"), none = at;
	struct gni_file file, other;
	int s = local(io, SOCK_STREAM), c = local(io, SOCK_STREAM);

	assert_int_equal(calls->bind(io, s, &at, -1, &file), 0);
	assert_int_equal(calls->listen(io, s, 1), 0);
	other = (struct gni_file){ 0 };
	calls->unclaim(io, &at, &other);
	other = file;
	other.device = 99;
	calls->unclaim(io, &at, &other);
	other = file;
	other.inode++;
	calls->unclaim(io, &at, &other);
	none.len = 1;
	calls->unclaim(io, &none, &file);
	assert_int_equal(probe_connect(io, c, at), 0);
	probe_drop(io, c);
	calls->unclaim(io, &at, &file);
	c = local(io, SOCK_STREAM);
	assert_int_equal(probe_connect(io, c, at), -ENOENT);
	calls->unclaim(io, &at, &file);
	probe_drop(io, c);
	probe_drop(io, s);
}

PROBE(another_type)
{
	int l = listener(io, SOCK_STREAM, "/p", 1);
	int a = listener(io, SOCK_STREAM, "@a", 1);
	int c = local(io, SOCK_SEQPACKET), b = local(io, SOCK_SEQPACKET);

	assert_int_equal(probe_connect(io, c, probe_unix("/p")), -EPROTOTYPE);
	assert_int_equal(probe_connect(io, c, probe_unix("@a")),
			 -ECONNREFUSED);
	assert_int_equal(probe_bind(io, b, probe_unix("/p")), -EADDRINUSE);
	assert_int_equal(probe_bind(io, b, probe_unix("@a")), 0);
	probe_drop(io, l);
	probe_drop(io, a);
	probe_drop(io, b);
	probe_drop(io, c);
}

/* Names are the host's: another host has its own. */
PROBE(another_host)
{
	int l = listener(io, SOCK_STREAM, "/p", 1);
	int c = probe_socket(io, HOST_B, AF_UNIX, SOCK_STREAM);

	assert_int_equal(probe_connect(io, c, probe_unix("/p")), -ENOENT);
	assert_int_equal(probe_bind(io, c, probe_unix("/p")), 0);
	probe_drop(io, l);
	probe_drop(io, c);
}

static int bind_file(struct gni_io *io, int fd, const char *name,
		     struct gni_file *file)
{
	gn_addr addr = probe_unix(name);

	return io->backend->calls->bind(io, fd, &addr, 0600, file);
}

PROBE(fault_35_a_stale_path)
{
	gn_addr addr = probe_unix("/p");
	struct gni_file first, second;
	int l = local(io, SOCK_STREAM), c = local(io, SOCK_STREAM), l2;

	assert_int_equal(bind_file(io, l, "/p", &first), 0);
	assert_true(first.inode != 0);
	probe_drop(io, l);
	l2 = local(io, SOCK_STREAM);
	assert_int_equal(bind_file(io, l2, "/p", &second), 0);
	assert_true(second.inode != first.inode);
	l = local(io, SOCK_STREAM);
	assert_int_equal(bind_file(io, l, "/p", &first), -EADDRINUSE);
	assert_int_equal(first.inode, 0);
	io->backend->calls->unclaim(io, &addr, &first);
	assert_int_equal(probe_connect(io, c, addr), -ECONNREFUSED);
	io->backend->calls->unclaim(io, &addr, &second);
	assert_int_equal(probe_connect(io, c, addr), -ENOENT);
	assert_int_equal(bind_file(io, l, "/p", &first), 0);
	io->backend->calls->unclaim(io, &addr, &second);
	assert_int_equal(probe_connect(io, c, addr), -ECONNREFUSED);
	assert_int_equal(bind_file(io, c, "@abstract", &second), 0);
	assert_int_equal(second.inode, 0);
	probe_drop(io, l);
	probe_drop(io, l2);
	probe_drop(io, c);
}

PROBE(autobind)
{
	int a = local(io, SOCK_STREAM), b = local(io, SOCK_STREAM);
	gn_addr first, second;

	assert_int_equal(probe_bind(io, a, probe_unix("")), 0);
	assert_int_equal(probe_bind(io, b, probe_unix("")), 0);
	assert_int_equal(probe_bind(io, a, probe_unix("")), 0);
	assert_int_equal(probe_bind(io, a, probe_unix("@x")), -EINVAL);
	first = probe_name(io, a, false);
	second = probe_name(io, b, false);
	assert_int_equal(first.len, 8);
	assert_memory_not_equal(first.sockaddr, second.sockaddr, 8);
	probe_drop(io, a);
	probe_drop(io, b);
}

/* A connect waits for room, which an accept makes, or the listener's end. */
PROBE(fault_13_a_full_backlog)
{
	for (int t = 0; t < 2; t++) {
		struct probe_op late[2] = { 0 };
		gn_addr at = probe_unix("@l");
		int l = listener(io, types[t], "@l", 1), c[4], s;

		for (int i = 0; i < 4; i++)
			c[i] = local(io, types[t]);
		assert_int_equal(probe_connect(io, c[0], at), 0);
		assert_int_equal(probe_connect(io, c[1], at), 0);
		for (int i = 0; i < 2; i++) {
			late[i].op.addr = &at;
			probe_begin(io, &late[i], c[2 + i], GNI_OP_CONNECT);
		}
		probe_pass(io, GN_SEC);
		assert_int_equal(late[0].count + late[1].count, 0);
		s = probe_accept(io, l);
		probe_pass(io, GN_SEC);
		assert_int_equal(late[0].count + late[1].count, 1);
		probe_drop(io, l);
		for (int i = 0; i < 2; i++)
			probe_end(io, &late[i]);
		assert_int_equal(late[0].result + late[1].result,
				 -ECONNREFUSED);
		assert_int_equal(probe_recv(io, c[1], buf, 1), -ECONNRESET);
		assert_int_equal(probe_recv(io, c[1], buf, 1), 0);
		assert_int_equal(probe_try_send(io, c[1], "x", 1, 0), -EPIPE);
		for (int i = 0; i < 4; i++)
			probe_drop(io, c[i]);
		probe_drop(io, s);
	}
}

PROBE(a_listener_that_is_shut_down)
{
	gn_addr at = probe_unix("@l");
	struct probe_op p = { .op.addr = &at };
	int l = listener(io, SOCK_STREAM, "@l", 0);
	int c = local(io, SOCK_STREAM), late = local(io, SOCK_STREAM);

	assert_int_equal(probe_connect(io, c, at), 0);
	probe_begin(io, &p, late, GNI_OP_CONNECT);
	probe_pass(io, GN_SEC);
	assert_int_equal(probe_shutdown(io, l, SHUT_RD), 0);
	assert_int_equal(probe_end(io, &p), -ECONNREFUSED);
	probe_drop(io, l);
	probe_drop(io, c);
	probe_drop(io, late);
}

/* The stamp tells an empty packet from the end; accepted sockets begin
 * without their listener's options. */
PROBE(fault_30_empty_packets_and_the_end)
{
	char control[64];
	struct iovec v = { buf, 9 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = control };
	int l = listener(io, SOCK_SEQPACKET, "@l", 1), s;
	int c = local(io, SOCK_SEQPACKET);

	assert_int_equal(probe_set(io, l, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
	assert_int_equal(probe_set(io, l, SOL_SOCKET, SO_SNDBUF, 5000), 0);
	assert_int_equal(probe_connect(io, c, probe_unix("@l")), 0);
	s = probe_accept(io, l);
	assert_int_equal(probe_get(io, s, SOL_SOCKET, SO_TIMESTAMP), 0);
	assert_int_equal(probe_get(io, s, SOL_SOCKET, SO_SNDBUF), 212992);
	assert_int_equal(probe_set(io, s, SOL_SOCKET, SO_TIMESTAMP, 1), 0);
	assert_int_equal(probe_try_send(io, c, "", 0, 0), 0);
	probe_drop(io, c);
	for (int i = 0; i < 2; i++) {
		m.msg_controllen = sizeof control;
		assert_int_equal(io->backend->calls->recv(io, s, &m, 0), 0);
		assert_int_equal(m.msg_controllen, i ? 0 : 32);
	}
	probe_drop(io, s);
	probe_drop(io, l);
}

PROBE(misuse)
{
	for (int t = 0; t < 2; t++) {
		bool stream = types[t] == SOCK_STREAM;
		int f = local(io, types[t]), fd[2];
		gn_addr at = probe_unix("@l");
		int l = listener(io, types[t], "@l", 1);

		assert_int_equal(probe_poll(io, f, ALL), OUT | POLLHUP);
		assert_int_equal(probe_try_recv(io, f, buf, 1, 0),
				 stream ? -EINVAL : -ENOTCONN);
		assert_int_equal(probe_try_send(io, f, "x", 1, 0), -ENOTCONN);
		assert_int_equal(probe_try_sendto(io, f, "x", 1, at),
				 stream ? -EOPNOTSUPP : -ENOTCONN);
		assert_int_equal(probe_accept(io, f), -EINVAL);
		assert_int_equal(probe_poll(io, l, ALL), 0);
		assert_int_equal(probe_try_recv(io, l, buf, 1, 0),
				 stream ? -EINVAL : -ENOTCONN);
		assert_int_equal(probe_connect(io, l, at), -EINVAL);
		pair(io, types[t], fd);
		assert_int_equal(probe_poll(io, fd[0], ALL), OUT);
		assert_int_equal(probe_connect(io, fd[0], at), -EISCONN);
		assert_int_equal(io->backend->calls->listen(io, fd[0], 1),
				 -EINVAL);
		assert_int_equal(probe_accept(io, fd[0]), -EINVAL);
		assert_int_equal(probe_shutdown(io, l, SHUT_RD), 0);
		assert_int_equal(probe_accept(io, l), -EINVAL);
		assert_int_equal(probe_connect(io, f, at), -ECONNREFUSED);
		assert_int_equal(probe_shutdown(io, f, SHUT_RDWR), 0);
		assert_int_equal(probe_poll(io, f, ALL), ALL | POLLHUP);
		probe_drop(io, f);
		probe_drop(io, l);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
	}
}

PROBE(a_peer_that_closed)
{
	for (int t = 0; t < 2; t++) {
		int fd[2];

		pair(io, types[t], fd);
		probe_drop(io, fd[1]);
		assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP);
		assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
		assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
		assert_int_equal(probe_name(io, fd[0], true).len, 2);
		probe_drop(io, fd[0]);
	}
}

/* A stream gives the bytes before the error, packets after it. */
PROBE(fault_01_closed_with_bytes_unread)
{
	int fd[2];

	pair(io, SOCK_STREAM, fd);
	probe_send_all(io, fd[0], "q", 1);
	probe_send_all(io, fd[1], "back", 4);
	probe_drop(io, fd[1]);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP | POLLERR);
	probe_expect(io, fd[0], "back", 4);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), -ECONNRESET);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	probe_drop(io, fd[0]);
	pair(io, SOCK_SEQPACKET, fd);
	probe_send_all(io, fd[0], "q", 1);
	probe_send_all(io, fd[1], "back", 4);
	probe_drop(io, fd[1]);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), -ECONNRESET);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), 4);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	probe_drop(io, fd[0]);
}

PROBE(fault_03_shutdowns)
{
	for (int t = 0; t < 2; t++) {
		int fd[2];

		pair(io, types[t], fd);
		probe_send_all(io, fd[1], "d", 1);
		assert_int_equal(probe_shutdown(io, fd[0], SHUT_RD), 0);
		assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
		assert_int_equal(probe_poll(io, fd[1], ALL), OUT);
		probe_expect(io, fd[0], "d", 1);
		assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
		assert_int_equal(probe_poll(io, fd[0], ALL), ALL);
		assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
		assert_int_equal(probe_recv(io, fd[1], buf, 1), 0);
		assert_int_equal(probe_poll(io, fd[1], ALL), ALL | POLLHUP);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
	}
}

/* How many sends of len bytes go in, and how many bytes. */
static int fill(struct gni_io *io, int fd, size_t len, size_t *bytes)
{
	ssize_t n;
	int count = 0;

	for (*bytes = 0; (n = probe_try_send(io, fd, buf, len, 0)) > 0; count++)
		*bytes += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	return count;
}

/* The counts are those of Linux with the buffers it gives by default. */
PROBE(fault_05_full_buffers)
{
	static const struct {
		int type;
		size_t len;
		int count;
		size_t bytes;
	} due[] = {
		{ SOCK_STREAM, 1, 278, 278 },
		{ SOCK_STREAM, 500, 167, 83500 },
		{ SOCK_STREAM, 1000, 93, 93000 },
		{ SOCK_STREAM, 5000, 34, 170000 },
		{ SOCK_STREAM, 10000, 17, 170000 },
		{ SOCK_STREAM, 300000, 1, 219264 },
		{ SOCK_SEQPACKET, 100, 278, 27800 },
		{ SOCK_SEQPACKET, 1000, 93, 93000 },
		{ SOCK_SEQPACKET, 5000, 26, 130000 },
		{ SOCK_SEQPACKET, 30000, 7, 210000 },
		{ SOCK_SEQPACKET, 60000, 4, 240000 },
	};

	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		bool drawn = !gni_sim_tape(io)->reads &&
			     due[i].type == SOCK_STREAM;
		size_t bytes;
		int fd[2], count;

		pair(io, due[i].type, fd);
		count = fill(io, fd[0], due[i].len, &bytes);
		assert_true(drawn || count == due[i].count);
		assert_true(drawn || bytes == due[i].bytes);
		assert_int_equal(probe_poll(io, fd[0], ALL), 0);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
	}
}

PROBE(fault_18_a_send_waits_for_room)
{
	for (int t = 0; t < 2; t++) {
		struct probe_op p = { .op.buf = buf, .op.len = 1 };
		size_t bytes;
		int fd[2], reads = 0;

		pair(io, types[t], fd);
		fill(io, fd[0], 1000, &bytes);
		probe_begin(io, &p, fd[0], GNI_OP_SEND);
		probe_pass(io, GN_SEC);
		assert_int_equal(p.count, 0);
		for (; p.count == 0; reads++) {
			assert_true(probe_recv(io, fd[1], buf, 1000) > 0);
			io->backend->wait(io, *gni_sim_clock(io));
		}
		assert_int_equal(probe_end(io, &p), 1);
		/* Not before three quarters of the buffer are free. */
		assert_true(reads > 60);
		probe_drop(io, fd[0]);
		probe_drop(io, fd[1]);
	}
}

PROBE(packets_are_kept_whole)
{
	struct iovec v = { buf, 3 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct probe_op p = { .op.message = &m };
	int fd[2];

	pair(io, SOCK_SEQPACKET, fd);
	assert_int_equal(probe_try_send(io, fd[0], buf, 212961, 0), -EMSGSIZE);
	assert_int_equal(probe_try_send(io, fd[0], "abcdef", 6, 0), 6);
	assert_int_equal(probe_try_send(io, fd[0], "", 0, 0), 0);
	assert_int_equal(probe_try_send(io, fd[0], "gh", 2, 0), 2);
	probe_begin(io, &p, fd[1], GNI_OP_RECV);
	assert_int_equal(probe_end(io, &p), 3);
	assert_int_equal(m.msg_flags, MSG_TRUNC);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 2);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(a_stream_joins_what_was_sent)
{
	int fd[2], n = 0;

	pair(io, SOCK_STREAM, fd);
	probe_send_all(io, fd[0], "abc", 3);
	probe_send_all(io, fd[0], "def", 3);
	n = (int)probe_try_recv(io, fd[1], buf, 9, MSG_PEEK);
	assert_true(!gni_sim_tape(io)->reads || n == 6);
	assert_memory_equal(buf, "abcdef", (size_t)n);
	probe_expect(io, fd[1], "abcd", 4);
	probe_expect(io, fd[1], "ef", 2);
	assert_int_equal(probe_try_recv(io, fd[1], buf, 0, 0), -EAGAIN);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(fault_35_unclaimed),
		cmocka_unit_test(another_type),
		cmocka_unit_test(another_host),
		cmocka_unit_test(fault_35_a_stale_path),
		cmocka_unit_test(autobind),
		cmocka_unit_test(fault_13_a_full_backlog),
		cmocka_unit_test(a_listener_that_is_shut_down),
		cmocka_unit_test(fault_30_empty_packets_and_the_end),
		cmocka_unit_test(misuse),
		cmocka_unit_test(a_peer_that_closed),
		cmocka_unit_test(fault_01_closed_with_bytes_unread),
		cmocka_unit_test(fault_03_shutdowns),
		cmocka_unit_test(fault_05_full_buffers),
		cmocka_unit_test(fault_18_a_send_waits_for_room),
		cmocka_unit_test(packets_are_kept_whole),
		cmocka_unit_test(a_stream_joins_what_was_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
