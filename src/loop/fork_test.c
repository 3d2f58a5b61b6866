/*
 * fork_test.c: fault 52: a child of fork finds nothing of its parent's loop,
 * may begin one of its own, and does its parent no harm.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fiber/test_child.h"
#include "loop/trial_test.h"

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

/* What the parent holds when it forks. */
struct held {
	gn_sock *pair[2], *listener, *bound;
	gn_group *group;
	gn_thread *thread;
	gn_chan *chan;
	int got;
	bool posted;
};

static int recv_later(void *arg)
{
	struct held *h = arg;
	char text[5];

	WANT_IS(gn_recv_exact(h->pair[0], text, 5, SOON), 5);
	WANT(memcmp(text, "hello", 5) == 0);
	h->got++;
	return 0;
}

static int accept_later(void *arg)
{
	struct held *h = arg;
	gn_sock *c = gn_accept(h->listener, SOON);

	WANT(c);
	gn_close(c);
	h->got++;
	return 0;
}

static void hold(struct held *h)
{
	memset(h, 0, sizeof *h);
	h->listener = gn_listen("tcp://127.0.0.1:0", NULL);
	h->bound = gn_bind("udp://127.0.0.1:0", NULL);
	h->thread = gn_thread_here();
	h->chan = gn_chan_open(1, 2);
	h->group = open_group();
	WANT(h->listener && h->bound && h->thread && h->chan);
	WANT_IS(gn_chan_send(h->chan, "a", GN_NOW), 0);
	WANT_IS(gn_pair(GN_UNIX, h->pair), 0);
	WANT_IS(gn_go(h->group, recv_later, h), 0);
	WANT_IS(gn_go(h->group, accept_later, h), 0);
	WANT_IS(gn_group_wait(h->group, gn_in(GN_MSEC)), GN_ETIMEOUT);
}

/* The parent goes on as if nothing had been. */
static void go_on(struct held *h)
{
	char address[GN_ADDR_TEXT_MAX];
	gn_addr a;
	gn_sock *c;

	WANT_IS(gn_send(h->pair[1], "hello", 5, SOON), 0);
	gn_sock_local(h->listener, &a);
	c = gn_connect(gn_addr_text(&a, address), NULL, SOON);
	WANT(c);
	WANT_IS(gn_group_wait(h->group, SOON), 0);
	WANT_IS(h->got, 2);
	gn_close(c);
	gn_group_close(h->group);
	gn_close(h->pair[0]);
	gn_close(h->pair[1]);
	gn_close(h->listener);
	gn_close(h->bound);
	gn_thread_free(h->thread);
	gn_chan_close(h->chan);
}

static int never_run(void *arg)
{
	(void)arg;
	WANT(false);
	return 0;
}

static void set_posted(void *arg)
{
	*(bool *)arg = true;
}

/* What was made before is refused, by a name of its own. */
static void use_what_was_held(struct held *h)
{
	char byte = 0;

	WANT_IS(gn_recv(h->pair[0], &byte, 1, GN_NOW), GN_EFORK);
	WANT_IS(gn_send(h->pair[1], &byte, 1, GN_NOW), GN_EFORK);
	WANT_IS(gn_wait(h->pair[0], GN_NOW), GN_EFORK);
	WANT_IS(gn_flush(h->pair[0], GN_NOW), GN_EFORK);
	WANT_IS(gn_shutdown(h->pair[0], GN_NOW), GN_EFORK);
	WANT(!gn_accept(h->listener, GN_NOW));
	WANT_IS(gn_code(), GN_EFORK);
	WANT_IS(gn_recvfrom(h->bound, &byte, 1, NULL, GN_NOW), GN_EFORK);
}

/* A copy of a channel reaches nobody, so nothing goes into it or comes out,
 * also beside one of the child's own. */
