/*
 * open_trials.c: how sockets come to be and leave.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"
#include "nth.h"

const char *nth_address(gn_sock *s, char text[GN_ADDR_TEXT_MAX])
{
	gn_addr a;

	gn_sock_local(s, &a);
	return gn_addr_text(&a, text);
}

static int listen_at(const char *address)
{
	gn_auto gn_sock *l = NULL;
	gn_addr a;

	MAKE(l, gn_listen(address, NULL));
	gn_sock_local(l, &a);
	WANT(gn_addr_kind(&a) != GN_KIND_NONE);
	return 0;
}

static int listens(void)
{
	static const char *const schemes[] = { "unix", "unix-seqpacket" };
	int result = listen_at("tcp://127.0.0.1:0?sndbuf=64k&rcvbuf=64k");
	char path[128];

	for (int i = 0; i < 2 && result == 0; i++) {
		nth_path(path, sizeof path, schemes[i]);
		result = listen_at(path);
	}
	return result < 0 ? result : listen_at("tcp://:0?alive=30s");
}

static int bind_at(const char *address)
{
	gn_auto gn_sock *s = NULL;

	MAKE(s, gn_bind(address, NULL));
	return 0;
}

static int binds(void)
{
	int result = bind_at("udp://:0");
	char path[128];

	nth_path(path, sizeof path, "unix-dgram");
	return result < 0 ? result : bind_at(path);
}

/* A packet without bytes is not taken for the end, whatever failed before. */
static int pass_empty(gn_sock *from, gn_sock *to)
{
	char byte;
	ssize_t n;

	STEP(gn_send(from, "", 0, SOON));
	WAIT(n, gn_recv(to, &byte, 1, SLICE));
	WANT(n == 0);
	return 0;
}

static int pass_nothing(gn_sock *from, gn_sock *to)
{
	int result = pass_empty(from, to);

	WANT(result != GN_EEND);
	return result;
}

static int pass_byte(gn_sock *from, gn_sock *to)
{
	char byte;
	ssize_t n;

	STEP(gn_send(from, "x", 1, SOON));
	WAIT(n, gn_recv(to, &byte, 1, SLICE));
	WANT(n == 1 && byte == 'x');
	return 0;
}

static int accept_at(const char *address)
{
	gn_auto gn_sock *l = NULL, *s = NULL, *c = NULL;
	char text[GN_ADDR_TEXT_MAX];

	MAKE(l, gn_listen(address, NULL));
	MAKE(s, gn_connect(nth_address(l, text), NULL, SOON));
	WAIT_MAKE(c, gn_accept(l, SLICE));
	return gn_sock_kind(c) == GN_TCP ? pass_byte(s, c) : pass_nothing(s, c);
}

static int accepts(void)
{
	int result = accept_at("tcp://127.0.0.1:0");
	char path[128];

	nth_path(path, sizeof path, "unix-seqpacket");
	return result < 0 ? result : accept_at(path);
}

static int connect_to(const char *address, const gn_sock_opts *opts)
{
	gn_auto gn_sock *s = NULL;
	gn_addr a;

	MAKE(s, gn_connect(address, opts, SOON));
	gn_sock_peer(s, &a);
	WANT(gn_addr_kind(&a) != GN_KIND_NONE);
	return 0;
}

/* Also over an address that nobody answers at, and from one of our own. */
static int connect_tcp(void)
{
	gn_sock_opts opts = { .alive_ns = 10 * GN_SEC,
			      .from = "tcp://127.0.0.1:0" };
	char text[GN_ADDR_TEXT_MAX], local[64] = "tcp://localhost:";
	gn_auto gn_sock *l = NULL;
	gn_addr a;

	MAKE(l, gn_listen("tcp4://localhost:0", NULL));
	STEP(connect_to(nth_address(l, text), &opts));
	gn_sock_local(l, &a);
	snprintf(local + strlen(local), 8, "%u", gn_addr_port(&a));
	STEP(connect_to(local, NULL));
	return 0;
}

static int connect_datagrams(void)
{
	gn_auto gn_sock *u = NULL, *d = NULL;
	char text[GN_ADDR_TEXT_MAX], path[128], from[128];

	MAKE(u, gn_bind("udp://127.0.0.1:0", NULL));
	STEP(connect_to(nth_address(u, text), NULL));
	nth_path(path, sizeof path, "unix-dgram");
	nth_path(from, sizeof from, "unix-dgram");
	MAKE(d, gn_bind(path, NULL));
	STEP(connect_to(path, &(gn_sock_opts){ .from = from }));
	STEP(connect_to(path, NULL));
	return 0;
}

