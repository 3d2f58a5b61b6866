/*
 * chat.c: a room.  Whoever joins sees every message from then on, in the one
 * order in which the server took them down; each message is taken down once,
 * though its sender may have had to say it again on another connection.
 */
#include <string.h>

#include "kit.h"
#include "op.h"
#include "scene.h"
#include "work.h"

#define MESSAGES_MAX 14
#define HISTORY_MAX (KIT_CLIENTS_MAX * MESSAGES_MAX)

/* What goes out to all: its place in the history and what stands there. */
struct line {
	uint32_t place, from, number;
};

/* The first words of the server: where the history is, and how many messages
 * of this client stand in it. */
struct welcome {
	uint32_t place, accepted;
};

/* A connection in the room. */
struct member {
	gn_sock *s;
	gn_chan *outbox;
	gn_group *group;
	uint32_t client;
	bool late;
	struct member *next;
};

struct client {
	uint32_t count; /* messages it has to say */
	uint32_t said;	/* that came back to it */
};

static struct {
	struct line history[HISTORY_MAX];
	uint32_t length;
	uint32_t accepted[KIT_CLIENTS_MAX];
	struct member *members;
	struct client clients[KIT_CLIENTS_MAX];
	unsigned client_count;
} world;

/* ---- the server */

/* What was taken down goes out, though whoever said it is cancelled.  Who
 * cannot keep up is shown out, maybe who speaks. */
static void broadcast(const struct line *line)
{
	gn_shield(gn_in(1));
	for (struct member *m = world.members; m; m = m->next) {
		int result = gn_chan_send(m->outbox, line, GN_NOW);

		WANT(result == 0 || result == GN_ETIMEOUT || result == GN_EEND);
		m->late = m->late || result == GN_ETIMEOUT;
	}
	gn_unshield();
	for (struct member *m = world.members; m; m = m->next)
		if (m->late)
			gn_group_cancel(m->group);
}

static void take_down(uint32_t from, uint32_t number)
{
	struct line line = { world.length, from, number };

	if (number < world.accepted[from])
		return; /* said again: it stands there already */
	WANT_IS(number, world.accepted[from]);
	WANT(world.length < HISTORY_MAX);
	world.accepted[from]++;
	world.history[world.length++] = line;
	broadcast(&line);
}

static int listen_to(void *arg)
{
	struct member *m = arg;
	uint32_t number;
	ssize_t n;

	while ((n = op_recv_exact(m->s, &number, sizeof number,
				  gn_in(60 * GN_SEC))) > 0)
		take_down(m->client, number);
	gn_chan_end(m->outbox);
	return (int)n;
}

static int speak_to(void *arg)
{
	struct member *m = arg;
	struct line line;
	int result;

	while ((result = op_chan_recv(m->outbox, &line, GN_NEVER)) == 0) {
		result = op_send(m->s, &line, sizeof line, work_idle());
		if (result < 0)
			return result;
	}
	return result == GN_EEND ? op_shutdown(m->s, work_idle()) : result;
}

static void leave(struct member *m)
{
	struct member **at = &world.members;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
}

static int be_in_the_room(struct member *m)
{
	struct welcome hello = { world.length, world.accepted[m->client] };
	int result;

	m->next = world.members;
	world.members = m;
	result = op_send(m->s, &hello, sizeof hello, work_idle());
	if (result == 0)
		result = op_go(m->group, speak_to, m);
	if (result == 0)
		result = op_go(m->group, listen_to, m);
	result = work_join(m->group, result);
	leave(m);
	return result;
}

static int serve_client(void *arg)
{
	struct member m = { .s = arg,
			    .outbox = gn_chan_open(sizeof(struct line),
						   (size_t)draw_among(4, 40)),
			    .group = gn_group_open(NULL) };
	ssize_t n = op_recv_exact(m.s, &m.client, sizeof m.client, work_idle());

	WANT(m.outbox && m.group);
	if (n > 0) {
		WANT(m.client < world.client_count);
		n = be_in_the_room(&m);
	}
	gn_group_close(m.group);
	gn_chan_close(m.outbox);
	op_close(m.s);
	return (int)n;
}

