/*
 * option_case.c: options, as the kernel has them afterwards.
 */
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "place.h"

/* Asks the kernel, whose descriptor is taken away and given back. */
static int ask(gn_sock **s, int level, int name)
{
	int value = -1, fd;
	socklen_t len = sizeof value;
	char unread[16];
	size_t unread_len;

	fd = gn_release(*s, unread, sizeof unread, &unread_len);
	if (fd < 0 || getsockopt(fd, level, name, &value, &len) < 0)
		value = -1;
	*s = gn_adopt(fd);
	return value;
}

static int ask_cloexec(gn_sock **s)
{
	char unread[16];
	size_t unread_len;
	int flags, fd = gn_release(*s, unread, sizeof unread, &unread_len);

	flags = fcntl(fd, F_GETFD);
	*s = gn_adopt(fd);
	return flags & FD_CLOEXEC;
}

/* ---- nodelay */

static int nodelay_with(const struct place *p, const gn_sock_opts *opts,
			const char *option, int connected, int accepted)
{
	gn_sock *s[2];

	TRY(two_with(p, opts, option, s));
	WANT_IS(ask(&s[0], IPPROTO_TCP, TCP_NODELAY), connected);
	WANT_IS(ask(&s[1], IPPROTO_TCP, TCP_NODELAY), accepted);
	WANT_IS(gn_sock_set_nodelay(s[0], !connected), 0);
	WANT_IS(ask(&s[0], IPPROTO_TCP, TCP_NODELAY), !connected);
	close_two(s);
	return 0;
}

static int nodelay(const struct place *p)
{
	gn_sock_opts delay = { .delay = true };

	TRY(nodelay_with(p, NULL, NULL, 1, 1));
	TRY(nodelay_with(p, &delay, NULL, 0, 1));
	TRY(nodelay_with(p, NULL, "nodelay=off", 1, 0));
	return nodelay_with(p, NULL, "nodelay=on", 1, 1);
}

/* ---- buffers: Linux gives twice what is asked for (socket(7)) */

static int buffers(const struct place *p)
{
	gn_sock_opts opts = { .send_bytes = 20000, .recv_bytes = 30000 };
	gn_sock *s[2];

	TRY(two_with(p, &opts, "sndbuf=64k&rcvbuf=32k", s));
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_SNDBUF), 40000);
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_RCVBUF), 60000);
	if (p->kind->traits & K_INET) {
		WANT_IS(ask(&s[1], SOL_SOCKET, SO_SNDBUF), 2 * 64 * 1024);
		WANT_IS(ask(&s[1], SOL_SOCKET, SO_RCVBUF), 2 * 32 * 1024);
	}
	WANT_IS(gn_sock_set_buffers(s[0], 50000, 0), 0);
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_SNDBUF), 100000);
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_RCVBUF), 60000);
	WANT_IS(gn_sock_set_buffers(s[0], 0, 50000), 0);
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_RCVBUF), 100000);
	WANT_IS(gn_sock_set_buffers(s[0], 0, 0), 0);
	WANT_IS(gn_sock_set_buffers(s[0], SIZE_MAX, 0), GN_EINVAL);
	WANT_IS(gn_sock_set_buffers(s[0], 0, (size_t)INT_MAX + 1), GN_EINVAL);
	WANT_IS(ask(&s[0], SOL_SOCKET, SO_RCVBUF), 100000);
	close_two(s);
	return 0;
}

/* ---- dead peers */

static int want_alive(gn_sock **s, int seconds)
{
	int idle, interval, count;

	WANT_IS(ask(s, SOL_SOCKET, SO_KEEPALIVE), seconds > 0);
	WANT_IS(ask(s, IPPROTO_TCP, TCP_USER_TIMEOUT), seconds * 1000);
	if (seconds == 0)
		return 0;
	idle = ask(s, IPPROTO_TCP, TCP_KEEPIDLE);
	interval = ask(s, IPPROTO_TCP, TCP_KEEPINTVL);
	count = ask(s, IPPROTO_TCP, TCP_KEEPCNT);
	WANT(idle > 0 && interval > 0 && count > 0);
	WANT(idle + interval * count <= seconds + 1);
	WANT(idle + interval * count >= seconds / 2);
	return 0;
}

