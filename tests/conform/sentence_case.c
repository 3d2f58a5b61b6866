/*
 * sentence_case.c: failures as people read them: what was attempted, between
 * whom, what happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

/* The ends of a connection as a sentence names them. */
static const char *ends(const struct place *p)
{
	static const struct {
		const char *kind, *text;
	} rows[] = {
		{ "tcp4", "tcp://127.0.0.1:PORT->127.0.0.1:PORT" },
		{ "tcp6", "tcp://[::1]:PORT->[::1]:PORT" },
		{ "udp4", "udp://127.0.0.1:PORT->127.0.0.1:PORT" },
		{ "udp6", "udp://[::1]:PORT->[::1]:PORT" },
		{ "unix", "unix:PATH" },
		{ "unix-abstract", "unix:@PATH" },
		{ "unix-dgram", "unix-dgram:PATH->PATH" },
		{ "unix-seqpacket", "unix-seqpacket:PATH" },
		{ "pair", "unix" },
		{ "pair-dgram", "unix-dgram" },
		{ "pair-seqpacket", "unix-seqpacket" },
	};
	size_t i = 0;

	while (strcmp(rows[i].kind, p->kind->name) != 0)
		i++;
	return rows[i].text;
}

/* Wants "OPERATION ENDS: WORDS". */
static int want_ends(const struct place *p, const char *operation,
		     const char *words)
{
	char wanted[512];

	snprintf(wanted, sizeof wanted, "%s %s: %s", operation, ends(p), words);
	WANT_TEXT(sentence(p), wanted);
	return 0;
}

/* ---- every kind */

static int common(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	WANT_IS(gn_recv(s[0], &c, 1, GN_NOW), GN_ETIMEOUT);
	TRY(want_ends(p, "recv", "deadline passed"));
	WANT_IS(gn_wait(s[0], GN_NOW), GN_ETIMEOUT);
	TRY(want_ends(p, "wait", "deadline passed"));
	WANT_IS(gn_recv(s[0], &c, 0, GN_NOW), GN_EINVAL);
	TRY(want_ends(p, "recv", "argument out of range"));
	WANT_IS(gn_sendv(s[0], NULL, -1, GN_NOW), GN_EINVAL);
	TRY(want_ends(p, "send", "argument out of range"));
	close_two(s);
	return 0;
}

static int lines(const struct place *p)
{
	gn_sock *s[2];
	char buf[8];

	TRY(two(p, s));
	WANT_IS(gn_send(s[1], "\xff" "234567\n12345", 13, SOON), 0);
	WANT_IS(gn_recv_line(s[0], buf, 4, SOON), GN_ETOOLONG);
	TRY(want_ends(p, "recv_line", "too long"));
	WANT_IS(gn_recv_text(s[0], buf, sizeof buf, SOON), GN_ETEXT);
	TRY(want_ends(p, "recv_text", "not UTF-8"));
	WANT_IS(gn_recv_exact(s[0], buf, 8, SOON), 8);
	gn_close(s[1]);
	WANT_IS(gn_recv_exact(s[0], buf, 8, SOON), GN_ESHORT);
	TRY(want_ends(p, "recv_exact",
		      "the other side ended in mid-message, "
		      "5 of 8 bytes received"));
	WANT_IS(gn_recv_line(s[0], buf, 8, SOON), GN_EEND);
	TRY(want_ends(p, "recv_line", "the other side ended"));
	WANT_IS(gn_shutdown(s[0], SOON), 0);
	WANT_IS(gn_send(s[0], "x", 1, SOON), GN_EINVAL);
	TRY(want_ends(p, "send",
		      "argument out of range "
		      "(this side has ended its sending)"));
	gn_close(s[0]);
	return 0;
}

