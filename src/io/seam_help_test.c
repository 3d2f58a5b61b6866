/*
 * seam_help_test.c: sockets and operations for the tests of the seam.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addr/addr.h"

#define TURNS 3

static void hear(struct gni_op *op, int result, bool more)
{
	struct heard *h = GNI_OWNER(op, struct heard, op);

	assert_int_equal(op->state == GNI_OP_IDLE, !more);
	h->calls++;
	h->result = result;
	h->more = more;
}

struct heard heard(enum gni_op_kind kind, int fd)
{
	return (struct heard){
		.op = { .kind = (uint8_t)kind, .fd = fd, .done = hear }
	};
}

struct heard heard_bytes(enum gni_op_kind kind, int fd, void *buf, size_t len)
{
	struct heard h = heard(kind, fd);

	h.op.buf = buf;
	h.op.len = len;
	return h;
}

struct heard heard_connect(int fd, const gn_addr *addr)
{
	struct heard h = heard(GNI_OP_CONNECT, fd);

	h.op.addr = addr;
	return h;
}

struct heard heard_poll(int fd, uint32_t events)
{
	struct heard h = heard(GNI_OP_POLL, fd);

	h.op.events = events;
	return h;
}

void submit(struct seam *s, struct heard *h)
{
	h->calls = 0;
	s->backend->submit(s->io, &h->op);
	assert_int_equal(h->calls, 0);
	assert_int_equal(h->op.state, GNI_OP_IN);
}

void cancel(struct seam *s, struct heard *h)
{
	int calls = h->calls;

	s->backend->cancel(s->io, &h->op);
	assert_int_equal(h->calls, calls);
}

int await(struct seam *s, struct heard *h)
{
	while (h->op.state != GNI_OP_IDLE)
		s->backend->wait(s->io, GN_NEVER);
	return h->result;
}

int do_op(struct seam *s, struct heard *h)
{
	int result;

	submit(s, h);
	result = await(s, h);
	assert_int_equal(h->calls, 1);
	assert_false(h->more);
	return result;
}

int do_recv(struct seam *s, int fd, void *buf, size_t len)
{
	struct heard h = heard_bytes(GNI_OP_RECV, fd, buf, len);

	return do_op(s, &h);
}

int do_send(struct seam *s, int fd, const void *buf, size_t len)
{
	struct heard h = heard_bytes(GNI_OP_SEND, fd, (void *)(uintptr_t)buf,
				     len);

	return do_op(s, &h);
}

int do_accept(struct seam *s, int listener)
{
	struct heard h = heard(GNI_OP_ACCEPT, listener);

	return do_op(s, &h);
}

int do_poll(struct seam *s, int fd, uint32_t events)
{
	struct heard h = heard_poll(fd, events);

	return do_op(s, &h);
}

int do_connect(struct seam *s, int fd, const gn_addr *addr)
{
	struct heard h = heard_connect(fd, addr);

	return do_op(s, &h);
}

void turns(struct seam *s)
{
	for (int i = 0; i < TURNS; i++)
		s->backend->wait(s->io, GN_NOW);
}

void assert_in(struct seam *s, const struct heard *h)
{
	turns(s);
	assert_int_equal(h->calls, 0);
	assert_int_not_equal(h->op.state, GNI_OP_IDLE);
}

gn_addr any_addr(int family)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	sa_family_t local = AF_UNIX;
	gn_addr addr;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (family == AF_INET)
		gni_addr_set(&addr, GN_TCP, &in, sizeof in);
	else if (family == AF_INET6)
		gni_addr_set(&addr, GN_TCP, &in6, sizeof in6);
	else
		gni_addr_set(&addr, GN_UNIX, &local, sizeof local);
	return addr;
}

gn_addr name_of(struct seam *s, int fd, bool peer)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	gn_addr addr;

	assert_int_equal(s->calls->name(s->io, fd, peer, &name, &len), 0);
	gni_addr_set(&addr, GN_TCP, &name, len);
	return addr;
}

int socket_open(struct seam *s, int family, int type)
{
	int fd = s->calls->socket(s->io, family, type, 0);

	assert_true(fd > STDERR_FILENO);
	return fd;
}

int bound_open(struct seam *s, int family, int type, gn_addr *addr)
{
	int fd = socket_open(s, family, type);
	struct gni_file file;

	*addr = any_addr(family);
	assert_int_equal(s->calls->bind(s->io, fd, addr, -1, &file), 0);
	assert_int_equal(file.inode, 0);
	*addr = name_of(s, fd, false);
	return fd;
}

int listener_open(struct seam *s, int backlog, gn_addr *addr)
{
	int fd = bound_open(s, s->family, SOCK_STREAM, addr);

	assert_int_equal(s->calls->listen(s->io, fd, backlog), 0);
	return fd;
}

void pair_open(struct seam *s, int fd[2])
{
	gn_addr addr;
	int listener = listener_open(s, 8, &addr);
	struct heard accepted = heard(GNI_OP_ACCEPT, listener);

	fd[0] = socket_open(s, s->family, SOCK_STREAM);
	submit(s, &accepted);
	assert_int_equal(do_connect(s, fd[0], &addr), 0);
	fd[1] = await(s, &accepted);
	assert_true(fd[1] > STDERR_FILENO);
	s->calls->close(s->io, listener);
}

void pair_close(struct seam *s, const int fd[2])
{
	s->calls->close(s->io, fd[0]);
	s->calls->close(s->io, fd[1]);
}

void unix_pair(struct seam *s, int type, int fd[2])
{
	assert_int_equal(s->calls->pair(s->io, type, fd), 0);
}

ssize_t send_now(struct seam *s, int fd, const void *buf, size_t len)
{
	struct iovec vector = { .iov_base = (void *)(uintptr_t)buf,
				.iov_len = len };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1 };

	return s->calls->send(s->io, fd, &m, 0);
}

ssize_t recv_now(struct seam *s, int fd, void *buf, size_t len)
{
	struct iovec vector = { .iov_base = buf, .iov_len = len };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1 };

	return s->calls->recv(s->io, fd, &m, 0);
}

size_t fill(struct seam *s, int fd)
{
	static const char zeros[4096];
	size_t sum = 0;
	ssize_t n;

	while ((n = send_now(s, fd, zeros, sizeof zeros)) > 0)
		sum += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	return sum;
}

void in_child(struct seam *s, void (*prepare)(void),
	      int (*part)(struct seam *s))
{
	struct seam own = *s;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (prepare)
			prepare();
		if (s->open(&own.io) < 0)
			_exit(255);
		own.backend = own.io->backend;
		own.calls = own.backend->calls;
		_exit(part(&own) % 256);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
