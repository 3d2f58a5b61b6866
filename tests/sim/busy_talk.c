/*
 * busy_talk.c: conversations of the busy world, each checked byte by byte.
 */
#include "busy_talk.h"

#include <string.h>

#define CHUNK 3000
#define TURNED 0xa5 /* what an echo does to each byte */

unsigned busy_draw(struct actor *a, unsigned bound)
{
	return (unsigned)gni_rng_below(&a->rng, bound);
}

gn_time busy_soon(struct actor *a)
{
	static const int64_t ns[] = { 0, 1, GN_USEC, GN_MSEC, 3 * GN_MSEC,
				      20 * GN_MSEC, GN_HOUR, GN_HOUR };

	return gn_in(ns[busy_draw(a, sizeof ns / sizeof *ns)]);
}

void busy_note(struct busy *b, uint64_t fact)
{
	b->digest = (b->digest ^ fact) * UINT64_C(0x100000001b3);
	b->digest = (b->digest ^ (uint64_t)gn_now().ns) *
		    UINT64_C(0x100000001b3);
}

static uint8_t byte_at(uint64_t key, size_t i)
{
	return (uint8_t)(key + i * 131 + (i >> 8) * 17 + (i >> 16));
}

static void fill(uint8_t *buf, uint64_t key, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_at(key, from + i);
}

static void check(const uint8_t *buf, uint64_t key, size_t from, size_t len,
		  unsigned turned)
{
	for (size_t i = 0; i < len; i++)
		WANT_IS(buf[i] ^ turned, byte_at(key, from + i));
}

/* ---- the server's side */

static void turn(uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] ^= TURNED;
}

static int echo_rest(gn_sock *client, struct actor *a, const struct hello *h)
{
	uint8_t buf[CHUNK];
	size_t got = 0;
	ssize_t n;
	int result = 0;

	while (result == 0 &&
	       (n = gn_recv(client, buf, 1 + busy_draw(a, CHUNK), SOON)) > 0) {
		check(buf, h->key, got, (size_t)n, 0);
		got += (size_t)n;
		busy_note(a->busy, (uint64_t)n);
		turn(buf, (size_t)n);
		if (busy_draw(a, 16) == 0)
			result = gn_sleep(gn_in(busy_draw(a, 3000) * GN_USEC));
		if (result == 0)
			result = gn_send(client, buf, (size_t)n, SOON);
	}
	if (result == 0)
		result = (int)n;
	if (h->breaks_off) {
		a->busy->resets += result < 0;
		return 0;
	}
	if (result < 0)
		gn_perror("echo");
	WANT_IS(result, 0);
	WANT_IS((long long)got, h->total);
	return 0;
}

int busy_echo(gn_sock *client, void *arg)
{
	struct actor *a = arg;
	struct hello h;
	ssize_t n = gn_recv_exact(client, &h, sizeof h, SOON);

	/* Who breaks off may do so before the first byte. */
	if (n != sizeof h) {
		a->busy->resets++;
		return (int)n;
	}
	return echo_rest(client, a, &h);
}

/* ---- the client's side of a stream: two fibers */

struct talk {
	struct actor *actor;
	gn_sock *s;
	struct hello hello;
	size_t sent, got;
};

/* A failure tells how many bytes were taken: the rest is sent again. */
static void note_sent(struct talk *t, int result, size_t len)
{
	size_t done = len;

	if (result < 0) {
		WANT_IS(result, GN_ETIMEOUT);
		done = gn_error_done(gn_error_last());
		WANT(done < len);
		t->actor->busy->timeouts++;
		t->actor->busy->partial += done > 0;
	}
	t->sent += done;
}

static void send_piece(struct talk *t, const uint8_t *buf, size_t len)
{
	note_sent(t, gn_send(t->s, buf, len, busy_soon(t->actor)), len);
}

static void send_pieces(struct talk *t, uint8_t *buf, size_t len)
{
	size_t cut = len / 3;
	struct iovec v[] = { { buf, cut },
			     { buf + cut, 0 },
			     { buf + cut, len - cut } };

	note_sent(t, gn_sendv(t->s, v, 3, busy_soon(t->actor)), len);
}

static void send_gathered(struct talk *t, const uint8_t *buf, size_t len)
{
	size_t end = t->sent + len;

	gn_cork(t->s);
	while (t->sent < end) {
		size_t at = len - (end - t->sent);
		size_t most = end - t->sent < 100 ? end - t->sent : 100;

		note_sent(t, gn_send(t->s, buf + at, most, SOON), most);
	}
	WANT_IS(gn_flush(t->s, SOON), 0);
}

static int send_all(void *arg)
{
	struct talk *t = arg;
	struct actor *a = t->actor;
	uint8_t buf[CHUNK];

	while (t->sent < t->hello.total) {
		size_t len = 1 + busy_draw(a, CHUNK);

		if (len > t->hello.total - t->sent)
			len = t->hello.total - t->sent;
		fill(buf, t->hello.key, t->sent, len);
		switch (busy_draw(a, 4)) {
		case 0:
			send_pieces(t, buf, len);
			break;
		case 1:
			send_gathered(t, buf, len);
			break;
		default:
			send_piece(t, buf, len);
		}
		if (busy_draw(a, 8) == 0)
			WANT_IS(gn_sleep(busy_draw(a, 2) ? GN_NOW :
					 gn_in(GN_MSEC)), 0);
	}
	return gn_shutdown(t->s, SOON);
}

