/*
 * kind.h: which socket has which call.
 */
#ifndef GNI_SOCK_KIND_H
#define GNI_SOCK_KIND_H

#include <stdbool.h>

#include <gnezdo/addr.h>

/* What a socket of a kind was made for. */
enum gni_role {
	GNI_CONNECTED, /* one peer */
	GNI_LISTENER,  /* takes connections */
	GNI_BOUND,     /* datagrams, of and to anybody */
};

/* The public calls that take a socket. */
enum gni_verb {
	GNI_ACCEPT,
	GNI_SEND,
	GNI_RECV,
	GNI_SENDTO,
	GNI_RECVFROM,
	GNI_RECV_EXACT,
	GNI_RECV_LINE,
	GNI_RECV_UNTIL,
	GNI_RECV_TEXT,
	GNI_WAIT,
	GNI_FLUSH,
	GNI_SHUTDOWN,
	GNI_SET_NODELAY,
	GNI_SET_BUFFERS,
	GNI_SET_ALIVE,
	GNI_RELEASE,
	GNI_VERBS,
};

/* gni_verb_word gives a verb as the records write it: "recv_line". */
const char *gni_verb_word(enum gni_verb verb);

/* gni_kind_verbs gives the calls that a socket of that kind and role has, a bit
 * each. */
unsigned gni_kind_verbs(enum gn_kind kind, enum gni_role role);

/* gni_kind_has tells whether a socket of that kind and role has the call. */
bool gni_kind_has(enum gn_kind kind, enum gni_role role, enum gni_verb verb);

/* gni_kind_keeps tells whether the kind keeps the boundaries of messages. */
static inline bool gni_kind_keeps(enum gn_kind kind)
{
	return kind == GN_UDP || kind == GN_UNIX_DGRAM ||
	       kind == GN_UNIX_SEQPACKET;
}

/* gni_role_word gives "connection", "listener" or "bound socket". */
const char *gni_role_word(enum gni_role role);

#endif
