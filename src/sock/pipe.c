/*
 * pipe.c: descriptors that are no sockets.  They may be shared with other
 * programs, so they are never made non-blocking: each read and write follows
 * a poll that said it would not wait.
 */
#include "sock/pipe.h"

#include <errno.h>
#include <poll.h>

static int poll_for(gn_sock *s, int fd, short events, struct gni_wait **slot,
		    enum gni_verb verb, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_POLL, .fd = fd,
				      .events = (uint32_t)events } };

	return gni_sock_call(s, slot, &c, verb, until);
}

static ssize_t read_some(gn_sock *s, void *buf, size_t len, enum gni_verb verb,
			 gn_time until)
{
	struct gni_loop *l = s->loop;
	bool queued = !buf;
	ssize_t n = poll_for(s, s->fd, POLLIN, &s->reader, verb, until);

	if (n < 0)
		return n;
	if (queued) {
		buf = gni_bytes_room(&s->in.queue, GNI_RECV_CHUNK);
		len = GNI_RECV_CHUNK;
		if (!buf)
			return GN_ENOMEM;
	}
	n = l->calls->read(l->io, s->fd, buf, len);
	if (queued)
		gni_bytes_added(&s->in.queue, n > 0 ? (size_t)n : 0);
	return n;
}

/* Another program that shares it may have been quicker, and have made it
 * non-blocking. */
ssize_t gni_pipe_more(gn_sock *s, void *buf, size_t len, enum gni_verb verb,
		      gn_time until)
{
	ssize_t n;

	do
		n = read_some(s, buf, len, verb, until);
	while (n == -EAGAIN);
	if (n == 0)
		s->in.ended = true;
	return n;
}

static int write_piece(gn_sock *s, const uint8_t *bytes, size_t len,
		       size_t *done, gn_time until)
{
	struct gni_loop *l = s->loop;
	size_t at = 0;

	while (at < len) {
		ssize_t n = poll_for(s, s->far->out_fd, POLLOUT, &s->writer,
				     GNI_SEND, until);

		if (n >= 0)
			n = l->calls->write(l->io, s->far->out_fd, bytes + at,
					    len - at);
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		at += n > 0 ? (size_t)n : 0;
		*done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int gni_pipe_send(gn_sock *s, const struct iovec *pieces, int count,
		  size_t *done, gn_time until)
{
	int result = 0;

	for (int i = 0; i < count && result == 0; i++)
		result = write_piece(s, pieces[i].iov_base, pieces[i].iov_len,
				     done, until);
	return result;
}
