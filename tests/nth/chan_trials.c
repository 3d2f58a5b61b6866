/*
 * chan_trials.c: channels.  A trial's channel is closed whatever happens.
 */
#include "nth.h"

static int with_chan(int (*run)(gn_chan *c))
{
	gn_chan *c;
	int result;

	MAKE(c, gn_chan_open(sizeof(int), 2));
	result = run(c);
	gn_chan_close(c);
	return result;
}

static int share(gn_chan *c)
{
	gn_chan_close(gn_chan_share(c));
	return 0;
}

static int opens(void)
{
	return with_chan(share);
}

static int put_five(void *arg)
{
	for (int i = 0; i < 5; i++)
		STEP(gn_chan_send(arg, &i, SOON));
	gn_chan_end(arg);
	return 0;
}

static int take_five(void *arg)
{
	int item, result;

	for (int i = 0; i < 5; i++) {
		WAIT(result, gn_chan_recv(arg, &item, SLICE));
		WANT(item == i);
	}
	WANT(gn_chan_recv(arg, &item, SOON) == GN_EEND);
	return 0;
}

static int select_five(void *arg)
{
	int item;
	gn_chan_case cases[] = { { arg, NULL, &item } };
	int result;

	for (int i = 0; i < 5; i++) {
		WAIT(result, gn_chan_select(cases, 1, SLICE));
		WANT(item == i);
	}
	WANT(gn_chan_select(cases, 1, SOON) == GN_EEND);
	return 0;
}

static int pass(gn_chan *c, gn_fiber_fn *take, bool takes_first)
{
	gn_group_auto gn_group *g = NULL;

	MAKE(g, gn_group_open(NULL));
	STEP(gn_go(g, takes_first ? take : put_five, c));
	STEP(gn_go(g, takes_first ? put_five : take, c));
	STEP(gn_group_wait(g, SOON));
	return 0;
}

static int send_first(gn_chan *c)
{
	return pass(c, take_five, false);
}

static int recv_first(gn_chan *c)
{
	return pass(c, take_five, true);
}

static int select_first(gn_chan *c)
{
	return pass(c, select_five, true);
}

static int sends(void)
{
	return with_chan(send_first);
}

static int recvs(void)
{
	return with_chan(recv_first);
}

static int selects(void)
{
	return with_chan(select_first);
}

const struct nth_trial chan_trials[] = {
	{ "gn_chan_open", opens, 0 },
	{ "gn_chan_send", sends, 0 },
	{ "gn_chan_recv", recvs, 0 },
	{ "gn_chan_select", selects, 0 },
	{ 0 },
};
