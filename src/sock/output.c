/*
 * output.c: sending on a stream.
 *
 * What is sent goes straight to the kernel by one call that never waits.  Only
 * the rest of a send that the kernel refused waits, from the caller's memory.
 * Small sends are gathered while it is likely that more will follow at once;
 * they leave before the fiber waits, and what the kernel refuses of them then
 * flies by itself, in memory of the socket's, its failure the next call's.
 */
#include "sock/output.h"

#include <errno.h>
#include <string.h>

#include "sock/pieces.h"

/* Pieces that go into one system call; more take several. */
#define CALL_MAX 16

/* How long what was gathered rests when the system is short of memory: there
 * is no event for its end. */
#define REST_NS (10 * GN_MSEC)

static void flown(struct gni_op *op, int result, bool more);

/* A peer that goes on must not take the end of what came for the end of all. */
static void break_off(gn_sock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct gni_loop *l = s->loop;

	if (s->kind == GN_TCP)
		l->calls->set(l->io, s->fd, SOL_SOCKET, SO_LINGER, &reset,
			      sizeof reset);
}

static void fail_output(gn_sock *s, int error)
{
	s->out.error = error;
	if (!gni_output_empty(s) && !gni_sock_breaks(error))
		break_off(s);
	if (!s->out.queued)
		return;
	gni_bytes_free(&s->far->gathered);
	gni_bytes_free(&s->far->flying);
	s->out.queued = false;
}

static void rest_over(struct gni_timer *timer)
{
	gn_sock *s = gni_sock_of(GNI_OWNER(timer, struct gni_far, rest));

	if (gni_output_empty(s))
		return; /* a later call has sent it */
	gni_output_start(s);
	if (gni_output_empty(s))
		gni_sock_wake(&s->writer, 0);
	if (s->closing)
		gni_close_step(s);
}

/* Nothing was lost: what is queued is tried again a little later. */
static void take_rest(gn_sock *s, int error)
{
	struct gni_timers *timers = &s->loop->timers;
	struct gni_far *far = gni_sock_far(s);

	if (!s->out.rests && !gni_timer_reserve(timers)) {
		fail_output(s, error);
		return;
	}
	if (!s->out.rests)
		gni_timer_init(&far->rest, rest_over);
	s->out.rests = true;
	gni_timer_set(timers, &far->rest, gn_in(REST_NS));
}

static void fly(gn_sock *s)
{
	struct gni_op *op = &s->far->op;
	struct gni_bytes *flying = &s->far->flying;
	struct gni_loop *l = s->loop;

	op->kind = GNI_OP_SEND;
	op->fd = s->fd;
	op->flags = MSG_WAITALL;
	op->done = flown;
	op->buf = flying->memory + flying->start;
	op->len = gni_bytes_count(flying);
	l->backend->submit(l->io, op);
}

/* What was gathered meanwhile takes off when the former has landed. */
static bool next_flight(gn_sock *s)
{
	struct gni_far *far = s->far;
	struct gni_bytes landed = far->flying;

	if (!s->out.queued)
		return false;
	if (gni_bytes_count(&landed) == 0) {
		far->flying = far->gathered;
		far->gathered = landed;
	}
	s->out.queued = gni_bytes_count(&far->flying) > 0;
	return s->out.queued;
}

/* The result of an operation: EPIPE stands for what the former was not told,
 * and that was a reset, unless the peer had ended. */
static int learn(gn_sock *s, const struct gni_op *op, int result)
{
	if (result == -EPIPE && s->out.cut && !s->in.ended)
		result = -ECONNRESET;
	s->out.cut = op->cut;
	return result;
}

static void flown(struct gni_op *op, int result, bool more)
{
	gn_sock *s = gni_sock_of(GNI_OWNER(op, struct gni_far, op));
	bool lacks;

	(void)more;
	result = learn(s, op, result);
	lacks = gni_sock_lacks(-result);
	if (result >= 0)
		gni_bytes_drop(&s->far->flying, (size_t)result);
	else if (lacks)
		take_rest(s, -result);
	else if (result != -ECANCELED)
		fail_output(s, -result);
	if (!s->leaving && !s->forced && result >= 0 && next_flight(s)) {
		fly(s);
		return;
	}
	gni_sock_wake(&s->writer, 0);
	if (!s->closing)
		gni_sock_idle(s);
	else if (!lacks || s->out.error || s->forced)
		gni_close_step(s); /* else the end of the rest does */
}

