/*
 * inject_link_test.c: faults of the link: what is sent is lost, comes twice,
 * spoilt or late; connections break.  Times are asked only to be long enough.
 */
#include "io/inject_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "addr/addr.h"

static uint8_t buf[70000];

static void assert_took(struct trial *t, int64_t ns)
{
	assert_true(gn_since(t->begin) >= ns);
}

/* ---- datagrams */

static void lost(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
	assert_int_equal(do_send(&t->under, fd[0], "abc", 3), 3);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), -EAGAIN);
	assert_int_equal(struck(t, GNI_FAULT_LOSS), 2);
	/* The other way is the other machine's. */
	assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
	assert_int_equal(do_recv(&t->under, fd[0], buf, 9), 3);
	cross_close(t, fd);
}

static void some_lost(struct trial *t)
{
	int fd[2], came = 0;

	cross_bound(t, AF_INET, fd);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
		came += recv_now(&t->plain, fd[1], buf, 9) == 3;
	}
	/* Beyond seven standard deviations on either side. */
	assert_in_range(came, 130, 270);
	assert_int_equal(came + (int)struck(t, GNI_FAULT_LOSS), 400);
	cross_close(t, fd);
}

static void twice(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), 3);
		assert_memory_equal(buf, "abc", 3);
	}
	assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), -EAGAIN);
	cross_close(t, fd);
}

static int bits_set(const uint8_t *bytes, size_t len)
{
	int sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += __builtin_popcount(bytes[i]);
	return sum;
}

static void spoilt(struct trial *t)
{
	static const uint8_t zeros[100];
	int fd[2];

	cross_bound(t, AF_INET, fd);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(send_now(&t->under, fd[0], zeros, 100), 100);
		assert_int_equal(recv_now(&t->plain, fd[1], buf, 200), 100);
		assert_int_equal(bits_set(buf, 100), 1);
	}
	/* What is empty has no bit to turn. */
	assert_int_equal(send_now(&t->under, fd[0], zeros, 0), 0);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, 200), 0);
	assert_int_equal(struck(t, GNI_FAULT_CORRUPT), 50);
	cross_close(t, fd);
}

static void too_large(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	assert_int_equal(send_now(&t->under, fd[0], buf, 1281), 1281);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, sizeof buf), -EAGAIN);
	assert_int_equal(send_now(&t->under, fd[0], buf, 1280), 1280);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, sizeof buf), 1280);
	cross_close(t, fd);
	cross_open(t, AF_INET, fd);
	assert_int_equal(send_now(&t->under, fd[0], buf, 5000), 1280);
	assert_int_equal(do_send(&t->under, fd[0], buf, 5000), 1280);
	assert_int_equal(send_now(&t->plain, fd[1], buf, 5000), 5000);
	assert_int_equal(do_recv(&t->under, fd[0], buf, 5000), 1280);
	cross_close(t, fd);
}

static void send_to(struct trial *t, int fd, const gn_addr *to, uint8_t byte)
{
	struct iovec piece = { &byte, 1 };
	struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1,
			    .msg_name = (void *)(uintptr_t)to->sockaddr,
			    .msg_namelen = to->len };

	assert_int_equal(t->under.calls->send(t->under.io, fd, &m, 0), 1);
}

/* All come, each once, and not in order; names are kept with them. */
static void reordered(struct trial *t)
{
	bool seen[100] = { false }, in_order = true;
	gn_addr from, to;
	int fd[2];

	fd[0] = bound_open(&t->under, AF_INET, SOCK_DGRAM, &from);
	fd[1] = bound_open(&t->plain, AF_INET, SOCK_DGRAM, &to);
	for (uint8_t i = 0; i < 100; i++)
		send_to(t, fd[0], &to, i);
	for (int i = 0; i < 100;) {
		if (recv_now(&t->plain, fd[1], buf, 9) != 1) {
			t->under.backend->wait(t->under.io, gn_in(GN_MSEC));
			continue;
		}
		assert_false(seen[buf[0]]);
		seen[buf[0]] = true;
		in_order &= buf[0] == i++;
	}
	assert_false(in_order);
	cross_close(t, fd);
}

/* What is still under way when its socket goes is not lost. */
static void late_at_close(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	for (int i = 0; i < 2; i++)
		assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), -EAGAIN);
	t->under.calls->close(t->under.io, fd[0]);
	for (int i = 0; i < 2; i++)
		assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), 3);
	t->plain.calls->close(t->plain.io, fd[1]);
}

