/*
 * frame.c: receiving calls that look for a shape: so many bytes, a line, a
 * delimiter, whole characters.  What has come stays in the socket's queue
 * until the shape is whole, so a deadline loses nothing.
 */
#include <string.h>

#include <gnezdo/text.h>

#include "sock/input.h"
#include "sock/message.h"

/* Names of the arguments of one call, carried through its steps. */
struct want {
	gn_sock *s;
	enum gni_verb verb;
	void *buf;
	size_t most; /* bytes that may be taken from the queue */
	gn_time until;
	size_t room; /* bytes of them that buf can hold */
};

static ssize_t fail(const struct want *w, int result, size_t done, size_t need)
{
	return gni_sock_fail(w->s, w->verb, result, done, need);
}

/* What is left when the peer has ended goes to the caller's buffer. */
static ssize_t ended(const struct want *w, size_t need)
{
	struct gni_bytes *q = &w->s->in.queue;
	size_t left = gni_bytes_count(q);

	if (left > w->room)
		return fail(w, GN_ETOOLONG, 0, 0);
	gni_bytes_take(q, w->buf, left);
	return fail(w, GN_ESHORT, left, need);
}

/* Waits for more in the queue: 1, 0 for the peer's end, or a code. */
static ssize_t more(const struct want *w)
{
	ssize_t n = gni_input_more(w->s, NULL, 0, w->verb, w->until);

	if (n < 0)
		return fail(w, (int)n, 0, 0);
	return n > 0;
}

/* The last act of a call that took something: others may have their turn, and
 * nothing of the socket is valid after. */
static ssize_t served(const gn_sock *s, ssize_t n)
{
	gni_task_note(s->loop->current, "take", NULL, gni_sock_about(s),
		      n);
	gni_loop_pace(s->loop, (size_t)n);
	return n;
}

static int begin(const struct want *w, size_t least)
{
	int result = gni_sock_begin(w->s, w->verb);

	if (result < 0)
		return result;
	if (w->most < least)
		return (int)fail(w, GN_EINVAL, 0, 0);
	return 0;
}

ssize_t gn_recv_exact(gn_sock *s, void *buf, size_t len, gn_time until)
{
	struct want w = { s, GNI_RECV_EXACT, buf, len, until, len };
	struct gni_bytes *q;
	ssize_t n = begin(&w, 1);

	if (n < 0)
		return n;
	if (len > GN_RECV_MAX)
		return fail(&w, GN_EINVAL, 0, 0);
	q = &s->in.queue;
	while (gni_bytes_count(q) < len) {
		n = more(&w);
		if (n < 0)
			return n;
		if (n == 0 && gni_bytes_count(q) == 0)
			return 0;
		if (n == 0)
			return ended(&w, len);
	}
	return served(s, (ssize_t)gni_bytes_take(q, buf, len));
}

/*
 * Waits until the delimiter stands in the queue within the first most bytes.
 * Gives the bytes up to its end, or a code.
 */
static ssize_t find(const struct want *w, const void *delimiter, size_t len)
{
	struct gni_bytes *q = &w->s->in.queue;
	size_t seen = 0; /* bytes in which no delimiter begins */

	for (;;) {
		size_t count = gni_bytes_count(q);
		size_t within = count < w->most ? count : w->most;
		const uint8_t *first = gni_bytes_first(q);
		const uint8_t *at = NULL;
		ssize_t n;

		if (within >= len)
			at = memmem(first + seen, within - seen, delimiter,
				    len);
		if (at)
			return at - first + (ssize_t)len;
		if (count >= w->most || count >= GN_RECV_MAX)
			return fail(w, GN_ETOOLONG, 0, 0);
		seen = within >= len ? within - len + 1 : 0;
		n = more(w);
		if (n < 0)
			return n;
		if (n == 0)
			return gni_bytes_count(q) ? ended(w, 0) :
						    fail(w, GN_EEND, 0, 0);
	}
}

