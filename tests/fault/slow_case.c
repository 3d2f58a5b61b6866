/*
 * slow_case.c: peers that are slow, stop, or vanish: rows 5, 6, 17 to 19.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "row.h"

#define MUCH ((size_t)1 << 20)

/* As short as the kernel's own answer on the wire is not. */
#define A_WHILE gn_in(60 * GN_MSEC)

/* ---- 5: writes in parts */

/* Sends the rest until the instant and adds what went to *done. */
static int send_part(gn_sock *s, const char *buf, size_t *done, gn_time until)
{
	int result = gn_send(s, buf + *done, MUCH - *done, until);

	if (result == 0) {
		*done = MUCH;
		return 0;
	}
	WANT_PASSED(until);
	WANT_TOLD("send", GN_ETIMEOUT, 0, NULL);
	WANT(gn_error_done(gn_error_last()) < MUCH - *done);
	*done += gn_error_done(gn_error_last());
	injected(1);
	return 0;
}

static int partial_us(struct world *w)
{
	gn_sock_opts opts = { .send_bytes = 4096 };
	gn_sock *s = meet(w, &opts);
	char *buf = malloc(MUCH);
	size_t done = 0;

	WANT(s && buf);
	pattern(buf, MUCH, 0);
	TRY(send_part(s, buf, &done, A_WHILE));
	WANT(done < MUCH);
	TRY(ring_us(&w->place));
	while (done < MUCH)
		TRY(send_part(s, buf, &done, A_WHILE));
	free(buf);
	WANT_IS(gn_shutdown(s, SOON), 0);
	TRY(recv_end(s));
	gn_close(s);
	handled(1);
	return 0;
}

static int partial_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "rcvbuf=4096");

	WANT(s);
	TRY(hear_us(&w->place));
	TRY(recv_pattern(s, MUCH, 0));
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* ---- 6: a byte at a time */

static const char words[] = "first line\r\n\nвторая\n";

static int dribble_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);
	char buf[64];
	ssize_t n;

	WANT(s);
	for (size_t at = 0; at < sizeof words - 1; at += (size_t)n) {
		n = gn_recv(s, buf, sizeof buf, SOON);
		WANT(n > 0 && memcmp(buf, words + at, (size_t)n) == 0);
		if (n == 1)
			injected(1);
		TRY(ring_us(&w->place));
	}
	WANT_IS(gn_recv_line(s, buf, sizeof buf, SOON), 10);
	WANT_TEXT(buf, "first line");
	WANT_IS(gn_recv_line(s, buf, sizeof buf, SOON), 0);
	WANT_IS(gn_recv_until(s, buf, sizeof buf, "\n", 1, SOON), 13);
	for (size_t at = 0; at < sizeof words - 1; at += (size_t)n) {
		n = gn_recv_text(s, buf, sizeof buf, SOON);
		WANT(n > 0 && gn_utf8_whole(buf, (size_t)n, NULL) == (size_t)n);
		WANT(memcmp(buf, words + at, (size_t)n) == 0);
	}
	TRY(recv_end(s));
	gn_close(s);
	handled(1);
	return 0;
}

static int dribble(struct world *w, gn_sock *s, bool rung)
{
	for (const char *at = words; *at; at++) {
		WANT_IS(gn_send(s, at, 1, SOON), 0);
		if (rung)
			TRY(hear_us(&w->place));
		else
			WANT_IS(gn_sleep(gn_in(100 * GN_USEC)), 0);
	}
	return 0;
}

static int dribble_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");

	WANT(s);
	TRY(dribble(w, s, true));
	TRY(dribble(w, s, false));
	TRY(dribble(w, s, false));
	gn_close(s);
	return 0;
}

/* ---- 17: a peer that never comes to the end of its line */

