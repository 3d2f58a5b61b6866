/* uring_test.h: an operation that remembers its completions, and sockets for
 * it; what the tests of the ring share. */
#ifndef GNI_IO_URING_TEST_H
#define GNI_IO_URING_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/io.h"

#define TINY 4 /* places in a ring that is soon full */

struct heard {
	struct gni_op op;
	int calls;  /* how often done was called */
	int result; /* of the last call */
	bool more;
};

static inline void hear(struct gni_op *op, int result, bool more)
{
	struct heard *h = GNI_OWNER(op, struct heard, op);

	assert_int_equal(op->state == GNI_OP_IDLE, !more);
	h->calls++;
	h->result = result;
	h->more = more;
}

/* The first line of a main: without rings from the kernel, which is asked by
 * hand, there is nothing to test. */
static inline void end_without_ring(void)
{
	struct io_uring_params params = { .flags = 0 };
	long fd = syscall(SYS_io_uring_setup, 4, &params);

	if (fd >= 0) {
		close((int)fd);
		return;
	}
	puts("1..0 # SKIP io_uring is refused here");
	exit(0);
}

/* A fresh operation of a kind on a descriptor. */
static inline struct heard heard(enum gni_op_kind kind, int fd)
{
	return (struct heard){ .op = { .kind = (uint8_t)kind, .fd = fd,
				       .done = hear } };
}

static inline struct gni_io *ring_open(unsigned features_off, unsigned entries)
{
	struct gni_io *io;

	assert_int_equal(gni_uring_open(&io, features_off, entries), 0);
	return io;
}

static inline void submit(struct gni_io *io, struct heard *h)
{
	io->backend->submit(io, &h->op);
}

/* Waits until the operation was heard of so many times. */
static inline void await(struct gni_io *io, const struct heard *h, int calls)
{
	while (h->calls < calls)
		io->backend->wait(io, GN_NEVER);
}

/* One wait that does not wait. */
static inline void turn(struct gni_io *io)
{
	io->backend->wait(io, GN_NOW);
}

static inline void pair_open(int type, int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd), 0);
}

static inline void pair_close(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* A listening TCP socket on a free port of this machine, and its address. */
static inline int listener_open(int type, gn_addr *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, SOMAXCONN), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*addr = (gn_addr){ .kind = GN_TCP, .len = sizeof in };
	memcpy(addr->sockaddr, &in, sizeof in);
	return fd;
}

/* A connected pair on a ring of its own: the first end's operations wait. */
struct scene {
	struct gni_io *io;
	int fd[2];
	char buf[8];
	struct heard op;
};

static inline struct scene *scene_open(enum gni_op_kind kind, unsigned entries)
{
	struct scene *s = calloc(1, sizeof *s);

	s->io = ring_open(0, entries);
	pair_open(SOCK_STREAM, s->fd);
	s->op = heard(kind, s->fd[0]);
	s->op.op.buf = s->buf;
	s->op.op.len = sizeof s->buf;
	return s;
}

static inline void scene_close(struct scene *s)
{
	pair_close(s->fd);
	s->io->backend->close(s->io);
	free(s);
}

static inline void cancel(struct scene *s)
{
	s->io->backend->cancel(s->io, &s->op.op);
}

#endif
