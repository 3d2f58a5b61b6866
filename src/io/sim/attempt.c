/*
 * attempt.c: an operation is tried.  Nothing is taken from a socket before its
 * done can be called, so that no byte is ever between the two.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "io/sim/listener.h"
#include "io/sim/node.h"
#include "io/sim/op.h"
#include "io/sim/trouble.h"

/* What a standing receive gives at once from a stream: enough that large
 * receives are known for such. */
#define PIECE 16384

/* What it gives from a datagram socket: the longest one. */
#define DATAGRAM 65536

static struct gni_node *node_of(const struct gni_op *op)
{
	return op->backend;
}

static int try_poll(struct gni_node *node, struct gni_op *op)
{
	unsigned asked = op->events | POLLERR | POLLHUP;
	unsigned events = node->does->poll(node) & asked;

	if (events == 0 && gni_trouble_misleads(node))
		events = op->events & (POLLIN | POLLOUT);
	return events ? (int)events : -EAGAIN;
}

static int try_accept(struct gni_node *node, struct gni_op *op)
{
	(void)op;
	return gni_listener_accept(node);
}

static int try_connect(struct gni_node *node, struct gni_op *op)
{
	int result;

	if (node->connector != op) {
		result = node->does->connect(node, op->addr);
		if (result != -EINPROGRESS)
			return result;
		node->connector = op;
		return -EAGAIN;
	}
	if (node->state == GNI_NODE_CONNECTING)
		return -EAGAIN;
	if (node->state == GNI_NODE_CONNECTED)
		return 0;
	result = gni_node_error(node);
	node->shut = 0;
	return result ? result : -ECONNABORTED;
}

static struct msghdr *message_of(struct gni_op *op, struct msghdr *m,
				 struct iovec *v)
{
	if (op->message)
		return op->message;
	*v = (struct iovec){ op->buf, op->len };
	*m = (struct msghdr){ .msg_iov = v, .msg_iovlen = 1 };
	return m;
}

static int try_recv(struct gni_node *node, struct gni_op *op)
{
	struct iovec v;
	struct msghdr own, *m = message_of(op, &own, &v);

	return (int)gni_node_recv(node, m, op->flags);
}

static int try_send(struct gni_node *node, struct gni_op *op)
{
	struct iovec v;
	struct msghdr own, *m = message_of(op, &own, &v);

	return (int)node->does->send(node, m, op->flags);
}

static int (*const tries[])(struct gni_node *node, struct gni_op *op) = {
	[GNI_OP_POLL] = try_poll,
	[GNI_OP_ACCEPT] = try_accept,
	[GNI_OP_CONNECT] = try_connect,
	[GNI_OP_RECV] = try_recv,
	[GNI_OP_SEND] = try_send,
};

static bool may_wait(const struct gni_op *op)
{
	if (op->kind != GNI_OP_RECV && op->kind != GNI_OP_SEND)
		return true;
	return !(op->flags & MSG_DONTWAIT);
}

/* What would wait does so at its socket, unless a cancel was asked for. */
static bool park(struct gni_net *net, struct gni_op *op)
{
	if (op->state == GNI_OP_CANCELED) {
		gni_op_complete(net, op, -ECANCELED, false);
		return true;
	}
	gni_list_add(&node_of(op)->ops, &op->link);
	return false;
}

static const uint8_t attempts[] = {
	[GNI_OP_POLL] = GNI_ATTEMPT_POLL,
	[GNI_OP_CONNECT] = GNI_ATTEMPT_CONNECT,
	[GNI_OP_RECV] = GNI_ATTEMPT_RECV,
	[GNI_OP_SEND] = GNI_ATTEMPT_SEND,
};

/* What can happen to an operation when it is tried for the first time.  A
 * connection's own troubles are the listener's matter. */
