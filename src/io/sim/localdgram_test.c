/*
 * localdgram_test.c: Unix datagrams of the simulation.  What Linux answers was
 * tried out.
 */
#include "io/sim/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#include "addr/addr.h"

#define OUT (POLLOUT | POLLWRNORM)
#define IN (POLLIN | POLLRDNORM)
#define ALL (IN | POLLRDHUP | OUT)

/* net.unix.max_dgram_qlen, and one. */
#define QUEUE 11

static char buf[300000];

static int dgram(struct gni_io *io)
{
	return probe_socket(io, HOST_A, AF_UNIX, SOCK_DGRAM);
}

static int bound(struct gni_io *io, const char *name)
{
	int fd = dgram(io);

	assert_int_equal(probe_bind(io, fd, probe_unix(name)), 0);
	return fd;
}

static void pair(struct gni_io *io, int fd[2])
{
	io->backend->enter(io, HOST_A, NULL);
	assert_int_equal(io->backend->calls->pair(io, SOCK_DGRAM, fd), 0);
}

/* Receives and tells the length of the sender's name; -1: an error. */
static int name_len(struct gni_io *io, int fd, struct sockaddr_un *from)
{
	struct iovec v = { buf, sizeof buf };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_name = from,
			    .msg_namelen = sizeof *from };

	if (io->backend->calls->recv(io, fd, &m, 0) < 0)
		return -1;
	return (int)m.msg_namelen;
}

PROBE(to_a_name)
{
	int r = bound(io, "@r"), s = dgram(io);
	struct sockaddr_un from;
	gn_addr to = probe_unix("@r");

	assert_int_equal(probe_try_sendto(io, s, "one", 3, to), 3);
	assert_int_equal(probe_try_sendto(io, s, "two", 3, to), 3);
	assert_int_equal(name_len(io, r, &from), 0);
	assert_int_equal(probe_bind(io, s, probe_unix("@s")), 0);
	assert_int_equal(name_len(io, r, &from), 4);
	assert_memory_equal(from.sun_path, "\0s", 2);
	probe_drop(io, r);
	probe_drop(io, s);
}

/* As much as there is room for is written, and the whole length told. */
PROBE(a_name_in_little_room)
{
	int r = bound(io, "@r"), s = bound(io, "@sender");
	struct sockaddr_un from;
	struct iovec v = { buf, sizeof buf };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_name = &from,
			    .msg_namelen = 4 };

	memset(&from, '.', sizeof from);
	assert_int_equal(probe_try_sendto(io, s, "one", 3, probe_unix("@r")),
			 3);
	assert_int_equal(io->backend->calls->recv(io, r, &m, 0), 3);
	assert_int_equal(m.msg_namelen, 2 + 1 + 6);
	assert_memory_equal(from.sun_path, "\0s.", 3);
	probe_drop(io, r);
	probe_drop(io, s);
}

PROBE(nobody_there)
{
	int s = dgram(io), p = bound(io, "/p");

	assert_int_equal(probe_try_send(io, s, "x", 1, 0), -ENOTCONN);
	assert_int_equal(probe_try_sendto(io, s, "x", 1, probe_unix("/none")),
			 -ENOENT);
	assert_int_equal(probe_try_sendto(io, s, "x", 1, probe_unix("@none")),
			 -ECONNREFUSED);
	assert_int_equal(probe_connect(io, s, probe_unix("/none")), -ENOENT);
	probe_drop(io, p);
	assert_int_equal(probe_try_sendto(io, s, "x", 1, probe_unix("/p")),
			 -ECONNREFUSED);
	assert_int_equal(probe_connect(io, s, probe_unix("/p")), -ECONNREFUSED);
	assert_int_equal(io->backend->calls->listen(io, s, 1), -EOPNOTSUPP);
	assert_int_equal(probe_accept(io, s), -EOPNOTSUPP);
	assert_int_equal(probe_poll(io, s, ALL), OUT);
	probe_drop(io, s);
}

/* Who sends into a full queue waits, connected or not. */
PROBE(a_full_queue)
{
	gn_addr to = probe_unix("@r");
	struct iovec v = { (void *)(uintptr_t) "late", 4 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_name = to.sockaddr,
			    .msg_namelen = to.len };
	struct probe_op named = { .op.message = &m };
	struct probe_op plain = { .op.buf = v.iov_base, .op.len = 4 };
	int r = bound(io, "@r"), s = dgram(io), o = dgram(io);

	assert_int_equal(probe_connect(io, s, to), 0);
	for (int i = 0; i < QUEUE; i++)
		assert_int_equal(probe_try_send(io, s, "x", 1, 0), 1);
	assert_int_equal(probe_try_send(io, s, "x", 1, 0), -EAGAIN);
	assert_int_equal(probe_try_sendto(io, o, "x", 1, to), -EAGAIN);
	assert_int_equal(probe_poll(io, s, ALL), 0);
	assert_int_equal(probe_poll(io, o, ALL), OUT);
	probe_begin(io, &named, o, GNI_OP_SEND);
	probe_begin(io, &plain, s, GNI_OP_SEND);
	probe_pass(io, GN_SEC);
	assert_int_equal(named.count + plain.count, 0);
	for (int i = 0; i < QUEUE; i++)
		assert_int_equal(probe_recv(io, r, buf, 9), 1);
	assert_int_equal(probe_recv(io, r, buf, 9), 4);
	assert_int_equal(probe_recv(io, r, buf, 9), 4);
	assert_int_equal(probe_end(io, &named), 4);
	assert_int_equal(probe_end(io, &plain), 4);
	probe_drop(io, r);
	probe_drop(io, s);
	probe_drop(io, o);
}

