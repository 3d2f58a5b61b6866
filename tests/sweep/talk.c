/*
 * talk.c: talks and their numbers.
 */
#include "talk.h"

#include "kit.h"
#include "op.h"
#include "work.h"

#define TALKS_MAX 4000

/* Long enough for all that is said here, over the slowest link. */
#define LONGEST_NS (120 * GN_SEC)

static struct talk talks[TALKS_MAX];
static uint32_t talk_count;

void talk_forget_all(void)
{
	talk_count = 0;
}

struct talk *talk_new(void)
{
	struct talk *t = &talks[talk_count++];

	WANT(talk_count < TALKS_MAX);
	flow_begin(&t->there);
	flow_begin(&t->back);
	return t;
}

int talk_open(const struct talk *t, gn_sock *s)
{
	uint32_t number = (uint32_t)(t - talks);

	return work_send(s, &number, sizeof number);
}

int talk_hear(gn_sock *s, struct talk **t)
{
	uint32_t number;
	ssize_t n = op_recv_exact(s, &number, sizeof number, work_idle());

	if (n <= 0)
		return (int)n;
	WANT(number < talk_count);
	*t = &talks[number];
	return (int)n;
}

int talk_answer(gn_sock *s, int (*fn)(gn_sock *s, struct talk *t))
{
	struct talk *t;
	int result = talk_hear(s, &t);

	if (result <= 0) {
		op_close(s);
		return result;
	}
	result = fn(s, t);
	flow_close(&t->back, s);
	return result;
}

struct end {
	gn_sock *s;
	struct flow *own, *other;
};

static int say(void *arg)
{
	struct end *e = arg;

	return flow_say(e->own, e->s, gn_in(LONGEST_NS));
}

static int hear(void *arg)
{
	struct end *e = arg;

	return flow_hear(e->other, e->s, gn_in(LONGEST_NS));
}

int talk_at_once(gn_sock *s, struct flow *own, struct flow *other)
{
	struct end e = { s, own, other };
	int result = work_both(hear, say, &e);

	if (result == 0)
		WANT(other->ended);
	/* The other may have given up: what it had said came whole. */
	return result == 0 && other->got < other->total ? GN_ESHORT : result;
}
