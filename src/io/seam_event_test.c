/*
 * seam_event_test.c: waits: many descriptors, wake-ups, signals, instants, and
 * descriptors whose numbers are used again.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define PAIRS 2000
#define WAKES 1000
#define STORM_ROUNDS 3000

/* All armed, all fire, each with its own byte. */
static void many_descriptors(struct seam *s)
{
	struct heard *h;
	uint16_t *numbers;
	int (*fd)[2];

	h = calloc(PAIRS, sizeof *h);
	fd = calloc(PAIRS, sizeof *fd);
	numbers = calloc(PAIRS, sizeof *numbers);
	for (int i = 0; i < PAIRS; i++) {
		unix_pair(s, SOCK_STREAM, fd[i]);
		h[i] = heard_bytes(GNI_OP_RECV, fd[i][1], &numbers[i], 2);
		submit(s, &h[i]);
	}
	turns(s);
	for (uint16_t i = 0; i < PAIRS; i++)
		assert_int_equal(send_now(s, fd[i][0], &i, 2), 2);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(await(s, &h[i]), 2);
		assert_int_equal(h[i].calls, 1);
		assert_int_equal(numbers[i], i);
		pair_close(s, fd[i]);
	}
	free(h);
	free(fd);
	free(numbers);
}

/* More events at once than one wait takes, again and again. */
static void all_at_once_again(struct seam *s)
{
	static struct heard h[300];
	static int fd[300][2];
	static char bytes[300];

	for (int i = 0; i < 300; i++) {
		unix_pair(s, SOCK_STREAM, fd[i]);
		h[i] = heard_bytes(GNI_OP_RECV, fd[i][1], &bytes[i], 1);
	}
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 300; i++)
			submit(s, &h[i]);
		if (round % 2)
			turns(s);
		for (int i = 0; i < 300; i++)
			assert_int_equal(send_now(s, fd[i][0], "x", 1), 1);
		for (int i = 0; i < 300; i++)
			assert_int_equal(await(s, &h[i]), 1);
	}
	for (int i = 0; i < 300; i++)
		pair_close(s, fd[i]);
}

struct waker {
	struct seam *s;
	volatile int rounds;
};

static void *wake_once(void *arg)
{
	struct waker *w = arg;

	__atomic_add_fetch(&w->rounds, 1, __ATOMIC_SEQ_CST);
	w->s->backend->wake(w->s->io);
	return NULL;
}

static void *wake_often(void *arg)
{
	struct waker *w = arg;

	for (int i = 0; i < WAKES; i++)
		wake_once(w);
	return NULL;
}

/* No wake is ever lost: what was written before it is seen after the wait
 * that it ends. */
static void wake_from_a_thread(struct seam *s)
{
	struct waker w = { .s = s };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wake_often, &w), 0);
	while (__atomic_load_n(&w.rounds, __ATOMIC_SEQ_CST) < WAKES)
		s->backend->wait(s->io, GN_NEVER);
	pthread_join(thread, NULL);
	turns(s);
	for (int i = 0; i < 20; i++) {
		int seen = w.rounds;

		assert_int_equal(
			pthread_create(&thread, NULL, wake_once, &w), 0);
		while (__atomic_load_n(&w.rounds, __ATOMIC_SEQ_CST) == seen)
			s->backend->wait(s->io, GN_NEVER);
		pthread_join(thread, NULL);
		turns(s);
	}
}

static void wake_before_the_wait(struct seam *s)
{
	for (int i = 0; i < 5; i++) {
		s->backend->wake(s->io);
		s->backend->wake(s->io);
		s->backend->wait(s->io, GN_NEVER);
		turns(s);
	}
}

static struct seam *signaled_seam;

static void on_alarm(int number)
{
	(void)number;
	errno = 12345;
	signaled_seam->backend->wake(signaled_seam->io);
	if (errno != 12345)
		abort();
}

static void wake_from_a_signal(struct seam *s)
{
	struct sigaction action = { .sa_handler = on_alarm }, before;

	signaled_seam = s;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	for (int i = 0; i < 5; i++) {
		raise(SIGUSR1);
		s->backend->wait(s->io, GN_NEVER);
	}
	sigaction(SIGUSR1, &before, NULL);
}

static void on_storm(int number)
{
	(void)number;
}

/* Signals without SA_RESTART fall on everything. */
static void fault_07_signal_storm(struct seam *s)
{
	struct sigaction action = { .sa_handler = on_storm }, before;
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { 0 };
	char there[8], back[8];
	int fd[2];

	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 10; i++) {
		pair_open(s, fd);
		for (int j = 0; j < STORM_ROUNDS / 10; j++) {
			assert_int_equal(do_send(s, fd[0], "storm", 5), 5);
			assert_int_equal(do_recv(s, fd[1], there, 8), 5);
			assert_int_equal(do_send(s, fd[1], there, 5), 5);
			assert_int_equal(do_recv(s, fd[0], back, 8), 5);
		}
		pair_close(s, fd);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
}

