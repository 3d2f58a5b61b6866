/*
 * until_waits.c: the table of the calls that wait, and how each is brought to
 * wait for what never comes: nobody connects, nobody accepts, nobody sends,
 * nobody reads.
 */
#include <stdio.h>
#include <string.h>

#include "until.h"

/* Longer than any latency of the trials. */
#define SETTLED_NS (10 * GN_MSEC)

static const char bytes[4096];

/* ---- scenes */

static void accept_one(struct scene *c)
{
	c->peer = gn_accept(c->listener, SOON);
	WANT(c->peer);
	gn_close(c->listener);
	c->listener = NULL;
}

static const struct {
	const char *kind, *listen;
} places[] = {
	{ "tcp", "tcp://127.0.0.1:0" },
	{ "unix", "unix:/run/here" },
	{ "unix-seqpacket", "unix-seqpacket:/run/here" },
};

static void listen_at(struct scene *c, const char *kind, int backlog)
{
	gn_sock_opts opts = { .backlog = backlog };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strcmp(places[i].kind, kind) == 0)
			c->listener = gn_listen(places[i].listen, &opts);
	WANT(c->listener);
	stage_local(c->listener, c->address);
}

static void quiet_listener(struct scene *c, const char *kind)
{
	listen_at(c, kind, 0);
}

/* Connects until one has to wait: the backlog is full. */
static void full_listener(struct scene *c, const char *kind)
{
	listen_at(c, kind, 1);
	while ((c->others[c->count] = gn_connect(c->address, NULL,
						 gn_in(SETTLED_NS))))
		WANT(++c->count < 31);
	WANT_IS(gn_code(), GN_ETIMEOUT);
}

/* Nobody answers, and nobody says that there is nobody. */
static void far_away(struct scene *c, const char *kind)
{
	(void)kind;
	snprintf(c->address, sizeof c->address, "tcp://far:7");
}

static void pair_of(struct scene *c, enum gn_kind kind)
{
	gn_sock *pair[2];

	WANT_IS(gn_pair(kind, pair), 0);
	c->s = pair[0];
	c->peer = pair[1];
}

static void udp_pair(struct scene *c)
{
	c->peer = gn_bind("udp://127.0.0.1:0", NULL);
	WANT(c->peer);
	c->s = gn_connect(stage_local(c->peer, c->address), NULL, SOON);
	WANT(c->s);
}

static void quiet(struct scene *c, const char *kind)
{
	if (strcmp(kind, "udp") == 0) {
		udp_pair(c);
	} else if (strcmp(kind, "unix-dgram") == 0) {
		pair_of(c, GN_UNIX_DGRAM);
	} else {
		listen_at(c, kind, 0);
		c->s = gn_connect(c->address, NULL, SOON);
		WANT(c->s);
		accept_one(c);
	}
}

/* Sends until nothing goes out any more, also after a while. */
static void fill(gn_sock *s)
{
	gn_time begin;

	do {
		begin = gn_now();
		while (gn_send(s, bytes, sizeof bytes, GN_NOW) == 0)
			WANT_IS(gn_since(begin), 0);
		WANT_IS(gn_code(), GN_ETIMEOUT);
		WANT_IS(gn_sleep(gn_in(SETTLED_NS)), 0);
	} while (gn_send(s, bytes, 1, GN_NOW) == 0);
	WANT_IS(gn_code(), GN_ETIMEOUT);
}

static void full(struct scene *c, const char *kind)
{
	quiet(c, kind);
	fill(c->s);
}

/* What was gathered has nowhere to go. */
static void corked(struct scene *c, const char *kind)
{
	full(c, kind);
	gn_cork(c->s);
	WANT_IS(gn_send(c->s, "x", 1, GN_NOW), 0);
}

static void bound(struct scene *c, const char *kind)
{
	bool udp = strcmp(kind, "udp") == 0;

	c->s = gn_bind(udp ? "udp://127.0.0.1:0" : "unix-dgram:/run/s", NULL);
	c->peer = gn_bind(udp ? "udp://127.0.0.1:0" : "unix-dgram:/run/p",
			  NULL);
	WANT(c->s && c->peer);
	gn_sock_local(c->peer, &c->to);
}

static void full_bound(struct scene *c, const char *kind)
{
	bound(c, kind);
	while (gn_sendto(c->s, bytes, 100, &c->to, GN_NOW) == 0)
		continue;
	WANT_IS(gn_code(), GN_ETIMEOUT);
}

/* Half of a line, of a text, of so many bytes. */
static void begun(struct scene *c, const char *kind)
{
	quiet(c, kind);
	WANT_IS(gn_send(c->peer, "begun\xd0", 6, SOON), 0);
	WANT_IS(gn_sleep(gn_in(SETTLED_NS)), 0);
}

