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

#include "frames.h"
#include "process.h"

/* The kernel cuts this to net.core.somaxconn. */
#define BACKLOG_MAX 65535

size_t bench_server_message_len(int argc, char **argv)
{
	long len = 0;

	if (argc == 3 && strcmp(argv[1], "--message") == 0)
		len = strtol(argv[2], NULL, 10);
	if (argc != 1 && (len < 1 || len > BENCH_MESSAGE_LEN_MAX)) {
		errno = 0;
		bench_fail("usage: server [--message LEN], LEN 1 to 64 bytes");
	}
	return (size_t)len;
}

int bench_server_listen(int type_flags)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);
	int on = 1;

	if (fd < 0)
		bench_fail("socket");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		bench_fail("setsockopt TCP_NODELAY");
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		bench_fail("bind");
	if (listen(fd, BACKLOG_MAX) < 0)
		bench_fail("listen");
	return fd;
}

void bench_server_announce(int fd)
{
	struct sockaddr_in here;
	socklen_t here_len = sizeof here;

	if (getsockname(fd, (struct sockaddr *)&here, &here_len) < 0)
		bench_fail("getsockname");
	printf("%d\n", ntohs(here.sin_port));
	fflush(stdout);
}
