/*
 * option.h: options of a socket, from an address or a struct.
 */
#ifndef GNI_SOCK_OPTION_H
#define GNI_SOCK_OPTION_H

#include "addr/target.h"
#include "sock/sock.h"

/* The most that a backlog may be; the system caps it (listen(2)). */
#define GNI_BACKLOG_MAX 65535

/* What may be read ahead: what a receive asks for at least, and so much that
 * the kernel's own buffer is the place for more. */
#define GNI_AHEAD_MIN GNI_RECV_CHUNK
#define GNI_AHEAD_MAX ((size_t)1 << 20)

/* gni_option_int sets one that is an int; 0 or a negative errno. */
int gni_option_int(gn_sock *s, int level, int name, int value);

/* gni_option_linger sets how long its close may take. */
void gni_option_linger(gn_sock *s, int64_t linger_ns);

/* gni_option_refuse gives a sentence for options out of range, NULL if there
 * is none (or no options). */
const char *gni_option_refuse(const gn_sock_opts *opts);

/*
 * gni_option_merge gives the options in force: the address's, and where it
 * says nothing those of opts (NULL: none).
 */
struct gni_options gni_option_merge(const struct gni_target *target,
				    const gn_sock_opts *opts);

/* gni_option_apply sets them on a new socket, before it is bound or connected.
 * Returns 0 or a negative errno. */
int gni_option_apply(gn_sock *s, const struct gni_options *options);

/*
 * gni_option_mark has every message of a seqpacket socket carry its time, by
 * which an empty one is told from the end of the peer: both are 0 bytes, and
 * nothing else differs.  Returns 0 or a negative errno.
 */
int gni_option_mark(gn_sock *s);

#endif
