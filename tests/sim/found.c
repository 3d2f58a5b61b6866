/*
 * found.c: what sweeps have found in this library, each as a case of its own.
 */
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

static const struct trial trials[] = {
	{ "fault_24 a syn comes after its socket is gone",
	  fault_24_a_syn_comes_after_its_socket_is_gone, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
