/*
 * seam_message_test.c: sockets with boundaries: truncation, emptiness, senders'
 * addresses, and queues of which no event tells.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than the kernel queues for one Unix socket. */
#define QUEUE_MAX 4096

static struct sockaddr *sockaddr_of(gn_addr *addr)
{
	return (struct sockaddr *)(void *)addr->sockaddr;
}

static void two_bound(struct seam *s, int fd[2], gn_addr addr[2])
{
	for (int i = 0; i < 2; i++)
		fd[i] = bound_open(s, s->family, SOCK_DGRAM, &addr[i]);
}

/* A datagram sent by an operation to an address. */
static int send_to(struct seam *s, int fd, gn_addr *to, const void *buf,
		   size_t len)
{
	struct iovec vector = { .iov_base = (void *)(uintptr_t)buf,
				.iov_len = len };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1,
			    .msg_name = sockaddr_of(to),
			    .msg_namelen = to->len };
	struct heard h = heard(GNI_OP_SEND, fd);

	h.op.message = &m;
	return do_op(s, &h);
}

static void fault_30_truncated(struct seam *s)
{
	struct sockaddr_storage from;
	char buf[4];
	struct iovec vector = { .iov_base = buf, .iov_len = sizeof buf };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct heard h;
	gn_addr addr[2];
	int fd[2];

	two_bound(s, fd, addr);
	for (int i = 0; i < 3; i++) {
		bool truly = i == 1; /* the true length is asked for */

		h = heard(GNI_OP_RECV, fd[1]);
		h.op.message = &m;
		h.op.flags = truly ? MSG_TRUNC : 0;
		m.msg_name = &from;
		m.msg_namelen = sizeof from;
		submit(s, &h);
		assert_in(s, &h);
		assert_int_equal(send_to(s, fd[0], &addr[1], "truncated", 9),
				 9);
		assert_int_equal(await(s, &h), truly ? 9 : 4);
		assert_true(m.msg_flags & MSG_TRUNC);
		assert_int_equal(m.msg_namelen, addr[0].len);
		assert_memory_equal(&from, addr[0].sockaddr, addr[0].len);
		assert_memory_equal(buf, "trun", 4);
	}
	pair_close(s, fd);
}

static void empty(struct seam *s)
{
	char buf[4];
	gn_addr addr[2];
	int fd[2];

	two_bound(s, fd, addr);
	assert_int_equal(send_to(s, fd[0], &addr[1], "", 0), 0);
	assert_int_equal(send_to(s, fd[0], &addr[1], "ab", 2), 2);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 0);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 2);
	pair_close(s, fd);
}

/* A message each, though several lie there and each is shorter than asked. */
static void one_by_one(struct seam *s)
{
	struct heard h;
	char buf[16];
	gn_addr addr[2];
	int fd[2];

	two_bound(s, fd, addr);
	for (int round = 0; round < 3; round++) {
		h = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		submit(s, &h);
		assert_in(s, &h);
		for (size_t i = 1; i <= 5; i++)
			assert_int_equal(
				send_to(s, fd[0], &addr[1], "12345", i), i);
		assert_int_equal(await(s, &h), 1);
		for (int i = 2; i <= 5; i++)
			assert_int_equal(do_recv(s, fd[1], buf, sizeof buf),
					 i);
	}
	pair_close(s, fd);
}

static void seqpacket(struct seam *s)
{
	struct heard h;
	char buf[16];
	int fd[2];

	unix_pair(s, SOCK_SEQPACKET, fd);
	h = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &h);
	assert_in(s, &h);
	assert_int_equal(send_now(s, fd[0], "one", 3), 3);
	assert_int_equal(send_now(s, fd[0], "three", 5), 5);
	assert_int_equal(await(s, &h), 3);
	assert_int_equal(do_op(s, &h), 5);
	s->calls->close(s->io, fd[0]);
	assert_int_equal(do_op(s, &h), 0);
	assert_int_equal(do_op(s, &h), 0);
	s->calls->close(s->io, fd[1]);
}

/* A port that is closed answers on a connected socket. */
static void fault_31_refused(struct seam *s)
{
	struct heard h;
	char buf[4];
	gn_addr addr;
	int fd = socket_open(s, s->family, SOCK_DGRAM);

	s->calls->close(s->io, bound_open(s, s->family, SOCK_DGRAM, &addr));
	assert_int_equal(do_connect(s, fd, &addr), 0);
	h = heard_bytes(GNI_OP_RECV, fd, buf, sizeof buf);
	for (int i = 0; i < 2; i++) {
		submit(s, &h);
		assert_in(s, &h);
		assert_int_equal(send_now(s, fd, "x", 1), 1);
		assert_int_equal(await(s, &h), -ECONNREFUSED);
	}
	s->calls->close(s->io, fd);
}

