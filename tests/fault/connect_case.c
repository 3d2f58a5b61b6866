/*
 * connect_case.c: connects that cannot succeed: rows 13 to 16.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "row.h"

/* Long enough for an answer over the wire, if one is to come. */
#define GIVE_UP_NS (200 * GN_MSEC)

/* ---- 13: a full backlog */

/* More than a backlog of one can hold. */
#define KNOCKS 8

/* The kernel drops what does not fit, and a client asks again after a second,
 * so that the deadline is its only end. */
static int backlog_us(struct world *w)
{
	gn_sock *l, *s[KNOCKS], *accepted;
	gn_time until;
	long dropped;
	int count = 0;

	TRY(kernel_set("ipv4/tcp_syncookies", "0"));
	l = serve_at(w, "tcp4", "backlog=1");
	WANT(l);
	do {
		WANT(count < KNOCKS);
		until = gn_in(GIVE_UP_NS);
		s[count] = gn_connect(w->address, NULL, until);
	} while (s[count++]);
	WANT_PASSED(until);
	WANT_TOLD("connect", GN_ETIMEOUT, 0, w->host);
	dropped = until_count("netstat", "TcpExt", "ListenDrops", 1);
	WANT(dropped > 0);
	injected((unsigned long)dropped);
	for (int i = 0; i < count - 1; i++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		gn_close(accepted);
		gn_close(s[i]);
	}
	s[0] = gn_connect(w->address, NULL, SOON);
	WANT(s[0]);
	gn_close(s[0]);
	gn_close(l);
	handled(1);
	return 0;
}

/* A client that waits long enough comes in when there is room: the kernel asks
 * again after a second. */
static int come_in_late(void *arg)
{
	struct world *w = arg;
	gn_sock *s = gn_connect(w->address, NULL, SOON);

	WANT(s);
	TRY(send_pattern(s, 10, 0));
	gn_close(s);
	handled(1);
	return 0;
}

static int backlog_late_us(struct world *w)
{
	gn_sock *l, *s[2], *accepted;
	struct one late;

	TRY(kernel_set("ipv4/tcp_syncookies", "0"));
	l = serve_at(w, "tcp4", "backlog=1");
	WANT(l);
	for (int i = 0; i < 2; i++) {
		s[i] = gn_connect(w->address, NULL, SOON);
		WANT(s[i]);
	}
	TRY(go_one(&late, come_in_late, w));
	TRY(until_count("netstat", "TcpExt", "ListenDrops", 1));
	injected(1);
	for (int i = 0; i < 3; i++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		if (i == 2)
			TRY(recv_pattern(accepted, 10, 0));
		gn_close(accepted);
	}
	WANT_IS(join_one(&late), 0);
	close_two(s);
	gn_close(l);
	return 0;
}

/* ---- 14: each cause of its own */

static int want_refusal(const char *address, int code, int sys,
			const char *where)
{
	WANT(!gn_connect(address, NULL, SOON));
	WANT_TOLD("connect", code, sys, where);
	injected(1);
	handled(1);
	return 0;
}

static int refused_us(struct world *w)
{
	char address[ADDRESS_MAX];
	gn_sock *l;

	TRY(where_they_are(w));
	TRY(hear_them(&w->place));
	TRY(want_refusal(w->address, GN_EREFUSED, ECONNREFUSED, w->host));
	l = gn_listen("tcp4://127.0.0.1:0", NULL);
	WANT(l);
	address_of(l, address);
	gn_close(l);
	TRY(want_refusal(address, GN_EREFUSED, ECONNREFUSED, "127.0.0.1"));
	return 0;
}

/* Tells an address at which nobody is. */
static int refused_them(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", "");

	WANT(l);
	gn_close(l);
	return ring_them(&w->place);
}

