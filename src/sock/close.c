/*
 * close.c: the end of a socket, in order.
 *
 *	OPEN --gn_close--> ENDING --all sent, FIN--> DRAINING --> CLOSED
 *	                      |                          |
 *	                      +------ linger time -------+--> reset
 *
 * Each step goes as far as it can without waiting and is taken up again by
 * whatever completes: an operation, a fiber that leaves, the linger time.  The
 * descriptor is closed last, when nothing of ours is in on it: an operation in
 * a ring would keep it open behind our back.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/check.h"
#include "sock/listener.h"
#include "sock/message.h"
#include "sock/output.h"

/* Bytes that a drain drops at a time, little enough for a fiber's stack, and
 * how often before others have their turn: 1 MiB, more than a Unix socket holds
 * and more messages too. */
#define DRAIN_CHUNK ((size_t)2 * 1024)
#define DRAIN_ROUNDS 512

/* Room for the time that a message carries. */
#define DRAIN_MARK 64

static bool is_stream(const gn_sock *s)
{
	return s->role == GNI_CONNECTED &&
	       (s->kind == GN_TCP || s->kind == GN_UNIX);
}

/* Whether the other end could still be told anything. */
static bool is_broken(const gn_sock *s)
{
	return s->in.error || s->out.error || s->forced;
}

static bool is_idle(const gn_sock *s)
{
	return s->users == 0 && s->in.op.state == GNI_OP_IDLE &&
	       s->far->op.state == GNI_OP_IDLE;
}

static void unclaim(gn_sock *s)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	if (s->far->file.inode) {
		calls->unclaim(io, &s->far->local, &s->far->file);
		s->far->file.inode = 0;
	}
}

static void release(gn_sock *s)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	if (s->role == GNI_LISTENER)
		gni_sock_drop_accepted(s);
	unclaim(s);
	if (s->keep_open) {
		calls->forget(io, s->fd);
		calls->forget(io, s->far->out_fd);
	} else {
		calls->close(io, s->fd);
	}
}

static void finish(gn_sock *s)
{
	struct gni_loop *l = s->loop;

	s->closing = GNI_CLOSED;
	release(s);
	if (s->timed)
		gni_timer_drop(&l->timers, &s->far->linger);
	if (l) {
		l->lingering--;
		gni_sock_detach(s);
	}
	if (s->far->closer)
		gni_sock_wake(&s->far->closer, 0);
	gni_sock_free(s);
}

static void drain_again(struct gni_op *op, int result, bool more)
{
	gn_sock *s = GNI_OWNER(op, gn_sock, in.op);

	(void)more;
	if (result < 0 && result != -ECANCELED)
		s->in.error = -result;
	gni_close_step(s);
}

static void poll_again(gn_sock *s)
{
	struct gni_op *op = &s->in.op;

	op->kind = GNI_OP_POLL;
	op->events = POLLIN;
	op->fd = s->fd;
	op->done = drain_again;
	s->loop->backend->submit(s->loop->io, op);
}

/* Drops what is there: 1 while more may come, 0 when nothing will. */
static int drop_unread(gn_sock *s)
{
	char dropped[DRAIN_CHUNK], mark[DRAIN_MARK];
	struct iovec piece = { dropped, sizeof dropped };
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	for (int i = 0; i < DRAIN_ROUNDS; i++) {
		struct msghdr m = { .msg_iov = &piece,
				    .msg_iovlen = 1,
				    .msg_control = mark,
				    .msg_controllen = sizeof mark };
		ssize_t n = calls->recv(io, s->fd, &m, 0);

		if (n == -EAGAIN)
			return s->unread_seen;
		/* An empty message carries its time, the end nothing. */
		if (n < 0 || (n == 0 && m.msg_controllen == 0))
			return 0;
		gni_message_drop_rights(s, &m);
		s->unread_seen = true;
	}
	return 1;
}

static bool is_unix(const gn_sock *s)
{
	return s->role == GNI_CONNECTED &&
	       (s->kind == GN_UNIX || s->kind == GN_UNIX_SEQPACKET);
}

/*
 * A Unix peer is reset by bytes that lie unread when the descriptor is closed.
 * First nothing more may come, then what is there is dropped.
 */
static void shut_unix(gn_sock *s)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	calls->shutdown(io, s->fd, SHUT_RDWR);
	drop_unread(s);
}

/*
 * Our end is sent; true once all is over.  A peer of whose bytes we dropped
 * some is heard out, or the kernel would answer its next ones with a reset that
 * overtakes what we have sent.
 */
static bool drain(gn_sock *s)
{
	if (!is_idle(s))
		return false;
	if (is_stream(s) && !is_broken(s) && !s->in.ended &&
	    drop_unread(s) > 0) {
		poll_again(s);
		return false;
	}
	if (is_unix(s))
		shut_unix(s);
	finish(s);
	return true;
}

