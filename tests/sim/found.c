/*
 * found.c: what sweeps have found in this library, each as a case of its own.
 */
#include <stdio.h>

#include "loop/trial_test.h"
#include "stage.h"

static int idle_host(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(30 * GN_SEC));
}

static int accepting_host(void *arg)
{
	gn_auto gn_sock *l = gn_listen("tcp://:7", NULL);
	gn_sock *c;

	(void)arg;
	while (l && (c = gn_accept(l, GN_NEVER)))
		gn_close(c);
	return 0;
}

static int connecting_host(void *arg)
{
	gn_sock *s = stage_connect("tcp://server:7", NULL);

	(void)arg;
	gn_close(s);
	return 0;
}

/* A SYN that was sent again arrives when all is over.  Seed 2299 of an echo:
 * the socket it was from was looked at, and had been freed. */
static void fault_24_a_syn_comes_after_its_socket_is_gone(void)
{
	static const struct part parts[] = {
		{ "server", accepting_host, NULL, true },
		{ "client", connecting_host, NULL, false },
		{ "idle", idle_host, NULL, false },
		{ 0 },
	};

	for (trial_seed = 1; trial_seed <= 200; trial_seed++) {
		struct outcome o = stage_run(
			&(gn_sim_opts){ .seed = trial_seed,
					.faults = "reorder=2s" },
			parts);

		WANT_IS(o.result, 0);
	}
}

/* ---- one call or operation of a host finds no memory, each in its turn */

#define TURNS 40

static size_t taken, got;

static bool is_shortage(ssize_t result)
{
	return result == GN_ENOMEM || result == GN_ELIMIT;
}

/* Tries again as long as there is a shortage: it struck once. */
static gn_sock *connect_somehow(const char *address)
{
	gn_sock *s;

	while (!(s = gn_connect(address, NULL, SOON)))
		WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	return s;
}

static int send_and_leave(void *arg)
{
	gn_sock *s = connect_somehow("tcp://server:7");

	(void)arg;
	gn_cork(s);
	for (taken = 0; taken < 500;)
		if (gn_send(s, "0123456789", 10, SOON) == 0)
			taken += 10;
	gn_close(s);
	return 0;
}

static int receive_all(void *arg)
{
	gn_sock *l = NULL, *c;
	char bytes[64];
	ssize_t n;

	(void)arg;
	while (!l)
		l = gn_listen("tcp://:7", NULL);
	c = gn_accept(l, SOON);
	WANT(c);
	got = 0;
	for (int turns = 0; turns < 1000; turns++) {
		n = gn_recv(c, bytes, sizeof bytes, SOON);
		got += n > 0 ? (size_t)n : 0;
		if (n <= 0 && !is_shortage(n))
			break;
	}
	WANT_IS(n, 0);
	WANT_IS((long long)got, (long long)taken);
	gn_close(c);
	gn_close(l);
	return 0;
}

static void lose_nothing(const char *host)
{
	static const struct part parts[] = {
		{ "server", receive_all, NULL, false },
		{ "client", send_and_leave, NULL, false },
		{ 0 },
	};

	for (trial_seed = 1; trial_seed <= TURNS; trial_seed++) {
		gn_sim_opts opts = { .seed = trial_seed };
		gn_fault_rule rule = { .faults.fail_nth = trial_seed };
		struct outcome o;
		gn_sim *sim = stage_open(&opts, parts, &o);

		snprintf(rule.from, sizeof rule.from, "%s", host);
		WANT_IS(gn_sim_fault_rule(sim, &rule), 0);
		stage_end(sim, &o);
		WANT_IS(o.result, 0);
	}
}

/* What had been gathered was dropped, and an end in order followed. */
static void fault_11_what_was_gathered_is_sent_later(void)
{
	lose_nothing("client");
}

/* It was the end of the stream, told again and again. */
static void fault_11_a_shortage_does_not_end_a_stream(void)
{
	lose_nothing("server");
}

/* ---- an answer to whom a socket of both families has heard */

static int answering_host(void *arg)
{
	gn_auto gn_sock *s = gn_bind("udp://:7", NULL);
	gn_addr from;
	char byte;

	(void)arg;
	WANT(s);
	WANT_IS(gn_recvfrom(s, &byte, 1, &from, SOON), 1);
	WANT_IS(gn_sendto(s, "!", 1, &from, SOON), 0);
	return 0;
}

static int asking_host(void *arg)
{
	gn_auto gn_sock *s = gn_connect("udp4://server:7", NULL, SOON);
	char byte;

	(void)arg;
	WANT(s);
	WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	WANT_IS(gn_send(s, "?", 1, SOON), 0);
	WANT_IS(gn_recv(s, &byte, 1, SOON), 1);
	return 0;
}

/* The answer went to 0.0.0.0, which is the loopback: so it takes two hosts.
 * Seed 5000010 of datagrams, with choice 468 changed to 1. */
static void an_ipv4_client_of_both_families_is_answered(void)
{
	static const struct part parts[] = {
		{ "server", answering_host, NULL, false },
		{ "client", asking_host, NULL, false },
		{ 0 },
	};

	WANT_IS(stage_run(NULL, parts).result, 0);
}

static const struct trial trials[] = {
	{ "fault_24 a syn comes after its socket is gone",
	  fault_24_a_syn_comes_after_its_socket_is_gone, ALONE },
	{ "fault_11 what was gathered is sent later",
	  fault_11_what_was_gathered_is_sent_later, ALONE },
	{ "fault_11 a shortage does not end a stream",
	  fault_11_a_shortage_does_not_end_a_stream, ALONE },
	{ "an IPv4 client of both families is answered",
	  an_ipv4_client_of_both_families_is_answered, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
