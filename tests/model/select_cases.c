/* select_cases.c: a choice between channels, against other threads. */
#include <stdint.h>

#include "cases.h"

static gn_chan *x, *y;
static int took[2];
static int index[2];

/* Channels are locked in the order of their addresses, which every run must
 * find the same. */
static void open_two(void)
{
	gn_chan *c[2];
	bool turned;

	cases_open(&c[0], 1);
	cases_open(&c[1], 1);
	turned = (uintptr_t)c[0] > (uintptr_t)c[1];
	x = c[turned];
	y = c[!turned];
	took[0] = took[1] = 0;
	index[0] = index[1] = -1;
}

static void open_x_full(void)
{
	open_two();
	WANT(gn_chan_send(x, &(int){ 7 }, GN_NOW) == 0);
}

static void close_two(void)
{
	gn_chan_close(x);
	gn_chan_close(y);
}

static int left(gn_chan *c)
{
	int count = 0, item;

	while (gn_chan_recv(c, &item, GN_NOW) == 0)
		count++;
	return count;
}

static void send_x(void)
{
	WANT(gn_chan_send(x, &(int){ 1 }, GN_NEVER) == 0);
}

static void send_y(void)
{
	WANT(gn_chan_send(y, &(int){ 2 }, GN_NEVER) == 0);
}

static void send_x_and_y(void)
{
	send_x();
	send_y();
}

/* From either: the index must belong to what came. */
static void take_either(int which, gn_chan *first, gn_chan *second,
			gn_time until)
{
	int item = 0;
	gn_chan_case cases[] = { { .chan = first, .recv = &item },
				 { .chan = second, .recv = &item } };

	index[which] = gn_chan_select(cases, 2, until);
	if (index[which] < 0)
		return;
	took[which] = item;
	WANT(cases[index[which]].chan == (item == 1 ? x : y));
}

static void take_two(void)
{
	take_either(0, x, y, GN_NEVER);
	take_either(1, x, y, GN_NEVER);
}

static void take_x_or_y(void)
{
	take_either(0, x, y, GN_NEVER);
}

static void take_y_or_x(void)
{
	take_either(1, y, x, GN_NEVER);
}

static void take_in_time(void)
{
	take_either(0, x, y, gn_in(GN_MSEC));
}

static void check_both(void)
{
	cases_both(took[0], took[1]);
	close_two();
}

static void check_one_or_none(void)
{
	WANT(index[0] >= 0 || index[0] == GN_ETIMEOUT);
	WANT(left(x) == (took[0] != 1));
	WANT(left(y) == (took[0] != 2));
	close_two();
}

/* ---- a send here or a receive there: one of them, not both */

static void send_x_or_take_y(void)
{
	int eight = 8;
	gn_chan_case cases[] = { { .chan = x, .send = &eight },
				 { .chan = y, .recv = &took[0] } };

	index[0] = gn_chan_select(cases, 2, GN_NEVER);
}

static void take_x(void)
{
	WANT(gn_chan_recv(x, &took[1], GN_NEVER) == 0 && took[1] == 7);
}

static void check_one_of_both(void)
{
	WANT(index[0] == (took[0] == 2));
	WANT(left(x) == (index[0] == 0));
	WANT(left(y) == (index[0] == 0));
	close_two();
}

/* ---- one channel twice, and the end of one */

static void take_x_or_x(void)
{
	take_either(0, x, x, GN_NEVER);
}

static void check_x(void)
{
	WANT(took[0] == 1);
	close_two();
}

static void end_y(void)
{
	gn_chan_end(y);
}

static void check_x_or_end(void)
{
	WANT(index[0] == 0 || index[0] == GN_EEND);
	WANT(left(x) == (index[0] != 0));
	close_two();
}

const struct model_case select_cases[] = {
	{ "select: from two senders", open_two,
	  { take_two, send_x, send_y }, check_both },
	{ "select: two of them, the channels in opposite order", open_two,
	  { take_x_or_y, take_y_or_x, send_x_and_y }, check_both },
	{ "select: a deadline against two senders", open_two,
	  { take_in_time, send_x, send_y }, check_one_or_none },
	{ "select: sends or takes, not both", open_x_full,
	  { send_x_or_take_y, take_x, send_y }, check_one_of_both },
	{ "select: one channel twice", open_two,
	  { take_x_or_x, send_x }, check_x },
	{ "select: an end against a send", open_two,
	  { take_x_or_y, send_x, end_y }, check_x_or_end },
	{ 0 },
};
