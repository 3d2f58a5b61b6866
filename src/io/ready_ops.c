/*
 * ready_ops.c: one try of each kind of operation.  Nothing here waits, and
 * nothing here may clear a readiness bit unless the kernel has just said, or
 * it follows, that nothing is left: the next event comes only after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "addr/addr.h"
#include "io/ready.h"
#include "io/sys.h"

/* Receives of these leave the queue of ordinary bytes alone, so that what
 * they find says nothing about it. */
#define ASIDE_FLAGS (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE)

static int option_of(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value;

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0)
		return -errno;
	return value;
}

/*
 * Streams whose short counts mean something.  TCP with an upper layer (the
 * kernel's TLS) stops at record ends, so it is not one; asking for the layer's
 * name tells TCP from everything else too.
 */
static enum gni_stream stream_of(int fd)
{
	char layer[16];
	socklen_t len = sizeof layer;

	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, layer, &len) == 0)
		return len == 0 ? GNI_STREAM_TCP : GNI_STREAM_NONE;
	if (option_of(fd, SO_DOMAIN) == AF_UNIX &&
	    option_of(fd, SO_TYPE) == SOCK_STREAM)
		return GNI_STREAM_UNIX;
	return GNI_STREAM_NONE;
}

/* A fiber's own buffer as a message. */
struct plain {
	struct msghdr message;
	struct iovec vector;
};

static struct msghdr *message_of(struct plain *p, const struct gni_op *op)
{
	if (op->message)
		return op->message;
	p->vector = (struct iovec){ .iov_base = op->buf, .iov_len = op->len };
	p->message = (struct msghdr){ .msg_iov = &p->vector, .msg_iovlen = 1 };
	return &p->message;
}

static size_t len_of(const struct gni_op *op)
{
	size_t sum = 0;

	if (!op->message)
		return op->len;
	for (size_t i = 0; i < op->message->msg_iovlen; i++)
		sum += op->message->msg_iov[i].iov_len;
	return sum;
}

/*
 * Tells after a receive of n bytes whether the queue must be empty.  TCP stops
 * early only at urgent data or at the end, which both are loud.  Unix stops
 * early where descriptors or credentials came along too, which it reports: in
 * the control data, or as truncated when there was no place for them.
 */
static bool drained(struct gni_slot *s, const struct gni_op *op, ssize_t n,
		    const struct msghdr *m)
{
	if (n <= 0 || (size_t)n >= len_of(op) || op->flags & ASIDE_FLAGS ||
	    s->ready & GNI_READY_LOUD)
		return false;
	if (s->stream == GNI_STREAM_UNKNOWN)
		s->stream = (uint8_t)stream_of(op->fd);
	if (s->stream == GNI_STREAM_UNIX)
		return m && !m->msg_controllen && !(m->msg_flags & MSG_CTRUNC);
	return s->stream == GNI_STREAM_TCP;
}

static int recv_once(struct gni_slot *s, struct gni_op *op)
{
	int flags = op->flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
	struct msghdr *m = NULL;
	struct plain p;
	ssize_t n;

	if (op->message || s->stream == GNI_STREAM_UNIX)
		m = message_of(&p, op);
	do
		n = m ? recvmsg(op->fd, m, flags)
		      : recv(op->fd, op->buf, op->len, flags);
	while (gni_sys_again(&n));
	if (n == -EAGAIN) {
		if (!(op->flags & ASIDE_FLAGS))
			s->ready &= GNI_READY_OUT;
		return GNI_TRY_WAIT;
	}
	if (drained(s, op, n, m))
		s->ready &= (uint8_t)~GNI_READY_IN;
	return (int)n;
}

static bool is_unix(const void *sockaddr)
{
	sa_family_t family;

	memcpy(&family, sockaddr, sizeof family);
	return family == AF_UNIX;
}

/* A datagram to a Unix socket that is not connected to waits for room in a
 * queue of which nobody tells. */
static bool is_unheard(const struct gni_op *op)
{
	return op->message && op->message->msg_name &&
	       is_unix(op->message->msg_name);
}

/* TCP takes less than it was given only when its buffer is full. */
static bool filled(struct gni_slot *s, const struct gni_op *op, ssize_t n)
{
	if (n < 0 || (size_t)n >= len_of(op) || s->ready & GNI_READY_LOUD)
		return false;
	if (s->stream == GNI_STREAM_UNKNOWN)
		s->stream = (uint8_t)stream_of(op->fd);
	return s->stream == GNI_STREAM_TCP;
}

static int send_once(struct gni_slot *s, struct gni_op *op)
{
	int flags = op->flags | MSG_DONTWAIT | MSG_NOSIGNAL;
	ssize_t n;

	do
		n = op->message ? sendmsg(op->fd, op->message, flags)
				: send(op->fd, op->buf, op->len, flags);
	while (gni_sys_again(&n));
	if (n == -EAGAIN && is_unheard(op))
		return GNI_TRY_PAUSE;
	if (n == -EAGAIN || filled(s, op, n))
		s->ready &= (uint8_t)~GNI_READY_OUT;
	return n == -EAGAIN ? GNI_TRY_WAIT : (int)n;
}

