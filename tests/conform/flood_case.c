/*
 * flood_case.c: peers that send without end.  What they can make the library
 * hold, and what of its time they can take from the others.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asks.h"
#include "place.h"

/* ---- peers that send and do not read, beside one that is well behaved */

#define PEERS 64
#define EXCHANGES 50

/* What nobody reads, twice over since a queue grows by doubling, and what a
 * simulation holds in the system's place. */
#define HELD_MAX ((size_t)PEERS * 512 * 1024)

/* A socket that rests holds what it held, but for a buffer of the thread's. */
#define FLAT_BYTES ((size_t)256 * 1024)

/* Small kernel's buffers fill soon, and what is in them at the end may go. */
#define SMALL "sndbuf=16k&rcvbuf=16k&linger=0s"
static const gn_sock_opts small = { .send_bytes = 16384,
				    .recv_bytes = 16384,
				    .linger_ns = 1 };

struct crowd {
	gn_sock *s[PEERS + 1][2]; /* the last is the well behaved one */
	struct one floods[PEERS], servers[PEERS + 1];
	size_t sent; /* by all that flood */
};

static struct crowd crowd;

/* Counts what went also of a send that was cancelled. */
static int flood(void *arg)
{
	static const char bytes[10000];
	int result;

	do {
		result = gn_send(arg, bytes, sizeof bytes, SOON);
		crowd.sent += result == 0 ? sizeof bytes :
					    gn_error_done(gn_error_last());
	} while (result == 0);
	WANT_IS(result, GN_ECANCELED);
	return 0;
}

static int echo(void *arg)
{
	char buf[4096];
	ssize_t n;

	while ((n = gn_recv(arg, buf, sizeof buf, SOON)) > 0)
		if ((n = gn_send(arg, buf, (size_t)n, SOON)) < 0)
			break;
	WANT_IS(n, GN_ECANCELED);
	return 0;
}

/* Its receive is armed, and then it has other things to do. */
static int never_reads(void *arg)
{
	char c;

	WANT_IS(gn_recv(arg, &c, 1, SOON), 1);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	return 0;
}

static int open_crowd(const struct place *p)
{
	for (size_t i = 0; i <= PEERS; i++) {
		TRY(two_with(p, &small, SMALL, crowd.s[i]));
		TRY(go_one(&crowd.servers[i],
			   i % 2 && i < PEERS ? never_reads : echo,
			   crowd.s[i][1]));
	}
	return 0;
}

static int close_crowd(void)
{
	for (size_t i = 0; i <= PEERS; i++) {
		cancel_one(&crowd.servers[i]);
		WANT_IS(join_one(&crowd.servers[i]), 0);
		if (i < PEERS) {
			cancel_one(&crowd.floods[i]);
			WANT_IS(join_one(&crowd.floods[i]), 0);
		}
		close_two(crowd.s[i]);
	}
	return 0;
}

/* How often the kernel was asked for so many messages and their answers. */
static int exchange(unsigned long *asked)
{
	gn_sock *s = crowd.s[PEERS][0];
	unsigned long before = asks();

	for (size_t i = 0; i < EXCHANGES; i++) {
		TRY(send_pattern(s, 100, i));
		TRY(recv_pattern(s, 100, i));
	}
	*asked = asks() - before;
	return 0;
}

/* The well behaved one goes on till nobody else can. */
static int let_all_fill(void)
{
	unsigned long asked;
	size_t before;
	int quiet = 0;

	for (size_t i = 0; i < PEERS; i++)
		TRY(go_one(&crowd.floods[i], flood, crowd.s[i][0]));
	for (int round = 0; quiet < 3; round++) {
		WANT(round < 5000);
		before = crowd.sent;
		TRY(exchange(&asked));
		WANT_IS(gn_sleep(A_MOMENT), 0);
		quiet = crowd.sent == before ? quiet + 1 : 0;
	}
	return 0;
}

