/*
 * input.c: receiving from a stream.
 *
 * Where the backend has standing operations one multishot receive is armed at
 * the first wait and stays: what comes goes to the fiber that waits for it,
 * and what nobody waits for into the queue, up to its bound; then the
 * operation is cancelled and the peer feels the window.  Elsewhere, and while
 * what comes is large, a call operation receives straight into the caller's
 * buffer.
 */
#include "sock/input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sock/pipe.h"

/* A result of a wait for the standing operation that is no count and no error:
 * it was cancelled for the sake of large receives. */
#define GO_DIRECT (-EAGAIN)

static void wake_reader(gn_sock *s, int result)
{
	s->in.into = NULL;
	gni_sock_wake(&s->reader, result);
}

/* Bytes came: the waiting fiber's buffer first, the rest into the queue.  A
 * queue that finds no memory ends the stream; nothing is dropped silently. */
static int store(gn_sock *s, const uint8_t *bytes, size_t len)
{
	struct gni_input *in = &s->in;
	size_t direct = 0;

	if (s->reader && in->into) {
		direct = len < in->room ? len : in->room;
		memcpy(in->into, bytes, direct);
	}
	if (direct < len &&
	    !gni_bytes_put(&in->queue, bytes + direct, len - direct)) {
		in->error = ENOMEM;
		return direct > 0 ? (int)direct : -ENOMEM;
	}
	return direct > 0 ? (int)direct : (int)len;
}

/* Counts the large ones among what came, of which the reader's buffer takes
 * all. */
static void note_size(struct gni_input *in, size_t len)
{
	if (!in->into || in->room < len || len < GNI_RECV_LARGE)
		in->large = 0;
	else if (in->large < GNI_RECV_LARGE_ROW)
		in->large++;
}

static bool is_large(const gn_sock *s)
{
	return s->in.large == GNI_RECV_LARGE_ROW;
}

/* A connection that is no more though we have not ended it: the send under way
 * has been, or will be, told why. */
static bool is_gone(const gn_sock *s)
{
	struct gni_loop *l = s->loop;
	struct sockaddr_storage name;
	socklen_t len = sizeof name;

	if (s->kind != GN_TCP ||
	    (!s->writer && s->far->op.state == GNI_OP_IDLE))
		return false;
	return l->calls->name(l->io, s->fd, true, &name, &len) == -ENOTCONN;
}

/*
 * The kernel tells one caller alone that a connection broke, and the next that
 * it ended: what a send was told must not look like the peer's end here.
 * Gives what the reader is to be told.
 */
static int note_end(gn_sock *s, int result)
{
	if (result == 0 && gni_sock_breaks(s->out.error))
		result = -s->out.error;
	else if (result == 0 && is_gone(s))
		result = -ECONNRESET;
	if (result == 0)
		s->in.ended = true;
	else if (result != -ECANCELED && !gni_sock_lacks(-result))
		s->in.error = -result;
	return result;
}

/*
 * The operation paused while a fiber waits.  What is here by now is taken at
 * once: the deadline may strike before the operation, begun anew, is tried.
 * What there is no memory for stays where it is.  True if that ended the wait.
 */
static bool take_now(gn_sock *s)
{
	struct gni_input *in = &s->in;
	struct gni_loop *l = s->loop;
	bool queued = !in->into;
	struct iovec piece = { in->into, in->room };
	struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (queued)
		piece = (struct iovec){ gni_bytes_room(&in->queue,
						       GNI_RECV_CHUNK),
					GNI_RECV_CHUNK };
	if (!piece.iov_base) {
		wake_reader(s, GN_ENOMEM);
		return true;
	}
	n = l->calls->recv(l->io, s->fd, &m, 0);
	if (queued)
		gni_bytes_added(&in->queue, n > 0 ? (size_t)n : 0);
	if (n == -EAGAIN)
		return false;
	if (n <= 0)
		n = note_end(s, (int)n);
	wake_reader(s, (int)n);
	return true;
}

/* What the standing operation may bring before it pauses: half of what is left,
 * since with a byte less the kernel brings as much again. */
static void set_limit(gn_sock *s)
{
	size_t queued = gni_bytes_count(&s->in.queue);
	size_t left = s->in.ahead_bytes > queued ?
			      s->in.ahead_bytes - queued : 0;

	s->in.op.len = (left > GNI_RECV_CHUNK ? left : GNI_RECV_CHUNK) / 2;
}

static void take_in(gn_sock *s, const uint8_t *bytes, size_t len)
{
	note_size(&s->in, len);
	wake_reader(s, store(s, bytes, len));
	set_limit(s);
}

/* Whether the standing operation had better end: nobody takes what it brings,
 * or it brings what is better received without it. */
static bool had_enough(const gn_sock *s)
{
	return !s->reader && (is_large(s) ||
			      gni_bytes_count(&s->in.queue) >=
				      s->in.ahead_bytes);
}

/* It is over while a fiber waits for more: true if that wait is, too. */
static bool go_on(gn_sock *s)
{
	if (take_now(s))
		return true;
	if (!is_large(s) || !s->in.into)
		return false;
	wake_reader(s, GO_DIRECT);
	return true;
}

