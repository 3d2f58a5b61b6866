/* post_cases.c: functions handed to another thread. */
#include "cases.h"

static gn_thread *thread; /* A's, for the others to post to */
static unsigned long shown; /* how often it was */
static int called, took[2];

static void begin(void)
{
	thread = NULL;
	called = took[0] = took[1] = 0;
}

static void free_thread(void)
{
	gn_thread_free(thread);
}

static void show_thread(void)
{
	gn_thread *t = gn_thread_here();

	WANT(t);
	model_point("shows its handle");
	thread = t;
	shown++;
}

static bool is_shown(void *arg)
{
	(void)arg;
	return thread != NULL;
}

static void see_thread(void)
{
	const struct model_wish handle = { "waits for a handle", is_shown,
					   NULL, &shown };

	while (!thread)
		model_block(&handle, GN_NEVER);
}

static void call(void *arg)
{
	(void)arg;
	called++;
}

/* A posted function may not wait, but what it sends wakes its own thread. */
static gn_chan *inner;

static void send_inside(void *arg)
{
	called++;
	WANT(gn_chan_send(inner, arg, GN_NOW) == 0);
}

static void take_inside(int count)
{
	cases_open(&inner, 1);
	show_thread();
	for (int i = 0; i < count; i++)
		WANT(gn_chan_recv(inner, &took[i], GN_NEVER) == 0);
	gn_chan_close(inner);
}

static void be_called_once(void)
{
	take_inside(1);
}

static void be_called_twice(void)
{
	take_inside(2);
}

static void post_one(void)
{
	static int one = 1;

	see_thread();
	WANT(gn_post(thread, send_inside, &one) == 0);
}

static void post_two(void)
{
	static int two = 2;

	see_thread();
	WANT(gn_post(thread, send_inside, &two) == 0);
}

static void check_one(void)
{
	WANT(called == 1 && took[0] == 1);
	free_thread();
}

static void check_two(void)
{
	WANT(called == 2);
	cases_both(took[0], took[1]);
	free_thread();
}

/* ---- one thread's functions are called in its order */

static int order[2];

static void note_first(void *arg)
{
	(void)arg;
	order[0] = ++called;
}

static void note_second(void *arg)
{
	static int one = 1;

	(void)arg;
	order[1] = ++called;
	WANT(gn_chan_send(inner, &one, GN_NOW) == 0);
}

static void post_in_order(void)
{
	see_thread();
	WANT(gn_post(thread, note_first, NULL) == 0);
	WANT(gn_post(thread, note_second, NULL) == 0);
}

static void check_order(void)
{
	WANT(order[0] == 1 && order[1] == 2);
	free_thread();
}

/* ---- a function that posts another to its own thread */

static void post_again(void *arg)
{
	called++;
	WANT(gn_post(thread, send_inside, arg) == 0);
}

static void post_that_posts(void)
{
	static int one = 1;

	see_thread();
	WANT(gn_post(thread, post_again, &one) == 0);
}

static void check_again(void)
{
	WANT(called == 2 && took[0] == 1);
	free_thread();
}

/* ---- against the end of the thread: it is called, or it says that not */

static int refused;

static void show_and_end(void)
{
	refused = 0;
	show_thread();
}

static void post_to_ending(void)
{
	int code;

	see_thread();
	code = gn_post(thread, call, NULL);
	WANT(code == 0 || code == GN_EEND);
	refused += code < 0;
}

static void check_called_or_refused(void)
{
	WANT(called + refused == 2);
	free_thread();
}

const struct model_case post_cases[] = {
	{ "post: wakes the thread that waits", begin,
	  { be_called_once, post_one }, check_one },
	{ "post: from two threads", begin,
	  { be_called_twice, post_one, post_two }, check_two },
	{ "post: in the order of one thread", begin,
	  { be_called_once, post_in_order }, check_order },
	{ "post: from a posted function", begin,
	  { be_called_once, post_that_posts }, check_again },
	{ "post: against the end of the thread", begin,
	  { show_and_end, post_to_ending, post_to_ending },
	  check_called_or_refused },
	{ 0 },
};
