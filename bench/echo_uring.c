/*
 * The echo server that a careful programmer writes by hand on io_uring: one
 * thread, one multishot accept, one multishot receive a connection into a
 * shared ring of buffers, and each answer sent through the ring from the
 * buffer it came in. It is what the other servers are measured against.
 *
 * One send a connection is in flight: two would overtake each other when the
 * socket is full. The others wait in a chain of buffers, and a descriptor is
 * closed only after its last send has completed, for its number is then free.
 * A peer that sends and never reads can hold every buffer of the ring: a limit
 * of what is compared here, not a model of a server.
 */
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "process.h"
#include "server.h"

#define SUBMISSIONS 4096
#define COMPLETIONS 32768
#define BUFFERS 512
#define BUFFER_LEN (16 * 1024)
/* A cache line more than the length: buffers that all begin at one page
 * offset fall into the same few cache sets. */
#define BUFFER_STRIDE (BUFFER_LEN + 64)
#define BUFFER_GROUP 0

enum op {
	OP_ACCEPT,
	OP_RECV,
	OP_SEND
};

/* Chains name a buffer by its number + 1, so that zero is none. These two are
 * looked at for every message: the smaller, the fewer lines of the cache. */
struct conn {
	uint16_t first; /* being sent */
	uint16_t last;
	bool ended; /* no receive is armed any more */
};

struct reply {
	unsigned len;
	uint16_t next;
};

static struct io_uring ring;
static struct io_uring_buf_ring *buffer_ring;
static uint8_t *buffers;
static uint8_t *answers; /* one a buffer, when messages are read */
static struct reply replies[BUFFERS];
static struct conn *conns;	    /* by descriptor */
static struct bench_frames *frames; /* likewise, when messages are read */
static size_t message_len;
static int listen_fd;

static struct io_uring_sqe *next_sqe(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&ring)))
		io_uring_submit(&ring);
	return sqe;
}

static void tag(struct io_uring_sqe *sqe, enum op op, int fd, unsigned buffer)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)buffer << 40 |
					     (uint64_t)(uint32_t)fd << 8 |
					     (uint64_t)op);
}

static void arm_accept(void)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_multishot_accept(sqe, listen_fd, NULL, NULL,
				       SOCK_CLOEXEC);
	tag(sqe, OP_ACCEPT, listen_fd, 0);
}

/* POLL_FIRST: after an answer there is as a rule nothing to read yet. */
static void arm_recv(int fd)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUFFER_GROUP;
	tag(sqe, OP_RECV, fd, 0);
}

static uint8_t *buffer_bytes(unsigned buffer)
{
	return buffers + (size_t)buffer * BUFFER_STRIDE;
}

/* What is sent for a buffer: its own bytes, or the answers made of them. */
static uint8_t *reply_bytes(unsigned buffer)
{
	uint8_t *start = message_len > 0 ? answers : buffers;

	return start + (size_t)buffer * BUFFER_STRIDE;
}

static void start_send(int fd, unsigned buffer)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_send(sqe, fd, reply_bytes(buffer), replies[buffer].len,
			   MSG_WAITALL | MSG_NOSIGNAL);
	tag(sqe, OP_SEND, fd, buffer);
}

static void give_back(unsigned buffer)
{
	io_uring_buf_ring_add(buffer_ring, buffer_bytes(buffer), BUFFER_LEN,
			      (unsigned short)buffer,
			      io_uring_buf_ring_mask(BUFFERS), 0);
	io_uring_buf_ring_advance(buffer_ring, 1);
}

static void reply(int fd, unsigned buffer, size_t len)
{
	struct conn *conn = &conns[fd];
	uint16_t before = conn->last;

	replies[buffer] = (struct reply){ .len = (unsigned)len };
	conn->last = (uint16_t)(buffer + 1);
	if (conn->first != 0) {
		replies[before - 1].next = conn->last;
		return;
	}
	conn->first = conn->last;
	start_send(fd, buffer);
}

static void answer(int fd, unsigned buffer, size_t len)
{
	if (message_len > 0)
		len = bench_frames_answer(&frames[fd], message_len,
					  buffer_bytes(buffer), len,
					  reply_bytes(buffer));
	if (len > 0)
		reply(fd, buffer, len);
	else
		give_back(buffer);
}

static void end_recv(int fd)
{
	conns[fd].ended = true;
	if (conns[fd].first == 0)
		close(fd);
}

