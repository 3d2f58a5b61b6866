/*
 * inject_calls.c: the calls that do not wait, under faults.  They keep no
 * state but the decorator's.
 */
#include <errno.h>

#include "io/inject_link.h"

#define BELOW(io) (gni_inject_of(io)->below)
#define INNER(io) (gni_inject_of(io)->inner)

/* What strikes a call: 0 or a negative errno. */
static int begin(struct gni_io *io, enum gni_attempt attempt)
{
	struct gni_inject *j = gni_inject_of(io);
	gn_faults now = gni_plan_now(&j->plan);

	return gni_plan_attempt(&j->plan, &now, attempt);
}

/* Whether a descriptor just made is one too many. */
static bool is_beyond(struct gni_inject *j, int fd)
{
	gn_faults now = gni_plan_now(&j->plan);
	bool beyond = now.descriptors && fd >= 0 &&
		      (uint32_t)fd >= now.descriptors;

	j->plan.struck[GNI_FAULT_DESCRIPTORS] += beyond;
	return beyond;
}

static int inject_socket(struct gni_io *io, int domain, int type, int protocol)
{
	int result = begin(io, GNI_ATTEMPT_SOCKET);

	if (result < 0)
		return result;
	result = BELOW(io)->socket(INNER(io), domain, type, protocol);
	if (!is_beyond(gni_inject_of(io), result))
		return result;
	BELOW(io)->close(INNER(io), result);
	return -EMFILE;
}

static int inject_pair(struct gni_io *io, int type, int fd[2])
{
	struct gni_inject *j = gni_inject_of(io);
	int result = begin(io, GNI_ATTEMPT_SOCKET);

	if (result == 0)
		result = j->below->pair(j->inner, type, fd);
	if (result < 0 || (!is_beyond(j, fd[0]) && !is_beyond(j, fd[1])))
		return result;
	j->below->close(j->inner, fd[0]);
	j->below->close(j->inner, fd[1]);
	return -EMFILE;
}

static int inject_bind(struct gni_io *io, int fd, const gn_addr *addr, int mode,
		       struct gni_file *file)
{
	int result = begin(io, GNI_ATTEMPT_BIND);

	*file = (struct gni_file){ 0 };
	if (result < 0)
		return result;
	return BELOW(io)->bind(INNER(io), fd, addr, mode, file);
}

static void inject_unclaim(struct gni_io *io, const gn_addr *addr,
			   const struct gni_file *file)
{
	BELOW(io)->unclaim(INNER(io), addr, file);
}

static int inject_listen(struct gni_io *io, int fd, int backlog)
{
	int result = begin(io, GNI_ATTEMPT_LISTEN);

	return result < 0 ? result :
			    BELOW(io)->listen(INNER(io), fd, backlog);
}

/* What strikes a send or receive on a socket: 0 or a negative errno. */
static int strike(struct gni_inject *j, const struct gni_link_end *e,
		  enum gni_attempt attempt)
{
	int result = gni_plan_attempt(&j->plan, &e->now, attempt);

	if (result == 0 && gni_link_reset(j, e))
		result = -ECONNRESET;
	return result;
}

/* Whether the link takes nothing of a stream now. */
static bool is_held_up(struct gni_inject *j, const struct gni_link_end *e)
{
	return gni_link_streams(e) && (gni_link_shut(j, e).ns != GN_NOW.ns ||
				       gni_link_busy(j, e).ns != GN_NOW.ns);
}

static ssize_t send_stream(struct gni_inject *j, const struct gni_link_end *e,
			   const struct msghdr *m, int flags)
{
	size_t len = gni_link_len(m);
	size_t less = gni_link_passes(j, e, len, true);
	struct iovec pieces[GNI_LINK_PIECES];
	struct msghdr shorter;
	ssize_t n;

	if (less < len) {
		gni_link_shorten(&shorter, pieces, m, less);
		m = &shorter;
	}
	n = j->below->send(j->inner, e->fd, m, flags);
	if (n > 0)
		gni_link_took(j, e, (size_t)n, true);
	return n;
}

static ssize_t inject_send(struct gni_io *io, int fd, const struct msghdr *m,
			   int flags)
{
	struct gni_inject *j = gni_inject_of(io);
	struct gni_link_end e = gni_link_end(j, fd);
	ssize_t result = strike(j, &e, GNI_ATTEMPT_SEND);

	if (result < 0)
		return result;
	if (is_held_up(j, &e))
		return -EAGAIN;
	if (gni_link_streams(&e))
		return send_stream(j, &e, m, flags);
	if (gni_link_send(j, &e, m, flags, &result))
		return result;
	return j->below->send(j->inner, fd, m, flags);
}

static ssize_t recv_stream(struct gni_inject *j, const struct gni_link_end *e,
			   struct msghdr *m, int flags)
{
	size_t len = gni_link_len(m);
	size_t less = gni_link_passes(j, e, len, false);
	struct iovec pieces[GNI_LINK_PIECES];
	struct msghdr shorter;
	ssize_t n;

