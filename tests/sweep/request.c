/*
 * request.c: requests with deadlines, asked again until they are answered, and
 * a server that carries out each of them once.
 */
#include <string.h>

#include "flow.h"
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS_MAX 3
#define FIBERS 2
#define ASKERS_MAX (HOSTS_MAX * FIBERS)
#define NUMBERS_MAX 16
#define PAYLOAD_MAX 2000

struct head {
	uint32_t asker, number, len;
};

/* What the server knows for good of a request, and its client of it. */
struct request {
	struct flow question, answer; /* only their bytes are used */
	uint32_t question_len, answer_len;
	bool carried_out, answered;
};

struct asker {
	struct request requests[NUMBERS_MAX];
	uint32_t count, next;
};

static struct {
	struct asker askers[ASKERS_MAX];
	unsigned asker_count;
} world;

/* ---- the server */

static int answer(gn_sock *s, const struct head *h)
{
	struct request *r = &world.askers[h->asker].requests[h->number];
	struct head reply = { h->asker, h->number, r->answer_len };
	uint8_t payload[PAYLOAD_MAX];
	struct iovec v[] = { { &reply, sizeof reply }, { payload, reply.len } };

	r->carried_out = true;
	flow_fill(&r->answer, 0, payload, reply.len);
	if (chance(6) && kit_pause(300 * GN_MSEC) < 0)
		return gn_code();
	return op_sendv(s, v, 2, work_idle());
}

static void check_question(const struct head *h, const uint8_t *payload)
{
	const struct asker *a;
	const struct request *r;

	WANT(h->asker < world.asker_count);
	a = &world.askers[h->asker];
	WANT(h->number <= a->next && h->number < a->count);
	r = &a->requests[h->number];
	WANT_IS(h->len, r->question_len);
	flow_check(&r->question, 0, payload, h->len);
}

static int serve_client(void *arg)
{
	uint8_t payload[PAYLOAD_MAX];
	gn_sock *s = arg;
	struct head h;
	ssize_t n;

	while ((n = op_recv_exact(s, &h, sizeof h, work_idle())) > 0) {
		WANT(h.len >= 1 && h.len <= PAYLOAD_MAX);
		n = op_recv_exact(s, payload, h.len, work_idle());
		if (n <= 0)
			break;
		check_question(&h, payload);
		n = answer(s, &h);
		if (n < 0)
			break;
	}
	op_close(s);
	return (int)n;
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:80?nodelay=off", NULL, serve_client);
}

/* ---- who asks */

/* A connection and the answer that is on its way in. */
struct line {
	gn_sock *s;
	struct head head;
	bool has_head;
};

static int ask(struct line *l, const struct asker *a)
{
	const struct request *r = &a->requests[a->next];
	struct head h = { (uint32_t)(a - world.askers), a->next,
			  r->question_len };
	uint8_t message[sizeof h + PAYLOAD_MAX];

	memcpy(message, &h, sizeof h);
	flow_fill(&r->question, 0, message + sizeof h, h.len);
	return work_send(l->s, message, sizeof h + h.len);
}

/* Takes one answer: a deadline loses nothing of it, nor of its place. */
static ssize_t take_answer(struct line *l, struct asker *a, gn_time until)
{
	uint8_t payload[PAYLOAD_MAX];
	struct request *r;
	ssize_t n = 1;

	if (!l->has_head)
		n = op_recv_exact(l->s, &l->head, sizeof l->head, until);
	if (n <= 0)
		return n;
	l->has_head = true;
	WANT_IS(l->head.asker, a - world.askers);
	WANT(l->head.number <= a->next);
	r = &a->requests[l->head.number];
	WANT(r->carried_out);
	WANT_IS(l->head.len, r->answer_len);
	n = op_recv_exact(l->s, payload, l->head.len, until);
	if (n <= 0)
		return n;
	l->has_head = false;
	flow_check(&r->answer, 0, payload, l->head.len);
	r->answered = true;
	return n;
}

/* Asks, and asks again on the same connection when the answer is late; an
 * answer that comes twice is passed over. */
static int get_answer(struct line *l, struct asker *a)
{
	gn_time end = work_idle();
	int result = ask(l, a);

	while (result == 0 && !a->requests[a->next].answered) {
		ssize_t n =
			take_answer(l, a, gn_time_earlier(end, draw_until()));

		if (n == 0)
			return GN_EEND;
		if (n < 0 && n != GN_ETIMEOUT)
			return (int)n;
		if (!gn_time_before(gn_now(), end))
			return GN_ETIMEOUT;
		if (n == GN_ETIMEOUT && chance(4))
			result = ask(l, a);
	}
	return result;
}

static int talk(void *arg)
{
	struct asker *a = arg;
	struct line l = { .s = work_connect("tcp://server:80", NULL) };
	int result = l.s ? 0 : gn_code();

	while (result == 0 && a->next < a->count) {
		result = get_answer(&l, a);
		a->next += result == 0;
	}
	op_close(l.s);
	return result;
}

static bool has_all(const void *arg)
{
	const struct asker *a = arg;

	return a->next == a->count;
}

static int asker(void *arg)
{
	return work_until(has_all, talk, arg);
}

/* Some on a host. */
static int client(void *arg)
{
	return work_crowd(asker, FIBERS, arg, sizeof(struct asker));
}

static void add_asker(void)
{
	struct asker *a = &world.askers[world.asker_count++];

	*a = (struct asker){ .count = (uint32_t)draw_among(3, NUMBERS_MAX) };
	for (uint32_t i = 0; i < a->count; i++) {
		struct request *r = &a->requests[i];

		flow_begin(&r->question);
		flow_begin(&r->answer);
		r->question_len = (uint32_t)draw_among(1, PAYLOAD_MAX);
		r->answer_len = (uint32_t)draw_among(1, PAYLOAD_MAX);
	}
}

int scene_request(gn_sim *sim, void *arg)
{
	unsigned hosts;
	int result;

	(void)arg;
	kit_begin(sim);
	world.asker_count = 0;
	hosts = (unsigned)draw_among(2, HOSTS_MAX);
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < hosts * FIBERS; i++)
		add_asker();
	kit_clients(hosts, client, world.askers, FIBERS * sizeof *world.askers);
	kit_trouble();
	result = kit_run();
	for (unsigned i = 0; i < world.asker_count; i++)
		for (uint32_t k = 0; k < world.askers[i].count; k++)
			WANT(world.askers[i].requests[k].answered);
	return result;
}
