/*
 * local.c: Unix sockets among the fibers of a host: streams, datagrams and
 * packets, by paths and abstract names that two hosts have alike.  What is
 * sent comes, whole, once and in order; who begins anew finds its old paths.
 */
#include <string.h>

#include "flow.h"
#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define HOSTS 2
#define TALKERS 3
#define MESSAGE_MAX 3000

/* ---- streams */

static int take_stream(void *arg)
{
	gn_sock *s = arg;
	uint32_t number;
	ssize_t n = op_recv_exact(s, &number, sizeof number, work_idle());
	struct flow *f = NULL;

	if (n == sizeof number) {
		f = flow_of(number);
		do {
			n = flow_recv_some(f, s, work_idle());
		} while (n > 0);
	}
	/* The answer tells how much has come. */
	if (n == 0 && f)
		n = op_send(s, &f->got, sizeof f->got, work_idle());
	op_close(s);
	return (int)n;
}

static int send_stream(void)
{
	gn_sock *s = work_connect("unix:/run/streams", NULL);
	struct flow *f = flow_new();
	uint32_t number = flow_number(f);
	uint64_t got = 0;
	ssize_t n = s ? work_send(s, &number, sizeof number) : gn_code();

	for (uint64_t pieces = draw(12); n == 0 && pieces > 0; pieces--)
		n = flow_send_some(f, s, work_idle());
	if (n == 0)
		n = flow_finish(f, s, work_idle());
	if (n == 0)
		n = op_recv_exact(s, &got, sizeof got, work_idle());
	flow_close(f, s);
	if (n > 0)
		WANT_IS((long long)got, (long long)f->taken);
	return n > 0 ? 0 : n == 0 ? GN_EEND : (int)n;
}

/* ---- packets and letters: numbered, each of its own length */

struct message {
	uint32_t number, len;
	uint8_t bytes[MESSAGE_MAX];
};

#define HEAD offsetof(struct message, bytes)

static size_t fill(struct message *m, uint32_t key, uint32_t number)
{
	struct flow f = { .key = key };

	m->number = number;
	m->len = (key * 31 + number * 773) % MESSAGE_MAX;
	flow_fill(&f, number * MESSAGE_MAX, m->bytes, m->len);
	return HEAD + m->len;
}

/* A buffer that is too short gets the beginning, and is told the length. */
static void check(const struct message *m, ssize_t n, size_t room, uint32_t key,
		  uint32_t number)
{
	struct message expected;
	size_t len = fill(&expected, key, number);

	if (n == GN_ETRUNC) {
		WANT(len > room);
		WANT_IS((long long)gn_error_done(gn_error_last()),
			(long long)room);
		WANT_IS((long long)gn_error_need(gn_error_last()),
			(long long)len);
		len = room;
	} else {
		WANT_IS(n, (long long)len);
	}
	WANT(memcmp(m, &expected, len) == 0);
}

static int take_packets(void *arg)
{
	gn_sock *s = arg;
	struct message m;
	uint32_t number = 0;
	ssize_t n;

	for (;;) {
		size_t room = chance(8) ? HEAD : sizeof m;

		n = op_recv(s, &m, room, work_idle());
		if (n < 0 && n != GN_ETRUNC)
			break;
		check(&m, n, room, 7, number++);
	}
	if (n == GN_EEND)
		n = op_send(s, &number, sizeof number, work_idle());
	op_close(s);
	return (int)n;
}

static int send_packets(void)
{
	gn_sock *s = work_connect("unix-seqpacket:@packets", NULL);
	uint32_t count = (uint32_t)draw_among(3, 30), came = 0;
	struct message m;
	ssize_t n = s ? 0 : gn_code();

	for (uint32_t i = 0; n == 0 && i < count; i++) {
		size_t len = fill(&m, 7, i);

		do {
			n = op_send(s, &m, len, draw_until());
		} while (n == GN_ETIMEOUT);
	}
	if (n == 0)
		n = op_shutdown(s, work_idle());
	if (n == 0)
		n = op_recv(s, &came, sizeof came, work_idle());
	op_close(s);
	if (n > 0)
		WANT_IS(came, count);
	return n > 0 ? 0 : (int)n;
}

