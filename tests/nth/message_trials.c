/*
 * message_trials.c: datagrams and packets, and descriptors of others.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "nth.h"

/* One to the other, and an answer to whom it came from. */
static int exchange(const char *first, const char *second)
{
	gn_auto gn_sock *a = NULL, *b = NULL;
	gn_addr to, from;
	char buf[16];
	ssize_t n;

	MAKE(a, gn_bind(first, NULL));
	MAKE(b, gn_bind(second, NULL));
	gn_sock_local(b, &to);
	STEP(gn_sendto(a, "ask", 3, &to, SOON));
	WAIT(n, gn_recvfrom(b, buf, sizeof buf, &from, SLICE));
	WANT(n == 3 && memcmp(buf, "ask", 3) == 0);
	STEP(gn_sendto(b, "answer", 6, &from, SOON));
	WAIT(n, gn_recvfrom(a, buf, sizeof buf, NULL, SLICE));
	WANT(n == 6 && memcmp(buf, "answer", 6) == 0);
	return 0;
}

static int sends_to(void)
{
	return exchange("udp://127.0.0.1:0", "udp://127.0.0.1:0");
}

static int recvs_from(void)
{
	char first[128], second[128];

	nth_path(first, sizeof first, "unix-dgram");
	nth_path(second, sizeof second, "unix-dgram");
	return exchange(first, second);
}

static int watch(int fd[2])
{
	int events;

	WANT(write(fd[1], "x", 1) == 1);
	WAIT(events, gn_wait_fd(fd[0], POLLIN, SLICE));
	WANT(events == POLLIN);
	return 0;
}

static int waits_fd(void)
{
	int fd[2], result;

	WANT(pipe(fd) == 0);
	result = watch(fd);
	close(fd[0]);
	close(fd[1]);
	return result;
}

const struct nth_trial message_trials[] = {
	{ "gn_sendto", sends_to, 0 },
	{ "gn_recvfrom", recvs_from, 0 },
	{ "gn_wait_fd", waits_fd, NTH_REAL },
	{ 0 },
};
