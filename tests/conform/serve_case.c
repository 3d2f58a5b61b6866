/*
 * serve_case.c: gn_serve: whose its clients are, and how long they may go on.
 */
#include <string.h>

#include "place.h"

struct server {
	struct one one;
	const struct place *p;
	gn_handler *handler;
	int64_t grace_ns;
	char address[ADDRESS_MAX];
	int served, result;
};

static void tell_address(gn_sock *l, void *arg)
{
	struct server *v = arg;

	address_of(l, v->address);
}

static int serve(void *arg)
{
	struct server *v = arg;
	char asked[ADDRESS_MAX];
	gn_serve_opts opts = { .grace_ns = v->grace_ns,
			       .no_signals = true,
			       .stack_bytes = (size_t)1 << 20,
			       .ready = tell_address };

	fresh_address(v->p, NULL, asked);
	v->result = gn_serve(asked, v->handler, v, &opts);
	return v->result;
}

/* Starts one, with a client connected to it. */
static int begin(struct server *v, gn_sock **client)
{
	gn_sock_opts opts = { 0 };
	char from[ADDRESS_MAX];

	v->result = 1;
	TRY(go_one(&v->one, serve, v));
	while (!*v->address && v->result == 1)
		gn_yield();
	fresh_address(v->p, NULL, from);
	if (v->p->kind->traits & K_BOUND)
		opts.from = from;
	*client = gn_connect(v->address, &opts, SOON);
	WANT(*client);
	WANT_IS(gn_send(*client, "x", 1, SOON), 0);
	return 0;
}

static int end(struct server *v, gn_sock *client)
{
	gn_close(client);
	cancel_one(&v->one);
	WANT_IS(join_one(&v->one), 0);
	WANT_IS(v->served, 1);
	return 0;
}

/* ---- a client is gn_serve's */

static int refuse_release(gn_sock *client)
{
	char text[512], unread[8];
	size_t len;

	WANT_IS(gn_release(client, unread, sizeof unread, &len), GN_EINVAL);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, "release"));
	WANT(strstr(text, "it is a client of gn_serve"));
	return 0;
}

/* A close does nothing; it says so only where nothing else was said. */
static int close_borrowed(gn_sock *client)
{
	char before[512], after[512];

	WANT_IS(gn_code(), GN_OK);
	gn_close(client);
	WANT_IS(gn_code(), GN_EINVAL);
	WANT_TEXT(gn_error_operation(gn_error_last()), "close");
	TRY(refuse_release(client));
	gn_error_text(gn_error_last(), before, sizeof before);
	gn_close(client);
	gn_error_text(gn_error_last(), after, sizeof after);
	WANT_TEXT(after, before);
	return 0;
}

static int lend(gn_sock *client, void *arg)
{
	struct server *v = arg;
	gn_addr from = { 0 };
	char c;

	TRY(close_borrowed(client));
	if (v->p->kind->traits & K_BOUND)
		WANT_IS(gn_recvfrom(client, &c, 1, &from, SOON), 1);
	else
		WANT_IS(gn_recv(client, &c, 1, SOON), 1);
	TRY(refuse_release(client));
	TRY(answer(v->p, client, &from, "y", 1));
	v->served++;
	return 0;
}

static int borrowed(const struct place *p)
{
	struct server v = { .p = p, .handler = lend };
	gn_sock *client;
	char c;

	TRY(begin(&v, &client));
	WANT_IS(gn_recv(client, &c, 1, SOON), 1);
	if (p->kind->traits & K_ENDS)
		TRY(recv_end(client));
	return end(&v, client);
}

/* ---- the end of a server whose fiber is cancelled */

/* More than a shield could hold a cancel off. */
#define LONG_NS (20 * GN_SEC)

static int takes_long(gn_sock *client, void *arg)
{
	struct server *v = arg;
	char c;

	WANT_IS(gn_recv(client, &c, 1, SOON), 1);
	WANT_IS(gn_sleep(gn_in(LONG_NS)), 0);
	WANT_IS(gn_send(client, "y", 1, SOON), 0);
	v->served++;
	return 0;
}

static int takes_too_long(gn_sock *client, void *arg)
{
	struct server *v = arg;
	char c;

	WANT_IS(gn_recv(client, &c, 1, SOON), 1);
	WANT_IS(gn_sleep(gn_in(2 * LONG_NS)), GN_ECANCELED);
	v->served++;
	return 0;
}

/* Handlers have the whole of the grace that was given to them, and no more. */
static int grace(const struct place *p)
{
	struct server v = { .p = p,
			    .handler = takes_long,
			    .grace_ns = LONG_NS + GN_SEC };
	struct server w = { .p = p,
			    .handler = takes_too_long,
			    .grace_ns = LONG_NS };
	gn_time begun = gn_now();
	gn_sock *client;
	char c;

	TRY(begin(&v, &client));
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	cancel_one(&v.one);
	WANT_IS(gn_recv(client, &c, 1, SOON), 1);
	WANT(gn_since(begun) >= LONG_NS);
	TRY(end(&v, client));
	TRY(begin(&w, &client));
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	begun = gn_now();
	cancel_one(&w.one);
	TRY(recv_end(client));
	WANT(gn_since(begun) >= LONG_NS);
	WANT(gn_since(begun) < LONG_NS + GN_SEC);
	return end(&w, client);
}

const struct conform_case serve_cases[] = {
	{ "borrowed_client", K_NAMED, 0, borrowed, NULL, NULL, 0 },
	/* In virtual time, which alone passes so fast. */
	{ "grace_of_a_cancelled_server", K_SERVED, 0, grace, NULL, NULL,
	  ON_SIM },
	{ 0 },
};
