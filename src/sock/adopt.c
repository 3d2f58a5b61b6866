/*
 * adopt.c: descriptors that come from elsewhere and go elsewhere.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "addr/addr.h"
#include "sock/option.h"
#include "sock/output.h"

static int fail(int code, int sys, const char *operation, size_t need)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .sys = sys,
					     .operation = operation,
					     .need = need },
			NULL);
}

static int get_int(const struct gni_calls *calls, struct gni_io *io, int fd,
		   int name)
{
	int value = 0;
	socklen_t len = sizeof value;
	int result = calls->get(io, fd, SOL_SOCKET, name, &value, &len);

	return result < 0 ? result : value;
}

static enum gn_kind kind_of(int domain, int type)
{
	static const struct {
		int domain, type;
		enum gn_kind kind;
	} kinds[] = {
		{ AF_INET, SOCK_STREAM, GN_TCP },
		{ AF_INET6, SOCK_STREAM, GN_TCP },
		{ AF_INET, SOCK_DGRAM, GN_UDP },
		{ AF_INET6, SOCK_DGRAM, GN_UDP },
		{ AF_UNIX, SOCK_STREAM, GN_UNIX },
		{ AF_UNIX, SOCK_DGRAM, GN_UNIX_DGRAM },
		{ AF_UNIX, SOCK_SEQPACKET, GN_UNIX_SEQPACKET },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].domain == domain && kinds[i].type == type)
			return kinds[i].kind;
	return GN_KIND_NONE;
}

/* What a descriptor is: a kind and a role, or -errno. */
static int examine(const struct gni_calls *calls, struct gni_io *io, int fd,
		   enum gni_role *role, gn_addr *peer)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	int type = get_int(calls, io, fd, SO_TYPE);
	int domain = type < 0 ? type : get_int(calls, io, fd, SO_DOMAIN);
	int listens = domain < 0 ? domain :
				   get_int(calls, io, fd, SO_ACCEPTCONN);
	enum gn_kind kind;
	int result;

	*role = listens > 0 ? GNI_LISTENER : GNI_CONNECTED;
	if (type == -ENOTSOCK)
		return GN_PIPE;
	if (listens < 0)
		return listens;
	kind = kind_of(domain, type);
	if (kind == GN_KIND_NONE)
		return -EAFNOSUPPORT;
	result = calls->name(io, fd, true, &name, &len);
	if (result == 0)
		gni_addr_set(peer, kind, &name, len);
	else if (result != -ENOTCONN)
		return result;
	else if (kind == GN_UDP || kind == GN_UNIX_DGRAM)
		*role = GNI_BOUND;
	return (int)kind;
}

static gn_sock *fail_adopt(int result)
{
	static const struct gni_cause causes[] = {
		{ .code = GN_EKIND, .sys = EAFNOSUPPORT },
		{ .code = GN_EINVAL, .sys = EBADF },
	};
	struct gni_cause cause = gni_cause_of(result);

	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
		if (cause.sys == causes[i].sys)
			cause.code = causes[i].code;
	fail(cause.code, cause.sys, "adopt", 0);
	return NULL;
}

gn_sock *gn_adopt(int fd)
{
	struct gni_loop *l = gni_loop_here();
	enum gni_role role;
	gn_addr peer = { 0 };
	gn_sock *s;
	int kind, result = 0;

	if (!l)
		return NULL;
	kind = examine(l->calls, l->io, fd, &role, &peer);
	if (kind < 0)
		return fail_adopt(kind);
	s = gni_sock_open((enum gn_kind)kind, role, fd, "adopt");
	if (!s)
		return NULL;
	gni_sock_peer_is(s, &peer);
	gn_sock_local(s, &gni_sock_far(s)->local);
	if (kind == GN_UNIX_SEQPACKET)
		result = gni_option_mark(s);
	if (result == 0)
		return s;
	gni_sock_free(s);
	return fail_adopt(result);
}

/* Nothing of ours may be under way on a descriptor that leaves, nor may a
 * connection have been taken from its backlog and not accepted. */
