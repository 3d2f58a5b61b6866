/*
 * shop: a client that asks again, and a test of it in ten lines.
 *
 *	shop [careful]
 *
 * The shop sells what is ordered.  A network that fails has the client order
 * twice; a careful shop knows an order that it has had.
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

static bool careful;
static char last[64];
static int sold;

/* A careful shop answers an order that it has had without selling again. */
static int sell(gn_sock *client, void *arg)
{
	char order[64];

	(void)arg;
	if (gn_recv_line(client, order, sizeof order, gn_in(GN_MIN)) <= 0)
		return gn_code();
	if (!careful || strcmp(order, last) != 0)
		sold++;
	memcpy(last, order, sizeof last);
	return gn_send(client, "sold\n", 5, gn_in(GN_MIN));
}

/* What keeps a server running would start it again. */
static int shop(void *arg)
{
	(void)arg;
	while (gn_serve("tcp://:12345", sell, NULL, NULL) < 0)
		if (gn_sleep(gn_in(GN_SEC)) < 0)
			break;
	return 0;
}

static int ask(gn_time until)
{
	char answer[64];
	gn_auto gn_sock *s = gn_connect("tcp://shop:12345", NULL, until);

	if (!s || gn_send(s, "order 1: a nest\n", 16, until) < 0 ||
	    gn_recv_line(s, answer, sizeof answer, until) <= 0)
		return gn_code();
	return 0;
}

static int client(void *arg)
{
	gn_time until;

	(void)arg;
	do
		until = gn_in(2 * GN_SEC);
	while (ask(until) < 0 && gn_sleep(until) == 0);
	return 0;
}

static int one_nest_is_sold(gn_sim *sim, void *arg)
{
	(void)arg;
	last[0] = 0;
	sold = 0;
	if (gn_sim_service(sim, "shop", shop, NULL) < 0 ||
	    gn_sim_host(sim, "client", client, NULL) < 0 ||
	    gn_sim_run(sim) < 0)
		return gn_code();
	printf("the client bought one nest and paid for %d\n", sold);
	return sold == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
	(void)argv;
	careful = argc > 1;
	return gn_sweep("shop", one_nest_is_sold, NULL, NULL) < 0;
}