ssize_t gn_recv_until(gn_sock *s, void *buf, size_t size, const void *delimiter,
		      size_t delimiter_len, gn_time until)
{
	struct want w = { s, GNI_RECV_UNTIL, buf, size, until, size };
	ssize_t n = begin(&w, 1);

	if (n < 0)
		return n;
	if (delimiter_len == 0 || delimiter_len > size)
		return fail(&w, GN_EINVAL, 0, 0);
	n = find(&w, delimiter, delimiter_len);
	if (n < 0)
		return n;
	gni_bytes_take(&s->in.queue, buf, (size_t)n);
	return served(s, n);
}

/*
 * A line of size - 1 bytes may come with a line feed and a carriage return;
 * so much is looked at, and what then proves longer is too long.
 */
ssize_t gn_recv_line(gn_sock *s, char *buf, size_t size, gn_time until)
{
	struct want w = { s, GNI_RECV_LINE, buf, size - 1, until,
			  size - 1 };
	const uint8_t *first;
	size_t len, taken;
	ssize_t n = size < 2 ? gni_sock_check(s, GNI_RECV_LINE) : begin(&w, 1);

	if (n < 0)
		return n;
	if (size < 2)
		return fail(&w, GN_EINVAL, 0, 0);
	buf[0] = '\0';
	w.most = size + 1;
	n = find(&w, "\n", 1);
	if (n == GN_ESHORT)
		buf[gn_error_done(gn_error_last())] = '\0';
	if (n < 0)
		return n;
	first = gni_bytes_first(&s->in.queue);
	taken = (size_t)n;
	len = taken - 1;
	if (len > 0 && first[len - 1] == '\r')
		len--;
	if (len > size - 1)
		return fail(&w, GN_ETOOLONG, 0, 0);
	memcpy(buf, first, len);
	buf[len] = '\0';
	gni_bytes_drop(&s->in.queue, taken);
	return served(s, (ssize_t)len);
}

/* One message, which must be text as a whole. */
static ssize_t message_text(const struct want *w)
{
	struct iovec piece = { w->buf, w->most };
	char *text = w->buf;
	ssize_t n = gni_message_recv(w->s, &piece, 1, NULL, w->verb, w->until);

	if (n == GN_ETRUNC)
		text[w->most] = '\0';
	if (n < 0)
		return n;
	if (gn_utf8_whole(text, (size_t)n, NULL) < (size_t)n)
		return fail(w, GN_ETEXT, 0, 0);
	text[n] = '\0';
	return n;
}

/* Takes the whole characters that are queued: how many bytes, 0 if not even
 * one is whole, or GN_ETEXT. */
static ssize_t take_text(const struct want *w)
{
	struct gni_bytes *q = &w->s->in.queue;
	size_t count = gni_bytes_count(q);
	int bad = 0;
	size_t n;

	if (count == 0)
		return 0;
	n = gn_utf8_whole(gni_bytes_first(q), count < w->most ? count : w->most,
			  &bad);
	if (n == 0 && bad)
		return fail(w, GN_ETEXT, 0, 0);
	gni_bytes_take(q, w->buf, n);
	((char *)w->buf)[n] = '\0';
	return (ssize_t)n;
}

ssize_t gn_recv_text(gn_sock *s, char *buf, size_t size, gn_time until)
{
	struct want w = { s, GNI_RECV_TEXT, buf, size - 1, until,
			  size - 1 };
	ssize_t n = size < 5 ? gni_sock_check(s, GNI_RECV_TEXT) : begin(&w, 1);

	if (n < 0)
		return n;
	if (size < 5)
		return fail(&w, GN_EINVAL, 0, 0);
	if (gni_kind_keeps(s->kind))
		return message_text(&w);
	n = take_text(&w);
	while (n == 0) {
		n = more(&w);
		if (n < 0)
			return n;
		if (n == 0 && gni_bytes_count(&s->in.queue) > 0) {
			n = ended(&w, 0);
			buf[gn_error_done(gn_error_last())] = '\0';
			return n;
		}
		if (n == 0) {
			buf[0] = '\0';
			return 0;
		}
		n = take_text(&w);
	}
	return n < 0 ? n : served(s, n);
}
