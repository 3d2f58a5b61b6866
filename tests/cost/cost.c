/*
 * cost.c: a conversation of so many messages, for check.py to count the
 * instructions of.
 *
 *	cost LOAD MESSAGES
 *
 * Both ends are fibers of one thread, so that the order in which they run is
 * the same each time; what is counted is what both do.  The program does the
 * same before and after the messages however many there are.
 */
#include <gnezdo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 64
#define FLIGHT_MAX 16

static const struct load {
	const char *name;
	const char *backend; /* NULL: the simulation */
	const char *address;
	long flight; /* messages that are not answered yet */
	bool exact;  /* whether the server reads message by message */
} loads[] = {
	{ "echo-sim", NULL, "tcp://server:7", 1, false },
	{ "exact-sim", NULL, "tcp://server:7", FLIGHT_MAX, true },
	{ "echo-epoll", "epoll", "tcp://127.0.0.1:0", 1, false },
	{ "exact-epoll", "epoll", "tcp://127.0.0.1:0", FLIGHT_MAX, true },
	{ "echo-poll", "poll", "tcp://127.0.0.1:0", 1, false },
	{ "exact-poll", "poll", "tcp://127.0.0.1:0", FLIGHT_MAX, true },
	{ "echo-uring", "uring", "tcp://127.0.0.1:0", 1, false },
	{ "exact-uring", "uring", "tcp://127.0.0.1:0", FLIGHT_MAX, true },
};

struct talk {
	const struct load *load;
	gn_sock *listener;
	const char *address; /* to connect to */
	long messages;
};

static ssize_t receive(gn_sock *s, char *message, bool exact)
{
	if (exact)
		return gn_recv_exact(s, message, MESSAGE_BYTES, GN_NEVER);
	return gn_recv(s, message, MESSAGE_BYTES, GN_NEVER);
}

static int answer(gn_sock *client, bool exact)
{
	char message[MESSAGE_BYTES];
	ssize_t n;

	while ((n = receive(client, message, exact)) > 0)
		if ((n = gn_send(client, message, (size_t)n, GN_NEVER)) < 0)
			break;
	return (int)n;
}

static int server(void *arg)
{
	struct talk *t = arg;
	gn_auto gn_sock *client = gn_accept(t->listener, GN_NEVER);

	return client ? answer(client, t->load->exact) : gn_code();
}

/* Keeps so many in flight: one more for each answer. */
static int ask(gn_sock *s, const struct talk *t)
{
	char message[MESSAGE_BYTES] = "ask", answered[MESSAGE_BYTES];
	long sent = 0;
	int code = 0;

	for (; code == 0 && sent < t->load->flight; sent++)
		code = gn_send(s, message, sizeof message, GN_NEVER);
	for (long n = 0; code == 0 && n < t->messages; n++) {
		ssize_t got = receive(s, answered, t->load->exact);

		if (got != sizeof message ||
		    memcmp(message, answered, sizeof message) != 0)
			return got < 0 ? (int)got : GN_EPROTO;
		if (sent++ < t->messages)
			code = gn_send(s, message, sizeof message, GN_NEVER);
	}
	return code;
}

static int client(void *arg)
{
	struct talk *t = arg;
	gn_auto gn_sock *s = gn_connect(t->address, NULL, GN_NEVER);

	return s ? ask(s, t) : gn_code();
}

static int server_host(void *arg)
{
	struct talk *t = arg;
	gn_auto gn_sock *listener = gn_listen("tcp://:7", NULL);

	t->listener = listener;
	return listener ? server(t) : gn_code();
}

static int simulated(struct talk *t)
{
	gn_sim *sim = gn_sim_open(&(gn_sim_opts){ .in_order = true });
	int code = sim ? gn_sim_host(sim, "server", server_host, t) :
			 gn_code();

	t->address = t->load->address;
	if (code == 0)
		code = gn_sim_host(sim, "client", client, t);
	if (code == 0)
		code = gn_sim_run(sim);
	gn_sim_close(sim);
	return code;
}

static int real(struct talk *t)
{
	gn_auto gn_sock *listener = gn_listen(t->load->address, NULL);
	gn_group_auto gn_group *g = gn_group_open(NULL);
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local;

	if (!listener || !g)
		return gn_code();
	gn_sock_local(listener, &local);
	t->listener = listener;
	t->address = gn_addr_text(&local, text);
	if (gn_go(g, server, t) < 0 || gn_go(g, client, t) < 0)
		return gn_code();
	return gn_group_wait(g, GN_NEVER);
}

static const struct load *load_of(const char *name)
{
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
		if (strcmp(loads[i].name, name) == 0)
			return &loads[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct talk t = { .load = argc == 3 ? load_of(argv[1]) : NULL };
	int code;

	if (t.load)
		t.messages = atol(argv[2]);
	if (!t.load || t.messages < FLIGHT_MAX) {
		fputs("usage: cost LOAD MESSAGES\n", stderr);
		return gn_exit_status(GN_EINVAL);
	}
	if (t.load->backend)
		setenv("GNEZDO_BACKEND", t.load->backend, 1);
	code = t.load->backend ? real(&t) : simulated(&t);
	if (code < 0)
		gn_perror("cost");
	return gn_exit_status(code);
}