static const char *settle(gn_sock *s)
{
	struct gni_loop *l = s->loop;

	while (s->in.op.state != GNI_OP_IDLE && s->users == 0) {
		l->backend->cancel(l->io, &s->in.op);
		gni_loop_yield(l);
	}
	if (s->borrowed)
		return "it is a client of gn_serve";
	if (s->users > 0)
		return "a fiber waits on it";
	if (!gni_output_empty(s))
		return "bytes are still to be sent: gn_flush first";
	if (s->role == GNI_LISTENER && gni_bytes_count(&s->in.queue) > 0)
		return "connections were taken from its backlog: gn_accept "
		       "them first, with GN_NOW";
	return NULL;
}

static int fail_release(const gn_sock *s, int code, size_t need,
			const char *why)
{
	gn_addr local, peer;

	gn_sock_local(s, &local);
	gn_sock_peer(s, &peer);
	return gni_fail(&(struct gni_cause){ .code = code,
					     .operation = "release",
					     .local = &local,
					     .peer = &peer,
					     .need = need },
			"%s", why);
}

int gn_release(gn_sock *s, void *unread, size_t size, size_t *unread_len)
{
	int result = gni_sock_check(s, GNI_RELEASE);
	const char *why;
	size_t len;
	int fd;

	if (result < 0)
		return result;
	why = settle(s);
	if (why)
		return fail_release(s, GN_EINVAL, 0, why);
	len = gni_bytes_count(&s->in.queue);
	if (len > size)
		return fail_release(s, GN_ETOOLONG, len, "unread bytes");
	*unread_len = gni_bytes_take(&s->in.queue, unread, len);
	fd = s->fd;
	if (s->loop) {
		s->loop->calls->forget(s->loop->io, fd);
		gni_sock_detach(s);
	}
	gni_sock_free(s);
	return fd;
}

gn_sock *gn_stdio(void)
{
	static _Thread_local gn_sock *standard;
	static _Thread_local uint64_t life;
	struct gni_loop *l = gni_loop_here();

	if (!l)
		return NULL;
	if (standard && gni_sock_life(standard) == life && standard->live &&
	    standard->fork == gni_loop_fork() &&
	    (!standard->loop || standard->loop == l))
		return standard;
	if (get_int(l->calls, l->io, 0, SO_TYPE) == -EBADF &&
	    get_int(l->calls, l->io, 1, SO_TYPE) == -EBADF) {
		fail(GN_EINVAL, EBADF, "stdio", 0);
		return NULL;
	}
	standard = gni_sock_open(GN_PIPE, GNI_CONNECTED, 0, "stdio");
	if (standard) {
		life = gni_sock_life(standard);
		gni_sock_far(standard)->out_fd = 1;
		standard->keep_open = true;
	}
	return standard;
}

/* One end; on failure its descriptor is closed, and the record written. */
static gn_sock *open_end(struct gni_loop *l, enum gn_kind kind, int fd)
{
	gn_sock *s = gni_sock_open(kind, GNI_CONNECTED, fd, "pair");
	gn_addr unnamed;
	int result = 0;

	if (!s) {
		l->calls->close(l->io, fd);
		return NULL;
	}
	gni_addr_set(&unnamed, kind, NULL, 0);
	gni_sock_peer_is(s, &unnamed);
	if (kind == GN_UNIX_SEQPACKET)
		result = gni_option_mark(s);
	if (result == 0)
		return s;
	gni_close_now(s);
	fail(gni_code_of(-result), -result, "pair", 0);
	return NULL;
}

int gn_pair(enum gn_kind kind, gn_sock *pair[2])
{
	struct gni_loop *l = gni_loop_here();
	int fd[2], result;

	pair[0] = pair[1] = NULL;
	if (!l)
		return gn_code();
	if (kind != GN_UNIX && kind != GN_UNIX_DGRAM &&
	    kind != GN_UNIX_SEQPACKET)
		return fail(GN_EKIND, 0, "pair", 0);
	result = l->calls->pair(l->io, gni_kind_type(kind), fd);
	if (result < 0)
		return fail(gni_code_of(-result), -result, "pair", 0);
	for (int i = 0; i < 2; i++)
		pair[i] = open_end(l, kind, fd[i]);
	if (pair[0] && pair[1])
		return 0;
	for (int i = 0; i < 2; i++) {
		if (pair[i])
			gni_close_now(pair[i]);
		pair[i] = NULL;
	}
	return gn_code();
}
