/*
 * unix_server: the same server for programs of this machine.
 *
 *	unix_server [ADDRESS]         unix:/tmp/gnezdo.sock
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

static int greet(gn_sock *client, void *arg)
{
	static const char answer[] = "Привет, клиент!";
	char text[1024];
	ssize_t n;

	(void)arg;
	n = gn_recv_text(client, text, sizeof text, gn_in(30 * GN_SEC));
	if (n < 0)
		return (int)n;
	printf("Сообщение от клиента: %s\n", gn_printable(text));
	return gn_send(client, answer, strlen(answer), gn_in(5 * GN_SEC));
}

static void ready(gn_sock *listener, void *arg)
{
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local;

	(void)arg;
	gn_sock_local(listener, &local);
	printf("Сервер ждёт на %s\n", gn_addr_text(&local, text));
}

static void failed(gn_sock *client, int code, void *arg)
{
	(void)client;
	(void)arg;
	if (code != GN_ECANCELED)
		gn_perror("unix_server");
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "unix:/tmp/gnezdo.sock";
	gn_serve_opts opts = { .ready = ready, .failed = failed };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (gn_serve(address, greet, NULL, &opts) == 0)
		return 0;
	gn_perror("unix_server");
	return gn_exit_status(gn_code());
}
