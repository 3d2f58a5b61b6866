/*
 * option.c: what can be set on a socket.  What is set on a listener holds for
 * its clients, to whom Linux hands these options down: no call a client.
 */
#include "sock/option.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* Dead-peer time: the least that still allows a probe and its answers, and
 * the most that the kernel takes (TCP_KEEPIDLE, 32767 s), in hours. */
#define ALIVE_NS_MIN (3 * GN_SEC)
#define ALIVE_NS_MAX (9 * GN_HOUR)

/* Probes in the second half of the dead-peer time. */
#define ALIVE_PROBES 3

static bool is_alive_time(int64_t alive_ns)
{
	return alive_ns == 0 ||
	       (alive_ns >= ALIVE_NS_MIN && alive_ns <= ALIVE_NS_MAX);
}

int gni_option_int(gn_sock *s, int level, int name, int value)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	return calls->set(io, s->fd, level, name, &value, sizeof value);
}

static int set_nodelay(gn_sock *s, bool on)
{
	return gni_option_int(s, IPPROTO_TCP, TCP_NODELAY, on);
}

static int set_buffers(gn_sock *s, size_t send_bytes, size_t recv_bytes)
{
	int result = 0;

	if (send_bytes > INT_MAX || recv_bytes > INT_MAX)
		return -EINVAL;
	if (send_bytes)
		result = gni_option_int(s, SOL_SOCKET, SO_SNDBUF,
					(int)send_bytes);
	if (result == 0 && recv_bytes)
		result = gni_option_int(s, SOL_SOCKET, SO_RCVBUF,
					(int)recv_bytes);
	return result;
}

/*
 * Keepalive finds a peer that vanished while nothing was said, the user
 * timeout one that vanished with bytes under way; only both together bound the
 * time in every case (tcp(7)).
 */
static int set_alive(gn_sock *s, int64_t alive_ns)
{
	int seconds = (int)((alive_ns + GN_SEC - 1) / GN_SEC);
	int probe = seconds / (2 * ALIVE_PROBES);
	int result;

	if (alive_ns == 0) {
		result = gni_option_int(s, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
		if (result == 0)
			result = gni_option_int(s, SOL_SOCKET, SO_KEEPALIVE, 0);
		return result;
	}
	if (probe < 1)
		probe = 1;
	const struct {
		int level, name, value;
	} all[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE,
		  seconds > ALIVE_PROBES * probe ?
			  seconds - ALIVE_PROBES * probe :
			  1 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, probe },
		{ IPPROTO_TCP, TCP_KEEPCNT, ALIVE_PROBES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000 },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		result = gni_option_int(s, all[i].level, all[i].name,
					all[i].value);
		if (result < 0)
			return result;
	}
	return 0;
}

int gni_option_mark(gn_sock *s)
{
	return gni_option_int(s, SOL_SOCKET, SO_TIMESTAMP, 1);
}

const char *gni_option_refuse(const gn_sock_opts *o)
{
	if (!o)
		return NULL;
	if (o->backlog < 0 || o->backlog > GNI_BACKLOG_MAX)
		return "backlog is 0 to 65535";
	if (o->linger_ns < 0)
		return "linger_ns is 0 or more";
	if (!is_alive_time(o->alive_ns))
		return "alive_ns is 0, or 3 s to 9 h";
	if (o->send_bytes > INT_MAX || o->recv_bytes > INT_MAX)
		return "send_bytes and recv_bytes are 0 to 2147483647";
	if (o->recv_ahead_bytes && (o->recv_ahead_bytes < GNI_AHEAD_MIN ||
				    o->recv_ahead_bytes > GNI_AHEAD_MAX))
		return "recv_ahead_bytes is 0, or 4096 to 1048576";
	return NULL;
}

struct gni_options gni_option_merge(const struct gni_target *target,
				    const gn_sock_opts *opts)
{
	static const gn_sock_opts none;
	struct gni_options o = target->options;

	if (!opts)
		opts = &none;
	if (o.backlog < 0)
		o.backlog = opts->backlog;
	if (o.linger_ns < 0)
		o.linger_ns = opts->linger_ns ? opts->linger_ns : GNI_LINGER_NS;
	if (o.alive_ns < 0)
		o.alive_ns = opts->alive_ns;
	if (o.send_bytes < 0)
		o.send_bytes = (int32_t)opts->send_bytes;
	if (o.recv_bytes < 0)
		o.recv_bytes = (int32_t)opts->recv_bytes;
	if (o.nodelay < 0)
		o.nodelay = !opts->delay;
	if (o.ahead_bytes < 0)
		o.ahead_bytes = (int32_t)(opts->recv_ahead_bytes ?
						  opts->recv_ahead_bytes :
						  GNI_RECV_AHEAD);
	return o;
}

void gni_option_linger(gn_sock *s, int64_t linger_ns)
{
	s->lingers = linger_ns != GNI_LINGER_NS;
	if (s->lingers)
		gni_sock_far(s)->linger_ns = linger_ns;
}

int gni_option_apply(gn_sock *s, const struct gni_options *o)
{
	int result;

	gni_option_linger(s, o->linger_ns);
	s->in.ahead_bytes = (uint32_t)o->ahead_bytes;
	if (s->kind == GN_PIPE)
		return 0;
	result = set_buffers(s, (size_t)o->send_bytes, (size_t)o->recv_bytes);
	if (result == 0 && s->kind == GN_UNIX_SEQPACKET)
		result = gni_option_mark(s);
	if (result < 0 || s->kind != GN_TCP)
		return result;
	result = set_nodelay(s, o->nodelay);
	if (result == 0 && o->alive_ns > 0)
		result = set_alive(s, o->alive_ns);
	return result;
}

static int say(gn_sock *s, enum gni_verb verb, int result)
{
	return result < 0 ? gni_sock_fail(s, verb, result, 0, 0) : 0;
}

int gn_sock_set_nodelay(gn_sock *s, bool on)
{
	int result = gni_sock_check(s, GNI_SET_NODELAY);

	return result < 0 ? result :
			    say(s, GNI_SET_NODELAY, set_nodelay(s, on));
}

int gn_sock_set_buffers(gn_sock *s, size_t send_bytes, size_t recv_bytes)
{
	int result = gni_sock_check(s, GNI_SET_BUFFERS);

	return result < 0 ? result :
			    say(s, GNI_SET_BUFFERS,
				set_buffers(s, send_bytes, recv_bytes));
}

int gn_sock_set_alive(gn_sock *s, int64_t alive_ns)
{
	int result = gni_sock_check(s, GNI_SET_ALIVE);

	if (result < 0)
		return result;
	if (!is_alive_time(alive_ns))
		return say(s, GNI_SET_ALIVE, GN_EINVAL);
	return say(s, GNI_SET_ALIVE, set_alive(s, alive_ns));
}