static void end(gn_sock *s)
{
	struct gni_loop *l = s->loop;

	/* An armed accept would keep it listening till the next turn. */
	if (s->role == GNI_LISTENER) {
		l->calls->shutdown(l->io, s->fd, SHUT_RDWR);
		unclaim(s);
	}
	if (is_stream(s) && !is_broken(s)) {
		gni_output_start(s);
		if (!is_broken(s) && !gni_output_empty(s))
			return;
	}
	if (is_stream(s) && !is_broken(s) && !s->out.ended)
		l->calls->shutdown(l->io, s->fd, SHUT_WR);
	s->closing = GNI_DRAINING;
	if (l && s->in.op.state == GNI_OP_IN)
		l->backend->cancel(l->io, &s->in.op);
}

bool gni_close_step(gn_sock *s)
{
	if (s->closing == GNI_ENDING)
		end(s);
	return s->closing == GNI_DRAINING && drain(s);
}

static void step_later(struct gni_gathered *g)
{
	gni_close_step(gni_sock_of(GNI_OWNER(g, struct gni_far, leave)));
}

void gni_close_later(gn_sock *s)
{
	struct gni_far *far = gni_sock_far(s);

	far->leave.leave = step_later;
	gni_loop_gather(s->loop, &far->leave);
}

/*
 * The linger time is over: what has not gone out will not, and a peer that
 * still talks is not heard out.  Where neither is so the end was sent in order
 * and only operations of ours are awaited: that needs no reset.
 */
static bool force(gn_sock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct gni_loop *l = s->loop;
	bool owes = !gni_output_empty(s) || s->unread_seen;

	s->forced = true;
	if (s->kind == GN_TCP && owes)
		l->calls->set(l->io, s->fd, SOL_SOCKET, SO_LINGER, &reset,
			      sizeof reset);
	l->backend->cancel(l->io, &s->in.op);
	l->backend->cancel(l->io, &s->far->op);
	return gni_close_step(s);
}

static void linger_over(struct gni_timer *timer)
{
	force(gni_sock_of(GNI_OWNER(timer, struct gni_far, linger)));
}

/* The close takes time: how long it may.  True if it is over at once. */
static bool start_linger(gn_sock *s)
{
	struct gni_loop *l = s->loop;
	int64_t linger_ns = s->lingers ? s->far->linger_ns : GNI_LINGER_NS;
	struct gni_far *far = gni_sock_far(s);

	if (linger_ns == 0 || !gni_timer_reserve(&l->timers))
		return force(s);
	s->timed = true;
	gni_timer_init(&far->linger, linger_over);
	gni_timer_set(&l->timers, &far->linger, gn_in(linger_ns));
	return false;
}

static void stay(struct gni_wait *w)
{
	(void)w;
}

/* A root fiber has nobody who would finish the close for it. */
static void wait_closed(gn_sock *s)
{
	struct gni_wait w = { .operation = "close", .about = gni_sock_about(s),
			      .give_up = stay };

	gni_sock_far(s)->closer = &w;
	gni_wait_for(&w, GN_NEVER);
}

static void strike(struct gni_wait *w)
{
	if (w)
		gni_strike(w, GN_ECLOSED);
}

static void begin(gn_sock *s, struct gni_loop *l)
{
	if (gni_bytes_count(&s->in.queue) > 0 && s->role == GNI_CONNECTED)
		s->unread_seen = true;
	l->lingering++;
	strike(s->reader);
	strike(s->writer);
	s->closing = GNI_ENDING;
	if (gni_close_step(s) || start_linger(s))
		return;
	if (gni_loop_on_root(l) && !l->posted_only)
		wait_closed(s);
}

void gni_close_now(gn_sock *s)
{
	release(s);
	if (s->loop)
		gni_sock_detach(s);
	gni_sock_free(s);
}

static int refuse_borrowed(const gn_sock *s)
{
	gn_addr peer;

	gn_sock_peer(s, &peer);
	return gni_fail(&(struct gni_cause){ .code = GN_EINVAL,
					     .operation = "close",
					     .peer = &peer },
			"gn_serve closes its clients when their handlers "
			"return; gn_shutdown ends the sending sooner");
}

void gn_close(gn_sock *s)
{
	char text[GN_ADDR_TEXT_MAX];

	if (!s)
		return;
	GNI_CHECK(s->live, "gn_close on a socket that was closed (%s)",
		  gni_sock_where(s, text));
	if (s->borrowed) {
		/* Clean-up never displaces a cause. */
		if (gn_code() == GN_OK)
			refuse_borrowed(s);
		return;
	}
	if (s->fork != gni_loop_fork()) {
		/* The parent goes on with it: only our descriptor goes. */
		if (!s->keep_open)
			gni_sys_calls.close(NULL, s->fd);
		gni_sock_free(s);
		return;
	}
	GNI_CHECK(!s->loop || s->loop == gni_loop_mine(),
		  "gn_close on another thread than the socket's (%s)",
		  gni_sock_where(s, text));
	if (s->users > 0) /* for what they will report */
		gn_sock_local(s, &gni_sock_far(s)->local);
	s->live = false;
	if (!s->loop && (is_stream(s) || is_unix(s)) && gni_loop_here())
		gni_sock_attach(s, gni_loop_here());
	if (s->loop)
		begin(s, s->loop);
	else
		gni_close_now(s);
}
