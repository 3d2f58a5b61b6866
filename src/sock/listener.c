/*
 * listener.c: accept.  Connections that broke in the backlog are passed over,
 * and running out of descriptors is a pause, never a spin nor an end.
 */
#include "sock/listener.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "addr/addr.h"
#include "sock/option.h"

/* How long a listener rests when there is no descriptor for the next
 * connection: at first, and at most. */
#define REST_MIN_NS (10 * GN_MSEC)
#define REST_MAX_NS GN_SEC

/* accept(2): what belongs to the connection that was taken, not to the
 * listener. */
static bool is_passing(int error)
{
	static const int passing[] = { ECONNABORTED, EPROTO, ENETDOWN,
				       ENOPROTOOPT, EHOSTDOWN, ENONET,
				       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
				       EINTR };

	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (error == passing[i])
			return true;
	return false;
}

/* What passes with time: also a filter that refuses, or it would be asked
 * without end. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM || error == EPERM;
}

static bool take(gn_sock *l, int *fd)
{
	return gni_bytes_take(&l->in.queue, fd, sizeof *fd) == sizeof *fd;
}

static void arrived(struct gni_op *op, int result, bool more)
{
	gn_sock *l = GNI_OWNER(op, gn_sock, in.op);
	struct gni_loop *loop = l->loop;

	if (result >= 0 &&
	    (l->closing || !gni_bytes_put(&l->in.queue, &result,
					  sizeof result)))
		loop->calls->close(loop->io, result);
	if (l->closing) {
		gni_close_step(l);
		return;
	}
	if (result != -ECANCELED)
		gni_sock_wake(&l->reader, result < 0 ? result : 0);
	else if (!more && l->reader)
		loop->backend->submit(loop->io, op);
	if (more && !l->reader &&
	    gni_bytes_count(&l->in.queue) >= GNI_ACCEPT_AHEAD * sizeof(int))
		loop->backend->cancel(loop->io, op);
	gni_sock_idle(l);
}

void gni_sock_drop_accepted(gn_sock *l)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(l, &io);
	int fd;

	while (take(l, &fd))
		calls->close(io, fd);
}

static int wait_standing(gn_sock *l, enum gni_verb verb, gn_time until)
{
	struct gni_op *op = &l->in.op;

	if (op->state == GNI_OP_IDLE) {
		op->kind = GNI_OP_ACCEPT_MULTI;
		op->fd = l->fd;
		op->done = arrived;
		l->loop->backend->submit(l->loop->io, op);
	}
	return gni_sock_wait(l, &l->reader, verb, until);
}

/* One accept of its own; what it took when the listener was closed meanwhile
 * goes with it. */
static int accept_one(gn_sock *l, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_ACCEPT, .fd = l->fd } };
	struct gni_loop *loop = l->loop;
	int result = gni_sock_call(l, &l->reader, &c, GNI_ACCEPT, until);

	if (result == GN_ECLOSED && c.wait.result >= 0)
		loop->calls->close(loop->io, c.wait.result);
	return result;
}

/* The next connection's descriptor, a code, or a negative errno. */
static int next(gn_sock *l, gn_time until)
{
	int fd, result = 0;

	if (take(l, &fd))
		return fd;
	if (!l->loop->io->multishot)
		return accept_one(l, until);
	result = wait_standing(l, GNI_ACCEPT, until);
	if (result == 0)
		return take(l, &fd) ? fd : -EINTR;
	return result;
}

int gni_sock_poll_accept(gn_sock *l, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_POLL, .fd = l->fd,
				      .events = POLLIN } };
	int result;

	if (gni_bytes_count(&l->in.queue) > 0)
		return 0;
	if (l->loop->io->multishot && l->in.op.state != GNI_OP_IDLE) {
		result = wait_standing(l, GNI_WAIT, until);
		return result > GN_ETIMEOUT ? 0 : result;
	}
	result = gni_sock_call(l, &l->reader, &c, GNI_WAIT, until);
	return result > 0 ? 0 : result;
}

/* NULL with a negative errno at *result, and the descriptor closed. */
static gn_sock *make(gn_sock *l, int fd, int *result)
{
	struct gni_loop *loop = l->loop;
	gn_sock *s = gni_sock_open(l->kind, GNI_CONNECTED, fd, "accept");
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	gn_addr peer;

	*result = s ? 0 : -ENOMEM;
	if (!s) {
		loop->calls->close(loop->io, fd);
		return NULL;
	}
	if (l->lingers)
		gni_option_linger(s, l->far->linger_ns);
	s->in.ahead_bytes = l->in.ahead_bytes;
	if (loop->calls->name(loop->io, fd, true, &name, &len) == 0) {
		gni_addr_set(&peer, s->kind, &name, len);
		gni_sock_peer_is(s, &peer);
	}
	if (s->kind != GN_TCP)
		gni_sock_far(s)->local = l->far->local;
	if (s->kind == GN_UNIX_SEQPACKET)
		*result = gni_option_mark(s);
	if (*result == 0)
		return s;
	gni_close_now(s);
	return NULL;
}

static gn_sock *fail(gn_sock *l, int result, int shortage)
{
	struct gni_cause cause = gni_cause_of(result);

	if (!cause.sys)
		cause.sys = shortage;
	cause.operation = "accept";
	cause.local = &l->far->local;
	gni_fail(&cause, "%s", shortage ? strerror(shortage) : "");
	return NULL;
}

/* The last act of an accept: others may have their turn. */
static gn_sock *taken(gn_sock *s)
{
	struct gni_loop *loop = gni_loop_mine();

	gni_task_note(loop->current, "accepted", NULL, gni_sock_about(s),
		      0);
	gni_loop_pace(loop, 0);
	return s;
}

/* Whatever comes meanwhile, it stays for later. */
static int rest(gn_sock *l, gn_time until)
{
	int result;

	do
		result = gni_sock_wait(l, &l->reader, GNI_ACCEPT, until);
	while (result > GN_ETIMEOUT);
	return result;
}

gn_sock *gn_accept(gn_sock *l, gn_time until)
{
	int64_t rest_ns = REST_MIN_NS;
	int shortage = 0;
	int result = gni_sock_begin(l, GNI_ACCEPT);

	if (result < 0)
		return NULL;
	for (;;) {
		result = next(l, until);
		if (result >= 0) {
			gn_sock *s = make(l, result, &result);

			if (s)
				return taken(s);
		}
		if (is_passing(-result))
			continue;
		if (!is_shortage(-result))
			return fail(l, result, shortage);
		shortage = -result;
		result = rest(l, gn_time_earlier(until, gn_in(rest_ns)));
		if (result != GN_ETIMEOUT || !gn_time_before(gn_now(), until))
			return fail(l, result, shortage);
		rest_ns = rest_ns * 2 < REST_MAX_NS ? rest_ns * 2 : REST_MAX_NS;
	}
}
