/*
 * shield_test.c: a cancel is sticky, and what holds it off for a while.
 */
#include "loop/trial_test.h"

/* The fibers of a trial, the shortest of their times in a simulation only:
 * there nothing is slow. */
#define SHORT (2 * GN_MSEC)

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

/* Runs a fiber and cancels it once it waits. */
static void cancel_while_it_waits(gn_fiber_fn *fn, void *arg)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, fn, arg), 0);
	gn_yield();
	gn_group_close(g);
}

/* Behind a shield a call does as ever; where time is real the shield may have
 * ended meanwhile. */
static void want_shielded(int result, gn_time end)
{
	bool ended = !trial_is_simulated() && gn_since(end) >= 0;

	if (result == GN_ECANCELED && ended)
		return;
	WANT_IS(result, 0);
	WANT(!gn_cancelled() || ended || gn_since(end) >= 0);
}

static void be_cancelled(void)
{
	WANT(!gn_cancelled());
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT(gn_cancelled());
}

/* ---- sticky */

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* Also what could be done at once. */
static void want_tasks_cancelled(void)
{
	gn_chan *c = gn_chan_open(sizeof(int), 2);
	gn_group *g = open_group();
	int one = 1, two = 0;
	gn_chan_case both[] = { { c, &one, NULL }, { c, NULL, &two } };

	WANT(c);
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	WANT_IS(gn_sleep(SOON), GN_ECANCELED);
	WANT_TEXT(gn_error_operation(gn_error_last()), "sleep");
	WANT_IS(gn_chan_send(c, &one, GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_chan_send(c, &one, GN_NOW), GN_ECANCELED);
	WANT_IS(gn_chan_recv(c, &two, GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_chan_select(both, 2, GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_go(g, nothing, NULL), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), GN_ECANCELED);
	gn_group_close(g);
	gn_chan_close(c);
}

static void want_sockets_cancelled(gn_sock *pair[2], gn_sock *l)
{
	char byte = 0;

	WANT_IS(gn_recv(pair[1], &byte, 1, GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_recv(pair[1], &byte, 1, GN_NOW), GN_ECANCELED);
	WANT_IS(gn_send(pair[1], &byte, 1, GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_wait(pair[1], GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_flush(pair[1], GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_shutdown(pair[1], GN_NEVER), GN_ECANCELED);
	WANT(!gn_accept(l, GN_NEVER));
	WANT_IS(gn_code(), GN_ECANCELED);
	WANT(!gn_connect("tcp://127.0.0.1:9", NULL, GN_NEVER));
	WANT_IS(gn_code(), GN_ECANCELED);
}

static int wait_again_and_again(void *arg)
{
	gn_sock *pair[2], *l = gn_listen("tcp://127.0.0.1:0", NULL);

	(void)arg;
	WANT(l);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "x", 1, GN_NEVER), 0);
	be_cancelled();
	for (int i = 0; i < 3; i++) {
		want_tasks_cancelled();
		want_sockets_cancelled(pair, l);
		gn_yield();
	}
	gn_close(l);
	gn_close(pair[0]);
	gn_close(pair[1]);
	return GN_ECANCELED;
}

static void cancel_is_sticky(void)
{
	cancel_while_it_waits(wait_again_and_again, NULL);
}

/* A fiber that was cancelled before it first ran knows nothing else. */
static int be_cancelled_from_the_start(void *arg)
{
	(void)arg;
	WANT(gn_cancelled());
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	return 0;
}

static void cancel_before_the_first_turn(void)
{
	gn_group *g = open_group();

	WANT_IS(gn_go(g, be_cancelled_from_the_start, NULL), 0);
	gn_group_close(g);
}

/* ---- a shield and its end */

static int shield_until(void *arg)
{
	gn_time end;

	be_cancelled();
	end = gn_in(*(int64_t *)arg);
	gn_shield(end);
	want_shielded(0, end);
	want_shielded(gn_sleep(gn_in(GN_USEC)), end);
	WANT_IS(gn_sleep(gn_in(GN_HOUR)), GN_ECANCELED);
	WANT_AT(end);
	WANT(gn_cancelled());
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	return 0;
}

static void strikes_at_its_end(void)
{
	int64_t ns = SHORT;

	cancel_while_it_waits(shield_until, &ns);
}

static int shield_for_ever(void *arg)
{
	gn_time begin;

	be_cancelled();
	begin = gn_now();
	gn_shield(gn_in(*(int64_t *)arg));
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_since(begin), GN_SHIELD_MAX);
	return 0;
}

static void ends_after_the_longest_time(void)
{
	int64_t ever = INT64_MAX, long_ns = GN_SHIELD_MAX + 1;

	cancel_while_it_waits(shield_for_ever, &ever);
	cancel_while_it_waits(shield_for_ever, &long_ns);
}

static int lengthen(void *arg)
{
	gn_time end;

	(void)arg;
	be_cancelled();
	end = gn_in(SHORT);
	gn_shield(end);
	gn_shield(gn_in(GN_SEC));
	want_shielded(gn_sleep(gn_in(SHORT / 2)), end);
	if (gn_cancelled())
		return 0;
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_AT(end);
	return 0;
}

static void cannot_be_lengthened(void)
{
	cancel_while_it_waits(lengthen, NULL);
}

static int unshield(void *arg)
{
	(void)arg;
	be_cancelled();
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(gn_in(SHORT / 2)), 0);
	gn_unshield();
	WANT(gn_cancelled());
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	gn_unshield();
	gn_shield(GN_NOW);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	return 0;
}

static void unshield_ends_it(void)
{
	cancel_while_it_waits(unshield, NULL);
}

/* All shields of a cancelled fiber together hold it off for the longest time
 * of one, whatever lies between them. */
static int shield_again(void *arg)
{
	gn_time begin;

	(void)arg;
	be_cancelled();
	begin = gn_now();
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(gn_in(3 * GN_SEC)), 0);
	gn_unshield();
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_since(begin), GN_SHIELD_MAX);
	gn_unshield();
	gn_shield(GN_NEVER);
	WANT(gn_cancelled());
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_since(begin), GN_SHIELD_MAX);
	return 0;
}

