/* addr.h: what the rooms above ask of an address. */
#ifndef GNI_ADDR_ADDR_H
#define GNI_ADDR_ADDR_H

#include <sys/socket.h>

#include <gnezdo/addr.h>

/* gni_addr_sockaddr gives the bytes as the kernel takes them; their count is
 * addr->len.  They need not be aligned: copy them before reading a member. */
static inline const struct sockaddr *gni_addr_sockaddr(const gn_addr *addr)
{
	return (const struct sockaddr *)(const void *)addr->sockaddr;
}

/* gni_addr_set fills *addr from what the kernel gave: any family and length,
 * of which at most the size of the field is kept. */
void gni_addr_set(gn_addr *addr, enum gn_kind kind, const void *sockaddr,
		  size_t len);

/* gni_addr_family gives AF_INET, AF_INET6 or AF_UNIX, AF_UNSPEC when there is
 * no address. */
int gni_addr_family(const gn_addr *addr);

/* gni_addr_set_port sets the port of an Internet address; others have none. */
void gni_addr_set_port(gn_addr *addr, uint16_t port);

/* The socket type (SOCK_STREAM, …) of a kind, 0 when it has no sockets. */
int gni_kind_type(enum gn_kind kind);

/* A kind as its scheme writes it: "tcp", "unix-dgram". */
const char *gni_kind_word(enum gn_kind kind);

#endif
