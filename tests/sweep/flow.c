/*
 * flow.c: one direction of a byte stream, as both of its ends know it.
 */
#include "flow.h"

#include <string.h>

#include "kit.h"
#include "op.h"

#define WORD sizeof(uint64_t)
#define FLOWS_MAX 4000

static struct flow flows[FLOWS_MAX];
static uint32_t flow_count;

void flow_begin(struct flow *f)
{
	*f = (struct flow){ .key = draw(UINT64_C(1) << 32) };
}

/* Eight bytes that look like no others: splitmix64's last step. */
static uint64_t word_at(const struct flow *f, uint64_t number)
{
	uint64_t x = (f->key << 32) + number + 1;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ (x >> 27);
}

void flow_fill(const struct flow *f, uint64_t from, void *buf, size_t len)
{
	uint8_t *at = buf;

	while (len > 0) {
		uint64_t word = word_at(f, from / WORD);
		size_t skip = from % WORD;
		size_t part = WORD - skip < len ? WORD - skip : len;

		memcpy(at, (uint8_t *)&word + skip, part);
		at += part;
		from += part;
		len -= part;
	}
}

void flow_check(const struct flow *f, uint64_t from, const void *buf,
		size_t len)
{
	uint8_t expected[FLOW_MOST];
	const uint8_t *bytes = buf;
	size_t i = 0;

	WANT(len <= sizeof expected);
	flow_fill(f, from, expected, len);
	if (len == 0 || memcmp(buf, expected, len) == 0)
		return;
	while (bytes[i] == expected[i])
		i++;
	trial_fail(__FILE__, __LINE__,
		   "byte %llu of a flow is %#x, not %#x (of %zu from %llu on)",
		   (unsigned long long)(from + i), bytes[i], expected[i], len,
		   (unsigned long long)from);
}

/* ---- by number */

void flow_forget_all(void)
{
	flow_count = 0;
}

struct flow *flow_new(void)
{
	WANT(flow_count < FLOWS_MAX);
	flow_begin(&flows[flow_count]);
	return &flows[flow_count++];
}

uint32_t flow_number(const struct flow *f)
{
	return (uint32_t)(f - flows);
}

struct flow *flow_of(uint32_t number)
{
	WANT(number < flow_count);
	return &flows[number];
}

/* ---- sending */

static void want_bounded(const struct flow *f)
{
	uint64_t held = f->taken > f->got ? f->taken - f->got : 0;

	if (f->held_max && held > f->held_max)
		trial_fail(__FILE__, __LINE__, "%llu bytes are under way",
			   (unsigned long long)held);
}

static int send_pieces(gn_sock *s, uint8_t *buf, size_t len, gn_time until)
{
	size_t cut = (size_t)draw(len + 1);
	struct iovec v[] = { { buf, cut },
			     { buf + cut, 0 },
			     { buf + cut, len - cut } };

	return op_sendv(s, v, 3, until);
}

/* In small bits, which are gathered and leave together, at the latest when
 * this fiber waits. */
static int send_gathered(gn_sock *s, const uint8_t *buf, size_t len,
			 gn_time until, size_t *done)
{
	size_t bit = len / 4 + 1;
	int result = 0;

	gn_cork(s);
	while (result == 0 && *done < len) {
		size_t n = len - *done < bit ? len - *done : bit;

		result = op_send(s, buf + *done, n, until);
		*done += op_sent();
	}
	return result == 0 && chance(2) ? op_flush(s, until) : result;
}

/* All is taken that was, also when what follows it failed. */
int flow_send(struct flow *f, gn_sock *s, size_t len, gn_time until)
{
	uint8_t buf[FLOW_MOST];
	uint64_t way = draw(4);
	size_t done = 0;
	int result;

	WANT(len > 0 && len <= sizeof buf && !f->finished);
	flow_fill(f, f->taken, buf, len);
	f->offered = f->taken + len;
	if (way == 3) {
		result = send_gathered(s, buf, len, until, &done);
	} else {
		result = way == 2 ? send_pieces(s, buf, len, until)
				  : op_send(s, buf, len, until);
		done = op_sent();
		WANT(result == 0 || done < len || result == GN_ECLOSED);
	}
	f->taken += done;
	want_bounded(f);
	return result;
}

int flow_send_some(struct flow *f, gn_sock *s, gn_time until)
{
	size_t len = draw_length(FLOW_MOST);

	if (f->total && len > f->total - f->taken)
		len = (size_t)(f->total - f->taken);
	return flow_send(f, s, len, until);
}

