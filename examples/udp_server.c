/*
 * udp_server: answers every datagram that greets it.
 *
 *	udp_server [ADDRESS]          udp://127.0.0.1:12345
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

/* Datagrams come from everybody to one socket, so one handler has them all. */
static int greet(gn_sock *sock, void *arg)
{
	static const char answer[] = "Привет, клиент!";
	char text[1025];
	gn_addr from;
	ssize_t n;

	(void)arg;
	for (;;) {
		n = gn_recvfrom(sock, text, sizeof text - 1, &from, GN_NEVER);
		if (n == GN_ETRUNC)
			n = sizeof text - 1; /* its beginning */
		if (n < 0)
			return (int)n;
		text[n] = '\0';
		printf("Сообщение от клиента: %s\n", gn_printable(text));
		/* Whoever cannot take it now loses it: others are waiting. */
		n = gn_sendto(sock, answer, strlen(answer), &from, GN_NOW);
		if (n < 0 && n != GN_ETIMEOUT)
			gn_perror("udp_server");
	}
}

static void ready(gn_sock *listener, void *arg)
{
	char text[GN_ADDR_TEXT_MAX];
	gn_addr local;

	(void)arg;
	gn_sock_local(listener, &local);
	printf("Сервер ждёт на %s\n", gn_addr_text(&local, text));
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "udp://127.0.0.1:12345";
	gn_serve_opts opts = { .ready = ready };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (gn_serve(address, greet, NULL, &opts) == 0)
		return 0;
	gn_perror("udp_server");
	return gn_exit_status(gn_code());
}