static int first_trouble(const struct gni_op *op)
{
	struct gni_place *place = node_of(op)->place;

	if (gni_trouble_interrupts(place))
		return -EINTR;
	if (op->kind != GNI_OP_POLL && gni_trouble_misleads(node_of(op)))
		return -EINTR;
	if (op->kind == GNI_OP_ACCEPT)
		return 0;
	return gni_trouble(place, attempts[op->kind]);
}

static bool try_once(struct gni_net *net, struct gni_op *op)
{
	int result = op->tried ? 0 : first_trouble(op);

	op->tried = true;
	if (result == -EINTR) { /* begun again, as the real backends do */
		gni_op_ready(net, op);
		return false;
	}
	if (result == 0)
		result = tries[op->kind](node_of(op), op);
	if (result == -EAGAIN && may_wait(op))
		return park(net, op);
	gni_op_complete(net, op, result, false);
	return true;
}

/* A standing operation ends of itself now and then, as when the ring has no
 * room for more completions. */
static bool goes_on(struct gni_net *net)
{
	return !gni_draw_completion(net->tape, 16);
}

static bool accept_multi(struct gni_net *net, struct gni_op *op)
{
	int result = gni_listener_accept(node_of(op));

	if (result == -EAGAIN)
		return park(net, op);
	gni_op_complete(net, op, result, result >= 0 && goes_on(net));
	return true;
}

/* Each delivery has memory of its own, of its own size: whoever reads past it
 * or keeps it is caught by the sanitizers. */
static void deliver_bytes(struct gni_net *net, struct gni_op *op,
			  uint8_t *bytes, ssize_t len)
{
	uint8_t *exact = len > 0 ? realloc(bytes, (size_t)len) : NULL;

	op->arrived = exact ? exact : bytes;
	bytes = (uint8_t *)op->arrived;
	gni_op_complete(net, op, (int)len, len > 0 && goes_on(net));
	free(bytes);
}

static bool recv_multi(struct gni_net *net, struct gni_op *op)
{
	struct gni_node *node = node_of(op);
	size_t size = node->type == SOCK_STREAM ? PIECE : DATAGRAM;
	bool drawn = gni_draw_completion(net->tape, 32);
	uint8_t *bytes = drawn ? NULL : malloc(size);
	struct iovec v = { bytes, size };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t len;

	/* That a ring has no buffers is noticed when something has come. */
	if (!bytes && !drawn &&
	    !(node->does->poll(node) & (POLLIN | POLLERR | POLLHUP)))
		return park(net, op);
	if (!bytes) {
		gni_op_complete(net, op, -ENOBUFS, false);
		return true;
	}
	len = gni_trouble(node->place, GNI_ATTEMPT_RECV);
	if (len == 0)
		len = gni_node_recv(node, &m, op->flags);
	if (len == -EAGAIN) {
		free(bytes);
		return park(net, op);
	}
	deliver_bytes(net, op, bytes, len);
	return true;
}

static bool try_standing(struct gni_net *net, struct gni_op *op)
{
	if (!net->io.multishot || op->kind > GNI_OP_RECV_MULTI) {
		gni_op_complete(net, op, -EINVAL, false);
		return true;
	}
	if (op->kind == GNI_OP_ACCEPT_MULTI)
		return accept_multi(net, op);
	return recv_multi(net, op);
}

/* A cancel finds the operation before it was tried, or after: plainly a
 * standing one before, any other after. */
static bool comes_too_late(struct gni_net *net, const struct gni_op *op)
{
	bool plain = op->kind < GNI_OP_ACCEPT_MULTI;

	return gni_draw_completion(net->tape, 2) ? !plain : plain;
}

bool gni_op_try(struct gni_net *net, struct gni_op *op)
{
	int error = 0;

	if (!op->backend)
		error = -EBADF;
	else if (op->state == GNI_OP_CANCELED && !comes_too_late(net, op))
		error = -ECANCELED;
	if (error) {
		gni_op_complete(net, op, error, false);
		return true;
	}
	if (op->kind < sizeof tries / sizeof *tries)
		return try_once(net, op);
	return try_standing(net, op);
}
