/*
 * address_case.c: hosts and ports: free ones, taken ones, forbidden ones, both
 * families, and nobody there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "place.h"

static gn_sock *serve(const struct place *p, const char *address)
{
	return p->kind->traits & K_BOUND ? gn_bind(address, NULL) :
					   gn_listen(address, NULL);
}

/* ---- ports */

static int free_port(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_addr addr, other;
	gn_sock *s[2];

	for (int i = 0; i < 2; i++) {
		s[i] = listen_somewhere(p, address);
		WANT(s[i]);
		gn_sock_local(s[i], &addr);
		WANT_IS(gn_addr_kind(&addr), p->kind->kind);
		WANT(gn_addr_port(&addr) > 0);
		WANT(gn_addr_is_ipv6(&addr) == (p->kind->at[0] == '['));
		gn_sock_peer(s[i], &other);
		WANT_IS(gn_addr_kind(&other), GN_KIND_NONE);
	}
	gn_sock_local(s[0], &other);
	WANT(gn_addr_port(&addr) != gn_addr_port(&other));
	close_two(s);
	return 0;
}

static int taken(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s = listen_somewhere(p, address);

	WANT(s);
	for (int i = 0; i < 3; i++) {
		WANT(!serve(p, address));
		WANT_IS(gn_code(), GN_EINUSE);
		WANT_IS(gn_error_errno(gn_error_last()), EADDRINUSE);
	}
	gn_close(s);
	s = serve(p, address);
	WANT(s);
	gn_close(s);
	return 0;
}

/* The server ends first, so that its port is in TIME_WAIT; and with a client
 * that is still there. */
static int again_at_once(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s[2], *kept[2];

	WANT(l);
	for (int i = 0; i < 3; i++) {
		kept[0] = gn_connect(address, NULL, SOON);
		kept[1] = gn_accept(l, SOON);
		s[0] = gn_connect(address, NULL, SOON);
		s[1] = gn_accept(l, SOON);
		WANT(kept[0] && kept[1] && s[0] && s[1]);
		gn_close(s[1]);
		TRY(recv_end(s[0]));
		gn_close(s[0]);
		gn_close(l);
		turns(); /* in a fiber the loop finishes a close */
		l = gn_listen(address, NULL);
		WANT(l);
		TRY(send_pattern(kept[0], 5, 0));
		TRY(recv_pattern(kept[1], 5, 0));
		close_two(kept);
	}
	gn_close(l);
	return 0;
}

/* ---- who may have which */

static bool port_is_free_for_all(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
	int first = 1024;

	if (f && fscanf(f, "%d", &first) != 1)
		first = 1024;
	if (f)
		fclose(f);
	return first <= 999;
}

static int bind_low(const struct place *p)
{
	char address[ADDRESS_MAX], text[512];

	if (geteuid() == 0)
		WANT(setgid(65534) == 0 && setuid(65534) == 0);
	snprintf(address, sizeof address, "%s://%s:999", p->kind->scheme,
		 p->kind->at[0] == '[' ? "[::1]" : "127.0.0.1");
	WANT(!serve(p, address));
	WANT_IS(gn_code(), GN_EPERM);
	WANT_IS(gn_error_errno(gn_error_last()), EACCES);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, address));
	WANT(strstr(text, "not permitted"));
	WANT(strstr(text, "CAP_NET_BIND_SERVICE"));
	return 0;
}

static int low_port(const struct place *p)
{
	if (port_is_free_for_all())
		return skip(p, "ports below 1024 are free for all here");
	return want_well(bind_low, p);
}

/* An address of another machine (RFC 5737, RFC 3849). */
static int foreign_address(const struct place *p)
{
	char address[ADDRESS_MAX];

	snprintf(address, sizeof address, "%s://%s:0", p->kind->scheme,
		 p->kind->at[0] == '[' ? "[2001:db8::1]" : "192.0.2.1");
	WANT(!serve(p, address));
	WANT_IS(gn_code(), GN_ENOADDR);
	return 0;
}

/* ---- both families */

