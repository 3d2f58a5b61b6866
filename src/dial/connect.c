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

	if (!from->kind && s->kind == GN_UNIX_DGRAM)
		gni_addr_set(&addr, s->kind, &unnamed, sizeof unnamed);
	else if (!from->kind)
		return 0;
	s->local = addr;
	return l->calls->bind(l->io, s->fd, &addr, -1, &s->file);
}

/*
 * A connect to a free port of this machine may meet itself (RFC 9293, 3.5:
 * simultaneous open); what then stands is no connection to anybody.
 */
static bool met_itself(gn_sock *s)
{
	gn_addr local;

	gn_sock_local(s, &local);
	return s->kind == GN_TCP && gn_addr_equal(&local, &s->peer);
}

static int connect_to(const struct gni_dial *d, gn_sock *s,
		      const gn_addr *addr, const gn_addr *from, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_CONNECT, .fd = s->fd,
				      .addr = addr } };
	int result = bind_from(d, s, from);

	s->peer = *addr;
	if (!s->file.inode)
		s->local = (gn_addr){ 0 };
	gni_sock_attach(s, d->loop);
	if (result == 0)
		result = gni_call_wait(&c, "connect", addr, until);
	if (result >= 0 && met_itself(s))
		result = -ECONNREFUSED;
	return result;
}

static gn_sock *try_one(const struct gni_dial *d, const gn_addr *addr,
			const gn_addr *from, gn_time until, int *result)
{
	gn_sock *s = gni_dial_socket(d, GNI_CONNECTED, addr, result);

	if (!s)
		return NULL;
	*result = connect_to(d, s, addr, from, until);
	if (*result >= 0)
		return s;
	gni_close_now(s);
	return NULL;
}

/* Giving up is the caller's, not the address's. */
static bool is_final(int result)
{
	return result == GN_ECANCELED || result == GN_ETIMEOUT;
}

struct tries {
	gn_addr addr[GNI_DIAL_ADDRS], from;
	int result[GNI_DIAL_ADDRS];
	int count;
};

/*
 * Who did not ask for an address of its own is told of none that is not its
 * own: the ports to connect from have run out.  Only ::1 is missed in truth,
 * where IPv6 is switched off.
 */
static bool lacks_port(const struct tries *t, int i)
{
	struct sockaddr_in6 v6;

	if (t->result[i] != -EADDRNOTAVAIL || t->from.kind)
		return false;
	if (!gn_addr_is_ipv6(&t->addr[i]))
		return true;
	memcpy(&v6, t->addr[i].sockaddr, sizeof v6);
	return !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static struct gni_cause cause_of(const struct tries *t, int i)
{
	struct gni_cause cause = gni_cause_of(t->result[i]);

	if (lacks_port(t, i))
		cause.code = GN_ELIMIT;
	return cause;
}

/* The sentence names the last failure and, if there were several, each. */
static void fail(const struct gni_dial *d, const struct tries *t)
{
	int last = t->count - 1;
	struct gni_cause cause = cause_of(t, last);

	cause.operation = d->operation;
	cause.about = d->text;
	cause.peer = &t->addr[last];
	gni_fail(&cause, "%s",
		 lacks_port(t, last) ? "no port is free to connect from" : "");
	for (int i = 0; i < t->count; i++)
		gni_error_tried(&t->addr[i], cause_of(t, i).code);
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
		int *result = &t.result[t.count];
		gn_sock *s = try_one(&d, &t.addr[t.count++], &t.from, until,
				     result);

		if (s)
			return s;
		if (is_final(*result))
			break;
	}
	if (count > 0)
		fail(&d, &t);
	return NULL;
}
