/*
 * accept_case.c: accepts that fail, and descriptors, memory and buffers that
 * are short: rows 9 to 11.
 *
 * What strace(1) answers in the kernel's place it answers to system calls
 * alone: an accept that stands in a ring it cannot reach.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../conform/asks.h"
#include "../conform/descriptors.h"
#include "net.h"
#include "row.h"

/* The shortest rest of a listener is 10 ms, the next 20, 40 … */
#define IN_VAIN_NS (300 * GN_MSEC)

/* ---- 9: no descriptor for the next connection */

static int accept_in_vain(gn_sock *l)
{
	gn_time until = gn_in(IN_VAIN_NS);
	unsigned long before = asks();

	WANT(!gn_accept(l, until));
	WANT_PASSED(until);
	WANT_TOLD("accept", GN_ETIMEOUT, EMFILE, NULL);
	WANT(asks() - before < ASKS_BESIDE);
	injected(1);
	return 0;
}

static int emfile_us(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *s, *late;

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	TRY(no_more_descriptors());
	TRY(accept_in_vain(l));
	WANT(!gn_connect(w->address, NULL, SOON));
	WANT_TOLD("connect", GN_ELIMIT, EMFILE, w->host);
	injected(1);
	TRY(more_descriptors());
	late = gn_accept(l, SOON);
	WANT(late);
	TRY(send_pattern(s, 1000, 0));
	TRY(recv_pattern(late, 1000, 0));
	gn_close(late);
	gn_close(s);
	gn_close(l);
	handled(2);
	return 0;
}

/* ---- 9, 10: an accept that fails and is made again */

/* The connections that came while accept failed are all served. */
static int accept_passes(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *s[2], *accepted;

	WANT(l);
	for (size_t i = 0; i < 2; i++) {
		s[i] = gn_connect(w->address, NULL, SOON);
		WANT(s[i]);
		TRY(send_pattern(s[i], 100, i));
	}
	for (size_t i = 0; i < 2; i++) {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		TRY(recv_pattern(accepted, 100, i));
		TRY(send_pattern(accepted, 100, i));
		TRY(recv_pattern(s[i], 100, i));
		gn_close(accepted);
		gn_close(s[i]);
		handled(1);
	}
	gn_close(l);
	return 0;
}

/* What is the listener's own fault is told, and only that. */
static int accept_is_over(struct world *w)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *s;

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT(!gn_accept(l, SOON));
	WANT_TOLD("accept", GN_EINVAL, EINVAL, NULL);
	handled(1);
	gn_close(l);
	gn_close(s);
	return 0;
}

/* ---- 10: clients that break before they are accepted */

#define BROKEN 6

static int rst_before_us(struct world *w)
{
	char word[4];
	gn_sock *s;
	bool served = false;
	gn_sock *l = serve_at(w, "tcp4", "");

	WANT(l);
	TRY(hear_us(&w->place));
	while (!served) {
		s = gn_accept(l, SOON);
		WANT(s);
		served = gn_recv_exact(s, word, 4, SOON) == 4;
		if (!served)
			WANT_IS(gn_code(), GN_ERESET);
		WANT(!served || memcmp(word, "well", 4) == 0);
		gn_close(s);
	}
	gn_close(l);
	handled(1);
	return 0;
}

static int rst_before_them(struct world *w)
{
	gn_sock *s;
	char c;

	TRY(where_they_are(w));
	for (int i = 0; i < BROKEN; i++) {
		s = gn_connect(w->address, NULL, SOON);
		WANT(s);
		TRY(break_off(s));
		injected(1);
	}
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, "well", 4, SOON), 0);
	TRY(ring_us(&w->place));
	WANT_IS(gn_recv(s, &c, 1, SOON), 0);
	gn_close(s);
	return 0;
}

/* ---- 11: no buffers, no memory */

/* A call fails, and the same call goes as soon as the shortage is over. */
static int short_socket(struct world *w, int code, int sys)
{
	gn_sock *l = serve_at(w, "tcp4", ""), *s;

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(!s);
	WANT_TOLD("connect", code, sys, w->host);
	handled(1);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	gn_close(s);
	gn_close(l);
	return 0;
}

static int socket_enobufs(struct world *w)
{
	return short_socket(w, GN_ELIMIT, ENOBUFS);
}

static int socket_enomem(struct world *w)
{
	return short_socket(w, GN_ENOMEM, ENOMEM);
}

static int socket_enfile(struct world *w)
{
	return short_socket(w, GN_ELIMIT, ENFILE);
}

static int short_listen(struct world *w, int code, int sys)
{
	gn_sock *l;

	for (int i = 0; i < 2; i++) {
		WANT(!gn_listen("tcp4://127.0.0.1:0", NULL));
		WANT_TOLD("listen", code, sys, NULL);
		handled(1);
	}
	l = serve_at(w, "tcp4", "");
	WANT(l);
	gn_close(l);
	return 0;
}

static int bind_enobufs(struct world *w)
{
	return short_listen(w, GN_ELIMIT, ENOBUFS);
}

static int bind_enomem(struct world *w)
{
	return short_listen(w, GN_ENOMEM, ENOMEM);
}

