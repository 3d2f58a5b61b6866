/*
 * frame_target.c: gn_recv_exact, _line, _until and their neighbours.  What
 * each call gives is decided by the bytes of the stream and by where in them
 * it begins, never by the pieces in which they came: a naive reader, which has
 * all of them before it, must come to the same.
 *
 *	byte 0      1 a connection, 2 no standing operations; the rest a seed
 *	byte 1      how many calls, how many cuts (4 bits each, of 1 and of 0)
 *	3 a call    verb, size, time to wait; gone through again and again
 *	1 a cut     talk.h
 *	then        the stream
 */
#include "target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gnezdo.h>

#include "talk.h"

#define CALLS_MAX 16

/* A stream whose every byte is a piece of its own has at most so many. */
#define BYTEWISE_MAX 64

enum verb { EXACT, LINE, UNTIL, UNTIL_TWO, RECV, TEXT, WAIT, VERBS };

struct call {
	enum verb verb;
	size_t size;
	unsigned wait; /* in steps; 0: for ever */
};

struct reader {
	const uint8_t *stream;
	size_t len, at; /* at: what was taken */
	struct call calls[CALLS_MAX];
	size_t count;
	gn_sock *s;
	bool ended;
};

static size_t left(const struct reader *r)
{
	return r->len - r->at;
}

static const uint8_t *next(const struct reader *r)
{
	return r->stream + r->at;
}

static gn_time until_of(const struct call *c)
{
	if (c->wait == 0)
		return GN_NEVER;
	return c->wait == 1 ? GN_NOW : gn_in(c->wait * 100 * GN_USEC);
}

/* What a call gave is what stands next in the stream. */
static void took(struct reader *r, const void *buf, size_t len)
{
	WANT(len <= left(r));
	WANT(memcmp(buf, next(r), len) == 0);
	r->at += len;
}

/* The peer ended within a message: what there was is handed out. */
static void took_short(struct reader *r, const void *buf)
{
	WANT(gn_error_done(gn_error_last()) == left(r));
	WANT(left(r) > 0);
	took(r, buf, left(r));
}

static void try_exact(struct reader *r, const struct call *c, uint8_t *buf)
{
	ssize_t n = gn_recv_exact(r->s, buf, c->size, until_of(c));

	if (n == GN_ETIMEOUT)
		return;
	if (left(r) >= c->size) {
		WANT(n == (ssize_t)c->size);
		took(r, buf, c->size);
	} else if (left(r) > 0) {
		WANT(n == GN_ESHORT);
		WANT(gn_error_need(gn_error_last()) == c->size);
		took_short(r, buf);
	} else {
		WANT(n == 0);
		r->ended = true;
	}
}

/* The end of the first delimiter within so many bytes; 0: there is none. */
static size_t naive_find(const struct reader *r, size_t most,
			 const char *delimiter, size_t len)
{
	for (size_t end = len; end <= most && end <= left(r); end++)
		if (memcmp(next(r) + end - len, delimiter, len) == 0)
			return end;
	return 0;
}

static void try_until(struct reader *r, const struct call *c, uint8_t *buf,
		      const char *delimiter)
{
	size_t len = strlen(delimiter);
	ssize_t n = gn_recv_until(r->s, buf, c->size, delimiter, len,
				  until_of(c));
	size_t end = naive_find(r, c->size, delimiter, len);

	if (n == GN_ETIMEOUT)
		return;
	if (len > c->size) {
		WANT(n == GN_EINVAL);
	} else if (end > 0) {
		WANT(n == (ssize_t)end);
		took(r, buf, end);
	} else if (left(r) >= c->size) {
		WANT(n == GN_ETOOLONG);
	} else if (left(r) > 0) {
		WANT(n == GN_ESHORT);
		took_short(r, buf);
	} else {
		WANT(n == GN_EEND);
		r->ended = true;
	}
}

/* A whole line: it fits without its end, or is too long and stays. */
static void took_line(struct reader *r, const struct call *c, const char *buf,
		      ssize_t n, size_t end)
{
	size_t len = end - 1;

	len -= len > 0 && next(r)[len - 1] == '\r';
	if (len > c->size - 1) {
		WANT(n == GN_ETOOLONG);
		return;
	}
	WANT(n == (ssize_t)len);
	WANT(memcmp(buf, next(r), len) == 0 && buf[len] == '\0');
	r->at += end;
}

static void try_line(struct reader *r, const struct call *c, char *buf)
{
	ssize_t n = gn_recv_line(r->s, buf, c->size, until_of(c));
	size_t end = naive_find(r, c->size + 1, "\n", 1);
	size_t rest = left(r);

	if (n == GN_ETIMEOUT)
		return;
	if (c->size < 2) {
		WANT(n == GN_EINVAL);
	} else if (end > 0) {
		took_line(r, c, buf, n, end);
	} else if (rest > c->size - 1) {
		WANT(n == GN_ETOOLONG);
	} else if (rest > 0) {
		WANT(n == GN_ESHORT);
		took_short(r, buf);
		WANT(buf[rest] == '\0');
	} else {
		WANT(n == GN_EEND && buf[0] == '\0');
		r->ended = true;
	}
}