#define BOX "unix-dgram:/run/box"

/* Letters of several senders come to one box: of each in order. */
struct box {
	gn_sock *s;
	uint32_t next[TALKERS];
	uint32_t count[TALKERS];
	unsigned open; /* senders that are not done */
};

struct sender {
	struct box *box;
	uint32_t number;
};

static int send_letters(void *arg)
{
	struct sender *w = arg;
	struct message m;
	gn_sock *s = op_connect(BOX, NULL, work_idle());
	int result = s ? 0 : gn_code();

	for (uint32_t i = 0; result == 0 && i < w->box->count[w->number];) {
		size_t len = fill(&m, w->number, i);

		m.number |= w->number << 24;
		result = op_send(s, &m, len, draw_until());
		i += result == 0;
		if (result == GN_ETIMEOUT)
			result = 0;
		if (result == 0 && chance(6))
			result = kit_pause(GN_MSEC);
	}
	op_close(s);
	w->box->open--;
	return result;
}

static ssize_t take_letter(struct box *b)
{
	struct message m;
	gn_addr from;
	ssize_t n = op_recvfrom(b->s, &m, sizeof m, &from, work_idle());
	uint32_t sender;

	if (n < 0)
		return n;
	sender = m.number >> 24;
	WANT(sender < TALKERS);
	m.number &= 0xffffff;
	check(&m, n, sizeof m, sender, b->next[sender]++);
	WANT(b->next[sender] <= b->count[sender]);
	return n;
}

static bool has_all(const struct box *b)
{
	for (int i = 0; i < TALKERS; i++)
		if (b->next[i] < b->count[i])
			return false;
	return true;
}

static int exchange_letters(void)
{
	gn_group *g = gn_group_open(NULL);
	struct box b = { .s = op_bind(BOX, NULL), .open = TALKERS };
	struct sender w[TALKERS];
	ssize_t n = b.s ? 0 : gn_code();

	WANT(g);
	for (unsigned i = 0; i < TALKERS && n == 0; i++) {
		w[i] = (struct sender){ &b, i };
		b.count[i] = (uint32_t)draw_among(3, 20);
		n = op_go(g, send_letters, &w[i]);
	}
	while (n >= 0 && !has_all(&b)) {
		n = take_letter(&b);
		if (n >= 0 && chance(10))
			n = kit_pause(10 * GN_MSEC);
	}
	n = work_join(g, n < 0 ? (int)n : 0);
	gn_group_close(g);
	if (n >= 0) {
		char byte;

		WANT(op_recv(b.s, &byte, 1, GN_NOW) < 0);
	}
	op_close(b.s);
	return n < 0 ? (int)n : 0;
}

/* ---- a host: two that accept, and those that connect */

static int accept_streams(void *arg)
{
	(void)arg;
	return work_accept("unix:/run/streams", NULL, take_stream);
}

static int accept_packets(void *arg)
{
	(void)arg;
	return work_accept("unix-seqpacket:@packets", NULL, take_packets);
}

/* What a host has to do so many times. */
struct chore {
	unsigned left;
	int (*does)(void);
};

static struct chore chores[HOSTS][TALKERS];

static int do_chore(void *arg)
{
	struct chore *c = arg;

	return work_repeat(&c->left, c->does);
}

static int client(void *arg)
{
	gn_group *servers = gn_group_open(NULL);
	int result;

	WANT(servers);
	result = op_go(servers, accept_streams, NULL);
	if (result == 0)
		result = op_go(servers, accept_packets, NULL);
	if (result == 0)
		result = work_crowd(do_chore, TALKERS, arg,
				    sizeof(struct chore));
	gn_group_close(servers);
	return result;
}

int scene_local(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	flow_forget_all();
	for (unsigned i = 0; i < HOSTS; i++) {
		struct chore *c = chores[i];

		c[0] = (struct chore){ (unsigned)draw_among(1, 4),
				       send_stream };
		c[1] = (struct chore){ (unsigned)draw_among(1, 3),
				       send_packets };
		c[2] = (struct chore){ (unsigned)draw_among(1, 3),
				       exchange_letters };
	}
	kit_clients(HOSTS, client, chores, sizeof *chores);
	kit_trouble_inside();
	return kit_run();
}
