/*
 * timer.c: fibers that wait for nothing but time: sleeps, deadlines of groups
 * within groups, channels on which nothing comes, functions posted between.
 * Each wakes at its instant, in the order of the instants.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS 3
#define SLEEPERS 8

static unsigned left[HOSTS]; /* rounds to do */

struct round {
	gn_time last; /* instant at which somebody woke */
	unsigned woken, posted;
	gn_chan *nothing;
};

static void woke(struct round *r, gn_time at)
{
	WANT_IS(kit_late(at), 0);
	WANT(!gn_time_before(gn_now(), r->last));
	r->last = gn_now();
	r->woken++;
}

/* Some of these instants are the same for several. */
static gn_time draw_instant(void)
{
	static const int64_t grains[] = { GN_SEC, GN_MSEC, 1, GN_HOUR };
	int64_t grain = grains[draw(sizeof grains / sizeof *grains)];

	return gn_in(grain * (int64_t)draw(5));
}

static int sleep_often(void *arg)
{
	struct round *r = arg;

	for (uint64_t n = draw_among(2, 8); n > 0; n--) {
		gn_time at = draw_instant();

		if (op_sleep(at) < 0)
			return gn_code();
		woke(r, at);
	}
	return 0;
}

/* Nothing comes: the deadline is met at its instant. */
static int wait_in_vain(void *arg)
{
	struct round *r = arg;

	for (uint64_t n = draw_among(2, 6); n > 0; n--) {
		gn_chan_case cases[] = { { r->nothing, NULL, NULL } };
		gn_time at = draw_instant();
		int result = chance(2) ? op_chan_select(cases, 1, at)
				       : op_chan_recv(r->nothing, NULL, at);

		if (result == GN_ECANCELED)
			return result;
		WANT_IS(result, GN_ETIMEOUT);
		woke(r, at);
	}
	return 0;
}

static int sleep_for_ever(void *arg)
{
	int result = op_sleep(GN_NEVER);

	(void)arg;
	gn_yield();
	return result;
}

/* A group's deadline ends whatever its fibers do, theirs within it too. */
static int be_timed(void *arg)
{
	struct round *r = arg;
	gn_time at = gn_time_add(draw_instant(), 1);
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = at });
	int result = 0;

	WANT(g);
	for (int i = 0; i < 2 && result == 0; i++)
		result = op_go(g, sleep_for_ever, r);
	result = work_join(g, result);
	if (result == GN_ETIMEOUT)
		woke(r, at);
	else
		WANT(gn_cancelled());
	gn_group_close(g);
	return gn_cancelled() ? GN_ECANCELED : 0;
}

/* The first of several that fails ends the others at its instant, and its
 * failure is what the group came to. */
struct failing {
	gn_time at;
	int code;
};

static int fail_at(void *arg)
{
	struct failing *f = arg;
	int result = op_sleep(f->at);

	return result < 0 ? result : f->code;
}

static int fail_together(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	struct failing f = { .at = draw_instant() };
	struct round *r = arg;
	int result = 0;

	WANT(g);
	f.code = chance(2) ? GN_EPROTO : GN_ERESET;
	for (int i = 0; i < 3 && result == 0; i++)
		result = op_go(g, i == 1 ? fail_at : sleep_for_ever, &f);
	result = work_join(g, result);
	if (result == f.code)
		woke(r, f.at);
	else
		WANT(gn_cancelled());
	if (result == f.code)
		WANT_IS(op_group_wait(g, GN_NOW), f.code);
	gn_group_close(g);
	return gn_cancelled() ? GN_ECANCELED : 0;
}

static void post_came(void *arg)
{
	struct round *r = arg;

	r->posted++;
}

static int post(void *arg)
{
	struct round *r = arg;
	gn_thread *here = gn_thread_here();
	int result = 0;

	WANT(here);
	for (unsigned i = 0; i < 5 && result == 0; i++) {
		unsigned before = r->posted;

		WANT_IS(gn_post(here, post_came, r), 0);
		WANT_IS(r->posted, before);
		result = op_sleep(gn_in(draw_ns(GN_SEC)));
		if (result == 0)
			WANT(r->posted > before);
	}
	gn_thread_free(here);
	return result;
}

static gn_fiber_fn *const sorts[] = { sleep_often, wait_in_vain, be_timed,
				      fail_together, post };

#define SORTS (sizeof sorts / sizeof *sorts)

/* Either all have come to their end, or the round's own deadline has. */
static int one_round(void)
{
	gn_time at = chance(2) ? gn_in(draw_ns(5 * GN_SEC)) : GN_NEVER;
	gn_group *g = gn_group_open(&(gn_group_opts){ .until = at });
	struct round r = { .last = gn_now(), .nothing = gn_chan_open(0, 1) };
	int result = 0;

	WANT(g && r.nothing);
	for (int i = 0; i < SLEEPERS && result == 0; i++)
		result = op_go(g, sorts[draw(SORTS)], &r);
	result = work_join(g, result);
	if (result == GN_ETIMEOUT)
		WANT_IS(kit_late(at), 0);
	gn_group_close(g);
	gn_chan_close(r.nothing);
	return result == GN_ETIMEOUT ? 0 : result;
}

static int client(void *arg)
{
	return work_repeat(arg, one_round);
}

int scene_timer(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	kit_patience(10 * GN_HOUR * 24);
	for (unsigned i = 0; i < HOSTS; i++)
		left[i] = (unsigned)draw_among(2, 4);
	kit_clients(HOSTS, client, left, sizeof *left);
	kit_power_cut();
	return kit_run();
}