static int connects(void)
{
	int result = connect_tcp();

	return result < 0 ? result : connect_datagrams();
}

static int pairs(void)
{
	static const enum gn_kind kinds[] = { GN_UNIX, GN_UNIX_DGRAM,
					      GN_UNIX_SEQPACKET };
	gn_sock *s[2];

	for (int i = 0; i < 3; i++) {
		int result;

		STEP(gn_pair(kinds[i], s));
		WANT(s[0] && s[1]);
		result = i == 2 ? pass_nothing(s[0], s[1]) :
				  pass_byte(s[0], s[1]);
		gn_close(s[0]);
		gn_close(s[1]);
		if (result < 0)
			return result;
	}
	return 0;
}

static int release(gn_sock *s, int *fd)
{
	char unread[8];
	size_t len;

	*fd = gn_release(s, unread, sizeof unread, &len);
	return *fd;
}

/* What is released is adopted; what cannot be is closed as ever. */
static int pass_on(gn_sock **s)
{
	int fd;

	STEP(release(*s, &fd));
	*s = NULL;
	*s = gn_adopt(fd);
	if (!*s)
		nth_close(fd);
	return *s ? 0 : nth_judge_none(__FILE__, __LINE__, "gn_adopt");
}

/* Descriptors of others, where there are any. */
static int adopt_pair(gn_sock *s[2])
{
	int fd[2], result = 0;

	WANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == 0);
	for (int i = 0; i < 2; i++) {
		s[i] = result < 0 ? NULL : gn_adopt(fd[i]);
		if (!s[i])
			close(fd[i]);
		if (!s[i] && result == 0)
			result = nth_judge_none(__FILE__, __LINE__, "gn_adopt");
	}
	if (result < 0)
		gn_close(s[0]);
	return result;
}

static int adopts(void)
{
	gn_auto gn_sock *a = NULL, *b = NULL;
	gn_sock *s[2];

	if (gn_sim_host_name())
		STEP(gn_pair(GN_UNIX_SEQPACKET, s));
	else
		STEP(adopt_pair(s));
	a = s[0];
	b = s[1];
	STEP(pass_on(&a));
	return pass_nothing(a, b);
}

/* Bytes that nobody took go with it. */
static int release_with_unread(gn_sock **s)
{
	char unread[8];
	size_t len;
	int fd = gn_release(*s, unread, sizeof unread, &len);

	if (fd < 0)
		return nth_judge(__FILE__, __LINE__, "gn_release", fd);
	*s = NULL;
	nth_close(fd);
	WANT(len <= 4 && memcmp(unread, "rest", len) == 0);
	return 0;
}

static int releases(void)
{
	gn_auto gn_sock *b = NULL, *a = NULL; /* the second is closed first */
	gn_sock *s[2];
	char line[16];
	ssize_t n;

	STEP(gn_pair(GN_UNIX, s));
	a = s[0];
	b = s[1];
	STEP(gn_send(a, "line\nrest", 9, SOON));
	WAIT(n, gn_recv_line(b, line, sizeof line, SLICE));
	WANT(n == 4);
	STEP(release_with_unread(&b));
	return 0;
}

static int stdios(void)
{
	gn_auto gn_sock *s = NULL;

	MAKE(s, gn_stdio());
	WANT(gn_sock_kind(s) == GN_PIPE);
	return 0;
}

/* Nothing is told: all comes, or the peer is told that it ended. */
static int closes(void)
{
	gn_auto gn_sock *a = NULL, *b = NULL;
	char buf[64];
	gn_sock *s[2];
	ssize_t n;

	STEP(nth_tcp(s));
	a = s[0];
	b = s[1];
	STEP(gn_send(b, "unread", 6, SOON));
	STEP(gn_send(a, "bye", 3, SOON));
	gn_close(a);
	a = NULL;
	WAIT(n, gn_recv(b, buf, sizeof buf, SLICE));
	WANT(n >= 0 && memcmp(buf, "bye", (size_t)n) == 0);
	return 0;
}

const struct nth_trial open_trials[] = {
	{ "gn_listen", listens, 0 },   { "gn_bind", binds, 0 },
	{ "gn_accept", accepts, 0 },   { "gn_connect", connects, 0 },
	{ "gn_pair", pairs, 0 },       { "gn_adopt", adopts, 0 },
	{ "gn_release", releases, 0 }, { "gn_stdio", stdios, NTH_REAL },
	{ "gn_close", closes, 0 },     { 0 },
};
