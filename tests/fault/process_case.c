/*
 * process_case.c: clocks that stand elsewhere or still, fibers that do not give
 * way, little memory, standard streams that are closed or full, and very high
 * descriptors: rows 56, 58, 59, 62 and 63.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../conform/asks.h"
#include "../conform/child.h"
#include "row.h"

/* ---- 56: a fiber that is always served */

struct busy {
	gn_sock *s[2];
	unsigned long rounds;
	bool over;
};

static int never_wait(void *arg)
{
	struct busy *b = arg;
	char c = 'x';

	while (!b->over) {
		WANT_IS(gn_send(b->s[0], &c, 1, SOON), 0);
		WANT_IS(gn_recv(b->s[1], &c, 1, SOON), 1);
		b->rounds++;
	}
	return 0;
}

static int busy_fiber(struct world *w)
{
	struct busy b = { .rounds = 0 };
	struct one busy;

	(void)w;
	WANT_IS(gn_pair(GN_UNIX, b.s), 0);
	TRY(go_one(&busy, never_wait, &b));
	for (int i = 0; i < 20 || b.rounds <= 20; i++) {
		unsigned long before = b.rounds;

		if (w->sim)
			gn_yield();
		else
			WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
		injected(b.rounds > before);
		handled(1);
	}
	b.over = true;
	WANT_IS(join_one(&busy), 0);
	WANT(b.rounds > 20);
	close_two(b.s);
	return 0;
}

/* ---- 58: the clock */

/* Instants come when they are to, each kind of wait. */
static int wait_each(struct world *w)
{
	gn_sock *l, *s[2];
	gn_time until;
	char address[ADDRESS_MAX], c;

	w->place.kind = &conform_kinds[0];
	l = listen_somewhere(&w->place, address);
	WANT(l);
	TRY(two(&w->place, s));
	for (int i = 1; i < 4; i++) {
		until = gn_in(i * 10 * GN_MSEC);
		WANT_IS(gn_sleep(until), 0);
		WANT_PASSED(until);
		until = gn_in(i * 10 * GN_MSEC);
		WANT_IS(gn_recv(s[0], &c, 1, until), GN_ETIMEOUT);
		WANT_PASSED(until);
		until = gn_in(i * 10 * GN_MSEC);
		WANT(!gn_accept(l, until));
		WANT_IS(gn_code(), GN_ETIMEOUT);
		WANT_PASSED(until);
		handled(3);
	}
	close_two(s);
	gn_close(l);
	return 0;
}

/* By how much it was moved is in the environment, and what the clock was for
 * the runner.  No wait may last for ever, nor be none at all. */
static int clock_elsewhere(struct world *w)
{
	int64_t moved_s = strtoll(getenv("FAULT_SECONDS"), NULL, 10);
	int64_t was_ns = strtoll(getenv("FAULT_NOW"), NULL, 10);
	unsigned long before = asks();
	gn_time begin = gn_now();

	WANT(begin.ns >= was_ns + moved_s * GN_SEC);
	WANT(moved_s > 0 || begin.ns < was_ns);
	injected(1);
	TRY(wait_each(w));
	WANT(asks() - before < ASKS_BESIDE);
	return 0;
}

/* Stops this process, which cannot, and lets it go on after a while. */
static pid_t stop_for_a_while(int while_ms)
{
	pid_t us = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	kill(us, SIGSTOP);
	poll(NULL, 0, while_ms);
	kill(us, SIGCONT);
	_exit(0);
}

/* The process stood still past all its deadlines, as on a machine that slept:
 * what has come meanwhile is taken, what has not is late. */
