/*
 * world.c: hosts, links, names and the life of a simulation.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"

/* ---- latency: what a program sees is a multiple of the link's */

#define LINK_NS (5 * GN_MSEC)

static int answer_byte(void *arg)
{
	gn_sock *l = gn_listen("tcp://:7", NULL), *c;
	char byte;

	(void)arg;
	WANT(l);
	c = gn_accept(l, SOON);
	WANT(c);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 1);
	WANT_IS(gn_send(c, &byte, 1, SOON), 0);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 0);
	gn_close(c);
	gn_close(l);
	return 0;
}

struct asking {
	const char *address;
	int64_t link_ns;
};

/* A way there and back to connect, and the same again for an answer. */
static int ask_byte(void *arg)
{
	struct asking *a = arg;
	gn_time begin;
	gn_sock *s;
	char byte = 'x';

	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	begin = gn_now();
	s = gn_connect(a->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_since(begin), 2 * a->link_ns);
	WANT_IS(gn_send(s, &byte, 1, SOON), 0);
	WANT_IS(gn_since(begin), 2 * a->link_ns);
	WANT_IS(gn_recv(s, &byte, 1, SOON), 1);
	WANT_IS(gn_since(begin), 4 * a->link_ns);
	gn_close(s);
	return 0;
}

static void exchange(const gn_sim_opts *seed)
{
	static const char *const addresses[] = {
		"tcp://server:7", "tcp4://server:7", "tcp6://server:7",
		"tcp://10.0.0.1:7", "tcp://[fd00::1]:7", "tcp://SERVER:7" };
	gn_sim_opts opts = *seed;

	opts.latency_ns = LINK_NS;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct asking a = { addresses[i], LINK_NS };
		const struct part parts[] = {
			{ .name = "server", .fn = answer_byte },
			{ .name = "client", .fn = ask_byte, .arg = &a },
			{ 0 } };

		WANT_IS(stage_run(&opts, parts).result, 0);
	}
}

static void connect_and_exchange(void)
{
	stage_seeds(20, exchange);
}

static int answer_three(void *arg)
{
	for (int i = 0; i < 3; i++)
		WANT_IS(answer_byte(arg), 0);
	return 0;
}

static int ask_in_turn(void *arg)
{
	struct asking *a = arg;

	WANT_IS(gn_sleep(gn_in(a->link_ns * 100)), 0);
	return ask_byte(arg);
}

static void links(const gn_sim_opts *opts)
{
	struct asking near = { "tcp://server:7", GN_USEC },
		      far = { "tcp://server:7", 70 * GN_MSEC },
		      usual = { "tcp://server:7", GN_MSEC };
	const struct part parts[] = {
		{ .name = "server", .fn = answer_three },
		{ .name = "near", .fn = ask_in_turn, .arg = &near },
		{ .name = "far", .fn = ask_in_turn, .arg = &far },
		{ .name = "usual", .fn = ask_in_turn, .arg = &usual },
		{ 0 } };
	struct outcome o;
	gn_sim *sim = stage_open(opts, parts, &o);

	WANT_IS(gn_sim_link(sim, "server", "near", GN_USEC), 0);
	WANT_IS(gn_sim_link(sim, "far", "server", 70 * GN_MSEC), 0);
	WANT_IS(gn_sim_link(sim, "far", "near", GN_HOUR), 0);
	stage_end(sim, &o);
	WANT_IS(o.result, 0);
}

static void links_of_their_own(void)
{
	stage_seeds(20, links);
}

static void wrong_links(void)
{
	gn_sim *sim = gn_sim_open(NULL);

	WANT(sim);
	WANT_IS(gn_sim_host(sim, "a", answer_byte, NULL), 0);
	WANT_IS(gn_sim_link(sim, "a", "b", 1), GN_ENAME);
	WANT_IS(gn_sim_link(sim, "b", "a", 1), GN_ENAME);
	WANT_IS(gn_sim_link(sim, "", "a", 1), GN_ENAME);
	WANT_IS(gn_sim_link(sim, "a", "a", -1), GN_EINVAL);
	WANT_IS(gn_sim_link(sim, "a", "a", GN_SEC), 0);
	gn_sim_close(sim);
	WANT(!gn_sim_open(&(gn_sim_opts){ .latency_ns = -1 }));
	WANT_IS(gn_code(), GN_EINVAL);
}

/* ---- who is not there */

static void want_refused(const char *address, int code, int64_t ns)
{
	gn_time begin = gn_now();

	WANT(!gn_connect(address, NULL, gn_in(100 * GN_SEC)));
	WANT_IS(gn_code(), code);
	if (ns >= 0)
		WANT_IS(gn_since(begin), ns);
}