static int messages(const struct place *p)
{
	gn_sock *s[2];
	char buf[10], bytes[1000] = { 0 };

	TRY(two(p, s));
	if (p->kind->traits & K_BOUND) {
		gn_addr to;

		gn_sock_local(s[0], &to);
		WANT_IS(gn_sendto(s[1], bytes, 1000, &to, SOON), 0);
	} else {
		WANT_IS(gn_send(s[1], bytes, 1000, SOON), 0);
	}
	WANT_IS(gn_recv(s[0], buf, sizeof buf, SOON), GN_ETRUNC);
	TRY(want_ends(p, "recv",
		      "datagram too long for the buffer, "
		      "10 of 1000 bytes received"));
	close_two(s);
	return 0;
}

static int unsent(const struct place *p)
{
	size_t len = (size_t)16 << 20;
	char *buf = calloc(1, len), words[80];
	gn_sock *s[2];

	WANT(buf);
	TRY(two(p, s));
	WANT_IS(gn_send(s[0], buf, len, GN_NOW), GN_ETIMEOUT);
	snprintf(words, sizeof words, "deadline passed, %zu bytes sent",
		 gn_error_done(gn_error_last()));
	TRY(want_ends(p, "send", words));
	free(buf);
	gn_close(s[0]);
	gn_close(s[1]);
	return 0;
}

struct struck {
	struct one one;
	const struct place *p;
	gn_sock *s;
	const char *words;
};

static int is_struck(void *arg)
{
	struct struck *v = arg;
	char c;

	if (gn_recv(v->s, &c, 1, SOON) >= 0)
		return -1;
	return want_ends(v->p, "recv", v->words);
}

static int struck(const struct place *p)
{
	struct struck v = { .p = p, .words = "cancelled" };
	gn_sock *s[2];

	TRY(two(p, s));
	v.s = s[0];
	TRY(go_one(&v.one, is_struck, &v));
	turns();
	cancel_one(&v.one);
	WANT_IS(join_one(&v.one), 0);
	v.words = "closed on this side";
	TRY(go_one(&v.one, is_struck, &v));
	turns();
	gn_close(s[0]);
	WANT_IS(join_one(&v.one), 0);
	gn_close(s[1]);
	return 0;
}

/* ---- servers and clients */

/* Wants "OPERATION ADDRESS: WORDS" of an address as it was written. */
static int want_about(const struct place *p, const char *operation,
		      const char *address, const char *words)
{
	char wanted[512], text[512];

	snprintf(wanted, sizeof wanted, "%s %s: %s", operation, address,
		 words);
	WANT_TEXT(gn_error_text(gn_error_last(), text, sizeof text), wanted);
	(void)p;
	return 0;
}

static int servers(const struct place *p)
{
	bool bound = p->kind->traits & K_BOUND;
	const char *operation = bound ? "bind" : "listen";
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	WANT(!(bound ? gn_bind(address, NULL) : gn_listen(address, NULL)));
	TRY(want_about(p, operation, address,
		       p->kind->traits & K_INET ?
			       "address in use "
			       "(another socket has this port)" :
			       "address in use (a server answers there, or "
			       "the path is no socket of ours)"));
	if (bound) {
		WANT(!gn_listen(address, NULL));
		WANT_IS(gn_code(), GN_EKIND);
		TRY(want_about(p, "listen", address,
			       "this kind of socket cannot do that "
			       "(datagrams are taken by gn_bind)"));
	} else {
		WANT(!gn_accept(l, GN_NOW));
		TRY(want_about(p, "accept", address, "deadline passed"));
		WANT(!gn_bind(address, NULL));
		TRY(want_about(p, "bind", address,
			       "this kind of socket cannot do that "
			       "(connections are taken by gn_listen)"));
	}
	gn_close(l);
	return 0;
}

static int clients(const struct place *p)
{
	bool path = p->kind->traits & K_PATH;
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	gn_close(l);
	turns();
	WANT(!gn_connect(address, NULL, SOON));
	return want_about(p, "connect", address,
			  path ? "no such path" : "connection refused");
}

