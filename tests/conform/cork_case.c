/*
 * cork_case.c: what is gathered before it is sent: in order, in time, and its
 * failures told.
 */
#include <stdlib.h>
#include <string.h>

#include "place.h"

/* ---- together */

static int gather_us(const struct place *p, gn_sock *s)
{
	gn_cork(s);
	for (size_t i = 0; i < 20; i++)
		TRY(send_pattern(s, 10, 10 * i));
	WANT_IS(gn_flush(s, SOON), 0);
	WANT_IS(gn_flush(s, SOON), 0);
	TRY(ring_us(p));
	return 0;
}

/* One send of the system's, so one receive; a simulation may cut it, and so
 * may a fault. */
static int gather_them(const struct place *p, gn_sock *s)
{
	char buf[300];

	if (p->sim || gn_backend_faults())
		return recv_pattern(s, 200, 0);
	TRY(hear_us(p));
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 200);
	WANT_IS(wrong_at(buf, 200, 0), 200);
	return 0;
}

/* ---- before the next wait, whatever it is for */

static int leaves_at_wait(const struct place *p)
{
	gn_sock *s[2];

	TRY(two(p, s));
	gn_cork(s[0]);
	TRY(send_pattern(s[0], 100, 0));
	TRY(recv_pattern(s[1], 100, 0));
	gn_cork(s[0]);
	TRY(send_pattern(s[0], 100, 100));
	WANT_IS(gn_sleep(A_MOMENT), 0);
	TRY(recv_pattern(s[1], 100, 100));
	close_two(s);
	return 0;
}

static int corks_and_ends(void *arg)
{
	gn_cork(arg);
	return send_pattern(arg, 100, 0);
}

static int corks_and_yields(void *arg)
{
	gn_cork(arg);
	TRY(send_pattern(arg, 100, 100));
	gn_yield();
	return gn_sleep(GN_NEVER);
}

/* A fiber's end and its giving way count as waits. */
static int leaves_at_end(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(go_one(&sender, corks_and_ends, s[0]));
	TRY(recv_pattern(s[1], 100, 0));
	WANT_IS(join_one(&sender), 0);
	TRY(go_one(&sender, corks_and_yields, s[0]));
	TRY(recv_pattern(s[1], 100, 100));
	cancel_one(&sender);
	WANT_IS(join_one(&sender), 0);
	close_two(s);
	return 0;
}

/* ---- more than fits, small ones and large ones */

static const size_t mixed[] = { 1,  10,	  5000, 1,    4096, 4097, 30000,
				20, 9000, 1,	100,  2,    60000 };

#define MIXED (sizeof mixed / sizeof *mixed)

static int mixed_us(const struct place *p, gn_sock *s)
{
	size_t at = 0;

	(void)p;
	for (size_t round = 0; round < 5; round++)
		for (size_t i = 0; i < MIXED; i++) {
			if ((i + round) % 3 == 0)
				gn_cork(s);
			TRY(send_pattern(s, mixed[i], at));
			at += mixed[i];
		}
	WANT_IS(gn_shutdown(s, SOON), 0);
	return recv_end(s);
}

static int mixed_them(const struct place *p, gn_sock *s)
{
	size_t sum = 0;

	(void)p;
	for (size_t i = 0; i < MIXED; i++)
		sum += mixed[i];
	TRY(recv_pattern(s, 5 * sum, 0));
	return recv_end(s);
}

static int fills_us(const struct place *p, gn_sock *s)
{
	(void)p;
	gn_cork(s);
	for (size_t at = 0; at < 300000; at += 100)
		TRY(send_pattern(s, 100, at));
	return 0;
}

static int fills_them(const struct place *p, gn_sock *s)
{
	(void)p;
	TRY(recv_pattern(s, 300000, 0));
	return recv_end(s);
}

/* ---- answers to many questions at once */

/* Few enough that the answers find room though nobody reads them yet. */
#define QUESTIONS 100

static int ask(const struct place *p, gn_sock *s)
{
	char line[8];

	(void)p;
	for (int i = 0; i < QUESTIONS; i++)
		WANT_IS(gn_send(s, "ask\n", 4, SOON), 0);
	for (int i = 0; i < QUESTIONS; i++)
		WANT_IS(gn_recv_line(s, line, sizeof line, SOON), 6);
	return 0;
}

static int reply(const struct place *p, gn_sock *s)
{
	char line[8];

	(void)p;
	for (int i = 0; i < QUESTIONS; i++) {
		WANT_IS(gn_recv_line(s, line, sizeof line, SOON), 3);
		WANT_IS(gn_send(s, "ans", 3, SOON), 0);
		WANT_IS(gn_send(s, "wer\n", 4, SOON), 0);
	}
	return 0;
}

/* ---- a peer that does not read */

struct stuffed {
	gn_sock *s;
	size_t sum;
	bool ended;
};

/* Fills the system's buffer and then the socket's own. */
static int stuff_once(struct stuffed *f)
{
	char buf[1000];
	int result;

	do {
		gn_cork(f->s);
		pattern(buf, sizeof buf, f->sum);
		result = gn_send(f->s, buf, sizeof buf, GN_NOW);
		f->sum += result == 0 ? sizeof buf :
					gn_error_done(gn_error_last());
		WANT(f->sum < (size_t)64 << 20);
	} while (result == 0);
	WANT_IS(result, GN_ETIMEOUT);
	return 0;
}

