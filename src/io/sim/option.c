/*
 * option.c: getsockopt and setsockopt: one table of what there is.  All else
 * is ENOPROTOOPT, as from a kernel without it.
 */
#include "io/sim/option.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>

#include "io/sim/claim.h"
#include "io/sim/node.h"
#include "io/sim/side.h"

/* Of the buffers: Linux's defaults for datagrams (net.core.rmem_default); for
 * tcp less than its, so that they fill within a test.  Each is twice what
 * it holds. */
#define DATAGRAM_BYTES 212992
#define TCP_BYTES (2 * 65536)

/* net.core.wmem_max of late kernels, and what Linux gives at least of each. */
#define BYTES_MAX (4 << 20)
#define SEND_BYTES_MIN 4608
#define RECV_BYTES_MIN 2304

enum reach { ANY, INTERNET6, TCP };

/* An option of int: its place in gni_socket_options and its range. */
struct entry {
	int level, option;
	enum reach reach;
	size_t offset;
	int min, max;
};

#define AT(field) offsetof(struct gni_socket_options, field)

static const struct entry entries[] = {
	{ SOL_SOCKET, SO_REUSEADDR, ANY, AT(reuse), 0, 1 },
	{ SOL_SOCKET, SO_KEEPALIVE, ANY, AT(keepalive), 0, 1 },
	{ SOL_SOCKET, SO_TIMESTAMP, ANY, AT(timestamp), 0, 1 },
	{ IPPROTO_IPV6, IPV6_V6ONLY, INTERNET6, AT(only_ipv6), 0, 1 },
	{ IPPROTO_TCP, TCP_NODELAY, TCP, AT(nodelay), 0, 1 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, TCP, AT(keep_idle_s), 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, TCP, AT(keep_interval_s), 1, 32767 },
	{ IPPROTO_TCP, TCP_KEEPCNT, TCP, AT(keep_count), 1, 127 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, TCP, AT(user_timeout_ms), 0, INT_MAX },
};

void gni_option_init(struct gni_socket_options *options, bool tcp)
{
	*options = (struct gni_socket_options){
		.send_bytes = tcp ? TCP_BYTES : DATAGRAM_BYTES,
		.recv_bytes = tcp ? TCP_BYTES : DATAGRAM_BYTES,
		.keep_idle_s = 7200,
		.keep_interval_s = 75,
		.keep_count = 9,
	};
}

static bool reaches(const struct gni_node *node, enum reach reach)
{
	if (reach == INTERNET6)
		return node->domain == AF_INET6;
	return reach == ANY || node->protocol == IPPROTO_TCP;
}

static const struct entry *find(const struct gni_node *node, int level,
				int option)
{
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		const struct entry *e = &entries[i];

		if (e->level == level && e->option == option &&
		    reaches(node, e->reach))
			return e;
	}
	return NULL;
}

static int *value_of(struct gni_node *node, const struct entry *e)
{
	return (int *)(void *)((char *)&node->options + e->offset);
}

/* What is told of a socket, and not set. */
static int told(struct gni_node *node, int option, int *value)
{
	switch (option) {
	case SO_TYPE:
		*value = node->type;
		return 0;
	case SO_DOMAIN:
		*value = node->domain;
		return 0;
	case SO_PROTOCOL:
		*value = node->protocol;
		return 0;
	case SO_ACCEPTCONN:
		*value = node->state == GNI_NODE_LISTENING;
		return 0;
	case SO_ERROR:
		*value = -gni_node_error(node);
		return 0;
	case SO_SNDBUF:
		*value = node->options.send_bytes;
		return 0;
	case SO_RCVBUF:
		*value = node->options.recv_bytes;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static void give(const void *from, socklen_t size, void *to, socklen_t *len)
{
	if (*len > size)
		*len = size;
	memcpy(to, from, *len);
}

/* Reading an option of another protocol is no operation at all. */
static bool has_level(const struct gni_node *node, int level)
{
	if (level == IPPROTO_TCP)
		return node->protocol == IPPROTO_TCP;
	if (level == IPPROTO_IPV6)
		return node->domain == AF_INET6;
	return level == SOL_SOCKET;
}

int gni_option_get(struct gni_node *node, int level, int option, void *value,
		   socklen_t *len)
{
	const struct entry *e = find(node, level, option);
	int number = 0, result = 0;

	if (!has_level(node, level))
		return -EOPNOTSUPP;
	if (level == SOL_SOCKET && option == SO_LINGER) {
		give(&node->options.linger, sizeof node->options.linger, value,
		     len);
		return 0;
	}
	if (e)
		number = *value_of(node, e);
	else if (level == SOL_SOCKET)
		result = told(node, option, &number);
	else
		result = -ENOPROTOOPT;
	if (result == 0)
		give(&number, sizeof number, value, len);
	return result;
}

static int buffer_bytes(int asked, int min)
{
	int most = asked < BYTES_MAX ? asked : BYTES_MAX;

	return most * 2 > min ? most * 2 : min;
}

/* More room at one end of a connection lets the other send. */
static void tell_writers(struct gni_node *node)
{
	gni_node_changed(node);
	if (node->side && node->side->peer->node)
		gni_node_changed(node->side->peer->node);
}

static int set_buffer(struct gni_node *node, int option, int value)
{
	/* Linux compares as unsigned: below 0 is the most there is. */
	int asked = value < 0 ? BYTES_MAX : value;

	if (option == SO_SNDBUF)
		node->options.send_bytes = buffer_bytes(asked, SEND_BYTES_MIN);
	else if (option == SO_RCVBUF)
		node->options.recv_bytes = buffer_bytes(asked, RECV_BYTES_MIN);
	else
		return -ENOPROTOOPT;
	tell_writers(node);
	return 0;
}

static int set_entry(struct gni_node *node, const struct entry *e, int value)
{
	if (e->option == IPV6_V6ONLY && e->level == IPPROTO_IPV6 && node->claim)
		return -EINVAL;
	if (e->max == 1)
		value = value != 0;
	if (value < e->min || value > e->max)
		return -EINVAL;
	*value_of(node, e) = value;
	if (node->claim)
		node->claim->reuse = node->options.reuse;
	if (node->side)
		gni_vigil_again(node->side);
	return 0;
}

static int set_linger(struct gni_node *node, const void *value, socklen_t len)
{
	if (len < sizeof node->options.linger)
		return -EINVAL;
	memcpy(&node->options.linger, value, sizeof node->options.linger);
	return 0;
}

int gni_option_set(struct gni_node *node, int level, int option,
		   const void *value, socklen_t len)
{
	const struct entry *e = find(node, level, option);
	int number;

	if (node->domain == AF_UNIX && level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (len < sizeof number)
		return -EINVAL;
	memcpy(&number, value, sizeof number);
	if (e)
		return set_entry(node, e, number);
	if (level != SOL_SOCKET)
		return -ENOPROTOOPT;
	if (option == SO_LINGER)
		return set_linger(node, value, len);
	return set_buffer(node, option, number);
}
