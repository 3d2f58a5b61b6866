/*
 * addr.h: addresses, one grammar for every kind of socket.
 *
 *	tcp://HOST:PORT            udp://HOST:PORT        (tcp4 tcp6 udp4 udp6)
 *	unix:PATH  unix:@NAME      unix-dgram:PATH        unix-seqpacket:PATH
 *
 * HOST is an IPv4 address, an IPv6 address in brackets with an optional zone
 * ([fe80::1%eth0], RFC 4007), localhost, a name, or nothing (or *) for every
 * address of both families.  PORT is 0 to 65535; 0 asks for a free one.  @NAME
 * is an abstract name (unix(7)).  In a PATH or NAME, 107 bytes at most, %HH
 * stands for a byte by its hex digits: %3F is a question mark, %25 a percent
 * sign, %40 an @ that begins a path.  Options follow a question mark and are
 * joined by an ampersand: tcp://:80?backlog=512&alive=30s.  socket.h lists
 * them.  Numbers are decimal without leading zeros, schemes are lower case.
 *
 *	#include <gnezdo.h>
 *	#include <string.h>
 *
 *	int main(void)
 *	{
 *		gn_addr a;
 *		char text[GN_ADDR_TEXT_MAX];
 *
 *		if (gn_addr_parse(&a, "tcp://[::1]:12345") < 0)
 *			return 1;
 *		return strcmp(gn_addr_text(&a, text), "tcp://[::1]:12345");
 *	}
 */
#ifndef GNEZDO_ADDR_H
#define GNEZDO_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/* The kinds of sockets that an address can name. */
enum gn_kind {
	GN_KIND_NONE,	   /* no address */
	GN_TCP,		   /* a stream, tcp(7) */
	GN_UDP,		   /* datagrams, udp(7) */
	GN_UNIX,	   /* a stream on this machine, unix(7) */
	GN_UNIX_DGRAM,	   /* datagrams on this machine, in order, none lost */
	GN_UNIX_SEQPACKET, /* connected messages on this machine */
	GN_PIPE,	   /* a pipe, a terminal or a file: standard input */
};

/*
 * One address: a kind and an end point of it, numbers only.  The bytes are a
 * struct sockaddr; read them by the functions below.  A zeroed one is no
 * address.  It holds no pointer and is copied by assignment.
 */
typedef struct gn_addr {
	uint8_t kind; /* enum gn_kind */
	uint8_t len;  /* bytes of sockaddr in use */
	uint8_t reserved[2];
	uint8_t sockaddr[112];
} gn_addr;

/* Enough bytes for the text of any address, each byte of a path escaped. */
#define GN_ADDR_TEXT_MAX 512

/*
 * gn_addr_parse reads an address that names an end point by numbers: no name,
 * no star, no options.  A zone's name is looked up among the interfaces.
 *
 * Returns 0 and fills *addr; on failure *addr is no address.
 *
 *   fails  GN_EADDR: the record says at which character and which rule
 */
GN_API GN_MUST_USE int gn_addr_parse(gn_addr *addr, const char *text);

/*
 * gn_addr_from makes an address of a struct sockaddr of len bytes and a kind,
 * the way in for programs that already hold one.
 *
 * Returns 0 and fills *addr; on failure *addr is no address.
 *
 *   len    at least what the family takes; a Unix name's own length, unix(7)
 *   fails  GN_EINVAL: the family does not belong to the kind, or the length
 *          does not belong to the family
 */
GN_API GN_MUST_USE int gn_addr_from(gn_addr *addr, enum gn_kind kind,
				    const void *sockaddr, size_t len);

/*
 * gn_addr_text writes the address as gn_addr_parse reads it; bytes of a path
 * that are not printable are written %HH.  An IPv4-mapped IPv6 address is
 * written as the IPv4 address it stands for, a zone as a number.  No address
 * gives "?", the unnamed end of a Unix socket "unix:" alone.
 *
 * Returns buf, always ended with NUL.
 */
GN_API const char *gn_addr_text(const gn_addr *addr,
				char buf[GN_ADDR_TEXT_MAX]);

/* gn_addr_kind gives the kind, GN_KIND_NONE for no address or NULL. */
GN_API enum gn_kind gn_addr_kind(const gn_addr *addr);

/* gn_addr_port gives the port, 1 to 65535; 0 if there is none. */
GN_API unsigned gn_addr_port(const gn_addr *addr);

/* gn_addr_is_ipv6 tells whether the end point is an IPv6 one; one that is
 * IPv4-mapped is not. */
GN_API bool gn_addr_is_ipv6(const gn_addr *addr);

/*
 * gn_addr_equal tells whether two addresses name the same end point of the
 * same kind.  An IPv4 address and its IPv6-mapped form are the same.  No
 * address and the unnamed end of a Unix socket are equal to nothing.
 */
GN_API bool gn_addr_equal(const gn_addr *a, const gn_addr *b);

GN_EXTERN_END

#endif
