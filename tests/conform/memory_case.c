/*
 * memory_case.c: each allocation of a small scenario fails in turn: the call
 * says so, nothing is lost or left, and it works as soon as there is memory.
 */
#include <string.h>

#include "nomem.h"
#include "place.h"

/* More than any of the scenarios takes. */
#define ALLOCATIONS_MAX 400

/* What may come of a call when there is no memory: a sentence that says so, or
 * a peer's end because it had none. */
static int want_memory_code(int code)
{
	WANT(code == GN_ENOMEM || code == GN_ELIMIT || code == GN_ERESET ||
	     code == GN_EEND || code == GN_ESHORT);
	return 0;
}

/* A scenario: 0, or the code of the call that failed. */
typedef int scenario(const struct place *p, gn_sock *s[2]);

static int try_two(const struct place *p, gn_sock *s[2])
{
	char address[ADDRESS_MAX];
	gn_sock *l;
	int code = 0;

	if (!(p->kind->traits & K_NAMED))
		return gn_pair(p->kind->kind, s);
	fresh_address(p, NULL, address);
	l = p->kind->traits & K_BOUND ? gn_bind(address, NULL) :
					gn_listen(address, NULL);
	if (!l)
		return gn_code();
	address_of(l, address);
	s[0] = gn_connect(address, NULL, SOON);
	if (!s[0])
		code = gn_code();
	if (p->kind->traits & K_BOUND) {
		s[1] = l;
		return code;
	}
	if (code == 0)
		s[1] = gn_accept(l, SOON);
	if (code == 0 && !s[1])
		code = gn_code();
	gn_close(l);
	return code;
}

static int exchange(const struct place *p, gn_sock *s[2])
{
	char buf[600];
	int result = try_two(p, s);

	if (result < 0)
		return result;
	pattern(buf, sizeof buf, 0);
	result = gn_send(s[0], buf, 500, SOON);
	if (result < 0)
		return result;
	result = (int)gn_recv(s[1], buf, sizeof buf, SOON);
	if (result < 0)
		return result;
	return wrong_at(buf, (size_t)result, 0) == (size_t)result ? 0 : -1;
}

static int framed(const struct place *p, gn_sock *s[2])
{
	char buf[64];
	int result = try_two(p, s);

	if (result < 0)
		return result;
	gn_cork(s[0]);
	result = gn_send(s[0], "a line\nsome", 11, SOON);
	if (result == 0)
		result = gn_send(s[0], " more", 5, SOON);
	if (result == 0)
		result = gn_flush(s[0], SOON);
	if (result == 0)
		result = (int)gn_recv_line(s[1], buf, sizeof buf, SOON);
	if (result == 6)
		result = (int)gn_recv_exact(s[1], buf, 9, SOON);
	if (result >= 0)
		result = result == 9 && memcmp(buf, "some more", 9) == 0 ? 0 :
									   -1;
	return result;
}

static int nothing(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NOW);
}

static int fibers(const struct place *p, gn_sock *s[2])
{
	gn_group *g = gn_group_open(NULL);
	int result = 0;

	(void)p;
	(void)s;
	if (!g)
		return gn_code();
	for (int i = 0; i < 5 && result == 0; i++)
		result = gn_go(g, nothing, NULL);
	if (result == 0)
		result = gn_group_wait(g, SOON);
	gn_group_close(g);
	return result;
}

/* One failing allocation after so many that succeed. */
static int strike(const struct place *p, scenario *play, unsigned after,
		  bool lasts, bool *struck)
{
	gn_sock *s[2] = { NULL, NULL };
	int result;

	nomem_after(after, lasts);
	result = play(p, s);
	*struck = nomem_over();
	close_two(s);
	if (result < 0)
		TRY(want_memory_code(result));
	WANT(*struck || result == 0);
	return 0;
}

static int every_allocation(const struct place *p, scenario *play)
{
	for (int lasts = 0; lasts < 2; lasts++) {
		bool struck = true;
		unsigned n = 0;

		for (; struck; n++) {
			gn_sock *s[2] = { NULL, NULL };

			WANT(n < ALLOCATIONS_MAX);
			if (strike(p, play, n, lasts, &struck) < 0) {
				note("# allocation %u%s\n", n,
				     lasts ? " and all after" : "");
				return -1;
			}
			WANT_IS(play(p, s), 0);
			close_two(s);
		}
	}
	return 0;
}

static int memory_exchange(const struct place *p)
{
	return every_allocation(p, exchange);
}

static int memory_framed(const struct place *p)
{
	return every_allocation(p, framed);
}

static int memory_fibers(const struct place *p)
{
	return every_allocation(p, fibers);
}

/* ---- what comes while there is no memory */

#define LOST 5000

/* All that comes in order: so many bytes, or fewer and then, for good, that
 * there was no memory. */
static int recv_prefix(gn_sock *s, size_t len)
{
	char buf[3000];
	size_t came = 0;
	ssize_t n = 1;

	while (came < len && n > 0) {
		n = gn_recv(s, buf, sizeof buf, SOON);
		WANT(n != 0 && n <= (ssize_t)sizeof buf);
		if (n > 0)
			WANT_IS(wrong_at(buf, (size_t)n, came), n);
		came += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		WANT_IS(n, GN_ENOMEM);
		WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_ENOMEM);
	}
	return 0;
}

/* What could not be stored is lost, and so is all that follows it: the stream
 * ends there rather than go on with a hole. */
static int memory_input(const struct place *p)
{
	static char lost[LOST];
	gn_sock *s[2];
	char buf[64];
	int result = 0;

	TRY(two(p, s));
	TRY(send_pattern(s[0], 10, 0));
	WANT_IS(gn_recv_exact(s[1], buf, sizeof buf, A_MOMENT), GN_ETIMEOUT);
	pattern(lost, LOST, 10);
	nomem_after(0, true);
	for (size_t at = 0; at < LOST && result == 0; at += LOST / 10) {
		result = gn_send(s[0], lost + at, LOST / 10, SOON);
		turns();
	}
	nomem_over();
	WANT_IS(result, 0);
	TRY(send_pattern(s[0], 100, 10 + LOST));
	turns();
	TRY(recv_prefix(s[1], 10 + LOST + 100));
	close_two(s);
	return 0;
}

const struct conform_case memory_cases[] = {
	{ "no_memory (fault_12)", 0, 0, memory_exchange, NULL, NULL, ON_REAL },
	{ "no_memory_for_frames (fault_12)", K_STREAM, 0, memory_framed, NULL,
	  NULL, ON_REAL },
	{ "no_memory_for_fibers (fault_12)", K_NONE, 0, memory_fibers, NULL,
	  NULL, ON_REAL },
	{ "no_memory_for_input (fault_12)", K_STREAM, 0, memory_input, NULL,
	  NULL, ON_REAL },
	{ 0 },
};