static int server(void *arg)
{
	(void)arg;
	return work_accept("tcp://:194", NULL, serve_client);
}

/* ---- a client */

struct visit {
	gn_sock *s;
	struct client *c;
	uint32_t place; /* the next it will see */
	gn_chan *heard; /* one of its own has come */
};

/* Sees the history from its welcome on, without a gap, until it has seen the
 * last of its own. */
static int watch(struct visit *v)
{
	gn_time end = gn_in(60 * GN_SEC);
	struct line line;

	while (v->c->said < v->c->count) {
		ssize_t n = op_recv_exact(v->s, &line, sizeof line,
					  gn_time_earlier(end, draw_until()));

		if (n == GN_ETIMEOUT && gn_time_before(gn_now(), end))
			continue;
		if (n <= 0)
			return n == 0 ? GN_EEND : (int)n;
		WANT_IS(line.place, v->place++);
		WANT(line.place < world.length);
		WANT(memcmp(&line, &world.history[line.place], sizeof line) ==
		     0);
		if (line.from != (uint32_t)(v->c - world.clients))
			continue;
		WANT_IS(line.number, v->c->said++);
		if (op_chan_send(v->heard, NULL, work_idle()) < 0)
			return gn_code();
	}
	return 0;
}

/* Says one, and the next when it has come back; or two at once. */
static int say_all(void *arg)
{
	struct visit *v = arg;
	uint32_t next = v->c->said;
	int result = 0;

	while (result == 0 && next < v->c->count) {
		result = work_send(v->s, &next, sizeof next);
		if (result == 0 && next - v->c->said >= draw(2))
			result = op_chan_recv(v->heard, NULL, work_idle());
		if (result == 0 && chance(5))
			result = kit_pause(50 * GN_MSEC);
		next++;
	}
	return result;
}

static int talk(struct visit *v)
{
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	result = op_go(g, say_all, v);
	if (result == 0)
		result = watch(v);
	gn_group_close(g);
	return result;
}

static int visit(void *arg)
{
	struct client *c = arg;
	struct visit v = { .s = work_connect("tcp://server:194", NULL),
			   .c = c,
			   .heard = gn_chan_open(0, MESSAGES_MAX) };
	uint32_t who = (uint32_t)(c - world.clients);
	struct welcome hello;
	int result = v.s ? work_send(v.s, &who, sizeof who) : gn_code();
	ssize_t n = result;

	WANT(v.heard);
	if (result == 0)
		n = op_recv_exact(v.s, &hello, sizeof hello, work_idle());
	if (n > 0) {
		WANT(hello.place <= world.length);
		WANT(hello.accepted >= c->said && hello.accepted <= c->count);
		c->said = hello.accepted;
		v.place = hello.place;
		result = talk(&v);
	}
	gn_chan_close(v.heard);
	op_close(v.s);
	return n > 0 ? result : n == 0 ? GN_EEND : (int)n;
}

static bool has_said_all(const void *arg)
{
	const struct client *c = arg;

	return c->said == c->count;
}

static int client(void *arg)
{
	return work_until(has_said_all, visit, arg);
}

/* Each message of each client stands in the history, in the order in which
 * that client said them. */
static void check_history(void)
{
	uint32_t next[KIT_CLIENTS_MAX] = { 0 };

	for (uint32_t i = 0; i < world.length; i++) {
		const struct line *l = &world.history[i];

		WANT_IS(l->place, i);
		WANT_IS(l->number, next[l->from]++);
	}
	for (unsigned i = 0; i < world.client_count; i++)
		WANT_IS(next[i], world.clients[i].count);
}

int scene_chat(gn_sim *sim, void *arg)
{
	int result;

	(void)arg;
	memset(&world, 0, sizeof world);
	kit_begin(sim);
	world.client_count = (unsigned)draw_among(2, KIT_CLIENTS_MAX);
	kit_server("server", server, NULL);
	for (unsigned i = 0; i < world.client_count; i++)
		world.clients[i].count = (uint32_t)draw_among(8, MESSAGES_MAX);
	kit_clients(world.client_count, client, world.clients,
		    sizeof *world.clients);
	kit_trouble();
	result = kit_run();
	check_history();
	return result;
}
