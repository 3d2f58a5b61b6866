/*
 * listener.h: taking connections.
 */
#ifndef GNI_SOCK_LISTENER_H
#define GNI_SOCK_LISTENER_H

#include "sock/sock.h"

/* gni_sock_poll_accept waits until accept would not wait; 0 or a code or a
 * negative errno. */
int gni_sock_poll_accept(gn_sock *s, gn_time until);

/* gni_sock_drop_accepted closes the connections that were taken from the
 * backlog and not accepted. */
void gni_sock_drop_accepted(gn_sock *s);

#endif