static size_t held(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Who is not read feels it, and nobody else does. */
static int floods_beside_one(const struct place *p)
{
	unsigned long before, after;
	size_t begin, filled;

	memset(&crowd, 0, sizeof crowd);
	TRY(open_crowd(p));
	TRY(exchange(&before));
	begin = held();
	TRY(let_all_fill());
	filled = held();
	WANT(filled <= begin + HELD_MAX);
	TRY(exchange(&after));
	WANT(after <= 2 * before + 10);
	for (int i = 0; i < 20; i++)
		TRY(exchange(&after));
	WANT(held() <= filled + FLAT_BYTES);
	return close_crowd();
}

/* ---- one that never pauses, beside many that do */

#define QUIET 63
#define ROUNDS 30
#define MESSAGE 64

/* What a fiber may be served in a turn, and the turns that a byte and its
 * answer may take. */
#define TURNS 8
#define CALLS_MAX (TURNS * 256UL)
#define BYTES_MAX (TURNS * (size_t)64 * 1024)

struct fair {
	gn_sock *s[QUIET + 1][2]; /* the last is the one that never pauses */
	struct one quiet[QUIET], served[QUIET], flood, flooded, taker;
	size_t len;		   /* of what is received at a time */
	unsigned long calls, most_calls; /* since others ran */
	size_t bytes, most_bytes;
	unsigned long sum;
	bool over; /* one of the many has nothing more to ask */
};

static struct fair fair;

static void count(size_t bytes)
{
	if (fair.over)
		return;
	fair.calls++;
	fair.bytes += bytes;
	if (fair.calls > fair.most_calls)
		fair.most_calls = fair.calls;
	if (fair.bytes > fair.most_bytes)
		fair.most_bytes = fair.bytes;
}

static int serve_flood(void *arg)
{
	char buf[4096];
	ssize_t n;

	while ((n = gn_recv_exact(arg, buf, fair.len, SOON)) > 0) {
		count((size_t)n);
		fair.sum++;
		n = gn_send(arg, buf, fair.len, SOON);
		if (n < 0)
			break;
		count(fair.len);
	}
	WANT_IS(n, GN_ECANCELED);
	return 0;
}

static int serve_quiet(void *arg)
{
	char c;
	ssize_t n;

	while ((n = gn_recv(arg, &c, 1, SOON)) > 0) {
		fair.calls = 0;
		fair.bytes = 0;
		if ((n = gn_send(arg, &c, 1, SOON)) < 0)
			break;
	}
	WANT_IS(n, GN_ECANCELED);
	return 0;
}

static int ask_quietly(void *arg)
{
	char c = 'q';

	for (int i = 0; i < ROUNDS; i++) {
		fair.calls = 0;
		fair.bytes = 0;
		WANT_IS(gn_send(arg, &c, 1, SOON), 0);
		WANT_IS(gn_recv(arg, &c, 1, SOON), 1);
	}
	fair.over = true;
	return 0;
}

static int take_all(void *arg)
{
	char buf[4096];
	ssize_t n;

	while ((n = gn_recv(arg, buf, sizeof buf, SOON)) > 0)
		;
	WANT_IS(n, GN_ECANCELED);
	return 0;
}

static int floods_fairly(void *arg)
{
	(void)arg;
	return flood(fair.s[QUIET][0]);
}

static int open_fair(const struct place *p)
{
	for (size_t i = 0; i <= QUIET; i++)
		TRY(two(p, fair.s[i]));
	TRY(go_one(&fair.flooded, serve_flood, fair.s[QUIET][1]));
	TRY(go_one(&fair.flood, floods_fairly, NULL));
	TRY(go_one(&fair.taker, take_all, fair.s[QUIET][0]));
	for (size_t i = 0; i < QUIET; i++) {
		TRY(go_one(&fair.served[i], serve_quiet, fair.s[i][1]));
		TRY(go_one(&fair.quiet[i], ask_quietly, fair.s[i][0]));
	}
	return 0;
}

static int stop_one(struct one *one)
{
	cancel_one(one);
	WANT_IS(join_one(one), 0);
	return 0;
}

static int close_fair(void)
{
	for (size_t i = 0; i < QUIET; i++)
		WANT_IS(join_one(&fair.quiet[i]), 0);
	for (size_t i = 0; i < QUIET; i++)
		TRY(stop_one(&fair.served[i]));
	TRY(stop_one(&fair.flood));
	TRY(stop_one(&fair.flooded));
	TRY(stop_one(&fair.taker));
	for (size_t i = 0; i <= QUIET; i++)
		close_two(fair.s[i]);
	return 0;
}

/* Not only are the others served: none of them waits for more than a few
 * turns. */
static int flood_is_fair(const struct place *p)
{
	static const size_t lens[] = { MESSAGE, 4096 };

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		memset(&fair, 0, sizeof fair);
		fair.len = lens[i];
		TRY(open_fair(p));
		TRY(close_fair());
		WANT(fair.sum > ROUNDS);
		WANT(fair.most_calls <= CALLS_MAX);
		WANT(fair.most_bytes <= BYTES_MAX);
	}
	return 0;
}

