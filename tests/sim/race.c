/*
 * race.c: two things that come at one instant, a completion and what gives it
 * up.  Over the seeds both orders come; in each there is exactly one outcome,
 * and no byte, message, connection or descriptor is lost or doubled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "stage.h"

#define SEEDS 300
#define LINK_NS GN_MSEC

static gn_group *open_group(void)
{
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	return g;
}

/* How often each outcome came, over the seeds. */
static int won, lost;

static void want_both_orders(void)
{
	printf("# %d completed, %d were given up\n", won, lost);
	WANT(won > 0);
	WANT(lost > 0);
}

/* ---- the two ends of each trial */

/* What is given up, and how. */
struct racer {
	gn_sock *s, *l;
	gn_addr to;
	gn_time until;
	ssize_t result;
	char got[64];
	int (*run)(struct racer *r);
};

/* Bytes that come at the instant, all in one. */
#define TEXT "0123456789"
#define LEN (sizeof TEXT - 1)

static int race_fiber(void *arg)
{
	struct racer *r = arg;

	return r->run(r);
}

/* Runs a racer and cancels it at an instant, or right before or after it. */
static void cancel_at(struct racer *r, gn_time at)
{
	gn_group *g = open_group();

	at = gn_time_add(at, (int64_t)(trial_seed % 3) - 1);
	r->until = GN_NEVER;
	WANT_IS(gn_go(g, race_fiber, r), 0);
	WANT_IS(gn_sleep(at), 0);
	gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
}

/* ---- receiving */

static int recv_some(struct racer *r)
{
	r->result = gn_recv(r->s, r->got, LEN, r->until);
	return 0;
}

static int recv_exact(struct racer *r)
{
	r->result = gn_recv_exact(r->s, r->got, LEN, r->until);
	return 0;
}

static int recv_line(struct racer *r)
{
	r->result = gn_recv_line(r->s, r->got, sizeof r->got, r->until);
	return 0;
}

static int wait_first(struct racer *r)
{
	r->result = gn_wait(r->s, r->until);
	return 0;
}

static int (*const receivers[])(struct racer *r) = { recv_some, recv_exact,
						     recv_line, wait_first };

#define RECEIVERS (sizeof receivers / sizeof *receivers)

/* Whatever came of it: the rest of the bytes is still in the socket. */
static void want_rest(struct racer *r)
{
	size_t had = r->result > 0 ? (size_t)r->result : 0;

	if (r->result > 0 && r->run == wait_first)
		had = 0;
	WANT(had <= LEN);
	if (had < LEN)
		WANT_IS(gn_recv_exact(r->s, r->got + had, LEN - had, SOON),
			(long long)(LEN - had));
	WANT(memcmp(r->got, TEXT, LEN) == 0);
	if (r->run != recv_line || r->result < 0)
		WANT_IS(gn_recv(r->s, r->got, 1, SOON), 1);
	WANT_IS(gn_recv(r->s, r->got, 1, SOON), 0);
	if (r->result >= 0)
		won++;
	else
		lost++;
}

static gn_time arrival; /* of the bytes at the client */

static int send_at_an_instant(void *arg)
{
	gn_sock *l = gn_listen("tcp://:7", NULL), *c;

	(void)arg;
	WANT(l);
	c = gn_accept(l, SOON);
	WANT(c);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	WANT_IS(gn_send(c, TEXT "\n", LEN + 1, SOON), 0);
	gn_close(c);
	gn_close(l);
	return 0;
}

static int (*now_runs)(struct racer *r);

/* The server accepts half a round trip after the connect is done. */
static gn_sock *connect_to_server(void)
{
	gn_sock *s;

	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	s = gn_connect("tcp4://server:7", NULL, SOON);
	WANT(s);
	arrival = gn_in(LINK_NS + GN_SEC + LINK_NS);
	return s;
}

static int be_cancelled_receiving(void *arg)
{
	struct racer r = { .s = connect_to_server(), .run = now_runs };

	(void)arg;
	cancel_at(&r, arrival);
	WANT(r.result >= 0 || r.result == GN_ECANCELED);
	want_rest(&r);
	gn_close(r.s);
	return 0;
}

