/*
 * limit_case.c: too few descriptors, very many, crowds, connections that
 * break before they are accepted, queues that must not grow.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asks.h"
#include "descriptors.h"
#include "place.h"

/* ---- no descriptor for the next connection */

/* The listener rests instead of spinning. */
static int accept_in_vain(gn_sock *l)
{
	unsigned long before = asks();
	char text[512];

	WANT(!gn_accept(l, gn_in(60 * GN_MSEC)));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	WANT(asks() - before < ASKS_MAX);
	WANT_IS(gn_error_errno(gn_error_last()), EMFILE);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, strerror(EMFILE)));
	WANT(!gn_accept(l, GN_NOW));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	return 0;
}

/* Clients wait in the backlog meanwhile, and others are served. */
static int out_of_descriptors(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s[2], *late, *accepted;

	WANT(l);
	TRY(two(p, s));
	late = gn_connect(address, NULL, SOON);
	WANT(late);
	TRY(no_more_descriptors());
	TRY(accept_in_vain(l));
	TRY(send_pattern(s[0], 5000, 0));
	TRY(recv_pattern(s[1], 5000, 0));
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ELIMIT);
	WANT_IS(gn_error_errno(gn_error_last()), EMFILE);
	TRY(more_descriptors());
	accepted = gn_accept(l, SOON);
	WANT(accepted);
	TRY(send_pattern(late, 10, 0));
	TRY(recv_pattern(accepted, 10, 0));
	gn_close(late);
	gn_close(accepted);
	close_two(s);
	gn_close(l);
	return 0;
}

/* One that waits all the while goes on by itself. */
static int frees_descriptors(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(15 * GN_MSEC)), 0);
	return more_descriptors();
}

static int accept_recovers(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address), *s[2], *accepted;
	struct one freer;

	WANT(l);
	s[0] = gn_connect(address, NULL, SOON);
	s[1] = gn_connect(address, NULL, SOON);
	WANT(s[0] && s[1]);
	TRY(no_more_descriptors());
	TRY(go_one(&freer, frees_descriptors, NULL));
	for (int i = 0; i < 2; i++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		gn_close(accepted);
	}
	WANT_IS(join_one(&freer), 0);
	close_two(s);
	gn_close(l);
	return 0;
}

/* Nothing else can be opened, and each says so. */
static int nothing_opens(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s[2];

	TRY(two(p, s)); /* so that the thread has its loop */
	fresh_address(p, NULL, address);
	TRY(no_more_descriptors());
	WANT(!(p->kind->traits & K_BOUND ? gn_bind(address, NULL) :
					   gn_listen(address, NULL)));
	WANT_IS(gn_code(), GN_ELIMIT);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ELIMIT);
	TRY(more_descriptors());
	close_two(s);
	return 0;
}

static int no_pair(const struct place *p)
{
	gn_sock *s[2], *none[2];

	TRY(two(p, s));
	TRY(no_more_descriptors());
	WANT_IS(gn_pair(p->kind->kind, none), GN_ELIMIT);
	WANT(!none[0] && !none[1]);
	TRY(more_descriptors());
	close_two(s);
	return 0;
}

/* ---- who waits does nothing meanwhile */

#define IDLE_NS (40 * GN_MSEC)

static int idle(gn_sock *s, int (*wait)(gn_sock *s, gn_time until))
{
	unsigned long before = asks();

	TRY(wait(s, gn_in(IDLE_NS)));
	WANT(asks() - before < ASKS_MAX);
	return 0;
}

static int wait_in_vain(gn_sock *s, gn_time until)
{
	WANT_IS(gn_wait(s, until), GN_ETIMEOUT);
	return 0;
}

static int recv_in_vain(gn_sock *s, gn_time until)
{
	char c;

	WANT_IS(gn_recv(s, &c, 1, until), GN_ETIMEOUT);
	return 0;
}

static int sleep_beside(gn_sock *s, gn_time until)
{
	gn_close(s);
	WANT_IS(gn_sleep(until), 0);
	return 0;
}

/* Also a socket that could send at any time, and one that was closed and hears
 * its peer out. */