	if (less == len)
		return j->below->recv(j->inner, e->fd, m, flags);
	gni_link_shorten(&shorter, pieces, m, less);
	n = j->below->recv(j->inner, e->fd, &shorter, flags);
	m->msg_namelen = shorter.msg_namelen;
	m->msg_controllen = shorter.msg_controllen;
	m->msg_flags = shorter.msg_flags;
	return n;
}

/* What comes over a link that is cut is taken and forgotten. */
static ssize_t recv_cut(struct gni_inject *j, const struct gni_link_end *e)
{
	char dropped[64];
	struct iovec piece = { dropped, sizeof dropped };
	ssize_t n;

	do {
		struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };

		n = j->below->recv(j->inner, e->fd, &m, 0);
		j->plan.struck[GNI_FAULT_CUT] += n >= 0;
	} while (n >= 0);
	return n;
}

/* Never EAGAIN where there is something on a stream: whoever empties a socket
 * before its end would believe it.  So a stall holds up operations alone. */
static ssize_t inject_recv(struct gni_io *io, int fd, struct msghdr *m,
			   int flags)
{
	struct gni_inject *j = gni_inject_of(io);
	struct gni_link_end e = gni_link_end(j, fd);
	ssize_t result = strike(j, &e, GNI_ATTEMPT_RECV);

	if (result < 0)
		return result;
	if (e.type == SOCK_DGRAM && e.now.cut)
		return recv_cut(j, &e);
	if (gni_link_streams(&e))
		return recv_stream(j, &e, m, flags);
	if (gni_link_shut(j, &e).ns != GN_NOW.ns)
		return -EAGAIN;
	return j->below->recv(j->inner, fd, m, flags);
}

/* What strikes a pipe, terminal or file: a negative errno, or 0 and how many
 * bytes pass. */
static int begin_bytes(struct gni_io *io, enum gni_attempt attempt, size_t *len)
{
	struct gni_inject *j = gni_inject_of(io);
	gn_faults now = gni_plan_now(&j->plan);
	int result = gni_plan_attempt(&j->plan, &now, attempt);

	now.mtu = 0;
	if (result == 0)
		*len = gni_plan_less(&j->plan, &now, *len);
	return result;
}

static ssize_t inject_read(struct gni_io *io, int fd, void *buf, size_t len)
{
	int result = begin_bytes(io, GNI_ATTEMPT_RECV, &len);

	return result < 0 ? result : BELOW(io)->read(INNER(io), fd, buf, len);
}

static ssize_t inject_write(struct gni_io *io, int fd, const void *buf,
			    size_t len)
{
	int result = begin_bytes(io, GNI_ATTEMPT_SEND, &len);

	return result < 0 ? result : BELOW(io)->write(INNER(io), fd, buf, len);
}

static int inject_shutdown(struct gni_io *io, int fd, int how)
{
	int result = begin(io, GNI_ATTEMPT_SHUTDOWN);

	return result < 0 ? result : BELOW(io)->shutdown(INNER(io), fd, how);
}

static int inject_get(struct gni_io *io, int fd, int level, int option,
		      void *value, socklen_t *len)
{
	int result = begin(io, GNI_ATTEMPT_GET);

	if (result < 0)
		return result;
	return BELOW(io)->get(INNER(io), fd, level, option, value, len);
}

static int inject_set(struct gni_io *io, int fd, int level, int option,
		      const void *value, socklen_t len)
{
	int result = begin(io, GNI_ATTEMPT_SET);

	if (result < 0)
		return result;
	return BELOW(io)->set(INNER(io), fd, level, option, value, len);
}

static int inject_name(struct gni_io *io, int fd, bool peer, void *sockaddr,
		       socklen_t *len)
{
	int result = begin(io, GNI_ATTEMPT_NAME);

	if (result < 0)
		return result;
	return BELOW(io)->name(INNER(io), fd, peer, sockaddr, len);
}

static void inject_forget(struct gni_io *io, int fd)
{
	gni_link_leave(gni_inject_of(io), fd);
	BELOW(io)->forget(INNER(io), fd);
}

static void inject_close(struct gni_io *io, int fd)
{
	gni_link_leave(gni_inject_of(io), fd);
	BELOW(io)->close(INNER(io), fd);
}

static int inject_host(struct gni_io *io, const char *name, uint16_t port,
		       enum gn_kind kind, gn_addr *found, int max)
{
	return BELOW(io)->host(INNER(io), name, port, kind, found, max);
}

const struct gni_calls gni_inject_calls = {
	.socket = inject_socket,
	.pair = inject_pair,
	.bind = inject_bind,
	.unclaim = inject_unclaim,
	.listen = inject_listen,
	.send = inject_send,
	.recv = inject_recv,
	.read = inject_read,
	.write = inject_write,
	.shutdown = inject_shutdown,
	.get = inject_get,
	.set = inject_set,
	.name = inject_name,
	.forget = inject_forget,
	.close = inject_close,
	.host = inject_host,
};
