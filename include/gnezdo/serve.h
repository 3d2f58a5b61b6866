/*
 * serve.h: a server in one call.
 *
 * gn_serve listens, runs a fiber for each client, and ends in order when it
 * is told to.  The handler is straight-line code for one client.
 *
 *	#include <gnezdo.h>
 *	#include <signal.h>
 *	#include <string.h>
 *
 *	static int greet(gn_sock *client, void *arg)
 *	{
 *		(void)arg;
 *		return gn_send(client, "hello\n", 6, gn_in(5 * GN_SEC));
 *	}
 *
 *	static void ready(gn_sock *listener, void *arg)
 *	{
 *		(void)listener;
 *		(void)arg;
 *		raise(SIGTERM);
 *	}
 *
 *	int main(void)
 *	{
 *		gn_serve_opts opts = { .ready = ready };
 *
 *		return gn_serve("tcp://127.0.0.1:0", greet, NULL, &opts) < 0;
 *	}
 */
#ifndef GNEZDO_SERVE_H
#define GNEZDO_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>
#include <gnezdo/socket.h>

GN_EXTERN_BEGIN

/*
 * What runs for each client, in a fiber of its own.  It borrows the client:
 * gn_serve closes it when the handler returns.  gn_close on it does nothing;
 * to a fiber that had not failed before it leaves GN_EINVAL as the last
 * failure.  gn_shutdown ends our sending sooner.  What the handler returns goes
 * to gn_serve_opts.failed when below zero, and nowhere else: one client's
 * failure is nobody else's.
 */
typedef int gn_handler(gn_sock *client, void *arg);

/* How gn_serve behaves.  Zero means default. */
typedef struct gn_serve_opts {
	gn_sock_opts sock;  /* of the listener and of each client */
	int64_t grace_ns;   /* how long handlers may go on after the end was
			     * asked for; 0: 5 s */
	size_t stack_bytes; /* of a handler's fiber; 0: 256 KiB */
	bool no_signals;    /* leave SIGTERM and SIGINT alone */
	/* Called once, when clients can connect; gn_sock_local tells where. */
	void (*ready)(gn_sock *listener, void *arg);
	/* Called when a handler returns below zero; gn_error_last tells why. */
	void (*failed)(gn_sock *client, int code, void *arg);
} gn_serve_opts;

/*
 * gn_serve serves clients at an address until it is told to end: by SIGTERM or
 * SIGINT, or by a cancel of its fiber.
 *
 * At an address of tcp, unix or unix-seqpacket each client has a handler.
 * Datagrams come from everybody to one socket: at an address of udp or
 * unix-dgram one handler is given that socket, is cancelled when the server is
 * to end, and the server ends when it returns, with its failure if it failed.
 *
 * The two signals are taken for its duration, and only where the program had
 * left them at their default.  At the end no more clients are taken, handlers
 * may go on for grace_ns or until a second signal, then they are cancelled;
 * when the last has ended gn_serve returns 0.  It is one of the few calls that
 * wait without a deadline.
 *
 *   arg    handed to each handler, to ready and to failed
 *   opts   NULL: defaults
 *   owns   nothing
 *   fails  as gn_listen and gn_bind; what the handler of datagrams returned
 */
GN_API GN_MUST_USE int gn_serve(const char *address, gn_handler *handler,
				void *arg, const gn_serve_opts *opts);

GN_EXTERN_END

#endif
