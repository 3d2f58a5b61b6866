/*
 * sim_trials.c: simulations, of which everything may fail.
 */
#include "nth.h"

static int with_sim(int (*run)(gn_sim *sim))
{
	gn_sim *sim;
	int result;

	MAKE(sim, gn_sim_open(&(gn_sim_opts){ .in_order = true }));
	result = run(sim);
	gn_sim_close(sim);
	return result;
}

static int nothing(gn_sim *sim)
{
	(void)sim;
	return 0;
}

static int opens(void)
{
	return with_sim(nothing);
}

static int nap(void *arg)
{
	STEP(gn_sleep(gn_in(GN_SEC)));
	++*(int *)arg;
	return 0;
}

static int add_hosts(gn_sim *sim)
{
	int again;

	STEP(gn_sim_host(sim, "a", nap, NULL));
	STEP(gn_sim_host(sim, "b", nap, NULL));
	again = gn_sim_host(sim, "b", nap, NULL);
	WANT(again < 0);
	if (again != GN_EINVAL)
		STEP(again); /* memory comes before the name */
	return 0;
}

static int hosts(void)
{
	return with_sim(add_hosts);
}

static int add_services(gn_sim *sim)
{
	STEP(gn_sim_service(sim, "a", nap, NULL));
	return 0;
}

static int services(void)
{
	return with_sim(add_services);
}

static int link_hosts(gn_sim *sim)
{
	STEP(add_hosts(sim));
	STEP(gn_sim_link(sim, "a", "b", GN_SEC));
	STEP(gn_sim_link(sim, "a", "a", GN_SEC));
	return 0;
}

static int links(void)
{
	return with_sim(link_hosts);
}

static int serve(void *arg)
{
	gn_auto gn_sock *l = NULL, *c = NULL;

	(void)arg;
	MAKE(l, gn_listen("tcp://:80", NULL));
	MAKE(c, gn_accept(l, gn_in(GN_MIN)));
	STEP(gn_send(c, "hello", 5, gn_in(GN_MIN)));
	return 0;
}

static int ask(void *arg)
{
	gn_auto gn_sock *s = NULL;
	char buf[8];
	ssize_t n;

	STEP(gn_sleep(gn_in(GN_SEC)));
	MAKE(s, gn_connect("tcp://server:80", NULL, gn_in(GN_MIN)));
	WAIT(n, gn_recv_exact(s, buf, 5, SLICE));
	WANT(n == 5 || n == 0);
	++*(int *)arg;
	return 0;
}

static int plan_faults(gn_sim *sim)
{
	STEP(add_hosts(sim));
	STEP(gn_sim_fault(sim, "a<>b: delay=1ms; b: emfile=1%@2s..3s"));
	STEP(gn_sim_fault(sim, "loss"));
	WANT(gn_sim_fault(sim, "nonsense") == GN_EINVAL);
	WANT(gn_code() == GN_EINVAL);
	return 0;
}

static int faults(void)
{
	return with_sim(plan_faults);
}

static int add_rules(gn_sim *sim)
{
	gn_fault_rule rule = { .from = "a", .faults.eintr_ppm = 10000 };

	STEP(add_hosts(sim));
	for (int i = 0; i < 20; i++) {
		STEP(gn_sim_fault_rule(sim, &rule));
		rule.begin_ns += GN_SEC;
		rule.end_ns = rule.begin_ns + GN_SEC;
	}
	gn_sim_heal(sim, GN_MIN);
	return 0;
}

static int rules(void)
{
	return with_sim(add_rules);
}

static int run_hosts(gn_sim *sim)
{
	int count = 0;

	STEP(gn_sim_host(sim, "server", serve, NULL));
	STEP(gn_sim_host(sim, "client", ask, &count));
	STEP(gn_sim_host(sim, "other", nap, &count));
	STEP(gn_sim_run(sim));
	WANT(count == 2);
	WANT(gn_sim_elapsed(sim) >= GN_SEC && gn_sim_trace(sim) != 0);
	WANT(gn_sim_draw(sim, 6) == 0); /* it is in order */
	return 0;
}

static int runs(void)
{
	return with_sim(run_hosts);
}

const struct nth_trial sim_trials[] = {
	{ "gn_sim_open", opens, NTH_BARE },
	{ "gn_sim_host", hosts, NTH_BARE },
	{ "gn_sim_service", services, NTH_BARE },
	{ "gn_sim_link", links, NTH_BARE },
	{ "gn_sim_fault", faults, NTH_BARE },
	{ "gn_sim_fault_rule", rules, NTH_BARE },
	{ "gn_sim_run", runs, NTH_BARE },
	{ 0 },
};
