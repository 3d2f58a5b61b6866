/*
 * frame_case.c: receiving calls that look for a shape must find the same one
 * however the bytes are cut on their way, and say so when it never comes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

/* ---- the peer ends after k bytes, for every k */

/* A connection whose peer sends so many bytes of a text and closes. */
static int cut_off(const struct place *p, const char *text, size_t len,
		   gn_sock **s)
{
	gn_sock *pair[2];

	TRY(two(p, pair));
	WANT_IS(gn_send(pair[0], text, len, SOON), 0);
	gn_close(pair[0]);
	*s = pair[1];
	return 0;
}

/* What a call for a whole shape gave that was not whole. */
static int want_short(ssize_t n, const char *operation, size_t done,
		      size_t need)
{
	const gn_error *e = gn_error_last();

	WANT_IS(n, GN_ESHORT);
	WANT_IS(gn_error_done(e), (long long)done);
	WANT_IS(gn_error_need(e), (long long)need);
	WANT_TEXT(gn_error_operation(e), operation);
	return 0;
}

#define EXACT 9

static int cut_exact(const struct place *p)
{
	gn_sock *s;

	for (size_t k = 0; k <= EXACT; k++) {
		char text[EXACT], buf[EXACT] = "";
		ssize_t n;

		pattern(text, EXACT, 0);
		TRY(cut_off(p, text, k, &s));
		n = gn_recv_exact(s, buf, EXACT, SOON);
		if (k == 0 || k == EXACT)
			WANT_IS(n, (long long)k);
		else
			TRY(want_short(n, "recv_exact", k, EXACT));
		WANT_IS(wrong_at(buf, k, 0), (long long)k);
		TRY(recv_end(s));
		gn_close(s);
	}
	return 0;
}

static int cut_line(const struct place *p)
{
	static const char text[] = "a line\r\n";
	gn_sock *s;

	for (size_t k = 0; k < sizeof text; k++) {
		char buf[20] = "?";
		ssize_t n;

		TRY(cut_off(p, text, k, &s));
		n = gn_recv_line(s, buf, sizeof buf, SOON);
		if (k == 0)
			WANT_IS(n, GN_EEND);
		else if (k == sizeof text - 1)
			WANT_IS(n, 6);
		else
			TRY(want_short(n, "recv_line", k, 0));
		WANT_IS(strncmp(buf, text, k < 6 ? k : 6), 0);
		WANT(k == 0 || strlen(buf) == (k == 8 ? 6 : k));
		WANT_IS(gn_recv_line(s, buf, sizeof buf, SOON), GN_EEND);
		TRY(recv_end(s));
		gn_close(s);
	}
	return 0;
}

static int cut_until(const struct place *p)
{
	static const char text[] = "part--=";
	gn_sock *s;

	for (size_t k = 0; k < sizeof text; k++) {
		char buf[20] = "";
		ssize_t n;

		TRY(cut_off(p, text, k, &s));
		n = gn_recv_until(s, buf, sizeof buf, "--=", 3, SOON);
		if (k == 0)
			WANT_IS(n, GN_EEND);
		else if (k == sizeof text - 1)
			WANT_IS(n, (long long)k);
		else
			TRY(want_short(n, "recv_until", k, 0));
		WANT_IS(memcmp(buf, text, k), 0);
		gn_close(s);
	}
	return 0;
}

/* Characters of 1, 2, 3 and 4 bytes; where[] tells where one ends. */
static const char letters[] = "a\xd0\xbf\xe2\x82\xac\xf0\x9f\x99\x82";
static const size_t whole[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10 };

static int cut_text(const struct place *p)
{
	gn_sock *s;

	for (size_t k = 0; k < sizeof letters; k++) {
		char buf[20] = "";
		size_t came = 0;
		ssize_t n;

		TRY(cut_off(p, letters, k, &s));
		while ((n = gn_recv_text(s, buf, sizeof buf, SOON)) > 0) {
			WANT_IS(buf[n], 0);
			WANT_IS(memcmp(buf, letters + came, (size_t)n), 0);
			came += (size_t)n;
		}
		WANT_IS(came, (long long)whole[k]);
		if (whole[k] == k)
			WANT_IS(n, 0);
		else
			TRY(want_short(n, "recv_text", k - whole[k], 0));
		gn_close(s);
	}
	return 0;
}

/* ---- every cut of an input that is whole */

