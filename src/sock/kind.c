/*
 * kind.c: the table verb by kind, whole.
 */
#include "sock/kind.h"

#include <stddef.h>

#define BIT(verb) (1u << (verb))

/* Calls that every socket has, whatever its kind. */
#define EVERY (BIT(GNI_WAIT) | BIT(GNI_RELEASE))

#define TALK (BIT(GNI_SEND) | BIT(GNI_RECV) | BIT(GNI_RECV_TEXT))

#define FRAMES \
	(BIT(GNI_RECV_EXACT) | BIT(GNI_RECV_LINE) | BIT(GNI_RECV_UNTIL))

/* Calls on what has a descriptor of its own in the network layer. */
#define NETWORK BIT(GNI_SET_BUFFERS)

#define STREAM (EVERY | TALK | FRAMES | BIT(GNI_FLUSH) | BIT(GNI_SHUTDOWN))
#define MESSAGES (EVERY | TALK | BIT(GNI_FLUSH))
#define TO_ANYBODY                                                         \
	(EVERY | BIT(GNI_RECV) | BIT(GNI_RECV_TEXT) | BIT(GNI_SENDTO) | \
	 BIT(GNI_RECVFROM) | BIT(GNI_FLUSH))
#define LISTENS (EVERY | BIT(GNI_ACCEPT))

static const unsigned has[][3] = {
	[GN_TCP] = {
		[GNI_CONNECTED] = STREAM | NETWORK | BIT(GNI_SET_NODELAY) |
				  BIT(GNI_SET_ALIVE),
		[GNI_LISTENER] = LISTENS | NETWORK | BIT(GNI_SET_NODELAY) |
				 BIT(GNI_SET_ALIVE),
	},
	[GN_UDP] = {
		[GNI_CONNECTED] = MESSAGES | NETWORK | BIT(GNI_RECVFROM),
		[GNI_BOUND] = TO_ANYBODY | NETWORK,
	},
	[GN_UNIX] = {
		[GNI_CONNECTED] = STREAM | NETWORK,
		[GNI_LISTENER] = LISTENS | NETWORK,
	},
	[GN_UNIX_DGRAM] = {
		[GNI_CONNECTED] = MESSAGES | NETWORK | BIT(GNI_RECVFROM),
		[GNI_BOUND] = TO_ANYBODY | NETWORK,
	},
	[GN_UNIX_SEQPACKET] = {
		[GNI_CONNECTED] = MESSAGES | NETWORK | BIT(GNI_SHUTDOWN),
		[GNI_LISTENER] = LISTENS | NETWORK,
	},
	[GN_PIPE] = {
		[GNI_CONNECTED] = EVERY | TALK | FRAMES | BIT(GNI_FLUSH),
	},
};

static const char *const verb_words[GNI_VERBS] = {
	[GNI_ACCEPT] = "accept",
	[GNI_SEND] = "send",
	[GNI_RECV] = "recv",
	[GNI_SENDTO] = "sendto",
	[GNI_RECVFROM] = "recvfrom",
	[GNI_RECV_EXACT] = "recv_exact",
	[GNI_RECV_LINE] = "recv_line",
	[GNI_RECV_UNTIL] = "recv_until",
	[GNI_RECV_TEXT] = "recv_text",
	[GNI_WAIT] = "wait",
	[GNI_FLUSH] = "flush",
	[GNI_SHUTDOWN] = "shutdown",
	[GNI_SET_NODELAY] = "set_nodelay",
	[GNI_SET_BUFFERS] = "set_buffers",
	[GNI_SET_ALIVE] = "set_alive",
	[GNI_RELEASE] = "release",
};

const char *gni_verb_word(enum gni_verb verb)
{
	return verb_words[verb];
}

unsigned gni_kind_verbs(enum gn_kind kind, enum gni_role role)
{
	return has[kind][role];
}

bool gni_kind_has(enum gn_kind kind, enum gni_role role, enum gni_verb verb)
{
	return has[kind][role] & BIT(verb);
}

const char *gni_role_word(enum gni_role role)
{
	static const char *const words[] = {
		[GNI_CONNECTED] = "connection",
		[GNI_LISTENER] = "listener",
		[GNI_BOUND] = "bound socket",
	};

	return words[role];
}
