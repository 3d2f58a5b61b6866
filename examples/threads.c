/*
 * threads: the lesson's own form, a thread for each client.  The same calls
 * block a plain thread; nothing has to be set up for it.
 *
 *	threads [ADDRESS]             tcp://127.0.0.1:12345
 */
#include <gnezdo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *serve(void *arg)
{
	static const char answer[] = "Привет, клиент!";
	gn_auto gn_sock *client = arg;
	char text[1024];
	ssize_t n;

	n = gn_recv_text(client, text, sizeof text, gn_in(30 * GN_SEC));
	if (n >= 0) {
		printf("Сообщение от клиента: %s\n", gn_printable(text));
		n = gn_send(client, answer, strlen(answer), gn_in(5 * GN_SEC));
	}
	if (n < 0)
		gn_perror("threads");
	return NULL;
}

static int start(gn_sock *client)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve, client) != 0)
		return -1;
	return pthread_detach(thread);
}

static void ready(gn_sock *listener)
{
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local;

	gn_sock_local(listener, &local);
	printf("Сервер ждёт на %s\n", gn_addr_text(&local, text));
}

static void quit(int number)
{
	(void)number;
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "tcp://127.0.0.1:12345";
	gn_auto gn_sock *listener = gn_listen(address, NULL);
	struct sigaction end = { .sa_handler = quit };
	gn_sock *client;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	if (listener)
		ready(listener);
	while (listener && (client = gn_accept(listener, GN_NEVER)))
		if (start(client) < 0)
			gn_close(client);
	gn_perror("threads");
	return gn_exit_status(gn_code());
}