/* So it is when the cancel came while a shield held: its time began then. */
static int shield_again_after(void *arg)
{
	gn_time *cancelled_at = arg;

	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(gn_in(3 * GN_SEC)), 0);
	gn_unshield();
	WANT(gn_cancelled());
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_IS(gn_since(*cancelled_at), GN_SHIELD_MAX);
	return 0;
}

static void mercy_is_not_renewed(void)
{
	gn_time now;

	cancel_while_it_waits(shield_again, NULL);
	now = gn_now();
	cancel_while_it_waits(shield_again_after, &now);
}

/* The cancel comes while the fiber waits behind a shield. */
static int wait_behind_a_shield(void *arg)
{
	gn_time *end = arg;

	*end = gn_in(SHORT);
	gn_shield(*end);
	WANT_IS(gn_sleep(GN_NEVER), GN_ECANCELED);
	WANT_AT(*end);
	return 0;
}

static void cancel_waits_for_the_shield(void)
{
	gn_time end = GN_NEVER;

	cancel_while_it_waits(wait_behind_a_shield, &end);
	WANT_AT(end);
}

static int sleep_behind_a_shield(void *arg)
{
	gn_time until = gn_in(SHORT / 2);

	(void)arg;
	gn_shield(gn_in(GN_SEC));
	WANT_IS(gn_sleep(until), 0);
	WANT_AT(until);
	gn_unshield();
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	return 0;
}

static void deadline_before_the_end(void)
{
	cancel_while_it_waits(sleep_behind_a_shield, NULL);
}

/* Both come at one instant: the cancel wins. */
static int meet(void *arg)
{
	gn_chan *c = gn_chan_open(0, 1);
	gn_time at;

	(void)arg;
	be_cancelled();
	at = gn_in(SHORT);
	gn_shield(at);
	WANT_IS(gn_chan_recv(c, NULL, at), GN_ECANCELED);
	WANT_AT(at);
	gn_chan_close(c);
	return 0;
}

