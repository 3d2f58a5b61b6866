/*
 * output.h: sending on a stream: at once where the kernel takes it, gathered
 * while the same socket has unread input or is corked.
 */
#ifndef GNI_SOCK_OUTPUT_H
#define GNI_SOCK_OUTPUT_H

#include "sock/sock.h"

/*
 * gni_output_send sends all pieces; *done counts the bytes taken by the kernel
 * or the queue.  Returns 0, a code or a negative errno; writes no record.
 */
int gni_output_send(gn_sock *s, const struct iovec *pieces, int count,
		    size_t *done, gn_time until);

/* gni_output_flush waits until the kernel has taken all that is queued. */
int gni_output_flush(gn_sock *s, enum gni_verb verb, gn_time until);

/* gni_output_start lets what is gathered go, without waiting. */
void gni_output_start(gn_sock *s);

/* gni_output_empty tells whether nothing is queued or under way. */
bool gni_output_empty(const gn_sock *s);

#endif
