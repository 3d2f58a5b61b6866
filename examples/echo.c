/*
 * echo: sends back what comes, at any number of addresses of any kind.
 *
 *	echo ADDRESS...
 *
 * It prints each address it serves, with the port it was given, on a line.
 */
#include <gnezdo.h>
#include <stdio.h>

/* Longer than any datagram of udp. */
#define MESSAGE_MAX 65536

static void ready(gn_sock *listener, void *arg)
{
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local;

	(void)arg;
	gn_sock_local(listener, &local);
	printf("%s\n", gn_addr_text(&local, text));
}

static void failed(gn_sock *client, int code, void *arg)
{
	(void)client;
	(void)arg;
	if (code != GN_ECANCELED)
		gn_perror("echo");
}

static int echo_stream(gn_sock *client)
{
	char buf[4096];
	ssize_t n;

	while ((n = gn_recv(client, buf, sizeof buf, GN_NEVER)) > 0)
		if ((n = gn_send(client, buf, (size_t)n, GN_NEVER)) < 0)
			break;
	return (int)n;
}

static int echo_messages(gn_sock *client, char *buf)
{
	ssize_t n;

	while ((n = gn_recv(client, buf, MESSAGE_MAX, GN_NEVER)) >= 0)
		if ((n = gn_send(client, buf, (size_t)n, GN_NEVER)) < 0)
			break;
	return n == GN_EEND ? 0 : (int)n;
}

static int echo_datagrams(gn_sock *sock, char *buf)
{
	gn_addr from;
	ssize_t n;

	for (;;) {
		n = gn_recvfrom(sock, buf, MESSAGE_MAX, &from, GN_NEVER);
		if (n < 0 && n != GN_ETRUNC)
			return (int)n;
		/* Whoever cannot take it now loses it: others are waiting. */
		if (n >= 0)
			n = gn_sendto(sock, buf, (size_t)n, &from, GN_NOW);
		if (n < 0 && n != GN_ETIMEOUT)
			gn_perror("echo");
	}
}

/* So large a buffer takes memory as long as its function runs: apart from the
 * streams, of which there are many. */
static int serve_messages(gn_sock *client)
{
	char buf[MESSAGE_MAX];

	if (gn_sock_kind(client) == GN_UNIX_SEQPACKET)
		return echo_messages(client, buf);
	return echo_datagrams(client, buf);
}

static int serve(gn_sock *client, void *arg)
{
	enum gn_kind kind = gn_sock_kind(client);

	(void)arg;
	if (kind == GN_TCP || kind == GN_UNIX)
		return echo_stream(client);
	return serve_messages(client);
}

static int serve_address(void *address)
{
	gn_serve_opts opts = { .ready = ready, .failed = failed };

	return gn_serve(address, serve, NULL, &opts);
}

int main(int argc, char **argv)
{
	gn_group_auto gn_group *g = gn_group_open(NULL);
	int code = g ? 0 : gn_code();

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fputs("usage: echo ADDRESS...\n", stderr);
		return gn_exit_status(GN_EINVAL);
	}
	for (int i = 1; i < argc && code == 0; i++)
		code = gn_go(g, serve_address, argv[i]);
	if (code == 0)
		code = gn_group_wait(g, GN_NEVER);
	if (code < 0)
		gn_perror("echo");
	return gn_exit_status(code);
}