static int meet_the_deadline_receiving(void *arg)
{
	struct racer r = { .s = connect_to_server(), .run = now_runs };

	(void)arg;
	r.until = arrival;
	WANT_IS(r.run(&r), 0);
	WANT_IS(gn_since(arrival), 0);
	WANT(r.result >= 0 || r.result == GN_ETIMEOUT);
	want_rest(&r);
	gn_close(r.s);
	return 0;
}

static gn_fiber_fn *now_client;

static void against_a_sender(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = send_at_an_instant },
		{ .name = "client", .fn = now_client },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void all_receivers(gn_fiber_fn *client)
{
	now_client = client;
	for (size_t i = 0; i < RECEIVERS; i++) {
		now_runs = receivers[i];
		stage_seeds(SEEDS, against_a_sender);
	}
}

static void cancel_meets_bytes(void)
{
	all_receivers(be_cancelled_receiving);
	want_both_orders();
}

static void deadline_meets_bytes(void)
{
	all_receivers(meet_the_deadline_receiving);
	printf("# %d completed, %d met their deadline\n", won, lost);
	WANT(won > 0);
}

static void cancel_meets_bytes_without_standing_operations(void)
{
	WANT(setenv("GNEZDO_OFF", "multishot", 1) == 0);
	cancel_meets_bytes();
}

/* "Bytes that come at that instant win": where nothing else happens then. */
static void bytes_win_over_a_deadline(void)
{
	now_client = meet_the_deadline_receiving;
	now_runs = recv_some;
	stage_seeds(SEEDS, against_a_sender);
	WANT_IS(lost, 0);
}

/* ---- what is here is taken with GN_NOW */

/* By one call or several, whatever the bytes were cut into. */
static void take_all(gn_sock *s, char *got, size_t len)
{
	for (size_t had = 0; had < len;) {
		ssize_t n = gn_recv(s, got + had, len - had, GN_NOW);

		WANT(n > 0);
		had += (size_t)n;
	}
}

static void take_exactly(gn_sock *s, char *got, size_t len)
{
	WANT_IS(gn_recv_exact(s, got, len, GN_NOW), (long long)len);
}

static void wait_and_take(gn_sock *s, char *got, size_t len)
{
	WANT_IS(gn_wait(s, GN_NOW), 0);
	take_all(s, got, len);
}

static void (*const takers[])(gn_sock *s, char *got, size_t len) = {
	take_all, take_exactly, wait_and_take };

#define TAKERS (sizeof takers / sizeof *takers)

