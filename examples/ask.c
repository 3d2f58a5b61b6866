/*
 * ask: sends its standard input to an address, ends its sending, and prints
 * the answer until the other side ends.
 *
 *	ask ADDRESS [--timeout 5s]
 *
 * The timeout is the longest silence: of a connect, of a send, and of the
 * answer once the question is out.  The exit status is 0 only if the answer
 * came whole.  A datagram has no end: one is sent and one is waited for.
 */
#include <gnezdo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any datagram of udp. */
#define MESSAGE_MAX 65536

struct exchange {
	gn_sock *sock, *terminal;
	int64_t timeout_ns;
	bool asked; /* the whole question is out */
};

static int put(const struct exchange *x, const char *buf, size_t len)
{
	return gn_send(x->terminal, buf, len, GN_NEVER);
}

static int ask_stream(void *arg)
{
	struct exchange *x = arg;
	char buf[16384];
	ssize_t n;

	while ((n = gn_recv(x->terminal, buf, sizeof buf, GN_NEVER)) > 0)
		if ((n = gn_send(x->sock, buf, (size_t)n,
				 gn_in(x->timeout_ns))) < 0)
			break;
	if (n == 0)
		n = gn_shutdown(x->sock, gn_in(x->timeout_ns));
	x->asked = true;
	return (int)n;
}

/* An answer may begin before the question has ended, but need not. */
static ssize_t next(const struct exchange *x, char *buf, size_t len)
{
	bool asked;
	ssize_t n;

	do {
		asked = x->asked;
		n = gn_recv(x->sock, buf, len, gn_in(x->timeout_ns));
	} while (n == GN_ETIMEOUT && !asked);
	return n;
}

static int print_stream(void *arg)
{
	struct exchange *x = arg;
	char buf[16384];
	ssize_t n;

	while ((n = next(x, buf, sizeof buf)) > 0)
		if ((n = put(x, buf, (size_t)n)) < 0)
			break;
	return (int)n;
}

static int exchange_streams(struct exchange *x)
{
	gn_group_auto gn_group *g = gn_group_open(NULL);
	int code = g ? gn_go(g, ask_stream, x) : gn_code();

	if (code == 0)
		code = gn_go(g, print_stream, x);
	return code < 0 ? code : gn_group_wait(g, GN_NEVER);
}

/* The question as one message. */
static ssize_t read_all(const struct exchange *x, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = gn_recv(x->terminal, buf + len, size - len, GN_NEVER)) > 0)
		if ((len += (size_t)n) == size)
			break;
	return n < 0 ? n : (ssize_t)len;
}

static int exchange_messages(struct exchange *x)
{
	static char buf[MESSAGE_MAX];
	ssize_t n = read_all(x, buf, sizeof buf);

	if (n >= 0)
		n = gn_send(x->sock, buf, (size_t)n, gn_in(x->timeout_ns));
	if (n == 0)
		n = gn_recv(x->sock, buf, sizeof buf, gn_in(x->timeout_ns));
	return n < 0 ? (int)n : put(x, buf, (size_t)n);
}

static int ask(const char *address, int64_t timeout_ns)
{
	gn_auto gn_sock *terminal = gn_stdio();
	gn_auto gn_sock *s = gn_connect(address, NULL, gn_in(timeout_ns));
	struct exchange x = { s, terminal, timeout_ns, false };
	enum gn_kind kind;

	if (!s || !terminal)
		return gn_code();
	kind = gn_sock_kind(s);
	if (kind == GN_TCP || kind == GN_UNIX)
		return exchange_streams(&x);
	return exchange_messages(&x);
}

/* "5s", "200ms", "2m"; 0: not understood. */
static int64_t duration(const char *text)
{
	static const struct {
		const char *word;
		int64_t ns;
	} units[] = { { "ms", GN_MSEC }, { "s", GN_SEC }, { "m", GN_MIN } };
	char *end;
	long n = strtol(text, &end, 10);

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (n > 0 && n < 1000000 && strcmp(end, units[i].word) == 0)
			return n * units[i].ns;
	return 0;
}

int main(int argc, char **argv)
{
	int64_t timeout_ns = 5 * GN_SEC;
	int code;

	if (argc == 4 && strcmp(argv[2], "--timeout") == 0)
		timeout_ns = duration(argv[3]);
	else if (argc != 2)
		timeout_ns = 0;
	if (timeout_ns == 0) {
		fputs("usage: ask ADDRESS [--timeout 5s]\n", stderr);
		return gn_exit_status(GN_EINVAL);
	}
	code = ask(argv[1], timeout_ns);
	if (code < 0)
		gn_perror("ask");
	return gn_exit_status(code);
}
