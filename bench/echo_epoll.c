/*
 * The echo server that a careful programmer writes by hand on epoll: one
 * thread, level-triggered, one recv and one send a wake-up. What a full
 * socket refuses is kept, and no more is read from that peer until it is
 * gone, so that memory stays bounded.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "process.h"
#include "server.h"

#define INPUT_LEN_MAX (64 * 1024)
#define EVENTS_MAX 512
/* Clients taken in one turn: those already here must not be kept waiting. */
#define ACCEPT_MAX 64

/* What is looked at for every message is small: it stays in the cache. */
struct conn {
	uint8_t *rest; /* refused by the socket; NULL: nothing */
	size_t rest_len;
	size_t rest_sent;
};

static int poll_fd;
static int listen_fd;
static size_t message_len;
static struct conn *conns;          /* by descriptor */
static struct bench_frames *frames; /* likewise, when messages are read */
static uint8_t input[INPUT_LEN_MAX];
static uint8_t answers[INPUT_LEN_MAX + BENCH_MESSAGE_LEN_MAX];

static void watch(int fd, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(poll_fd, op, fd, &event) < 0)
		bench_fail("epoll_ctl");
}

static void drop(int fd)
{
	free(conns[fd].rest);
	conns[fd] = (struct conn){ 0 };
	frames[fd].part_len = 0;
	close(fd);
}

static void keep_rest(int fd, const uint8_t *bytes, size_t len)
{
	struct conn *conn = &conns[fd];

	conn->rest = malloc(len);
	if (!conn->rest)
		bench_fail("malloc");
	memcpy(conn->rest, bytes, len);
	conn->rest_len = len;
	conn->rest_sent = 0;
	watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
}

static void answer(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

	if (sent == (ssize_t)len)
		return;
	if (sent < 0 && errno != EAGAIN) {
		drop(fd);
		return;
	}
	if (sent < 0)
		sent = 0;
	keep_rest(fd, bytes + sent, len - (size_t)sent);
}

static void send_rest(int fd)
{
	struct conn *conn = &conns[fd];
	ssize_t sent = send(fd, conn->rest + conn->rest_sent,
			    conn->rest_len - conn->rest_sent, MSG_NOSIGNAL);

	if (sent < 0) {
		if (errno != EAGAIN)
			drop(fd);
		return;
	}
	conn->rest_sent += (size_t)sent;
	if (conn->rest_sent < conn->rest_len)
		return;
	free(conn->rest);
	conn->rest = NULL;
	watch(fd, EPOLL_CTL_MOD, EPOLLIN);
}

static void receive(int fd)
{
	ssize_t got = recv(fd, input, sizeof input, 0);
	size_t made;

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			drop(fd);
		return;
	}
	if (message_len == 0) {
		answer(fd, input, (size_t)got);
		return;
	}
	made = bench_frames_answer(&frames[fd], message_len, input,
				   (size_t)got, answers);
	if (made > 0)
		answer(fd, answers, made);
}

static void accept_some(void)
{
	for (int taken = 0; taken < ACCEPT_MAX; taken++) {
		int fd = accept4(listen_fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
			return;
		if (fd < 0)
			bench_fail("accept");
		watch(fd, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void serve_event(int fd)
{
	if (fd == listen_fd)
		accept_some();
	else if (conns[fd].rest)
		send_rest(fd);
	else
		receive(fd);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_server_options(argc, argv);
	struct epoll_event events[EVENTS_MAX];
	size_t files = (size_t)bench_files_raise();

	message_len = options.message_len;
	conns = calloc(files, sizeof *conns);
	frames = calloc(files, sizeof *frames);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!conns || !frames || poll_fd < 0)
		bench_fail("epoll_create1");
	listen_fd = bench_server_listen(options.path, SOCK_NONBLOCK);
	watch(listen_fd, EPOLL_CTL_ADD, EPOLLIN);
	bench_server_announce(listen_fd);
	for (;;) {
		int count = epoll_wait(poll_fd, events, EVENTS_MAX, -1);

		if (count < 0 && errno != EINTR)
			bench_fail("epoll_wait");
		for (int i = 0; i < count; i++)
			serve_event(events[i].data.fd);
	}
}
