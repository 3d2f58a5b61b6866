/*
 * close_case.c: how a conversation ends: what was sent still comes, what was
 * not read does no harm, and the end itself is seen.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

/* ---- what was sent comes, however slow the peer */

#define MUCH 60000

static int sends_and_closes(const struct place *p, gn_sock *s)
{
	TRY(send_pattern(s, MUCH, 0));
	gn_cork(s);
	for (size_t i = 0; i < 10; i++)
		TRY(send_pattern(s, 500, MUCH + 500 * i));
	TRY(ring_us(p));
	gn_close(s);
	return 0;
}

static int reads_late(const struct place *p, gn_sock *s)
{
	TRY(hear_us(p));
	TRY(recv_pattern(s, MUCH + 5000, 0));
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

struct closing {
	struct one one;
	gn_sock *s;
};

static int sends_is_cancelled_closes(void *arg)
{
	struct closing *c = arg;

	gn_cork(c->s);
	TRY(send_pattern(c->s, 3000, 0));
	cancel_one(&c->one);
	gn_close(c->s);
	return 0;
}

static int close_though_cancelled(const struct place *p)
{
	struct closing c;
	gn_sock *s[2];

	TRY(two(p, s));
	c.s = s[0];
	TRY(go_one(&c.one, sends_is_cancelled_closes, &c));
	WANT_IS(join_one(&c.one), 0);
	TRY(recv_pattern(s[1], 3000, 0));
	TRY(recv_end(s[1]));
	gn_close(s[1]);
	return 0;
}

static int corks_and_waits(void *arg)
{
	gn_sock *s = arg;
	int result;

	gn_cork(s);
	TRY(send_pattern(s, 3000, 0));
	result = gn_sleep(GN_NEVER);
	gn_close(s);
	return result == GN_ECANCELED ? 0 : -1;
}

/* What was gathered leaves before the wait that the cancel ends. */
static int gathered_though_cancelled(const struct place *p)
{
	struct one closer;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(go_one(&closer, corks_and_waits, s[0]));
	turns();
	cancel_one(&closer);
	WANT_IS(join_one(&closer), 0);
	TRY(recv_pattern(s[1], 3000, 0));
	TRY(recv_end(s[1]));
	gn_close(s[1]);
	return 0;
}

/* ---- bytes that nobody read */

static int unread_us(const struct place *p, gn_sock *s)
{
	TRY(hear_them(p));
	WANT_IS(gn_wait(s, SOON), 0);
	WANT_IS(gn_send(s, "bye", 3, SOON), 0);
	gn_close(s);
	return 0;
}

static int half_read_us(const struct place *p, gn_sock *s)
{
	char c;

	TRY(hear_them(p));
	WANT_IS(gn_recv(s, &c, 1, SOON), 1);
	WANT_IS(gn_send(s, "bye", 3, SOON), 0);
	gn_close(s);
	return 0;
}

static int want_bye(gn_sock *s)
{
	char buf[3];

	if (gn_sock_kind(s) == GN_UNIX_SEQPACKET)
		WANT_IS(gn_recv(s, buf, 3, SOON), 3);
	else
		WANT_IS(gn_recv_exact(s, buf, 3, SOON), 3);
	WANT(memcmp(buf, "bye", 3) == 0);
	return 0;
}

static int unread_them(const struct place *p, gn_sock *s)
{
	TRY(send_pattern(s, 50000, 0));
	TRY(ring_them(p));
	TRY(want_bye(s));
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* More comes while our end is under way; it is dropped, and no harm done. */
static int sends_on_them(const struct place *p, gn_sock *s)
{
	TRY(send_pattern(s, 10, 0));
	TRY(ring_them(p));
	TRY(want_bye(s));
	for (size_t i = 0; i < 50; i++)
		TRY(send_pattern(s, 10000, 0));
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* The peer sends when all is over here: its sends may fail, our words and our
 * end still reach it. */
static int over_us(const struct place *p, gn_sock *s)
{
	WANT_IS(gn_send(s, "bye", 3, SOON), 0);
	gn_close(s);
	return ring_us(p);
}

static int over_them(const struct place *p, gn_sock *s)
{
	TRY(hear_us(p));
	for (int i = 0; i < 5; i++)
		if (gn_send(s, "x", 1, SOON) < 0)
			WANT_IS(gn_code(), GN_ERESET);
	TRY(want_bye(s));
	TRY(recv_end(s));
	gn_close(s);
	return 0;
}

/* So it is when nobody has waited on the socket yet. */
static int never_waited_on(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	for (size_t i = 0; i < 3; i++)
		TRY(send_pattern(s[0], 10, 10 * i));
	gn_close(s[1]);
	TRY(recv_end(s[0]));
	gn_close(s[0]);
	return 0;
}

/* ---- a peer on another thread sends at that very moment */

#define RACES 80

static void *sends_into_close(void *arg)
{
	static char failed;
	gn_sock *s = arg;
	bool sent = true;
	int result;

	for (int i = 0; i < 1000 && sent; i++)
		sent = gn_send(s, "x", 1, SOON) == 0;
	result = want_bye(s) < 0 || recv_end(s) < 0;
	gn_close(s);
	return result ? &failed : NULL;
}

static int close_race(const struct place *p)
{
	for (int i = 0; i < RACES; i++) {
		void *failed = NULL;
		pthread_t peer;
		gn_sock *s[2];
		char c;

		TRY(two(p, s));
		WANT(pthread_create(&peer, NULL, sends_into_close, s[1]) == 0);
		if (i % 2)
			WANT_IS(gn_recv(s[0], &c, 1, SOON), 1);
		WANT_IS(gn_send(s[0], "bye", 3, SOON), 0);
		gn_close(s[0]);
		pthread_join(peer, &failed);
		WANT(!failed);
	}
	return 0;
}

/* ---- a close on a plain thread takes until the peer has closed */

static atomic_bool peer_closes;

static int waits_us(const struct place *p, gn_sock *s)
{
	TRY(hear_them(p));
	WANT_IS(gn_wait(s, SOON), 0);
	gn_close(s);
	WANT(atomic_load(&peer_closes));
	return 0;
}

static int waits_them(const struct place *p, gn_sock *s)
{
	TRY(send_pattern(s, 100, 0));
	TRY(ring_them(p));
	TRY(recv_end(s));
	atomic_store(&peer_closes, true);
	gn_close(s);
	return 0;
}

/* ---- the linger time */

#define QUEUED 4000

/* So often may TCP be in our way. */
#define LINGERS_MAX 20

static int fill_and_queue(void *arg)
{
	gn_sock *s = arg;
	char buf[QUEUED];
	ssize_t filled = fill(s);

	if (filled < 0)
		return -1;
	gn_cork(s);
	pattern(buf, sizeof buf, (size_t)filled);
	WANT_IS(gn_send(s, buf, sizeof buf, GN_NOW), 0);
	return 0;
}

/* All that had been taken by the kernel may come, and nothing else; then the
 * connection is broken, or on Unix sockets, which cannot say so, ended. */
static int recv_broken(const struct place *p, gn_sock *s)
{
	char buf[5000];
	size_t came = 0;
	ssize_t n;

	while ((n = gn_recv(s, buf, sizeof buf, SOON)) > 0) {
		WANT_IS(wrong_at(buf, (size_t)n, came), n);
		came += (size_t)n;
	}
	if (p->kind->traits & K_TCP)
		WANT_IS(n, GN_ERESET);
	else
		WANT(n == 0 || n == GN_ERESET);
	return 0;
}

/* In a simulation time passes as it is slept; elsewhere close itself waits.
 * 1: TCP found room after all, so that there was nothing to wait for. */
static int linger_once(const struct place *p)
{
	gn_sock_opts opts = { .linger_ns = 5 * GN_MSEC };
	struct one queuer;
	gn_time begin;
	gn_sock *s[2];
	bool waited;

	TRY(two_with(p, &opts, NULL, s));
	TRY(go_one(&queuer, fill_and_queue, s[0]));
	WANT_IS(join_one(&queuer), 0);
	begin = gn_now();
	gn_close(s[0]);
	if (p->sim)
		WANT_IS(gn_sleep(gn_in(2 * opts.linger_ns)), 0);
	waited = gn_since(begin) >= opts.linger_ns;
	if (waited)
		TRY(recv_broken(p, s[1]));
	gn_close(s[1]);
	return waited ? 0 : 1;
}

static int linger_over(const struct place *p)
{
	for (int i = 0; i < LINGERS_MAX; i++) {
		int result = linger_once(p);

		if (result <= 0)
			return result;
	}
	return broken(__FILE__, __LINE__, "a close lingers");
}

/* A peer that never closes does not hold a close up for longer. */
static int linger_unread(const struct place *p)
{
	gn_sock_opts opts = { .linger_ns = 5 * GN_MSEC };
	gn_time begin;
	gn_sock *s[2];

	TRY(two_with(p, &opts, NULL, s));
	TRY(send_pattern(s[1], 1000, 0));
	WANT_IS(gn_wait(s[0], SOON), 0);
	begin = gn_now();
	gn_close(s[0]);
	if (p->sim)
		WANT_IS(gn_sleep(gn_in(2 * opts.linger_ns)), 0);
	WANT(gn_since(begin) >= opts.linger_ns);
	gn_close(s[1]);
	return 0;
}

/* A listener's linger time is its clients': after it they break off. */
static int linger_of_listener(const struct place *p)
{
	gn_sock *s[2];
	gn_time begin;
	int result = 0;

	TRY(two_with(p, NULL, "linger=5ms", s));
	TRY(send_pattern(s[0], 1000, 0));
	WANT_IS(gn_wait(s[1], SOON), 0);
	begin = gn_now();
	gn_close(s[1]);
	if (p->sim)
		WANT_IS(gn_sleep(gn_in(10 * GN_MSEC)), 0);
	WANT(gn_since(begin) >= 5 * GN_MSEC);
	for (int i = 0; i < 100 && result == 0; i++) {
		result = gn_send(s[0], "x", 1, SOON);
		if (p->sim)
			WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	WANT_IS(result, GN_ERESET);
	gn_close(s[0]);
	return 0;
}

/* A close that may take no time at all gives what was sent and the end, where
 * nothing is owed, and no reset: what the loop still has armed there is no
 * reason.  Who was reset could not send at all. */
static int no_linger(const struct place *p)
{
	gn_sock *s[2];
	char c;

	TRY(two_with(p, NULL, "linger=0s", s));
	WANT_IS(gn_recv(s[1], &c, 1, A_MOMENT), GN_ETIMEOUT);
	TRY(send_pattern(s[1], 1000, 0));
	gn_close(s[1]);
	TRY(recv_pattern(s[0], 1000, 0));
	TRY(recv_end(s[0]));
	WANT_IS(gn_sleep(A_MOMENT), 0);
	if (p->kind->traits & K_TCP)
		WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	gn_close(s[0]);
	return 0;
}

/* ---- a thread that never calls again */

struct deaf {
	gn_sock *s;
	int fd;
	int result;
};

static int close_and_go_deaf(void *arg)
{
	struct deaf *d = arg;
	char c;

	if (gn_sock_kind(d->s) != GN_UNIX_DGRAM)
		WANT_IS(gn_recv(d->s, &c, 1, SOON), 1);
	gn_close(d->s);
	WANT(read(d->fd, &c, 1) == 1); /* blocks the thread */
	return 0;
}

static void *deaf_thread(void *arg)
{
	struct deaf *d = arg;
	struct one closer;

	d->result = go_one(&closer, close_and_go_deaf, d);
	if (d->result == 0)
		d->result = join_one(&closer);
	return NULL;
}

static int end_without_loop(const struct place *p)
{
	struct deaf d = { 0 };
	pthread_t thread;
	gn_sock *s[2];
	int fd[2];

	TRY(two(p, s));
	WANT(pipe(fd) == 0);
	d.s = s[1];
	d.fd = fd[0];
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	WANT(pthread_create(&thread, NULL, deaf_thread, &d) == 0);
	TRY(recv_end(s[0]));
	WANT(write(fd[1], "", 1) == 1);
	pthread_join(thread, NULL);
	WANT_IS(d.result, 0);
	gn_close(s[0]);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

static int accept_close_deaf(void *arg)
{
	struct deaf *d = arg;
	gn_sock *first = gn_accept(d->s, SOON);
	char c;

	WANT(first);
	gn_close(d->s);
	WANT_IS(gn_send(first, "x", 1, SOON), 0);
	WANT(read(d->fd, &c, 1) == 1);
	gn_close(first);
	return 0;
}

static void *deaf_listener(void *arg)
{
	struct deaf *d = arg;
	struct one closer;

	d->result = go_one(&closer, accept_close_deaf, d);
	if (d->result == 0)
		d->result = join_one(&closer);
	return NULL;
}

/* Nobody gets through to a listener that was closed. */
static int no_listener_without_loop(const struct place *p)
{
	char address[ADDRESS_MAX], c;
	struct deaf d = { .s = listen_somewhere(p, address) };
	gn_sock *s, *late;
	pthread_t thread;
	int fd[2];

	WANT(d.s);
	WANT(pipe(fd) == 0);
	d.fd = fd[0];
	WANT(pthread_create(&thread, NULL, deaf_listener, &d) == 0);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_recv(s, &c, 1, SOON), 1);
	late = gn_connect(address, NULL, SOON);
	WANT(!late);
	WANT(gn_code() == GN_EREFUSED || gn_code() == GN_ENOENT);
	WANT(write(fd[1], "", 1) == 1);
	pthread_join(thread, NULL);
	WANT_IS(d.result, 0);
	gn_close(s);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* ---- a thread ends right after a close */

static int sends_closes(void *arg)
{
	gn_sock *s = arg;

	gn_cork(s);
	TRY(send_pattern(s, 4000, 0));
	gn_close(s);
	return 0;
}

static void *closing_thread(void *arg)
{
	struct one closer;

	if (go_one(&closer, sends_closes, arg) == 0)
		join_one(&closer);
	return NULL;
}

static int thread_ends_after_close(const struct place *p)
{
	pthread_t thread;
	gn_sock *s[2];

	TRY(two(p, s));
	WANT(pthread_create(&thread, NULL, closing_thread, s[1]) == 0);
	TRY(recv_pattern(s[0], 4000, 0));
	TRY(recv_end(s[0]));
	pthread_join(thread, NULL);
	gn_close(s[0]);
	return 0;
}

/* ---- connections nobody accepted */

static int never_accepted(const struct place *p)
{
	char address[ADDRESS_MAX], c;
	gn_sock *l = listen_somewhere(p, address), *s[3];
	ssize_t n;

	WANT(l);
	WANT_IS(gn_wait(l, GN_NOW), GN_ETIMEOUT);
	for (int i = 0; i < 3; i++) {
		s[i] = gn_connect(address, NULL, SOON);
		WANT(s[i]);
		WANT_IS(gn_wait(l, SOON), 0);
	}
	gn_close(l);
	for (int i = 0; i < 3; i++) {
		n = gn_recv(s[i], &c, 1, SOON);
		WANT(n == GN_ERESET || n == 0 || n == GN_EEND);
		gn_close(s[i]);
	}
	return 0;
}

const struct conform_case close_cases[] = {
	{ "close_sends_all", K_STREAM, 0, NULL, sends_and_closes, reads_late,
	  KEEPS },
	{ "close_though_cancelled", K_STREAM, 0, close_though_cancelled, NULL,
	  NULL, 0 },
	{ "gathered_though_cancelled", K_STREAM, 0, gathered_though_cancelled,
	  NULL, NULL, 0 },
	{ "unread_is_no_reset", K_ENDS, 0, NULL, unread_us, unread_them,
	  KEEPS },
	{ "half_read_is_no_reset", K_STREAM, 0, NULL, half_read_us, unread_them,
	  KEEPS },
	{ "never_waited_on_is_no_reset", K_ENDS, 0, never_waited_on, NULL, NULL,
	  NO_THREADS },
	{ "peer_sends_on", K_STREAM, 0, NULL, unread_us, sends_on_them, KEEPS },
	{ "peer_sends_afterwards", K_ENDS, 0, NULL, over_us, over_them,
	  KEEPS },
	{ "peer_sends_meanwhile", K_ENDS, 0, close_race, NULL, NULL,
	  ON_THREADS },
	{ "close_waits_for_the_peer", K_STREAM, 0, NULL, waits_us, waits_them,
	  KEEPS | ON_THREADS },
	{ "linger_over", K_STREAM | K_NAMED, 0, linger_over, NULL, NULL,
	  NO_FIBERS },
	{ "linger_over_with_unread", K_STREAM | K_NAMED, 0, linger_unread, NULL,
	  NULL, NO_FIBERS },
	{ "linger_of_listener", K_STREAM | K_NAMED, 0, linger_of_listener, NULL,
	  NULL, NO_FIBERS },
	{ "no_linger", K_STREAM | K_NAMED, 0, no_linger, NULL, NULL, 0 },
	{ "end_without_loop", K_ENDS, 0, end_without_loop, NULL, NULL,
	  ON_THREADS },
	{ "no_listener_without_loop", K_SERVED, 0, no_listener_without_loop,
	  NULL, NULL, ON_THREADS },
	{ "thread_ends_after_close (fault_53)", K_STREAM, 0,
	  thread_ends_after_close, NULL, NULL, ON_THREADS },
	{ "never_accepted", K_SERVED, 0, never_accepted, NULL, NULL, 0 },
	{ 0 },
};