/* A link holds so many; what is beyond is lost. */
static void many_late(struct trial *t)
{
	int fd[2], came = 0;

	cross_bound(t, AF_INET, fd);
	for (int i = 0; i < 1200; i++)
		assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
	assert_int_equal(gni_inject_of(t->under.io)->flight_count, 1024);
	now_under(t, "loss");
	while (recv_now(&t->plain, fd[1], buf, 9) == 3)
		came++;
	/* The receiver's buffer may be smaller still. */
	assert_in_range(came, 100, 1024);
	cross_close(t, fd);
}

/* What never leaves the machine has no link. */
static void unix_has_no_link(struct trial *t)
{
	int fd[2];

	unix_pair(&t->under, SOCK_DGRAM, fd);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
		assert_int_equal(do_recv(&t->under, fd[1], buf, 9), 3);
		assert_memory_equal(buf, "abc", 3);
	}
	assert_int_equal(recv_now(&t->under, fd[1], buf, 9), -EAGAIN);
	pair_close(&t->under, fd);
}

/* ---- connections that break */

static void reset(struct trial *t)
{
	enum { BY_CALL, BY_OP, BY_RECV, BY_RECV_CALL, WAYS };
	int fd[2], result;

	for (int way = 0; way < WAYS; way++) {
		cross_open(t, AF_INET, fd);
		if (way == BY_CALL)
			result = (int)send_now(&t->under, fd[0], "x", 1);
		else if (way == BY_OP)
			result = do_send(&t->under, fd[0], "x", 1);
		else if (way == BY_RECV)
			result = do_recv(&t->under, fd[0], buf, 9);
		else
			result = (int)recv_now(&t->under, fd[0], buf, 9);
		assert_int_equal(result, -ECONNRESET);
		/* The other end is told, by a true reset. */
		assert_int_equal(do_recv(&t->plain, fd[1], buf, 9),
				 -ECONNRESET);
		cross_close(t, fd);
	}
	assert_int_equal(struck(t, GNI_FAULT_RESET), WAYS);
}

static void reset_unix(struct trial *t)
{
	int fd[2];

	cross_open(t, AF_UNIX, fd);
	assert_int_equal(do_send(&t->under, fd[0], "x", 1), -ECONNRESET);
	assert_int_equal(do_recv(&t->plain, fd[1], buf, 9), 0);
	cross_close(t, fd);
	unix_pair(&t->under, SOCK_SEQPACKET, fd);
	assert_int_equal(do_send(&t->under, fd[0], "x", 1), 1);
	pair_close(&t->under, fd);
}

static void stood(struct gni_op *op, int result, bool more)
{
	struct heard *h = GNI_OWNER(op, struct heard, op);

	h->calls += result > 0;
	h->result = result;
	h->more = more;
}

/* A standing receive gets what came before, and then the reset. */
static void reset_standing(struct trial *t)
{
	struct heard h;
	int fd[2], tries = 0;
	bool told;

	if (!t->under.io->multishot)
		return;
	do {
		cross_open(t, AF_INET, fd);
		h = heard(GNI_OP_RECV_MULTI, fd[0]);
		h.op.done = stood;
		t->under.backend->submit(t->under.io, &h.op);
		told = false;
		while (h.op.state != GNI_OP_IDLE) {
			told |= send_now(&t->plain, fd[1], "x", 1) ==
				-ECONNRESET;
			t->under.backend->wait(t->under.io, GN_NEVER);
		}
		assert_int_equal(h.result, -ECONNRESET);
		assert_true(told || do_recv(&t->plain, fd[1], buf, 9) ==
					    -ECONNRESET);
		cross_close(t, fd);
	} while (h.calls == 0 && ++tries < 100);
	assert_true(h.calls > 0);
}

/* ---- time */

static void delayed(struct trial *t)
{
	int fd[2];

	cross_open(t, AF_INET, fd);
	assert_took(t, 20 * GN_MSEC); /* the connect */
	assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
	assert_int_equal(do_recv(&t->under, fd[0], buf, 9), 3);
	assert_took(t, 40 * GN_MSEC);
	assert_int_equal(struck(t, GNI_FAULT_DELAY), 2);
	cross_close(t, fd);
}

static void jittered(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
		assert_int_equal(do_recv(&t->under, fd[0], buf, 9), 3);
	}
	assert_took(t, 20 * GN_MSEC / 10);
	cross_close(t, fd);
}

