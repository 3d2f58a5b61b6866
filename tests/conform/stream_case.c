/*
 * stream_case.c: bytes both ways: whole, in pieces, at once, and their end.
 */
#include <stdlib.h>
#include <string.h>

#include "place.h"

/* ---- echo */

static const size_t echo_sizes[] = { 1,	   2,	 3,	100,   4095,  4096,
				     4097, 8192, 16384, 16385, 65536, 0 };

static int echo_us(const struct place *p, gn_sock *s)
{
	size_t offset = 0;

	(void)p;
	for (size_t i = 0; echo_sizes[i]; i++) {
		WANT_IS(gn_send(s, "", 0, SOON), 0);
		TRY(send_pattern(s, echo_sizes[i], offset));
		TRY(recv_pattern(s, echo_sizes[i], offset));
		offset += echo_sizes[i];
	}
	WANT_IS(gn_shutdown(s, SOON), 0);
	return recv_end(s);
}

/* Gives back what comes until the end. */
static int echo_them(const struct place *p, gn_sock *s)
{
	char buf[5000];
	ssize_t n;

	(void)p;
	while ((n = gn_recv(s, buf, sizeof buf, SOON)) > 0)
		WANT_IS(gn_send(s, buf, (size_t)n, SOON), 0);
	WANT_IS(n, 0);
	return 0;
}

/* ---- a megabyte both ways at once */

#define MEGABYTE ((size_t)1 << 20)

static int send_megabyte(void *arg)
{
	return send_pattern(arg, MEGABYTE, 7);
}

/* Receives in pieces of ever other sizes. */
static int recv_megabyte(gn_sock *s)
{
	static const size_t sizes[] = { 1, 13, 4096, 100000, 65536, 333 };
	char *buf = malloc(100000);
	size_t came = 0, turn = 0;

	WANT(buf);
	while (came < MEGABYTE) {
		ssize_t n = gn_recv(s, buf, sizes[turn++ % 6], SOON);

		WANT(n > 0);
		WANT_IS(wrong_at(buf, (size_t)n, 7 + came), n);
		came += (size_t)n;
	}
	free(buf);
	WANT_IS(came, MEGABYTE);
	return 0;
}

static int megabyte(const struct place *p, gn_sock *s)
{
	struct one sender;

	(void)p;
	TRY(go_one(&sender, send_megabyte, s));
	TRY(recv_megabyte(s));
	WANT_IS(join_one(&sender), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	return recv_end(s);
}

/* ---- every split of a send and a receive */

#define SPLIT 17

static int splits_us(const struct place *p, gn_sock *s)
{
	char buf[SPLIT];

	(void)p;
	pattern(buf, SPLIT, 0);
	for (size_t cut = 0; cut <= SPLIT; cut++)
		for (size_t most = 1; most <= SPLIT; most++) {
			WANT_IS(gn_send(s, buf, cut, SOON), 0);
			WANT_IS(gn_send(s, buf + cut, SPLIT - cut, SOON), 0);
		}
	return 0;
}

static int recv_split(gn_sock *s, size_t most)
{
	char buf[SPLIT];
	size_t came = 0;

	while (came < SPLIT) {
		size_t room = most < SPLIT - came ? most : SPLIT - came;
		ssize_t n = gn_recv(s, buf + came, room, SOON);

		WANT(n > 0 && (size_t)n <= room);
		came += (size_t)n;
	}
	WANT_IS(wrong_at(buf, SPLIT, 0), SPLIT);
	return 0;
}

static int splits_them(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t cut = 0; cut <= SPLIT; cut++)
		for (size_t most = 1; most <= SPLIT; most++)
			TRY(recv_split(s, most));
	return recv_end(s);
}

/* ---- pieces */

#define PIECES 1024
#define PIECE_MAX 40

/* Some pieces are empty, wherever they stand. */
static size_t cut_up(struct iovec *v, int count, uint8_t *buf)
{
	size_t at = 0;

	for (int i = 0; i < count; i++) {
		size_t len = (size_t)(i * 7 % PIECE_MAX);

		v[i] = (struct iovec){ buf + at, len };
		at += len;
	}
	return at;
}

struct vector {
	gn_sock *s;
	struct iovec v[PIECES + 1];
	int count;
	uint8_t buf[PIECES * PIECE_MAX];
};

static int send_vector(void *arg)
{
	struct vector *v = arg;

	WANT_IS(gn_sendv(v->s, v->v, v->count, SOON), 0);
	return 0;
}

/* What goes out must come back while it goes: small pieces fill a Unix
 * socket's buffer soon. */
static int pieces_us(const struct place *p, gn_sock *s)
{
	static const int counts[] = { 1, 2, 15, 16, 17, 33, PIECES };
	static struct vector v;
	struct one sender;
	size_t offset = 0;

	(void)p;
	v.s = s;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		size_t len = cut_up(v.v, counts[i], v.buf);

		v.count = counts[i];
		pattern(v.buf, len, offset);
		TRY(go_one(&sender, send_vector, &v));
		TRY(recv_pattern(s, len, offset));
		WANT_IS(join_one(&sender), 0);
		offset += len;
	}
	WANT_IS(gn_sendv(s, v.v, 0, SOON), 0);
	WANT_IS(gn_sendv(s, v.v, -1, SOON), GN_EINVAL);
	WANT_IS(gn_sendv(s, v.v, PIECES + 1, SOON), GN_EINVAL);
	return 0;
}

