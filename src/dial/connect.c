/*
 * connect.c: sockets that go to others: each address in turn until one
 * answers.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "addr/addr.h"
#include "dial/dial.h"

/* The address that opts->from names, no address if it names none. */
static int read_from(const struct gni_dial *d, const gn_sock_opts *opts,
		     gn_addr *from)
{
	int result = 0;

	*from = (gn_addr){ 0 };
	if (opts && opts->from)
		result = gn_addr_parse(from, opts->from);
	if (result == 0 && from->kind && from->kind != d->target.kind)
		result = gni_dial_fail(d, GN_EINVAL, NULL,
				       "the address to connect from is of "
				       "another kind");
	return result;
}

/* Binds to opts->from before connecting.  A Unix datagram socket always needs
 * a name, or it could not be answered: the kernel then makes one up (unix(7),
 * autobind). */
static int bind_from(const struct gni_dial *d, gn_sock *s, const gn_addr *from)
{
	static const sa_family_t unnamed = AF_UNIX;
	struct gni_loop *l = d->loop;
	gn_addr addr = *from;
	struct gni_far *far;

	if (!from->kind && s->kind == GN_UNIX_DGRAM)
		gni_addr_set(&addr, s->kind, &unnamed, sizeof unnamed);
	else if (!from->kind)
		return 0;
	/* A port that is given out at bind is taken for every peer, one that is
	 * given out at connect for this one (ip(7)). */
	if (s->kind == GN_TCP && gn_addr_port(&addr) == 0)
		gni_option_int(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	far = gni_sock_far(s);
	far->local = addr;
	return l->calls->bind(l->io, s->fd, &addr, -1, &far->file);
}

/*
 * A connect to a free port of this machine may meet itself (RFC 9293, 3.5:
 * simultaneous open); what then stands is no connection to anybody.
 */
static bool met_itself(gn_sock *s)
{
	gn_addr local, peer;

	gn_sock_local(s, &local);
	gn_sock_peer(s, &peer);
	return s->kind == GN_TCP && gn_addr_equal(&local, &peer);
}

/* It goes without TIME_WAIT, which would keep the port from its server. */
static int leave_itself(gn_sock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct gni_loop *l = s->loop;

	l->calls->set(l->io, s->fd, SOL_SOCKET, SO_LINGER, &reset,
		      sizeof reset);
	return -ECONNREFUSED;
}

struct tries {
	gn_addr addr[GNI_DIAL_ADDRS], from;
	int result[GNI_DIAL_ADDRS];
	bool bound[GNI_DIAL_ADDRS]; /* it was the connect that failed */
	int count;
};

static int connect_to(const struct gni_dial *d, gn_sock *s, struct tries *t,
		      int i, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_CONNECT, .fd = s->fd,
				      .addr = &t->addr[i] } };
	int result = bind_from(d, s, &t->from);

	gni_sock_peer_is(s, &t->addr[i]);
	if (s->far->local.kind && !s->far->file.inode)
		s->far->local = (gn_addr){ 0 };
	gni_sock_attach(s, d->loop);
	t->bound[i] = result == 0;
	if (result == 0)
		result = gni_call_wait(&c, "connect", &t->addr[i], until);
	if (result >= 0 && met_itself(s))
		result = leave_itself(s);
	return result;
}

static gn_sock *try_one(const struct gni_dial *d, struct tries *t, int i,
			gn_time until)
{
	gn_sock *s = gni_dial_socket(d, GNI_CONNECTED, &t->addr[i],
				     &t->result[i]);

	if (!s)
		return NULL;
	t->result[i] = connect_to(d, s, t, i, until);
	if (t->result[i] >= 0)
		return s;
	gni_close_now(s);
	return NULL;
}

/* Giving up is the caller's, not the address's. */
static bool is_final(int result)
{
	return result == GN_ECANCELED || result == GN_ETIMEOUT;
}

static bool needs_zone(const gn_addr *addr)
{
	struct sockaddr_in6 v6;

	memcpy(&v6, addr->sockaddr, sizeof v6);
	return gn_addr_is_ipv6(addr) && v6.sin6_scope_id == 0 &&
	       IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

/* ::1 is missing where IPv6 is switched off. */
static bool is_loopback6(const gn_addr *addr)
{
	struct sockaddr_in6 v6;

	memcpy(&v6, addr->sockaddr, sizeof v6);
	return gn_addr_is_ipv6(addr) && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/*
 * Who is told of an address that is not its own, though its own was bound or
 * it did not ask for any, lacks a port to connect from; so does who asked for
 * any port and is told that it is taken.
 */
static bool lacks_port(const struct tries *t, int i)
{
	int family = gni_addr_family(&t->addr[i]);

	if (family == AF_UNIX || gn_addr_port(&t->from) != 0)
		return false;
	if (t->result[i] == -EADDRINUSE)
		return !t->bound[i];
	return t->result[i] == -EADDRNOTAVAIL && t->bound[i] &&
	       (t->from.kind || !is_loopback6(&t->addr[i]));
}

/* Of an address that is whole only a route that leads nowhere can be called
 * invalid, or that none leads there from the address asked for. */
static bool has_no_way(const struct tries *t, int i)
{
	return t->result[i] == -EINVAL && t->bound[i] &&
	       gni_addr_family(&t->addr[i]) != AF_UNIX &&
	       !needs_zone(&t->addr[i]);
}

/* What the errno alone would tell wrongly. */
static struct gni_cause cause_of(const struct tries *t, int i, const char **why)
{
	struct gni_cause cause = gni_cause_of(t->result[i]);

	*why = "";
	if (lacks_port(t, i)) {
		cause.code = GN_ELIMIT;
		*why = "no port is free to connect from";
	} else if (has_no_way(t, i)) {
		cause.code = GN_EUNREACH;
		*why = t->from.kind ? "no way leads there from this address" :
				      "a black hole is its route";
	} else if (t->result[i] == -EINVAL && needs_zone(&t->addr[i])) {
		*why = "a link-local address needs its zone: [fe80::1%eth0]";
	}
	return cause;
}

/* The sentence names the last failure and, if there were several, each. */
static void fail(const struct gni_dial *d, const struct tries *t)
{
	int last = t->count - 1;
	const char *why, *others;
	struct gni_cause cause = cause_of(t, last, &why);

	cause.operation = d->operation;
	cause.about = d->text;
	cause.peer = &t->addr[last];
	gni_fail(&cause, "%s", why);
	for (int i = 0; i < t->count; i++)
		gni_error_tried(&t->addr[i], cause_of(t, i, &others).code);
}

gn_sock *gn_connect(const char *address, const gn_sock_opts *opts,
		    gn_time until)
{
	struct gni_dial d;
	struct tries t = { .count = 0 };
	int count;

	if (gni_dial_begin(&d, "connect", address, opts) < 0 ||
	    read_from(&d, opts, &t.from) < 0)
		return NULL;
	if (gni_task_cancelled(d.loop->current)) {
		gni_dial_fail(&d, GN_ECANCELED, NULL, NULL);
		return NULL;
	}
	count = gni_dial_addrs(&d, true, t.addr);
	while (t.count < count) {
		gn_sock *s = try_one(&d, &t, t.count++, until);

		if (s)
			return s;
		if (is_final(t.result[t.count - 1]))
			break;
	}
	if (count > 0)
		fail(&d, &t);
	return NULL;
}
