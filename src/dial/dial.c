/*
 * dial.c: what an address string means here: which kind, which numbers.
 */
#include "dial/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "addr/addr.h"

int gni_dial_fail(const struct gni_dial *d, int result, const gn_addr *addr,
		  const char *why)
{
	struct gni_cause cause = gni_cause_of(result);

	cause.operation = d->operation;
	cause.about = d->text;
	cause.peer = addr;
	return gni_fail(&cause, "%s", why ? why : "");
}

int gni_dial_begin(struct gni_dial *d, const char *operation, const char *text,
		   const gn_sock_opts *opts)
{
	const char *refused = gni_option_refuse(opts);
	int result;

	memset(d, 0, sizeof *d);
	d->operation = operation;
	d->text = text;
	if (refused)
		return gni_dial_fail(d, GN_EINVAL, NULL, refused);
	result = gni_target_parse(&d->target, text, operation);
	if (result < 0)
		return result;
	d->options = gni_option_merge(&d->target, opts);
	d->loop = gni_loop_here();
	return d->loop ? 0 : gn_code();
}

static gn_addr inet4(enum gn_kind kind, uint32_t host, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(host) };
	gn_addr a;

	gni_addr_set(&a, kind, &in, sizeof in);
	return a;
}

static gn_addr inet6(enum gn_kind kind, const struct in6_addr *host,
		     uint16_t port)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = *host };
	gn_addr a;

	gni_addr_set(&a, kind, &in, sizeof in);
	return a;
}

/* Both families or the one that was asked for; IPv6 first, as RFC 6724 has
 * it, but localhost is bound as 127.0.0.1, where people look for it. */
static int both(const struct gni_target *t, uint32_t host4,
		const struct in6_addr *host6, gn_addr *addrs)
{
	int n = 0;

	if (t->family != AF_INET)
		addrs[n++] = inet6(t->kind, host6, t->port);
	if (t->family != AF_INET6)
		addrs[n++] = inet4(t->kind, host4, t->port);
	return n;
}

static int local(const struct gni_target *t, bool for_peer, gn_addr *addrs)
{
	if (!for_peer && t->family != AF_INET6) {
		addrs[0] = inet4(t->kind, INADDR_LOOPBACK, t->port);
		return 1;
	}
	return both(t, INADDR_LOOPBACK, &in6addr_loopback, addrs);
}

static bool fits(const gn_addr *a, int family)
{
	return family == 0 || gni_addr_family(a) == family;
}

/* Only a simulation knows names yet. */
static int named(const struct gni_dial *d, gn_addr *addrs)
{
	const struct gni_target *t = &d->target;
	struct gni_loop *l = d->loop;
	int found = 0, kept = 0;

	if (l->calls->host)
		found = l->calls->host(l->io, t->name, t->port, t->kind, addrs,
				       GNI_DIAL_ADDRS);
	for (int i = 0; i < found; i++)
		if (fits(&addrs[i], t->family))
			addrs[kept++] = addrs[i];
	if (kept > 0)
		return kept;
	return gni_dial_fail(d, GN_ENAME, NULL,
			     "names other than localhost are not looked up "
			     "yet: write the address in numbers");
}

int gni_dial_addrs(const struct gni_dial *d, bool for_peer,
		   gn_addr addrs[GNI_DIAL_ADDRS])
{
	const struct gni_target *t = &d->target;

	switch (t->host) {
	case GNI_HOST_NUMERIC:
		addrs[0] = t->addr;
		return 1;
	case GNI_HOST_LOCAL:
		return local(t, for_peer, addrs);
	case GNI_HOST_NAME:
		return named(d, addrs);
	case GNI_HOST_ANY:
		break;
	}
	if (for_peer)
		return gni_dial_fail(d, GN_EADDR, NULL,
				     "an address to connect to needs a host");
	return both(t, INADDR_ANY, &in6addr_any, addrs);
}

gn_sock *gni_dial_socket(const struct gni_dial *d, enum gni_role role,
			 const gn_addr *addr, int *result)
{
	struct gni_loop *l = d->loop;
	enum gn_kind kind = d->target.kind;
	gn_sock *s;
	int fd = l->calls->socket(l->io, gni_addr_family(addr),
				  gni_kind_type(kind), 0);

	*result = fd;
	if (fd < 0)
		return NULL;
	s = gni_sock_open(kind, role, fd, d->operation);
	if (!s) {
		l->calls->close(l->io, fd);
		*result = -ENOMEM;
		return NULL;
	}
	*result = gni_option_apply(s, &d->options);
	if (*result == 0)
		return s;
	gni_close_now(s);
	return NULL;
}