static void use_the_channel_that_was_held(struct held *h)
{
	gn_chan *mine = gn_chan_open(1, 2);
	char byte = 0;
	gn_chan_case cases[] = { { mine, "b", NULL },
				 { h->chan, NULL, &byte } };

	WANT(mine);
	WANT_IS(gn_chan_send(h->chan, "b", GN_NOW), GN_EFORK);
	WANT_TEXT(gn_error_operation(gn_error_last()), "chan_send");
	WANT_IS(gn_chan_send(h->chan, "b", SOON), GN_EFORK);
	WANT_IS(gn_chan_recv(h->chan, &byte, GN_NOW), GN_EFORK);
	WANT_IS(gn_chan_select(cases, 2, GN_NOW), GN_EFORK);
	WANT_IS(gn_chan_select(cases, 1, GN_NOW), 0);
	WANT_IS(gn_chan_recv(mine, &byte, GN_NOW), 0);
	gn_chan_close(mine);
	gn_chan_close(h->chan);
}

/* So are groups and threads; to close a group is to let go of it. */
static void use_the_group_that_was_held(struct held *h)
{
	WANT_IS(gn_go(h->group, never_run, NULL), GN_EFORK);
	WANT_IS(gn_group_wait(h->group, GN_NOW), GN_EFORK);
	WANT_IS(gn_post(h->thread, set_posted, &h->posted), GN_EFORK);
	gn_group_cancel(h->group);
	gn_group_close(h->group);
	gn_thread_free(h->thread);
}

static int sleep_one(void *arg)
{
	++*(int *)arg;
	return gn_sleep(gn_in(GN_USEC));
}

static int echo_one(void *arg)
{
	char byte = 0;
	gn_sock *c = gn_accept(arg, SOON);

	WANT(c);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 1);
	WANT_IS(gn_send(c, &byte, 1, SOON), 0);
	gn_close(c);
	return 0;
}

/* All that a process does, the child does in a loop of its own. */
static void live(void)
{
	gn_sock *l = gn_listen("tcp://127.0.0.1:0", NULL), *c;
	gn_group *g = open_group();
	char address[GN_ADDR_TEXT_MAX], byte = 'x';
	gn_addr a;
	int slept = 0;

	WANT(l);
	for (int i = 0; i < 10; i++)
		WANT_IS(gn_go(g, sleep_one, &slept), 0);
	WANT_IS(gn_go(g, echo_one, l), 0);
	gn_sock_local(l, &a);
	c = gn_connect(gn_addr_text(&a, address), NULL, SOON);
	WANT(c);
	WANT_IS(gn_send(c, &byte, 1, SOON), 0);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 1);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(slept, 10);
	gn_close(c);
	gn_close(l);
	gn_group_close(g);
}

static void let_go(struct held *h)
{
	gn_close(h->pair[0]);
	gn_close(h->pair[1]);
	gn_close(h->listener);
	gn_close(h->bound);
}

static void want_well(pid_t child)
{
	int status;

	WANT(child > 0);
	WANT_IS(waitpid(child, &status, 0), child);
	WANT_IS(status, 0);
}

static void child_uses_what_was_held(void)
{
	struct held h;
	char byte = 0;
	pid_t child;

	hold(&h);
	child = fork();
	if (child == 0) {
		use_what_was_held(&h);
		use_the_channel_that_was_held(&h);
		let_go(&h);
		_exit(0);
	}
	want_well(child);
	WANT_IS(gn_chan_recv(h.chan, &byte, GN_NOW), 0);
	WANT_IS(byte, 'a');
	go_on(&h);
}

static void child_uses_the_group_that_was_held(void)
{
	struct held h;
	pid_t child;

	hold(&h);
	child = fork();
	if (child == 0) {
		use_the_group_that_was_held(&h);
		live();
		_exit(0);
	}
	want_well(child);
	WANT(!h.posted);
	go_on(&h);
}

