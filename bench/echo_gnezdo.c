/*
 * The echo server on gnezdo, as anybody would write it: straight-line code
 * for one client, with a deadline on every wait. GNEZDO_BACKEND in the
 * environment chooses between io_uring and epoll.
 */
#include <gnezdo.h>
#include <stdint.h>
#include <stdio.h>

#include "frames.h"
#include "server.h"

#define INPUT_LEN_MAX (16 * 1024)
#define ADDRESS_LEN_MAX 160 /* of a Unix socket */
#define RECV_NS_MAX (60 * GN_SEC)
#define SEND_NS_MAX (5 * GN_SEC)

static int echo(gn_sock *client, void *arg)
{
	uint8_t input[INPUT_LEN_MAX];
	ssize_t got;

	(void)arg;
	while ((got = gn_recv(client, input, sizeof input,
			      gn_in(RECV_NS_MAX))) > 0) {
		int sent =
			gn_send(client, input, (size_t)got, gn_in(SEND_NS_MAX));

		if (sent < 0)
			return sent;
	}
	return (int)got;
}

static int answer_messages(gn_sock *client, void *arg)
{
	const size_t *message_len = arg;
	uint8_t message[BENCH_MESSAGE_LEN_MAX];
	ssize_t got;

	while ((got = gn_recv_exact(client, message, *message_len,
				    gn_in(RECV_NS_MAX))) > 0) {
		int sent = gn_send(client, message, *message_len,
				   gn_in(SEND_NS_MAX));

		if (sent < 0)
			return sent;
	}
	return (int)got;
}

static void announce(gn_sock *listener, void *arg)
{
	gn_addr here;

	(void)arg;
	gn_sock_local(listener, &here);
	printf("%u\n",
	       gn_sock_kind(listener) == GN_TCP ? gn_addr_port(&here) : 0U);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_server_options(argc, argv);
	gn_handler *handler = options.message_len > 0 ? answer_messages : echo;
	gn_serve_opts opts = { .ready = announce };
	char address[ADDRESS_LEN_MAX] = "tcp://127.0.0.1:0";

	if (options.path)
		snprintf(address, sizeof address, "unix:%s", options.path);
	if (gn_serve(address, handler, &options.message_len, &opts) == 0)
		return 0;
	gn_perror("echo_gnezdo");
	return 1;
}