static int alive(const struct place *p)
{
	static const int64_t wrong_ns[] = { -1, 1, 3 * GN_SEC - 1, INT64_MIN,
					    INT64_MAX, INT64_MAX - GN_SEC };
	gn_sock_opts opts = { .alive_ns = 20 * GN_SEC };
	gn_sock *s[2];

	TRY(two_with(p, &opts, "alive=7s", s));
	TRY(want_alive(&s[0], 20));
	TRY(want_alive(&s[1], 7));
	WANT_IS(gn_sock_set_alive(s[0], 3 * GN_SEC), 0);
	TRY(want_alive(&s[0], 3));
	WANT_IS(gn_sock_set_alive(s[0], 3 * GN_SEC + 1), 0);
	TRY(want_alive(&s[0], 4));
	WANT_IS(gn_sock_set_alive(s[0], GN_HOUR), 0);
	TRY(want_alive(&s[0], 3600));
	for (size_t i = 0; i < sizeof wrong_ns / sizeof *wrong_ns; i++)
		WANT_IS(gn_sock_set_alive(s[0], wrong_ns[i]), GN_EINVAL);
	TRY(want_alive(&s[0], 3600));
	WANT_IS(gn_sock_set_alive(s[0], 0), 0);
	TRY(want_alive(&s[0], 0));
	close_two(s);
	return 0;
}

/* ---- options of opening that are out of their range */

static int wrong_options(const struct place *p)
{
	static const gn_sock_opts wrong[] = {
		{ .alive_ns = 1 },
		{ .alive_ns = INT64_MAX },
		{ .alive_ns = -GN_SEC },
		{ .send_bytes = SIZE_MAX },
		{ .recv_bytes = (size_t)INT_MAX + 1 },
		{ .send_bytes = (size_t)UINT32_MAX + 2 },
		{ .backlog = -1 },
		{ .backlog = 65536 },
		{ .linger_ns = -1 },
		{ .recv_ahead_bytes = 4095 },
		{ .recv_ahead_bytes = ((size_t)1 << 20) + 1 },
	};
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);

	WANT(l);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (wrong[i].alive_ns && !(p->kind->traits & K_TCP))
			continue;
		WANT(!gn_connect(address, &wrong[i], SOON));
		WANT_IS(gn_code(), GN_EINVAL);
	}
	gn_close(l);
	return 0;
}

/* The address wins over the same option beside it. */
static int address_wins(const struct place *p)
{
	gn_sock_opts opts = { .send_bytes = 20000, .delay = true };
	char address[ADDRESS_MAX], wanted[ADDRESS_MAX + 16];
	gn_sock *l = listen_somewhere(p, address), *s;

	WANT(l);
	snprintf(wanted, sizeof wanted, "%s?sndbuf=64k", address);
	s = gn_connect(wanted, &opts, SOON);
	WANT(s);
	WANT_IS(ask(&s, SOL_SOCKET, SO_SNDBUF), 2 * 64 * 1024);
	if (p->kind->traits & K_TCP)
		WANT_IS(ask(&s, IPPROTO_TCP, TCP_NODELAY), 0);
	gn_close(s);
	gn_close(l);
	return 0;
}

/* No descriptor of ours goes to a program that is executed. */
static int cloexec(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s[2], *l = NULL;

	TRY(two(p, s));
	WANT(ask_cloexec(&s[0]));
	WANT(ask_cloexec(&s[1]));
	if (p->kind->traits & K_NAMED) {
		l = listen_somewhere(p, address);
		WANT(l);
		WANT(ask_cloexec(&l));
	}
	gn_close(l);
	close_two(s);
	return 0;
}

const struct conform_case option_cases[] = {
	{ "nodelay", K_TCP, 0, nodelay, NULL, NULL, ON_REAL },
	{ "buffers", K_NAMED, 0, buffers, NULL, NULL, ON_REAL | LEAVES },
	{ "alive (fault_19)", K_TCP, 0, alive, NULL, NULL, ON_REAL },
	{ "wrong_options", K_NAMED, 0, wrong_options, NULL, NULL, 0 },
	{ "address_wins", K_NAMED, 0, address_wins, NULL, NULL, ON_REAL },
	{ "cloexec (fault_36)", 0, 0, cloexec, NULL, NULL, ON_REAL | LEAVES },
	{ 0 },
};
