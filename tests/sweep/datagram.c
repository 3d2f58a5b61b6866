/*
 * datagram.c: questions and answers by datagrams, asked again until the answer
 * comes.  Each that arrives was sent, byte by byte; it may come late, or not
 * at all.  In some runs bits are turned on the way: then a checksum tells, as
 * it has to in whatever trusts no network.
 */
#include <string.h>

#include "flow.h"
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define FIBERS 2
#define QUESTIONS_MAX 20
#define BYTES_MAX 1400
#define SERVERS 2

struct head {
	uint32_t sum; /* over all that follows */
	uint32_t asker, number, answer, len;
};

struct message {
	struct head head;
	uint8_t bytes[BYTES_MAX];
};

/* One that asks: how often each message went out, and came in. */
struct asker {
	const char *address;
	unsigned count, next;
	unsigned asked[QUESTIONS_MAX], heard[QUESTIONS_MAX];
	unsigned answered[QUESTIONS_MAX], came[QUESTIONS_MAX];
};

static struct {
	struct asker askers[KIT_CLIENTS_MAX * FIBERS];
	unsigned asker_count;
	bool garbles; /* this network turns bits */
} world;

/* FNV-1a: whatever becomes of one byte, the sum is another. */
static uint32_t sum_of(const struct message *m, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)m;
	uint32_t sum = 2166136261;

	for (size_t i = sizeof m->head.sum; i < len; i++)
		sum = (sum ^ bytes[i]) * 16777619;
	return sum;
}

/* Its length and its bytes follow from what it is. */
static size_t fill(struct message *m, uint32_t asker, uint32_t number,
		   uint32_t answer)
{
	struct flow f = { .key = asker * 1000 + number * 2 + answer };

	size_t len = (asker * 131 + number * 977) % BYTES_MAX;

	m->head = (struct head){ 0, asker, number, answer, (uint32_t)len };
	flow_fill(&f, 0, m->bytes, len);
	len += sizeof m->head;
	m->head.sum = sum_of(m, len);
	return len;
}

/* Whether it came as it was sent; one that did not is passed over. */
static bool is_whole(const struct message *m, size_t len)
{
	bool whole = len >= sizeof m->head && m->head.sum == sum_of(m, len);

	WANT(whole || world.garbles);
	return whole;
}

static const struct head *check(const struct message *m, ssize_t n,
				uint32_t answer)
{
	struct message expected;

	WANT(m->head.asker < world.asker_count);
	WANT(m->head.number < world.askers[m->head.asker].count);
	WANT_IS((long long)fill(&expected, m->head.asker, m->head.number,
				answer),
		n);
	WANT(memcmp(m, &expected, (size_t)n) == 0);
	return &m->head;
}

/* ---- servers: one host has two, at two ports */

static int answer(gn_sock *s)
{
	const struct head *h;
	struct message m;
	struct asker *a;
	gn_addr from;
	ssize_t n = op_recvfrom(s, &m, sizeof m, &from, GN_NEVER);

	if (n < 0 || !is_whole(&m, (size_t)n))
		return n < 0 ? (int)n : 0;
	h = check(&m, n, 0);
	a = &world.askers[h->asker];
	WANT(a->asked[h->number] > 0);
	a->heard[h->number]++;
	n = (ssize_t)fill(&m, h->asker, h->number, 1);
	a->answered[m.head.number]++;
	return op_sendto(s, &m, (size_t)n, &from, work_idle());
}

static int serve(void *arg)
{
	const char *const *address = arg;
	gn_sock *s = NULL;
	int result = 0;

	while (!s && result != GN_ECANCELED) {
		s = op_bind(*address, NULL);
		result = s ? 0 : op_sleep(gn_in(100 * GN_MSEC));
	}
	while (result != GN_ECANCELED)
		result = answer(s);
	op_close(s);
	return result;
}

static int server(void *arg)
{
	static const char *addresses[SERVERS] = { "udp://:53", "udp4://:54" };

	(void)arg;
	return work_crowd(serve, SERVERS, addresses, sizeof *addresses);
}

/* ---- who asks */

/* Any answer to a question of its own, however late. */
static ssize_t hear(gn_sock *s, struct asker *a, gn_time until)
{
	struct message m;
	const struct head *h;
	ssize_t n = chance(4) ? op_wait(s, until) : 0;

	if (n == 0)
		n = op_recv(s, &m, sizeof m, until);
	if (n < 0 || !is_whole(&m, (size_t)n))
		return n < 0 ? n : 0;
	h = check(&m, n, 1);
	WANT_IS(h->asker, a - world.askers);
	WANT(h->number <= a->next);
	WANT(a->answered[h->number] > 0);
	a->came[h->number]++;
	if (h->number == a->next)
		a->next++;
	return 0;
}

/* A host that is down, or has nobody there yet, may refuse. */
static bool passes(int code)
{
	return code == GN_ETIMEOUT || code == GN_EREFUSED ||
	       code == GN_EUNREACH || code == GN_ELIMIT || code == GN_ENOMEM;
}

static int ask(gn_sock *s, struct asker *a)
{
	struct message m;
	size_t len = fill(&m, (uint32_t)(a - world.askers), a->next, 0);
	unsigned number = a->next;
	gn_time until = gn_in(draw_ns(2 * GN_SEC));
	ssize_t n;

	a->asked[number]++;
	n = op_send(s, &m, len, until);
	while (n == 0 && a->next == number)
		n = hear(s, a, until);
	return passes((int)n) ? 0 : (int)n;
}

static int talk(struct asker *a)
{
	gn_sock *s = op_connect(a->address, NULL, work_idle());
	int result = s ? 0 : gn_code();
	bool goes_on = true;

	while (goes_on && result == 0 && a->next < a->count) {
		result = ask(s, a);
		goes_on = !chance(8);
	}
	op_close(s);
	return passes(result) ? 0 : result;
}

static int asker(void *arg)
{
	struct asker *a = arg;
	int result = 0;

	while (a->next < a->count && result == 0) {
		result = talk(a);
		if (result == 0)
			result = op_sleep(gn_in(GN_MSEC));
	}
	return result;
}

static int client(void *arg)
{
	return work_crowd(asker, FIBERS, arg, sizeof(struct asker));
}

/* It asks one address only: each of them has to answer. */
static void begin_asker(struct asker *a)
{
	static const char *const addresses[] = { "udp://server:53",
						 "udp4://server:53",
						 "udp6://server:53",
						 "udp4://server:54" };

	*a = (struct asker){ .address = addresses[draw(4)] };
	a->count = (unsigned)draw_among(8, QUESTIONS_MAX);
}

int scene_datagram(gn_sim *sim, void *arg)
{
	unsigned hosts;

	(void)arg;
	kit_begin(sim);
	hosts = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	world.asker_count = hosts * FIBERS;
	world.garbles = chance(2);
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < hosts * FIBERS; i++)
		begin_asker(&world.askers[i]);
	kit_clients(hosts, client, world.askers, FIBERS * sizeof *world.askers);
	if (world.garbles)
		WANT_IS(gn_sim_fault(sim, "corrupt=5%"), 0);
	kit_trouble();
	return kit_run();
}