static int waits_idle(const struct place *p)
{
	gn_sock *s[2];

	TRY(two_with(p, NULL, p->kind->traits & K_STREAM ? "linger=40ms" : NULL,
		     s));
	for (int i = 0; i < 2; i++) {
		TRY(idle(s[i], wait_in_vain));
		TRY(idle(s[i], recv_in_vain));
		TRY(idle(s[i], wait_in_vain));
	}
	TRY(send_pattern(s[0], 100, 0));
	TRY(idle(s[1], sleep_beside));
	gn_close(s[0]);
	return 0;
}

/* ---- connections that break in the backlog */

static int aborted(const struct place *p)
{
	static const struct linger reset = { 1, 0 };
	char address[ADDRESS_MAX], c, unread[8];
	gn_sock *l = listen_somewhere(p, address), *s, *accepted;
	size_t len;
	int fd, served = 0;

	WANT(l);
	for (int i = 0; i < 6; i++) {
		s = gn_connect(address, NULL, SOON);
		WANT(s);
		if (i % 2)
			TRY(send_pattern(s, 1, 7));
		fd = gn_release(s, unread, sizeof unread, &len);
		WANT(fd >= 0);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	TRY(send_pattern(s, 100, 0));
	while (!served) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		served = gn_recv(accepted, &c, 1, SOON) == 1 &&
			 gn_recv(accepted, &c, 1, SOON) == 1;
		if (!served)
			gn_close(accepted);
	}
	TRY(recv_pattern(accepted, 98, 2));
	gn_close(s);
	gn_close(accepted);
	gn_close(l);
	return 0;
}

/* ---- crowds: more at once than a small ring has places */

#define CROWD 100

struct member {
	gn_sock *s;
	size_t offset;
};

static int speak(void *arg)
{
	struct member *m = arg;

	for (size_t i = 0; i < 5; i++) {
		TRY(send_pattern(m->s, 3000, m->offset + i));
		TRY(recv_pattern(m->s, 3000, m->offset + i));
	}
	return 0;
}

