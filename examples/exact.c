/*
 * exact: a server of messages that are all of one length.
 *
 *	exact ADDRESS BYTES
 *
 * It reads exactly BYTES of a stream, answers them, and so on until the client
 * ends.  It prints the address it serves, with the port it was given.
 */
#include <gnezdo.h>
#include <stdio.h>
#include <stdlib.h>

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
		gn_perror("exact");
}

static int answer(gn_sock *client, char *message, size_t len)
{
	ssize_t n;

	while ((n = gn_recv_exact(client, message, len, GN_NEVER)) > 0)
		if ((n = gn_send(client, message, len, GN_NEVER)) < 0)
			break;
	return (int)n;
}

static int serve(gn_sock *client, void *arg)
{
	size_t len = *(const size_t *)arg;
	char *message = malloc(len);
	int code = message ? answer(client, message, len) : GN_ENOMEM;

	free(message);
	return code;
}

/* 0: not understood, or more than gn_recv_exact takes at a time. */
static size_t length(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return n > 0 && n <= (long)GN_RECV_MAX && *end == 0 ? (size_t)n : 0;
}

int main(int argc, char **argv)
{
	gn_serve_opts opts = { .ready = ready, .failed = failed };
	size_t len = argc == 3 ? length(argv[2]) : 0;
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (len == 0) {
		fputs("usage: exact ADDRESS BYTES\n", stderr);
		return gn_exit_status(GN_EINVAL);
	}
	code = gn_serve(argv[1], serve, &len, &opts);
	if (code < 0)
		gn_perror("exact");
	return gn_exit_status(code);
}