static int meet(const struct place *p, gn_sock *l, const char *host)
{
	char address[ADDRESS_MAX], buf[4];
	gn_sock *s, *accepted;
	gn_addr addr, from;

	gn_sock_local(l, &addr);
	snprintf(address, sizeof address, "%s:%u", host, gn_addr_port(&addr));
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	if (!(p->kind->traits & K_BOUND)) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		gn_sock_peer(accepted, &from);
		gn_sock_local(s, &addr);
		WANT(gn_addr_equal(&from, &addr));
		WANT(gn_addr_is_ipv6(&from) == gn_addr_is_ipv6(&addr));
		gn_close(accepted);
	} else {
		WANT_IS(gn_send(s, "ask", 3, SOON), 0);
		WANT_IS(gn_recvfrom(l, buf, 3, &from, SOON), 3);
		WANT_IS(gn_sendto(l, "yes", 3, &from, SOON), 0);
		WANT_IS(gn_recv(s, buf, 3, SOON), 3);
	}
	gn_close(s);
	return 0;
}

static int dual_stack(const struct place *p)
{
	bool udp = p->kind->traits & K_BOUND;
	gn_sock *l = serve(p, udp ? "udp://:0" : "tcp://:0");

	WANT(l);
	TRY(meet(p, l, udp ? "udp://127.0.0.1" : "tcp://127.0.0.1"));
	TRY(meet(p, l, udp ? "udp://[::1]" : "tcp://[::1]"));
	TRY(meet(p, l, udp ? "udp://localhost" : "tcp://localhost"));
	TRY(meet(p, l, udp ? "udp4://localhost" : "tcp4://localhost"));
	TRY(meet(p, l, udp ? "udp6://localhost" : "tcp6://localhost"));
	gn_close(l);
	l = serve(p, udp ? "udp://*:0" : "tcp://*:0");
	WANT(l);
	TRY(meet(p, l, udp ? "udp://127.0.0.1" : "tcp://127.0.0.1"));
	gn_close(l);
	return 0;
}

/* One family is that family alone. */
static int one_family(const struct place *p)
{
	bool six = p->kind->at[0] == '[';
	char address[ADDRESS_MAX];
	gn_addr addr;
	gn_sock *l;

	snprintf(address, sizeof address, "%s://:0", p->kind->scheme);
	l = gn_listen(address, NULL);
	WANT(l);
	gn_sock_local(l, &addr);
	snprintf(address, sizeof address, "tcp://%s:%u",
		 six ? "127.0.0.1" : "[::1]", gn_addr_port(&addr));
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EREFUSED);
	TRY(meet(p, l, six ? "tcp://[::1]" : "tcp://127.0.0.1"));
	gn_close(l);
	return 0;
}

/* Localhost is bound where people look for it, and sought on both. */
static int localhost(const struct place *p)
{
	char address[ADDRESS_MAX], text[GN_ADDR_TEXT_MAX];
	gn_sock *l = gn_listen("tcp://localhost:0", NULL);
	gn_addr addr;
	int code = 0;

	WANT(l);
	gn_sock_local(l, &addr);
	WANT(strncmp(gn_addr_text(&addr, text), "tcp://127.0.0.1:", 16) == 0);
	snprintf(address, sizeof address, "tcp://localhost:%u",
		 gn_addr_port(&addr));
	TRY(meet(p, l, "tcp://localhost"));
	gn_close(l);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EREFUSED);
	WANT(gn_error_tried(gn_error_last(), 0, &code));
	WANT_IS(code, GN_EREFUSED);
	WANT(gn_error_tried(gn_error_last(), 1, &code));
	WANT_IS(code, GN_EREFUSED);
	WANT(!gn_error_tried(gn_error_last(), 2, &code));
	l = gn_listen("tcp6://localhost:0", NULL);
	WANT(l);
	TRY(meet(p, l, "tcp://localhost"));
	gn_close(l);
	return 0;
}

/* ---- nobody there */

static int refused(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	gn_close(l);
	for (int i = 0; i < 20; i++) {
		WANT(!gn_connect(address, NULL, SOON));
		WANT_IS(gn_code(), GN_EREFUSED);
		WANT_IS(gn_error_errno(gn_error_last()), ECONNREFUSED);
	}
	return 0;
}

