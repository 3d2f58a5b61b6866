/*
 * A server for many clients that say little: it answers what comes, from a
 * buffer of a kilobyte, as a program that expects a million of them would be
 * written. Its stacks are small too: page tables are laid out for whole ones.
 *
 *     many_server ADDRESS
 */
#include <errno.h>
#include <gnezdo.h>
#include <stdio.h>

#include "process.h"

#define INPUT_LEN_MAX 1024
#define STACK_LEN (16 * 1024)
/* Longer than any measurement: every wait has a deadline all the same. */
#define RECV_NS_MAX (600 * GN_SEC)
#define SEND_NS_MAX (60 * GN_SEC)

static int answer(gn_sock *client, void *arg)
{
	char input[INPUT_LEN_MAX];
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

static void announce(gn_sock *listener, void *arg)
{
	gn_addr here;

	(void)arg;
	gn_sock_local(listener, &here);
	printf("%u\n", gn_addr_port(&here));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	gn_serve_opts opts = { .ready = announce, .stack_bytes = STACK_LEN };

	errno = 0;
	if (argc != 2)
		bench_fail("usage: many_server ADDRESS");
	bench_files_raise();
	if (gn_serve(argv[1], answer, NULL, &opts) == 0)
		return 0;
	gn_perror("many_server");
	return 1;
}