static void try_recv(struct reader *r, const struct call *c, uint8_t *buf)
{
	ssize_t n = gn_recv(r->s, buf, c->size, until_of(c));

	if (n == GN_ETIMEOUT)
		return;
	WANT(n >= 0 && (size_t)n <= c->size);
	WANT((n == 0) == (left(r) == 0));
	took(r, buf, (size_t)n);
	r->ended = n == 0;
}

/* How many it takes depends on the pieces, but they are whole characters. */
static void try_text(struct reader *r, const struct call *c, char *buf)
{
	ssize_t n = gn_recv_text(r->s, buf, c->size, until_of(c));
	int bad;
	size_t whole = gn_utf8_whole(next(r), left(r), &bad);

	if (n == GN_ETIMEOUT)
		return;
	if (c->size < 5) {
		WANT(n == GN_EINVAL);
	} else if (whole > 0) {
		WANT(n > 0 && (size_t)n < c->size && (size_t)n <= whole);
		WANT(gn_utf8_whole(buf, (size_t)n, NULL) == (size_t)n);
		WANT(buf[n] == '\0');
		took(r, buf, (size_t)n);
	} else if (bad) {
		WANT(n == GN_ETEXT);
	} else if (left(r) > 0) {
		WANT(n == GN_ESHORT);
		took_short(r, buf);
	} else {
		WANT(n == 0 && buf[0] == '\0');
		r->ended = true;
	}
}

/* There is something to take, if only the end. */
static void try_wait(struct reader *r, const struct call *c)
{
	char byte;
	ssize_t n;

	if (gn_wait(r->s, until_of(c)) < 0) {
		WANT(gn_code() == GN_ETIMEOUT);
		return;
	}
	n = gn_recv(r->s, &byte, 1, GN_NOW);
	WANT(n == (left(r) > 0));
	took(r, &byte, (size_t)n);
}

/* The buffer has exactly the size that is given, so that ASan sees a byte
 * beyond it. */
static void try_call(struct reader *r, const struct call *c)
{
	char *buf = malloc(c->size);

	WANT(buf);
	switch (c->verb) {
	case EXACT:
		try_exact(r, c, (uint8_t *)buf);
		break;
	case LINE:
		try_line(r, c, buf);
		break;
	case UNTIL:
		try_until(r, c, (uint8_t *)buf, "\n");
		break;
	case UNTIL_TWO:
		try_until(r, c, (uint8_t *)buf, "\r\n");
		break;
	case RECV:
		try_recv(r, c, (uint8_t *)buf);
		break;
	case TEXT:
		try_text(r, c, buf);
		break;
	default:
		try_wait(r, c);
	}
	free(buf);
}

/* Calls that take nothing, for the time or for the bytes, must not go on for
 * ever: after each round of them one takes a byte. */
static void read_all(gn_sock *s, void *arg)
{
	static const struct call sure = { RECV, 1, 0 };
	struct reader *r = arg;

	r->s = s;
	r->at = 0;
	r->ended = false;
	while (!r->ended) {
		for (size_t i = 0; i < r->count; i++)
			try_call(r, &r->calls[i]);
		try_call(r, &sure);
	}
	WANT(left(r) == 0);
}

static void read_calls(struct reader *r, struct input *in, size_t count)
{
	r->count = count;
	for (size_t i = 0; i < count; i++) {
		struct call *c = &r->calls[i];

		c->verb = input_byte(in) % VERBS;
		c->size = input_byte(in) + 1;
		c->wait = input_byte(in) % 32;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t each = 0;
	struct input in = { data, len };
	unsigned how = input_byte(&in), counts = input_byte(&in);
	struct reader r = { 0 };
	struct talk t = { .seed = how >> 2, .tcp = how & 1,
			  .one_shot = how & 2, .read = read_all, .arg = &r };
	struct talk_cuts cuts;

	if (len > TARGET_INPUT_MAX)
		return 0;
	read_calls(&r, &in, (counts & 15) + 1);
	cuts.count = counts >> 4 < in.left ? counts >> 4 : in.left;
	cuts.at = in.at;
	t.bytes = r.stream = in.at + cuts.count;
	t.len = r.len = in.left - cuts.count;
	talk_run(&t);
	t.cuts = cuts;
	talk_run(&t);
	if (t.len > BYTEWISE_MAX)
		return 0;
	t.cuts = (struct talk_cuts){ &each, 1 };
	talk_run(&t);
	return 0;
}
