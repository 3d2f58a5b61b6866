/*
 * localstream.c: Unix streams.  Each send makes pieces of its own, and what a
 * piece counts against the sender's buffer is more than its bytes, so that
 * many small sends fill it soon, as with Linux.
 */
#include <errno.h>

#include "io/sim/local.h"
#include "io/sim/localname.h"
#include "io/sim/trouble.h"

/* Linux: a page without its tail, and 32 KiB of pages beside it. */
#define HEAD_MAX 3776
#define PIECE_MAX (HEAD_MAX + 32768)

static size_t piece_len(const struct gni_node *node, size_t rest)
{
	size_t most = (size_t)node->options.send_bytes / 2 - 64;

	if (rest < most)
		most = rest;
	return most < PIECE_MAX ? most : PIECE_MAX;
}

static int put(struct gni_node *node, const struct msghdr *m, size_t offset,
	       size_t len)
{
	struct gni_parcel *l = gni_parcel_new(m, offset, len);

	if (!l)
		return -ENOBUFS;
	l->charge = gni_parcel_charge(len, HEAD_MAX);
	l->sender = node;
	node->charged += l->charge;
	gni_inbox_put(&node->peer->inbox, l, node->net->now);
	return 0;
}

static int refuse(struct gni_node *node, const struct msghdr *m, int flags)
{
	bool connected = node->state == GNI_NODE_CONNECTED;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->msg_name && m->msg_namelen)
		return connected ? -EISCONN : -EOPNOTSUPP;
	if (!connected)
		return -ENOTCONN;
	if (node->shut & GNI_SHUT_WR)
		return -EPIPE;
	if (node->error)
		return gni_node_error(node);
	return 0;
}

static ssize_t stream_send(struct gni_node *node, const struct msghdr *m,
			   int flags)
{
	size_t len = gni_message_len(m), done = 0;
	int result = refuse(node, m, flags);

	if (result < 0 || len == 0)
		return result;
	if (node->peer->shut & GNI_SHUT_RD)
		return -EPIPE; /* it refused before it was connected */
	len = gni_draw_accepted(node->net->tape, len);
	len = gni_trouble_short(node->place, len);
	while (done < len) {
		size_t piece = piece_len(node, len - done);

		if (node->charged >= (size_t)node->options.send_bytes)
			result = -EAGAIN;
		else
			result = put(node, m, done, piece);
		if (result < 0)
			break;
		done += piece;
	}
	if (done)
		gni_node_changed(node->peer);
	return done ? (ssize_t)done : result;
}

static int nothing(struct gni_node *node)
{
	if (node->error)
		return gni_node_error(node);
	return node->shut & GNI_SHUT_RD ? 0 : -EAGAIN;
}

/* Copies len bytes of the pieces from the first on; they stay. */
static void copy(struct gni_inbox *box, struct msghdr *m, size_t len)
{
	struct gni_list *at = box->parcels.next;
	size_t done = 0;

	for (; done < len; at = at->next) {
		struct gni_parcel *l = GNI_OWNER(at, struct gni_parcel, link);
		size_t step = l->len - l->taken;

		if (step > len - done)
			step = len - done;
		gni_message_write(m, done, l->bytes + l->taken, step);
		done += step;
	}
}

static void drop(struct gni_inbox *box, size_t len)
{
	while (len) {
		struct gni_parcel *l = gni_inbox_first(box);
		size_t step = l->len - l->taken;

		if (step > len) {
			l->taken += len;
			box->len -= len;
			return;
		}
		gni_parcel_free(gni_inbox_pop(box));
		len -= step;
	}
}

static ssize_t stream_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	size_t len = gni_message_len(m), there = node->inbox.len;

	if (node->state != GNI_NODE_CONNECTED)
		return -EINVAL;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (there == 0)
		return nothing(node);
	gni_localname_give(&gni_inbox_first(&node->inbox)->sender->own_name, m);
	len = gni_draw_taken(node->net->tape, len < there ? len : there);
	len = gni_trouble_short(node->place, len);
	copy(&node->inbox, m, len);
	if (!(flags & MSG_PEEK))
		drop(&node->inbox, len);
	return (ssize_t)len;
}

const struct gni_protocol gni_sim_local_stream = {
	.bind = gni_localname_bind,
	.listen = gni_local_listen,
	.connect = gni_local_connect,
	.send = stream_send,
	.recv = stream_recv,
	.shutdown = gni_local_shutdown,
	.poll = gni_local_poll,
	.name = gni_localname_tell,
	.close = gni_local_close,
	.vanish = gni_localname_leave,
};