static int slow_writer_us(struct world *w)
{
	/* However long we are kept from reading. */
	static char buf[65536];
	gn_sock *s = meet(w, NULL);
	gn_time until;

	WANT(s);
	for (int i = 0; i < 3; i++) {
		until = A_WHILE;
		WANT_IS(gn_recv_line(s, buf, sizeof buf, until), GN_ETIMEOUT);
		WANT_PASSED(until);
		WANT_TOLD("recv_line", GN_ETIMEOUT, 0, w->sim ? NULL : w->host);
		injected(1);
		handled(1);
	}
	TRY(ring_us(&w->place));
	WANT(gn_recv_line(s, buf, sizeof buf, SOON) >= 0);
	WANT_IS(strspn(buf, "x"), (long long)strlen(buf));
	gn_close(s);
	return 0;
}

static int slow_writer_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");
	char nothing;

	WANT(s);
	while (gn_chan_recv(w->place.bells[0], &nothing, GN_NOW) < 0) {
		WANT_IS(gn_send(s, "x", 1, SOON), 0);
		WANT_IS(gn_sleep(gn_in(5 * GN_MSEC)), 0);
	}
	WANT_IS(gn_send(s, "\n", 1, SOON), 0);
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* ---- 18: a peer that does not read */

/* The send ends at its deadline, the close at its linger time, by a reset. */
static int slow_reader_us(struct world *w)
{
	gn_sock_opts opts = { .linger_ns = 100 * GN_MSEC };
	gn_sock *s = meet(w, &opts);
	char *buf = malloc(MUCH);
	size_t done = 0;

	WANT(s && buf);
	pattern(buf, MUCH, 0);
	TRY(send_part(s, buf, &done, A_WHILE));
	WANT(done < MUCH);
	gn_cork(s);
	WANT_IS(gn_send(s, buf, 100, GN_NOW), 0);
	gn_close(s);
	free(buf);
	return ring_us(&w->place);
}

/* Reads only when it is over: until then it is not told. */
static int slow_reader_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "rcvbuf=4096");
	char buf[8192];
	size_t len;
	ssize_t n;
	int fd;

	WANT(s);
	TRY(hear_us(&w->place));
	fd = gn_release(s, buf, sizeof buf, &len);
	WANT(fd >= 0 && len == 0);
	WANT(gn_wait_fd(fd, POLLRDHUP, SOON) & POLLHUP);
	s = gn_adopt(fd);
	WANT(s);
	do
		n = gn_recv(s, buf, sizeof buf, SOON);
	while (n > 0);
	WANT_IS(n, GN_ERESET);
	gn_close(s);
	handled(1);
	return 0;
}

/* ---- 19: a peer that vanished */

#define DROP_ALL \
	"table ip f {\n" \
	"chain in { type filter hook input priority 0\n" \
	"counter drop\n" \
	"}\n" \
	"chain out { type filter hook output priority 0\n" \
	"counter drop\n" \
	"}\n}\n"

static int vanish_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");

	WANT(s);
	TRY(send_pattern(s, 10, 0));
	TRY(hear_us(&w->place));
	TRY(nft(DROP_ALL));
	TRY(ring_them(&w->place));
	TRY(hear_us(&w->place));
	injected(1);
	return break_off(s);
}

static gn_sock *meet_and_lose(struct world *w, int64_t alive_ns)
{
	gn_sock_opts opts = { .alive_ns = alive_ns, .linger_ns = 10 * GN_MSEC };
	gn_sock *s = meet(w, &opts);

	if (!s || recv_pattern(s, 10, 0) < 0 || ring_us(&w->place) < 0 ||
	    hear_them(&w->place) < 0)
		return NULL;
	return s;
}

/* Nothing is said: keepalive asks. */
static int idle_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 3 * GN_SEC);
	gn_time begin = gn_now();
	char c;

	WANT(s);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	WANT_TOLD("recv", GN_EDEAD, ETIMEDOUT, w->host);
	WANT(gn_since(begin) >= GN_SEC);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_EDEAD);
	WANT_IS(gn_recv(s, &c, 1, GN_NOW), GN_EDEAD);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