/* What of a send is still to go. */
struct rest {
	const struct iovec *pieces;
	int count;
	size_t from; /* bytes of the first piece that are gone */
};

static void advance(struct rest *r, size_t n)
{
	r->from += n;
	while (r->count > 0 && r->from >= r->pieces->iov_len) {
		r->from -= r->pieces->iov_len;
		r->pieces++;
		r->count--;
	}
}

/* The next pieces, as many as one call takes; gives how many. */
static size_t next_pieces(const struct rest *r, struct iovec into[CALL_MAX])
{
	int count = r->count < CALL_MAX ? r->count : CALL_MAX;

	if (count == 0)
		return 0;
	memcpy(into, r->pieces, (size_t)count * sizeof *into);
	into[0].iov_base = (uint8_t *)into[0].iov_base + r->from;
	into[0].iov_len -= r->from;
	return (size_t)count;
}

bool gni_output_empty(const gn_sock *s)
{
	return !s->out.queued || (gni_bytes_count(&s->far->gathered) == 0 &&
				  gni_bytes_count(&s->far->flying) == 0);
}

static ssize_t call(const gn_sock *s, struct iovec *pieces, size_t count)
{
	struct msghdr m = { .msg_iov = pieces, .msg_iovlen = count };
	struct gni_loop *l = s->loop;

	return l->calls->send(l->io, s->fd, &m, 0);
}

/* One call with what is gathered and then the rest, which has several pieces
 * or comes behind something; returns as send_now. */
static ssize_t send_several(gn_sock *s, const struct rest *rest)
{
	struct gni_bytes *queue = &s->far->gathered;
	struct iovec all[1 + CALL_MAX];
	size_t queued = gni_bytes_count(queue), count = 0;
	ssize_t n;

	if (queued > 0)
		all[count++] = (struct iovec){ queue->memory + queue->start,
					       queued };
	count += next_pieces(rest, &all[count]);
	n = call(s, all, count);
	if (n < 0)
		return n;
	if ((size_t)n < queued) {
		gni_bytes_drop(queue, (size_t)n);
		return -EAGAIN;
	}
	if (queued > 0)
		gni_bytes_drop(queue, queued);
	return n - (ssize_t)queued;
}

/* One call to the kernel with what is gathered and then the rest; the bytes of
 * the rest that it took, or a negative errno. */
static ssize_t send_now(gn_sock *s, const struct rest *rest)
{
	struct iovec piece;

	if (rest->count != 1 || s->out.queued)
		return send_several(s, rest);
	piece.iov_base = (uint8_t *)rest->pieces->iov_base + rest->from;
	piece.iov_len = rest->pieces->iov_len - rest->from;
	return call(s, &piece, 1);
}

/* Sends what is gathered for as long as the kernel takes any: who exits from
 * within a fiber never comes to wait for the rest. */
static ssize_t send_gathered(gn_sock *s)
{
	struct gni_bytes *queue = &s->far->gathered;
	struct iovec piece;
	size_t taken;
	ssize_t n;

	do {
		piece.iov_base = queue->memory + queue->start;
		piece.iov_len = gni_bytes_count(queue);
		n = call(s, &piece, 1);
		taken = n > 0 ? (size_t)n : 0;
		gni_bytes_drop(queue, taken);
	} while (taken > 0 && taken < piece.iov_len);
	return n;
}

void gni_output_start(gn_sock *s)
{
	ssize_t n = 0;

	if (s->far->sock)
		gni_list_remove(&s->far->leave.link);
	s->out.corked = false;
	if (s->far->op.state != GNI_OP_IDLE)
		return;
	if (gni_bytes_count(&s->far->flying) == 0 &&
	    gni_bytes_count(&s->far->gathered) > 0)
		n = send_gathered(s);
	if (gni_sock_lacks((int)-n))
		take_rest(s, (int)-n);
	else if (n < 0 && n != -EAGAIN)
		fail_output(s, (int)-n);
	else if (next_flight(s))
		fly(s);
}

static void leave(struct gni_gathered *g)
{
	gn_sock *s = gni_sock_of(GNI_OWNER(g, struct gni_far, leave));

	gni_output_start(s);
}

int gni_output_flush(gn_sock *s, enum gni_verb verb, gn_time until)
{
	int result = 0;

	gni_output_start(s);
	while (result == 0 && !gni_output_empty(s) && s->out.error == 0)
		result = gni_sock_wait(s, &s->writer, verb, until);
	if (result == 0 && s->out.error)
		result = -s->out.error;
	return result;
}