/* Nobody tells when another's queue has room again. */
static void unix_queue_full(struct seam *s)
{
	struct heard h;
	char byte = 'x';
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1 };
	gn_addr addr[2];
	size_t inside = 0;
	int fd[2];

	s->family = AF_UNIX;
	two_bound(s, fd, addr);
	m.msg_name = sockaddr_of(&addr[1]);
	m.msg_namelen = addr[1].len;
	while (s->calls->send(s->io, fd[0], &m, 0) == 1)
		assert_true(++inside < QUEUE_MAX);
	h = heard(GNI_OP_SEND, fd[0]);
	h.op.message = &m;
	submit(s, &h);
	assert_in(s, &h);
	while (inside-- > 0)
		assert_int_equal(do_recv(s, fd[1], &byte, 1), 1);
	assert_int_equal(await(s, &h), 1);
	assert_int_equal(do_recv(s, fd[1], &byte, 1), 1);
	pair_close(s, fd);
}

/* On a connected one, events do. */
static void unix_peer_full(struct seam *s)
{
	struct heard h;
	gn_addr addr[2];
	char byte = 'x';
	size_t inside = 0;
	int fd[2];

	s->family = AF_UNIX;
	two_bound(s, fd, addr);
	assert_int_equal(do_connect(s, fd[0], &addr[1]), 0);
	while (send_now(s, fd[0], &byte, 1) == 1)
		assert_true(++inside < QUEUE_MAX);
	h = heard_bytes(GNI_OP_SEND, fd[0], &byte, 1);
	submit(s, &h);
	assert_in(s, &h);
	while (inside-- > 0)
		assert_int_equal(recv_now(s, fd[1], &byte, 1), 1);
	assert_int_equal(await(s, &h), 1);
	assert_int_equal(do_recv(s, fd[1], &byte, 1), 1);
	pair_close(s, fd);
}

/* Nor when a listener has taken somebody from its full queue. */
static void unix_backlog_full(struct seam *s)
{
	struct heard connected[3];
	gn_addr addr;
	int listener, fd[3];

	s->family = AF_UNIX;
	listener = listener_open(s, 0, &addr);
	for (int i = 0; i < 3; i++) {
		fd[i] = socket_open(s, s->family, SOCK_STREAM);
		connected[i] = heard_connect(fd[i], &addr);
		submit(s, &connected[i]);
		turns(s);
	}
	assert_int_equal(connected[0].calls, 1);
	assert_int_equal(connected[2].calls, 0);
	for (int i = 0; i < 3; i++) {
		s->calls->close(s->io, do_accept(s, listener));
		assert_int_equal(await(s, &connected[i]), 0);
	}
	for (int i = 0; i < 3; i++)
		s->calls->close(s->io, fd[i]);
	s->calls->close(s->io, listener);
}

/* Received descriptors are close-on-exec, asked for or not. */
static void fault_36_descriptors(struct seam *s)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte = 'x';
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct heard h;
	int fd[2], passed;

	unix_pair(s, SOCK_STREAM, fd);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd[0], sizeof(int));
	assert_int_equal(s->calls->send(s->io, fd[0], &m, 0), 1);
	h = heard(GNI_OP_RECV, fd[1]);
	h.op.message = &m;
	assert_int_equal(do_op(s, &h), 1);
	assert_true(m.msg_controllen >= CMSG_LEN(sizeof(int)));
	memcpy(&passed, CMSG_DATA(c), sizeof passed);
	assert_int_equal(fcntl(passed, F_GETFD), FD_CLOEXEC);
	s->calls->close(s->io, passed);
	pair_close(s, fd);
}

const struct seam_case seam_message_cases[] = {
	{ "fault_30-truncated", fault_30_truncated, RUN_FAMILIES },
	{ "empty-message", empty, RUN_FAMILIES },
	{ "one-by-one", one_by_one, RUN_FAMILIES },
	{ "seqpacket", seqpacket, RUN_ONCE },
	{ "fault_31-port-refused", fault_31_refused, RUN_ONCE },
	{ "unix-queue-full", unix_queue_full, RUN_ONCE },
	{ "unix-peer-full", unix_peer_full, RUN_ONCE },
	{ "unix-backlog-full", unix_backlog_full, RUN_ONCE },
	{ "fault_36-descriptors", fault_36_descriptors, RUN_ONCE },
	{ 0 },
};