static int look_around(void *arg)
{
	(void)arg;
	want_refused("tcp4://quiet:9", GN_EREFUSED, 2 * LINK_NS);
	want_refused("tcp6://quiet:9", GN_EREFUSED, 2 * LINK_NS);
	/* Both of its addresses are tried, one after the other. */
	want_refused("tcp://quiet:9", GN_EREFUSED, 4 * LINK_NS);
	WANT(gn_error_tried(gn_error_last(), 0, NULL));
	WANT(gn_error_tried(gn_error_last(), 1, NULL));
	WANT(!gn_error_tried(gn_error_last(), 2, NULL));
	want_refused("tcp://127.0.0.1:9", GN_EREFUSED, 0);
	want_refused("tcp://localhost:9", GN_EREFUSED, 0);
	want_refused("tcp://nobody:9", GN_ENAME, 0);
	want_refused("tcp://10.0.0.99:9", GN_EUNREACH, -1);
	want_refused("tcp://192.0.2.1:9", GN_EUNREACH, 0);
	want_refused("tcp://[2001:db8::1]:9", GN_EUNREACH, 0);
	want_refused("unix:/run/nobody", GN_ENOENT, 0);
	want_refused("unix:@nobody", GN_EREFUSED, 0);
	return 0;
}

static int be_quiet(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(GN_SEC));
}

static void nobody_there(const gn_sim_opts *seed)
{
	const struct part parts[] = { { .name = "here", .fn = look_around },
				      { .name = "quiet", .fn = be_quiet },
				      { 0 } };
	gn_sim_opts opts = *seed;

	opts.latency_ns = LINK_NS;
	WANT_IS(stage_run(&opts, parts).result, 0);
}

static void who_is_not_there(void)
{
	stage_seeds(10, nobody_there);
}

/* ---- each host is a machine of its own */

#define PATH "/run/gnezdo-world-test"

static int serve_name(void *arg)
{
	const char *name = gn_sim_host_name();

	WANT_IS(gn_send(arg, name, strlen(name), SOON), 0);
	gn_close(arg);
	return 0;
}

static int serve_names(void *arg)
{
	gn_group *g = gn_group_open(NULL);
	gn_sock *s;

	WANT(g);
	while ((s = gn_accept(arg, GN_NEVER)))
		WANT_IS(gn_go(g, serve_name, s), 0);
	gn_close(arg);
	gn_group_close(g);
	return gn_code();
}

static void want_name(const char *address, const char *name)
{
	gn_sock *s = gn_connect(address, NULL, SOON);
	char text[64] = "";

	if (!s)
		gn_perror(address);
	WANT(s);
	WANT_IS(gn_recv_exact(s, text, strlen(name), SOON),
		(long long)strlen(name));
	WANT_TEXT(text, name);
	WANT_IS(gn_recv(s, text, 1, SOON), 0);
	gn_close(s);
}

/* All listen at the same addresses, and each meets itself there. */
static int be_a_machine(void *arg)
{
	static const char *const addresses[] = {
		"tcp://:80", "tcp://127.0.0.1:81", ("unix:" PATH),
		"unix:@gnezdo-world-test" };
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_TEXT(gn_sim_host_name(), arg);
	for (size_t i = 0; i < 4; i++) {
		gn_sock *l = gn_listen(addresses[i], NULL);

		WANT(l);
		WANT_IS(gn_go(g, serve_names, l), 0);
		WANT(!gn_listen(addresses[i], NULL));
		WANT_IS(gn_code(), GN_EINUSE);
	}
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	want_name("tcp://127.0.0.1:80", arg);
	want_name("tcp://[::1]:80", arg);
	want_name("tcp://localhost:80", arg);
	want_name("tcp://127.0.0.1:81", arg);
	want_name("unix:" PATH, arg);
	want_name("unix:@gnezdo-world-test", arg);
	for (const char *other = "abc"; *other; other++) {
		char address[] = "tcp://?:80", name[] = { *other, 0 };

		address[6] = *other;
		want_name(address, name);
	}
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	gn_group_close(g);
	return 0;
}

/* A host without servers finds none of the others' at its own addresses. */
static int be_apart(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	want_name("tcp://b:80", "b");
	want_refused("tcp://127.0.0.1:80", GN_EREFUSED, 0);
	want_refused("tcp://b:81", GN_EREFUSED, -1);
	want_refused("unix:" PATH, GN_ENOENT, 0);
	want_refused("unix:@gnezdo-world-test", GN_EREFUSED, 0);
	WANT(!gn_listen("tcp://10.0.0.1:80", NULL));
	WANT_IS(gn_code(), GN_ENOADDR);
	return 0;
}

static void machines(const gn_sim_opts *opts)
{
	const struct part parts[] = {
		{ .name = "a", .fn = be_a_machine, .arg = "a" },
		{ .name = "b", .fn = be_a_machine, .arg = "b" },
		{ .name = "c", .fn = be_a_machine, .arg = "c" },
		{ .name = "apart", .fn = be_apart },
		{ 0 } };

	WANT_IS(stage_run(opts, parts).result, 0);
	/* The machine below has none of it. */
	WANT(access(PATH, F_OK) != 0);
}

