/*
 * stream_trials.c: bytes, of any size, in any shape.
 */
#include <string.h>

#include "nth.h"

/* The system's buffers of a connection, and more than they hold. */
#define BUFFER ((size_t)8 * 1024)
#define BULK ((size_t)48 * 1024)

int nth_tcp(gn_sock *s[2])
{
	/* Whoever leaves its peer early does not hear it out for long; and
	 * little is under way. */
	gn_sock_opts opts = { .linger_ns = 10 * GN_MSEC,
			      .send_bytes = BUFFER,
			      .recv_bytes = BUFFER };
	gn_auto gn_sock *l = NULL, *c = NULL;
	char text[GN_ADDR_TEXT_MAX];

	MAKE(l, gn_listen("tcp://127.0.0.1:0", &opts));
	MAKE(c, gn_connect(nth_address(l, text), &opts, SOON));
	WAIT_MAKE(s[1], gn_accept(l, SLICE));
	s[0] = c;
	c = NULL;
	return 0;
}

/* Runs a talk over a pair of Unix sockets, then over TCP. */
static int over_each(int (*talk)(gn_sock *s[2]))
{
	gn_sock *s[2];
	int result =
		nth_judge(__FILE__, __LINE__, "gn_pair", gn_pair(GN_UNIX, s));

	for (int i = 0; i < 2 && result == 0; i++) {
		if (i == 1)
			result = nth_tcp(s);
		if (result < 0)
			break;
		result = talk(s);
		gn_close(s[0]);
		gn_close(s[1]);
	}
	return result;
}

/* ---- much at once: a fiber sends, another receives */

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 4096);
}

static const uint8_t *bulk_bytes(void)
{
	static uint8_t bytes[BULK];

	for (size_t i = 0; i < BULK; i++)
		bytes[i] = byte_at(i);
	return bytes;
}

static int send_bulk(void *arg)
{
	STEP(gn_send(arg, bulk_bytes(), BULK, SOON));
	STEP(gn_shutdown(arg, SOON));
	return 0;
}

static int sendv_bulk(void *arg)
{
	void *bytes = (void *)(uintptr_t)bulk_bytes();
	struct iovec pieces[] = { { bytes, 100 },
				  { NULL, 0 },
				  { (uint8_t *)bytes + 100, BULK - 100 } };

	STEP(gn_sendv(arg, pieces, 3, SOON));
	STEP(gn_shutdown(arg, SOON));
	return 0;
}

static int recv_bulk(void *arg)
{
	uint8_t buf[2][5000];
	struct iovec pieces[2] = { { buf[0], 5000 }, { buf[1], 5000 } };
	size_t came = 0;
	ssize_t n = 1;

	while (n > 0) {
		WAIT(n, gn_recvv(arg, pieces, 2, SLICE));
		for (ssize_t i = 0; i < n; i++)
			WANT(buf[i / 5000][i % 5000] ==
			     byte_at(came + (size_t)i));
		came += (size_t)n;
	}
	WANT(came == BULK);
	return 0;
}

static int stream_bulk(gn_sock *s[2], gn_fiber_fn *send)
{
	gn_group_auto gn_group *g = NULL;

	STEP(gn_sock_set_buffers(s[0], BUFFER, BUFFER));
	STEP(gn_sock_set_buffers(s[1], BUFFER, BUFFER));
	MAKE(g, gn_group_open(NULL));
	STEP(gn_go(g, send, s[0]));
	STEP(gn_go(g, recv_bulk, s[1]));
	STEP(gn_group_wait(g, SOON));
	return 0;
}

static int bulk(gn_sock *s[2])
{
	return stream_bulk(s, send_bulk);
}

static int bulk_in_pieces(gn_sock *s[2])
{
	return stream_bulk(s, sendv_bulk);
}

static int sends(void)
{
	return over_each(bulk);
}

static int sends_pieces(void)
{
	return over_each(bulk_in_pieces);
}

static int recv_pieces(gn_sock *s[2])
{
	char head[2], body[8];
	struct iovec pieces[2] = { { head, 2 }, { body, 8 } };
	ssize_t n;

	STEP(gn_send(s[0], "headbody", 8, SOON));
	WAIT(n, gn_recvv(s[1], pieces, 2, SLICE));
	WANT(n > 0 && head[0] == 'h');
	return 0;
}

static int recvs_pieces(void)
{
	return over_each(recv_pieces);
}

/* ---- little by little */

static int words(gn_sock *s[2])
{
	char buf[16];
	ssize_t n;

	STEP(gn_send(s[0], "hello", 5, SOON));
	WAIT(n, gn_recv(s[1], buf, sizeof buf, SLICE));
	WANT(n > 0 && memcmp(buf, "hello", (size_t)n) == 0);
	STEP(gn_send(s[1], "well", 4, SOON));
	WAIT(n, gn_recv(s[0], buf, sizeof buf, SLICE));
	WANT(n > 0 && memcmp(buf, "well", (size_t)n) == 0);
	return 0;
}

