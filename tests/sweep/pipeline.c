/*
 * pipeline.c: lines of text, sent ahead of their answers: gathered, corked, in
 * pieces; answered in order, by a server that reads them in each way there is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define CLIENTS_MAX 3
#define LINES_MAX 60
#define LINE_MAX 200
#define END "\r\n"
#define END_LEN (sizeof END - 1)

/* How the server takes the lines of a connection. */
enum taking {
	BY_LINE,
	BY_DELIMITER,
	BY_TEXT,
	TAKINGS
};

struct client {
	uint32_t lines, answered;
};

static struct {
	struct client clients[CLIENTS_MAX];
	unsigned client_count;
} world;

/* Line number n of a client, without its line feed: some text of characters
 * that take one to four bytes each. */
static size_t write_line(unsigned client, uint32_t n, char line[LINE_MAX])
{
	static const char *const marks[] = { "a", "й", "€", "🐦" };
	size_t len =
		(size_t)snprintf(line, LINE_MAX, "%u %" PRIu32 " ", client, n);
	uint32_t x = client * 7919 + n * 104729 + 1;

	for (uint32_t k = x % 40; k > 0; k--) {
		const char *mark = marks[(x = x * 1103515245 + 12345) >> 30];

		len += (size_t)snprintf(line + len, LINE_MAX - len, "%s", mark);
	}
	return len;
}

static void check_line(unsigned client, uint32_t n, const char *line,
		       size_t len)
{
	char expected[LINE_MAX];

	WANT_IS((long long)len, (long long)write_line(client, n, expected));
	WANT(memcmp(line, expected, len) == 0);
}

/* ---- the server */

struct reading {
	gn_sock *s;
	unsigned client;
	uint32_t next;
};

static int answer(struct reading *r)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%" PRIu32 "\n", r->next++);

	return op_send(r->s, text, (size_t)len, work_idle());
}

/* One line by its delimiter; 1, or what a receive gives at the end. */
static ssize_t take_line(struct reading *r, bool by_line)
{
	char line[LINE_MAX + sizeof END];
	ssize_t n;

	if (by_line)
		n = op_recv_line(r->s, line, sizeof line, work_idle());
	else
		n = op_recv_until(r->s, line, sizeof line, END, work_idle());
	if (n < 0)
		return n == GN_EEND ? 0 : n;
	if (!by_line)
		n -= (ssize_t)END_LEN;
	check_line(r->client, r->next, line, (size_t)n);
	return answer(r) < 0 ? gn_code() : 1;
}

/* Whatever came: a part of a line is kept until its end comes. */
struct text {
	char kept[LINE_MAX + sizeof END];
	size_t len;
};

static int take_rest(struct reading *r, struct text *t, const char *at)
{
	for (; *at; at++) {
		WANT(t->len < sizeof t->kept);
		t->kept[t->len++] = *at;
		if (*at != '\n')
			continue;
		check_line(r->client, r->next, t->kept, t->len - END_LEN);
		t->len = 0;
		if (answer(r) < 0)
			return gn_code();
	}
	return 1;
}

static ssize_t take_text(struct reading *r, struct text *t)
{
	char text[64];
	ssize_t n = op_recv_text(r->s, text, sizeof text - (size_t)draw(60),
				 work_idle());

	if (n <= 0)
		return n;
	WANT_IS((long long)strlen(text), n);
	WANT_IS((long long)gn_utf8_whole(text, (size_t)n, NULL), n);
	return take_rest(r, t, text);
}

static ssize_t take_all(struct reading *r, enum taking taking)
{
	struct text t = { .len = 0 };
	ssize_t n;

	do {
		n = taking == BY_TEXT ? take_text(r, &t)
				      : take_line(r, taking == BY_LINE);
		if (n > 0 && chance(16) && kit_pause(20 * GN_MSEC) < 0)
			return gn_code();
	} while (n > 0);
	return n;
}

