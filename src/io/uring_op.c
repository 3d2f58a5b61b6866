/*
 * uring_op.c: owns the words in which operations are put to the ring.  It
 * holds no state: all of it is tables.
 */
#include "io/uring_op.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "addr/addr.h"

/* The most the kernel moves in one call (MAX_RW_COUNT). */
#define LEN_MAX ((size_t)0x7ffff000)

static size_t bounded(size_t len)
{
	return len < LEN_MAX ? len : LEN_MAX;
}

/* The ring heeds no wake-up that is for urgent data alone; those of sockets
 * are for this band as well, in which no data ever is. */
static void fill_poll(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	unsigned band = op->events & POLLPRI ? POLLRDBAND : 0;

	io_uring_prep_poll_add(sqe, op->fd, op->events | band);
}

static void fill_accept(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	io_uring_prep_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
}

static void fill_accept_multi(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	io_uring_prep_multishot_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
}

static void fill_connect(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	io_uring_prep_connect(sqe, op->fd, gni_addr_sockaddr(op->addr),
			      op->addr->len);
}

static void fill_recv(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	if (op->message)
		io_uring_prep_recvmsg(sqe, op->fd, op->message,
				      (unsigned)op->flags |
					      MSG_CMSG_CLOEXEC);
	else
		io_uring_prep_recv(sqe, op->fd, op->buf, bounded(op->len),
				   op->flags);
}

/*
 * MSG_WAITALL, of a stream's owner, leaves it to the kernel to wait for room
 * and to go on after a short send.  Otherwise the kernel may not wait, since it
 * forgets between its tries what it has copied of a message: the next one
 * would send the rest of a datagram, or an empty one, or descriptors twice.
 */
static bool sends_all(const struct gni_op *op)
{
	bool descriptors = op->message && op->message->msg_controllen > 0;

	return (op->flags & MSG_WAITALL) && !descriptors;
}

static int send_flags(const struct gni_op *op)
{
	if (sends_all(op))
		return op->flags | MSG_NOSIGNAL;
	return (op->flags & ~MSG_WAITALL) | MSG_NOSIGNAL | MSG_DONTWAIT;
}