/* Bytes are under way: the user timeout. */
static int under_way_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 3 * GN_SEC);
	gn_time begin = gn_now();
	char c;

	WANT(s);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	WANT_TOLD("recv", GN_EDEAD, ETIMEDOUT, w->host);
	WANT(gn_since(begin) >= GN_SEC);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

/* More is sent than fits: the send itself is told. */
static int sending_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 3 * GN_SEC);
	size_t len = 16 * MUCH;
	char *buf = calloc(1, len), c;

	WANT(s && buf);
	WANT_IS(gn_send(s, buf, len, SOON), GN_EDEAD);
	WANT_TOLD("send", GN_EDEAD, ETIMEDOUT, w->host);
	WANT(gn_error_done(gn_error_last()) > 0);
	WANT(gn_error_done(gn_error_last()) < len);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	free(buf);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

/* A reader waits beside the sender: it too must not take this for an end. */
static int read_until_dead(void *arg)
{
	ssize_t n;
	char c;

	n = gn_recv(arg, &c, 1, SOON);
	WANT(n == GN_EDEAD || n == GN_ERESET);
	return 0;
}

static int both_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 3 * GN_SEC);
	size_t len = 16 * MUCH;
	char *buf = calloc(1, len), c;
	struct one reader;
	int result;

	WANT(s && buf);
	TRY(go_one(&reader, read_until_dead, s));
	result = gn_send(s, buf, len, SOON);
	WANT(result == GN_EDEAD || result == GN_ERESET);
	WANT_IS(join_one(&reader), 0);
	WANT_IS(gn_recv(s, &c, 1, SOON), result);
	free(buf);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

/* Without a dead-peer time there is still the deadline of each call. */
static int deadline_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 0);
	gn_time until = A_WHILE;
	char c;

	WANT(s);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_recv(s, &c, 1, until), GN_ETIMEOUT);
	WANT_PASSED(until);
	WANT_TOLD("recv", GN_ETIMEOUT, 0, w->host);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

/* The interface itself goes, with its address and its route. */
static int unplugged_us(struct world *w)
{
	gn_sock *s = meet_and_lose(w, 3 * GN_SEC);
	char c;

	WANT(s);
	TRY(ip("link del wire\n"));
	injected(1);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	WANT_TOLD("recv", GN_EDEAD, ETIMEDOUT, w->host);
	WANT(!gn_connect(w->address, NULL, SOON));
	WANT_TOLD("connect", GN_EUNREACH, ENETUNREACH, w->host);
	gn_close(s);
	handled(2);
	return ring_us(&w->place);
}

static int unplugged_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");

	WANT(s);
	TRY(send_pattern(s, 10, 0));
	TRY(hear_us(&w->place));
	TRY(ring_them(&w->place));
	TRY(hear_us(&w->place));
	return break_off(s);
}

const struct fault_case slow_cases[] = {
	{ .name = "fault-05-partial-write",
	  .us = partial_us,
	  .them = partial_them,
	  .needs = NEED_WIRE,
	  .faults = "" },
	{ .name = "fault-06-one-byte-reads",
	  .us = dribble_us,
	  .them = dribble_them,
	  .needs = NEED_WIRE,
	  .faults = "us: short-io=90%; them: short-io=90%" },
	{ .name = "fault-17-slow-writer",
	  .us = slow_writer_us,
	  .them = slow_writer_them,
	  .needs = NEED_WIRE,
	  .faults = "" },
	{ .name = "fault-18-slow-reader",
	  .us = slow_reader_us,
	  .them = slow_reader_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-19-silent-while-idle",
	  .us = idle_us,
	  .them = vanish_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-19-silent-with-bytes-under-way",
	  .us = under_way_us,
	  .them = vanish_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-19-silent-while-sending",
	  .us = sending_us,
	  .them = vanish_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-19-silent-both-ways",
	  .us = both_us,
	  .them = vanish_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-19-silent-until-the-deadline",
	  .us = deadline_us,
	  .them = vanish_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-19-unplugged",
	  .us = unplugged_us,
	  .them = unplugged_them,
	  .needs = NEED_WIRE },
	{ 0 },
};
