/*
 * pipe.h: pipes, terminals and files: polled, then read or written.
 */
#ifndef GNI_SOCK_PIPE_H
#define GNI_SOCK_PIPE_H

#include "sock/sock.h"

/* gni_pipe_more is gni_input_more for them. */
ssize_t gni_pipe_more(gn_sock *s, void *buf, size_t len, enum gni_verb verb,
		      gn_time until);

/* gni_pipe_send writes all pieces; *done counts the bytes.  Returns 0, a code
 * or a negative errno. */
int gni_pipe_send(gn_sock *s, const struct iovec *pieces, int count,
		  size_t *done, gn_time until);

#endif
