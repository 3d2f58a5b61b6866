/*
 * The load: opens connections to an echo server, keeps messages in flight on
 * each (or, with --churn, opens one for each message), and prints what came of
 * it as one line of JSON. It never sleeps while it measures, so that waking it
 * costs the server nothing, and asks each connection in turn instead of the
 * kernel which one is ready: a server answers in about the order in which it
 * was asked.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "churn.h"
#include "cost.h"
#include "latency.h"
#include "peer.h"
#include "process.h"
#include "target.h"

#define NS_PER_MS UINT64_C(1000000)
/* Looks at one connection, about 10 us of them, before trying the others. */
#define LOOKS_MAX 64
/* No byte from any connection for this long is a server that hangs. */
#define STALL_NS (10 * BENCH_NS_PER_SEC)
/* TCP acknowledges the first 16 segments of a connection at once (tcp_input.c,
 * TCP_MAX_QUICKACKS); what comes after them is what lasts, and is measured. */
#define WARM_MESSAGES 20

enum option_name {
	PORT,
	CONNS,
	DEPTH,
	LEN,
	WARM_MS,
	MEASURE_MS,
	IDLE,
	CHURN,
	SERVER,
	HELPER,
	OPTIONS
};

static struct option {
	const char *name;
	long value;
} options[OPTIONS] = {
	[PORT] = { "--port", 0 },
	[CONNS] = { "--connections", 1 },
	[DEPTH] = { "--depth", 1 },
	[LEN] = { "--bytes", 64 },
	[WARM_MS] = { "--warm-ms", 300 },
	[MEASURE_MS] = { "--measure-ms", 1000 },
	[IDLE] = { "--idle", 0 },
	[CHURN] = { "--churn", 0 },
	[SERVER] = { "--server-pid", 0 },
	[HELPER] = { "--helper-pid", 0 },
};

static struct bench_target target;
static struct bench_peer *peers;
static struct bench_churn *clients; /* instead of peers, with --churn */
static size_t peer_count;
static size_t message_len;
static size_t turn; /* the peer that is looked at */
static unsigned looks_left;
static uint64_t answered; /* messages, of all peers */
static uint64_t heard_ns; /* when a byte last came */
static struct bench_latency latency;
static bool one_cpu;

static uint64_t now(void)
{
	return bench_clock_ns(CLOCK_MONOTONIC);
}

static void next_peer(unsigned looks)
{
	turn = turn + 1 < peer_count ? turn + 1 : 0;
	looks_left = looks;
}

/* After a connection that kept silent each of the others gets one look, until
 * one of them has something. */
static void on_silence(uint64_t now_ns)
{
	errno = 0;
	if (now_ns - heard_ns > STALL_NS)
		bench_fail("the server stopped answering");
	if (one_cpu)
		sched_yield();
	if (looks_left > 1)
		looks_left--;
	else
		next_peer(1);
}

static void look_at_client(uint64_t now_ns, bool asking)
{
	int moved = bench_churn_step(&clients[turn], &target, message_len,
				     asking, now_ns, &latency);

	if (moved < 0) {
		on_silence(now_ns);
		return;
	}
	heard_ns = now_ns;
	answered += (uint64_t)moved;
	next_peer(1);
}

static void look(uint64_t now_ns, bool asking)
{
	struct bench_peer *peer = &peers[turn];
	int whole = bench_peer_visit(peer, message_len, now_ns, &latency);

	if (whole < 0) {
		on_silence(now_ns);
		return;
	}
	heard_ns = now_ns;
	answered += (uint64_t)whole;
	if (asking && whole > 0)
		bench_peer_ask(peer, (size_t)whole, message_len, now_ns);
	if (whole > 0)
		next_peer(LOOKS_MAX);
}

/* Returns the instant at which it stopped, at or after end_ns. */
static uint64_t run_until(uint64_t end_ns)
{
	uint64_t now_ns;

	while ((now_ns = now()) < end_ns)
		if (clients)
			look_at_client(now_ns, true);
		else
			look(now_ns, true);
	return now_ns;
}

static void warm(uint64_t end_ns)
{
	run_until(end_ns);
	for (size_t i = 0; peers && i < peer_count; i++)
		while (peers[i].answered < WARM_MESSAGES)
			look(now(), true);
}

static void drain(void)
{
	heard_ns = now();
	for (size_t i = 0; peers && i < peer_count; i++)
		while (peers[i].owed_len > 0)
			look(now(), false);
	for (size_t i = 0; clients && i < peer_count; i++)
		while (clients[i].state != BENCH_CHURN_CLOSED)
			look_at_client(now(), false);
}