static void instants(struct seam *s)
{
	int64_t short_ns = 300 * GN_USEC;
	struct heard h;
	char buf[8];
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	h = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &h);
	for (int i = 0; i < 5; i++) {
		gn_time until = gn_in(short_ns << i);

		/* Never late by a whole wait: each ends near its instant. */
		while (gn_time_before(gn_now(), until))
			s->backend->wait(s->io, until);
		assert_int_equal(h.calls, 0);
		s->backend->wait(s->io, until);
	}
	assert_int_equal(send_now(s, fd[0], "x", 1), 1);
	s->backend->wait(s->io, gn_in(GN_HOUR));
	assert_int_equal(await(s, &h), 1);
	pair_close(s, fd);
}

/* A descriptor whose event is in the same batch is closed and its number
 * taken anew by the completion before it. */
struct reuse {
	struct seam *s;
	struct gni_op op;
	char byte;
	int victim[2], fresh[2];
	bool done;
};

static void replace_victim(struct gni_op *op, int result, bool more)
{
	struct reuse *r = GNI_OWNER(op, struct reuse, op);

	assert_int_equal(result, 1);
	assert_false(more);
	pair_close(r->s, r->victim);
	unix_pair(r->s, SOCK_STREAM, r->fresh);
	r->done = true;
}

static void fault_20_number_used_again(struct seam *s)
{
	struct reuse r = { .s = s };
	struct heard h;
	char buf[8];
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	unix_pair(s, SOCK_STREAM, r.victim);
	h = heard_bytes(GNI_OP_RECV, r.victim[1], buf, sizeof buf);
	submit(s, &h);
	assert_in(s, &h);
	assert_int_equal(send_now(s, r.victim[0], "x", 1), 1);
	assert_int_equal(await(s, &h), 1);

	r.op = (struct gni_op){ .kind = GNI_OP_RECV, .fd = fd[1],
				.done = replace_victim, .buf = &r.byte,
				.len = 1 };
	s->backend->submit(s->io, &r.op);
	turns(s);
	assert_int_equal(send_now(s, fd[0], "x", 1), 1);
	assert_int_equal(send_now(s, r.victim[0], "old", 3), 3);
	while (!r.done)
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(r.fresh[1], r.victim[1]);

	h = heard_bytes(GNI_OP_RECV, r.fresh[1], buf, sizeof buf);
	submit(s, &h);
	assert_in(s, &h);
	assert_int_equal(send_now(s, r.fresh[0], "newer", 5), 5);
	assert_int_equal(await(s, &h), 5);
	pair_close(s, r.fresh);
	pair_close(s, fd);
}

/* Readiness that another has used up is waited out. */
static void fault_08_two_receivers(struct seam *s)
{
	struct heard h[2];
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	for (int i = 0; i < 2; i++) {
		h[i] = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		submit(s, &h[i]);
	}
	turns(s);
	assert_int_equal(send_now(s, fd[0], "1", 1), 1);
	while (h[0].calls + h[1].calls == 0)
		s->backend->wait(s->io, GN_NEVER);
	turns(s);
	assert_int_equal(h[0].calls + h[1].calls, 1);
	assert_int_equal(send_now(s, fd[0], "2", 1), 1);
	assert_int_equal(await(s, &h[0]), 1);
	assert_int_equal(await(s, &h[1]), 1);
	pair_close(s, fd);
}

/* A socket given away is no longer heard of, and can come back. */
static void forgotten_and_back(struct seam *s)
{
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_now(s, fd[0], "x", 1), 1);
		assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 1);
		s->calls->forget(s->io, fd[1]);
		assert_int_equal(send_now(s, fd[0], "yz", 2), 2);
		turns(s);
		assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 2);
	}
	pair_close(s, fd);
}

const struct seam_case seam_event_cases[] = {
	{ "fault_63-many-descriptors", many_descriptors, RUN_MANY_FILES },
	{ "all-at-once-again", all_at_once_again, RUN_ONCE },
	{ "wake-from-a-thread", wake_from_a_thread, RUN_ONCE },
	{ "wake-before-the-wait", wake_before_the_wait, RUN_ONCE },
	{ "wake-from-a-signal", wake_from_a_signal, RUN_ONCE },
	{ "fault_07-signal-storm", fault_07_signal_storm, RUN_ONCE },
	{ "instants", instants, RUN_ONCE },
	{ "fault_20-number-used-again", fault_20_number_used_again, RUN_ONCE },
	{ "fault_08-two-receivers", fault_08_two_receivers, RUN_FAMILIES },
	{ "forgotten-and-back", forgotten_and_back, RUN_FAMILIES },
	{ 0 },
};
