/*
 * Addresses and connecting, for TCP and Unix sockets alike. It sends nothing.
 */
#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

#include "process.h"

/* 127.0.0.2 and so on: all of 127.0.0.0/8 is this machine. */
#define SOURCES 200

struct bench_target bench_target_port(uint16_t port)
{
	struct bench_target target = { .len = sizeof target.in };

	target.in = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return target;
}

struct bench_target bench_target_path(const char *path)
{
	struct bench_target target = { .len = sizeof target.un };

	target.un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof target.un.sun_path)
		bench_fail("--unix");
	memcpy(target.un.sun_path, path, strlen(path));
	return target;
}

static int open_socket(const struct bench_target *target, int type_flags)
{
	int fd = socket(target->any.sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);

	if (fd < 0)
		bench_fail("socket");
	return fd;
}

int bench_target_connect(const struct bench_target *target)
{
	int fd = open_socket(target, 0);
	int on = 1;

	if (connect(fd, &target->any, target->len) < 0)
		bench_fail("connect");
	if (target->any.sa_family == AF_INET &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		bench_fail("setsockopt TCP_NODELAY");
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		bench_fail("fcntl O_NONBLOCK");
	return fd;
}

static void come_from(int fd, size_t number)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 +
					 (uint32_t)(number % SOURCES)),
	};
	int on = 1;

	/* The port is chosen by connect, which knows the other end. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		       sizeof on) < 0)
		bench_fail("setsockopt IP_BIND_ADDRESS_NO_PORT");
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		bench_fail("bind");
}

int bench_target_begin(const struct bench_target *target, size_t number)
{
	int fd = open_socket(target, SOCK_NONBLOCK);

	if (target->any.sa_family == AF_INET)
		come_from(fd, number);
	if (connect(fd, &target->any, target->len) < 0 && errno != EINPROGRESS)
		bench_fail("connect");
	return fd;
}