static int take_what_is_here(void *arg)
{
	gn_sock *s = connect_to_server();
	char got[LEN + 1];

	(void)arg;
	WANT_IS(gn_recv(s, got, 1, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_sleep(gn_time_add(arrival, GN_SEC)), 0);
	takers[trial_seed % TAKERS](s, got, sizeof got);
	WANT(memcmp(got, TEXT "\n", sizeof got) == 0);
	WANT_IS(gn_recv(s, got, 1, GN_NOW), 0);
	gn_close(s);
	return 0;
}

static void now_takes_what_is_here(void)
{
	now_client = take_what_is_here;
	stage_seeds(SEEDS, against_a_sender);
}

static void now_takes_what_is_here_without_standing_operations(void)
{
	WANT(setenv("GNEZDO_OFF", "multishot", 1) == 0);
	now_takes_what_is_here();
}

/* Three clients have connected when the first is accepted. */
static int accept_who_is_here(void *arg)
{
	gn_sock *l = gn_listen("tcp4://:7", NULL), *c[3];

	(void)arg;
	WANT(l);
	if (trial_seed % 2)
		WANT(!gn_accept(l, GN_NOW));
	WANT_IS(gn_sleep(gn_in(2 * GN_SEC)), 0);
	WANT_IS(gn_wait(l, GN_NOW), 0);
	for (int i = 0; i < 3; i++) {
		c[i] = gn_accept(l, GN_NOW);
		WANT(c[i]);
	}
	WANT(!gn_accept(l, GN_NOW));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	for (int i = 0; i < 3; i++)
		gn_close(c[i]);
	gn_close(l);
	return 0;
}

static int wait_for_the_end(void *arg)
{
	gn_sock *s;
	char byte;

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	s = gn_connect("tcp4://server:7", NULL, SOON);
	WANT(s);
	WANT_IS(gn_recv(s, &byte, 1, SOON), 0);
	gn_close(s);
	return 0;
}

static void three_connections(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = accept_who_is_here },
		{ .name = "a", .fn = wait_for_the_end },
		{ .name = "b", .fn = wait_for_the_end },
		{ .name = "c", .fn = wait_for_the_end },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void now_accepts_who_is_here(void)
{
	stage_seeds(SEEDS, three_connections);
}

/* ---- messages */

static int recv_message(struct racer *r)
{
	gn_addr from;

	r->result = gn_recvfrom(r->s, r->got, sizeof r->got, &from, r->until);
	return 0;
}

static int send_message(void *arg)
{
	gn_sock *s = gn_connect("udp4://client:9", NULL, SOON);

	(void)arg;
	WANT(s);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	WANT_IS(gn_send(s, TEXT, LEN, SOON), 0);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	gn_close(s);
	return 0;
}

static int be_cancelled_before_a_message(void *arg)
{
	struct racer r = { .s = gn_bind("udp4://:9", NULL),
			   .run = recv_message };

	(void)arg;
	WANT(r.s);
	cancel_at(&r, gn_in(GN_SEC + LINK_NS));
	if (r.result == GN_ECANCELED) {
		lost++;
		WANT_IS(gn_recv(r.s, r.got, sizeof r.got, SOON),
			(long long)LEN);
	} else {
		won++;
		WANT_IS(r.result, (long long)LEN);
	}
	WANT(memcmp(r.got, TEXT, LEN) == 0);
	WANT_IS(gn_recv(r.s, r.got, 1, GN_NOW), GN_ETIMEOUT);
	gn_close(r.s);
	return 0;
}

static void one_message(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = send_message },
		{ .name = "client", .fn = be_cancelled_before_a_message },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void cancel_meets_a_message(void)
{
	stage_seeds(SEEDS, one_message);
	want_both_orders();
}

/* ---- accepting and connecting */

static int accept_one(struct racer *r)
{
	gn_sock *s = gn_accept(r->l, r->until);

	r->result = s ? 0 : gn_code();
	r->s = s;
	return 0;
}

static int be_cancelled_accepting(void *arg)
{
	struct racer r = { .l = gn_listen("tcp4://:7", NULL),
			   .run = accept_one };
	char byte;

	(void)arg;
	WANT(r.l);
	/* The client's last word of three arrives. */
	cancel_at(&r, gn_in(GN_SEC + 3 * LINK_NS));
	if (r.result < 0) {
		WANT_IS(r.result, GN_ECANCELED);
		lost++;
		r.s = gn_accept(r.l, SOON);
	} else {
		won++;
	}
	WANT(r.s);
	WANT(!gn_accept(r.l, GN_NOW));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	WANT_IS(gn_recv(r.s, &byte, 1, SOON), 1);
	gn_close(r.s);
	gn_close(r.l);
	WANT_IS(gn_sleep(gn_in(20 * GN_SEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static int connect_once(void *arg)
{
	gn_sock *s;
	char byte = 'x';

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	s = gn_connect("tcp4://server:7", NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, &byte, 1, SOON), 0);
	WANT_IS(gn_recv(s, &byte, 1, SOON), 0);
	gn_close(s);
	return 0;
}

static void one_connection(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = be_cancelled_accepting },
		{ .name = "client", .fn = connect_once },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void cancel_meets_a_connection(void)
{
	stage_seeds(SEEDS, one_connection);
	want_both_orders();
}

static int connect_racer(struct racer *r)
{
	r->s = gn_connect("tcp4://server:7", NULL, r->until);
	r->result = r->s ? 0 : gn_code();
	return 0;
}

static int be_cancelled_connecting(void *arg)
{
	struct racer r = { .run = connect_racer };

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	cancel_at(&r, gn_in(2 * LINK_NS));
	if (r.result < 0) {
		WANT_IS(r.result, GN_ECANCELED);
		lost++;
	} else {
		won++;
		WANT_IS(gn_send(r.s, "x", 1, SOON), 0);
	}
	gn_close(r.s);
	WANT_IS(gn_sleep(gn_in(20 * GN_SEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

/* Sees one connection that speaks, or one that breaks off, or none. */
static int accept_what_comes(void *arg)
{
	gn_sock *l = gn_listen("tcp4://:7", NULL), *c;
	char byte;

	(void)arg;
	WANT(l);
	c = gn_accept(l, gn_in(5 * GN_SEC));
	if (c)
		WANT(gn_recv(c, &byte, 1, SOON) != GN_ETIMEOUT);
	gn_close(c);
	WANT(!gn_accept(l, gn_in(5 * GN_SEC)));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	gn_close(l);
	WANT_IS(gn_sleep(gn_in(20 * GN_SEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static void one_connect(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = accept_what_comes },
		{ .name = "client", .fn = be_cancelled_connecting },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void cancel_meets_a_connect(void)
{
	stage_seeds(SEEDS, one_connect);
	want_both_orders();
}

/* ---- sending: what is told to be taken is what arrives */

#define MUCH 200000

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

struct sending {
	gn_sock *s;
	gn_time until;
	size_t done;
	int result;
};

static int send_much(void *arg)
{
	static uint8_t much[MUCH];
	struct sending *t = arg;

	for (size_t i = 0; i < MUCH; i++)
		much[i] = byte_at(i);
	t->result = gn_send(t->s, much, MUCH, t->until);
	t->done = t->result < 0 ? gn_error_done(gn_error_last()) : MUCH;
	return 0;
}

static struct sending sending;

static int give_up_sending(void *arg)
{
	struct gni_rng rng;
	gn_group *g = open_group();
	gn_time at;

	(void)arg;
	gni_rng_seed(&rng, trial_seed, "give up");
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	sending = (struct sending){ .s = gn_connect("tcp4://server:7", NULL,
						    SOON),
				    .until = GN_NEVER };
	WANT(sending.s);
	/* Often at the instant at which the other side makes room. */
	at = gn_in((int64_t)gni_rng_below(&rng, 12) * LINK_NS);
	if (trial_seed % 2)
		sending.until = at;
	WANT_IS(gn_go(g, send_much, &sending), 0);
	WANT_IS(gn_sleep(at), 0);
	if (trial_seed % 2 == 0)
		gn_group_cancel(g);
	WANT_IS(gn_group_wait(g, gn_in(100 * GN_SEC)), 0);
	gn_group_close(g);
	WANT(sending.result == 0 || sending.result == GN_ECANCELED ||
	     sending.result == GN_ETIMEOUT);
	won += sending.result == 0 || sending.done > 0;
	lost += sending.result < 0;
	gn_close(sending.s);
	return 0;
}

static int read_slowly(void *arg)
{
	gn_sock_opts opts = { .recv_bytes = 20000 };
	gn_sock *l = gn_listen("tcp4://:7", &opts), *c;
	uint8_t buf[5000];
	size_t got = 0;
	ssize_t n;

	(void)arg;
	WANT(l);
	c = gn_accept(l, SOON);
	WANT(c);
	do {
		WANT_IS(gn_sleep(gn_in(LINK_NS)), 0);
		n = gn_recv(c, buf, sizeof buf, SOON);
		WANT(n >= 0);
		for (size_t i = 0; i < (size_t)n; i++)
			WANT_IS(buf[i], byte_at(got + i));
		got += (size_t)n;
	} while (n > 0);
	WANT_IS((long long)got, (long long)sending.done);
	gn_close(c);
	gn_close(l);
	return 0;
}

static void one_sender(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = read_slowly },
		{ .name = "client", .fn = give_up_sending },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
}

static void giving_up_a_send(void)
{
	stage_seeds(SEEDS, one_sender);
	want_both_orders();
}

/* ---- a close at the instant at which bytes come */

static int close_while_receiving(void *arg)
{
	struct racer r = { .s = connect_to_server(), .run = recv_some,
			   .until = GN_NEVER };
	gn_group *g = open_group();

	(void)arg;
	WANT_IS(gn_go(g, race_fiber, &r), 0);
	WANT_IS(gn_sleep(arrival), 0);
	gn_close(r.s);
	WANT_IS(gn_group_wait(g, SOON), 0);
	if (r.result < 0) {
		WANT_IS(r.result, GN_ECLOSED);
		lost++;
	} else {
		WANT(r.result > 0 && memcmp(r.got, TEXT, 1) == 0);
		won++;
	}
	gn_group_close(g);
	WANT_IS(gn_sleep(gn_in(20 * GN_SEC)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static void close_meets_bytes(void)
{
	now_client = close_while_receiving;
	stage_seeds(SEEDS, against_a_sender);
	want_both_orders();
}

/* ---- the end of the linger time meets room for more */

#define LINGER_NS GN_SEC

static gn_time forced;

/* What is queued could go out bit by bit, were it not for the linger time. */
static int linger(void *arg)
{
	static const char queued[10000];
	gn_sock_opts opts = { .linger_ns = LINGER_NS, .send_bytes = 3000 };
	gn_sock *s;

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	s = gn_connect("tcp4://server:7", &opts, SOON);
	WANT(s);
	while (gn_send(s, TEXT, LEN, GN_NOW) == 0 ||
	       gn_sleep(gn_in(10 * LINK_NS)) < 0 ||
	       gn_send(s, TEXT, LEN, GN_NOW) == 0)
		continue;
	gn_cork(s);
	for (size_t i = 0; i < sizeof queued; i += 1000)
		WANT_IS(gn_send(s, queued, 1000, GN_NOW), 0);
	forced = gn_in(LINGER_NS);
	gn_close(s);
	WANT_IS(gn_sleep(gn_in(2 * LINGER_NS)), 0);
	WANT_IS((long long)stage_descriptors(), 0);
	return 0;
}

static int make_room(void *arg)
{
	gn_sock_opts opts = { .recv_bytes = 3000 };
	gn_sock *l = gn_listen("tcp4://:7", &opts), *c;
	char some[3000];

	(void)arg;
	WANT(l);
	c = gn_accept(l, SOON);
	WANT(c);
	while (!forced.ns)
		WANT_IS(gn_sleep(gn_in(LINK_NS)), 0);
	/* The word of it takes its way back. */
	WANT_IS(gn_sleep(gn_time_add(forced, (int64_t)(trial_seed % 3) - 1 -
				     LINK_NS)), 0);
	WANT(gn_recv(c, some, sizeof some, SOON) > 0);
	WANT_IS(gn_sleep(gn_in(10 * LINGER_NS)), 0);
	gn_close(c);
	gn_close(l);
	return 0;
}

static void one_linger(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "server", .fn = make_room },
		{ .name = "client", .fn = linger },
		{ 0 } };

	forced = (gn_time){ 0 };
	WANT_IS(stage_run(opts, parts).result, 0);
}

static void end_of_the_linger_time(void)
{
	stage_seeds(SEEDS, one_linger);
}

static void end_of_the_linger_time_without_standing_operations(void)
{
	WANT(setenv("GNEZDO_OFF", "multishot", 1) == 0);
	stage_seeds(SEEDS, one_linger);
}

static const struct trial trials[] = {
	{ "cancel meets bytes fault_21", cancel_meets_bytes, ALONE },
	{ "deadline meets bytes fault_21", deadline_meets_bytes, ALONE },
	{ "cancel meets bytes without standing operations fault_21",
	  cancel_meets_bytes_without_standing_operations, ALONE },
	{ "bytes win over a deadline fault_21", bytes_win_over_a_deadline,
	  ALONE },
	{ "GN_NOW takes what is here fault_22", now_takes_what_is_here,
	  ALONE },
	{ "GN_NOW takes what is here without standing operations fault_22",
	  now_takes_what_is_here_without_standing_operations, ALONE },
	{ "GN_NOW accepts who is here fault_22", now_accepts_who_is_here,
	  ALONE },
	{ "cancel meets a message fault_21", cancel_meets_a_message, ALONE },
	{ "cancel meets a connection fault_21", cancel_meets_a_connection,
	  ALONE },
	{ "cancel meets a connect fault_21", cancel_meets_a_connect, ALONE },
	{ "giving up a send fault_21", giving_up_a_send, ALONE },
	{ "end of the linger time fault_21", end_of_the_linger_time, ALONE },
	{ "end of the linger time without standing operations fault_21",
	  end_of_the_linger_time_without_standing_operations, ALONE },
	{ "close meets bytes fault_20", close_meets_bytes, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
