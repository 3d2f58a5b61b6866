/*
 * message_case.c: kinds that keep boundaries: each message whole, in its
 * place, with its length and its sender.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define LONGEST 60000

/* Takes one message, and who sent it where the kind tells. */
static ssize_t take(const struct place *p, gn_sock *s, void *buf, size_t len,
		    gn_addr *from)
{
	if (p->kind->traits & K_BOUND)
		return gn_recvfrom(s, buf, len, from, SOON);
	return gn_recv(s, buf, len, SOON);
}

/* ---- echo */

static const size_t sizes[] = { 1, 0, 2, 1000, 0, 0, 8192, LONGEST, 1, 1400 };

#define SIZES (sizeof sizes / sizeof *sizes)

static int echo_us(const struct place *p, gn_sock *s)
{
	char *buf = malloc(LONGEST + 1);

	(void)p;
	WANT(buf);
	for (size_t i = 0; i < SIZES; i++) {
		pattern(buf, sizes[i], i);
		WANT_IS(gn_send(s, buf, sizes[i], SOON), 0);
		memset(buf, 0, LONGEST);
		WANT_IS(gn_recv(s, buf, LONGEST + 1, SOON),
			(long long)sizes[i]);
		WANT_IS(wrong_at(buf, sizes[i], i), (long long)sizes[i]);
	}
	free(buf);
	return 0;
}

static int echo_them(const struct place *p, gn_sock *s)
{
	char *buf = malloc(LONGEST + 1);
	gn_addr from = { 0 };

	WANT(buf);
	for (size_t i = 0; i < SIZES; i++) {
		WANT_IS(take(p, s, buf, LONGEST + 1, &from),
			(long long)sizes[i]);
		WANT_IS(wrong_at(buf, sizes[i], i), (long long)sizes[i]);
		TRY(answer(p, s, &from, buf, sizes[i]));
	}
	free(buf);
	return 0;
}

/* ---- one that does not fit */

static int truncated_us(const struct place *p, gn_sock *s)
{
	char buf[1000];

	(void)p;
	pattern(buf, sizeof buf, 0);
	for (int i = 0; i < 4; i++)
		WANT_IS(gn_send(s, buf, sizeof buf, SOON), 0);
	WANT_IS(gn_send(s, "next", 4, SOON), 0);
	return gn_recv(s, buf, sizeof buf, SOON) >= 0 ? 0 : -1;
}

static int want_truncated(ssize_t n, const char *buf, size_t room)
{
	WANT_IS(n, GN_ETRUNC);
	WANT_IS(gn_error_need(gn_error_last()), 1000);
	WANT_IS(gn_error_done(gn_error_last()), (long long)room);
	WANT_IS(wrong_at(buf, room, 0), (long long)room);
	WANT_IS(buf[room], '!');
	return 0;
}

static int truncated_them(const struct place *p, gn_sock *s)
{
	char buf[32];
	struct iovec v[2] = { { buf, 3 }, { buf + 3, 10 } };
	gn_addr from = { 0 };

	memset(buf, '!', sizeof buf);
	TRY(want_truncated(take(p, s, buf, 10, &from), buf, 10));
	memset(buf, '!', sizeof buf);
	TRY(want_truncated(gn_recvv(s, v, 2, SOON), buf, 13));
	memset(buf, '!', sizeof buf);
	TRY(want_truncated(gn_recv(s, buf, 1, SOON), buf, 1));
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), GN_ETRUNC);
	WANT_IS(gn_error_need(gn_error_last()), 1000);
	WANT_IS(gn_recv(s, buf, 4, SOON), 4);
	WANT_IS(memcmp(buf, "next", 4), 0);
	return answer(p, s, &from, "", 0);
}

/* ---- an empty message is not the end */

static int empty_us(const struct place *p, gn_sock *s)
{
	(void)p;
	WANT_IS(gn_send(s, "", 0, SOON), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_send(s, "", 0, SOON), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_EINVAL);
	return recv_end(s);
}

static int empty_them(const struct place *p, gn_sock *s)
{
	char buf[8];

	(void)p;
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 1);
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), 0);
	TRY(recv_end(s));
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), GN_EEND);
	WANT_IS(gn_wait(s, GN_NOW), 0);
	return 0;
}

/* Ours has ended, theirs has not. */
static int half_us(const struct place *p, gn_sock *s)
{
	char buf[8];

	(void)p;
	WANT_IS(gn_send(s, "ask", 3, SOON), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 6);
	return recv_end(s);
}

