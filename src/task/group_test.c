/*
 * group_test.c: fibers that live and end together, seen through the public
 * calls: who runs when, what a wait returns, whose failure it is.
 */
#include <signal.h>
#include <string.h>

#include "fiber/test_child.h"
#include "loop/trial_test.h"

/* ThreadSanitizer takes its time to make a fiber. */
#if defined(__SANITIZE_THREAD__)
#define MANY 500
#else
#define MANY 5000
#endif

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

static int count_one(void *arg)
{
	++*(int *)arg;
	return 0;
}

static int sleep_for_ever(void *arg)
{
	int result = gn_sleep(GN_NEVER);

	if (arg)
		*(int *)arg = result;
	return result;
}

static int sleep_a_little(void *arg)
{
	int result = gn_sleep(gn_in(2 * GN_MSEC));

	if (arg && result == 0)
		++*(int *)arg;
	return result;
}

/* Fails in a way that has more to tell than a code. */
static int fail_with_words(void *arg)
{
	(void)arg;
	WANT(!gn_listen("tcp://127.0.0.1:99999", NULL));
	return gn_code();
}

static int fail_by_hand(void *arg)
{
	(void)arg;
	return GN_EPROTO;
}

static void empty(void)
{
	gn_group *g = open_group();

	gn_group_close(NULL);
	WANT_IS(gn_group_wait(g, GN_NOW), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
	g = open_group();
	gn_group_close(g);
}

static void runs_when_the_caller_waits(void)
{
	gn_group *g = open_group();
	int ran = 0;

	for (int i = 0; i < 10; i++)
		WANT_IS(gn_go(g, count_one, &ran), 0);
	WANT_IS(ran, 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(ran, 10);
	WANT_IS(gn_go(g, count_one, &ran), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(ran, 11);
	gn_group_close(g);
}

static int give_seven(void *arg)
{
	(void)arg;
	return 7;
}

static void more_than_zero_is_well(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, give_seven, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
}

static void first_failure_cancels_siblings(void)
{
	gn_group *g = open_group();
	int result[3] = { 0 };
	char child[256], ours[256];

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, sleep_for_ever, &result[i]), 0);
	gn_yield();
	WANT_IS(fail_with_words(NULL), GN_EADDR);
	gn_error_text(gn_error_last(), child, sizeof child);
	WANT_IS(gn_sleep(GN_NOW), 0);
	WANT_IS(gn_go(g, fail_with_words, NULL), 0);
	for (int again = 0; again < 3; again++) {
		WANT_IS(gn_group_wait(g, GN_NEVER), GN_EADDR);
		WANT_IS(gn_code(), GN_EADDR);
		WANT_TEXT(gn_error_operation(gn_error_last()), "listen");
		gn_error_text(gn_error_last(), ours, sizeof ours);
		WANT_TEXT(ours, child);
		WANT_IS(fail_by_hand(NULL), GN_EPROTO);
	}
	for (int i = 0; i < 3; i++)
		WANT_IS(result[i], GN_ECANCELED);
	gn_group_close(g);
}

static void failure_without_a_record(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, fail_by_hand, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	WANT_IS(gn_code(), GN_EPROTO);
	gn_group_close(g);
}

static int fail_late(void *arg)
{
	(void)arg;
	if (gn_sleep(gn_in(GN_MSEC)) == 0)
		return GN_ERESET;
	return GN_EDEAD;
}

static void only_the_first_failure_counts(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, fail_late, NULL), 0);
	WANT_IS(gn_go(g, fail_by_hand, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	gn_group_close(g);
}

static void keep_going(void)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .keep_going = true });
	int slept = 0;

	WANT(g);
	WANT_IS(gn_go(g, fail_by_hand, NULL), 0);
	for (int i = 0; i < 5; i++)
		WANT_IS(gn_go(g, sleep_a_little, &slept), 0);
	WANT_IS(gn_go(g, fail_late, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	WANT_IS(slept, 5);
	WANT_IS(gn_go(g, count_one, &slept), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	WANT_IS(slept, 6);
	gn_group_close(g);
}

static void no_start_after_a_failure(void)
{
	gn_group *g = open_group();
	int ran = 0;

	WANT_IS(gn_go(g, fail_by_hand, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	WANT_IS(gn_go(g, count_one, &ran), GN_ECANCELED);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_EPROTO);
	WANT_IS(ran, 0);
	gn_group_close(g);
}

static int hear_a_word(void *arg)
{
	return gn_chan_recv(arg, NULL, GN_NEVER);
}

static void until_leaves_the_group_alive(void)
{
	gn_group *g = open_group();
	gn_chan *words = gn_chan_open(0, 4);
	gn_time until = gn_in(GN_MSEC);

	WANT(words);
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, hear_a_word, words), 0);
	WANT_IS(gn_group_wait(g, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_group_wait(g, until), GN_ETIMEOUT);
	WANT_AT(until);
	WANT_TEXT(gn_error_operation(gn_error_last()), "group_wait");
	WANT_IS(gn_go(g, hear_a_word, words), 0);
	for (int i = 0; i < 4; i++)
		WANT_IS(gn_chan_send(words, NULL, GN_NOW), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(gn_chan_recv(words, NULL, GN_NOW), GN_ETIMEOUT);
	gn_chan_close(words);
	gn_group_close(g);
}

/* ---- a wait whose end and whose deadline come together */

struct meeting {
	gn_time at;
	int ended;
};

static int sleep_till_the_meeting(void *arg)
{
	struct meeting *m = arg;

	WANT_IS(gn_sleep(m->at), 0);
	m->ended++;
	return 0;
}

static void deadline_meets_the_last_end(void)
{
	struct meeting m = { gn_in(2 * GN_MSEC), 0 };
	gn_group *g = open_group();
	int result;

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, sleep_till_the_meeting, &m), 0);
	gn_yield();
	result = gn_group_wait(g, m.at);
	WANT(result == 0 ? m.ended == 3 : result == GN_ETIMEOUT);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(m.ended, 3);
	gn_group_close(g);
}

static int wait_till_the_meeting(void *arg)
{
	gn_group *inner = open_group();
	int result;

	WANT_IS(gn_go(inner, sleep_till_the_meeting, arg), 0);
	gn_yield();
	result = gn_group_wait(inner, GN_NEVER);
	WANT(result == 0 || result == GN_ECANCELED);
	gn_group_close(inner);
	return result;
}

static void cancel_meets_the_last_end(void)
{
	struct meeting m = { gn_in(2 * GN_MSEC), 0 };
	gn_group *g = open_group();

	for (int i = 0; i < 8; i++)
		WANT_IS(gn_go(g, wait_till_the_meeting, &m), 0);
	gn_yield();
	WANT_IS(gn_sleep(m.at), 0);
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
}

/* ---- the group's own deadline */

static void group_deadline(void)
{
	gn_time until = gn_in(2 * GN_MSEC);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = until });
	int result[3] = { 0 };

	WANT(g);
	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, sleep_for_ever, &result[i]), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ETIMEOUT);
	WANT_AT(until);
	for (int i = 0; i < 3; i++)
		WANT_IS(result[i], GN_ECANCELED);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ETIMEOUT);
	WANT_IS(gn_code(), GN_ETIMEOUT);
	WANT_IS(gn_go(g, sleep_for_ever, NULL), GN_ECANCELED);
	gn_group_close(g);
}

