/*
 * dial.h: from an address string to a socket that can be bound or connected.
 */
#ifndef GNI_DIAL_DIAL_H
#define GNI_DIAL_DIAL_H

#include "addr/target.h"
#include "sock/option.h"

/* One address string on its way to a socket. */
struct gni_dial {
	const char *operation; /* "listen", "bind", "connect" */
	const char *text;      /* as the caller wrote it */
	struct gni_target target;
	struct gni_options options;
	struct gni_loop *loop;
};

/*
 * gni_dial_begin parses the address and merges its options.  Returns 0, or a
 * code with the record written.
 */
int gni_dial_begin(struct gni_dial *d, const char *operation, const char *text,
		   const gn_sock_opts *opts);

/* gni_dial_fail writes the record of what failed for an address: result is a
 * code or a negative errno, why (may be NULL) a hint.  Returns the code. */
int gni_dial_fail(const struct gni_dial *d, int result, const gn_addr *addr,
		  const char *why);

/* Addresses that one string can mean. */
#define GNI_DIAL_ADDRS 8

/*
 * gni_dial_addrs gives what the string means as numbers: for_peer to be
 * connected to, else to be bound.  Returns how many, or a code with the record
 * written.
 */
int gni_dial_addrs(const struct gni_dial *d, bool for_peer,
		   gn_addr addrs[GNI_DIAL_ADDRS]);

/* gni_dial_socket makes a socket for an address, with its options set; NULL
 * with the negative errno at *result. */
gn_sock *gni_dial_socket(const struct gni_dial *d, enum gni_role role,
			 const gn_addr *addr, int *result);

#endif
