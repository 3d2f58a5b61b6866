/*
 * deadline: one instant for a whole exchange, against a server that accepts
 * and never answers.  What is printed says what was attempted, between whom
 * and how far it came.
 *
 *	deadline
 */
#include <gnezdo.h>
#include <stdio.h>
#include <string.h>

static int silent(void *listener)
{
	gn_auto gn_sock *client = gn_accept(listener, GN_NEVER);

	return client ? gn_sleep(GN_NEVER) : gn_code();
}

static ssize_t exchange(gn_sock *listener)
{
	gn_time until = gn_in(300 * GN_MSEC);
	char address[GN_ADDR_TEXT_MAX], answer[64];
	gn_addr where;
	ssize_t n;

	gn_sock_local(listener, &where);
	gn_auto gn_sock *s =
		gn_connect(gn_addr_text(&where, address), NULL, until);
	if (!s)
		return gn_code();
	n = gn_send(s, "hello\n", 6, until);
	return n < 0 ? n : gn_recv(s, answer, sizeof answer, until);
}

int main(void)
{
	gn_auto gn_sock *listener = gn_listen("tcp://127.0.0.1:0", NULL);
	gn_group_auto gn_group *g = gn_group_open(NULL);
	gn_time begin = gn_now();
	ssize_t n;

	if (!listener || !g || gn_go(g, silent, listener) < 0) {
		gn_perror("deadline");
		return gn_exit_status(gn_code());
	}
	n = exchange(listener);
	gn_perror("deadline");
	printf("after %lld ms: %s\n", (long long)(gn_since(begin) / GN_MSEC),
	       gn_code_text((int)n));
	return n == GN_ETIMEOUT ? 0 : gn_exit_status((int)n);
}