struct parser {
	const char *input;
	size_t len;
	/* The next shape; text has none of its own and is not marked. */
	ssize_t (*next)(gn_sock *s, char *buf, size_t size, gn_time until);
	bool marked;
	const char *heard;
};

static ssize_t next_line(gn_sock *s, char *buf, size_t size, gn_time until)
{
	return gn_recv_line(s, buf, size, until);
}

static ssize_t next_until(gn_sock *s, char *buf, size_t size, gn_time until)
{
	return gn_recv_until(s, buf, size, "--", 2, until);
}

static ssize_t next_exact(gn_sock *s, char *buf, size_t size, gn_time until)
{
	(void)size;
	return gn_recv_exact(s, buf, 5, until);
}

#define INPUT(text) (text), sizeof(text) - 1

static const struct parser parsers[] = {
	{ INPUT("alpha\r\nb\n\n\r\n\rx\n\xd0\xbf\xd1\x80\nomega\n"),
	  next_line, true,
	  "[alpha][b][][][\rx][\xd0\xbf\xd1\x80][omega]" },
	{ INPUT("a--b----c- -d--e---f--"), next_until, true,
	  "[a--][b--][--][c- -d--][e--][-f--]" },
	{ INPUT("0123456789abcdefghijklmno"), next_exact, true,
	  "[01234][56789][abcde][fghij][klmno]" },
	{ INPUT("a\xd0\xbf\xe2\x82\xac\xf0\x9f\x99\x82\xd1\x8f z"),
	  gn_recv_text, false,
	  "a\xd0\xbf\xe2\x82\xac\xf0\x9f\x99\x82\xd1\x8f z" },
};

#define HEARD_MAX 160

struct heard {
	char text[HEARD_MAX];
	size_t len;
};

static void hear_more(struct heard *h, const struct parser *q, const char *buf,
		      size_t len)
{
	if (q->marked)
		h->text[h->len++] = '[';
	memcpy(h->text + h->len, buf, len);
	h->len += len;
	if (q->marked)
		h->text[h->len++] = ']';
}

/* Takes what is whole so far, or all that is to come. */
static int parse(gn_sock *s, const struct parser *q, struct heard *h,
		 size_t want, gn_time until)
{
	char buf[64];
	ssize_t n = 0;

	while (h->len < want) {
		n = q->next(s, buf, sizeof buf, until);
		if (n < 0)
			break;
		WANT((size_t)n <= sizeof buf);
		hear_more(h, q, buf, (size_t)n);
	}
	WANT(n >= 0 || n == GN_ETIMEOUT);
	return 0;
}

static int want_heard(const struct parser *q, const struct heard *h)
{
	WANT_IS(h->len, (long long)strlen(q->heard));
	WANT(memcmp(h->text, q->heard, h->len) == 0);
	return 0;
}

/* Sends [0, cut) and the rest, parsing as far as may be in between. */
static int parse_cut(gn_sock *s[2], const struct parser *q, size_t cut)
{
	struct heard h = { .len = 0 };
	size_t all = strlen(q->heard);

	WANT_IS(gn_send(s[0], q->input, cut, SOON), 0);
	TRY(parse(s[1], q, &h, all, GN_NOW));
	WANT_IS(gn_send(s[0], q->input + cut, q->len - cut, SOON), 0);
	TRY(parse(s[1], q, &h, all, SOON));
	return want_heard(q, &h);
}

static int parse_dribbled(gn_sock *s[2], const struct parser *q)
{
	struct heard h = { .len = 0 };
	size_t all = strlen(q->heard);

	for (size_t i = 0; i < q->len; i++) {
		WANT_IS(gn_send(s[0], q->input + i, 1, SOON), 0);
		TRY(parse(s[1], q, &h, all,
			  i % 4 ? GN_NOW : gn_in(GN_MSEC / 5)));
	}
	TRY(parse(s[1], q, &h, all, SOON));
	return want_heard(q, &h);
}

static int every_cut(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
		for (size_t cut = 0; cut <= parsers[i].len; cut++)
			TRY(parse_cut(s, &parsers[i], cut));
		TRY(parse_dribbled(s, &parsers[i]));
	}
	close_two(s);
	return 0;
}

/* ---- limits */