/* accept has no MSG_DONTWAIT, and a client that gave up would block it. */
static int accept_once(struct gni_slot *s, struct gni_op *op)
{
	ssize_t fd;

	if (!s->nonblock) {
		int result = gni_sys_nonblock(op->fd, true);

		if (result < 0)
			return result;
		s->nonblock = true;
		s->restore = result > 0;
	}
	do
		fd = accept4(op->fd, NULL, NULL, SOCK_CLOEXEC);
	while (gni_sys_again(&fd));
	if (fd == -EAGAIN) {
		s->ready &= GNI_READY_OUT;
		return GNI_TRY_WAIT;
	}
	return fd < 0 ? (int)fd : gni_sys_high((int)fd);
}

/*
 * A connect under way is asked about by connecting again, which answers
 * exactly: under way, done, or why it failed.
 */
static int connect_once(struct gni_slot *s, struct gni_op *op)
{
	const struct sockaddr *to = gni_addr_sockaddr(op->addr);
	int result = s->restore ? 0 : gni_sys_nonblock(op->fd, true);
	ssize_t n;

	if (result < 0)
		return result;
	s->restore |= result > 0;
	do
		n = connect(op->fd, to, op->addr->len);
	while (gni_sys_again(&n));
	if (n == -EINPROGRESS || n == -EALREADY) {
		s->ready = 0;
		return GNI_TRY_WAIT;
	}
	if (n == -EAGAIN && is_unix(to))
		return GNI_TRY_PAUSE;
	return (int)n;
}

static int poll_once(struct gni_slot *s, struct gni_op *op)
{
	struct pollfd p = { .fd = op->fd, .events = (short)op->events };
	ssize_t n;

	(void)s;
	do
		n = poll(&p, 1, 0);
	while (gni_sys_again(&n));
	if (n <= 0)
		return n < 0 ? (int)n : GNI_TRY_WAIT;
	return p.revents & POLLNVAL ? -EBADF : p.revents;
}

static int refuse(struct gni_slot *s, struct gni_op *op)
{
	(void)s;
	(void)op;
	return -EINVAL;
}

static const struct {
	int (*once)(struct gni_slot *s, struct gni_op *op);
	uint8_t needs;	 /* readiness without which trying is vain */
	uint8_t watches; /* directions; 0: as the events of a poll say */
	bool eager;	 /* tried at once: readiness does not tell */
} kinds[] = {
	[GNI_OP_POLL] = { poll_once, 0, 0, true },
	[GNI_OP_ACCEPT] = { accept_once, GNI_READY_IN, GNI_READY_IN, false },
	[GNI_OP_CONNECT] = { connect_once, GNI_READY_OUT,
			     GNI_READY_IN | GNI_READY_OUT, true },
	[GNI_OP_RECV] = { recv_once, GNI_READY_IN, GNI_READY_IN, false },
	[GNI_OP_SEND] = { send_once, GNI_READY_OUT, GNI_READY_OUT, false },
	[GNI_OP_ACCEPT_MULTI] = { refuse, 0, 0, true },
	[GNI_OP_RECV_MULTI] = { refuse, 0, 0, true },
};

int gni_ready_try(struct gni_slot *s, struct gni_op *op)
{
	return kinds[op->kind].once(s, op);
}

bool gni_ready_hopeful(const struct gni_slot *s, const struct gni_op *op,
		       bool fresh)
{
	unsigned needs = kinds[op->kind].needs;

	if (fresh && (kinds[op->kind].eager || op->state == GNI_OP_CANCELED))
		return true;
	return (!fresh || s->owned) && (s->ready & needs) == needs;
}

unsigned gni_ready_directions(const struct gni_op *op)
{
	unsigned directions = kinds[op->kind].watches;

	if (directions)
		return directions;
	if (op->events & (POLLOUT | POLLWRNORM | POLLWRBAND))
		directions = GNI_READY_OUT;
	if (!directions || op->events & (POLLIN | POLLPRI | POLLRDHUP |
					 POLLRDNORM | POLLRDBAND))
		directions |= GNI_READY_IN;
	return directions;
}

short gni_ready_events(const struct gni_op *op)
{
	unsigned directions = kinds[op->kind].watches;

	if (!directions)
		return (short)op->events;
	if (op->kind == GNI_OP_RECV && op->flags & MSG_ERRQUEUE)
		return 0;
	if (op->kind == GNI_OP_RECV && op->flags & MSG_OOB)
		return POLLPRI;
	return (short)((directions & GNI_READY_IN ? POLLIN : 0) |
		       (directions & GNI_READY_OUT ? POLLOUT : 0));
}

/*
 * A descriptor of a foreign library may have been closed and its number taken
 * anew without our knowing, so for those the poller is always asked.
 */
int gni_ready_watch(struct gni_ready *r, struct gni_slot *s,
		    const struct gni_op *op)
{
	bool owned = op->kind != GNI_OP_POLL;
	int result;

	if (owned && s->owned && !(gni_ready_directions(op) & ~s->watched))
		return 0;
	result = r->watch(r, s, op);
	if (result == 0)
		s->owned |= owned;
	return result;
}

void gni_ready_end(struct gni_slot *s, const struct gni_op *op)
{
	if (op->kind != GNI_OP_CONNECT || !s->restore)
		return;
	gni_sys_nonblock(op->fd, false);
	s->restore = false;
}