static int half_them(const struct place *p, gn_sock *s)
{
	char buf[8];

	(void)p;
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 3);
	TRY(recv_end(s));
	WANT_IS(gn_send(s, "answer", 6, SOON), 0);
	return 0;
}

/* ---- text */

static int text_us(const struct place *p, gn_sock *s)
{
	(void)p;
	WANT_IS(gn_send(s, "\xd0\xbf\xd1\x80", 4, SOON), 0);
	WANT_IS(gn_send(s, "cut \xd0", 5, SOON), 0);
	WANT_IS(gn_send(s, "\xff", 1, SOON), 0);
	WANT_IS(gn_send(s, "", 0, SOON), 0);
	WANT_IS(gn_send(s, "1234", 4, SOON), 0);
	return gn_recv(s, &(char){ 0 }, 1, SOON) >= 0 ? 0 : -1;
}

static int text_them(const struct place *p, gn_sock *s)
{
	char buf[8];
	gn_addr from = { 0 };

	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), 4);
	WANT_TEXT(buf, "\xd0\xbf\xd1\x80");
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), GN_ETEXT);
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), GN_ETEXT);
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), 0);
	WANT_TEXT(buf, "");
	WANT_IS(take(p, s, buf, sizeof buf, &from), 4);
	return answer(p, s, &from, "", 0);
}

/* ---- pieces */

static int pieces_us(const struct place *p, gn_sock *s)
{
	char buf[100];
	struct iovec v[100];

	(void)p;
	pattern(buf, sizeof buf, 0);
	for (size_t i = 0; i < 100; i++)
		v[i] = (struct iovec){ buf + i, 1 };
	WANT_IS(gn_sendv(s, v, 100, SOON), 0);
	WANT_IS(gn_sendv(s, v, 0, SOON), 0);
	WANT_IS(gn_sendv(s, v, -1, SOON), GN_EINVAL);
	return gn_recv(s, buf, sizeof buf, SOON) == 3 ? 0 : -1;
}

static int pieces_them(const struct place *p, gn_sock *s)
{
	char buf[120];
	struct iovec v[] = { { buf, 1 },       { buf + 1, 0 },
			     { buf + 1, 64 },  { buf + 65, 20 },
			     { buf + 85, 30 }, { buf + 115, 5 } };
	gn_addr from = { 0 };

	WANT_IS(gn_recvv(s, v, 0, SOON), GN_EINVAL);
	WANT_IS(gn_recv(s, buf, 0, SOON), GN_EINVAL);
	WANT_IS(gn_recvv(s, v, 6, SOON), 100);
	WANT_IS(wrong_at(buf, 100, 0), 100);
	WANT_IS(take(p, s, buf, sizeof buf, &from), 0);
	return answer(p, s, &from, "end", 3);
}

/* ---- many */

#define MANY 300

static int many_us(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t i = 0; i < MANY; i++)
		TRY(send_pattern(s, i % 7 * 100, i));
	return 0;
}

static int many_them(const struct place *p, gn_sock *s)
{
	char buf[700];

	(void)p;
	for (size_t i = 0; i < MANY; i++) {
		size_t len = i % 7 * 100;

		WANT_IS(gn_recv(s, buf, sizeof buf, SOON), (long long)len);
		WANT_IS(wrong_at(buf, len, i), (long long)len);
	}
	return 0;
}

/* ---- a full queue */

static int full_us(const struct place *p, gn_sock *s)
{
	gn_time until;
	size_t sent = 0;
	int result;

	while ((result = gn_send(s, &sent, sizeof sent, GN_NOW)) == 0)
		sent++;
	WANT_IS(result, GN_ETIMEOUT);
	WANT_IS(gn_error_done(gn_error_last()), 0);
	WANT(sent > 0);
	until = A_MOMENT;
	WANT_IS(gn_send(s, &sent, sizeof sent, until), GN_ETIMEOUT);
	WANT(!gn_time_before(gn_now(), until));
	WANT_IS(gn_error_done(gn_error_last()), 0);
	TRY(ring_us(p));
	WANT_IS(gn_send(s, &sent, sizeof sent, SOON), 0);
	sent = SIZE_MAX;
	WANT_IS(gn_send(s, &sent, sizeof sent, SOON), 0);
	return 0;
}

