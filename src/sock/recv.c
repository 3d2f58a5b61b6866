/*
 * recv.c: the receiving calls that take what has come, for every kind.
 */
#include "sock/input.h"
#include "sock/message.h"
#include "sock/pieces.h"

static bool any_room(const struct iovec *pieces, int count)
{
	for (int i = 0; i < count; i++)
		if (pieces[i].iov_len > 0)
			return true;
	return false;
}

/* In each of the two calls itself: the frames of a fiber that waits should be
 * few lines of the cache. */
static inline ssize_t recv_pieces(gn_sock *s, const struct iovec *pieces,
				  int count, gn_time until)
{
	int result = gni_sock_begin(s, GNI_RECV);
	ssize_t n;

	if (result < 0)
		return result;
	if (count < 1 || count > GNI_PIECES_MAX || !any_room(pieces, count))
		return gni_sock_fail(s, GNI_RECV, GN_EINVAL, 0, 0);
	if (gni_kind_keeps(s->kind))
		return gni_message_recv(s, pieces, count, NULL, GNI_RECV,
					until);
	n = gni_input_recv(s, pieces, count, GNI_RECV, until);
	if (n < 0)
		return gni_sock_fail(s, GNI_RECV, (int)n, 0, 0);
	return n;
}

ssize_t gn_recvv(gn_sock *s, const struct iovec *pieces, int count,
		 gn_time until)
{
	return recv_pieces(s, pieces, count, until);
}

ssize_t gn_recv(gn_sock *s, void *buf, size_t len, gn_time until)
{
	struct iovec piece = { buf, len };

	return recv_pieces(s, &piece, 1, until);
}