static void child_lives(void)
{
	struct held h;
	pid_t child;

	hold(&h);
	child = fork();
	if (child == 0) {
		live();
		use_what_was_held(&h);
		let_go(&h);
		live();
		_exit(0);
	}
	want_well(child);
	go_on(&h);
}

/* Both go on at the same time; neither sees anything of the other. */
static void both_live(void)
{
	struct held h;
	pid_t child;

	hold(&h);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 20; i++)
			live();
		_exit(0);
	}
	for (int i = 0; i < 20; i++)
		live();
	want_well(child);
	go_on(&h);
}

static void grandchild_lives(void)
{
	struct held h;
	pid_t child;

	hold(&h);
	child = fork();
	if (child == 0) {
		struct held mine;
		pid_t grandchild;

		hold(&mine);
		grandchild = fork();
		if (grandchild == 0) {
			use_what_was_held(&h);
			use_what_was_held(&mine);
			live();
			_exit(0);
		}
		want_well(grandchild);
		go_on(&mine);
		_exit(0);
	}
	want_well(child);
	go_on(&h);
}

/* ---- from within a fiber: its stack is the child's only one */

static int fork_in_a_fiber(void *arg)
{
	struct held *h = arg;
	pid_t child = fork();

	if (child == 0) {
		use_what_was_held(h);
		live();
		WANT_TEXT(gn_fiber_name(), "root");
		WANT(!gn_cancelled());
		let_go(h);
		live();
		_exit(0);
	}
	want_well(child);
	h->got = 0;
	return 0;
}

static void from_within_a_fiber(void)
{
	struct held h;
	gn_group *g = open_group();

	hold(&h);
	WANT_IS(gn_go(g, fork_in_a_fiber, &h), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	go_on(&h);
	gn_group_close(g);
}

static int fork_and_return(void *arg)
{
	pid_t child = fork();

	if (child == 0)
		return 0;
	*(pid_t *)arg = child;
	return 0;
}

/* Whether the child of a fiber that returns says why it cannot go on. */
static void return_in_the_child(void)
{
	gn_group *g = open_group();
	pid_t child = 0;
	int status;

	WANT_IS(gn_go_with(g, fork_and_return, &child,
			   &(gn_go_opts){ .name = "forker" }), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	WANT_IS(waitpid(child, &status, 0), child);
	_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 0 : 1);
}

static void fiber_that_returns_in_the_child(void)
{
	struct child c = child_run(return_in_the_child, CHILD_PIPE);

	WANT(child_succeeded(&c));
	if (!strstr(c.text, "gnezdo: ") || !strstr(c.text, "forker"))
		trial_fail(__FILE__, __LINE__, "it says \"%s\"", c.text);
}

/* ---- a program that forks before it first calls */

static void before_the_first_call(void)
{
	pid_t child = fork();

	if (child == 0) {
		live();
		_exit(0);
	}
	want_well(child);
	live();
}

/* At its exit a child has nothing of its parent's to finish. */
static void child_exits_in_order(void)
{
	struct held h;
	pid_t child;

	hold(&h);
	fflush(stdout);
	child = fork();
	if (child == 0)
		exit(0);
	want_well(child);
	go_on(&h);
}

static const struct trial trials[] = {
	{ "child uses what was held fault_52", child_uses_what_was_held,
	  ON_REAL },
	{ "child uses the group that was held fault_52",
	  child_uses_the_group_that_was_held, ON_REAL },
	{ "child lives fault_52", child_lives, ON_REAL },
	{ "both live fault_52", both_live, ON_REAL },
	{ "grandchild lives fault_52", grandchild_lives, ON_REAL },
	{ "from within a fiber fault_52", from_within_a_fiber, ON_REAL },
	{ "fiber that returns in the child fault_52",
	  fiber_that_returns_in_the_child, ALONE },
	{ "before the first call fault_52", before_the_first_call, ALONE },
	{ "child exits in order fault_52", child_exits_in_order, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