static void each_is_a_machine(void)
{
	stage_seeds(20, machines);
}

/* ---- addresses that sockets tell */

static void want_address(const gn_addr *a, const char *text)
{
	char is[GN_ADDR_TEXT_MAX];

	WANT_TEXT(gn_addr_text(a, is), text);
}

static int tell_client(void *arg)
{
	gn_sock *l = gn_listen("tcp4://:7", NULL), *c;
	gn_addr a;

	(void)arg;
	WANT(l);
	gn_sock_local(l, &a);
	want_address(&a, "tcp://0.0.0.0:7");
	c = gn_accept(l, SOON);
	WANT(c);
	gn_sock_local(c, &a);
	want_address(&a, "tcp://10.0.0.1:7");
	gn_sock_peer(c, &a);
	want_address(&a, "tcp://10.0.0.2:4000");
	gn_close(c);
	gn_close(l);
	return 0;
}

static int tell_server(void *arg)
{
	gn_sock_opts from = { .from = "tcp://10.0.0.2:4000" };
	gn_sock *s;
	gn_addr a;
	char byte;

	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	s = gn_connect("tcp4://one:7", &from, SOON);
	WANT(s);
	gn_sock_peer(s, &a);
	want_address(&a, "tcp://10.0.0.1:7");
	gn_sock_local(s, &a);
	want_address(&a, "tcp://10.0.0.2:4000");
	WANT_IS(gn_recv(s, &byte, 1, SOON), 0);
	gn_close(s);
	return 0;
}

static void addresses(void)
{
	const struct part parts[] = { { .name = "one", .fn = tell_client },
				      { .name = "two", .fn = tell_server },
				      { 0 } };

	WANT_IS(stage_run(NULL, parts).result, 0);
}

/* ---- the ports to connect from run out */

#define PORTS 28232 /* ip_local_port_range of Linux, 32768 to 60999 */

static void want_no_port(const char *address, const char *why)
{
	char text[256];

	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ELIMIT);
	WANT_IS(gn_error_errno(gn_error_last()), EADDRNOTAVAIL);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, why));
}

static int use_all_ports(void *arg)
{
	static gn_sock *socks[PORTS];

	(void)arg;
	for (int i = 0; i < PORTS; i++) {
		socks[i] = gn_connect("udp://127.0.0.1:9", NULL, SOON);
		WANT(socks[i]);
	}
	want_no_port("udp://127.0.0.1:9", "no port is free to connect from");
	gn_close(socks[17]);
	socks[17] = gn_connect("udp://127.0.0.1:9", NULL, SOON);
	WANT(socks[17]);
	for (int i = 0; i < PORTS; i++)
		gn_close(socks[i]);
	return 0;
}

static void ports_run_out(void)
{
	const struct part parts[] = { { .name = "a", .fn = use_all_ports },
				      { 0 } };

	/* In order the ports are taken one after the other, which is quick. */
	WANT_IS(stage_run(&(gn_sim_opts){ .in_order = true }, parts).result, 0);
}

/* ---- the clock */

static int sleep_long(void *arg)
{
	gn_time begin = gn_now(), last = { INT64_MAX - 1 };

	(void)arg;
	WANT_IS(gn_sleep(gn_in(365 * 24 * GN_HOUR)), 0);
	WANT_IS(gn_since(begin), 365 * 24 * GN_HOUR);
	WANT_IS(gn_sleep(begin), 0);
	WANT_IS(gn_sleep(GN_NOW), 0);
	WANT_IS(gn_since(begin), 365 * 24 * GN_HOUR);
	/* The end of the clock comes too. */
	WANT_IS(gn_sleep(last), 0);
	WANT_IS(gn_since(last), 0);
	WANT_IS(gn_in(GN_SEC).ns, INT64_MAX);
	return 0;
}

static void years_take_no_time(void)
{
	const struct part parts[] = { { .name = "a", .fn = sleep_long },
				      { .name = "b", .fn = sleep_long },
				      { 0 } };
	gn_time begin = gn_now();

	WANT_IS(stage_run(NULL, parts).result, 0);
	/* The real clock has not followed. */
	WANT(gn_since(begin) < 365 * 24 * GN_HOUR);
	WANT(gn_since(begin) >= 0);
}

static const struct trial trials[] = {
	{ "connect and exchange", connect_and_exchange, ALONE },
	{ "links of their own", links_of_their_own, ALONE },
	{ "wrong links", wrong_links, ALONE },
	{ "who is not there fault_14", who_is_not_there, ALONE },
	{ "each is a machine", each_is_a_machine, ALONE },
	{ "addresses", addresses, ALONE },
	{ "ports run out fault_15", ports_run_out, ALONE },
	{ "years take no time fault_22 fault_58", years_take_no_time,
	  ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