static void group_deadline_that_has_passed(void)
{
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = GN_NOW });
	int result = 0;

	WANT(g);
	WANT_IS(gn_go(g, sleep_for_ever, &result), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ETIMEOUT);
	WANT_IS(result, GN_ECANCELED);
	gn_group_close(g);
}

/* Its fiber has ended by then; false where the machine was too busy. */
static bool outlives_deadline(int64_t after_ns)
{
	gn_time until = gn_in(after_ns);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = until });
	int ran = 0, result;

	WANT(g);
	WANT_IS(gn_go(g, count_one, &ran), 0);
	result = gn_group_wait(g, GN_NEVER);
	if (result == 0) {
		WANT_IS(gn_sleep(until), 0);
		WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	}
	WANT(result == 0 || !gn_time_before(gn_now(), until));
	gn_group_close(g);
	return result == 0;
}

static void group_deadline_after_the_end(void)
{
	int64_t after_ns = 2 * GN_MSEC;

	while (!outlives_deadline(after_ns) && after_ns < GN_MIN)
		after_ns *= 4;
	WANT(after_ns < GN_MIN);
}

/* A deadline holds for whoever comes after it, too. */
static void group_deadline_while_empty(void)
{
	gn_time until = gn_in(GN_MSEC);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = until });
	int result = 0, started;

	WANT(g);
	WANT_IS(gn_sleep(gn_time_add(until, GN_MSEC)), 0);
	started = gn_go(g, sleep_for_ever, &result);
	if (started == 0) {
		WANT_IS(gn_group_wait(g, SOON), GN_ETIMEOUT);
		WANT_IS(result, GN_ECANCELED);
	} else {
		WANT_IS(started, GN_ECANCELED);
	}
	gn_group_close(g);
}

