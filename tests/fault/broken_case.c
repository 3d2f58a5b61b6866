/*
 * broken_case.c: connections that break, rows 1 to 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "row.h"

#define MUCH ((size_t)12 << 20)

/* ---- 1: a reset */

static int want_broken(struct world *w, gn_sock *s)
{
	char buf[8];

	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_ERESET);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_ERESET);
	WANT_IS(gn_send(s, "x", 1, GN_NOW), GN_ERESET);
	WANT_IS(gn_recv(s, buf, sizeof buf, GN_NOW), GN_ERESET);
	WANT_TOLD("recv", GN_ERESET, ECONNRESET, w->host);
	gn_close(s);
	handled(1);
	return 0;
}

static int rst_receiving_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);
	char buf[8];

	WANT(s);
	TRY(ring_us(&w->place));
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_ERESET);
	WANT_TOLD("recv", GN_ERESET, ECONNRESET, w->host);
	return want_broken(w, s);
}

static int rst_receiving_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");

	WANT(s);
	TRY(hear_us(&w->place));
	injected(1);
	return break_off(s);
}

/* How far the bytes came that were acknowledged nobody can tell: only how many
 * were taken is said. */
static int rst_sending_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);
	char *buf = calloc(1, MUCH);
	int result, sys;

	WANT(s && buf);
	result = gn_send(s, buf, MUCH, SOON);
	free(buf);
	sys = gn_error_errno(gn_error_last());
	WANT(sys == ECONNRESET || sys == EPIPE);
	WANT_IS(result, GN_ERESET);
	WANT_TOLD("send", GN_ERESET, sys, w->host);
	WANT(gn_error_done(gn_error_last()) > 0);
	WANT(gn_error_done(gn_error_last()) < MUCH);
	return want_broken(w, s);
}

static int rst_sending_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");
	char buf[5000];

	WANT(s);
	WANT_IS(gn_recv_exact(s, buf, sizeof buf, SOON), sizeof buf);
	injected(1);
	return break_off(s);
}

static int recv_until_broken(void *arg)
{
	char c;

	WANT_IS(gn_recv(arg, &c, 1, SOON), GN_ERESET);
	WANT_TOLD("recv", GN_ERESET, ECONNABORTED, THEM4);
	return 0;
}

static int ss_kill_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);
	struct one reader;
	long killed;

	WANT(s);
	TRY(go_one(&reader, recv_until_broken, s));
	turns();
	killed = ss_kill("dst " THEM4);
	WANT(killed > 0);
	injected((unsigned long)killed);
	WANT_IS(join_one(&reader), 0);
	WANT_IS(gn_send(s, "x", 1, SOON), GN_ERESET);
	gn_close(s);
	handled(1);
	return 0;
}

static int want_reset_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");
	char c;

	WANT(s);
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_ERESET);
	WANT_TOLD("recv", GN_ERESET, ECONNRESET, US4);
	gn_close(s);
	return 0;
}

static int firewall_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);

	WANT(s);
	TRY(hear_them(&w->place));
	WANT_IS(gn_send(s, "hello", 5, SOON), 0);
	TRY(want_broken(w, s));
	return ring_us(&w->place);
}

static int firewall_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");
	long count;

	WANT(s);
	TRY(nft("table ip f {\n"
		"chain in { type filter hook input priority 0\n"
		"ip saddr " US4 " meta l4proto tcp counter "
		"reject with tcp reset\n"
		"}\n}\n"));
	TRY(ring_them(&w->place));
	TRY(hear_us(&w->place));
	count = nft_count();
	WANT(count > 0);
	injected((unsigned long)count);
	return break_off(s);
}

/* ---- 2: a signal where nobody listens */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static int send_into_nothing(gn_sock *s)
{
	int result = 0;

	for (int i = 0; i < 5; i++) {
		result = gn_send(s, "x", 1, SOON);
		if (result < 0)
			injected(1);
		WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	WANT(result == GN_ERESET || result == GN_EREFUSED);
	WANT_IS(signals, 0);
	handled(1);
	return 0;
}

static int no_peer(struct world *w)
{
	for (const struct kind *k = conform_kinds; k->name; k++) {
		struct place p = w->place;
		gn_sock *s[2];

		p.kind = k;
		if (k->traits & (K_NONE | K_UDP) || strchr(k->name, '6'))
			continue;
		TRY(two(&p, s));
		if (k->traits & K_TCP && !w->sim)
			TRY(break_off(s[1]));
		else
			gn_close(s[1]);
		TRY(send_into_nothing(s[0]));
		gn_close(s[0]);
	}
	return 0;
}

static int no_reader(struct world *w)
{
	gn_sock *s;
	int fd[2];

	(void)w;
	WANT(pipe2(fd, O_CLOEXEC) == 0);
	s = gn_adopt(fd[1]);
	WANT(s);
	close(fd[0]);
	TRY(send_into_nothing(s));
	gn_close(s);
	return 0;
}

/* Nobody reads the log either: that is no reason to end. */
static int no_log(struct world *w)
{
	int fd[2], own = dup(STDERR_FILENO);

	(void)w;
	WANT(own >= 0 && pipe2(fd, O_CLOEXEC) == 0);
	close(fd[0]);
	WANT(dup2(fd[1], STDERR_FILENO) == STDERR_FILENO);
	WANT(!gn_connect("tcp://127.0.0.1:99999", NULL, SOON));
	gn_perror("nobody reads this");
	injected(1);
	WANT_IS(gn_code(), GN_EADDR);
	WANT(dup2(own, STDERR_FILENO) == STDERR_FILENO);
	close(fd[1]);
	close(own);
	WANT_IS(signals, 0);
	handled(1);
	return 0;
}

static int in_every_way(struct world *w)
{
	TRY(no_peer(w));
	if (w->sim)
		return 0; /* pipes are of the real world */
	TRY(no_reader(w));
	return no_log(w);
}

/* The application's handler stays and is not called; by default the process
 * would end. */
static int no_sigpipe(struct world *w)
{
	struct sigaction action = { .sa_handler = count_signal }, now;

	WANT(sigaction(SIGPIPE, &action, NULL) == 0);
	TRY(in_every_way(w));
	WANT(sigaction(SIGPIPE, NULL, &now) == 0);
	WANT(now.sa_handler == count_signal);
	action.sa_handler = SIG_DFL;
	WANT(sigaction(SIGPIPE, &action, NULL) == 0);
	return in_every_way(w);
}

const struct fault_case broken_cases[] = {
	{ .name = "fault-01-rst-while-receiving",
	  .us = rst_receiving_us,
	  .them = rst_receiving_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-01-rst-while-sending",
	  .us = rst_sending_us,
	  .them = rst_sending_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-01-rst-by-ss-kill",
	  .us = ss_kill_us,
	  .them = want_reset_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-01-rst-by-firewall",
	  .us = firewall_us,
	  .them = firewall_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-02-sigpipe", .us = no_sigpipe, .faults = "" },
	{ 0 },
};