static int long_lines(const struct place *p)
{
	char buf[8] = "";
	gn_sock *s[2];

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "1234567\n1234567\r\n12345678\nabc", 29, SOON),
		0);
	WANT_IS(gn_recv_line(s[1], buf, 8, SOON), 7);
	WANT_TEXT(buf, "1234567");
	WANT_IS(gn_recv_line(s[1], buf, 8, SOON), 7);
	WANT_TEXT(buf, "1234567");
	WANT_IS(gn_recv_line(s[1], buf, 8, SOON), GN_ETOOLONG);
	WANT_IS(gn_recv_line(s[1], buf, 2, SOON), GN_ETOOLONG);
	WANT_IS(gn_recv_until(s[1], buf, 8, "\n", 1, SOON), GN_ETOOLONG);
	WANT_IS(gn_recv_until(s[1], buf, 8, "", 0, SOON), GN_EINVAL);
	WANT_IS(gn_recv_until(s[1], buf, 8, "123456789", 9, SOON), GN_EINVAL);
	WANT_IS(gn_recv_line(s[1], buf, 1, SOON), GN_EINVAL);
	WANT_IS(gn_recv_exact(s[1], buf, 8, SOON), 8);
	WANT_IS(memcmp(buf, "12345678", 8), 0);
	WANT_IS(gn_recv_line(s[1], buf, 8, SOON), 0);
	WANT_IS(gn_recv_exact(s[1], buf, 0, SOON), GN_EINVAL);
	WANT_IS(gn_recv_exact(s[1], buf, GN_RECV_MAX + 1, SOON), GN_EINVAL);
	WANT_IS(gn_recv(s[1], buf, 0, SOON), GN_EINVAL);
	WANT_IS(gn_recv_text(s[1], buf, 4, SOON), GN_EINVAL);
	WANT(gn_recv_text(s[1], buf, 5, SOON) > 0);
	close_two(s);
	return 0;
}

/* The peer ends within a line that is too long already: no byte of it may be
 * counted and lost. */
static int long_last_line(const struct place *p)
{
	char buf[8];
	gn_sock *s;

	for (size_t k = 7; k < 10; k++) {
		ssize_t n;

		TRY(cut_off(p, "123456789", k, &s));
		n = gn_recv_line(s, buf, sizeof buf, SOON);
		WANT_IS(n, k == 7 ? GN_ESHORT : GN_ETOOLONG);
		if (k > 7)
			WANT_IS(gn_recv(s, buf, 1, SOON), 1);
		gn_close(s);
	}
	return 0;
}

static int send_most(void *arg)
{
	return send_pattern(arg, GN_RECV_MAX, 3);
}

static int most_at_once(const struct place *p)
{
	char *buf = malloc(GN_RECV_MAX);
	struct one sender;
	gn_sock *s[2];

	WANT(buf);
	TRY(two(p, s));
	TRY(go_one(&sender, send_most, s[0]));
	WANT_IS(gn_recv_exact(s[1], buf, GN_RECV_MAX, SOON),
		(long long)GN_RECV_MAX);
	WANT_IS(wrong_at(buf, GN_RECV_MAX, 3), (long long)GN_RECV_MAX);
	WANT_IS(join_one(&sender), 0);
	free(buf);
	close_two(s);
	return 0;
}

/* Text up to a byte that is none, in however many pieces. */
static int recv_text_until(gn_sock *s, const char *text, size_t len)
{
	char buf[16];
	size_t came = 0;

	while (came < len) {
		ssize_t n = gn_recv_text(s, buf, sizeof buf, SOON);

		WANT(n > 0 && came + (size_t)n <= len);
		WANT_IS(memcmp(buf, text + came, (size_t)n), 0);
		WANT_IS(buf[n], 0);
		came += (size_t)n;
	}
	return 0;
}

static int not_text(const struct place *p)
{
	char buf[16];
	gn_sock *s[2];

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "o\0k\xff\xd0\xbf", 6, SOON), 0);
	TRY(recv_text_until(s[1], "o\0k", 3));
	WANT_IS(gn_recv_text(s[1], buf, sizeof buf, SOON), GN_ETEXT);
	WANT_IS(gn_recv_text(s[1], buf, sizeof buf, SOON), GN_ETEXT);
	WANT_IS(gn_recv(s[1], buf, 1, SOON), 1);
	WANT_IS((unsigned char)buf[0], 0xff);
	TRY(recv_text_until(s[1], "\xd0\xbf", 2));
	close_two(s);
	return 0;
}

/* ---- many at once: after so many calls a fiber gives way within one */