static int crowd(const struct place *p)
{
	static struct member members[2 * CROWD];
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	for (size_t i = 0; i < CROWD; i++) {
		gn_sock *s[2];

		TRY(two(p, s));
		members[2 * i] = (struct member){ s[0], i };
		members[2 * i + 1] = (struct member){ s[1], i };
	}
	for (size_t i = 0; i < 2 * CROWD; i++)
		WANT_IS(gn_go(g, speak, &members[i]), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	for (size_t i = 0; i < 2 * CROWD; i++)
		gn_close(members[i].s);
	return 0;
}

static int wait_for_word(void *arg)
{
	struct member *m = arg;

	TRY(recv_pattern(m->s, 10, m->offset));
	return 0;
}

/* All are told at one instant. */
static int crowd_at_once(const struct place *p)
{
	static struct member readers[CROWD];
	static gn_sock *writers[CROWD];
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	for (size_t i = 0; i < CROWD; i++) {
		gn_sock *s[2];

		TRY(two(p, s));
		writers[i] = s[0];
		readers[i] = (struct member){ s[1], i };
		WANT_IS(gn_go(g, wait_for_word, &readers[i]), 0);
	}
	turns();
	for (size_t i = 0; i < CROWD; i++)
		TRY(send_pattern(writers[i], 10, i));
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	for (size_t i = 0; i < CROWD; i++) {
		gn_close(writers[i]);
		gn_close(readers[i].s);
	}
	return 0;
}

static int knock(void *arg)
{
	gn_sock *s = gn_connect(arg, NULL, SOON);
	int result;

	WANT(s);
	TRY(send_pattern(s, 20, 0));
	result = recv_pattern(s, 20, 20);
	gn_close(s);
	return result;
}

/* Many clients come at once to one listener. */
static int rush(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *l = listen_somewhere(p, address);
	gn_group *g = gn_group_open(NULL);

	WANT(l && g);
	for (size_t i = 0; i < CROWD; i++)
		WANT_IS(gn_go(g, knock, address), 0);
	for (size_t i = 0; i < CROWD; i++) {
		gn_sock *s = gn_accept(l, SOON);

		WANT(s);
		TRY(recv_pattern(s, 20, 0));
		TRY(send_pattern(s, 20, 20));
		gn_close(s);
	}
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	gn_close(l);
	return 0;
}

/* ---- three thousand pairs */

#define PAIRS 3000

static int many_descriptors(const struct place *p)
{
	static gn_sock *s[PAIRS][2];
	struct rlimit most;

	WANT(getrlimit(RLIMIT_NOFILE, &most) == 0);
	most.rlim_cur = 2 * PAIRS + 100;
	if (most.rlim_max < most.rlim_cur)
		return skip(p, "too few descriptors are allowed");
	WANT(setrlimit(RLIMIT_NOFILE, &most) == 0);
	for (size_t i = 0; i < PAIRS; i++)
		WANT_IS(gn_pair(GN_UNIX, s[i]), 0);
	for (size_t i = 0; i < PAIRS; i++) {
		char c;

		if (i % 3 == 0)
			WANT_IS(gn_recv(s[i][1], &c, 1, GN_NOW), GN_ETIMEOUT);
		TRY(send_pattern(s[i][0], 10, i));
	}
	for (size_t i = 0; i < PAIRS; i++) {
		TRY(recv_pattern(s[i][1], 10, i));
		close_two(s[i]);
	}
	return 0;
}

/* ---- what a peer can make a socket hold */

/* Far less than the kernel's buffers hold. */
#define HELD_MAX ((size_t)128 << 10)

static int send_flood(void *arg)
{
	size_t len = (size_t)24 << 20;
	char *buf = calloc(1, len);
	int result;

	WANT(buf);
	result = gn_send(arg, buf, len, SOON);
	free(buf);
	WANT_IS(result, GN_ECANCELED);
	return 0;
}

/* A reader that takes little holds little, however much is sent. */
static int input_is_bounded(const struct place *p)
{
	char *unread = malloc(HELD_MAX), buf[1000];
	struct one flood;
	gn_sock *s[2];
	size_t len = 0;
	int fd;

	WANT(unread);
	TRY(two(p, s));
	TRY(go_one(&flood, send_flood, s[0]));
	for (int i = 0; i < 5; i++) {
		WANT_IS(gn_recv_exact(s[1], buf, sizeof buf, SOON),
			sizeof buf);
		WANT_IS(gn_sleep(A_MOMENT), 0);
	}
	fd = gn_release(s[1], unread, HELD_MAX, &len);
	WANT(fd >= 0);
	cancel_one(&flood);
	WANT_IS(join_one(&flood), 0);
	close(fd);
	gn_close(s[0]);
	free(unread);
	return 0;
}

const struct conform_case limit_cases[] = {
	{ "out_of_descriptors (fault_09)", K_SERVED, 0, out_of_descriptors,
	  NULL, NULL, ON_REAL },
	{ "accept_recovers (fault_09)", K_SERVED, 0, accept_recovers, NULL,
	  NULL, ON_REAL },
	{ "nothing_opens (fault_09)", K_NAMED, 0, nothing_opens, NULL, NULL,
	  ON_REAL },
	{ "no_pair (fault_09)", 0, K_NAMED, no_pair, NULL, NULL, ON_REAL },
	{ "aborted (fault_10)", K_TCP, 0, aborted, NULL, NULL, ON_REAL },
	{ "waits_idle (fault_09)", 0, 0, waits_idle, NULL, NULL, ON_REAL },
	{ "crowd (fault_51)", K_STREAM, 0, crowd, NULL, NULL, 0 },
	{ "crowd_at_once (fault_51)", 0, K_UDP, crowd_at_once, NULL, NULL, 0 },
	{ "rush (fault_51)", K_STREAM | K_SERVED, 0, rush, NULL, NULL, 0 },
	{ "many_descriptors (fault_63)", K_NONE, 0, many_descriptors, NULL,
	  NULL, ON_REAL },
	{ "input_is_bounded (fault_51)", K_STREAM, 0, input_is_bounded, NULL,
	  NULL, ON_REAL },
	{ 0 },
};