static int full_them(const struct place *p, gn_sock *s)
{
	size_t number = 0;

	TRY(hear_us(p));
	for (size_t i = 0; number != SIZE_MAX; i++) {
		WANT_IS(gn_recv(s, &number, sizeof number, SOON),
			sizeof number);
		WANT(number == i || number == SIZE_MAX);
	}
	WANT_IS(gn_recv(s, &number, sizeof number, A_MOMENT),
		p->kind->traits & K_ENDS ? GN_EEND : GN_ETIMEOUT);
	return 0;
}

/* ---- what is too long */

#define HUGE_BYTES ((size_t)8 << 20)

static int too_long_us(const struct place *p, gn_sock *s)
{
	char *buf = calloc(1, HUGE_BYTES);

	WANT(buf);
	WANT_IS(gn_send(s, buf, HUGE_BYTES, SOON), GN_ETOOLONG);
	WANT_IS(gn_error_done(gn_error_last()), 0);
	if (p->kind->traits & K_UDP)
		WANT_IS(gn_send(s, buf, 65536, SOON), GN_ETOOLONG);
	WANT_IS(gn_send(s, "short", 5, SOON), 0);
	free(buf);
	return 0;
}

static int too_long_them(const struct place *p, gn_sock *s)
{
	char buf[8];
	gn_addr from;

	WANT_IS(take(p, s, buf, sizeof buf, &from), 5);
	return 0;
}

/* ---- who sent it */

static int senders(const struct place *p)
{
	char buf[8];
	gn_addr from, local, to;
	gn_sock *s[2];

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "one", 3, SOON), 0);
	WANT_IS(gn_recvfrom(s[1], buf, sizeof buf, &from, SOON), 3);
	gn_sock_local(s[0], &local);
	WANT(gn_addr_equal(&from, &local));
	WANT_IS(gn_sendto(s[1], "two", 3, &from, SOON), 0);
	WANT_IS(gn_recvfrom(s[0], buf, sizeof buf, &from, SOON), 3);
	gn_sock_local(s[1], &local);
	WANT(gn_addr_equal(&from, &local));
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	WANT_IS(gn_recvfrom(s[1], buf, sizeof buf, NULL, SOON), 1);
	WANT_IS(gn_recvfrom(s[1], buf, 0, &from, SOON), GN_EINVAL);
	WANT_IS(gn_addr_parse(&to, "tcp://127.0.0.1:1"), 0);
	WANT_IS(gn_sendto(s[1], "x", 1, &to, SOON), GN_EINVAL);
	close_two(s);
	return 0;
}

/* Who did not say where it is can be answered all the same. */
static int nameless_sender(const struct place *p)
{
	char buf[8], address[ADDRESS_MAX];
	gn_sock *far = listen_somewhere(p, address), *s;
	gn_addr from;

	WANT(far);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, "ask", 3, SOON), 0);
	WANT_IS(gn_recvfrom(far, buf, sizeof buf, &from, SOON), 3);
	WANT_IS(gn_sendto(far, "answer", 6, &from, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 6);
	gn_close(s);
	gn_close(far);
	return 0;
}

/* The ends of a pair have no names. */
static int no_sender(const struct place *p)
{
	char buf[8], text[GN_ADDR_TEXT_MAX];
	gn_addr from;
	gn_sock *s[2];

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	WANT_IS(gn_recvfrom(s[1], buf, sizeof buf, &from, SOON), 1);
	WANT_TEXT(gn_addr_text(&from, text), "unix-dgram:");
	close_two(s);
	return 0;
}

/* A connected socket hears its peer alone. */
static int stranger(const struct place *p)
{
	char buf[16], address[ADDRESS_MAX];
	gn_addr local;
	gn_sock *s[2], *other;

	TRY(two(p, s));
	other = listen_somewhere(p, address);
	WANT(other);
	gn_sock_local(s[0], &local);
	WANT_IS(gn_sendto(other, "stranger", 8, &local, SOON), 0);
	WANT_IS(gn_sendto(s[1], "peer", 4, &local, SOON), 0);
	WANT_IS(gn_recv(s[0], buf, sizeof buf, SOON), 4);
	WANT_IS(gn_recv(s[0], buf, sizeof buf, GN_NOW), GN_ETIMEOUT);
	gn_close(other);
	close_two(s);
	return 0;
}

/* ---- nobody there */

/* An address at which somebody was bound a moment ago. */
static int left_address(const struct place *p, char address[ADDRESS_MAX],
			gn_addr *addr)
{
	gn_sock *s = listen_somewhere(p, address);

	WANT(s);
	gn_sock_local(s, addr);
	gn_close(s);
	return 0;
}