static void arrived(struct gni_op *op, int result, bool more)
{
	gn_sock *s = GNI_OWNER(op, gn_sock, in.op);
	struct gni_loop *l = s->loop;
	bool paused = result == -ECANCELED || result == -ENOBUFS;

	if (result > 0 && s->closing)
		s->unread_seen = true;
	else if (result > 0 && s->in.error)
		l->backend->cancel(l->io, op); /* some before were lost */
	else if (result > 0)
		take_in(s, op->arrived, (size_t)result);
	else
		result = note_end(s, result);
	if (s->closing) {
		gni_close_step(s);
		return;
	}
	if (!paused && result <= 0)
		wake_reader(s, result);
	if (!more && s->reader && !go_on(s))
		l->backend->submit(l->io, op);
	else if (more && had_enough(s))
		l->backend->cancel(l->io, op);
	gni_sock_idle(s);
}

int gni_input_over(const gn_sock *s)
{
	if (s->in.error)
		return -s->in.error;
	return s->in.ended ? 0 : 1;
}

static void arm(gn_sock *s, struct gni_loop *l)
{
	struct gni_op *op = &s->in.op;

	if (op->state != GNI_OP_IDLE)
		return;
	op->kind = GNI_OP_RECV_MULTI;
	op->fd = s->fd;
	set_limit(s);
	op->done = arrived;
	l->backend->submit(l->io, op);
}

/* Waits for the standing operation, which outlives the wait. */
static ssize_t wait_standing(gn_sock *s, void *buf, size_t len,
			     enum gni_verb verb, gn_time until)
{
	int result;

	arm(s, s->loop);
	s->in.into = buf;
	s->in.room = len;
	result = gni_sock_wait(s, &s->reader, verb, until);
	/* Who was struck leaves no buffer behind, and takes nobody's away. */
	if (!s->reader)
		s->in.into = NULL;
	return result;
}

/* One receive of its own, into the caller's buffer or the queue.  Apart, since
 * the frames of those that wait should be few lines of the cache. */
static __attribute__((noinline)) ssize_t
wait_call(gn_sock *s, void *buf, size_t len, enum gni_verb verb, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_RECV, .fd = s->fd,
				      .buf = buf, .len = len } };
	ssize_t result;

	if (!buf) {
		c.op.buf = gni_bytes_room(&s->in.queue, GNI_RECV_CHUNK);
		c.op.len = GNI_RECV_CHUNK;
		if (!c.op.buf)
			return GN_ENOMEM;
	}
	result = gni_sock_call(s, &s->reader, &c, verb, until);
	if (!buf)
		gni_bytes_added(&s->in.queue, result > 0 ? (size_t)result : 0);
	if (result <= 0 && result > GN_ETIMEOUT)
		result = note_end(s, (int)result);
	if (result < (ssize_t)GNI_RECV_LARGE / 2)
		s->in.large = 0;
	return result;
}

static bool stands(const gn_sock *s)
{
	return s->loop->io->multishot &&
	       (s->kind == GN_TCP || s->kind == GN_UNIX);
}

/* Whether a large receive is expected which has its place. */
static bool takes_direct(const gn_sock *s, const void *buf, size_t len)
{
	return is_large(s) && s->in.op.state == GNI_OP_IDLE && buf &&
	       len >= GNI_RECV_LARGE;
}

ssize_t gni_input_more(gn_sock *s, void *buf, size_t len, enum gni_verb verb,
		       gn_time until)
{
	if (gni_input_over(s) <= 0)
		return gni_input_over(s);
	if (s->kind == GN_PIPE)
		return gni_pipe_more(s, buf, len, verb, until);
	if (stands(s) && !takes_direct(s, buf, len)) {
		ssize_t result = wait_standing(s, buf, len, verb, until);

		if (result != GO_DIRECT)
			return result;
		if (gni_task_cancelled(s->loop->current))
			return GN_ECANCELED;
	}
	return wait_call(s, buf, len, verb, until);
}

int gni_input_poll(gn_sock *s, enum gni_verb verb, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_POLL, .fd = s->fd,
				      .events = POLLIN } };
	ssize_t result;

	if (gni_bytes_count(&s->in.queue) > 0 || gni_input_over(s) <= 0)
		return 0;
	if (stands(s) && (!is_large(s) || s->in.op.state != GNI_OP_IDLE)) {
		result = wait_standing(s, NULL, 0, verb, until);
		return result > GN_ETIMEOUT ? 0 : (int)result;
	}
	result = gni_sock_call(s, &s->reader, &c, verb, until);
	return result > 0 ? 0 : (int)result;
}

/* Takes what is queued into the pieces, in order. */
static ssize_t take_queued(gn_sock *s, const struct iovec *pieces, int count)
{
	ssize_t taken = 0;

	for (int i = 0; i < count && gni_bytes_count(&s->in.queue) > 0; i++)
		taken += (ssize_t)gni_bytes_take(&s->in.queue,
						 pieces[i].iov_base,
						 pieces[i].iov_len);
	return taken;
}

ssize_t gni_input_recv(gn_sock *s, const struct iovec *pieces, int count,
		       enum gni_verb verb, gn_time until)
{
	bool one = count == 1;
	ssize_t n;

	if (gni_bytes_count(&s->in.queue) > 0) {
		n = take_queued(s, pieces, count);
		gni_task_note(s->loop->current, "take", NULL,
			      gni_sock_about(s), n);
		gni_loop_pace(s->loop, (size_t)n);
		return n;
	}
	n = gni_input_more(s, one ? pieces[0].iov_base : NULL,
			   one ? pieces[0].iov_len : 0, verb, until);
	if (n > 0 && !one)
		return take_queued(s, pieces, count);
	return n;
}
