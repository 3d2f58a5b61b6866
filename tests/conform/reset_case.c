/*
 * reset_case.c: connections that break, peers that do not read, signals.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "place.h"

#define MEGABYTE ((size_t)1 << 20)

/* ---- while receiving */

static int reset_recv_us(const struct place *p, gn_sock *s)
{
	char buf[8];

	TRY(ring_us(p));
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_ERESET);
	WANT(gn_error_errno(gn_error_last()) == ECONNRESET);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_ERESET);
	WANT_IS(gn_recv_line(s, buf, sizeof buf, SOON), GN_ERESET);
	WANT_IS(gn_wait(s, GN_NOW), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_ERESET);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_ERESET);
	WANT_IS(gn_recv(s, buf, sizeof buf, GN_NOW), GN_ERESET);
	gn_close(s);
	return 0;
}

static int reset_recv_them(const struct place *p, gn_sock *s)
{
	TRY(hear_us(p));
	return break_off(s);
}

/* What came before the reset is still there. */
static int reset_late_us(const struct place *p, gn_sock *s)
{
	char buf[8];

	TRY(hear_them(p));
	WANT_IS(gn_recv_exact(s, buf, 5, SOON), 5);
	WANT(memcmp(buf, "hello", 5) == 0);
	WANT_IS(gn_recv_exact(s, buf, 5, SOON), GN_ERESET);
	WANT_IS(gn_recv(s, buf, 5, SOON), GN_ERESET);
	gn_close(s);
	return 0;
}

static int reset_late_them(const struct place *p, gn_sock *s)
{
	WANT_IS(gn_send(s, "hello", 5, SOON), 0);
	TRY(break_off(s));
	return ring_them(p);
}

/* ---- while sending */

static int reset_send_us(const struct place *p, gn_sock *s)
{
	size_t len = 12 * MEGABYTE;
	char *buf = calloc(1, len);
	int result;

	(void)p;
	WANT(buf);
	result = gn_send(s, buf, len, SOON);
	free(buf);
	WANT_IS(result, GN_ERESET);
	WANT(gn_error_done(gn_error_last()) > 0);
	WANT(gn_error_done(gn_error_last()) < len);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_ERESET);
	gn_close(s);
	return 0;
}

static int reset_send_them(const struct place *p, gn_sock *s)
{
	char buf[1000];

	(void)p;
	WANT_IS(gn_recv_exact(s, buf, sizeof buf, SOON), sizeof buf);
	return break_off(s);
}

/* ---- a peer that does not read */

/* Sends the rest as far as it goes in a moment; done may be the same after. */
static int send_some(gn_sock *s, const char *buf, size_t len, size_t *done)
{
	gn_time begin = gn_now(), until = A_MOMENT;
	int result = gn_send(s, buf + *done, len - *done, until);

	if (result < 0) {
		WANT_IS(result, GN_ETIMEOUT);
		WANT(!gn_time_before(gn_now(), until));
		WANT(gn_since(begin) >= 0);
		WANT(gn_error_done(gn_error_last()) < len - *done);
	}
	*done += result < 0 ? gn_error_done(gn_error_last()) : len - *done;
	return 0;
}

static int slow_reader_us(const struct place *p, gn_sock *s)
{
	size_t len = 2 * MEGABYTE, done = 0;
	char *buf = malloc(len);

	WANT(buf);
	pattern(buf, len, 0);
	WANT_IS(gn_sock_set_buffers(s, 65536, 0), 0);
	TRY(send_some(s, buf, len, &done));
	WANT(done < len);
	TRY(send_some(s, buf, len, &done));
	WANT(done < len);
	TRY(ring_us(p));
	while (done < len)
		TRY(send_some(s, buf, len, &done));
	free(buf);
	return 0;
}

static int slow_reader_them(const struct place *p, gn_sock *s)
{
	TRY(hear_us(p));
	TRY(recv_pattern(s, 2 * MEGABYTE, 0));
	return recv_end(s);
}

/* ---- signals all the time */

static atomic_int storms;

static void storm(int number)
{
	(void)number;
	atomic_fetch_add(&storms, 1);
}

static int storm_begin(void)
{
	struct sigaction action = { .sa_handler = storm };
	struct itimerval often = { { 0, 300 }, { 0, 300 } };

	WANT(sigaction(SIGALRM, &action, NULL) == 0);
	WANT(setitimer(ITIMER_REAL, &often, NULL) == 0);
	return 0;
}

static int storm_end(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	WANT(setitimer(ITIMER_REAL, &never, NULL) == 0);
	WANT(atomic_load(&storms) > 0);
	return 0;
}

static int send_much(void *arg)
{
	return send_pattern(arg, 2 * MEGABYTE, 0);
}

static int storm_us(const struct place *p, gn_sock *s)
{
	gn_time until;
	struct one sender;
	char c;

	TRY(storm_begin());
	until = gn_in(10 * GN_MSEC);
	WANT_IS(gn_recv(s, &c, 1, until), GN_ETIMEOUT);
	WANT(!gn_time_before(gn_now(), until));
	TRY(ring_us(p));
	TRY(go_one(&sender, send_much, s));
	TRY(recv_pattern(s, 2 * MEGABYTE, 0));
	WANT_IS(join_one(&sender), 0);
	return storm_end();
}

static int storm_them(const struct place *p, gn_sock *s)
{
	struct one sender;

	TRY(hear_us(p));
	TRY(go_one(&sender, send_much, s));
	TRY(recv_pattern(s, 2 * MEGABYTE, 0));
	WANT_IS(join_one(&sender), 0);
	return 0;
}

/* Connections and their ends under signals. */
static int storm_connects(const struct place *p)
{
	TRY(storm_begin());
	for (int i = 0; i < 100; i++) {
		gn_sock *s[2];

		TRY(two(p, s));
		TRY(send_pattern(s[0], 3, 0));
		TRY(recv_pattern(s[1], 3, 0));
		close_two(s);
	}
	WANT_IS(gn_sleep(gn_in(2 * GN_MSEC)), 0);
	return storm_end();
}

const struct conform_case reset_cases[] = {
	{ "reset_while_receiving (fault_01)", K_TCP, 0, NULL, reset_recv_us,
	  reset_recv_them, ON_REAL | KEEPS },
	{ "reset_after_bytes (fault_01)", K_TCP, 0, NULL, reset_late_us,
	  reset_late_them, ON_REAL | KEEPS },
	{ "reset_while_sending (fault_01 fault_02)", K_STREAM, 0, NULL,
	  reset_send_us, reset_send_them, ON_REAL | KEEPS },
	{ "slow_reader (fault_05 fault_18)", K_STREAM, 0, NULL, slow_reader_us,
	  slow_reader_them, 0 },
	{ "signal_storm (fault_07)", K_STREAM, 0, NULL, storm_us, storm_them,
	  ON_REAL },
	{ "connect_in_signal_storm (fault_07)", K_NAMED, K_UDP, storm_connects,
	  NULL, NULL, ON_REAL },
	{ 0 },
};
