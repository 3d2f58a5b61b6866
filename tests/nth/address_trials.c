/*
 * address_trials.c: what only reads its arguments.  Its failures are of its
 * own, and need a record: that there is no memory for one changes no code.
 */
#include <netinet/in.h>
#include <string.h>

#include "nth.h"

static int parse(void)
{
	gn_addr a;

	STEP(gn_addr_parse(&a, "tcp://[::1]:80"));
	WANT(gn_addr_port(&a) == 80);
	WANT(gn_addr_parse(&a, "nonsense") == GN_EADDR);
	WANT(gn_code() == GN_EADDR);
	return 0;
}

static int from(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 80 };
	gn_addr a;

	STEP(gn_addr_from(&a, GN_UDP, &in, sizeof in));
	WANT(gn_addr_kind(&a) == GN_UDP);
	WANT(gn_addr_from(&a, GN_UNIX, &in, sizeof in) == GN_EINVAL);
	WANT(gn_code() == GN_EINVAL);
	return 0;
}

static int plan(void)
{
	char text[GN_FAULT_TEXT_MAX];
	gn_fault_rule rules[4];

	STEP(gn_fault_parse("loss=5%; a<>b: cut=3s..5s", rules, 4));
	WANT(rules[0].faults.loss_ppm == 50000);
	WANT(strcmp(gn_fault_text(rules, 1, text, sizeof text), "loss=5%") ==
	     0);
	WANT(gn_fault_parse("nonsense", rules, 4) == GN_EINVAL);
	WANT(gn_code() == GN_EINVAL);
	return 0;
}

static int backend(void)
{
	const char *name;

	MAKE(name, gn_backend());
	WANT(*name);
	return 0;
}

const struct nth_trial address_trials[] = {
	{ "gn_addr_parse", parse, 0 },
	{ "gn_addr_from", from, 0 },
	{ "gn_fault_parse", plan, 0 },
	{ "gn_backend", backend, 0 },
	{ 0 },
};