/* One address is tried too, and listed though its failure is all there is. */
static int tried_alone(const struct place *p)
{
	char address[ADDRESS_MAX], text[GN_ADDR_TEXT_MAX];
	gn_sock *l = listen_somewhere(p, address);
	const gn_addr *tried, *peer;
	int code = 0;

	WANT(l);
	gn_close(l);
	WANT(!gn_connect(address, NULL, SOON));
	tried = gn_error_tried(gn_error_last(), 0, &code);
	WANT(tried);
	WANT_IS(code, GN_EREFUSED);
	WANT_TEXT(gn_addr_text(tried, text), address);
	peer = gn_error_peer(gn_error_last());
	WANT(peer && gn_addr_equal(peer, tried));
	WANT(!gn_error_tried(gn_error_last(), 1, &code));
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(!strstr(text, "tried"));
	return 0;
}

/* Nobody is reached by TCP at an address of many (RFC 5771, RFC 4291). */
static int unreachable(const struct place *p)
{
	char address[ADDRESS_MAX];

	snprintf(address, sizeof address, "%s://%s:9", p->kind->scheme,
		 p->kind->at[0] == '[' ? "[ff02::1]" : "224.0.0.1");
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EUNREACH);
	WANT_IS(gn_error_errno(gn_error_last()), ENETUNREACH);
	return 0;
}

/* ---- where one comes from */

static int from(const struct place *p)
{
	char address[ADDRESS_MAX], own[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s, *accepted;
	gn_addr peer, local;

	WANT(l);
	fresh_address(p, NULL, own);
	s = gn_connect(address, &(gn_sock_opts){ .from = own }, SOON);
	WANT(s);
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	gn_sock_local(s, &local);
	gn_sock_peer(accepted, &peer);
	WANT(gn_addr_equal(&local, &peer));
	gn_sock_local(accepted, &local);
	gn_sock_peer(s, &peer);
	WANT(gn_addr_equal(&local, &peer));
	gn_close(s);
	gn_close(accepted);
	gn_close(l);
	return 0;
}

/* 192.0.2.1 is nobody's (RFC 5737), and nothing leaves a machine from its
 * loopback. */
static int far_from_loopback(const struct place *p)
{
	gn_sock_opts opts = { .from = "tcp://127.0.0.1:0" };
	char text[512];

	(void)p;
	WANT(!gn_connect("tcp://192.0.2.1:7", &opts, SOON));
	WANT_IS(gn_code(), GN_EUNREACH);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(!strstr(text, "black hole"));
	return 0;
}

/* What is wrong with it is said of it, and before anything is tried. */
static int wrong_from(const struct place *p)
{
	static const struct {
		const char *from;
		int code;
		const char *words;
	} rows[] = {
		{ "nonsense", GN_EADDR, " nonsense: malformed address" },
		{ "tcp://127.0.0.1", GN_EADDR,
		  " tcp://127.0.0.1: malformed address" },
		{ "unix-dgram:@x", GN_EINVAL, "of another kind" },
		{ "udp://127.0.0.1:0", GN_EINVAL, "of another kind" },
		{ "tcp://127.0.0.1:0", GN_EINVAL, "of another kind" },
	};
	char address[ADDRESS_MAX], text[512];
	gn_sock *l = listen_somewhere(p, address);
	gn_addr from;

	WANT(l);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		gn_sock_opts opts = { .from = rows[i].from };

		if (gn_addr_parse(&from, rows[i].from) == 0 &&
		    gn_addr_kind(&from) == p->kind->kind)
			continue;
		WANT(!gn_connect(address, &opts, SOON));
		WANT_IS(gn_code(), rows[i].code);
		WANT(!gn_error_tried(gn_error_last(), 0, NULL));
		gn_error_text(gn_error_last(), text, sizeof text);
		WANT(strstr(text, rows[i].words));
	}
	gn_close(l);
	return 0;
}

/* ---- who is at the other end */

static int ends(const struct place *p)
{
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local[2], peer[2];
	gn_sock *s[2];

	TRY(two(p, s));
	for (int i = 0; i < 2; i++) {
		gn_sock_local(s[i], &local[i]);
		gn_sock_peer(s[i], &peer[i]);
	}
	if (p->kind->traits & K_NAMED) {
		WANT(gn_addr_equal(&peer[0], &local[1]));
		WANT_IS(gn_addr_kind(&peer[0]), p->kind->kind);
	}
	if (p->kind->traits & K_BOUND)
		WANT_IS(gn_addr_kind(&peer[1]), GN_KIND_NONE);
	else if (p->kind->traits & K_INET)
		WANT(gn_addr_equal(&peer[1], &local[0]));
	else
		WANT(!strchr(gn_addr_text(&peer[1], text), '/'));
	close_two(s);
	return 0;
}