static int pieces_them(const struct place *p, gn_sock *s)
{
	static uint8_t buf[PIECES * PIECE_MAX];
	static struct iovec v[PIECES + 1];
	size_t most = cut_up(v, PIECES, buf);
	ssize_t n;

	(void)p;
	WANT_IS(gn_recvv(s, v, 0, SOON), GN_EINVAL);
	WANT_IS(gn_recvv(s, v, 1, SOON), GN_EINVAL); /* empty */
	WANT_IS(gn_recvv(s, v, PIECES + 1, SOON), GN_EINVAL);
	while ((n = gn_recvv(s, v, PIECES, SOON)) > 0) {
		WANT((size_t)n <= most);
		WANT_IS(gn_send(s, buf, (size_t)n, SOON), 0);
	}
	WANT_IS(n, 0);
	return 0;
}

/* ---- the end */

static int end_us(const struct place *p, gn_sock *s)
{
	char buf[16];

	(void)p;
	TRY(recv_end(s));
	WANT_IS(gn_wait(s, GN_NOW), 0);
	WANT_IS(gn_recv_exact(s, buf, 4, SOON), 0);
	WANT_IS(gn_recv_text(s, buf, sizeof buf, SOON), 0);
	WANT_TEXT(buf, "");
	WANT_IS(gn_recv_line(s, buf, sizeof buf, SOON), GN_EEND);
	WANT_IS(gn_recv_until(s, buf, sizeof buf, "\n", 1, SOON), GN_EEND);
	return recv_end(s);
}

static int end_them(const struct place *p, gn_sock *s)
{
	(void)p;
	WANT_IS(gn_shutdown(s, SOON), 0);
	return recv_end(s);
}

static int half_us(const struct place *p, gn_sock *s)
{
	(void)p;
	TRY(send_pattern(s, 1000, 0));
	WANT_IS(gn_shutdown(s, SOON), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	WANT_IS(gn_shutdown(s, GN_NOW), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_EINVAL);
	TRY(recv_pattern(s, 70000, 5));
	return recv_end(s);
}

static int half_them(const struct place *p, gn_sock *s)
{
	(void)p;
	TRY(recv_pattern(s, 1000, 0));
	TRY(recv_end(s));
	return send_pattern(s, 70000, 5);
}

/* ---- small exchanges */

#define ROUNDS 200

static int ping(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t i = 0; i < ROUNDS; i++) {
		TRY(send_pattern(s, 1 + i % 5, i));
		TRY(recv_pattern(s, 1 + i % 3, i));
	}
	return 0;
}

static int pong(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t i = 0; i < ROUNDS; i++) {
		TRY(recv_pattern(s, 1 + i % 5, i));
		TRY(send_pattern(s, 1 + i % 3, i));
	}
	return recv_end(s);
}

/* A reader and a writer on each side, as fibers of their own. */
static int recv_all(void *arg)
{
	return recv_pattern(arg, 100000, 0);
}

static int reader_and_writer(const struct place *p, gn_sock *s)
{
	struct one reader;

	(void)p;
	TRY(go_one(&reader, recv_all, s));
	for (size_t at = 0; at < 100000; at += 500)
		TRY(send_pattern(s, 500, at));
	WANT_IS(join_one(&reader), 0);
	return 0;
}

/* ---- waiting without taking */

static int wait_us(const struct place *p, gn_sock *s)
{
	char buf[8];

	WANT_IS(gn_wait(s, GN_NOW), GN_ETIMEOUT);
	TRY(ring_us(p));
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_wait(s, GN_NOW), 0);
	WANT_IS(gn_recv_exact(s, buf, 5, SOON), 5);
	WANT(memcmp(buf, "hello", 5) == 0);
	WANT_IS(gn_wait(s, GN_NOW), GN_ETIMEOUT);
	TRY(ring_us(p));
	WANT_IS(gn_wait(s, SOON), 0);
	return recv_end(s);
}

static int wait_them(const struct place *p, gn_sock *s)
{
	TRY(hear_us(p));
	WANT_IS(gn_send(s, "hello", 5, SOON), 0);
	TRY(hear_us(p));
	return 0;
}

const struct conform_case stream_cases[] = {
	{ "echo", K_STREAM, 0, NULL, echo_us, echo_them, 0 },
	{ "megabyte_both_ways", K_STREAM, 0, NULL, megabyte, megabyte, 0 },
	{ "every_split", K_STREAM, 0, NULL, splits_us, splits_them, 0 },
	{ "pieces", K_STREAM, 0, NULL, pieces_us, pieces_them, 0 },
	{ "end_again_and_again (fault_03)", K_STREAM, 0, NULL, end_us, end_them,
	  0 },
	{ "half_close (fault_03)", K_STREAM, 0, NULL, half_us, half_them, 0 },
	{ "ping_pong", K_STREAM, 0, NULL, ping, pong, 0 },
	{ "reader_and_writer", K_STREAM, 0, NULL, reader_and_writer,
	  reader_and_writer, 0 },
	{ "wait_takes_nothing", K_STREAM, 0, NULL, wait_us, wait_them, 0 },
	{ 0 },
};