static int stood_still(struct world *w)
{
	gn_time until;
	gn_sock *s[2];
	char buf[8];
	int status;
	pid_t pid;

	w->place.kind = &conform_kinds[0];
	TRY(two(&w->place, s));
	until = gn_in(20 * GN_MSEC);
	pid = stop_for_a_while(100);
	WANT(pid > 0);
	WANT_IS(gn_recv(s[0], buf, 1, until), GN_ETIMEOUT);
	while (waitpid(pid, &status, WNOHANG) == 0)
		WANT_IS(gn_sleep(A_MOMENT), 0);
	WANT_PASSED(until);
	injected(1);
	WANT_IS(gn_send(s[1], "word", 4, until), 0);
	WANT_IS(gn_recv(s[0], buf, sizeof buf, SOON), 4);
	close_two(s);
	handled(1);
	return 0;
}

/* ---- 59: little memory */

#define PEERS 150
#define EACH ((size_t)512 * 1024)

/* With what the senders hold more than GROUP, each alone less. */
#define BALLAST ((size_t)96 << 20)
#define GROUP "128M"

/* What a socket keeps of bytes that nobody takes, in memory that grows by
 * doubling, and room for the rest. */
#define HELD_MAX (PEERS * (size_t)128 * 1024)

static size_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size, resident = 0;

	if (f && fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * 4096;
}

struct flooded {
	gn_sock *s[2];
	bool begun, go_on;
};

static int pour(void *arg)
{
	struct flooded *f = arg;

	return send_pattern(f->s[0], EACH, 0);
}

/* Takes one byte and no more until it is told to. */
static int sip(void *arg)
{
	struct flooded *f = arg;
	char c;

	WANT_IS(gn_recv_exact(f->s[1], &c, 1, SOON), 1);
	f->begun = true;
	while (!f->go_on)
		WANT_IS(gn_sleep(A_MOMENT), 0);
	return recv_pattern(f->s[1], EACH - 1, 1);
}

/* Memory that the kernel may have back when it wants some, as it has that of
 * files: so much that the group has too little for the rest. */