static int refused_connected(const struct place *p)
{
	char buf[8], address[ADDRESS_MAX];
	gn_addr addr;
	gn_sock *s, *late;

	TRY(left_address(p, address, &addr));
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_EREFUSED);
	WANT_IS(gn_recv(s, buf, sizeof buf, A_MOMENT), GN_ETIMEOUT);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_EREFUSED);
	late = gn_bind(address, NULL);
	WANT(late);
	WANT_IS(gn_send(s, "late", 4, SOON), 0);
	WANT_IS(gn_recv(late, buf, sizeof buf, SOON), 4);
	gn_close(late);
	gn_close(s);
	return 0;
}

/* A server that answered somebody who has gone goes on serving. */
static int refused_unconnected(const struct place *p)
{
	char buf[8], address[ADDRESS_MAX];
	gn_addr gone;
	gn_sock *s[2];

	TRY(left_address(p, address, &gone));
	TRY(two(p, s));
	for (int i = 0; i < 3; i++) {
		WANT_IS(gn_sendto(s[1], "x", 1, &gone, SOON), 0);
		WANT_IS(gn_recv(s[1], buf, sizeof buf, A_MOMENT), GN_ETIMEOUT);
		WANT_IS(gn_send(s[0], "real", 4, SOON), 0);
		WANT_IS(gn_recv(s[1], buf, sizeof buf, SOON), 4);
	}
	close_two(s);
	return 0;
}

static int nobody_at_path(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_addr never, left;
	gn_sock *s;

	TRY(left_address(p, address, &left));
	fresh_address(p, NULL, address);
	WANT_IS(gn_addr_parse(&never, address), 0);
	s = listen_somewhere(p, address);
	WANT(s);
	WANT_IS(gn_sendto(s, "x", 1, &never, SOON), GN_ENOENT);
	WANT_IS(gn_sendto(s, "x", 1, &left, SOON), GN_ENOENT);
	gn_close(s);
	return 0;
}

/* The peer of a local socket has closed. */
static int peer_gone(const struct place *p)
{
	gn_sock *s[2];
	int result;

	TRY(two(p, s));
	gn_close(s[1]);
	result = gn_send(s[0], "x", 1, SOON);
	WANT(result == GN_EREFUSED || result == GN_ERESET);
	if (p->kind->traits & K_ENDS)
		TRY(recv_end(s[0]));
	gn_close(s[0]);
	return 0;
}

const struct conform_case message_cases[] = {
	{ "message_echo", K_MESSAGE, 0, NULL, echo_us, echo_them, 0 },
	{ "truncated (fault_30)", K_MESSAGE, 0, NULL, truncated_us,
	  truncated_them, 0 },
	{ "empty_is_not_the_end (fault_30)", K_MESSAGE | K_ENDS, 0, NULL,
	  empty_us, empty_them, 0 },
	{ "message_half_close (fault_03)", K_MESSAGE | K_ENDS, 0, NULL, half_us,
	  half_them, 0 },
	{ "text_messages", K_MESSAGE, 0, NULL, text_us, text_them, 0 },
	{ "message_of_pieces", K_MESSAGE, 0, NULL, pieces_us, pieces_them, 0 },
	{ "many_in_order", K_MESSAGE | K_LOCAL, 0, NULL, many_us, many_them,
	  0 },
	{ "full_queue (fault_18)", K_MESSAGE | K_LOCAL, 0, NULL, full_us,
	  full_them, 0 },
	{ "message_too_long (fault_34)", K_MESSAGE, 0, NULL, too_long_us,
	  too_long_them, 0 },
	{ "senders", K_MESSAGE | K_BOUND, 0, senders, NULL, NULL, 0 },
	{ "nameless_sender", K_MESSAGE | K_BOUND, 0, nameless_sender, NULL,
	  NULL, 0 },
	{ "no_sender", K_MESSAGE | K_LOCAL, K_NAMED | K_ENDS, no_sender, NULL,
	  NULL, 0 },
	{ "stranger", K_UDP, 0, stranger, NULL, NULL, 0 },
	{ "refused_connected (fault_31)", K_UDP, 0, refused_connected, NULL,
	  NULL, 0 },
	{ "refused_unconnected (fault_31)", K_UDP, 0, refused_unconnected,
	  NULL, NULL, 0 },
	{ "nobody_at_path (fault_35)", K_MESSAGE | K_PATH, K_SERVED,
	  nobody_at_path, NULL, NULL, 0 },
	{ "peer_gone (fault_02)", K_MESSAGE | K_LOCAL, 0, peer_gone, NULL, NULL,
	  0 },
	{ 0 },
};