/* ---- what cannot be meant */

static int senseless(const struct place *p)
{
	static const struct {
		const char *address;
		int connects, listens, binds;
	} rows[] = {
		{ "tcp://127.0.0.1:99999", GN_EADDR, GN_EADDR, GN_EADDR },
		{ "tcp://127.0.0.1", GN_EADDR, GN_EADDR, GN_EADDR },
		{ "", GN_EADDR, GN_EADDR, GN_EADDR },
		{ "http://127.0.0.1:80", GN_EADDR, GN_EADDR, GN_EADDR },
		{ "tcp://127.0.0.1:1?nosuch=1", GN_EADDR, GN_EADDR, GN_EADDR },
		{ "tcp://:1", GN_EADDR, 0, GN_EKIND },
		{ "tcp://no-such-name.invalid:1", GN_ENAME, GN_ENAME,
		  GN_EKIND },
		{ "udp://127.0.0.1:1", 0, GN_EKIND, 0 },
		{ "unix-dgram:@x", 0, GN_EKIND, 0 },
		{ "unix:@x", 0, 0, GN_EKIND },
		{ "unix-seqpacket:@x", 0, 0, GN_EKIND },
	};

	(void)p;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *address = rows[i].address;

		if (rows[i].connects) {
			WANT(!gn_connect(address, NULL, SOON));
			WANT_IS(gn_code(), rows[i].connects);
		}
		if (rows[i].listens) {
			WANT(!gn_listen(address, NULL));
			WANT_IS(gn_code(), rows[i].listens);
		}
		if (rows[i].binds) {
			WANT(!gn_bind(address, NULL));
			WANT_IS(gn_code(), rows[i].binds);
		}
	}
	return 0;
}

/* From a free port to that very port TCP would meet itself (RFC 9293 3.5). */
static int never_itself(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s;

	for (int i = 0; i < 20; i++) {
		s = listen_somewhere(p, address);
		WANT(s);
		gn_close(s);
		s = gn_connect(address, &(gn_sock_opts){ .from = address },
			       SOON);
		WANT(!s);
		WANT(gn_code() == GN_EREFUSED || gn_code() == GN_EINUSE);
	}
	return 0;
}

const struct conform_case address_cases[] = {
	{ "free_port", K_INET, 0, free_port, NULL, NULL, 0 },
	{ "taken", K_NAMED, 0, taken, NULL, NULL, 0 },
	{ "again_at_once", K_SERVED, 0, again_at_once, NULL, NULL, 0 },
	{ "low_port", K_INET, 0, low_port, NULL, NULL, ON_THREADS },
	{ "foreign_address", K_INET, 0, foreign_address, NULL, NULL, 0 },
	{ "dual_stack", K_INET, 0, dual_stack, NULL, NULL, 0 },
	{ "one_family", K_TCP, 0, one_family, NULL, NULL, 0 },
	{ "localhost", K_TCP, 0, localhost, NULL, NULL, 0 },
	{ "refused (fault_14)", K_TCP, 0, refused, NULL, NULL, 0 },
	{ "unreachable (fault_14)", K_TCP, 0, unreachable, NULL, NULL, 0 },
	{ "tried_alone (fault_14)", K_TCP, 0, tried_alone, NULL, NULL, 0 },
	{ "from", K_SERVED, 0, from, NULL, NULL, 0 },
	{ "wrong_from", K_NAMED, 0, wrong_from, NULL, NULL, 0 },
	{ "far_from_loopback", K_NONE, 0, far_from_loopback, NULL, NULL, 0 },
	{ "never_itself (fault_16)", K_TCP, 0, never_itself, NULL, NULL, 0 },
	{ "ends", 0, 0, ends, NULL, NULL, 0 },
	{ "senseless", K_NONE, 0, senseless, NULL, NULL, 0 },
	{ 0 },
};