/* A stream goes on where it was: nothing is lost below the count. */
static int short_stream(struct world *w, int code, int sys)
{
	gn_sock *s[2];
	char buf[3000];
	size_t done = 0;

	w->place.kind = &conform_kinds[0];
	TRY(two(&w->place, s));
	pattern(buf, sizeof buf, 0);
	while (done < sizeof buf) {
		int result = gn_send(s[0], buf + done, sizeof buf - done, SOON);

		if (result < 0) {
			WANT_TOLD("send", code, sys, "127.0.0.1");
			handled(1);
		}
		done += result < 0 ? gn_error_done(gn_error_last())
				   : sizeof buf - done;
	}
	TRY(recv_pattern(s[1], sizeof buf, 0));
	TRY(send_pattern(s[1], 100, 0));
	TRY(recv_pattern(s[0], 100, 0));
	close_two(s);
	return 0;
}

static int send_enobufs(struct world *w)
{
	return short_stream(w, GN_ELIMIT, ENOBUFS);
}

static int send_enomem(struct world *w)
{
	return short_stream(w, GN_ENOMEM, ENOMEM);
}

/* Datagrams: each one went or did not, and the count says so. */
static int datagram_enobufs(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", ""), *s;
	char word[8];
	int went = 0;

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	for (int i = 0; i < 5; i++) {
		int result = gn_send(s, "word", 4, SOON);

		went += result == 0;
		if (result == 0)
			continue;
		WANT_TOLD("send", GN_ELIMIT, ENOBUFS, w->host);
		WANT_IS(gn_error_done(gn_error_last()), 0);
		handled(1);
	}
	WANT(went < 5);
	for (; went > 0; went--)
		WANT_IS(gn_recv(l, word, sizeof word, SOON), 4);
	WANT_IS(gn_recv(l, word, sizeof word, GN_NOW), GN_ETIMEOUT);
	gn_close(s);
	gn_close(l);
	return 0;
}

/* What a firewall of this machine does not let out. */
static int send_forbidden(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", ""), *s;
	char word[8];
	long count;

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	TRY(nft("table ip f {\n"
		"chain out { type filter hook output priority 0\n"
		"meta l4proto udp counter drop\n"
		"}\n}\n"));
	WANT_IS(gn_send(s, "word", 4, SOON), GN_EPERM);
	WANT_TOLD("send", GN_EPERM, EPERM, w->host);
	count = nft_count();
	WANT(count > 0);
	injected((unsigned long)count);
	handled(1);
	TRY(nft("flush ruleset\n"));
	WANT_IS(gn_send(s, "well", 4, SOON), 0);
	WANT_IS(gn_recv(l, word, sizeof word, SOON), 4);
	gn_close(s);
	gn_close(l);
	return 0;
}

/* A ring's accept is out of strace's reach. */
#define BY_CALLS (NEED_QUIET | ONLY_EPOLL | ONLY_POLL)

const struct fault_case accept_cases[] = {
	{ .name = "fault-09-accept-emfile", .us = emfile_us },
	{ .name = "fault-09-accept-enfile",
	  .us = accept_passes,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=ENFILE:when=1..3" },
	{ .name = "fault-09-socket-enfile",
	  .us = socket_enfile,
	  .needs = NEED_QUIET,
	  .around = "strace socket:error=ENFILE:when=2" },
	{ .name = "fault-10-rst-before-accept",
	  .us = rst_before_us,
	  .them = rst_before_them },
	{ .name = "fault-10-accept-econnaborted",
	  .us = accept_passes,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=ECONNABORTED:when=1..2" },
	{ .name = "fault-10-accept-eproto",
	  .us = accept_passes,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=EPROTO:when=1..5" },
	{ .name = "fault-10-accept-enetdown",
	  .us = accept_passes,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=ENETDOWN:when=2" },
	{ .name = "fault-10-accept-eperm",
	  .us = accept_passes,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=EPERM:when=1..2" },
	{ .name = "fault-10-accept-fatal",
	  .us = accept_is_over,
	  .needs = BY_CALLS,
	  .around = "strace accept4:error=EINVAL:when=1" },
	{ .name = "fault-11-socket-enobufs",
	  .us = socket_enobufs,
	  .needs = NEED_QUIET,
	  .around = "strace socket:error=ENOBUFS:when=2" },
	{ .name = "fault-11-socket-enomem",
	  .us = socket_enomem,
	  .needs = NEED_QUIET,
	  .around = "strace socket:error=ENOMEM:when=2" },
	{ .name = "fault-11-bind-enobufs",
	  .us = bind_enobufs,
	  .needs = NEED_QUIET,
	  .around = "strace bind:error=ENOBUFS:when=1..2" },
	{ .name = "fault-11-bind-enomem",
	  .us = bind_enomem,
	  .needs = NEED_QUIET,
	  .around = "strace bind:error=ENOMEM:when=1..2" },
	{ .name = "fault-11-send-enobufs",
	  .us = send_enobufs,
	  .needs = NEED_QUIET,
	  .around = "strace sendto:error=ENOBUFS:when=1..3" },
	{ .name = "fault-11-send-enomem",
	  .us = send_enomem,
	  .needs = NEED_QUIET,
	  .around = "strace sendto:error=ENOMEM:when=1..3" },
	{ .name = "fault-11-datagram-enobufs",
	  .us = datagram_enobufs,
	  .needs = NEED_QUIET,
	  .around = "strace sendto:error=ENOBUFS:when=2..3" },
	{ .name = "fault-11-datagram-forbidden",
	  .us = send_forbidden,
	  .needs = NEED_NET | NEED_NFT },
	{ 0 },
};
