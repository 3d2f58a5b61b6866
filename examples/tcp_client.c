/*
 * tcp_client: the lesson's client: says a greeting, prints the answer.
 *
 *	tcp_client [ADDRESS]          tcp://127.0.0.1:12345
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

static int greet(const char *address)
{
	static const char greeting[] = "Привет, сервер!";
	gn_time until = gn_in(5 * GN_SEC); /* for the whole exchange */
	gn_auto gn_sock *s = gn_connect(address, NULL, until);
	char text[1024] = "";
	size_t len = 0;
	ssize_t n;

	if (!s)
		return gn_code();
	n = gn_send(s, greeting, strlen(greeting), until);
	/* A stream keeps no boundaries: the answer may come in pieces. */
	while (n >= 0 && len < sizeof text - 8) {
		n = gn_recv_text(s, text + len, sizeof text - len, until);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0 && n != GN_EEND)
		return (int)n;
	printf("Сообщение от сервера: %s\n", gn_printable(text));
	return 0;
}

int main(int argc, char **argv)
{
	int code = greet(argc > 1 ? argv[1] : "tcp://127.0.0.1:12345");

	if (code < 0)
		gn_perror("tcp_client");
	return gn_exit_status(code);
}