int flow_finish(struct flow *f, gn_sock *s, gn_time until)
{
	int result;

	f->finished = true;
	result = op_shutdown(s, until);
	if (result == GN_ETIMEOUT || result == GN_ECANCELED)
		f->finished = false;
	return result;
}

void flow_close(struct flow *f, gn_sock *s)
{
	f->finished = true;
	op_close(s);
}

int flow_say(struct flow *f, gn_sock *s, gn_time last)
{
	int result = 0;

	while (f->taken < f->total && gn_time_before(gn_now(), last)) {
		result = flow_send_some(f, s, draw_until());
		if (result < 0 && result != GN_ETIMEOUT)
			return result;
		if (chance(8) && kit_pause(20 * GN_MSEC) < 0)
			return gn_code();
	}
	if (f->taken < f->total)
		return GN_ETIMEOUT;
	do {
		result = flow_finish(f, s, draw_until());
	} while (result == GN_ETIMEOUT && gn_time_before(gn_now(), last));
	return result;
}

/* ---- receiving */

static ssize_t recv_pieces(gn_sock *s, uint8_t *buf, size_t len, gn_time until)
{
	size_t cut = (size_t)draw(len + 1);
	struct iovec v[] = { { buf, cut }, { buf + cut, len - cut } };

	return op_recvv(s, v, 2, until);
}

/* One byte, by the call that knows how many it wants. */
static ssize_t recv_one(gn_sock *s, uint8_t *buf, size_t len, gn_time until)
{
	(void)len;
	return op_recv_exact(s, buf, 1, until);
}

static ssize_t wait_and_recv(gn_sock *s, uint8_t *buf, size_t len,
			     gn_time until)
{
	int result = op_wait(s, until);

	return result < 0 ? result : op_recv(s, buf, len, until);
}

static ssize_t plain_recv(gn_sock *s, uint8_t *buf, size_t len, gn_time until)
{
	return op_recv(s, buf, len, until);
}

static ssize_t (*const ways[])(gn_sock *s, uint8_t *buf, size_t len,
			       gn_time until) = { plain_recv, plain_recv,
						  recv_pieces, wait_and_recv,
						  recv_one };

#define WAYS (sizeof ways / sizeof *ways)

/* What a receive gave is what was sent, and nothing beyond it. */
static ssize_t arrived(struct flow *f, const uint8_t *buf, ssize_t n)
{
	if (n == 0 && !f->relayed) {
		WANT(f->finished || f->taken == 0);
		WANT_IS((long long)f->got, (long long)f->taken);
	}
	if (n == 0)
		f->ended = true;
	if (n <= 0)
		return n;
	WANT(!f->ended);
	flow_check(f, f->got, buf, (size_t)n);
	f->got += (uint64_t)n;
	WANT(f->got <= f->offered);
	return n;
}

ssize_t flow_recv(struct flow *f, gn_sock *s, size_t len, gn_time until)
{
	uint8_t buf[FLOW_MOST];
	ssize_t n;

	WANT(len > 0 && len <= sizeof buf);
	n = ways[draw(WAYS)](s, buf, len, until);
	WANT(n <= (ssize_t)len);
	return arrived(f, buf, n);
}

ssize_t flow_recv_exact(struct flow *f, gn_sock *s, size_t len, gn_time until)
{
	uint8_t buf[FLOW_MOST];
	ssize_t n;

	WANT(len > 0 && len <= sizeof buf);
	n = op_recv_exact(s, buf, len, until);
	/* The end in the midst of so many bytes leaves the bytes. */
	if (n == GN_ESHORT)
		n = (ssize_t)gn_error_done(gn_error_last());
	else
		WANT(n <= 0 || n == (ssize_t)len);
	return arrived(f, buf, n);
}

ssize_t flow_recv_some(struct flow *f, gn_sock *s, gn_time until)
{
	return flow_recv(f, s, draw_length(FLOW_MOST), until);
}

/* The end stays, however often it is asked for. */
static int want_end(struct flow *f, gn_sock *s)
{
	ssize_t n = flow_recv(f, s, 1, gn_in(GN_SEC));

	WANT(n == 0 || gn_cancelled());
	return 0;
}

int flow_hear(struct flow *f, gn_sock *s, gn_time last)
{
	ssize_t n;

	do {
		gn_time until = gn_time_earlier(last, draw_until());

		n = chance(4) ? flow_recv_exact(f, s, draw_length(FLOW_MOST),
						until)
			      : flow_recv_some(f, s, until);
		if (n > 0 && chance(16) && kit_pause(20 * GN_MSEC) < 0)
			return gn_code();
	} while (n > 0 || (n == GN_ETIMEOUT && gn_time_before(gn_now(), last)));
	return n == 0 ? want_end(f, s) : (int)n;
}
