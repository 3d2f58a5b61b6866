/* chan_cases.c: a channel between threads. */
#include "cases.h"

/* ---- what all have in common */

void cases_open(gn_chan **c, size_t capacity)
{
	*c = gn_chan_open(sizeof(int), capacity);
	WANT(*c);
}

/* What two threads took is one and two, in whatever order. */
void cases_both(int a, int b)
{
	WANT((a == 1 && b == 2) || (a == 2 && b == 1));
}

void cases_in_fiber(gn_fiber_fn *fn, gn_time until)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = until });

	WANT(g && gn_go(g, fn, NULL) == 0);
	WANT(gn_group_wait(g, GN_NEVER) <= 0);
	gn_group_close(g);
}

static gn_chan *c;
static int took[3];
static int code[3];

static void open_one(void)
{
	cases_open(&c, 1);
	took[0] = took[1] = took[2] = 0;
	code[0] = code[1] = code[2] = 0;
}

static void open_full(void)
{
	open_one();
	WANT(gn_chan_send(c, &(int){ 7 }, GN_NOW) == 0);
}

static void close_one(void)
{
	gn_chan_close(c);
}

/* How many items are left, each of which must be the given one. */
static int left(int item)
{
	int count = 0, got;

	while (gn_chan_recv(c, &got, GN_NOW) == 0) {
		WANT(got == item);
		count++;
	}
	return count;
}

static void send_one(void)
{
	WANT(gn_chan_send(c, &(int){ 1 }, GN_NEVER) == 0);
}

static void send_two(void)
{
	WANT(gn_chan_send(c, &(int){ 2 }, GN_NEVER) == 0);
}

static void send_both(void)
{
	send_one();
	send_two();
}

static void take_first(void)
{
	WANT(gn_chan_recv(c, &took[0], GN_NEVER) == 0);
}

static void take_second(void)
{
	WANT(gn_chan_recv(c, &took[1], GN_NEVER) == 0);
}

static void take_both(void)
{
	take_first();
	take_second();
}

static void check_both(void)
{
	cases_both(took[0], took[1]);
	close_one();
}

static void end(void)
{
	gn_chan_end(c);
}

/* ---- items come in order, and then the end */

static void send_and_end(void)
{
	send_both();
	end();
}

static void take_to_end(void)
{
	take_both();
	WANT(gn_chan_recv(c, &took[2], GN_NEVER) == GN_EEND);
}

static void check_order(void)
{
	WANT(took[0] == 1 && took[1] == 2);
	close_one();
}

/* ---- an end wakes both sides */

static void take_end(void)
{
	WANT(gn_chan_recv(c, &took[0], GN_NEVER) == GN_EEND);
}

static void send_until_end(void)
{
	code[0] = gn_chan_send(c, &(int){ 8 }, GN_NEVER);
}

static void take_seven(void)
{
	WANT(gn_chan_recv(c, &took[0], GN_NEVER) == 0 && took[0] == 7);
}

static void check_end_of_full(void)
{
	WANT(code[0] == 0 || code[0] == GN_EEND);
	WANT(left(8) == (code[0] == 0));
	close_one();
}

/* ---- a deadline, a cancel, the thread's end against the other side */

static void take_in_time(void)
{
	code[0] = gn_chan_recv(c, &took[0], gn_in(GN_MSEC));
}

static int take_fiber(void *arg)
{
	(void)arg;
	code[0] = gn_chan_recv(c, &took[0], GN_NEVER);
	return 0;
}

static void take_until_cancelled(void)
{
	cases_in_fiber(take_fiber, gn_in(GN_MSEC));
}

/* The group stays open: the thread's end has to close it. */
static void take_until_thread_ends(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g && gn_go(g, take_fiber, NULL) == 0);
	WANT(gn_group_wait(g, gn_in(GN_MSEC)) <= 0);
}

static void check_once(void)
{
	WANT(code[0] == 0 || code[0] == GN_ETIMEOUT || code[0] == GN_ECANCELED);
	WANT(code[0] < 0 || took[0] == 1);
	WANT(left(1) == (code[0] < 0));
	close_one();
}

static void send_in_time(void)
{
	code[0] = gn_chan_send(c, &(int){ 8 }, gn_in(GN_MSEC));
}

static int send_fiber(void *arg)
{
	(void)arg;
	code[0] = gn_chan_send(c, &(int){ 8 }, GN_NEVER);
	return 0;
}

static void send_until_cancelled(void)
{
	cases_in_fiber(send_fiber, gn_in(GN_MSEC));
}

static void check_sent_once(void)
{
	WANT(code[0] == 0 || code[0] == GN_ETIMEOUT || code[0] == GN_ECANCELED);
	WANT(left(8) == (code[0] == 0));
	close_one();
}

/* ---- two fibers of one thread */

static int second_fiber(void *arg)
{
	(void)arg;
	take_second();
	return 0;
}

static void take_by_fibers(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g && gn_go(g, take_fiber, NULL) == 0);
	WANT(gn_go(g, second_fiber, NULL) == 0);
	WANT(gn_group_wait(g, GN_NEVER) == 0);
	gn_group_close(g);
}

/* ---- references: the last one frees it, whoever has it */

static void open_shared(void)
{
	open_one();
	gn_chan_share(c);
}

static void send_and_close(void)
{
	send_one();
	gn_chan_close(c);
}

static void take_and_close(void)
{
	take_first();
	gn_chan_close(c);
}

static void check_first(void)
{
	WANT(took[0] == 1);
}

const struct model_case chan_cases[] = {
	{ "chan: items come in order, then the end", open_one,
	  { send_and_end, take_to_end }, check_order },
	{ "chan: two send, one takes", open_one,
	  { send_one, send_two, take_both }, check_both },
	{ "chan: one sends, two take", open_one,
	  { send_both, take_first, take_second }, check_both },
	{ "chan: two fibers of a thread take", open_one,
	  { take_by_fibers, send_one, send_two }, check_both },
	{ "chan: an end wakes two that take", open_one,
	  { take_end, take_end, end }, close_one },
	{ "chan: an end against a send and a take", open_full,
	  { send_until_end, take_seven, end }, check_end_of_full },
	{ "chan: a deadline against a send", open_one,
	  { take_in_time, send_one }, check_once },
	{ "chan: a deadline against a take", open_full,
	  { send_in_time, take_seven }, check_sent_once },
	{ "chan: a cancel against a send", open_one,
	  { take_until_cancelled, send_one }, check_once },
	{ "chan: a cancel against a take", open_full,
	  { send_until_cancelled, take_seven }, check_sent_once },
	{ "chan: the end of a thread against a send", open_one,
	  { take_until_thread_ends, send_one }, check_once },
	{ "chan: the last reference", open_shared,
	  { send_and_close, take_and_close }, check_first },
	{ 0 },
};
