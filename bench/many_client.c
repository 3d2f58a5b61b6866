/*
 * Many connections from one process, at next to no cost of its own: an int
 * each, plain blocking calls. It opens them, prints how many there are, and
 * for each line on its standard input exchanges a message on every one; it
 * ends when its input does. Any error ends it with a sentence and status 1.
 *
 *     many_client HOST PORT COUNT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "process.h"

#define MESSAGE_LEN 64
/* Messages under way together: enough to keep the server busy, few enough to
 * lie in the sockets' buffers. */
#define WINDOW 128
/* After so many it says how many there are, having waited until the server has
 * accepted them: whom a full backlog refuses tries again a second later. */
#define REPORT_EACH 1000
#define REPORT_TURN 1000000
/* Connections from one address of ours. Looking for a free port takes the
 * kernel milliseconds once half of an address's 28,000 are taken. */
#define FROM_EACH 4000
/* Far longer than anything takes: a server that hangs is an error. */
#define WAIT_SECONDS 120
#define DESCRIPTORS_SPARE 16

static int *connections;
static size_t count;

/* 127.2.y.z for the first of those connected to 127.1.y.z, then 127.3.y.z. The
 * port is chosen when it is known who is to be connected to. */
static void bind_from(int fd, const struct sockaddr_in *there, size_t i)
{
	struct sockaddr_in here = *there;
	int on = 1;

	here.sin_port = 0;
	here.sin_addr.s_addr =
		htonl(ntohl(there->sin_addr.s_addr) +
		      ((uint32_t)(i / FROM_EACH + 1) << 16));
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		       sizeof on) < 0)
		bench_fail("setsockopt IP_BIND_ADDRESS_NO_PORT");
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		bench_fail("bind");
}

static void open_one(const struct sockaddr_in *there, size_t i)
{
	static const struct timeval wait = { .tv_sec = WAIT_SECONDS };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0)
		bench_fail("setsockopt SO_RCVTIMEO");
	bind_from(fd, there, i);
	if (connect(fd, (const struct sockaddr *)there, sizeof *there) < 0)
		bench_fail("connect");
	connections[i] = fd;
}

static void say(const char *what, size_t number)
{
	printf("%s %zu\n", what, number);
	fflush(stdout);
}

/* No two connections and no two turns say the same. */
static void compose(char message[MESSAGE_LEN], size_t i, unsigned turn)
{
	snprintf(message, MESSAGE_LEN, "connection %zu, turn %u, port %d", i,
		 turn, connections[i]);
	memset(message + strlen(message), '.', MESSAGE_LEN - strlen(message));
}

static void ask(size_t i, unsigned turn)
{
	char message[MESSAGE_LEN];

	compose(message, i, turn);
	if (send(connections[i], message, MESSAGE_LEN, MSG_NOSIGNAL) !=
	    MESSAGE_LEN)
		bench_fail("send");
}

static void hear(size_t i, unsigned turn)
{
	char message[MESSAGE_LEN], answer[MESSAGE_LEN];
	ssize_t got = recv(connections[i], answer, MESSAGE_LEN, MSG_WAITALL);

	if (got < 0)
		bench_fail("recv");
	compose(message, i, turn);
	errno = 0;
	if (got != MESSAGE_LEN || memcmp(message, answer, MESSAGE_LEN) != 0)
		bench_fail("the server returned something else");
}

static void open_all(const struct sockaddr_in *there)
{
	for (size_t i = 0; i < count; i++) {
		open_one(there, i);
		if ((i + 1) % REPORT_EACH != 0 || i + 1 == count)
			continue;
		ask(i, REPORT_TURN);
		hear(i, REPORT_TURN);
		say("open", i + 1);
	}
	say("opened", count);
}

static void exchange_all(unsigned turn)
{
	for (size_t i = 0; i < count + WINDOW; i++) {
		if (i < count)
			ask(i, turn);
		if (i >= WINDOW && i - WINDOW < count)
			hear(i - WINDOW, turn);
	}
	say("exchanged", count);
}

int main(int argc, char **argv)
{
	struct sockaddr_in there = { .sin_family = AF_INET };
	size_t most = (size_t)bench_files_raise() - DESCRIPTORS_SPARE;
	unsigned turn = 0;
	char line[16];

	errno = 0;
	if (argc != 4 || inet_pton(AF_INET, argv[1], &there.sin_addr) != 1)
		bench_fail("usage: many_client HOST PORT COUNT");
	there.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	count = strtoul(argv[3], NULL, 10);
	if (count < 1 || count > most)
		bench_fail("more connections than this process may have");
	connections = calloc(count, sizeof *connections);
	if (!connections)
		bench_fail("calloc");
	open_all(&there);
	while (fgets(line, sizeof line, stdin))
		exchange_all(turn++);
	return 0;
}
