/*
 * bind.c: sockets that wait for others: listeners and datagram servers.
 */
#include <errno.h>
#include <netinet/in.h>

#include "addr/addr.h"
#include "dial/dial.h"

/*
 * A port can be bound again at once after its server has ended; two servers at
 * a time it does not have.  For datagrams SO_REUSEADDR would mean the second,
 * so they do without.
 */
static int prepare(const struct gni_dial *d, gn_sock *s, const gn_addr *addr)
{
	bool any = d->target.host == GNI_HOST_ANY && d->target.family == 0;
	int result = 0;

	if (s->kind == GN_TCP)
		result = gni_option_int(s, SOL_SOCKET, SO_REUSEADDR, 1);
	if (result == 0 && gn_addr_is_ipv6(addr))
		result = gni_option_int(s, IPPROTO_IPV6, IPV6_V6ONLY, !any);
	return result;
}

static int bind_to(const struct gni_dial *d, gn_sock *s, const gn_addr *addr)
{
	struct gni_loop *l = d->loop;
	int backlog = d->options.backlog ? d->options.backlog : GNI_BACKLOG_MAX;
	int result = prepare(d, s, addr);

	if (result == 0)
		result = l->calls->bind(l->io, s->fd, addr, d->options.mode,
					&gni_sock_far(s)->file);
	gni_sock_far(s)->local = *addr;
	if (result == 0 && s->role == GNI_LISTENER)
		result = l->calls->listen(l->io, s->fd, backlog);
	return result;
}

/* Where it is: the port may have been chosen just now. */
static int learn_local(const struct gni_dial *d, gn_sock *s)
{
	struct gni_loop *l = d->loop;
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	int result = l->calls->name(l->io, s->fd, false, &name, &len);

	if (result == 0)
		gni_addr_set(&gni_sock_far(s)->local, s->kind, &name, len);
	return result;
}

static gn_sock *open_bound(const struct gni_dial *d, enum gni_role role,
			   const gn_addr *addr, int *result)
{
	gn_sock *s = gni_dial_socket(d, role, addr, result);

	if (!s)
		return NULL;
	*result = bind_to(d, s, addr);
	if (*result == 0)
		*result = learn_local(d, s);
	if (*result == 0)
		return s;
	gni_close_now(s);
	return NULL;
}

/* Whether the machine has no IPv6, so that IPv4 alone is meant by "any". */
static bool lacks_family(int result)
{
	return result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL;
}

/* Who asked for any port was not told of the one it has. */
static bool lacks_port(const struct gni_dial *d, int result)
{
	return result == -EADDRINUSE && d->target.port == 0 &&
	       d->target.family != AF_UNIX;
}

static const char *hint(const struct gni_dial *d, int result)
{
	unsigned port = d->target.port;

	if (result == -EACCES && port > 0 && port < 1024)
		return "ports below 1024 need the capability "
		       "CAP_NET_BIND_SERVICE: take a higher one, or grant it "
		       "by setcap(8)";
	if (result == -EADDRINUSE && d->target.family == AF_UNIX)
		return "a server answers there, or the path is no socket of "
		       "ours";
	if (lacks_port(d, result))
		return "no port is free";
	if (result == -EADDRINUSE)
		return "another socket has this port";
	return "";
}

static void fail(const struct gni_dial *d, int result)
{
	struct gni_cause cause = gni_cause_of(result);

	if (lacks_port(d, result))
		cause.code = GN_ELIMIT;
	cause.operation = d->operation;
	cause.about = d->text;
	gni_fail(&cause, "%s", hint(d, result));
}

static gn_sock *open_server(const char *operation, enum gni_role role,
			    enum gni_verb verb, const char *address,
			    const gn_sock_opts *opts)
{
	struct gni_dial d;
	gn_addr addrs[GNI_DIAL_ADDRS];
	int count, result = gni_dial_begin(&d, operation, address, opts);
	gn_sock *s = NULL;

	if (result < 0)
		return NULL;
	if (!gni_kind_has(d.target.kind, role, verb)) {
		gni_dial_fail(&d, GN_EKIND, NULL,
			      role == GNI_LISTENER ?
				      "datagrams are taken by gn_bind" :
				      "connections are taken by gn_listen");
		return NULL;
	}
	count = gni_dial_addrs(&d, false, addrs);
	if (count < 0)
		return NULL;
	s = open_bound(&d, role, &addrs[0], &result);
	if (!s && count > 1 && lacks_family(result))
		s = open_bound(&d, role, &addrs[1], &result);
	if (!s)
		fail(&d, result);
	return s;
}

gn_sock *gn_listen(const char *address, const gn_sock_opts *opts)
{
	return open_server("listen", GNI_LISTENER, GNI_ACCEPT, address, opts);
}

gn_sock *gn_bind(const char *address, const gn_sock_opts *opts)
{
	return open_server("bind", GNI_BOUND, GNI_SENDTO, address, opts);
}
