/*
 * many_clients: so many clients at once, each a fiber of one thread: all
 * connect, and when the last has, all greet and wait for their answers.
 *
 *	many_clients [COUNT [ADDRESS [--pause]]]
 *
 * Without arguments 1000 at tcp://127.0.0.1:12345.  With --pause it waits for
 * a line on its standard input between the two, so that the server can be
 * looked at.
 */
#include <gnezdo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct crowd {
	const char *address;
	int connected, answered;
	gn_chan *gate; /* ends when all may speak */
};

static int client(void *arg)
{
	static const char greeting[] = "Привет, сервер!";
	struct crowd *crowd = arg;
	gn_time until = gn_in(60 * GN_SEC);
	gn_auto gn_sock *s = gn_connect(crowd->address, NULL, until);
	char text[64];
	ssize_t n;

	if (!s)
		return gn_code();
	crowd->connected++;
	n = gn_chan_recv(crowd->gate, NULL, GN_NEVER);
	if (n == GN_EEND)
		n = gn_send(s, greeting, strlen(greeting), until);
	if (n == 0)
		n = gn_recv_text(s, text, sizeof text, until);
	if (n > 0)
		crowd->answered++;
	return n < 0 ? (int)n : 0;
}

/* Every client is a descriptor: as many as the system lets us have. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Opens the gate once all have connected or the first has failed. */
static int open_gate(struct crowd *crowd, gn_group *g, int count, bool pause)
{
	gn_time begin = gn_now();
	int code = 0;
	char line[8];

	while (crowd->connected < count && code == 0) {
		code = gn_group_wait(g, gn_in(10 * GN_MSEC));
		if (code == GN_ETIMEOUT)
			code = 0;
	}
	printf("%d connected at once, in %.2f s\n", crowd->connected,
	       (double)gn_since(begin) / GN_SEC);
	if (code == 0 && pause && !fgets(line, sizeof line, stdin))
		code = GN_EEND;
	gn_chan_end(crowd->gate);
	return code;
}

static int run(struct crowd *crowd, int count, bool pause)
{
	gn_group_auto gn_group *g = gn_group_open(NULL);
	gn_time begin;
	int code = g ? 0 : gn_code();

	for (int i = 0; i < count && code == 0; i++)
		code = gn_go(g, client, crowd);
	if (code == 0)
		code = open_gate(crowd, g, count, pause);
	begin = gn_now();
	if (code == 0)
		code = gn_group_wait(g, GN_NEVER);
	printf("%d answered, in %.2f s\n", crowd->answered,
	       (double)gn_since(begin) / GN_SEC);
	return code;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	struct crowd crowd = {
		.address = argc > 2 ? argv[2] : "tcp://127.0.0.1:12345",
	};
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count < 1) {
		fputs("usage: many_clients [COUNT [ADDRESS [--pause]]]\n",
		      stderr);
		return gn_exit_status(GN_EINVAL);
	}
	raise_limit();
	crowd.gate = gn_chan_open(0, 1);
	code = crowd.gate ? run(&crowd, count, argc > 3) : gn_code();
	if (code < 0)
		gn_perror("many_clients");
	gn_chan_close(crowd.gate);
	return gn_exit_status(code);
}