#define MANY 300
#define BATCHES 10

static const struct shape {
	ssize_t (*next)(gn_sock *s, char *buf, size_t size, gn_time until);
	const char *tail; /* what follows a number of five digits */
	ssize_t len;	  /* that is given of it */
} shapes[] = {
	{ next_line, "\r\n", 5 },
	{ next_until, "--", 7 },
	{ next_exact, "", 5 },
};

#define SHAPES (sizeof shapes / sizeof *shapes)

static int send_batch(gn_sock *s, const struct shape *h, int first)
{
	char batch[MANY * 8];
	size_t len = 0;

	for (int i = 0; i < MANY; i++)
		len += (size_t)snprintf(batch + len, sizeof batch - len,
					"%05d%s", first + i, h->tail);
	WANT_IS(gn_send(s, batch, len, SOON), 0);
	return 0;
}

/* More comes whenever the other gives way, and moves what is queued there. */
static int many_us(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t k = 0; k < SHAPES; k++)
		for (int i = 0; i < BATCHES; i++) {
			TRY(send_batch(s, &shapes[k], i * MANY));
			gn_yield();
		}
	return 0;
}

/* The buffer is larger than is said, should more be stored. */
static int take_many(gn_sock *s, const struct shape *h)
{
	static char buf[(size_t)64 * 1024];
	char wanted[8];

	for (int i = 0; i < BATCHES * MANY; i++) {
		snprintf(wanted, sizeof wanted, "%05d", i);
		WANT_IS(h->next(s, buf, 64, SOON), h->len);
		WANT(memcmp(buf, wanted, 5) == 0);
	}
	return 0;
}

static int many_them(const struct place *p, gn_sock *s)
{
	(void)p;
	for (size_t k = 0; k < SHAPES; k++)
		TRY(take_many(s, &shapes[k]));
	return recv_end(s);
}

struct taker {
	struct one one;
	gn_sock *s;
	const struct shape *shape;
	int taken;
	bool closed;
};

static int take_until_closed(void *arg)
{
	struct taker *t = arg;
	char buf[64];
	ssize_t n;

	while (!t->closed) {
		n = t->shape->next(t->s, buf, sizeof buf, SOON);
		WANT_IS(n, t->closed && n < 0 ? GN_ECLOSED : t->shape->len);
		t->taken++;
	}
	return 0;
}

/* Another closes the socket while a call on it has given way: the call has
 * what it came for, and looks at nothing more.  In a simulation less may have
 * come, and the call waits. */
static int closed_meanwhile(const struct place *p)
{
	for (size_t k = 0; k < SHAPES; k++) {
		struct taker t = { .shape = &shapes[k] };
		gn_sock *s[2];

		TRY(two(p, s));
		t.s = s[1];
		TRY(send_batch(s[0], &shapes[k], 0));
		TRY(go_one(&t.one, take_until_closed, &t));
		while (t.taken == 0)
			gn_yield();
		WANT(t.taken < MANY);
		gn_close(t.s);
		t.closed = true;
		WANT_IS(join_one(&t.one), 0);
		gn_close(s[0]);
	}
	return 0;
}

const struct conform_case frame_cases[] = {
	{ "cut_in_exact (fault_04)", K_STREAM, 0, cut_exact, NULL, NULL, 0 },
	{ "cut_in_line (fault_04)", K_STREAM, 0, cut_line, NULL, NULL, 0 },
	{ "cut_in_until (fault_04)", K_STREAM, 0, cut_until, NULL, NULL, 0 },
	{ "cut_in_text (fault_04)", K_STREAM, 0, cut_text, NULL, NULL, 0 },
	{ "every_cut_parses_alike (fault_06)", K_STREAM, 0, every_cut, NULL,
	  NULL, 0 },
	{ "long_lines", K_STREAM, 0, long_lines, NULL, NULL, 0 },
	{ "long_last_line (fault_04)", K_STREAM, 0, long_last_line, NULL, NULL,
	  0 },
	{ "most_at_once", K_STREAM, 0, most_at_once, NULL, NULL, 0 },
	{ "not_text", K_STREAM, 0, not_text, NULL, NULL, 0 },
	{ "many_shapes", K_STREAM, 0, NULL, many_us, many_them, 0 },
	{ "closed_between_shapes (fault_20)", K_STREAM, 0, closed_meanwhile,
	  NULL, NULL, NO_THREADS },
	{ 0 },
};
