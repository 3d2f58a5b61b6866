/*
 * verb_case.c: the table verb by kind, whole: each call works or says that
 * this kind has none.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

enum role { CONNECTED = 1 << 0, BOUND = 1 << 1, LISTENER = 1 << 2 };

#define TALKERS (CONNECTED | BOUND)
#define ALL (TALKERS | LISTENER)

#define BIT(kind) (1U << (kind))
#define STREAMS (BIT(GN_TCP) | BIT(GN_UNIX))
#define DATAGRAMS (BIT(GN_UDP) | BIT(GN_UNIX_DGRAM))
#define SOCKETS (STREAMS | DATAGRAMS | BIT(GN_UNIX_SEQPACKET))
#define ANY (SOCKETS | BIT(GN_PIPE))

static int call_accept(gn_sock *s)
{
	gn_sock *accepted = gn_accept(s, GN_NOW);

	gn_close(accepted);
	return accepted ? 0 : gn_code();
}

static int call_send(gn_sock *s)
{
	return gn_send(s, "x", 1, GN_NOW);
}

static int call_sendv(gn_sock *s)
{
	struct iovec v = { "x", 1 };

	return gn_sendv(s, &v, 1, GN_NOW);
}

static int call_sendto(gn_sock *s)
{
	gn_addr to;

	gn_sock_local(s, &to);
	return gn_sendto(s, "x", 1, &to, GN_NOW);
}

static int call_recv(gn_sock *s)
{
	char c;

	return (int)gn_recv(s, &c, 1, GN_NOW);
}

static int call_recvv(gn_sock *s)
{
	char c;
	struct iovec v = { &c, 1 };

	return (int)gn_recvv(s, &v, 1, GN_NOW);
}

static int call_recvfrom(gn_sock *s)
{
	gn_addr from;
	char c;

	return (int)gn_recvfrom(s, &c, 1, &from, GN_NOW);
}

static int call_exact(gn_sock *s)
{
	char c;

	return (int)gn_recv_exact(s, &c, 1, GN_NOW);
}

static int call_line(gn_sock *s)
{
	char buf[9];

	return (int)gn_recv_line(s, buf, sizeof buf, GN_NOW);
}

static int call_until(gn_sock *s)
{
	char buf[9];

	return (int)gn_recv_until(s, buf, sizeof buf, "y", 1, GN_NOW);
}

static int call_text(gn_sock *s)
{
	char buf[9];

	return (int)gn_recv_text(s, buf, sizeof buf, GN_NOW);
}

static int call_wait(gn_sock *s)
{
	return gn_wait(s, GN_NOW);
}

static int call_flush(gn_sock *s)
{
	return gn_flush(s, SOON);
}

static int call_nodelay(gn_sock *s)
{
	return gn_sock_set_nodelay(s, true);
}

static int call_buffers(gn_sock *s)
{
	return gn_sock_set_buffers(s, 0, 40000);
}

static int call_alive(gn_sock *s)
{
	return gn_sock_set_alive(s, 10 * GN_SEC);
}

static int call_shutdown(gn_sock *s)
{
	return gn_shutdown(s, SOON);
}

/* In an order in which none is in the way of the next. */
static const struct verb {
	const char *word; /* as the record has it */
	int (*call)(gn_sock *s);
	unsigned kinds, roles;
} verbs[] = {
	{ "accept", call_accept, STREAMS | BIT(GN_UNIX_SEQPACKET), LISTENER },
	{ "wait", call_wait, ANY, ALL },
	{ "send", call_send, ANY, CONNECTED },
	{ "send", call_sendv, ANY, CONNECTED },
	{ "sendto", call_sendto, DATAGRAMS, BOUND },
	{ "recv", call_recv, ANY, TALKERS },
	{ "recv", call_recvv, ANY, TALKERS },
	{ "recvfrom", call_recvfrom, DATAGRAMS, TALKERS },
	{ "recv_exact", call_exact, STREAMS | BIT(GN_PIPE), CONNECTED },
	{ "recv_line", call_line, STREAMS | BIT(GN_PIPE), CONNECTED },
	{ "recv_until", call_until, STREAMS | BIT(GN_PIPE), CONNECTED },
	{ "recv_text", call_text, ANY, TALKERS },
	{ "flush", call_flush, ANY, TALKERS },
	{ "set_nodelay", call_nodelay, BIT(GN_TCP), CONNECTED | LISTENER },
	{ "set_buffers", call_buffers, SOCKETS, ALL },
	{ "set_alive", call_alive, BIT(GN_TCP), CONNECTED | LISTENER },
	{ "shutdown", call_shutdown, STREAMS | BIT(GN_UNIX_SEQPACKET),
	  CONNECTED },
};

