/*
 * kind.c: the kinds of sockets the cases run over.  One more is one more line.
 */
#include "conform.h"

#define NET (K_NAMED | K_INET)
#define CALLED (K_SERVED | K_ENDS)
#define FILED (K_NAMED | K_PATH | K_LOCAL)

const struct kind conform_kinds[] = {
	{ "tcp4", "tcp4", "127.0.0.1:0", GN_TCP,
	  K_STREAM | K_TCP | NET | CALLED },
	{ "tcp6", "tcp6", "[::1]:0", GN_TCP, K_STREAM | K_TCP | NET | CALLED },
	{ "udp4", "udp4", "127.0.0.1:0", GN_UDP,
	  K_MESSAGE | K_UDP | NET | K_BOUND },
	{ "udp6", "udp6", "[::1]:0", GN_UDP,
	  K_MESSAGE | K_UDP | NET | K_BOUND },
	{ "unix", "unix", "/", GN_UNIX, K_STREAM | FILED | CALLED },
	{ "unix-abstract", "unix", "@", GN_UNIX,
	  K_STREAM | K_NAMED | K_LOCAL | CALLED },
	{ "unix-dgram", "unix-dgram", "/", GN_UNIX_DGRAM,
	  K_MESSAGE | FILED | K_BOUND },
	{ "unix-seqpacket", "unix-seqpacket", "/", GN_UNIX_SEQPACKET,
	  K_MESSAGE | FILED | CALLED },
	{ "pair", NULL, NULL, GN_UNIX, K_STREAM | K_LOCAL | K_ENDS },
	{ "pair-dgram", NULL, NULL, GN_UNIX_DGRAM, K_MESSAGE | K_LOCAL },
	{ "pair-seqpacket", NULL, NULL, GN_UNIX_SEQPACKET,
	  K_MESSAGE | K_LOCAL | K_ENDS },
	{ "any", NULL, NULL, GN_KIND_NONE, K_NONE },
	{ 0 },
};