/* The first line tells who it is, and from which line on. */
static int serve_client(void *arg)
{
	struct reading r = { .s = arg };
	char hello[64];
	unsigned taking;
	ssize_t n = op_recv_line(r.s, hello, sizeof hello, work_idle());

	if (n >= 0) {
		WANT(sscanf(hello, "%u %" SCNu32 " %u", &r.client, &r.next,
			    &taking) == 3);
		WANT(r.client < world.client_count && taking < TAKINGS);
		n = take_all(&r, taking);
	}
	if (n == 0)
		n = op_shutdown(r.s, work_idle());
	op_close(r.s);
	return (int)n;
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:23", NULL, serve_client);
}

/* ---- a client: one fiber writes, another reads */

struct talk {
	gn_sock *s;
	struct client *c;
	uint32_t sent;
};

static size_t write_next(struct talk *t, char line[LINE_MAX + sizeof END])
{
	size_t len =
		write_line((unsigned)(t->c - world.clients), t->sent++, line);

	memcpy(line + len, END, sizeof END);
	return len + END_LEN;
}

static int send_line(struct talk *t)
{
	char line[LINE_MAX + sizeof END];
	size_t len = write_next(t, line);

	return work_send(t->s, line, len);
}

/* Several at once, from pieces. */
static int send_lines(struct talk *t)
{
	char lines[3][LINE_MAX + sizeof END];
	struct iovec v[3];
	int count = 0;

	for (; count < 3 && t->sent < t->c->lines; count++)
		v[count] = (struct iovec){ lines[count],
					   write_next(t, lines[count]) };
	return op_sendv(t->s, v, count, work_idle());
}

static int write_lines(void *arg)
{
	struct talk *t = arg;
	int result = 0;

	while (result == 0 && t->sent < t->c->lines) {
		uint64_t way = draw(5);

		if (way == 4)
			gn_cork(t->s);
		result = way == 3 ? send_lines(t) : send_line(t);
		if (result == 0 && way == 2)
			result = op_flush(t->s, work_idle());
		if (result == 0 && chance(10))
			result = kit_pause(30 * GN_MSEC);
	}
	return result < 0 ? result : op_shutdown(t->s, work_idle());
}

static int read_answers(void *arg)
{
	struct talk *t = arg;
	gn_time end = gn_in(60 * GN_SEC);
	char text[32];

	for (;;) {
		ssize_t n = op_recv_line(t->s, text, sizeof text,
					 gn_time_earlier(end, draw_until()));

		if (n == GN_ETIMEOUT && gn_time_before(gn_now(), end))
			continue;
		if (n == GN_EEND)
			return 0;
		if (n < 0)
			return (int)n;
		WANT_IS((long long)strtoul(text, NULL, 10), t->c->answered);
		t->c->answered++;
		WANT(t->c->answered <= t->sent);
	}
}

static int say_hello(const struct talk *t)
{
	char hello[64];
	int len = snprintf(hello, sizeof hello, "%u %" PRIu32 " %u\n",
			   (unsigned)(t->c - world.clients), t->c->answered,
			   (unsigned)draw(TAKINGS));

	return work_send(t->s, hello, (size_t)len);
}

static int talk(void *arg)
{
	struct client *c = arg;
	struct talk t = { work_connect("tcp://server:23", NULL), c,
			  c->answered };
	int result = t.s ? say_hello(&t) : gn_code();

	if (result == 0)
		result = work_both(write_lines, read_answers, &t);
	op_close(t.s);
	/* A server that gave up has ended its sending in order too. */
	return result == 0 && c->answered < c->lines ? GN_ESHORT : result;
}

static bool has_all(const void *arg)
{
	const struct client *c = arg;

	return c->answered == c->lines;
}

static int client(void *arg)
{
	return work_until(has_all, talk, arg);
}

int scene_pipeline(gn_sim *sim, void *arg)
{
	(void)arg;
	kit_begin(sim);
	world.client_count = (unsigned)draw_among(2, CLIENTS_MAX);
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < world.client_count; i++)
		world.clients[i] = (struct client){
			.lines = (uint32_t)draw_among(15, LINES_MAX)
		};
	kit_clients(world.client_count, client, world.clients,
		    sizeof *world.clients);
	kit_trouble();
	return kit_run();
}
