/*
 * message.c: datagrams and seqpackets.
 */
#include "sock/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "addr/addr.h"
#include "sock/pieces.h"

/* Room for what a seqpacket's message carries beside its bytes: the mark by
 * which an empty message is told from the end (see gni_message_recv). */
#define CONTROL_MAX 64

int gni_message_send(gn_sock *s, const struct iovec *pieces, int count,
		     const gn_addr *to, size_t *done, gn_time until)
{
	struct gni_loop *l = s->loop;
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)pieces,
			    .msg_iovlen = (size_t)count };
	struct gni_call c = { .op = { .kind = GNI_OP_SEND, .fd = s->fd,
				      .message = &m } };
	ssize_t n;

	if (to) {
		m.msg_name = (void *)(uintptr_t)to->sockaddr;
		m.msg_namelen = to->len;
	}
	n = l->calls->send(l->io, s->fd, &m, 0);
	if (n == -EAGAIN && gn_time_before(gn_now(), until))
		n = gni_sock_call(s, &s->writer, &c, GNI_SEND, until);
	else if (n == -EAGAIN)
		n = GN_ETIMEOUT;
	*done = n > 0 ? (size_t)n : 0;
	if (n < 0)
		return (int)n;
	gni_loop_pace(l, *done);
	return 0;
}

void gni_message_drop_rights(gn_sock *s, struct msghdr *m)
{
	struct gni_io *io;
	const struct gni_calls *calls = gni_sock_calls(s, &io);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			calls->close(io, fd);
		}
	}
}

/* What a receive brought, judged. */
static ssize_t finish(gn_sock *s, ssize_t n, struct msghdr *m,
		      size_t room, gn_addr *from, enum gni_verb verb)
{
	if (n < 0)
		return gni_sock_fail(s, verb, (int)n, 0, 0);
	gni_message_drop_rights(s, m);
	/* Every message of a seqpacket socket carries its time (the option
	 * was set when the socket was made), the end carries nothing. */
	if (n == 0 && s->kind == GN_UNIX_SEQPACKET && m->msg_controllen == 0) {
		s->in.ended = true;
		return gni_sock_fail(s, verb, GN_EEND, 0, 0);
	}
	if (from)
		gni_addr_set(from, s->kind, m->msg_name, m->msg_namelen);
	if ((size_t)n > room)
		return gni_sock_fail(s, verb, GN_ETRUNC, room, (size_t)n);
	return n;
}

ssize_t gni_message_recv(gn_sock *s, const struct iovec *pieces, int count,
			 gn_addr *from, enum gni_verb verb, gn_time until)
{
	struct gni_loop *l = s->loop;
	struct sockaddr_storage name;
	char control[CONTROL_MAX];
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)pieces,
			    .msg_iovlen = (size_t)count,
			    .msg_name = from ? &name : NULL,
			    .msg_namelen = from ? sizeof name : 0,
			    .msg_control = control,
			    .msg_controllen = sizeof control };
	/* MSG_TRUNC: the result is the message's true length. */
	struct gni_call c = { .op = { .kind = GNI_OP_RECV, .fd = s->fd,
				      .message = &m, .flags = MSG_TRUNC } };
	ssize_t n = -EAGAIN;

	if (s->in.ended)
		return gni_sock_fail(s, verb, GN_EEND, 0, 0);
	if (!gn_time_before(gn_now(), until))
		n = l->calls->recv(l->io, s->fd, &m, MSG_TRUNC);
	if (n == -EAGAIN)
		n = gni_sock_call(s, &s->reader, &c, verb, until);
	n = finish(s, n, &m, gni_pieces_len(pieces, count), from, verb);
	gni_loop_pace(l, n > 0 ? (size_t)n : 0);
	return n;
}

/* An IPv4 address as a socket of both families takes it.  One that such a
 * socket has given is so already. */
static void map(gn_addr *to, const gn_addr *from, const gn_addr *local)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	*to = *from;
	if (!gn_addr_is_ipv6(local) || gni_addr_family(from) != AF_INET)
		return;
	memcpy(&v4, from->sockaddr, sizeof v4);
	v6.sin6_port = v4.sin_port;
	v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&v6.sin6_addr.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
	memcpy(to->sockaddr, &v6, sizeof v6);
	to->len = sizeof v6;
}

static int fail_to(const gn_sock *s, const gn_addr *to, int result,
		   size_t done)
{
	struct gni_cause cause = gni_cause_of(result);

	cause.operation = "sendto";
	cause.local = &s->far->local;
	cause.peer = to;
	cause.done = done;
	return gni_fail(&cause, NULL);
}

int gn_sendto(gn_sock *s, const void *buf, size_t len, const gn_addr *to,
	      gn_time until)
{
	struct iovec piece = { (void *)(uintptr_t)buf, len };
	gn_addr mapped;
	size_t done = 0;
	int result = gni_sock_begin(s, GNI_SENDTO);

	if (result < 0)
		return result;
	if (to->kind != s->kind)
		return fail_to(s, to, GN_EINVAL, 0);
	map(&mapped, to, &s->far->local);
	result = gni_message_send(s, &piece, 1, &mapped, &done, until);
	return result < 0 ? fail_to(s, to, result, done) : 0;
}

ssize_t gn_recvfrom(gn_sock *s, void *buf, size_t len, gn_addr *from,
		    gn_time until)
{
	struct iovec piece = { buf, len };
	gn_addr ignored;
	int result = gni_sock_begin(s, GNI_RECVFROM);

	if (result < 0)
		return result;
	if (len == 0)
		return gni_sock_fail(s, GNI_RECVFROM, GN_EINVAL, 0, 0);
	return gni_message_recv(s, &piece, 1, from ? from : &ignored,
				GNI_RECVFROM, until);
}
