/*
 * message.h: sending and receiving on kinds that keep boundaries.  Nothing is
 * queued on our side: the kernel's queue is the only one.
 */
#ifndef GNI_SOCK_MESSAGE_H
#define GNI_SOCK_MESSAGE_H

#include "sock/sock.h"

/* gni_message_send sends one message, to an address if there is one; *done
 * gets its bytes.  Returns 0, a code or a negative errno; writes no record. */
int gni_message_send(gn_sock *s, const struct iovec *pieces, int count,
		     const gn_addr *to, size_t *done, gn_time until);

/* gni_message_recv takes one message.  Returns its length or a code, with the
 * record written. */
ssize_t gni_message_recv(gn_sock *s, const struct iovec *pieces, int count,
			 gn_addr *from, enum gni_verb verb, gn_time until);

/* gni_message_drop_rights closes descriptors that came with a message: a peer
 * may send some unasked (unix(7), SCM_RIGHTS). */
void gni_message_drop_rights(gn_sock *s, struct msghdr *m);

#endif
