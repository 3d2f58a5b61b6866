/*
 * parity_case.c: what a program sees of ends, resets and queues where a
 * simulation would easily be kinder than Linux.  What cannot be brought about
 * by our own calls is in src/io/parity_test.c.
 */
#include <errno.h>
#include <string.h>

#include "place.h"

/* So often is a peer given time to answer. */
#define TRIES_MAX 1000

/* Closes with bytes that nobody took, and without time to hear the peer out. */
static int break_in_order(gn_sock *s[2])
{
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	WANT_IS(gn_wait(s[1], SOON), 0);
	gn_close(s[1]);
	return 0;
}

/* Sends until the other's reset has come: the first send may be taken. */
static int send_until_broken(gn_sock *s)
{
	int result = 0;

	for (int i = 0; i < TRIES_MAX && result == 0; i++) {
		result = gn_send(s, "x", 1, SOON);
		if (result == 0)
			WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	WANT_IS(result, GN_ERESET);
	return 0;
}

/* The end goes out before the reset: who receives is told of that. */
static int reset_by_close(const struct place *p)
{
	gn_sock *s[2];

	TRY(two_with(p, NULL, "linger=0s", s));
	TRY(break_in_order(s));
	TRY(recv_end(s[0]));
	WANT_IS(gn_wait(s[0], GN_NOW), 0);
	TRY(send_until_broken(s[0]));
	WANT_IS(gn_error_errno(gn_error_last()), EPIPE);
	WANT_IS(gn_send(s[0], "x", 1, SOON), GN_ERESET);
	WANT_IS(gn_wait(s[0], GN_NOW), 0);
	gn_close(s[0]);
	return 0;
}

/* What was there before the reset can still be had. */
static int bytes_before_reset(const struct place *p)
{
	gn_sock *s[2];
	char buf[8];

	TRY(two_with(p, NULL, "linger=0s", s));
	WANT_IS(gn_send(s[1], "hello", 5, SOON), 0);
	WANT_IS(gn_wait(s[0], SOON), 0);
	TRY(break_in_order(s));
	WANT_IS(gn_recv_exact(s[0], buf, 5, SOON), 5);
	WANT(memcmp(buf, "hello", 5) == 0);
	TRY(recv_end(s[0]));
	TRY(send_until_broken(s[0]));
	gn_close(s[0]);
	return 0;
}

/* The peer ended before it broke off: that stays an end to who receives. */
static int reset_after_end(const struct place *p)
{
	gn_sock *s[2];

	TRY(two_with(p, NULL, "linger=0s", s));
	WANT_IS(gn_shutdown(s[1], SOON), 0);
	TRY(recv_end(s[0]));
	TRY(break_in_order(s));
	TRY(send_until_broken(s[0]));
	gn_close(s[0]);
	return 0;
}

/* A peer that closed and left nothing unread is told apart by the sends. */
static int sends_after_close(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	gn_close(s[1]);
	TRY(recv_end(s[0]));
	if (p->kind->traits & K_TCP)
		WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	TRY(send_until_broken(s[0]));
	WANT_IS(gn_error_errno(gn_error_last()), EPIPE);
	WANT_IS(gn_send(s[0], "x", 1, SOON), GN_ERESET);
	gn_close(s[0]);
	return 0;
}

static int accept_after_close(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s;

	WANT(l);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	TRY(send_pattern(s, 1000, 0));
	gn_close(s);
	s = gn_accept(l, SOON);
	WANT(s);
	if (p->kind->traits & K_STREAM) {
		TRY(recv_pattern(s, 1000, 0));
	} else {
		char buf[1000];

		WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 1000);
	}
	TRY(recv_end(s));
	gn_close(s);
	gn_close(l);
	return 0;
}

/* Whoever was not accepted is reset, and nobody else gets through. */
static int listener_closes_first(const struct place *p)
{
	char address[ADDRESS_MAX], c;
	gn_sock *l = listen_somewhere(p, address), *s;

	WANT(l);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_wait(l, SOON), 0);
	gn_close(l);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_ERESET);
	gn_close(s);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(),
		p->kind->traits & K_PATH ? GN_ENOENT : GN_EREFUSED);
	return 0;
}

/* One more than the backlog fits; who comes then waits, and is given up. */
static int backlog_full(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l, *s[2], *accepted;

	fresh_address(p, "backlog=1", address);
	l = gn_listen(address, NULL);
	WANT(l);
	address_of(l, address);
	for (int i = 0; i < 2; i++) {
		s[i] = gn_connect(address, NULL, SOON);
		WANT(s[i]);
	}
	WANT(!gn_connect(address, NULL, A_MOMENT));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	for (int i = 0; i < 2; i++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		gn_close(accepted);
		gn_close(s[i]);
	}
	gn_close(l);
	return 0;
}

/* Told once, by the next send; a receive is told nothing. */
static int receiver_gone(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	gn_close(s[1]);
	WANT_IS(gn_recv(s[0], &c, 1, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_send(s[0], "x", 1, SOON), GN_EREFUSED);
	WANT_IS(gn_error_errno(gn_error_last()), ECONNREFUSED);
	WANT(gn_send(s[0], "x", 1, SOON) < 0);
	WANT_IS(gn_error_errno(gn_error_last()), ENOTCONN);
	gn_close(s[0]);
	return 0;
}

const struct conform_case parity_cases[] = {
	{ "reset_by_close (fault_01)", K_TCP, 0, reset_by_close, NULL, NULL,
	  0 },
	{ "bytes_before_reset (fault_01)", K_TCP, 0, bytes_before_reset, NULL,
	  NULL, 0 },
	{ "reset_after_end (fault_01 fault_03)", K_TCP, 0, reset_after_end,
	  NULL, NULL, 0 },
	{ "sends_after_close (fault_02)", K_STREAM | K_ENDS, 0,
	  sends_after_close, NULL, NULL, 0 },
	{ "accept_after_close (fault_10)", K_SERVED, 0, accept_after_close,
	  NULL, NULL, 0 },
	{ "listener_closes_first (fault_14)", K_SERVED, 0,
	  listener_closes_first, NULL, NULL, 0 },
	{ "backlog_full (fault_13)", K_SERVED, 0, backlog_full, NULL, NULL, 0 },
	{ "receiver_gone (fault_35)", K_MESSAGE | K_LOCAL, K_ENDS,
	  receiver_gone, NULL, NULL, 0 },
	{ 0 },
};
