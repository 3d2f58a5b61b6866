/*
 * serve.c: gn_serve: a fiber that accepts, a fiber a client, and an end in
 * order.
 */
#include <gnezdo/serve.h>

#include <stdlib.h>

#include "addr/target.h"
#include "loop/signal.h"
#include "sock/sock.h"
#include "task/group.h"

/* How long handlers may go on after the end was asked for. */
#define GRACE_NS (5 * GN_SEC)

/* A pause when there is no memory for one more client. */
#define REST_NS (10 * GN_MSEC)

struct server {
	gn_handler *handler;
	void *arg;
	gn_serve_opts opts;
	gn_sock *listener;
	gn_group *doors;   /* the fiber that accepts */
	gn_group *clients; /* a fiber each */
	struct gni_signal signal;
};

struct client {
	struct server *server;
	gn_sock *sock;
};

static int run_handler(struct server *v, gn_sock *s)
{
	int code;

	s->borrowed = true;
	code = v->handler(s, v->arg);
	if (code < 0 && v->opts.failed)
		v->opts.failed(s, code, v->arg);
	s->borrowed = false;
	return code;
}

/* One client's failure is nobody else's: the fiber itself never fails. */
static int serve_client(void *arg)
{
	struct client c = *(struct client *)arg;

	free(arg);
	run_handler(c.server, c.sock);
	gn_close(c.sock);
	return 0;
}

static int start_client(struct server *v, gn_sock *s)
{
	char name[GN_ADDR_TEXT_MAX];
	gn_go_opts opts = { .stack_bytes = v->opts.stack_bytes };
	struct client *c = malloc(sizeof *c);
	gn_addr peer;

	if (!c)
		return GN_ENOMEM;
	*c = (struct client){ v, s };
	gn_sock_peer(s, &peer);
	opts.name = gn_addr_text(&peer, name);
	if (gn_go_with(v->clients, serve_client, c, &opts) == 0)
		return 0;
	free(c);
	return gn_code();
}

static int accept_clients(void *arg)
{
	struct server *v = arg;

	for (;;) {
		gn_sock *s = gn_accept(v->listener, GN_NEVER);

		if (!s)
			return gn_code();
		if (start_client(v, s) == 0)
			continue;
		gn_close(s);
		if (gn_sleep(gn_in(REST_NS)) < 0)
			return gn_code();
	}
}

/* Datagrams come from everybody to one socket: one handler has them all, and
 * its failure is the server's. */
static int serve_bound(void *arg)
{
	struct server *v = arg;

	return run_handler(v, v->listener);
}

/* The first signal ends the server in order, the second ends the grace. */
static void signal_came(struct gni_signal *signal)
{
	struct server *v = GNI_OWNER(signal, struct server, signal);

	if (v->doors)
		gn_group_cancel(v->doors);
	else
		gn_group_cancel(v->clients);
}

static int open_server(struct server *v, const char *address)
{
	struct gni_target t;
	int result = gni_target_parse(&t, address, "serve");
	bool bound;

	if (result < 0)
		return result;
	bound = gni_kind_has(t.kind, GNI_BOUND, GNI_SENDTO);
	v->listener = bound ? gn_bind(address, &v->opts.sock) :
			      gn_listen(address, &v->opts.sock);
	v->doors = gn_group_open(NULL);
	v->clients = gn_group_open(&(gn_group_opts){ .keep_going = true });
	if (!v->listener || !v->doors || !v->clients)
		return gn_code();
	return gn_go_with(v->doors, bound ? serve_bound : accept_clients, v,
			  &(gn_go_opts){ .name = "accept",
					 .stack_bytes = v->opts.stack_bytes });
}

static int run(struct server *v)
{
	struct gni_loop *l = gni_loop_mine();
	gn_error *cause = NULL;
	int result;

	gni_list_init(&v->signal.link);
	v->signal.came = signal_came;
	if (!v->opts.no_signals && !l->backend->enter)
		gni_signal_take(l, &v->signal);
	if (v->opts.ready)
		v->opts.ready(v->listener, v->arg);
	result = gn_group_wait(v->doors, GN_NEVER);
	if (result == GN_ECANCELED)
		result = 0;
	if (result < 0)
		cause = gni_error_take();
	/* No more clients; those that are here may finish. */
	gn_group_close(v->doors);
	v->doors = NULL;
	gn_close(v->listener);
	v->listener = NULL;
	gni_group_settle(v->clients, gn_in(v->opts.grace_ns));
	gn_group_cancel(v->clients);
	if (!gni_list_empty(&v->signal.link))
		gni_signal_give(l, &v->signal);
	if (cause)
		gni_fail_again(cause);
	gni_error_free(cause);
	return result;
}

int gn_serve(const char *address, gn_handler *handler, void *arg,
	     const gn_serve_opts *opts)
{
	struct server v = { .handler = handler, .arg = arg };
	int result;

	if (opts)
		v.opts = *opts;
	if (v.opts.grace_ns <= 0)
		v.opts.grace_ns = GRACE_NS;
	result = open_server(&v, address);
	if (result == 0)
		result = run(&v);
	gn_group_close(v.doors);
	gn_group_close(v.clients);
	gn_close(v.listener);
	if (gni_loop_mine() && gni_loop_on_root(gni_loop_mine()))
		gni_loop_finish(gni_loop_mine());
	return result;
}
