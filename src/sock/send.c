/*
 * send.c: the sending calls, for every kind.
 */
#include <errno.h>

#include "base/check.h"
#include "sock/message.h"
#include "sock/output.h"
#include "sock/pieces.h"
#include "sock/pipe.h"

/*
 * A stream that broke is broken for both directions, whichever was told: EPIPE
 * only says that somebody was.
 */
static int note_broken(gn_sock *s, int result)
{
	int error = result > GN_ETIMEOUT ? -result : 0;

	if (error == EPIPE && gni_sock_breaks(s->in.error))
		error = s->in.error;
	if (error != EPIPE && !gni_sock_breaks(error))
		return result;
	s->out.error = error;
	/* What a receive took for the cause while this was under way. */
	if (error != EPIPE && gni_sock_breaks(s->in.error))
		s->in.error = error;
	return -error;
}

static int send_pieces(gn_sock *s, const struct iovec *pieces, int count,
		       size_t *done, gn_time until)
{
	int result;

	if (s->kind == GN_PIPE)
		return gni_pipe_send(s, pieces, count, done, until);
	if (gni_kind_keeps(s->kind))
		return gni_message_send(s, pieces, count, NULL, done, until);
	result = gni_output_send(s, pieces, count, done, until);
	return result < 0 ? note_broken(s, result) : result;
}

/* Apart, since the frames of those that wait should be few lines of the
 * cache. */
static __attribute__((noinline, cold)) int send_ended(const gn_sock *s)
{
	gn_addr local, peer;

	gn_sock_local(s, &local);
	gn_sock_peer(s, &peer);
	return gni_fail(&(struct gni_cause){ .code = GN_EINVAL,
					     .operation = "send",
					     .local = &local,
					     .peer = &peer },
			"this side has ended its sending");
}

static __attribute__((noinline, cold)) int fail(const gn_sock *s, int result,
						size_t done)
{
	result = gni_sock_fail(s, GNI_SEND, result, done, 0);
	gni_loop_pace(gni_loop_mine(), done); /* who tries again and again */
	return result;
}

static inline int send_all(gn_sock *s, const struct iovec *pieces, int count,
			   gn_time until)
{
	size_t done = 0;
	int result = gni_sock_begin(s, GNI_SEND);

	if (result < 0)
		return result;
	if (count < 0 || count > GNI_PIECES_MAX)
		return gni_sock_fail(s, GNI_SEND, GN_EINVAL, 0, 0);
	if (s->out.ended)
		return send_ended(s);
	result = send_pieces(s, pieces, count, &done, until);
	return result == 0 ? 0 : fail(s, result, done);
}

int gn_sendv(gn_sock *s, const struct iovec *pieces, int count, gn_time until)
{
	return send_all(s, pieces, count, until);
}

int gn_send(gn_sock *s, const void *buf, size_t len, gn_time until)
{
	struct iovec piece = { (void *)(uintptr_t)buf, len };

	return send_all(s, &piece, 1, until);
}

void gn_cork(gn_sock *s)
{
	bool ours;

	GNI_CHECK(s && s->live,
		  "gn_cork was called without a socket that is open");
	ours = s->fork == gni_loop_fork() &&
	       (!s->loop || s->loop == gni_loop_mine());
	if (ours && s->role == GNI_CONNECTED && !gni_kind_keeps(s->kind))
		s->out.corked = true;
}

int gn_flush(gn_sock *s, gn_time until)
{
	int result = gni_sock_begin(s, GNI_FLUSH);

	if (result < 0)
		return result;
	result = gni_output_flush(s, GNI_FLUSH, until);
	return result < 0 ? gni_sock_fail(s, GNI_FLUSH, result, 0, 0) : 0;
}

int gn_shutdown(gn_sock *s, gn_time until)
{
	int result = gni_sock_begin(s, GNI_SHUTDOWN);

	if (result < 0 || s->out.ended)
		return result;
	result = gni_output_flush(s, GNI_SHUTDOWN, until);
	if (result == 0)
		result = s->loop->calls->shutdown(s->loop->io, s->fd, SHUT_WR);
	if (result < 0)
		return gni_sock_fail(s, GNI_SHUTDOWN, result, 0, 0);
	s->out.ended = true;
	return 0;
}