static int fail_when_cancelled(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	return GN_ERESET;
}

static void group_deadline_comes_before_its_failures(void)
{
	gn_group *g = gn_group_open(
		&(gn_group_opts){ .until = gn_in(GN_MSEC) });

	WANT(g);
	WANT_IS(gn_go(g, fail_when_cancelled, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ETIMEOUT);
	gn_group_close(g);
}

static void earlier_of_two_deadlines(void)
{
	gn_time first = gn_in(GN_MSEC), second = gn_time_add(first, GN_MSEC);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = second });

	WANT(g);
	WANT_IS(gn_go(g, sleep_for_ever, NULL), 0);
	WANT_IS(gn_group_wait(g, first), GN_ETIMEOUT);
	WANT_AT(first);
	WANT_IS(gn_group_wait(g, SOON), GN_ETIMEOUT);
	WANT_AT(second);
	gn_group_close(g);
}

/* ---- groups within groups */

struct level {
	int depth, seen, result;
};

static int nest(void *arg)
{
	struct level *here = arg;
	struct level below = { here->depth - 1, 0, 0 };
	gn_group *g;

	if (here->depth == 0) {
		here->result = fail_with_words(NULL);
		return here->result;
	}
	g = open_group();
	WANT_IS(gn_go(g, nest, &below), 0);
	WANT_IS(gn_go(g, sleep_for_ever, &here->seen), 0);
	here->result = gn_group_wait(g, GN_NEVER);
	WANT_TEXT(gn_error_operation(gn_error_last()), "listen");
	gn_group_close(g);
	WANT_IS(here->seen, GN_ECANCELED);
	WANT_IS(below.result, GN_EADDR);
	return here->result;
}

static void failure_climbs(void)
{
	struct level top = { 5, 0, 0 };

	WANT_IS(nest(&top), GN_EADDR);
}

static int nest_and_sleep(void *arg)
{
	struct level *here = arg;
	struct level below = { here->depth - 1, 0, 0 };
	gn_group *g = open_group();

	if (here->depth > 0)
		WANT_IS(gn_go(g, nest_and_sleep, &below), 0);
	else
		WANT_IS(gn_go(g, sleep_for_ever, &below.result), 0);
	here->result = gn_group_wait(g, GN_NEVER);
	WANT_IS(here->result, GN_ECANCELED);
	gn_group_close(g);
	WANT_IS(below.result, GN_ECANCELED);
	return here->result;
}

static void cancel_goes_down(void)
{
	struct level top = { 5, 0, 0 };
	gn_group *g = open_group();

	WANT_IS(gn_go(g, nest_and_sleep, &top), 0);
	WANT_IS(gn_group_wait(g, gn_in(2 * GN_MSEC)), GN_ETIMEOUT);
	WANT_IS(top.result, 0);
	gn_group_cancel(g);
	WANT_IS(top.result, 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(top.result, GN_ECANCELED);
	gn_group_close(g);
}

/* ---- cancel and close */

static void obeying_a_cancel_is_no_failure(void)
{
	gn_group *g = open_group();
	int result = 0;

	WANT_IS(gn_go(g, sleep_for_ever, &result), 0);
	gn_yield();
	gn_group_cancel(g);
	gn_group_cancel(g);
	WANT_IS(gn_go(g, sleep_for_ever, NULL), GN_ECANCELED);
	WANT_TEXT(gn_error_operation(gn_error_last()), "go");
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(result, GN_ECANCELED);
	gn_group_close(g);
}

static void failing_after_a_cancel_is_one(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, fail_when_cancelled, NULL), 0);
	gn_yield();
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ERESET);
	gn_group_close(g);
}