/* The three types of routes that lead nowhere, and none at all. */
static int routes(struct world *w)
{
	static const struct {
		const char *address, *where;
		int code, sys;
	} rows[] = {
		{ "tcp://10.8.1.1:9", "10.8.1.1", GN_EUNREACH, EHOSTUNREACH },
		{ "tcp://10.8.2.1:9", "10.8.2.1", GN_EPERM, EACCES },
		{ "tcp://10.8.3.1:9", "10.8.3.1", GN_EUNREACH, EINVAL },
		{ "tcp://10.9.0.1:9", "10.9.0.1", GN_EUNREACH, ENETUNREACH },
		{ "tcp://[fd08:1::1]:9", "fd08:1::1", GN_EUNREACH,
		  EHOSTUNREACH },
		{ "tcp://[fd08:2::1]:9", "fd08:2::1", GN_EPERM, EACCES },
		{ "tcp://[fd08:3::1]:9", "fd08:3::1", GN_EUNREACH, EINVAL },
		{ "tcp://[fd09::1]:9", "fd09::1", GN_EUNREACH, ENETUNREACH },
		{ "udp://10.8.3.1:9", "10.8.3.1", GN_EUNREACH, EINVAL },
	};

	(void)w;
	TRY(ip("route add unreachable 10.8.1.0/24\n"
	       "route add prohibit 10.8.2.0/24\n"
	       "route add blackhole 10.8.3.0/24\n"
	       "route add unreachable fd08:1::/64\n"
	       "route add prohibit fd08:2::/64\n"
	       "route add blackhole fd08:3::/64\n"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		TRY(want_refusal(rows[i].address, rows[i].code, rows[i].sys,
				 rows[i].where));
	return 0;
}

/* What a router on the way, or the other machine, answers. */
static const struct {
	const char *type;
	int code, sys;
} answers[] = {
	{ "host-unreachable", GN_EUNREACH, EHOSTUNREACH },
	{ "net-unreachable", GN_EUNREACH, ENETUNREACH },
	{ "admin-prohibited", GN_EUNREACH, EHOSTUNREACH },
	{ "port-unreachable", GN_EREFUSED, ECONNREFUSED },
};

#define ANSWERS (sizeof answers / sizeof *answers)

static int icmp_us(struct world *w)
{
	TRY(where_they_are(w));
	for (size_t i = 0; i < ANSWERS; i++) {
		TRY(hear_them(&w->place));
		WANT(!gn_connect(w->address, NULL, SOON));
		WANT_TOLD("connect", answers[i].code, answers[i].sys, w->host);
		handled(1);
		TRY(ring_us(&w->place));
	}
	return 0;
}

static int icmp_them(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", "");
	long count;

	WANT(l);
	for (size_t i = 0; i < ANSWERS; i++) {
		char lines[256];

		snprintf(lines, sizeof lines,
			 "flush ruleset\n"
			 "table ip f {\n"
			 "chain in { type filter hook input priority 0\n"
			 "ip daddr " THEM4 " counter "
			 "reject with icmp type %s\n"
			 "}\n}\n",
			 answers[i].type);
		TRY(nft(lines));
		TRY(ring_them(&w->place));
		TRY(hear_us(&w->place));
		count = nft_count();
		WANT(count > 0);
		injected((unsigned long)count);
	}
	gn_close(l);
	return 0;
}

/* A black hole: not the kernel's two minutes, but our deadline. */
static int black_hole_us(struct world *w)
{
	gn_time until;
	gn_sock *s;

	TRY(where_they_are(w));
	TRY(hear_them(&w->place));
	until = gn_in(GIVE_UP_NS);
	WANT(!gn_connect(w->address, NULL, until));
	WANT_PASSED(until);
	WANT_TOLD("connect", GN_ETIMEOUT, 0, w->host);
	WANT(!gn_connect(w->address, NULL, GN_NOW));
	WANT_TOLD("connect", GN_ETIMEOUT, 0, w->host);
	TRY(ring_us(&w->place));
	TRY(hear_them(&w->place));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	gn_close(s);
	handled(2);
	return 0;
}

static int black_hole_them(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *s;
	long count;

	WANT(l);
	TRY(nft("table ip f {\n"
		"chain in { type filter hook input priority 0\n"
		"meta l4proto tcp counter drop\n"
		"}\n}\n"));
	TRY(ring_them(&w->place));
	TRY(hear_us(&w->place));
	count = nft_count();
	WANT(count >= 2);
	injected((unsigned long)count);
	TRY(nft("flush ruleset\n"));
	TRY(ring_them(&w->place));
	s = gn_accept(l, SOON);
	WANT(s);
	gn_close(s);
	gn_close(l);
	return 0;
}

/* A machine on which IPv6 is switched off. */
static int no_ipv6(struct world *w)
{
	char address[ADDRESS_MAX], both[ADDRESS_MAX];
	gn_sock *l, *s, *accepted;
	gn_addr local;

	(void)w;
	TRY(kernel_set("ipv6/conf/all/disable_ipv6", "1"));
	WANT(!gn_listen("tcp://[::1]:0", NULL));
	WANT_TOLD("listen", GN_ENOADDR, EADDRNOTAVAIL, NULL);
	WANT(!gn_connect("tcp://[::1]:9", NULL, SOON));
	WANT_IS(gn_code(), GN_ENOADDR);
	injected(2);
	l = gn_listen("tcp://:0", NULL);
	WANT(l);
	gn_sock_local(l, &local);
	snprintf(address, sizeof address, "tcp://127.0.0.1:%u",
		 gn_addr_port(&local));
	snprintf(both, sizeof both, "tcp://localhost:%u", gn_addr_port(&local));
	for (int i = 0; i < 2; i++) {
		s = gn_connect(i ? both : address, NULL, SOON);
		accepted = gn_accept(l, SOON);
		WANT(s && accepted);
		gn_close(s);
		gn_close(accepted);
		handled(1);
	}
	gn_close(l);
	l = gn_bind("udp://:0", NULL);
	WANT(l);
	gn_close(l);
	handled(1);
	return 0;
}

/* The kernel has no IPv6 at all: its sockets cannot be made. */
static int no_ipv6_sockets(struct world *w)
{
	gn_sock *l, *s;
	char address[ADDRESS_MAX];
	gn_addr local;

	(void)w;
	l = gn_listen("tcp://:0", NULL);
	WANT(l);
	gn_sock_local(l, &local);
	WANT(!gn_addr_is_ipv6(&local));
	snprintf(address, sizeof address, "tcp://127.0.0.1:%u",
		 gn_addr_port(&local));
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	gn_close(s);
	gn_close(l);
	handled(1);
	return 0;
}

/* ---- 15: all ports are taken */

/* None of them is one that a new namespace chooses itself: no listener, and no
 * bystander, has it. */
#define PORTS 4
#define RANGE "21000 21003"

/* Takes all of them towards one peer; another peer can still be met. */
static int ports_towards(struct world *w, const gn_sock_opts *opts)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *other, *s[PORTS + 1], *accepted;
	char address[ADDRESS_MAX];

	other = gn_listen("tcp4://127.0.0.1:0", NULL);
	WANT(l && other);
	address_of(other, address);
	TRY(kernel_set("ipv4/ip_local_port_range", RANGE));
	for (int i = 0; i < PORTS; i++) {
		s[i] = gn_connect(w->address, opts, SOON);
		WANT(s[i]);
	}
	WANT(!gn_connect(w->address, opts, SOON));
	WANT_TOLD("connect", GN_ELIMIT, EADDRNOTAVAIL, w->host);
	injected(1);
	s[PORTS] = gn_connect(address, opts, SOON);
	WANT(s[PORTS]);
	gn_close(s[PORTS]);
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	TRY(send_pattern(s[0], 100, 0));
	TRY(recv_pattern(accepted, 100, 0));
	gn_close(accepted);
	for (int i = 0; i < PORTS; i++)
		gn_close(s[i]);
	gn_close(l);
	gn_close(other);
	handled(1);
	return 0;
}

static int ports_used_up(struct world *w)
{
	return ports_towards(w, NULL);
}

/* Who comes from a certain address has each port once for each peer too. */
static int ports_used_up_from(struct world *w)
{
	static const gn_sock_opts opts = { .from = "tcp://127.0.0.1:0" };

	return ports_towards(w, &opts);
}

static int no_port_to_bind(struct world *w)
{
	gn_sock *s[PORTS];

	(void)w;
	TRY(kernel_set("ipv4/ip_local_port_range", RANGE));
	for (int i = 0; i < PORTS; i++) {
		s[i] = gn_bind("udp4://127.0.0.1:0", NULL);
		WANT(s[i]);
	}
	WANT(!gn_bind("udp4://127.0.0.1:0", NULL));
	WANT_TOLD("bind", GN_ELIMIT, EADDRINUSE, NULL);
	injected(1);
	WANT(!gn_connect("udp4://127.0.0.1:9", NULL, SOON));
	WANT_TOLD("connect", GN_ELIMIT, EAGAIN, "127.0.0.1");
	injected(1);
	gn_close(s[0]);
	s[0] = gn_bind("udp4://127.0.0.1:0", NULL);
	WANT(s[0]);
	for (int i = 0; i < PORTS; i++)
		gn_close(s[i]);
	handled(2);
	return 0;
}

/* ---- 16: a connect that meets itself */

/* There is one port to come from, and it is the one to go to; no bystander has
 * it, as above. */
static int met_itself(struct world *w)
{
	gn_sock *l, *s;

	TRY(kernel_set("ipv4/ip_local_port_range", "21000 21000"));
	for (int i = 0; i < 3; i++) {
		WANT(!gn_connect("tcp4://127.0.0.1:21000", NULL, SOON));
		WANT_TOLD("connect", GN_EREFUSED, ECONNREFUSED, "127.0.0.1");
		injected(1);
		handled(1);
	}
	TRY(kernel_set("ipv4/ip_local_port_range", "32768 60999"));
	w->host = "127.0.0.1";
	l = gn_listen("tcp4://127.0.0.1:21000", NULL);
	WANT(l);
	s = gn_connect("tcp4://127.0.0.1:21000", NULL, SOON);
	WANT(s);
	gn_close(s);
	gn_close(l);
	return 0;
}

const struct fault_case connect_cases[] = {
	{ .name = "fault-13-backlog-full",
	  .us = backlog_us,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ .name = "fault-13-backlog-full-for-a-second",
	  .us = backlog_late_us,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ .name = "fault-14-refused",
	  .us = refused_us,
	  .them = refused_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-14-routes",
	  .us = routes,
	  .needs = NEED_NET | NEED_IPV6 },
	{ .name = "fault-14-icmp",
	  .us = icmp_us,
	  .them = icmp_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-14-black-hole",
	  .us = black_hole_us,
	  .them = black_hole_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-14-no-ipv6",
	  .us = no_ipv6,
	  .needs = NEED_NET | NEED_SYSCTL | NEED_IPV6 },
	{ .name = "fault-14-no-ipv6-sockets",
	  .us = no_ipv6_sockets,
	  .needs = NEED_NET | NEED_QUIET,
	  .around = "strace socket:error=EAFNOSUPPORT:when=1" },
	{ .name = "fault-15-ports-used-up",
	  .us = ports_used_up,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ .name = "fault-15-ports-used-up-from",
	  .us = ports_used_up_from,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ .name = "fault-15-no-port-to-bind",
	  .us = no_port_to_bind,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ .name = "fault-16-met-itself",
	  .us = met_itself,
	  .needs = NEED_NET | NEED_SYSCTL },
	{ 0 },
};
