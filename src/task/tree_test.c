/*
 * tree_test.c: groups within groups by chance: fibers that start others, fail,
 * give up, cancel, hold cancels off and take their time, in every mixture.
 * What must hold whatever they do is checked at each step.
 */
#include <string.h>

#include "base/rng.h"
#include "loop/trial_test.h"

#define DEPTH 4
#define CHILDREN 4
#define STEPS 6

#define DURATION (20 * GN_USEC)

struct tree {
	struct gni_rng rng;
	int alive, started, ended, failed, timeouts, cancelled, shields;
};

/* A group as its owner knows it. */
struct branch {
	struct tree *tree;
	gn_group *group;
	int depth, started, ended;
	int first; /* the first failure that counts, 0: none yet */
	bool keep_going, cancelled;
	gn_time until; /* of the group */
};

static unsigned draw(struct tree *t, unsigned bound)
{
	return (unsigned)gni_rng_below(&t->rng, bound);
}

static int64_t some_ns(struct tree *t)
{
	return (int64_t)draw(t, 8) * DURATION / 4;
}

static int grow(void *arg);

static void open_branch(struct branch *b, struct tree *t, int depth)
{
	gn_group_opts opts = { .keep_going = draw(t, 2) };

	if (draw(t, 3) == 0)
		opts.until = gn_in(some_ns(t));
	*b = (struct branch){ .tree = t, .depth = depth,
			      .keep_going = opts.keep_going,
			      .until = opts.until.ns ? opts.until : GN_NEVER,
			      .group = gn_group_open(&opts) };
	WANT(b->group);
}

static void start_some(struct branch *b)
{
	for (unsigned n = 1 + draw(b->tree, CHILDREN); n > 0; n--) {
		int result = gn_go(b->group, grow, b);

		WANT(result == 0 || result == GN_ECANCELED);
		if (result < 0)
			break;
		b->started++;
		b->tree->started++;
		b->tree->alive++;
	}
}

/* A wait gives what came first of all that it may give. */
static void wait_some(struct branch *b)
{
	gn_time until = draw(b->tree, 2) ? GN_NEVER : gn_in(some_ns(b->tree));
	int result = gn_group_wait(b->group, until);

	if (result == GN_ECANCELED && gn_cancelled())
		return;
	if (result == GN_ETIMEOUT && b->ended < b->started) {
		WANT(gn_since(until) >= 0);
		b->tree->timeouts++;
		return;
	}
	WANT_IS(b->ended, b->started);
	if (result == GN_ETIMEOUT) {
		WANT(gn_since(until) >= 0 || gn_since(b->until) >= 0);
		return;
	}
	/* A deadline that had passed may have struck nobody any more. */
	WANT_IS(result, b->first);
}

static void close_branch(struct branch *b)
{
	gn_group_close(b->group);
	WANT_IS(b->ended, b->started);
}

static void live_with_a_group(struct tree *t, int depth)
{
	struct branch b;

	open_branch(&b, t, depth - 1);
	for (unsigned n = 1 + draw(t, 3); n > 0; n--) {
		start_some(&b);
		if (draw(t, 4) == 0) {
			gn_group_cancel(b.group);
			b.cancelled = true;
		}
		wait_some(&b);
	}
	close_branch(&b);
}

/* A cancelled fiber may take its time, but not for ever. */
static void take_time(struct tree *t)
{
	gn_time end = gn_in(some_ns(t) + 1);
	int result;

	gn_unshield();
	gn_shield(end);
	result = gn_sleep(gn_in(some_ns(t)));
	WANT(result == 0 || (result == GN_ECANCELED && gn_since(end) >= 0));
	if (draw(t, 2))
		gn_unshield();
	t->shields++;
}

static void sleep_some(struct tree *t)
{
	gn_time until = gn_in(some_ns(t));
	bool cancelled = gn_cancelled();
	int result = gn_sleep(until);

	if (cancelled)
		WANT_IS(result, GN_ECANCELED);
	if (result == 0)
		WANT(gn_since(until) >= 0);
	else
		WANT(gn_cancelled());
}

static void do_something(struct tree *t, int depth)
{
	switch (draw(t, 6)) {
	case 0:
		if (depth > 0)
			live_with_a_group(t, depth);
		break;
	case 1:
		gn_yield();
		break;
	case 2:
		take_time(t);
		break;
	default:
		sleep_some(t);
	}
}

/* What the group makes of an end is told here, at the same moment. */
static int end(struct branch *b, int result)
{
	bool obeys = result == GN_ECANCELED && gn_cancelled();

	b->ended++;
	b->tree->ended++;
	b->tree->alive--;
	b->tree->cancelled += obeys;
	if (result < 0 && !b->first && !obeys)
		b->first = result;
	b->tree->failed += result < 0 && !obeys;
	return result;
}

static int grow(void *arg)
{
	struct branch *b = arg;
	struct tree *t = b->tree;

	for (unsigned n = draw(t, STEPS); n > 0; n--)
		do_something(t, b->depth);
	gn_unshield();
	if (gn_cancelled() && draw(t, 4))
		return end(b, GN_ECANCELED);
	return end(b, draw(t, 5) ? 0 : GN_EPROTO - (int)draw(t, 3));
}

static void by_chance(void)
{
	struct tree t;

	memset(&t, 0, sizeof t);
	if (!trial_is_simulated())
		trial_seed = (uint64_t)gn_now().ns;
	gni_rng_seed(&t.rng, trial_seed, "tree");
	for (int i = 0; i < 12; i++) {
		live_with_a_group(&t, DEPTH);
		WANT_IS(t.alive, 0);
		WANT_IS(t.started, t.ended);
		WANT(!gn_cancelled());
		gn_unshield();
	}
	WANT(t.started > 20);
}

static const struct trial trials[] = {
	{ "by chance fault_54", by_chance, EVERYWHERE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
