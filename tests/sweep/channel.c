/*
 * channel.c: items through channels: several that send, several that receive,
 * some that select, deadlines and cancels in between.  Each item comes once,
 * and those of one sender in order.
 */
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS 2
#define MAKERS 3
#define TAKERS 3
#define ITEMS_MAX 30
#define CHANS 2

struct item {
	uint32_t maker, number;
};

/* What a host passes on, in one round. */
struct belt {
	gn_chan *chans[CHANS];
	uint32_t made[MAKERS][CHANS];  /* that were sent */
	uint32_t taken[MAKERS][CHANS]; /* how many came */
	bool seen[MAKERS][CHANS][ITEMS_MAX * 2];
	unsigned makers; /* that are not done */
};

static unsigned left[HOSTS]; /* rounds to do */

struct hand {
	struct belt *belt;
	uint32_t number;
};

/* ---- making */

static int send_one(struct belt *b, uint32_t maker)
{
	uint32_t chan = (uint32_t)draw(CHANS);
	struct item item = { maker, b->made[maker][chan] };
	int result = op_chan_send(b->chans[chan], &item, draw_until());

	b->made[maker][chan] += result == 0;
	return result;
}

/* To whichever of them has room first. */
static int send_any(struct belt *b, uint32_t maker)
{
	struct item items[CHANS];
	gn_chan_case cases[CHANS];
	int chosen;

	for (uint32_t i = 0; i < CHANS; i++) {
		items[i] = (struct item){ maker, b->made[maker][i] };
		cases[i] = (gn_chan_case){ b->chans[i], &items[i], NULL };
	}
	chosen = op_chan_select(cases, CHANS, draw_until());
	if (chosen >= 0)
		b->made[maker][chosen]++;
	return chosen;
}

static int make(void *arg)
{
	struct hand *h = arg;
	struct belt *b = h->belt;
	int result = 0;

	for (uint64_t n = draw_among(8, ITEMS_MAX); n > 0; n--) {
		result = chance(3) ? send_any(b, h->number)
				   : send_one(b, h->number);
		if (result < 0 && result != GN_ETIMEOUT)
			break;
		if (chance(5))
			result = kit_pause(3 * GN_MSEC);
	}
	if (--b->makers == 0)
		for (int i = 0; i < CHANS; i++)
			gn_chan_end(b->chans[i]);
	return result == GN_ECANCELED ? result : 0;
}

/* ---- taking */

static void note(struct belt *b, int chan, const struct item *item)
{
	bool *seen;

	WANT(item->maker < MAKERS && item->number < ITEMS_MAX * 2);
	seen = &b->seen[item->maker][chan][item->number];
	WANT(!*seen);
	*seen = true;
	b->taken[item->maker][chan]++;
}

/* One fiber takes of one channel: the order is the senders'. */
static int take_in_order(struct belt *b)
{
	uint32_t next[MAKERS] = { 0 };
	struct item item;
	int result;

	while ((result = op_chan_recv(b->chans[0], &item, draw_until())) == 0 ||
	       result == GN_ETIMEOUT) {
		if (result < 0)
			continue;
		note(b, 0, &item);
		WANT_IS(item.number, next[item.maker]++);
		if (chance(6) && kit_pause(2 * GN_MSEC) < 0)
			return gn_code();
	}
	return result;
}

/* Several take of the other: who comes first, with a channel beside it in
 * which nothing ever is. */
static int take_some(struct belt *b, gn_chan *nothing)
{
	struct item item;
	gn_chan_case cases[] = { { nothing, NULL, &item },
				 { b->chans[1], NULL, &item } };
	int result;

	do {
		result = op_chan_select(cases, 2, draw_until());
		if (result >= 0) {
			WANT_IS(result, 1);
			note(b, 1, &item);
		}
	} while (result >= 0 || result == GN_ETIMEOUT);
	if (result == GN_EEND)
		WANT_IS((long long)gn_error_need(gn_error_last()), 1);
	return result;
}

static int take(void *arg)
{
	struct hand *h = arg;
	gn_chan *nothing = gn_chan_open(sizeof(struct item), 1);
	int result;

	WANT(nothing);
	result = h->number == 0 ? take_in_order(h->belt)
				: take_some(h->belt, nothing);
	gn_chan_close(nothing);
	return result == GN_EEND ? 0 : result;
}

/* ---- a round */

static void want_all(const struct belt *b)
{
	for (int m = 0; m < MAKERS; m++)
		for (int c = 0; c < CHANS; c++)
			WANT_IS(b->taken[m][c], b->made[m][c]);
}

/* One for each hand: those that take come first. */
static int put_to_work(struct belt *b, gn_group *g, struct hand *hands)
{
	int result = 0;

	for (uint32_t i = 0; i < TAKERS + MAKERS && result == 0; i++) {
		bool takes = i < TAKERS;

		hands[i] = (struct hand){ b, takes ? i : i - TAKERS };
		result = op_go(g, takes ? take : make, &hands[i]);
	}
	return result;
}

static int one_round(void)
{
	gn_group *g = gn_group_open(NULL);
	struct belt b = { .makers = MAKERS };
	struct hand hands[TAKERS + MAKERS];
	int result;

	WANT(g);
	for (int i = 0; i < CHANS; i++) {
		b.chans[i] = gn_chan_open(sizeof(struct item),
					  (size_t)draw_among(1, 5));
		WANT(b.chans[i]);
	}
	result = put_to_work(&b, g, hands);
	if (result == 0)
		result = op_group_wait(g, chance(4) ? draw_until() : GN_NEVER);
	gn_group_close(g);
	if (result == 0)
		want_all(&b);
	for (int i = 0; i < CHANS; i++)
		gn_chan_close(b.chans[i]);
	return result;
}

static int client(void *arg)
{
	return work_repeat(arg, one_round);
}

int scene_channel(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	for (unsigned i = 0; i < HOSTS; i++)
		left[i] = (unsigned)draw_among(2, 3);
	kit_clients(HOSTS, client, left, sizeof *left);
	kit_power_cut();
	return kit_run();
}
