/*
 * signal_case.c: signals all the while, and calls that one interrupts: rows 7
 * and 61.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "row.h"

/* Between two signals. */
#define STORM_USEC 200

static atomic_ulong storms;

static int storm(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval often = { { 0, STORM_USEC }, { 0, STORM_USEC } };

	WANT(sigaction(SIGALRM, &action, NULL) == 0);
	WANT(setitimer(ITIMER_REAL, &often, NULL) == 0);
	return 0;
}

static int storm_over(void)
{
	struct itimerval never = { { 0, 0 }, { 0, 0 } };

	WANT(setitimer(ITIMER_REAL, &never, NULL) == 0);
	WANT(atomic_load(&storms) > 0);
	injected(atomic_load(&storms));
	return 0;
}

static void count_storm(int number)
{
	(void)number;
	atomic_fetch_add(&storms, 1);
}

/* ---- 7: calls that a signal interrupts */

static int send_some(void *arg)
{
	return send_pattern(arg, 300000, 0);
}

/* Every call that waits, each to its own deadline and no sooner. */
static int wait_in_vain(gn_sock *s, gn_sock *l)
{
	gn_time until = gn_in(20 * GN_MSEC);
	char c;

	WANT_IS(gn_recv(s, &c, 1, until), GN_ETIMEOUT);
	WANT_PASSED(until);
	until = gn_in(20 * GN_MSEC);
	WANT(!gn_accept(l, until));
	WANT_IS(gn_code(), GN_ETIMEOUT);
	WANT_PASSED(until);
	until = gn_in(20 * GN_MSEC);
	WANT_IS(gn_sleep(until), 0);
	WANT_PASSED(until);
	until = gn_in(20 * GN_MSEC);
	WANT_IS(gn_wait(s, until), GN_ETIMEOUT);
	WANT_PASSED(until);
	handled(4);
	return 0;
}

static int talk_in_storm(struct world *w)
{
	char address[ADDRESS_MAX];
	struct one sender;
	gn_sock *s[2], *l;

	w->place.kind = &conform_kinds[0];
	l = listen_somewhere(&w->place, address);
	WANT(l);
	TRY(two(&w->place, s));
	TRY(wait_in_vain(s[0], l));
	TRY(go_one(&sender, send_some, s[0]));
	TRY(recv_pattern(s[1], 300000, 0));
	WANT_IS(join_one(&sender), 0);
	close_two(s);
	gn_close(l);
	handled(1);
	return 0;
}

static int signal_storm(struct world *w)
{
	TRY(storm(count_storm, 0));
	TRY(talk_in_storm(w));
	return storm_over();
}

/* ---- 61: signals while fibers run and are switched */

#define HANDLER_BYTES 16384
#define SWITCHES 20000

static char own_stack[4 * HANDLER_BYTES];
static atomic_ulong elsewhere;

/* Takes a stack of its own, on which it must be. */
static void heavy_handler(int number)
{
	volatile char much[HANDLER_BYTES];
	int kept = errno;

	(void)number;
	for (size_t i = 0; i < sizeof much; i += 64)
		much[i] = (char)i;
	if ((uintptr_t)much < (uintptr_t)own_stack ||
	    (uintptr_t)much >= (uintptr_t)own_stack + sizeof own_stack)
		atomic_fetch_add(&elsewhere, 1);
	atomic_fetch_add(&storms, 1);
	errno = kept;
}

static int switch_on(void *arg)
{
	sigset_t before, after;

	(void)arg;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	for (int i = 0; i < SWITCHES; i++) {
		errno = i;
		gn_yield();
	}
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	WANT(memcmp(&before, &after, sizeof before) == 0);
	return 0;
}

static int signals_in_fibers(struct world *w)
{
	static const gn_go_opts small = { .stack_bytes = 32768 };
	stack_t stack = { .ss_sp = own_stack, .ss_size = sizeof own_stack };
	stack_t before, after;
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT(sigaltstack(&stack, &before) == 0);
	TRY(storm(heavy_handler, SA_ONSTACK));
	for (int i = 0; i < 4; i++)
		WANT_IS(gn_go_with(g, switch_on, NULL, &small), 0);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	TRY(talk_in_storm(w));
	TRY(storm_over());
	WANT_IS((long long)atomic_load(&elsewhere), 0);
	WANT(sigaltstack(&before, &after) == 0);
	WANT(after.ss_sp == own_stack);
	return 0;
}

static bool take_signal(int number)
{
	static const struct timespec at_once = { 0 };
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	return sigtimedwait(&one, NULL, &at_once) == number;
}

/* Whoever blocks a signal has it blocked still after each call of ours. */
static int blocked_stays_blocked(struct world *w)
{
	sigset_t some, before, now;

	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGPIPE);
	WANT(pthread_sigmask(SIG_BLOCK, &some, &before) == 0);
	raise(SIGUSR1);
	TRY(storm(count_storm, 0));
	TRY(talk_in_storm(w));
	TRY(storm_over());
	WANT(pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
	WANT(sigismember(&now, SIGUSR1) && sigismember(&now, SIGPIPE));
	WANT(!sigismember(&now, SIGALRM));
	sigpending(&now);
	WANT(sigismember(&now, SIGUSR1));
	WANT(take_signal(SIGUSR1));
	WANT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return 0;
}

#define INTERRUPTED \
	"strace recvmsg:error=EINTR:when=1+3 recvfrom:error=EINTR:when=1+3 " \
	"sendmsg:error=EINTR:when=1+3 sendto:error=EINTR:when=1+3 " \
	"accept4:error=EINTR:when=1+2 connect:error=EINTR:when=1+2 " \
	"epoll_wait:error=EINTR:when=3+7 epoll_pwait2:error=EINTR:when=1+2 " \
	"poll:error=EINTR:when=2+5 ppoll:error=EINTR:when=2+5 " \
	"io_uring_enter:error=EINTR:when=2+3"

const struct fault_case signal_cases[] = {
	{ .name = "fault-07-signal-storm", .us = signal_storm },
	{ .name = "fault-07-interrupted-calls",
	  .us = talk_in_storm,
	  .needs = NEED_QUIET,
	  .around = INTERRUPTED,
	  .faults = "us: eintr=30%" },
	{ .name = "fault-61-signals-in-fibers", .us = signals_in_fibers },
	{ .name = "fault-61-blocked-signals", .us = blocked_stays_blocked },
	{ 0 },
};