/* Bytes that are held back have been taken: they win over a cancel. */
static void delayed_and_canceled(struct trial *t)
{
	struct heard h;
	gn_addr addr;
	int fd[2], listener;

	cross_bound(t, AF_INET, fd);
	now_under(t, "delay=1h");
	assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, 9);
	submit(&t->under, &h);
	assert_in(&t->under, &h);
	cancel(&t->under, &h);
	assert_int_equal(await(&t->under, &h), 3);
	cross_close(t, fd);
	listener = listener_open(&t->plain, 8, &addr);
	fd[1] = socket_open(&t->plain, AF_INET, SOCK_STREAM);
	assert_int_equal(do_connect(&t->plain, fd[1], &addr), 0);
	h = heard(GNI_OP_ACCEPT, listener);
	submit(&t->under, &h);
	assert_in(&t->under, &h);
	cancel(&t->under, &h);
	fd[0] = await(&t->under, &h);
	assert_true(fd[0] >= 0);
	cross_close(t, fd);
	cross_drop(t, listener);
}

/* A stall keeps all of a stream: what is sent, and who waits for what has
 * come.  A close that empties the socket finds it all the same, as it would
 * where nothing has come: its end must not turn into a reset. */
static void stalled(struct trial *t)
{
	struct heard h;
	int fd[2];

	cross_open(t, AF_INET, fd);
	assert_took(t, 30 * GN_MSEC); /* the connect */
	now_under(t, "stall@..30ms");
	assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, 9);
	submit(&t->under, &h);
	cancel(&t->under, &h);
	assert_int_equal(await(&t->under, &h), -ECANCELED);
	assert_int_equal(recv_now(&t->under, fd[0], buf, 1), 1);
	assert_int_equal(send_now(&t->under, fd[0], "x", 1), -EAGAIN);
	h = heard_bytes(GNI_OP_POLL, fd[0], NULL, 0);
	h.op.events = POLLIN;
	submit(&t->under, &h);
	assert_int_equal(await(&t->under, &h), POLLIN);
	assert_took(t, 30 * GN_MSEC);
	now_under(t, "stall@..30ms");
	assert_int_equal(do_recv(&t->under, fd[0], buf, 9), 2);
	assert_took(t, 30 * GN_MSEC);
	now_under(t, "stall@..30ms");
	assert_int_equal(do_send(&t->under, fd[0], "x", 1), 1);
	assert_took(t, 30 * GN_MSEC);
	assert_int_equal(do_recv(&t->plain, fd[1], buf, 9), 1);
	cross_close(t, fd);
}

/* One that waits when the stall begins does not get what comes in it. */
static void stalled_meanwhile(struct trial *t)
{
	struct heard h;
	int fd[2];

	cross_open(t, AF_INET, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, 9);
	submit(&t->under, &h);
	while (gn_since(t->begin) < 20 * GN_MSEC) {
		t->under.backend->wait(t->under.io,
				       gn_time_add(t->begin, 20 * GN_MSEC));
		t->under.backend->wait(t->under.io, GN_NOW);
	}
	assert_int_equal(h.calls, 0);
	assert_int_equal(send_now(&t->plain, fd[1], "abc", 3), 3);
	assert_int_equal(await(&t->under, &h), 3);
	assert_took(t, 50 * GN_MSEC);
	cross_close(t, fd);
}

static void stalled_datagrams(struct trial *t)
{
	int fd[2];

	cross_bound(t, AF_INET, fd);
	now_under(t, "stall@..20ms");
	assert_int_equal(send_now(&t->under, fd[0], "abc", 3), 3);
	assert_int_equal(recv_now(&t->plain, fd[1], buf, 9), -EAGAIN);
	assert_int_equal(send_now(&t->plain, fd[1], "abcd", 4), 4);
	assert_int_equal(do_recv(&t->under, fd[0], buf, 9), 4);
	assert_took(t, 20 * GN_MSEC);
	while (recv_now(&t->plain, fd[1], buf, 9) != 3)
		t->under.backend->wait(t->under.io, GN_NOW);
	cross_close(t, fd);
}