static int want_kind_error(const struct verb *v)
{
	char text[512], words[64];

	WANT_TEXT(gn_error_operation(gn_error_last()), v->word);
	gn_error_text(gn_error_last(), text, sizeof text);
	snprintf(words, sizeof words, " has no %s)", v->word);
	WANT(strstr(text, words));
	return 0;
}

static int want_verbs(gn_sock *s, enum role role)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const struct verb *v = &verbs[i];
		bool has = v->kinds & BIT(gn_sock_kind(s)) && v->roles & role;
		int result = v->call(s);

		if ((result != GN_EKIND) == has && (has || result < 0)) {
			if (!has)
				TRY(want_kind_error(v));
			continue;
		}
		note("# %s of kind %d role %d: %s\n", v->word, gn_sock_kind(s),
		     role, gn_code_name(result));
		return -1;
	}
	gn_cork(s);
	return 0;
}

/* Every kind can be taken away and given back; a path is then nobody's. */
static int want_release(gn_sock *s)
{
	enum gn_kind kind = gn_sock_kind(s);
	char unread[64];
	size_t len;
	int fd = gn_release(s, unread, sizeof unread, &len);

	WANT(fd >= 0);
	s = gn_adopt(fd);
	WANT(s);
	WANT_IS(gn_sock_kind(s), kind);
	gn_close(s);
	return 0;
}

static int table(const struct place *p)
{
	unsigned traits = p->kind->traits;
	char address[ADDRESS_MAX];
	gn_sock *s[2], *l;

	TRY(two(p, s));
	WANT_IS(gn_sock_kind(s[0]), p->kind->kind);
	WANT_IS(gn_sock_kind(s[1]), p->kind->kind);
	TRY(want_verbs(s[0], CONNECTED));
	TRY(want_verbs(s[1], traits & K_BOUND ? BOUND : CONNECTED));
	TRY(want_release(s[0]));
	TRY(want_release(s[1]));
	if (traits & K_SERVED) {
		l = listen_somewhere(p, address);
		WANT(l);
		TRY(want_verbs(l, LISTENER));
		TRY(want_release(l));
	}
	return 0;
}

static int table_of_pipes(const struct place *p)
{
	gn_sock *s;
	int fd[2];

	(void)p;
	WANT(pipe(fd) == 0);
	for (int i = 0; i < 2; i++) {
		s = gn_adopt(fd[i]);
		WANT(s);
		WANT_IS(gn_sock_kind(s), GN_PIPE);
		for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++) {
			const struct verb *v = &verbs[k];

			if (v->kinds & BIT(GN_PIPE))
				continue;
			WANT_IS(v->call(s), GN_EKIND);
			TRY(want_kind_error(v));
		}
		gn_close(s);
	}
	return 0;
}

static int pairs(const struct place *p)
{
	static const enum gn_kind none[] = { GN_KIND_NONE, GN_TCP, GN_UDP,
					     GN_PIPE };
	gn_sock *s[2];

	(void)p;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		WANT_IS(gn_pair(none[i], s), GN_EKIND);
		WANT(!s[0] && !s[1]);
	}
	return 0;
}

const struct conform_case verb_cases[] = {
	{ "verbs", 0, 0, table, NULL, NULL, LEAVES },
	{ "verbs_of_pipes", K_NONE, 0, table_of_pipes, NULL, NULL, ON_REAL },
	{ "pairs", K_NONE, 0, pairs, NULL, NULL, 0 },
	{ 0 },
};
