/*
 * calls.c: the calls of the simulation that never wait: descriptors become
 * sockets here, and what all kinds check is checked once.
 */
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "io/sim/inet.h"
#include "io/sim/local.h"
#include "io/sim/localname.h"
#include "io/sim/note.h"
#include "io/sim/trouble.h"

/* A socket's kind: what socket(2) takes, and who does the work. */
static const struct kind {
	int domain, type, protocol;
	const struct gni_protocol *does;
} kinds[] = {
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP, &gni_sim_tcp },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, &gni_sim_udp },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP, &gni_sim_tcp },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &gni_sim_udp },
	{ AF_UNIX, SOCK_STREAM, 0, &gni_sim_local_stream },
	{ AF_UNIX, SOCK_DGRAM, 0, &gni_sim_local_dgram },
	{ AF_UNIX, SOCK_SEQPACKET, 0, &gni_sim_local_packet },
};

static int kind_find(int domain, int type, int protocol,
		     const struct kind **found)
{
	int result = -EAFNOSUPPORT;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *k = &kinds[i];

		if (k->domain != domain)
			continue;
		result = -ESOCKTNOSUPPORT;
		if (k->type != type)
			continue;
		*found = k;
		if (protocol == 0 || protocol == k->protocol ||
		    (domain == AF_UNIX && protocol == PF_UNIX))
			return 0;
		return -EPROTONOSUPPORT;
	}
	return result;
}

/* A socket of the host whose fiber runs, without a descriptor. */
static int node_make(struct gni_net *net, int domain, int type, int protocol,
		     struct gni_node **made)
{
	const struct kind *k = NULL;
	int result;

	type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	result = kind_find(domain, type, protocol, &k);
	if (result < 0)
		return result;
	if (net->here == 0 || net->places[net->here]->down)
		return -ENETDOWN;
	result = gni_trouble(net->places[net->here], GNI_ATTEMPT_SOCKET);
	if (result < 0)
		return result;
	*made = gni_node_new(net->places[net->here], k->does, domain, type,
			     k->protocol);
	return *made ? 0 : -ENOMEM;
}

static int call_socket(struct gni_io *io, int domain, int type, int protocol)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_node *node = NULL;
	int result = node_make(net, domain, type, protocol, &node);

	if (result == 0) {
		result = gni_node_open(node);
		if (result < 0)
			gni_node_close(node);
	}
	if (result < 0)
		gni_net_note(net, net->places[net->here], "socket", result);
	return result;
}

static int call_pair(struct gni_io *io, int type, int fd[2])
{
	struct gni_node *node[2] = { NULL, NULL };
	int result = 0;

	for (int i = 0; i < 2 && result >= 0; i++) {
		result = node_make(gni_net_of(io), AF_UNIX, type, 0, &node[i]);
		if (result == 0)
			result = fd[i] = gni_node_open(node[i]);
	}
	if (result >= 0) {
		gni_local_pair(node[0], node[1]);
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (node[i])
			gni_node_close(node[i]);
	return result;
}

static struct gni_node *at(struct gni_io *io, int fd)
{
	return gni_node_at(gni_net_of(io), fd);
}

/* The socket of a descriptor for an attempt that does not fail; else NULL and
 * why. */
static struct gni_node *attempt(struct gni_io *io, int fd,
				enum gni_attempt what, int *why)
{
	struct gni_node *node = at(io, fd);

	*why = node ? gni_trouble(node->place, what) : -EBADF;
	return *why < 0 ? NULL : node;
}

static int call_bind(struct gni_io *io, int fd, const gn_addr *addr, int mode,
		     struct gni_file *file)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_BIND, &why);

	(void)mode; /* one user has all the files */
	*file = (struct gni_file){ 0 };
	return node ? node->does->bind(node, addr, file) : why;
}

static int call_listen(struct gni_io *io, int fd, int backlog)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_LISTEN, &why);

	if (!node)
		return why;
	if (!node->does->listen)
		return -EOPNOTSUPP;
	return node->does->listen(node, backlog);
}

/* What came of a call that moves bytes is part of the trace. */
static ssize_t noted(struct gni_node *node, const struct msghdr *m,
		     const char *what, ssize_t result)
{
	gni_node_note(node, m, what, result);
	return result;
}

static ssize_t call_send(struct gni_io *io, int fd, const struct msghdr *m,
			 int flags)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_SEND, &why);

	if (!node)
		return why;
	return noted(node, m, "send",
		     node->does->send(node, m, flags | MSG_DONTWAIT));
}

static ssize_t call_recv(struct gni_io *io, int fd, struct msghdr *m, int flags)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_RECV, &why);

	if (!node)
		return why;
	return noted(node, m, "recv",
		     gni_node_recv(node, m, flags | MSG_DONTWAIT));
}

/* Descriptors of the real world do not exist here. */
static ssize_t call_read(struct gni_io *io, int fd, void *buf, size_t len)
{
	(void)io;
	(void)fd;
	(void)buf;
	(void)len;
	return -EBADF;
}

static ssize_t call_write(struct gni_io *io, int fd, const void *buf,
			  size_t len)
{
	(void)io;
	(void)fd;
	(void)buf;
	(void)len;
	return -EBADF;
}

static int call_shutdown(struct gni_io *io, int fd, int how)
{
	static const unsigned ways[] = { [SHUT_RD] = GNI_SHUT_RD,
					 [SHUT_WR] = GNI_SHUT_WR,
					 [SHUT_RDWR] = GNI_SHUT_BOTH };
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_SHUTDOWN, &why);

	if (!node)
		return why;
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return node->does->shutdown(node, ways[how]);
}

static int call_get(struct gni_io *io, int fd, int level, int option,
		    void *value, socklen_t *len)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_GET, &why);

	return node ? gni_option_get(node, level, option, value, len) : why;
}

static int call_set(struct gni_io *io, int fd, int level, int option,
		    const void *value, socklen_t len)
{
	int why;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_SET, &why);

	return node ? gni_option_set(node, level, option, value, len) : why;
}

static int call_name(struct gni_io *io, int fd, bool peer, void *sockaddr,
		     socklen_t *len)
{
	char name[sizeof(struct sockaddr_un) + 1];
	int result;
	struct gni_node *node = attempt(io, fd, GNI_ATTEMPT_NAME, &result);

	if (!node)
		return result;
	result = node->does->name(node, peer, name);
	if (result < 0)
		return result;
	memcpy(sockaddr, name,
	       (socklen_t)result < *len ? (socklen_t)result : *len);
	*len = (socklen_t)result;
	return 0;
}

static void call_forget(struct gni_io *io, int fd)
{
	struct gni_node *node = at(io, fd);

	GNI_CHECK(!node || node->in == 0,
		  "simulation: descriptor %d is released while operations are "
		  "in on it", fd);
}

static void call_close(struct gni_io *io, int fd)
{
	struct gni_node *node = at(io, fd);

	GNI_CHECK(node, "simulation: close of descriptor %d, which is not open",
		  fd);
	gni_node_note(node, NULL, "close", fd);
	gni_node_close(node);
}

const struct gni_calls gni_sim_calls = {
	.socket = call_socket,
	.pair = call_pair,
	.bind = call_bind,
	.unclaim = gni_localname_unclaim,
	.listen = call_listen,
	.send = call_send,
	.recv = call_recv,
	.read = call_read,
	.write = call_write,
	.shutdown = call_shutdown,
	.get = call_get,
	.set = call_set,
	.name = call_name,
	.forget = call_forget,
	.close = call_close,
	.host = gni_place_lookup,
};