/* ---- one that takes what has come, a few characters at a time */

#define TEXT 8192

static int count_turns(void *arg)
{
	unsigned long *turns = arg;

	while (!gn_cancelled()) {
		(*turns)++;
		gn_yield();
	}
	return 0;
}

static int text_is_fair(const struct place *p)
{
	static char text[TEXT];
	unsigned long turns = 0, before = 0;
	struct one counter;
	gn_sock *s[2];
	char buf[5];

	memset(text, 't', sizeof text);
	TRY(two(p, s));
	TRY(go_one(&counter, count_turns, &turns));
	WANT_IS(gn_send(s[0], text, sizeof text, SOON), 0);
	for (size_t calls = 1, taken = 0; taken < TEXT; calls++) {
		ssize_t n = gn_recv_text(s[1], buf, sizeof buf, SOON);

		WANT(n > 0);
		taken += (size_t)n;
		if (calls % 512 != 0)
			continue;
		WANT(turns > before);
		before = turns;
	}
	cancel_one(&counter);
	WANT_IS(join_one(&counter), 0);
	close_two(s);
	return 0;
}

/* ---- how far a stream reads ahead is told by an option */

#define ASKED 1000

/* What is held beside what is asked for, a little each time, while a flood goes
 * on. */
static int read_ahead(gn_sock *from, gn_sock *to, size_t most, ssize_t asked)
{
	char buf[ASKED], *unread = malloc(most);
	struct one flooder;
	size_t len = 0;
	int fd;

	WANT(unread);
	TRY(go_one(&flooder, flood, from));
	for (int i = 0; i < 5; i++) {
		if (asked)
			WANT_IS(gn_recv_exact(to, buf, (size_t)asked, SOON),
				asked);
		WANT_IS(gn_sleep(A_MOMENT), 0);
	}
	fd = gn_release(to, unread, most, &len);
	WANT(fd >= 0);
	TRY(stop_one(&flooder));
	free(unread);
	close(fd);
	gn_close(from);
	return 0;
}

/* What is queued when a flood begins is a part of what may be. */
static int nearly_full(gn_sock *from, gn_sock *to, size_t ahead)
{
	char first;

	TRY(send_pattern(from, ahead - 2, 0));
	WANT_IS(gn_recv(to, &first, 1, SOON), 1);
	WANT_IS(gn_sleep(A_MOMENT), 0);
	return read_ahead(from, to, ahead + 4096, 0);
}

/* A listener hands it to its clients.  What is asked for comes on top. */
static int reads_ahead(const struct place *p)
{
	gn_sock_opts opts = { .recv_ahead_bytes = 8192, .linger_ns = 1 };
	gn_sock *s[2];

	TRY(two_with(p, &opts, "recv-ahead=4k&linger=0s", s));
	TRY(read_ahead(s[0], s[1], 4096 + 4096 + ASKED, ASKED));
	TRY(two_with(p, &opts, "recv-ahead=4k&linger=0s", s));
	TRY(read_ahead(s[1], s[0], 8192 + 4096 + ASKED, ASKED));
	TRY(two_with(p, &opts, "recv-ahead=4k&linger=0s", s));
	return nearly_full(s[1], s[0], 8192);
}

const struct conform_case flood_cases[] = {
	{ "floods_beside_one (fault_51)", K_STREAM, 0, floods_beside_one, NULL,
	  NULL, NO_THREADS },
	{ "flood_is_fair (fault_56)", K_STREAM, 0, flood_is_fair, NULL, NULL,
	  ON_FIBERS },
	{ "text_is_fair (fault_56)", K_STREAM, 0, text_is_fair, NULL, NULL,
	  NO_THREADS },
	{ "reads_ahead (fault_51)", K_STREAM | K_NAMED, 0, reads_ahead, NULL,
	  NULL, ON_REAL },
	{ 0 },
};
