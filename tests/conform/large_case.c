/*
 * large_case.c: receives of many bytes in a row, which may go another way than
 * small ones, and what may come between them.
 */
#include "place.h"

#define LARGE ((size_t)16 * 1024)

/* Enough that whoever counts them has made up its mind. */
#define ROW 8

static char room[LARGE];

/* Receives so many bytes of the pattern with a large buffer each time. */
static int recv_large(gn_sock *s, size_t len, size_t offset)
{
	for (size_t came = 0; came < len;) {
		ssize_t n = gn_recv(s, room, len - came, SOON);

		WANT(n > 0);
		WANT_IS(wrong_at(room, (size_t)n, offset + came), n);
		came += (size_t)n;
	}
	return 0;
}

/* So many large messages, each answered by a byte. */
static int take_row(gn_sock *s, int count)
{
	for (int i = 0; i < count; i++) {
		TRY(recv_large(s, LARGE, (size_t)i));
		WANT_IS(gn_send(s, "k", 1, SOON), 0);
	}
	return 0;
}

static int give_row(gn_sock *s, int count)
{
	char word;

	for (int i = 0; i < count; i++) {
		TRY(send_pattern(s, LARGE, (size_t)i));
		WANT_IS(gn_recv(s, &word, 1, SOON), 1);
		WANT_IS(word, 'k');
	}
	return 0;
}

/* ---- large, small, large */

static int sizes_us(const struct place *p, gn_sock *s)
{
	char few[10];

	(void)p;
	TRY(take_row(s, ROW));
	for (size_t i = 0; i < ROW; i++) {
		TRY(recv_large(s, 1 + i, i));
		WANT_IS(gn_send(s, "k", 1, SOON), 0);
	}
	TRY(take_row(s, ROW));
	/* What is left of a large one goes on in small ones. */
	WANT_IS(gn_recv_exact(s, few, sizeof few, SOON), 10);
	WANT_IS(wrong_at(few, sizeof few, 0), 10);
	TRY(recv_large(s, LARGE - sizeof few, sizeof few));
	TRY(take_row(s, ROW));
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_wait(s, SOON), 0);
	TRY(recv_large(s, LARGE, 3));
	return recv_end(s);
}

static int sizes_them(const struct place *p, gn_sock *s)
{
	char word;

	(void)p;
	TRY(give_row(s, ROW));
	for (size_t i = 0; i < ROW; i++) {
		TRY(send_pattern(s, 1 + i, i));
		WANT_IS(gn_recv(s, &word, 1, SOON), 1);
	}
	TRY(give_row(s, ROW));
	TRY(send_pattern(s, LARGE, 0));
	TRY(give_row(s, ROW));
	TRY(send_pattern(s, LARGE, 3));
	return gn_shutdown(s, SOON);
}

/* ---- a deadline, and then the bytes */

static int deadline_us(const struct place *p, gn_sock *s)
{
	TRY(take_row(s, ROW));
	for (int i = 0; i < ROW; i++) {
		WANT_IS(gn_recv(s, room, LARGE, GN_NOW), GN_ETIMEOUT);
		WANT_IS(gn_recv(s, room, LARGE, A_MOMENT), GN_ETIMEOUT);
		WANT_IS(gn_wait(s, A_MOMENT), GN_ETIMEOUT);
		TRY(ring_us(p));
		TRY(take_row(s, 1));
	}
	return 0;
}

static int deadline_them(const struct place *p, gn_sock *s)
{
	TRY(give_row(s, ROW));
	for (int i = 0; i < ROW; i++) {
		TRY(hear_us(p));
		TRY(give_row(s, 1));
	}
	return recv_end(s);
}

/* ---- the reader is cancelled, and then the socket is closed under it */

struct reader {
	struct one one;
	gn_sock *s;
	ssize_t result;
};

static int receive(void *arg)
{
	struct reader *r = arg;

	r->result = gn_recv(r->s, room, LARGE, SOON);
	return 0;
}

static int want_result(struct reader *r, int code)
{
	WANT_IS(join_one(&r->one), 0);
	WANT_IS(r->result, code);
	return 0;
}

static int cancel_us(const struct place *p, gn_sock *s)
{
	struct reader r = { .s = s };

	TRY(take_row(s, ROW));
	for (int i = 0; i < ROW; i++) {
		TRY(go_one(&r.one, receive, &r));
		if (i % 2)
			turns();
		cancel_one(&r.one);
		TRY(want_result(&r, GN_ECANCELED));
		TRY(ring_us(p));
		TRY(take_row(s, 1));
	}
	TRY(go_one(&r.one, receive, &r));
	turns();
	gn_close(s);
	return want_result(&r, GN_ECLOSED);
}

static int cancel_them(const struct place *p, gn_sock *s)
{
	TRY(give_row(s, ROW));
	for (int i = 0; i < ROW; i++) {
		TRY(hear_us(p));
		TRY(give_row(s, 1));
	}
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* ---- the peer breaks off */

static int reset_us(const struct place *p, gn_sock *s)
{
	TRY(take_row(s, ROW));
	TRY(ring_us(p));
	WANT_IS(gn_recv(s, room, LARGE, SOON), GN_ERESET);
	WANT_IS(gn_recv(s, room, LARGE, SOON), GN_ERESET);
	gn_close(s);
	return 0;
}

static int reset_them(const struct place *p, gn_sock *s)
{
	TRY(give_row(s, ROW));
	TRY(hear_us(p));
	return break_off(s);
}

const struct conform_case large_cases[] = {
	{ "large_and_small", K_STREAM, 0, NULL, sizes_us, sizes_them, 0 },
	{ "large_after_a_deadline", K_STREAM, 0, NULL, deadline_us,
	  deadline_them, 0 },
	{ "large_after_a_cancel", K_STREAM, 0, NULL, cancel_us, cancel_them,
	  KEEPS },
	{ "large_and_a_reset", K_STREAM | K_TCP, 0, NULL, reset_us, reset_them,
	  KEEPS | ON_REAL },
	{ 0 },
};
