/*
 * adopt_case.c: descriptors from elsewhere, and back: sockets, pipes, files,
 * terminals, standard input and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "place.h"

/* Takes a descriptor away from a socket that has nothing unread. */
static int take_away(gn_sock *s)
{
	char unread[64];
	size_t len = 99;
	int fd = gn_release(s, unread, sizeof unread, &len);

	WANT(fd >= 0);
	WANT_IS(len, 0);
	return fd;
}

static int adopt_again(gn_sock **s)
{
	enum gn_kind kind = gn_sock_kind(*s);
	gn_addr local[2], peer[2];
	int fd;

	gn_sock_local(*s, &local[0]);
	gn_sock_peer(*s, &peer[0]);
	fd = take_away(*s);
	if (fd < 0)
		return -1;
	*s = gn_adopt(fd);
	WANT(*s);
	WANT_IS(gn_sock_kind(*s), kind);
	gn_sock_local(*s, &local[1]);
	gn_sock_peer(*s, &peer[1]);
	WANT_IS(gn_addr_kind(&local[1]), gn_addr_kind(&local[0]));
	WANT(gn_addr_equal(&local[0], &local[1]) ||
	     !gn_addr_equal(&local[0], &local[0]));
	WANT(gn_addr_equal(&peer[0], &peer[1]) ||
	     !gn_addr_equal(&peer[0], &peer[0]));
	return 0;
}

/* They go on as before. */
static int connected(const struct place *p)
{
	gn_addr from;
	gn_sock *s[2];
	char buf[8];

	TRY(two(p, s));
	TRY(send_pattern(s[0], 10, 0));
	TRY(recv_pattern(s[1], 10, 0));
	for (int i = 0; i < 3; i++) {
		TRY(adopt_again(&s[0]));
		TRY(adopt_again(&s[1]));
		TRY(send_pattern(s[0], 100, 0));
		TRY(recv_pattern(s[1], 100, 0));
	}
	if (p->kind->traits & K_BOUND) {
		WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
		WANT_IS(gn_recvfrom(s[1], buf, 8, &from, SOON), 1);
		WANT_IS(gn_sendto(s[1], "y", 1, &from, SOON), 0);
		WANT_IS(gn_recv(s[0], buf, 8, SOON), 1);
	}
	gn_close(s[0]);
	if (p->kind->traits & K_ENDS)
		TRY(recv_end(s[1]));
	gn_close(s[1]);
	return 0;
}

static int listener(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s, *accepted;

	WANT(l);
	for (int i = 0; i < 3; i++) {
		TRY(adopt_again(&l));
		s = gn_connect(address, NULL, SOON);
		WANT(s);
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		WANT(!gn_accept(l, GN_NOW));
		TRY(send_pattern(s, 10, 0));
		TRY(recv_pattern(accepted, 10, 0));
		gn_close(s);
		gn_close(accepted);
	}
	gn_close(l);
	return 0;
}

/* ---- bytes that were not taken go with the descriptor */