static void begun_text(struct scene *c, const char *kind)
{
	quiet(c, kind);
	WANT_IS(gn_send(c->peer, "\xd0", 1, SOON), 0);
	WANT_IS(gn_sleep(gn_in(SETTLED_NS)), 0);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER);
}

static void tasks(struct scene *c, const char *kind)
{
	int item = 0;

	(void)kind;
	c->chan = gn_chan_open(sizeof item, 1);
	c->full = gn_chan_open(sizeof item, 1);
	c->group = gn_group_open(NULL);
	WANT(c->chan && c->full && c->group);
	WANT_IS(gn_chan_send(c->full, &item, GN_NOW), 0);
	WANT_IS(gn_go(c->group, sleep_for_ever, NULL), 0);
	gn_yield();
}

void until_strike(struct scene *c)
{
	for (int i = 0; i < c->count; i++)
		gn_close(c->others[i]);
	gn_close(c->s);
	gn_close(c->peer);
	gn_close(c->listener);
	gn_chan_close(c->chan);
	gn_chan_close(c->full);
	gn_group_close(c->group);
}

/* ---- calls */

static int call_accept(struct scene *c, gn_time until)
{
	gn_sock *s = gn_accept(c->listener, until);

	return s ? 0 : gn_code();
}

static int call_connect(struct scene *c, gn_time until)
{
	gn_sock *s = gn_connect(c->address, NULL, until);

	return s ? 0 : gn_code();
}

static int call_send(struct scene *c, gn_time until)
{
	return gn_send(c->s, bytes, sizeof bytes, until);
}

static int call_sendv(struct scene *c, gn_time until)
{
	struct iovec v[] = { { (void *)(uintptr_t)bytes, 10 },
			     { (void *)(uintptr_t)bytes, 20 } };

	return gn_sendv(c->s, v, 2, until);
}

static int call_sendto(struct scene *c, gn_time until)
{
	return gn_sendto(c->s, bytes, 100, &c->to, until);
}

static int call_flush(struct scene *c, gn_time until)
{
	return gn_flush(c->s, until);
}

static int call_shutdown(struct scene *c, gn_time until)
{
	return gn_shutdown(c->s, until);
}

static int call_recv(struct scene *c, gn_time until)
{
	char byte;

	return (int)gn_recv(c->s, &byte, 1, until);
}

static int call_recvv(struct scene *c, gn_time until)
{
	char a[10], b[20];
	struct iovec v[] = { { a, sizeof a }, { b, sizeof b } };

	return (int)gn_recvv(c->s, v, 2, until);
}

static int call_recvfrom(struct scene *c, gn_time until)
{
	gn_addr from;
	char byte;

	return (int)gn_recvfrom(c->s, &byte, 1, &from, until);
}

static int call_recv_exact(struct scene *c, gn_time until)
{
	char text[7];

	return (int)gn_recv_exact(c->s, text, sizeof text, until);
}

static int call_recv_line(struct scene *c, gn_time until)
{
	char text[80];

	return (int)gn_recv_line(c->s, text, sizeof text, until);
}

static int call_recv_until(struct scene *c, gn_time until)
{
	char text[80];

	return (int)gn_recv_until(c->s, text, sizeof text, "end", 3, until);
}

static int call_recv_text(struct scene *c, gn_time until)
{
	char text[80];

	return (int)gn_recv_text(c->s, text, sizeof text, until);
}

static int call_wait(struct scene *c, gn_time until)
{
	return gn_wait(c->listener ? c->listener : c->s, until);
}

static int call_sleep(struct scene *c, gn_time until)
{
	(void)c;
	return gn_sleep(until);
}

static int call_group_wait(struct scene *c, gn_time until)
{
	return gn_group_wait(c->group, until);
}

static int call_chan_send(struct scene *c, gn_time until)
{
	int item = 1;

	return gn_chan_send(c->full, &item, until);
}

static int call_chan_recv(struct scene *c, gn_time until)
{
	int item;

	return gn_chan_recv(c->chan, &item, until);
}

static int call_chan_select(struct scene *c, gn_time until)
{
	int one = 1, two;
	gn_chan_case cases[] = { { c->chan, NULL, &two },
				 { c->full, &one, NULL } };

	return gn_chan_select(cases, 2, until);
}

