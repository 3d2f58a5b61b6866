/* uring_wake_test.c: what ends a wait besides completions. */
#include "io/uring_test.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "io/uring_watch.h"

static void a_wait_ends_at_its_instant(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);
	gn_time until = gn_in(2 * GN_MSEC);

	(void)state;
	submit(s->io, &s->op);
	while (gn_time_before(gn_now(), until))
		s->io->backend->wait(s->io, until);
	s->io->backend->wait(s->io, until);
	assert_int_equal(s->op.calls, 0);
	cancel(s);
	await(s->io, &s->op, 1);
	scene_close(s);
}

static void wakes_before_the_wait_are_one(void **state)
{
	struct gni_io *io = ring_open(0, TINY);
	struct heard timer;
	int fd[2];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++)
			io->backend->wake(io);
		io->backend->wait(io, GN_NEVER);
	}
	/* None of them is left: only the operation ends this. */
	pair_open(SOCK_STREAM, fd);
	timer = heard(GNI_OP_POLL, fd[0]);
	timer.op.events = POLLOUT;
	submit(io, &timer);
	await(io, &timer, 1);
	pair_close(fd);
	io->backend->close(io);
}

static atomic_int rounds_seen;

static void *wake_often(void *arg)
{
	struct gni_io *io = arg;

	for (int i = 0; i < 200; i++) {
		int seen = atomic_load(&rounds_seen);

		io->backend->wake(io);
		while (atomic_load(&rounds_seen) == seen)
			sched_yield();
	}
	return NULL;
}

/* Each wake ends a wait, or both threads stand for ever. */
static void wakes_from_a_thread(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	pthread_t thread;

	(void)state;
	atomic_store(&rounds_seen, 0);
	assert_int_equal(pthread_create(&thread, NULL, wake_often, io), 0);
	for (int i = 0; i < 200; i++) {
		io->backend->wait(io, GN_NEVER);
		atomic_fetch_add(&rounds_seen, 1);
	}
	pthread_join(thread, NULL);
	io->backend->close(io);
}

static struct gni_io *current;

static void wake_current(int number)
{
	(void)number;
	current->backend->wake(current);
}

static void fault_61_wake_from_a_signal_handler(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct sigaction wakes = { .sa_handler = wake_current }, old;

	(void)state;
	current = io;
	sigaction(SIGUSR1, &wakes, &old);
	for (int i = 0; i < 10; i++) {
		raise(SIGUSR1);
		io->backend->wait(io, GN_NEVER);
	}
	sigaction(SIGUSR1, &old, NULL);
	io->backend->close(io);
}

/* Looking is put off ever longer while it fails, up to a limit. */
static void looking_is_given_up_where_it_fails(void **state)
{
	struct gni_ring ring;
	struct gni_watch w = { 0 };
	unsigned put_off = 0, before;

	(void)state;
	assert_int_equal(gni_ring_open(&ring, 0, 0), 0);
	for (int i = 0; i < 12; i++) {
		assert_true(gni_watch_due(&w));
		assert_false(gni_watch_look(&w, &ring, GN_NOW));
		before = put_off;
		for (put_off = 0; !gni_watch_due(&w); put_off++)
			;
		assert_true(put_off > before || (put_off == before && i > 5));
	}
	/* Something to take makes the next sleep worth a look again. */
	io_uring_prep_nop(gni_ring_sqe(&ring));
	assert_true(gni_ring_wait(&ring, GN_NEVER));
	assert_true(gni_watch_look(&w, &ring, GN_NEVER));
	assert_true(gni_watch_due(&w));
	gni_ring_close(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_ends_at_its_instant),
		cmocka_unit_test(wakes_before_the_wait_are_one),
		cmocka_unit_test(wakes_from_a_thread),
		cmocka_unit_test(fault_61_wake_from_a_signal_handler),
		cmocka_unit_test(looking_is_given_up_where_it_fails),
	};

	end_without_ring();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