static int cancel_own_group(void *arg)
{
	WANT(!gn_cancelled());
	gn_group_cancel(arg);
	WANT(gn_cancelled());
	return gn_sleep(GN_NEVER);
}

static void fiber_cancels_its_own_group(void)
{
	gn_group *g = open_group();
	int result = 0;

	WANT_IS(gn_go(g, sleep_for_ever, &result), 0);
	WANT_IS(gn_go(g, cancel_own_group, g), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(result, GN_ECANCELED);
	gn_group_close(g);
}

/* Fibers that never ran run nevertheless: what they own is theirs to free. */
static void close_before_the_first_turn(void)
{
	gn_group *g = open_group();
	int ran = 0, result[3] = { 0 };

	for (int i = 0; i < 3; i++) {
		WANT_IS(gn_go(g, count_one, &ran), 0);
		WANT_IS(gn_go(g, sleep_for_ever, &result[i]), 0);
	}
	gn_group_close(g);
	WANT_IS(ran, 3);
	for (int i = 0; i < 3; i++)
		WANT_IS(result[i], GN_ECANCELED);
}

static int say_goodbye(void *arg)
{
	int *said = arg;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	gn_shield(gn_in(GN_SEC));
	WANT_IS(gn_sleep(gn_in(2 * GN_MSEC)), 0);
	++*said;
	gn_unshield();
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	return GN_ECANCELED;
}

static void close_joins_who_takes_time(void)
{
	gn_group *g = open_group();
	gn_time until;
	int said = 0;

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(g, say_goodbye, &said), 0);
	gn_yield();
	until = gn_in(2 * GN_MSEC);
	gn_group_close(g);
	WANT_IS(said, 3);
	WANT_AT(until);
}

struct stubborn {
	gn_group *group;
	int turns, refused;
};

/* Does what a cancelled fiber should not, for a while. */
static int stay_on(void *arg)
{
	struct stubborn *s = arg;

	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	for (int i = 0; i < 50; i++) {
		WANT_IS(gn_sleep(gn_in(GN_HOUR)), GN_ECANCELED);
		s->refused += gn_go(s->group, sleep_for_ever, NULL) ==
			      GN_ECANCELED;
		gn_yield();
		s->turns++;
	}
	return GN_EPROTO;
}

static void close_joins_whatever_they_do(void)
{
	struct stubborn s = { open_group(), 0, 0 };

	for (int i = 0; i < 3; i++)
		WANT_IS(gn_go(s.group, stay_on, &s), 0);
	gn_yield();
	gn_group_close(s.group);
	WANT_IS(s.turns, 150);
	WANT_IS(s.refused, 150);
}

/* ---- an owner that is cancelled itself */

struct owner {
	int child, wait, slow;
};

static int own(void *arg)
{
	struct owner *o = arg;
	gn_group *g = open_group();

	WANT_IS(gn_go(g, sleep_for_ever, &o->child), 0);
	WANT_IS(gn_go(g, say_goodbye, &o->slow), 0);
	o->wait = gn_group_wait(g, GN_NEVER);
	/* The group goes on till it is closed. */
	WANT_IS(o->child, 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ECANCELED);
	WANT_IS(o->child, 0);
	gn_group_close(g);
	WANT_IS(o->child, GN_ECANCELED);
	WANT_IS(o->slow, 1);
	return GN_ECANCELED;
}

static void cancelled_owner_closes(void)
{
	struct owner o = { 0 };
	gn_group *g = open_group();

	WANT_IS(gn_go(g, own, &o), 0);
	WANT_IS(gn_group_wait(g, gn_in(GN_MSEC)), GN_ETIMEOUT);
	gn_group_close(g);
	WANT_IS(o.wait, GN_ECANCELED);
	WANT_IS(o.slow, 1);
}