/* Sends the rest from the caller's memory, waiting for room. */
static int send_waiting(gn_sock *s, struct rest *rest, size_t *done,
			gn_time until)
{
	int result = 0;

	while (rest->count > 0 && result >= 0) {
		struct iovec all[CALL_MAX];
		struct msghdr m = { .msg_iov = all };
		struct gni_call c = { .op = { .kind = GNI_OP_SEND,
					      .fd = s->fd,
					      .flags = MSG_WAITALL,
					      .message = &m } };

		m.msg_iovlen = next_pieces(rest, all);
		result = gni_sock_call(s, &s->writer, &c, GNI_SEND, until);
		result = learn(s, &c.op, result);
		/* Bytes that went count, also if a close struck then. */
		if (c.wait.result > 0) {
			advance(rest, (size_t)c.wait.result);
			*done += (size_t)c.wait.result;
		}
	}
	return result < 0 ? result : 0;
}

/* What the kernel would not take at once; what is queued goes first. */
static int send_late(gn_sock *s, struct rest *rest, size_t *done,
		     gn_time until)
{
	int result = 0;

	if (!gn_time_before(gn_now(), until))
		return GN_ETIMEOUT;
	if (!gni_output_empty(s))
		result = gni_output_flush(s, GNI_SEND, until);
	return result < 0 ? result : send_waiting(s, rest, done, until);
}

static bool is_flying(const gn_sock *s)
{
	return s->out.queued && gni_bytes_count(&s->far->flying) > 0;
}

/* Whether more is likely to follow at once, so that waiting a little pays: on
 * a thread's root nobody knows when it will next wait. */
static bool should_gather(const gn_sock *s, size_t len)
{
	if (gni_loop_on_root(s->loop) || len > GNI_GATHER_MAX)
		return false;
	return s->out.corked || gni_bytes_count(&s->in.queue) > 0 ||
	       is_flying(s);
}

static bool gather(gn_sock *s, const struct iovec *pieces, int count,
		   size_t len)
{
	struct gni_far *far = gni_sock_far(s);
	uint8_t *room;

	if (gni_bytes_count(&far->gathered) + len > GNI_SEND_QUEUE)
		return false;
	room = gni_bytes_room(&far->gathered, len);
	if (!room)
		return false;
	for (int i = 0; i < count; i++) {
		if (pieces[i].iov_len)
			memcpy(room, pieces[i].iov_base, pieces[i].iov_len);
		room += pieces[i].iov_len;
	}
	gni_bytes_added(&far->gathered, len);
	s->out.queued = true;
	far->leave.leave = leave;
	gni_loop_gather(s->loop, &far->leave);
	return true;
}

/* Whether the others should have their turn before the rest goes: it then waits
 * as what the kernel refused does.  Not where a wait is none or not allowed. */
static bool should_give_way(const gn_sock *s, size_t done, gn_time until)
{
	return done >= GNI_PACE_BYTES && !s->loop->posted_only &&
	       gn_time_before(gn_now(), until);
}

/* The direct way: straight to the kernel, and a wait for what it refused. */
static int send_direct(gn_sock *s, struct rest *rest, size_t *done,
		       gn_time until)
{
	while (rest->count > 0) {
		ssize_t n = send_now(s, rest);

		if (n == -EAGAIN)
			return send_late(s, rest, done, until);
		if (n < 0)
			return (int)n;
		advance(rest, (size_t)n);
		*done += (size_t)n;
		if (rest->count > 0 && should_give_way(s, *done, until))
			return send_late(s, rest, done, until);
	}
	return 0;
}

/* What is not gathered.  Apart, so that what is has a short way. */
static __attribute__((noinline)) int send_rest(gn_sock *s,
					       const struct iovec *pieces,
					       int count, size_t *done,
					       gn_time until)
{
	struct rest rest = { pieces, count, 0 };

	advance(&rest, 0); /* past empty pieces */
	if (is_flying(s))
		return send_late(s, &rest, done, until);
	return send_direct(s, &rest, done, until);
}

int gni_output_send(gn_sock *s, const struct iovec *pieces, int count,
		    size_t *done, gn_time until)
{
	size_t len = gni_pieces_len(pieces, count);
	int result = 0;

	if (s->out.error)
		return -s->out.error;
	if (len == 0)
		return 0;
	if (should_gather(s, len) && gather(s, pieces, count, len))
		*done = len;
	else
		result = send_rest(s, pieces, count, done, until);
	if (result == 0)
		gni_loop_pace(s->loop, len);
	return result;
}