static void *give_way(void)
{
	void *memory = mmap(NULL, BALLAST, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	memset(memory, 1, BALLAST);
	return madvise(memory, BALLAST, MADV_FREE) < 0 ? NULL : memory;
}

static int flood_all(gn_group *g, struct flooded f[PEERS])
{
	for (size_t i = 0; i < PEERS; i++) {
		WANT_IS(gn_go(g, pour, &f[i]), 0);
		WANT_IS(gn_go(g, sip, &f[i]), 0);
	}
	for (size_t i = 0; i < PEERS; i++)
		while (!f[i].begun)
			WANT_IS(gn_sleep(A_MOMENT), 0);
	return 0;
}

/* The runner counts how often the group was full. */
static int flood_of_memory(struct world *w)
{
	static const gn_sock_opts small = { .send_bytes = 16384 };
	static struct flooded f[PEERS];
	gn_group *g = gn_group_open(NULL);
	size_t before;
	void *ballast;

	if (SANITIZED)
		return cannot_run(w, "sanitizers need memory of their own");
	WANT(g);
	w->place.kind = &conform_kinds[0];
	for (size_t i = 0; i < PEERS; i++)
		TRY(two_with(&w->place, &small, "rcvbuf=16384", f[i].s));
	before = resident_bytes();
	ballast = give_way();
	WANT(ballast);
	TRY(flood_all(g, f));
	WANT(munmap(ballast, BALLAST) == 0);
	/* Of which a part is what the senders hold. */
	WANT(resident_bytes() < before + HELD_MAX + PEERS * EACH);
	for (size_t i = 0; i < PEERS; i++)
		f[i].go_on = true;
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	for (size_t i = 0; i < PEERS; i++)
		close_two(f[i].s);
	handled(PEERS);
	return 0;
}

/* ---- 62: standard streams */

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISSOCK(st.st_mode) || fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* Whatever was closed at the start, nothing of ours takes its place. */
static int streams_closed(struct world *w)
{
	const char *closed = getenv("FAULT_CLOSED");
	gn_sock *s[2];

	WANT(closed);
	for (const struct kind *k = conform_kinds; k->name; k++) {
		w->place.kind = k;
		if (k->traits & K_NONE)
			continue;
		TRY(two(&w->place, s));
		gn_perror("nobody is to read this");
		for (const char *at = closed; *at; at++)
			WANT(!is_ours(*at - '0'));
		TRY(send_pattern(s[0], 500, 0));
		TRY(recv_pattern(s[1], 500, 0));
		close_two(s);
		injected(1);
		handled(1);
	}
	return 0;
}

/* The disk is full: that is told, and the rest goes on. */
static int disk_full(struct world *w)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	gn_sock *s;

	(void)w;
	WANT(fd >= 0 && own >= 0);
	WANT(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	s = gn_adopt(fd);
	WANT(s);
	for (int i = 0; i < 3; i++) {
		WANT_IS(gn_send(s, "text", 4, SOON), GN_ELIMIT);
		WANT_TOLD("send", GN_ELIMIT, ENOSPC, NULL);
		WANT_IS(gn_error_done(gn_error_last()), 0);
		gn_perror("a full disk");
		WANT_IS(gn_code(), GN_ELIMIT);
		injected(2);
		handled(2);
	}
	gn_close(s);
	WANT(dup2(own, STDERR_FILENO) == STDERR_FILENO);
	close(own);
	return 0;
}

/* ---- 63: descriptors beyond what select(2) knows */

static gn_sock *lifted(int fd, int to)
{
	gn_sock *s = NULL;

	if (dup3(fd, to, O_CLOEXEC) == to)
		s = gn_adopt(to);
	close(fd);
	return s;
}

static int high_descriptors(struct world *w)
{
	struct rlimit most;
	gn_sock *s[2];
	int fd[2], top;

	WANT(getrlimit(RLIMIT_NOFILE, &most) == 0);
	most.rlim_cur = most.rlim_max;
	WANT(setrlimit(RLIMIT_NOFILE, &most) == 0);
	top = most.rlim_max > 1000000 ? 1000000 : (int)most.rlim_max;
	if (top < 2048)
		return cannot_run(w, "too few descriptors are allowed");
	for (int at = 1023; at < top; at = at == 1023 ? 1026 : top - 2) {
		WANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) ==
		     0);
		s[0] = lifted(fd[0], at);
		s[1] = lifted(fd[1], at + 1);
		WANT(s[0] && s[1]);
		WANT_IS(gn_wait(s[1], A_MOMENT), GN_ETIMEOUT);
		TRY(send_pattern(s[0], 5000, 0));
		TRY(recv_pattern(s[1], 5000, 0));
		close_two(s);
		injected(2);
		handled(1);
		if (at == top - 2)
			break;
	}
	note("#:say up to number %d\n", top - 1);
	return 0;
}

#define CLOCK(seconds) \
	"unshare --time --monotonic " seconds " --boottime " seconds "; set " \
	"FAULT_SECONDS=" seconds
#define CLOSED(numbers) "closed " numbers "; set FAULT_CLOSED=" numbers

const struct fault_case process_cases[] = {
	{ .name = "fault-56-always-served", .us = busy_fiber, .faults = "" },
	{ .name = "fault-58-clock-ten-years-ahead",
	  .us = clock_elsewhere,
	  .needs = NEED_QUIET,
	  .around = CLOCK("315360000") },
	{ .name = "fault-58-clock-minutes-behind",
	  .us = clock_elsewhere,
	  .needs = NEED_QUIET,
	  .around = CLOCK("-60") },
	{ .name = "fault-58-stood-still", .us = stood_still },
	{ .name = "fault-59-memory-cgroup",
	  .us = flood_of_memory,
	  .around = "cgroup " GROUP },
	{ .name = "fault-62-stdin-closed",
	  .us = streams_closed,
	  .around = CLOSED("0") },
	{ .name = "fault-62-stderr-closed",
	  .us = streams_closed,
	  .around = CLOSED("2") },
	{ .name = "fault-62-both-closed",
	  .us = streams_closed,
	  .around = CLOSED("02") },
	{ .name = "fault-62-disk-full", .us = disk_full },
	{ .name = "fault-63-high-descriptors", .us = high_descriptors },
	{ 0 },
};
