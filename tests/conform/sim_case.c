/*
 * sim_case.c: simulations beside the real world: on a thread that has sockets
 * of its own, and with nothing left to come.
 */
#include <string.h>

#include "place.h"

struct heard {
	char words[2048];
	gn_sock *s[2];
};

static void hear_line(const char *line, void *arg)
{
	struct heard *h = arg;

	strncat(h->words, line, sizeof h->words - strlen(h->words) - 1);
	strncat(h->words, "\n", sizeof h->words - strlen(h->words) - 1);
}

static int waits_in_vain(void *arg)
{
	char c;

	return (int)gn_recv(arg, &c, 1, GN_NEVER);
}

/* Each waits for the other's word. */
static int two_wait(void *arg)
{
	struct heard *h = arg;
	gn_go_opts names[] = { { .name = "alice" }, { .name = "bob" } };
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	WANT_IS(gn_pair(GN_UNIX, h->s), 0);
	for (int i = 0; i < 2; i++)
		WANT_IS(gn_go_with(g, waits_in_vain, h->s[i], &names[i]), 0);
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	close_two(h->s);
	return result;
}

static int deadlock(const struct place *p)
{
	struct heard h = { .words = "" };
	gn_sim_opts opts = { .seed = 1, .report = hear_line,
			     .report_arg = &h };
	gn_sim *sim = gn_sim_open(&opts);

	(void)p;
	WANT(sim);
	WANT_IS(gn_sim_host(sim, "home", two_wait, &h), 0);
	WANT_IS(gn_sim_run(sim), GN_EDEADLOCK);
	WANT_IS(gn_sim_run(sim), GN_EINVAL);
	gn_sim_close(sim);
	WANT(strstr(h.words, "deadlock"));
	WANT(strstr(h.words, "alice") && strstr(h.words, "bob"));
	WANT(strstr(h.words, "recv") && strstr(h.words, "home"));
	return 0;
}

static int sleeps_an_hour(void *arg)
{
	(void)arg;
	WANT_TEXT(gn_backend(), "simulation");
	WANT_TEXT(gn_sim_host_name(), "bed");
	return gn_sleep(gn_in(GN_HOUR));
}

/* The thread's own sockets work before and after, and its clock stays. */
static int beside_the_real(const struct place *p)
{
	gn_time begin = gn_now();
	gn_sock *s[2];
	gn_sim *sim;

	WANT_IS(gn_pair(GN_UNIX, s), 0);
	TRY(send_pattern(s[0], 10, 0));
	sim = gn_sim_open(NULL);
	WANT(sim);
	WANT_IS(gn_sim_host(sim, "bed", sleeps_an_hour, NULL), 0);
	WANT_IS(gn_sim_run(sim), 0);
	WANT(gn_sim_elapsed(sim) >= GN_HOUR);
	gn_sim_close(sim);
	WANT(!gn_sim_host_name());
	WANT(gn_since(begin) < GN_HOUR / 2);
	TRY(recv_pattern(s[1], 10, 0));
	close_two(s);
	(void)p;
	return 0;
}

static int nests(void *arg)
{
	gn_sim *sim = gn_sim_open(NULL);

	(void)arg;
	WANT(sim);
	WANT_IS(gn_sim_run(sim), GN_EINVAL);
	gn_sim_close(sim);
	return 0;
}

static int nested(const struct place *p)
{
	gn_sim *sim = gn_sim_open(NULL);
	struct one fiber;

	(void)p;
	WANT(sim);
	WANT_IS(gn_sim_host(sim, "outer", nests, NULL), 0);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
	TRY(go_one(&fiber, nests, NULL));
	WANT_IS(join_one(&fiber), 0);
	return 0;
}

const struct conform_case sim_cases[] = {
	{ "deadlock (fault_57)", K_NONE, 0, deadlock, NULL, NULL, ON_THREADS },
	{ "simulation_beside_the_real", K_NONE, 0, beside_the_real, NULL, NULL,
	  ON_THREADS },
	{ "simulation_nested", K_NONE, 0, nested, NULL, NULL, ON_THREADS },
	{ 0 },
};