/* Both addresses of a name stand in the sentence. */
static int tried(const struct place *p)
{
	char address[ADDRESS_MAX], text[512], words[128];
	gn_sock *l = listen_somewhere(p, address);
	gn_addr addr;
	unsigned port;

	WANT(l);
	gn_sock_local(l, &addr);
	port = gn_addr_port(&addr);
	gn_close(l);
	snprintf(address, sizeof address, "tcp://localhost:%u", port);
	WANT(!gn_connect(address, NULL, SOON));
	snprintf(words, sizeof words,
		 "(tried [::1]:%u: connection refused, "
		 "127.0.0.1:%u: connection refused)",
		 port, port);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "connect tcp://localhost:"));
	WANT(strstr(text, ": connection refused "));
	WANT(strstr(text, words));
	return 0;
}

/* ---- what a socket's own calls say */

static int own_calls(const struct place *p)
{
	char address[ADDRESS_MAX], wanted[512], unread[1];
	gn_sock *s[2], *l = listen_somewhere(p, address);
	size_t len;

	WANT(l);
	WANT_IS(gn_recv(l, unread, 1, GN_NOW), GN_EKIND);
	snprintf(wanted, sizeof wanted,
		 "this kind of socket cannot do that (a %s listener has no "
		 "recv)", p->kind->kind == GN_TCP ? "tcp" : p->kind->scheme);
	TRY(want_about(p, "recv", address, wanted));
	gn_close(l);
	TRY(two(p, s));
	WANT_IS(gn_send(s[1], "unread", 6, SOON), 0);
	WANT_IS(gn_wait(s[0], SOON), 0);
	if (p->kind->traits & K_STREAM) {
		WANT_IS(gn_recv_line(s[0], wanted, 80, GN_NOW), GN_ETIMEOUT);
		WANT_IS(gn_release(s[0], unread, 1, &len), GN_ETOOLONG);
		TRY(want_ends(p, "release",
			      "too long, 0 of 6 bytes moved "
			      "(unread bytes)"));
	}
	gn_close(s[1]); /* first: the other has unread bytes */
	gn_close(s[0]);
	return 0;
}

static int kindless(const struct place *p)
{
	static const struct {
		const char *address, *words;
	} rows[] = {
		{ "tcp4://192.0.2.1:0", "not an address of this machine" },
		{ "tcp://127.0.0.1:80000", "malformed address" },
		{ "unix:/nonexistent/dir/s", "no such path" },
	};
	char text[512], wanted[256];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (p->sim && strncmp(rows[i].address, "unix", 4) == 0)
			continue;
		WANT(!gn_listen(rows[i].address, NULL));
		snprintf(wanted, sizeof wanted, "listen %s: %s",
			 rows[i].address, rows[i].words);
		gn_error_text(gn_error_last(), text, sizeof text);
		WANT_IS(strncmp(text, wanted, strlen(wanted)), 0);
	}
	WANT(!gn_adopt(-1));
	WANT_TEXT(sentence(p), "adopt: argument out of range");
	return 0;
}

const struct conform_case sentence_cases[] = {
	{ "sentences", 0, 0, common, NULL, NULL, 0 },
	{ "sentences_of_streams", K_STREAM, 0, lines, NULL, NULL, 0 },
	{ "sentences_of_messages", K_MESSAGE, 0, messages, NULL, NULL, 0 },
	{ "sentence_of_unsent", K_STREAM, 0, unsent, NULL, NULL, 0 },
	{ "sentences_when_struck", 0, 0, struck, NULL, NULL, 0 },
	{ "sentences_of_servers", K_NAMED, 0, servers, NULL, NULL, 0 },
	{ "sentences_of_clients", K_SERVED, 0, clients, NULL, NULL, 0 },
	{ "sentence_of_tried", K_TCP, 0, tried, NULL, NULL, 0 },
	{ "sentences_of_own_calls", K_SERVED, 0, own_calls, NULL, NULL,
	  ON_REAL },
	{ "sentences_without_kind", K_NONE, 0, kindless, NULL, NULL, 0 },
	{ 0 },
};