PROBE(a_receiver_that_closed)
{
	struct probe_op p = { .op.buf = buf, .op.len = 1 };
	int r = bound(io, "@r"), s = dgram(io);

	assert_int_equal(probe_connect(io, s, probe_unix("@r")), 0);
	for (int i = 0; i < QUEUE; i++)
		assert_int_equal(probe_try_send(io, s, "x", 1, 0), 1);
	probe_begin(io, &p, s, GNI_OP_SEND);
	probe_pass(io, GN_SEC);
	probe_drop(io, r);
	assert_int_equal(probe_end(io, &p), -ECONNREFUSED);
	assert_int_equal(probe_try_send(io, s, "x", 1, 0), -ENOTCONN);
	assert_int_equal(probe_poll(io, s, ALL), OUT);
	probe_drop(io, s);
}

PROBE(pairs)
{
	int fd[2];

	pair(io, fd);
	assert_int_equal(probe_try_send(io, fd[1], "back", 4, 0), 4);
	probe_drop(io, fd[1]);
	assert_int_equal(probe_poll(io, fd[0], ALL), IN | OUT);
	assert_int_equal(probe_recv(io, fd[0], buf, 9), 4);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 9, 0), -EAGAIN);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -ECONNREFUSED);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -ENOTCONN);
	probe_drop(io, fd[0]);
}

PROBE(shutdowns)
{
	int fd[2];

	pair(io, fd);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_RD), 0);
	assert_int_equal(probe_try_send(io, fd[1], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL);
	assert_int_equal(probe_try_recv(io, fd[0], buf, 1, 0), -EAGAIN);
	assert_int_equal(probe_recv(io, fd[0], buf, 1), 0);
	assert_int_equal(probe_shutdown(io, fd[0], SHUT_WR), 0);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EPIPE);
	assert_int_equal(probe_poll(io, fd[0], ALL), ALL | POLLHUP);
	assert_int_equal(probe_poll(io, fd[1], ALL), OUT);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

PROBE(connected_elsewhere)
{
	struct sockaddr unspecified = { .sa_family = AF_UNSPEC };
	int r = bound(io, "@r"), k = bound(io, "@k"), s = bound(io, "@s");
	gn_addr nobody;

	assert_int_equal(probe_connect(io, r, probe_unix("@k")), 0);
	assert_int_equal(probe_try_sendto(io, s, "x", 1, probe_unix("@r")),
			 -EPERM);
	assert_int_equal(probe_connect(io, s, probe_unix("@r")), -EPERM);
	assert_int_equal(probe_try_send(io, r, "1", 1, 0), 1);
	assert_int_equal(probe_recv(io, k, buf, 9), 1);
	assert_int_equal(probe_connect(io, k, probe_unix("@r")), 0);
	assert_int_equal(probe_try_send(io, r, "2", 1, 0), 1);
	assert_int_equal(probe_connect(io, k, probe_unix("@s")), 0);
	assert_int_equal(probe_try_recv(io, k, buf, 9, 0), -EAGAIN);
	assert_int_equal(probe_try_recv(io, r, buf, 9, 0), -ECONNRESET);
	gni_addr_set(&nobody, GN_UNIX_DGRAM, &unspecified, sizeof unspecified);
	assert_int_equal(probe_connect(io, k, nobody), 0);
	assert_int_equal(probe_try_send(io, k, "x", 1, 0), -ENOTCONN);
	assert_int_equal(probe_try_recv(io, s, buf, 9, MSG_PEEK), -EAGAIN);
	probe_drop(io, r);
	probe_drop(io, k);
	probe_drop(io, s);
}

/* Linux lets a socket fill its own queue up to its buffer. */
PROBE(to_itself)
{
	int s = bound(io, "@me"), count = 0;
	gn_addr me = probe_unix("@me");

	while (probe_try_sendto(io, s, "x", 1, me) == 1)
		count++;
	assert_int_equal(count, 278);
	probe_drop(io, s);
}

PROBE(fault_34_too_long)
{
	int fd[2];

	pair(io, fd);
	assert_int_equal(probe_try_send(io, fd[0], buf, 212961, 0), -EMSGSIZE);
	assert_int_equal(probe_try_send(io, fd[0], buf, 212960, 0), 212960);
	assert_int_equal(probe_try_send(io, fd[0], "x", 1, 0), -EAGAIN);
	assert_int_equal(probe_recv(io, fd[1], buf, sizeof buf), 212960);
	assert_int_equal(probe_try_send(io, fd[0], "", 0, 0), 0);
	assert_int_equal(probe_recv(io, fd[1], buf, 9), 0);
	probe_drop(io, fd[0]);
	probe_drop(io, fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_a_name),
		cmocka_unit_test(a_name_in_little_room),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_full_queue),
		cmocka_unit_test(a_receiver_that_closed),
		cmocka_unit_test(pairs),
		cmocka_unit_test(shutdowns),
		cmocka_unit_test(connected_elsewhere),
		cmocka_unit_test(to_itself),
		cmocka_unit_test(fault_34_too_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("localdgram", tests, NULL, NULL);
}
