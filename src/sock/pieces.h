/* pieces.h: what a program gives to send or to be filled, in pieces. */
#ifndef GNI_SOCK_PIECES_H
#define GNI_SOCK_PIECES_H

#include <stddef.h>
#include <sys/uio.h>

/* As many as writev(2) and readv(2) take on Linux. */
#define GNI_PIECES_MAX 1024

/* gni_pieces_len gives the bytes of all. */
static inline size_t gni_pieces_len(const struct iovec *pieces, int count)
{
	size_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += pieces[i].iov_len;
	return sum;
}

#endif
