/*
 * target.h: an address string as a program gives it, parsed: a kind, a host
 * that may still be a name, and options.
 */
#ifndef GNI_ADDR_TARGET_H
#define GNI_ADDR_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <gnezdo/addr.h>

/* RFC 1035 section 2.3.4: 253 characters and a NUL, rounded up. */
#define GNI_HOST_MAX 256

enum gni_host {
	GNI_HOST_NUMERIC, /* addr is whole */
	GNI_HOST_ANY,	  /* * or nothing: every address of the families */
	GNI_HOST_LOCAL,	  /* localhost and below, RFC 6761: never looked up */
	GNI_HOST_NAME,	  /* name holds it, a final dot included */
};

/* Options of ?name=value&…; -1 where not given. */
struct gni_options {
	int64_t linger_ns;  /* linger=5s */
	int64_t alive_ns;   /* alive=30s: keepalive and user timeout */
	int32_t backlog;    /* backlog=512, 1 to 65535 */
	int32_t send_bytes; /* sndbuf=64k */
	int32_t recv_bytes; /* rcvbuf=64k */
	int32_t mode;	    /* mode=0660: of a Unix socket's path */
	int8_t nodelay;	    /* nodelay=on|off */
	int32_t ahead_bytes; /* recv-ahead=64k */
};

struct gni_target {
	enum gn_kind kind;
	enum gni_host host;
	int family; /* AF_INET, AF_INET6, AF_UNIX; 0: either of the first two */
	uint16_t port;
	gn_addr addr; /* GNI_HOST_NUMERIC only */
	char name[GNI_HOST_MAX];
	struct gni_options options;
};

/*
 * gni_target_parse reads an address string whole.
 *
 * Returns 0, or GN_EADDR with the record naming operation, the text (escaped),
 * the position counted from 1 and the rule that was broken.
 */
int gni_target_parse(struct gni_target *target, const char *text,
		     const char *operation);

#endif