static void make_clients(void)
{
	clients = calloc(peer_count, sizeof *clients);
	if (!clients)
		bench_fail("calloc");
	for (size_t i = 0; i < peer_count; i++)
		clients[i].number = i;
}

static void open_all(void)
{
	peers = calloc(peer_count, sizeof *peers);
	if (!peers)
		bench_fail("calloc");
	for (size_t i = 0; i < peer_count; i++)
		bench_peer_open(&peers[i], &target, i);
}

static void ask_all(size_t count)
{
	heard_ns = now();
	for (size_t i = 0; peers && i < peer_count; i++)
		bench_peer_ask(&peers[i], count, message_len, now());
}

static double microseconds(double share)
{
	return (double)bench_latency_quantile(&latency, share) / 1000;
}

static double seconds(uint64_t ns)
{
	return (double)ns / (double)BENCH_NS_PER_SEC;
}

static void print_result(uint64_t ns, struct bench_cost from,
			 struct bench_cost to)
{
	printf("{\"messages\": %" PRIu64 ", \"seconds\": %.6f, "
	       "\"cpu_seconds\": %.6f, \"kept_off_seconds\": %.6f, "
	       "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f}\n",
	       answered, seconds(ns), seconds(to.cpu_ns - from.cpu_ns),
	       seconds(to.kept_off_ns - from.kept_off_ns), microseconds(0.5),
	       microseconds(0.99), microseconds(0.999));
}

static void measure(void)
{
	uint64_t begin_ns, end_ns;
	struct bench_cost before;

	ask_all((size_t)options[DEPTH].value);
	warm(heard_ns + (uint64_t)options[WARM_MS].value * NS_PER_MS);
	memset(&latency, 0, sizeof latency);
	answered = 0;
	before = bench_cost_now();
	begin_ns = now();
	end_ns = run_until(begin_ns +
			   (uint64_t)options[MEASURE_MS].value * NS_PER_MS);
	print_result(end_ns - begin_ns, before, bench_cost_now());
	drain();
}

/* Holds connections that have served once, until stdin ends. */
static void stay_idle(void)
{
	ask_all(1);
	drain();
	printf("idle\n");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
}

static void read_option(const char *name, const char *value)
{
	if (strcmp(name, "--unix") == 0) {
		target = bench_target_path(value);
		return;
	}
	for (size_t i = 0; i < OPTIONS; i++) {
		if (strcmp(name, options[i].name) == 0) {
			options[i].value = strtol(value, NULL, 10);
			return;
		}
	}
	errno = 0;
	bench_fail(name);
}

static void check_options(void)
{
	errno = 0;
	if (target.len == 0 &&
	    (options[PORT].value < 1 || options[PORT].value > UINT16_MAX))
		bench_fail("--port: 1 to 65535");
	if (options[CONNS].value < 1)
		bench_fail("--connections: at least 1");
	if (options[DEPTH].value < 1 || options[DEPTH].value > BENCH_DEPTH_MAX)
		bench_fail("--depth: 1 to 64");
	if (options[LEN].value < 1 ||
	    options[LEN].value * options[DEPTH].value > BENCH_FLIGHT_LEN_MAX)
		bench_fail("--bytes: at least 1, times depth at most 65536");
}

/* Tells what it was built by: the servers were built the same way. */
static int about(void)
{
#ifdef __clang__
	const char *compiler = "";
#else
	const char *compiler = "gcc ";
#endif
#ifdef __OPTIMIZE__
	const char *optimised = "";
#else
	const char *optimised = ", NOT OPTIMISED";
#endif
	printf("%s%s%s\n", compiler, __VERSION__, optimised);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--about") == 0)
		return about();
	for (int i = 1; i + 1 < argc; i += 2)
		read_option(argv[i], argv[i + 1]);
	check_options();
	if (target.len == 0)
		target = bench_target_port((uint16_t)options[PORT].value);
	peer_count = (size_t)options[CONNS].value;
	message_len = (size_t)options[LEN].value;
	looks_left = LOOKS_MAX;
	one_cpu = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	bench_files_raise();
	if (options[SERVER].value > 0)
		bench_cost_of_server((pid_t)options[SERVER].value);
	if (options[HELPER].value > 0)
		bench_cost_of_helper((pid_t)options[HELPER].value);
	bench_peer_start();
	if (options[CHURN].value)
		make_clients();
	else
		open_all();
	if (options[IDLE].value)
		stay_idle();
	else
		measure();
	return 0;
}