/* A stream outlives a cut, for TCP sends it again; a datagram does not. */
static void cut(struct trial *t)
{
	struct heard h;
	int fd[2], pair[2];

	cross_open(t, AF_INET, fd);
	assert_took(t, 20 * GN_MSEC);
	cross_bound(t, AF_INET, pair);
	now_under(t, "cut@..20ms");
	assert_int_equal(send_now(&t->under, pair[0], "lost", 4), 4);
	assert_int_equal(send_now(&t->plain, pair[1], "lost", 4), 4);
	assert_int_equal(recv_now(&t->under, pair[0], buf, 9), -EAGAIN);
	assert_int_equal(send_now(&t->plain, pair[1], "lost", 4), 4);
	h = heard_bytes(GNI_OP_RECV, pair[0], buf, 9);
	submit(&t->under, &h);
	assert_in(&t->under, &h);
	assert_int_equal(do_send(&t->under, fd[0], "kept", 4), 4);
	assert_took(t, 20 * GN_MSEC);
	assert_int_equal(do_recv(&t->plain, fd[1], buf, 9), 4);
	assert_int_equal(recv_now(&t->plain, pair[1], buf, 9), -EAGAIN);
	assert_int_equal(send_now(&t->plain, pair[1], "late", 4), 4);
	assert_int_equal(await(&t->under, &h), 4);
	assert_memory_equal(buf, "late", 4);
	assert_true(struck(t, GNI_FAULT_CUT) >= 3);
	cross_close(t, pair);
	cross_close(t, fd);
}

/* 80 kbit are 10 bytes a millisecond. */
static void rated(struct trial *t)
{
	size_t out = 0;
	int fd[2];

	cross_open(t, AF_INET, fd);
	now_under(t, "rate=80kbit");
	assert_int_equal(send_now(&t->under, fd[0], buf, 500), 100);
	assert_int_equal(send_now(&t->under, fd[0], buf, 500), -EAGAIN);
	for (out = 100; out < 500;) {
		int n = do_send(&t->under, fd[0], buf, 500 - out);

		assert_in_range(n, 1, 100);
		out += (size_t)n;
	}
	assert_took(t, 40 * GN_MSEC);
	now_under(t, "rate=80kbit");
	assert_int_equal(send_now(&t->plain, fd[1], buf, 300), 300);
	for (out = 0; out < 300;)
		out += (size_t)do_recv(&t->under, fd[0], buf, 300);
	assert_took(t, 30 * GN_MSEC);
	cross_close(t, fd);
}

static void rated_datagrams(struct trial *t)
{
	int fd[2], came = 0;

	cross_bound(t, AF_INET, fd);
	now_under(t, "rate=80kbit");
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_now(&t->under, fd[0], buf, 100), 100);
	while (came < 3) {
		while (recv_now(&t->plain, fd[1], buf, 200) == 100)
			came++;
		t->under.backend->wait(t->under.io, gn_in(GN_MSEC));
	}
	assert_took(t, 30 * GN_MSEC);
	cross_close(t, fd);
}

const struct inject_case inject_link_cases[] = {
	{ "fault_24-lost", "loss=100%", lost },
	{ "fault_24-some-lost", "loss=50%", some_lost },
	{ "fault_24-twice", "dup=100%", twice },
	{ "fault_23-spoilt", "corrupt=100%", spoilt },
	{ "fault_25-too-large", "mtu=1280", too_large },
	{ "fault_24-reordered", "reorder=5ms", reordered },
	{ "fault_24-late-at-close", "reorder=1h", late_at_close },
	{ "fault_24-many-late", "reorder=1h", many_late },
	{ "unix-has-no-link",
	  "loss=100% dup=100% corrupt=100% mtu=1 reorder=1h cut",
	  unix_has_no_link },
	{ "fault_01-reset", "reset=100%", reset },
	{ "fault_01-reset-unix", "reset=100%", reset_unix },
	{ "fault_01-reset-standing", "reset=50%", reset_standing },
	{ "fault_24-delayed", "delay=20ms", delayed },
	{ "fault_24-jittered", "delay=1ms±900us", jittered },
	{ "fault_21-delayed-and-canceled", "loss@1h..",
	  delayed_and_canceled },
	{ "fault_24-stalled", "stall@..30ms", stalled },
	{ "fault_24-stalled-meanwhile", "stall@10ms..50ms",
	  stalled_meanwhile },
	{ "fault_24-stalled-datagrams", "loss@1h..", stalled_datagrams },
	{ "fault_24-cut", "cut@..20ms", cut },
	{ "fault_24-rated", "loss@1h..", rated },
	{ "fault_24-rated-datagrams", "loss@1h..", rated_datagrams },
	{ 0 },
};