/* What a send failed with after some of its bytes went the kernel forgets. */
bool gni_uring_cut(const struct gni_op *op, int result)
{
	const struct msghdr *m = op->message;
	size_t len = m ? 0 : op->len;

	for (size_t i = 0; m && i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	return sends_all(op) && (size_t)result < bounded(len);
}

static void fill_send(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	if (op->message)
		io_uring_prep_sendmsg(sqe, op->fd, op->message,
				      (unsigned)send_flags(op));
	else
		io_uring_prep_send(sqe, op->fd, op->buf, bounded(op->len),
				   send_flags(op));
}

static void fill_recv_multi(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	io_uring_prep_recv_multishot(sqe, op->fd, NULL, 0, op->flags);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
}

/* Of one arrival, and of all until it pauses: optlen, where a fixed file's
 * index once was (6.16).  The second alone lets the last arrival exceed it by
 * as much as a buffer holds. */
static void fill_limit(struct io_uring_sqe *sqe, uint32_t len)
{
	sqe->len = len;
	sqe->file_index = len;
}

static const struct {
	void (*fill)(struct io_uring_sqe *sqe, const struct gni_op *op);
	unsigned events;  /* when it can be tried again */
	unsigned options; /* unless it was tried, and the kernel has them */
} kinds[] = {
	[GNI_OP_POLL] = { fill_poll, 0, 0 },
	[GNI_OP_ACCEPT] = { fill_accept, POLLIN, 0 },
	[GNI_OP_CONNECT] = { fill_connect, POLLOUT, 0 },
	[GNI_OP_RECV] = { fill_recv, POLLIN, IORING_RECVSEND_POLL_FIRST },
	[GNI_OP_SEND] = { fill_send, POLLOUT, 0 },
	[GNI_OP_ACCEPT_MULTI] = { fill_accept_multi, POLLIN, 0 },
	[GNI_OP_RECV_MULTI] = { fill_recv_multi, POLLIN,
				IORING_RECVSEND_POLL_FIRST },
};

/* How long to wait for what nobody tells of. */
static struct __kernel_timespec pause_time = { .tv_nsec = GN_MSEC };

void gni_uring_fill(const struct gni_ring *r, struct io_uring_sqe *sqe,
		    struct gni_op *op)
{
	unsigned stage = gni_uring_stage(op);

	if (stage & GNI_STAGE_POLLING) {
		io_uring_prep_poll_add(sqe, op->fd, kinds[op->kind].events);
	} else if (stage & GNI_STAGE_PAUSED) {
		io_uring_prep_timeout(sqe, &pause_time, 0, 0);
	} else {
		kinds[op->kind].fill(sqe, op);
		if (op->kind == GNI_OP_RECV_MULTI && r->limits)
			fill_limit(sqe, (uint32_t)bounded(op->len));
		if (r->poll_first && !(stage & GNI_STAGE_TRIED))
			sqe->ioprio |= (uint16_t)kinds[op->kind].options;
	}
	io_uring_sqe_set_data(sqe, op);
}

void gni_uring_fill_watch(struct io_uring_sqe *sqe, const struct gni_op *op)
{
	io_uring_prep_poll_add(sqe, op->fd, POLLRDHUP);
	io_uring_sqe_set_data64(sqe, (uintptr_t)op | GNI_DATA_WATCH);
}

int gni_uring_confirm(const struct gni_op *op, int events)
{
	struct pollfd asked = { .fd = op->fd, .events = (short)op->events };

	if (!(op->events & POLLPRI))
		return events;
	return poll(&asked, 1, 0) < 0 ? events : asked.revents;
}

/* Linux 6.18 calls a connect that an ICMP message has ended a success, and
 * leaves the error in the socket.  A datagram socket without a peer's port has
 * no peer's name either, and no error. */
int gni_uring_connected(const struct gni_op *op)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	int error = 0;

	if (getpeername(op->fd, (struct sockaddr *)&name, &len) == 0 ||
	    errno != ENOTCONN)
		return 0;
	len = sizeof error;
	if (getsockopt(op->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0 && op->addr->kind == GN_TCP)
		error = ECONNABORTED;
	return -error;
}

#define ANY (~0U)
#define KIND(kind) (1U << (kind))

static const struct {
	int result;
	unsigned kinds; /* a bit for each kind it is about */
	enum gni_uring_turn turn;
} turns[] = {
	/* Nobody asked for these. */
	{ -ECANCELED, ANY, GNI_TURN_AGAIN },
	{ -EINTR, ANY, GNI_TURN_AGAIN },
	/* All buffers were full; those read since have been given back. */
	{ -ENOBUFS, KIND(GNI_OP_RECV_MULTI), GNI_TURN_AGAIN },
	/* The kernel did not wait: it may not (send_flags), or older ones do
	 * not for a descriptor with O_NONBLOCK.  Of a connect it says that all
	 * ports are taken, and no poll tells when one is free again. */
	{ -EAGAIN, ANY & ~KIND(GNI_OP_POLL) & ~KIND(GNI_OP_CONNECT),
	  GNI_TURN_POLL },
	{ -EINPROGRESS, KIND(GNI_OP_CONNECT), GNI_TURN_POLL },
	{ -EALREADY, KIND(GNI_OP_CONNECT), GNI_TURN_POLL },
};

static bool is_unix(const void *sockaddr)
{
	sa_family_t family;

	memcpy(&family, sockaddr, sizeof family);
	return family == AF_UNIX;
}

/* No poll of our socket tells when another Unix socket's queue, of connections
 * or of datagrams sent without a connection, has room again. */
static bool is_unheard(const struct gni_op *op)
{
	switch (op->kind) {
	case GNI_OP_CONNECT:
		return is_unix(op->addr->sockaddr);
	case GNI_OP_SEND:
		return op->message && op->message->msg_name &&
		       is_unix(op->message->msg_name);
	default:
		return false;
	}
}

enum gni_uring_turn gni_uring_turn(const struct gni_op *op, int result)
{
	if (op->kind == GNI_OP_CONNECT && result == -EISCONN &&
	    (gni_uring_stage(op) & GNI_STAGE_TRIED))
		return GNI_TURN_DONE;
	if (result == -EAGAIN && is_unheard(op))
		return GNI_TURN_PAUSE;
	for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++)
		if (turns[i].result == result &&
		    (turns[i].kinds & KIND(op->kind)))
			return turns[i].turn;
	return GNI_TURN_TELL;
}