const struct wait waits[] = {
	{ "gn_accept", "tcp", quiet_listener, call_accept, false, true },
	{ "gn_accept", "unix", quiet_listener, call_accept, false, true },
	{ "gn_accept", "unix-seqpacket", quiet_listener, call_accept, false,
	  true },
	{ "gn_connect", "tcp", full_listener, call_connect, false, false },
	{ "gn_connect", "unix", full_listener, call_connect, false, false },
	{ "gn_connect", "unix-seqpacket", full_listener, call_connect, false,
	  false },
	{ "gn_connect", "tcp", far_away, call_connect, false, false },
	{ "gn_send", "tcp", full, call_send, false, true },
	{ "gn_send", "unix", full, call_send, false, true },
	{ "gn_send", "unix-dgram", full, call_send, false, true },
	{ "gn_send", "unix-seqpacket", full, call_send, false, true },
	{ "gn_sendv", "tcp", full, call_sendv, false, true },
	{ "gn_sendv", "unix", full, call_sendv, false, true },
	{ "gn_sendv", "unix-dgram", full, call_sendv, false, true },
	{ "gn_sendv", "unix-seqpacket", full, call_sendv, false, true },
	{ "gn_sendto", "unix-dgram", full_bound, call_sendto, false, true },
	{ "gn_flush", "tcp", corked, call_flush, false, true },
	{ "gn_flush", "unix", corked, call_flush, false, true },
	{ "gn_shutdown", "tcp", corked, call_shutdown, false, true },
	{ "gn_shutdown", "unix", corked, call_shutdown, false, true },
	{ "gn_recv", "tcp", quiet, call_recv, false, true },
	{ "gn_recv", "unix", quiet, call_recv, false, true },
	{ "gn_recv", "udp", quiet, call_recv, false, true },
	{ "gn_recv", "unix-dgram", quiet, call_recv, false, true },
	{ "gn_recv", "unix-seqpacket", quiet, call_recv, false, true },
	{ "gn_recvv", "tcp", quiet, call_recvv, false, true },
	{ "gn_recvv", "unix", quiet, call_recvv, false, true },
	{ "gn_recvv", "udp", quiet, call_recvv, false, true },
	{ "gn_recvv", "unix-dgram", quiet, call_recvv, false, true },
	{ "gn_recvv", "unix-seqpacket", quiet, call_recvv, false, true },
	{ "gn_recvfrom", "udp", bound, call_recvfrom, false, true },
	{ "gn_recvfrom", "unix-dgram", bound, call_recvfrom, false, true },
	{ "gn_recv_exact", "tcp", quiet, call_recv_exact, false, true },
	{ "gn_recv_exact", "tcp", begun, call_recv_exact, false, true },
	{ "gn_recv_exact", "unix", begun, call_recv_exact, false, true },
	{ "gn_recv_line", "tcp", quiet, call_recv_line, false, true },
	{ "gn_recv_line", "tcp", begun, call_recv_line, false, true },
	{ "gn_recv_line", "unix", begun, call_recv_line, false, true },
	{ "gn_recv_until", "tcp", quiet, call_recv_until, false, true },
	{ "gn_recv_until", "tcp", begun, call_recv_until, false, true },
	{ "gn_recv_until", "unix", begun, call_recv_until, false, true },
	{ "gn_recv_text", "tcp", quiet, call_recv_text, false, true },
	{ "gn_recv_text", "tcp", begun_text, call_recv_text, false, true },
	{ "gn_recv_text", "unix", begun_text, call_recv_text, false, true },
	{ "gn_recv_text", "udp", quiet, call_recv_text, false, true },
	{ "gn_recv_text", "unix-dgram", quiet, call_recv_text, false, true },
	{ "gn_recv_text", "unix-seqpacket", quiet, call_recv_text, false,
	  true },
	{ "gn_wait", "tcp", quiet, call_wait, false, true },
	{ "gn_wait", "unix", quiet, call_wait, false, true },
	{ "gn_wait", "udp", quiet, call_wait, false, true },
	{ "gn_wait", "unix-dgram", quiet, call_wait, false, true },
	{ "gn_wait", "unix-seqpacket", quiet, call_wait, false, true },
	{ "gn_wait", "tcp", quiet_listener, call_wait, false, true },
	{ "gn_wait", "unix", quiet_listener, call_wait, false, true },
	{ "gn_wait", "unix-seqpacket", quiet_listener, call_wait, false,
	  true },
	{ "gn_sleep", "", tasks, call_sleep, true, false },
	{ "gn_group_wait", "", tasks, call_group_wait, false, false },
	{ "gn_chan_send", "", tasks, call_chan_send, false, false },
	{ "gn_chan_recv", "", tasks, call_chan_recv, false, false },
	{ "gn_chan_select", "", tasks, call_chan_select, false, false },
	{ 0 },
};