/* ---- fault 54: the end of a block with children running */

struct locals {
	int magic;
	bool gone;
};

static int use_locals(void *arg)
{
	struct locals *l = arg;

	while (gn_sleep(gn_in(GN_MSEC)) == 0)
		WANT_IS(l->magic, 54);
	gn_shield(gn_in(GN_SEC));
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	WANT_IS(l->magic, 54);
	l->gone = true;
	return GN_ECANCELED;
}

static int leave_a_block(bool *gone)
{
	struct locals l = { 54, false };

	{
		gn_group_auto gn_group *g = open_group();

		for (int i = 0; i < 3; i++)
			WANT_IS(gn_go(g, use_locals, &l), 0);
		WANT_IS(gn_group_wait(g, gn_in(2 * GN_MSEC)), GN_ETIMEOUT);
	}
	*gone = l.gone;
	l.magic = 0;
	return 0;
}

static void block_ends_with_children(void)
{
	bool gone = false;

	WANT_IS(leave_a_block(&gone), 0);
	WANT(gone);
}

/* ---- numbers, names, mistakes */

static void thousands(void)
{
	gn_group *g = open_group();
	int many = trial_is_simulated() ? MANY / 10 : MANY;
	int ran = 0, slept = 0;

	for (int i = 0; i < many; i++) {
		WANT_IS(gn_go(g, sleep_a_little, &slept), 0);
		if (i % 10 == 0)
			WANT_IS(gn_go(g, count_one, &ran), 0);
	}
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(slept, many);
	WANT_IS(ran, many / 10);
	for (int i = 0; i < many; i++)
		WANT_IS(gn_go(g, sleep_for_ever, NULL), 0);
	gn_yield();
	gn_group_close(g);
}

static int check_name(void *arg)
{
	WANT_TEXT(gn_fiber_name(), arg);
	gn_yield();
	WANT_TEXT(gn_fiber_name(), arg);
	return 0;
}

static int deep(void *arg)
{
	volatile char room[600 * 1024];

	memset((char *)room, 1, sizeof room);
	gn_yield();
	*(int *)arg = room[sizeof room / 2];
	return 0;
}

static void names_and_stacks(void)
{
	gn_group *g = open_group();
	int deepest = 0;
	gn_go_opts name = { .name = "abcdefghijklmnopqrstuvwxyz" };
	gn_go_opts stack = { .stack_bytes = (size_t)1 << 20 };

	WANT_IS(gn_go_with(g, check_name, "abcdefghijklmnopqrstuvw", &name), 0);
	name.name = "short";
	WANT_IS(gn_go_with(g, check_name, "short", &name), 0);
	WANT_IS(gn_go_with(g, check_name, "fiber", NULL), 0);
	WANT_IS(gn_go(g, check_name, "fiber"), 0);
	WANT_IS(gn_go_with(g, deep, &deepest, &stack), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(deepest, 1);
	gn_group_close(g);
}

static void stacks_too_large(void)
{
	static const size_t bytes[] = { SIZE_MAX, SIZE_MAX - 100,
					(size_t)1 << 62, (size_t)1 << 47 };
	gn_group *g = open_group();
	int ran = 0;

	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
		gn_go_opts opts = { .stack_bytes = bytes[i] };

		WANT_IS(gn_go_with(g, count_one, &ran, &opts), GN_ENOMEM);
	}
	WANT_IS(gn_go_with(g, count_one, &ran,
			   &(gn_go_opts){ .stack_bytes = 1 }), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	WANT_IS(ran, 1);
	gn_group_close(g);
}

static int wait_for(void *arg)
{
	return gn_group_wait(arg, GN_NEVER);
}

static void wait_twice(void)
{
	gn_group *g = open_group(), *waiters = open_group();

	WANT_IS(gn_go(g, sleep_for_ever, NULL), 0);
	WANT_IS(gn_go(waiters, wait_for, g), 0);
	WANT_IS(gn_go(waiters, wait_for, g), 0);
	WANT_IS(gn_group_wait(waiters, GN_NEVER), 0);
}

static void two_that_wait_stop_the_program(void)
{
	struct child c = child_run(wait_twice, CHILD_PIPE);

	WANT(child_died_by(&c, SIGABRT));
	WANT(strstr(c.text, "gnezdo: two fibers wait for one group"));
}

static int wait_for_own(void *arg)
{
	gn_group **g = arg;

	return gn_group_wait(*g, GN_NEVER);
}

static void wait_within(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go_with(g, wait_for_own, &g,
			   &(gn_go_opts){ .name = "navel" }), 0);
	WANT_IS(gn_sleep(SOON), 0);
}

