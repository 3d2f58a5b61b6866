/*
 * input.h: what has come in on a stream and was not taken yet.  One queue,
 * from which every receiving call takes.
 */
#ifndef GNI_SOCK_INPUT_H
#define GNI_SOCK_INPUT_H

#include "sock/sock.h"

/*
 * gni_input_more waits until more has come: into buf (up to len bytes), or,
 * when buf is NULL, into the queue.  Bytes that are queued already are not
 * looked at.
 *
 * Returns how many came, 0 for the peer's end, or a code or negative errno.
 * No record is written.
 */
ssize_t gni_input_more(gn_sock *s, void *buf, size_t len, enum gni_verb verb,
		       gn_time until);

/* gni_input_over tells what the stream ended with, once it has: 1 while it
 * has not, 0 for the peer's end, or a negative errno. */
int gni_input_over(const gn_sock *s);

/* gni_input_poll waits until there is something to receive; 0 or a code. */
int gni_input_poll(gn_sock *s, enum gni_verb verb, gn_time until);

/* gni_input_recv is gn_recv and gn_recvv on streams and pipes: returns as
 * gni_input_more. */
ssize_t gni_input_recv(gn_sock *s, const struct iovec *pieces, int count,
		       enum gni_verb verb, gn_time until);

#endif
