/*
 * The start of a hand-written server, up to the moment when it takes its
 * first client. It has no part in how a server waits, reads or writes: that
 * is what is being compared.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "frames.h"
#include "process.h"

/* The kernel cuts this to net.core.somaxconn. */
#define BACKLOG_MAX 65535

static const char usage[] =
	"usage: server [--message LEN] [--unix PATH] [--buffered], "
	"LEN 1 to 64 bytes";

static size_t message_len(const char *text)
{
	long len = text ? strtol(text, NULL, 10) : 0;

	errno = 0;
	if (len < 1 || len > BENCH_MESSAGE_LEN_MAX)
		bench_fail(usage);
	return (size_t)len;
}

struct bench_options bench_server_options(int argc, char **argv)
{
	struct bench_options options = { 0 };

	(void)argc;
	while (*++argv) {
		if (strcmp(*argv, "--message") == 0) {
			options.message_len = message_len(*++argv);
		} else if (strcmp(*argv, "--unix") == 0 && argv[1]) {
			options.path = *++argv;
		} else if (strcmp(*argv, "--buffered") == 0) {
			options.buffered = true;
		} else {
			errno = 0;
			bench_fail(usage);
		}
	}
	return options;
}

static void bind_path(int fd, const char *path)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof here.sun_path)
		bench_fail("bind");
	memcpy(here.sun_path, path, strlen(path));
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		bench_fail("bind");
}

static void bind_port(int fd)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		bench_fail("setsockopt TCP_NODELAY");
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		bench_fail("bind");
}

int bench_server_listen(const char *path, int type_flags)
{
	int fd = socket(path ? AF_UNIX : AF_INET,
			SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);

	if (fd < 0)
		bench_fail("socket");
	if (path)
		bind_path(fd, path);
	else
		bind_port(fd);
	if (listen(fd, BACKLOG_MAX) < 0)
		bench_fail("listen");
	return fd;
}

void bench_server_announce(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} here;
	socklen_t here_len = sizeof here;

	if (getsockname(fd, &here.any, &here_len) < 0)
		bench_fail("getsockname");
	printf("%d\n",
	       here.any.sa_family == AF_INET ? ntohs(here.in.sin_port) : 0);
	fflush(stdout);
}