static void cancel_wins_over_a_deadline(void)
{
	cancel_while_it_waits(meet, NULL);
}

/* ---- what works inside */

static int answer(void *arg)
{
	int n = 0;

	WANT_IS(gn_chan_recv(arg, &n, SOON), 0);
	n++;
	WANT_IS(gn_chan_send(arg, &n, SOON), 0);
	return 0;
}

static int work(void *arg)
{
	gn_chan *c = gn_chan_open(sizeof(int), 1);
	gn_group *g;
	gn_sock *pair[2];
	char text[4];
	int n = 6;

	(void)arg;
	be_cancelled();
	gn_shield(gn_in(4 * GN_SEC));
	g = open_group();
	WANT_IS(gn_go(g, answer, c), 0);
	WANT_IS(gn_chan_send(c, &n, SOON), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	WANT_IS(gn_chan_recv(c, &n, SOON), 0);
	WANT_IS(n, 7);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "bye", 3, SOON), 0);
	WANT_IS(gn_recv_exact(pair[1], text, 3, SOON), 3);
	gn_close(pair[0]);
	gn_close(pair[1]);
	gn_group_close(g);
	gn_unshield();
	WANT_IS(gn_sleep(GN_NOW), GN_ECANCELED);
	gn_chan_close(c);
	return 0;
}

static void calls_work_inside(void)
{
	cancel_while_it_waits(work, NULL);
}

/* A shield is of one fiber: its children have none. */
static int look(void *arg)
{
	int result = gn_sleep(GN_NEVER);

	*(int *)arg = result;
	return result;
}

static int shield_a_group(void *arg)
{
	gn_group *g;
	int child = 0;

	(void)arg;
	be_cancelled();
	gn_shield(gn_in(GN_SEC));
	g = open_group();
	WANT_IS(gn_go(g, look, &child), 0);
	WANT_IS(gn_group_wait(g, gn_in(SHORT / 2)), GN_ETIMEOUT);
	gn_group_close(g);
	WANT_IS(child, GN_ECANCELED);
	return 0;
}

static void is_not_inherited(void)
{
	cancel_while_it_waits(shield_a_group, NULL);
}

/* ---- without a cancel nothing is different */

static void without_a_cancel(void)
{
	gn_time end = gn_in(SHORT / 2), later = gn_in(SHORT);

	gn_unshield();
	gn_shield(end);
	WANT_IS(gn_sleep(later), 0);
	WANT_AT(later);
	WANT(!gn_cancelled());
	gn_shield(GN_NEVER);
	WANT_IS(gn_sleep(GN_NOW), 0);
	gn_unshield();
	WANT_IS(gn_sleep(GN_NOW), 0);
}

static const struct trial trials[] = {
	{ "cancel is sticky", cancel_is_sticky, EVERYWHERE },
	{ "cancel before the first turn", cancel_before_the_first_turn,
	  EVERYWHERE },
	{ "strikes at its end", strikes_at_its_end, EVERYWHERE },
	{ "ends after the longest time", ends_after_the_longest_time, ON_SIM },
	{ "cannot be lengthened", cannot_be_lengthened, EVERYWHERE },
	{ "unshield ends it", unshield_ends_it, EVERYWHERE },
	{ "mercy is not renewed", mercy_is_not_renewed, ON_SIM },
	{ "cancel waits for the shield", cancel_waits_for_the_shield,
	  EVERYWHERE },
	{ "deadline before the end", deadline_before_the_end, EVERYWHERE },
	{ "cancel wins over a deadline", cancel_wins_over_a_deadline,
	  EVERYWHERE },
	{ "calls work inside", calls_work_inside, EVERYWHERE },
	{ "is not inherited", is_not_inherited, EVERYWHERE },
	{ "without a cancel", without_a_cancel, EVERYWHERE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