/* TCP may find room while we look: then there is no queue any more. */
static int stuff(void *arg)
{
	struct stuffed *f = arg;
	int result;

	do {
		TRY(stuff_once(f));
		result = gn_flush(f->s, GN_NOW);
		if (result < 0)
			result = gn_flush(f->s, A_MOMENT);
	} while (result == 0);
	WANT_IS(result, GN_ETIMEOUT);
	result = gn_shutdown(f->s, A_MOMENT);
	WANT(result == 0 || result == GN_ETIMEOUT);
	f->ended = result == 0;
	return 0;
}

/* A deadline of flush or shutdown loses nothing of what is queued. */
static int flush_in_vain(const struct place *p)
{
	struct stuffed f = { .sum = 0 };
	struct one stuffer;
	gn_sock *s[2];

	TRY(two(p, s));
	f.s = s[0];
	TRY(go_one(&stuffer, stuff, &f));
	WANT_IS(join_one(&stuffer), 0);
	TRY(recv_pattern(s[1], f.sum, 0));
	WANT_IS(gn_flush(s[0], SOON), 0);
	if (!f.ended) {
		TRY(send_pattern(s[0], 10, f.sum));
		TRY(recv_pattern(s[1], 10, f.sum));
	}
	WANT_IS(gn_shutdown(s[0], SOON), 0);
	TRY(recv_end(s[1]));
	close_two(s);
	return 0;
}

/* ---- failures come out later */

/* A busy kernel may let a reset wait for a while: until it has come, what is
 * sent goes. */
#define RESET_TRIES 1000

static int send_two(gn_sock *s)
{
	gn_cork(s);
	WANT_IS(gn_send(s, "a", 1, SOON), 0);
	WANT_IS(gn_send(s, "b", 1, SOON), 0);
	return 0;
}

static int sends_in_vain(void *arg)
{
	gn_sock *s = arg;
	int result = 0;

	for (int i = 0; i < RESET_TRIES && result == 0; i++) {
		TRY(send_two(s));
		result = gn_flush(s, SOON);
	}
	WANT_IS(result, GN_ERESET);
	WANT_TEXT(gn_error_operation(gn_error_last()), "flush");
	WANT_IS(gn_flush(s, SOON), GN_ERESET);
	WANT_IS(gn_send(s, "c", 1, SOON), GN_ERESET);
	WANT_IS(gn_shutdown(s, SOON), GN_ERESET);
	return 0;
}

static int gathered_fails(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(break_off(s[1]));
	TRY(go_one(&sender, sends_in_vain, s[0]));
	WANT_IS(join_one(&sender), 0);
	gn_close(s[0]);
	return 0;
}

/* What was gathered fails as it leaves; the next call tells. */
static int cork_then_sleep(void *arg)
{
	gn_sock *s = arg;
	int result = 0, sent = 0;

	for (; sent < RESET_TRIES && result == 0; sent++) {
		gn_cork(s);
		result = gn_send(s, "a", 1, SOON);
		WANT_IS(gn_sleep(A_MOMENT), 0);
	}
	WANT_IS(result, GN_ERESET);
	WANT(sent > 1);
	return 0;
}

static int gathered_failed(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(break_off(s[1]));
	TRY(go_one(&sender, cork_then_sleep, s[0]));
	WANT_IS(join_one(&sender), 0);
	gn_close(s[0]);
	return 0;
}

/* ---- messages are not gathered */

static int cork_messages_us(const struct place *p, gn_sock *s)
{
	(void)p;
	gn_cork(s);
	WANT_IS(gn_send(s, "one", 3, SOON), 0);
	WANT_IS(gn_send(s, "three", 5, SOON), 0);
	WANT_IS(gn_flush(s, SOON), 0);
	return gn_recv(s, &(char){ 0 }, 1, SOON) >= 0 ? 0 : -1;
}

static int cork_messages_them(const struct place *p, gn_sock *s)
{
	char buf[8];
	gn_addr from = { 0 };

	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 3);
	if (p->kind->traits & K_BOUND)
		WANT_IS(gn_recvfrom(s, buf, sizeof buf, &from, SOON), 5);
	else
		WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 5);
	return answer(p, s, &from, "", 0);
}

const struct conform_case cork_cases[] = {
	{ "gathered_leaves_together", K_STREAM, 0, NULL, gather_us, gather_them,
	  NO_THREADS },
	{ "gathered_leaves_before_a_wait", K_STREAM, 0, leaves_at_wait, NULL,
	  NULL, 0 },
	{ "gathered_leaves_at_the_end", K_STREAM, 0, leaves_at_end, NULL, NULL,
	  0 },
	{ "gathered_and_direct_in_order", K_STREAM, 0, NULL, mixed_us,
	  mixed_them, 0 },
	{ "cork_fills", K_STREAM, 0, NULL, fills_us, fills_them, 0 },
	{ "many_questions", K_STREAM, 0, NULL, ask, reply, 0 },
	{ "flush_in_vain (fault_05 fault_18)", K_STREAM, 0, flush_in_vain, NULL,
	  NULL, 0 },
	{ "gathered_fails_at_flush (fault_01)", K_STREAM, 0, gathered_fails,
	  NULL, NULL, ON_REAL },
	{ "gathered_failed_before (fault_01)", K_STREAM, 0, gathered_failed,
	  NULL, NULL, ON_REAL },
	{ "cork_and_messages", K_MESSAGE, 0, NULL, cork_messages_us,
	  cork_messages_them, 0 },
	{ 0 },
};
