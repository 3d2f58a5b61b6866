/*
 * udp_client: sends a greeting as one datagram, prints the answer.  Datagrams
 * may be lost, so it asks again, each time with a deadline.
 *
 *	udp_client [ADDRESS]          udp://127.0.0.1:12345
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

#define ATTEMPTS 3

static int greet(const char *address)
{
	static const char greeting[] = "Привет, сервер!";
	gn_auto gn_sock *s = gn_connect(address, NULL, gn_in(GN_SEC));
	ssize_t n = s ? GN_ETIMEOUT : gn_code();
	char text[1024];

	for (int i = 0; i < ATTEMPTS && n == GN_ETIMEOUT; i++) {
		gn_time until = gn_in(GN_SEC);

		n = gn_send(s, greeting, strlen(greeting), until);
		if (n == 0)
			n = gn_recv_text(s, text, sizeof text, until);
	}
	if (n < 0)
		return (int)n;
	printf("Сообщение от сервера: %s\n", gn_printable(text));
	return 0;
}

int main(int argc, char **argv)
{
	int code = greet(argc > 1 ? argv[1] : "udp://127.0.0.1:12345");

	if (code < 0)
		gn_perror("udp_client");
	return gn_exit_status(code);
}