static void on_recv(int fd, int result, unsigned flags)
{
	if (result > 0)
		answer(fd, flags >> IORING_CQE_BUFFER_SHIFT, (size_t)result);
	if (flags & IORING_CQE_F_MORE)
		return;
	if (result > 0 || result == -ENOBUFS)
		arm_recv(fd);
	else
		end_recv(fd);
}

/* The peer is gone: nothing more is sent, and the receive is made to end. */
static void abandon(int fd)
{
	struct conn *conn = &conns[fd];

	while (conn->first != 0) {
		unsigned buffer = conn->first - 1;

		conn->first = replies[buffer].next;
		give_back(buffer);
	}
	shutdown(fd, SHUT_RDWR);
}

static void on_send(int fd, unsigned buffer, int result)
{
	struct conn *conn = &conns[fd];

	if (result < 0 || (unsigned)result < replies[buffer].len) {
		abandon(fd);
	} else {
		conn->first = replies[buffer].next;
		give_back(buffer);
	}
	if (conn->first != 0)
		start_send(fd, conn->first - 1);
	else if (conn->ended)
		close(fd);
}

static void on_accept(int result, unsigned flags)
{
	if (result >= 0) {
		conns[result] = (struct conn){ 0 };
		frames[result].part_len = 0;
		arm_recv(result);
	} else if (result != -ECONNABORTED) {
		errno = -result;
		bench_fail("accept");
	}
	if (!(flags & IORING_CQE_F_MORE))
		arm_accept();
}

static void complete(const struct io_uring_cqe *cqe)
{
	uint64_t data = io_uring_cqe_get_data64(cqe);
	int fd = (int)(uint32_t)(data >> 8);

	switch ((enum op)(data & 0xff)) {
	case OP_ACCEPT:
		on_accept(cqe->res, cqe->flags);
		break;
	case OP_RECV:
		on_recv(fd, cqe->res, cqe->flags);
		break;
	case OP_SEND:
		on_send(fd, (unsigned)(data >> 40), cqe->res);
		break;
	}
}

/* Populated: the first touch of a page is not to be measured. */
static void *pages(size_t len)
{
	void *start = mmap(NULL, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (start == MAP_FAILED)
		bench_fail("mmap");
	return start;
}

static void open_buffers(void)
{
	struct io_uring_buf_reg reg = {
		.ring_entries = BUFFERS,
		.bgid = BUFFER_GROUP,
	};
	int error;

	buffers = pages((size_t)BUFFERS * BUFFER_STRIDE);
	if (message_len > 0)
		answers = pages((size_t)BUFFERS * BUFFER_STRIDE);
	buffer_ring = pages(BUFFERS * sizeof(struct io_uring_buf));
	reg.ring_addr = (uintptr_t)buffer_ring;
	error = io_uring_register_buf_ring(&ring, &reg, 0);
	if (error < 0) {
		errno = -error;
		bench_fail("io_uring_register_buf_ring");
	}
	io_uring_buf_ring_init(buffer_ring);
	for (unsigned buffer = 0; buffer < BUFFERS; buffer++)
		give_back(buffer);
}

static void open_ring(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_CQSIZE |
			 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
		.cq_entries = COMPLETIONS,
	};
	int error = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);

	if (error < 0) {
		errno = -error;
		bench_fail("io_uring_setup");
	}
	io_uring_register_ring_fd(&ring);
	open_buffers();
}

static void turn(void)
{
	struct io_uring_cqe *cqe;
	unsigned count = 0;
	unsigned head;
	int error = io_uring_submit_and_wait(&ring, 1);

	if (error < 0 && error != -EINTR) {
		errno = -error;
		bench_fail("io_uring_enter");
	}
	io_uring_for_each_cqe(&ring, head, cqe)
	{
		complete(cqe);
		count++;
	}
	io_uring_cq_advance(&ring, count);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_server_options(argc, argv);
	size_t files = (size_t)bench_files_raise();

	message_len = options.message_len;
	conns = calloc(files, sizeof *conns);
	frames = calloc(files, sizeof *frames);
	if (!conns || !frames)
		bench_fail("calloc");
	open_ring();
	listen_fd = bench_server_listen(options.path, 0);
	arm_accept();
	bench_server_announce(listen_fd);
	for (;;)
		turn();
}