static ssize_t recv_some(struct talk *t, uint8_t *buf, size_t len)
{
	struct actor *a = t->actor;
	gn_time until = busy_soon(a);
	struct iovec v[] = { { buf, len / 2 },
			     { buf + len / 2, len - len / 2 } };
	ssize_t n;

	switch (busy_draw(a, 5)) {
	case 0:
		return gn_recvv(t->s, v, 2, until);
	case 1:
		return gn_recv_exact(t->s, buf, len, until);
	case 2:
		n = gn_wait(t->s, until);
		return n < 0 ? n : gn_recv(t->s, buf, len, SOON);
	default:
		return gn_recv(t->s, buf, len, until);
	}
}

/* The end in the midst of so many bytes leaves the bytes. */
static ssize_t short_is_some(ssize_t n)
{
	return n == GN_ESHORT ? (ssize_t)gn_error_done(gn_error_last()) : n;
}

static int recv_all(void *arg)
{
	struct talk *t = arg;
	uint8_t buf[CHUNK];
	ssize_t n;

	for (;;) {
		size_t len = 1 + busy_draw(t->actor, CHUNK);

		n = short_is_some(recv_some(t, buf, len));
		if (n == 0)
			break;
		if (n == GN_ETIMEOUT) {
			t->actor->busy->timeouts++;
			continue;
		}
		WANT(n > 0);
		check(buf, t->hello.key, t->got, (size_t)n, TURNED);
		t->got += (size_t)n;
		busy_note(t->actor->busy, (uint64_t)n);
	}
	WANT_IS((long long)t->got, t->hello.total);
	WANT_IS(gn_recv(t->s, buf, 1, SOON), 0);
	t->actor->busy->bytes += t->got;
	return 0;
}

void busy_talk(struct actor *a, gn_sock *s)
{
	struct talk t = { .actor = a, .s = s,
			  .hello = { .key = busy_draw(a, 1 << 30),
				     .total = busy_draw(a, 30000) } };
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_IS(gn_send(s, &t.hello, sizeof t.hello, SOON), 0);
	WANT_IS(gn_go(g, recv_all, &t), 0);
	WANT_IS(gn_go(g, send_all, &t), 0);
	WANT_IS(gn_group_wait(g, gn_in(GN_HOUR)), 0);
	gn_group_close(g);
}

void busy_break_off(struct actor *a, gn_sock *s)
{
	struct hello h = { .key = 7, .total = 1 << 20, .breaks_off = 1 };
	uint8_t buf[CHUNK];
	size_t sent = 0;

	if (busy_draw(a, 4) == 0 || gn_send(s, &h, sizeof h, SOON) < 0)
		return;
	for (unsigned n = busy_draw(a, 10); n > 0; n--) {
		fill(buf, h.key, sent, sizeof buf);
		if (gn_send(s, buf, sizeof buf, SOON) < 0)
			return;
		sent += sizeof buf;
		if (busy_draw(a, 2) && gn_recv(s, buf, 100, SOON) < 0)
			return;
	}
}

/* ---- messages */

struct message {
	uint32_t number;
	uint8_t bytes[1000];
};

#define HEAD (sizeof(uint32_t))

int busy_echo_messages(gn_sock *s, bool bound, struct actor *a)
{
	struct message m;
	gn_addr from;
	ssize_t n;
	int result = 0;

	while (result == 0) {
		n = bound ? gn_recvfrom(s, &m, sizeof m, &from, GN_NEVER) :
			    gn_recv(s, &m, sizeof m, GN_NEVER);
		if (n < 0)
			return (int)n;
		busy_note(a->busy, (uint64_t)n);
		result = bound ? gn_sendto(s, &m, (size_t)n, &from, SOON) :
				 gn_send(s, &m, (size_t)n, SOON);
	}
	return result;
}

/* One at a time; a lost one would be waited for in vain. */
void busy_talk_messages(struct actor *a, gn_sock *s)
{
	struct message m, back;

	for (uint32_t i = 0; i < 12; i++) {
		size_t len = HEAD + busy_draw(a, sizeof m.bytes + 1);
		ssize_t n;

		m.number = i;
		fill(m.bytes, a->number + i, 0, sizeof m.bytes);
		WANT_IS(gn_send(s, &m, len, SOON), 0);
		while ((n = gn_recv(s, &back, sizeof back, busy_soon(a))) ==
		       GN_ETIMEOUT)
			a->busy->timeouts++;
		WANT_IS(n, (long long)len);
		WANT(memcmp(&m, &back, len) == 0);
		a->busy->messages++;
		busy_note(a->busy, i);
	}
}