static int close_own(void *arg)
{
	gn_group **g = arg;

	gn_group_close(*g);
	return 0;
}

static void close_within(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go_with(g, close_own, &g,
			   &(gn_go_opts){ .name = "navel" }), 0);
	WANT_IS(gn_sleep(SOON), 0);
}

/* It would wait for itself, for ever. */
static void waiting_for_its_own_stops_the_program(void)
{
	static void (*const ways[])(void) = { wait_within, close_within };

	for (int i = 0; i < 2; i++) {
		struct child c = child_run(ways[i], CHILD_PIPE);

		WANT(child_died_by(&c, SIGABRT));
		WANT(strstr(c.text, "gnezdo: fiber \"navel\" waits for its own "
				    "group"));
	}
}

static const struct trial trials[] = {
	{ "empty", empty, EVERYWHERE },
	{ "runs when the caller waits", runs_when_the_caller_waits,
	  EVERYWHERE },
	{ "more than zero is well", more_than_zero_is_well, EVERYWHERE },
	{ "first failure cancels siblings", first_failure_cancels_siblings,
	  EVERYWHERE },
	{ "failure without a record", failure_without_a_record, EVERYWHERE },
	{ "only the first failure counts", only_the_first_failure_counts,
	  ON_REAL },
	{ "keep_going", keep_going, EVERYWHERE },
	{ "no start after a failure", no_start_after_a_failure, EVERYWHERE },
	{ "until leaves the group alive", until_leaves_the_group_alive,
	  EVERYWHERE },
	{ "deadline meets the last end", deadline_meets_the_last_end,
	  EVERYWHERE },
	{ "cancel meets the last end", cancel_meets_the_last_end,
	  EVERYWHERE },
	{ "group's deadline", group_deadline, EVERYWHERE },
	{ "group's deadline that has passed", group_deadline_that_has_passed,
	  EVERYWHERE },
	{ "group's deadline after the end", group_deadline_after_the_end,
	  EVERYWHERE },
	{ "group's deadline while empty", group_deadline_while_empty,
	  EVERYWHERE },
	{ "group's deadline comes before its failures",
	  group_deadline_comes_before_its_failures, EVERYWHERE },
	{ "earlier of two deadlines", earlier_of_two_deadlines, EVERYWHERE },
	{ "failure climbs", failure_climbs, EVERYWHERE },
	{ "cancel goes down", cancel_goes_down, EVERYWHERE },
	{ "obeying a cancel is no failure", obeying_a_cancel_is_no_failure,
	  EVERYWHERE },
	{ "failing after a cancel is one", failing_after_a_cancel_is_one,
	  EVERYWHERE },
	{ "fiber cancels its own group", fiber_cancels_its_own_group,
	  EVERYWHERE },
	{ "close before the first turn", close_before_the_first_turn,
	  EVERYWHERE },
	{ "close joins who takes time", close_joins_who_takes_time,
	  EVERYWHERE },
	{ "close joins whatever they do", close_joins_whatever_they_do,
	  EVERYWHERE },
	{ "cancelled owner closes", cancelled_owner_closes, EVERYWHERE },
	{ "block ends with children fault_54", block_ends_with_children,
	  EVERYWHERE },
	{ "5,000 fibers", thousands, ON_REAL | ON_SIM },
	{ "names and stacks", names_and_stacks, EVERYWHERE },
	{ "stacks too large", stacks_too_large, EVERYWHERE },
	{ "waiting for its own stops the program",
	  waiting_for_its_own_stops_the_program, ALONE },
	{ "two that wait stop the program", two_that_wait_stop_the_program,
	  ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