static int unread(const struct place *p)
{
	char buf[64], rest[64];
	gn_sock *s[2];
	size_t len;
	int fd;

	(void)p;
	TRY(two(p, s));
	WANT_IS(gn_send(s[0], "never ends", 10, SOON), 0);
	WANT_IS(gn_wait(s[1], SOON), 0);
	WANT_IS(gn_recv_line(s[1], buf, sizeof buf, A_MOMENT), GN_ETIMEOUT);
	WANT_IS(gn_release(s[1], rest, 3, &len), GN_ETOOLONG);
	WANT_IS(gn_error_need(gn_error_last()), 10);
	WANT_IS(gn_recv_exact(s[1], buf, 2, SOON), 2);
	fd = gn_release(s[1], rest, sizeof rest, &len);
	WANT(fd >= 0);
	WANT_IS(len, 8);
	WANT(memcmp(rest, "ver ends", 8) == 0);
	s[1] = gn_adopt(fd);
	WANT(s[1]);
	WANT_IS(gn_recv(s[1], buf, 1, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_send(s[0], "more", 4, SOON), 0);
	WANT_IS(gn_recv_exact(s[1], buf, 4, SOON), 4);
	close_two(s);
	return 0;
}

/* Connections that were taken from the backlog ahead of their accept stay with
 * the listener: it is not let go before they are accepted. */
static int release_listener(gn_sock **l, int *served)
{
	char rest[64];
	size_t len = 99;
	gn_sock *accepted;
	int fd = gn_release(*l, rest, sizeof rest, &len);

	if (fd < 0)
		WANT_IS(fd, GN_EINVAL);
	while (fd < 0) {
		accepted = gn_accept(*l, GN_NOW);
		WANT(accepted);
		gn_close(accepted);
		++*served;
		fd = gn_release(*l, rest, sizeof rest, &len);
	}
	WANT_IS(len, 0);
	*l = gn_adopt(fd);
	WANT(*l);
	return 0;
}

static int unaccepted(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s[3], *accepted;
	int served = 1;

	WANT(l);
	for (int i = 0; i < 3; i++)
		WANT((s[i] = gn_connect(address, NULL, SOON)));
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	gn_close(accepted);
	TRY(release_listener(&l, &served));
	for (; served < 3; served++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		gn_close(accepted);
	}
	for (int i = 0; i < 3; i++) {
		TRY(recv_end(s[i]));
		gn_close(s[i]);
	}
	gn_close(l);
	return 0;
}

/* Accepts one who comes, and gives the descriptor. */
static int accept_and_release(gn_sock *l, const char *address)
{
	gn_sock *s = gn_connect(address, NULL, SOON), *accepted;

	WANT(s);
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	WANT(!gn_accept(l, A_MOMENT));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	gn_close(s);
	gn_close(accepted);
	return take_away(l);
}

/* A listener is given back as it came: a program that accepts by itself waits
 * there as ever, or as it had chosen not to. */
static int flags(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);
	int fd;

	WANT(l);
	fd = accept_and_release(l, address);
	WANT(fd >= 0);
	WANT_IS(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	WANT(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
	l = gn_adopt(fd);
	WANT(l);
	fd = accept_and_release(l, address);
	WANT(fd >= 0);
	WANT(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	return 0;
}

/* ---- when it may not be taken away */

static int recv_one(void *arg)
{
	char c;

	WANT_IS(gn_recv(arg, &c, 1, SOON), 1);
	return 0;
}

static int busy(const struct place *p)
{
	struct one reader;
	gn_sock *s[2];
	char c;
	size_t len;

	TRY(two(p, s));
	TRY(go_one(&reader, recv_one, s[1]));
	turns();
	WANT_IS(gn_release(s[1], &c, 1, &len), GN_EINVAL);
	WANT_IS(gn_send(s[0], "x", 1, SOON), 0);
	WANT_IS(join_one(&reader), 0);
	close_two(s);
	return 0;
}

static int cork_and_release(void *arg)
{
	gn_sock *s = arg;
	char c;
	size_t len;

	gn_cork(s);
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	WANT_IS(gn_release(s, &c, 1, &len), GN_EINVAL);
	WANT_IS(gn_flush(s, SOON), 0);
	return 0;
}

static int queued(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];

	TRY(two(p, s));
	TRY(go_one(&sender, cork_and_release, s[0]));
	WANT_IS(join_one(&sender), 0);
	TRY(recv_one(s[1]));
	TRY(adopt_again(&s[0]));
	close_two(s);
	return 0;
}

/* ---- pipes */

#define MEGABYTE ((size_t)1 << 20)

static int adopt_pipe(gn_sock *s[2])
{
	int fd[2];

	WANT(pipe(fd) == 0);
	s[0] = gn_adopt(fd[1]);
	s[1] = gn_adopt(fd[0]);
	WANT(s[0] && s[1]);
	return 0;
}

static int send_megabyte(void *arg)
{
	TRY(send_pattern(arg, MEGABYTE, 0));
	gn_close(arg);
	return 0;
}

static int pipes(const struct place *p)
{
	struct one sender;
	gn_sock *s[2];
	char buf[16];

	(void)p;
	TRY(adopt_pipe(s));
	WANT_IS(gn_recv(s[1], buf, 1, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_recv(s[1], buf, 1, A_MOMENT), GN_ETIMEOUT);
	WANT_IS(gn_send(s[0], "a line\nrest", 11, SOON), 0);
	WANT_IS(gn_flush(s[0], SOON), 0);
	WANT_IS(gn_recv_line(s[1], buf, sizeof buf, SOON), 6);
	WANT_IS(gn_recv_exact(s[1], buf, 4, SOON), 4);
	TRY(go_one(&sender, send_megabyte, s[0]));
	TRY(recv_pattern(s[1], MEGABYTE, 0));
	WANT_IS(join_one(&sender), 0);
	WANT_IS(gn_recv(s[1], buf, 1, SOON), 0);
	WANT_IS(gn_recv(s[1], buf, 1, SOON), 0);
	gn_close(s[1]);
	return 0;
}

/* Nobody reads: a deadline tells how far it came, an end is an error and no
 * signal. */
static int pipe_unread(const struct place *p)
{
	char *buf = calloc(1, MEGABYTE);
	gn_sock *s[2];
	size_t done;

	(void)p;
	WANT(buf);
	TRY(adopt_pipe(s));
	WANT_IS(gn_send(s[0], buf, MEGABYTE, A_MOMENT), GN_ETIMEOUT);
	done = gn_error_done(gn_error_last());
	WANT(done > 0 && done < MEGABYTE);
	WANT_IS(gn_send(s[0], buf, MEGABYTE, GN_NOW), GN_ETIMEOUT);
	WANT_IS(gn_error_done(gn_error_last()), 0);
	gn_close(s[1]);
	WANT_IS(gn_send(s[0], buf, MEGABYTE, SOON), GN_ERESET);
	gn_close(s[0]);
	free(buf);
	return 0;
}

/* A pipe may be shared with other programs: its flags stay. */
static int pipe_flags(const struct place *p)
{
	int fd[2], flags[2];
	gn_sock *s;
	char c;

	(void)p;
	WANT(pipe(fd) == 0);
	flags[0] = fcntl(fd[0], F_GETFL);
	flags[1] = fcntl(fd[0], F_GETFD);
	s = gn_adopt(fd[0]);
	WANT(s);
	WANT_IS(gn_recv(s, &c, 1, A_MOMENT), GN_ETIMEOUT);
	WANT_IS(fcntl(fd[0], F_GETFL), flags[0]);
	WANT_IS(take_away(s), fd[0]);
	WANT_IS(fcntl(fd[0], F_GETFL), flags[0]);
	WANT_IS(fcntl(fd[0], F_GETFD), flags[1]);
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* ---- files and terminals */

static int files(const struct place *p)
{
	char path[160];
	gn_sock *s;
	int fd;

	fresh_path(p, path, sizeof path);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	s = gn_adopt(fd);
	WANT(s);
	WANT_IS(gn_sock_kind(s), GN_PIPE);
	TRY(send_pattern(s, 100000, 0));
	WANT(lseek(fd, 0, SEEK_SET) == 0);
	TRY(recv_pattern(s, 100000, 0));
	WANT_IS(gn_recv(s, path, 1, SOON), 0);
	gn_close(s);
	return unlink(path);
}

static int tick(void *arg)
{
	int *ticks = arg;

	while (++*ticks < 5)
		WANT_IS(gn_sleep(gn_in(GN_MSEC / 4)), 0);
	return 0;
}

/* While a terminal says nothing, others run. */
static int terminal(const struct place *p)
{
	char line[32];
	int far, near, ticks = 0;
	struct one ticker;
	gn_sock *s;

	(void)p;
	if (openpty(&far, &near, NULL, NULL, NULL) < 0)
		return skip(p, "no terminals here");
	s = gn_adopt(near);
	WANT(s);
	TRY(go_one(&ticker, tick, &ticks));
	WANT_IS(gn_recv_line(s, line, sizeof line, gn_in(5 * GN_MSEC)),
		GN_ETIMEOUT);
	WANT(ticks > 0);
	WANT_IS(join_one(&ticker), 0);
	WANT(write(far, "typed\n", 6) == 6);
	WANT_IS(gn_recv_line(s, line, sizeof line, SOON), 5);
	WANT_TEXT(line, "typed");
	WANT_IS(gn_send(s, "shown", 5, SOON), 0);
	gn_close(s);
	close(far);
	return 0;
}

/* ---- what cannot be adopted */

static int not_adopted(const struct place *p)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	(void)p;
	WANT(!gn_adopt(-1));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT(!gn_adopt(1000000));
	WANT_IS(gn_code(), GN_EINVAL);
	WANT(fd >= 0);
	WANT(!gn_adopt(fd));
	WANT_IS(gn_code(), GN_EKIND);
	WANT(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	WANT(!gn_adopt(fd));
	WANT_IS(gn_code(), GN_EINVAL);
	return 0;
}

/* ---- descriptors that stay foreign */

static int wait_fd(const struct place *p)
{
	int fd[2];

	(void)p;
	for (int i = 0; i < 3; i++) {
		WANT(pipe(fd) == 0);
		WANT_IS(gn_wait_fd(fd[0], POLLIN, A_MOMENT), GN_ETIMEOUT);
		WANT_IS(gn_wait_fd(fd[1], POLLOUT, SOON), POLLOUT);
		WANT_IS(gn_wait_fd(fd[1], POLLOUT, GN_NOW), POLLOUT);
		WANT(write(fd[1], "x", 1) == 1);
		WANT_IS(gn_wait_fd(fd[0], POLLIN | POLLOUT, SOON), POLLIN);
		close(fd[1]);
		WANT_IS(gn_wait_fd(fd[0], POLLIN, SOON), POLLIN | POLLHUP);
		/* The number is soon another's. */
		close(fd[0]);
		WANT_IS(gn_wait_fd(fd[0], POLLIN, SOON), GN_EINVAL);
	}
	WANT_IS(gn_wait_fd(-1, POLLIN, SOON), GN_EINVAL);
	return 0;
}

struct watcher {
	struct one one;
	int fd, result;
	int64_t for_ns;
};

static int watch(void *arg)
{
	struct watcher *w = arg;

	w->result = gn_wait_fd(w->fd, POLLIN, gn_in(w->for_ns));
	return 0;
}

/* Several fibers wait for one descriptor: who gives up leaves it to the rest,
 * and what comes is told to all of them. */
static int wait_fd_together(const struct place *p)
{
	struct watcher w[4];
	int fd[2];

	(void)p;
	WANT(pipe(fd) == 0);
	for (int i = 0; i < 4; i++) {
		w[i] = (struct watcher){ .fd = fd[0],
					 .for_ns = i % 2 ? 60 * GN_SEC :
							   GN_MSEC };
		TRY(go_one(&w[i].one, watch, &w[i]));
	}
	for (int i = 0; i < 4; i += 2) {
		WANT_IS(join_one(&w[i].one), 0);
		WANT_IS(w[i].result, GN_ETIMEOUT);
	}
	WANT(write(fd[1], "x", 1) == 1);
	for (int i = 1; i < 4; i += 2) {
		WANT_IS(join_one(&w[i].one), 0);
		WANT_IS(w[i].result, POLLIN);
	}
	close(fd[0]);
	close(fd[1]);
	return 0;
}

/* ---- standard input and output */

static int input[2], output[2];

/* What a closed socket had read ahead is gone with it, so the second line is
 * written when the first has been taken. */
static int echo_lines(const struct place *p)
{
	char line[32];
	gn_sock *s;

	(void)p;
	WANT(dup2(input[0], 0) == 0 && dup2(output[1], 1) == 1);
	for (int i = 0; i < 2; i++) {
		WANT(write(input[1], "words\n", 6) == 6);
		s = gn_stdio();
		WANT(s && s == gn_stdio());
		WANT_IS(gn_sock_kind(s), GN_PIPE);
		WANT_IS(gn_recv_line(s, line, sizeof line, SOON), 5);
		WANT_IS(gn_send(s, line, 5, SOON), 0);
		gn_close(s);
		WANT(fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0);
	}
	return 0;
}

static int standard(const struct place *p)
{
	char buf[11] = "";

	WANT(pipe(input) == 0 && pipe(output) == 0);
	TRY(want_well(echo_lines, p));
	WANT(read(output[0], buf, 10) == 10);
	WANT_TEXT(buf, "wordswords");
	for (int i = 0; i < 2; i++) {
		close(input[i]);
		close(output[i]);
	}
	return 0;
}

/* Takes handles until it has the one that the first thread closed, and keeps
 * it. */
static void *take_over(void *closed)
{
	gn_sock *s = gn_stdio();

	for (int i = 0; s != closed && i < 10000; i++) {
		gn_close(s);
		s = gn_stdio();
	}
	return s;
}

/* A thread's own, also when the handle it once had is another's by now. */
static int standard_of_each(const struct place *p)
{
	gn_sock *s = gn_stdio(), *again;
	pthread_t thread;
	void *taken;

	(void)p;
	gn_close(s);
	WANT(!pthread_create(&thread, NULL, take_over, s));
	WANT(!pthread_join(thread, &taken));
	WANT(taken == s);
	again = gn_stdio();
	WANT(again && again != taken);
	gn_close(again);
	gn_close(taken);
	return 0;
}

static int without_stdio(const struct place *p)
{
	(void)p;
	close(0);
	close(1);
	WANT(!gn_stdio());
	WANT_IS(gn_code(), GN_EINVAL);
	return 0;
}

static int standard_closed(const struct place *p)
{
	return want_well(without_stdio, p);
}

const struct conform_case adopt_cases[] = {
	{ "adopted_again", 0, 0, connected, NULL, NULL, LEAVES },
	{ "adopted_listener", K_SERVED, 0, listener, NULL, NULL, LEAVES },
	{ "released_with_unread", K_STREAM, 0, unread, NULL, NULL, 0 },
	{ "released_with_unaccepted", K_SERVED, 0, unaccepted, NULL, NULL,
	  LEAVES },
	{ "released_listener_as_it_came", K_SERVED, 0, flags, NULL, NULL,
	  ON_REAL | LEAVES },
	{ "released_while_waited_on", 0, 0, busy, NULL, NULL, 0 },
	{ "released_with_queue", K_STREAM, 0, queued, NULL, NULL, NO_THREADS },
	{ "pipes", K_NONE, 0, pipes, NULL, NULL, ON_REAL },
	{ "pipe_unread (fault_02 fault_05)", K_NONE, 0, pipe_unread, NULL, NULL,
	  ON_REAL },
	{ "pipe_flags", K_NONE, 0, pipe_flags, NULL, NULL, ON_REAL },
	{ "files", K_NONE, 0, files, NULL, NULL, ON_REAL },
	{ "terminal", K_NONE, 0, terminal, NULL, NULL, ON_REAL },
	{ "not_adopted", K_NONE, 0, not_adopted, NULL, NULL, ON_REAL },
	{ "wait_fd", K_NONE, 0, wait_fd, NULL, NULL, ON_REAL },
	{ "wait_fd_together", K_NONE, 0, wait_fd_together, NULL, NULL,
	  ON_REAL },
	{ "stdio", K_NONE, 0, standard, NULL, NULL, ON_THREADS },
	{ "stdio_of_each_thread", K_NONE, 0, standard_of_each, NULL, NULL,
	  ON_THREADS },
	{ "stdio_closed (fault_62)", K_NONE, 0, standard_closed, NULL, NULL,
	  ON_THREADS },
	{ 0 },
};