static int recvs(void)
{
	return over_each(words);
}

/* In a fiber they are gathered. */
static int send_gathered(void *arg)
{
	gn_cork(arg);
	for (int i = 0; i < 3; i++)
		STEP(gn_send(arg, "abc", 3, SOON));
	STEP(gn_flush(arg, SOON));
	gn_cork(arg);
	STEP(gn_send(arg, "def", 3, SOON));
	return 0;
}

static int gather(gn_sock *s[2])
{
	gn_group_auto gn_group *g = NULL;
	char buf[16];
	ssize_t n;

	MAKE(g, gn_group_open(NULL));
	STEP(gn_go(g, send_gathered, s[0]));
	STEP(gn_group_wait(g, SOON));
	WAIT(n, gn_recv_exact(s[1], buf, 12, SLICE));
	WANT(n == 12 && memcmp(buf, "abcabcabcdef", 12) == 0);
	return 0;
}

static int flushes(void)
{
	return over_each(gather);
}

static int shut(gn_sock *s[2])
{
	char buf[8];
	ssize_t n;

	STEP(gn_send(s[0], "end", 3, SOON));
	STEP(gn_shutdown(s[0], SOON));
	STEP(gn_shutdown(s[0], SOON));
	WAIT(n, gn_recv_exact(s[1], buf, 3, SLICE));
	WANT(n == 3);
	WAIT(n, gn_recv(s[1], buf, 1, SLICE));
	WANT(n == 0);
	STEP(gn_send(s[1], "still", 5, SOON));
	WAIT(n, gn_recv(s[0], buf, sizeof buf, SLICE));
	WANT(n > 0);
	return 0;
}

static int shutdowns(void)
{
	return over_each(shut);
}

static int wait_for(gn_sock *s[2])
{
	int result;
	char c;

	STEP(gn_send(s[0], "x", 1, SOON));
	WAIT(result, gn_wait(s[1], SLICE));
	STEP(gn_recv(s[1], &c, 1, GN_NOW));
	return 0;
}

static int waits(void)
{
	return over_each(wait_for);
}

/* ---- shapes: what comes in pieces waits in the socket */

static int exact(gn_sock *s[2])
{
	static char much[9000];
	char buf[9000];
	int result;
	ssize_t n;

	memset(much, 'm', sizeof much);
	STEP(gn_send(s[0], much, 4000, SOON));
	WAIT(result, gn_wait(s[1], SLICE));
	STEP(gn_send(s[0], much, 5000, SOON));
	WAIT(n, gn_recv_exact(s[1], buf, sizeof buf, SLICE));
	WANT(n == sizeof buf && memcmp(buf, much, sizeof buf) == 0);
	return 0;
}

static int exacts(void)
{
	return over_each(exact);
}

static int line(gn_sock *s[2])
{
	char buf[16];
	ssize_t n;

	STEP(gn_send(s[0], "one\ntw", 6, SOON));
	WAIT(n, gn_recv_line(s[1], buf, sizeof buf, SLICE));
	WANT(n == 3 && memcmp(buf, "one", 4) == 0);
	STEP(gn_send(s[0], "o\n", 2, SOON));
	WAIT(n, gn_recv_line(s[1], buf, sizeof buf, SLICE));
	WANT(n == 3 && memcmp(buf, "two", 4) == 0);
	return 0;
}

static int lines(void)
{
	return over_each(line);
}

static int until(gn_sock *s[2])
{
	char buf[16];
	ssize_t n;

	STEP(gn_send(s[0], "part--rest", 10, SOON));
	WAIT(n, gn_recv_until(s[1], buf, sizeof buf, "--", 2, SLICE));
	WANT(n == 6 && memcmp(buf, "part--", 6) == 0);
	return 0;
}

static int untils(void)
{
	return over_each(until);
}

static int text(gn_sock *s[2])
{
	char buf[16];
	ssize_t n;

	STEP(gn_send(s[0], "\xd0\xbf\xd0", 3, SOON));
	WAIT(n, gn_recv_text(s[1], buf, sizeof buf, SLICE));
	WANT(n == 2);
	STEP(gn_send(s[0], "\xbf", 1, SOON));
	WAIT(n, gn_recv_text(s[1], buf, sizeof buf, SLICE));
	WANT(n == 2 && memcmp(buf, "\xd0\xbf", 3) == 0);
	return 0;
}

static int texts(void)
{
	return over_each(text);
}

const struct nth_trial stream_trials[] = {
	{ "gn_send", sends, 0 },      { "gn_sendv", sends_pieces, 0 },
	{ "gn_recv", recvs, 0 },      { "gn_recvv", recvs_pieces, 0 },
	{ "gn_flush", flushes, 0 },   { "gn_shutdown", shutdowns, 0 },
	{ "gn_wait", waits, 0 },      { "gn_recv_exact", exacts, 0 },
	{ "gn_recv_line", lines, 0 }, { "gn_recv_until", untils, 0 },
	{ "gn_recv_text", texts, 0 }, { 0 },
};
