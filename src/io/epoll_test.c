/*
 * epoll_test.c: the kernel's set, and that events by edges are all that is
 * needed of it.
 */
#include "io/epoll.h"
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>

static struct seam seam;
static struct seam *s = &seam;
static struct gni_epoll *e;

static int set_up(void **state)
{
	(void)state;
	seam = (struct seam){ .family = AF_INET, .open = gni_epoll_open };
	if (gni_epoll_open(&seam.io) < 0)
		return -1;
	seam.backend = seam.io->backend;
	seam.calls = seam.backend->calls;
	e = GNI_OWNER(seam.io, struct gni_epoll, ready.io);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seam.backend->close(seam.io);
	return 0;
}

static struct gni_slot *slot(int fd)
{
	return gni_slot_find(&e->ready, fd);
}

/* The end came together with the last bytes: no more events will. */
static void an_end_stays_ready(void **state)
{
	char buf[64];
	int fd[2];

	(void)state;
	pair_open(s, fd);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_now(s, fd[0], "ask", 3), 3);
		assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 3);
	}
	assert_int_equal(slot(fd[1])->ready, 0);
	assert_int_equal(send_now(s, fd[0], "last", 4), 4);
	s->calls->shutdown(s->io, fd[0], SHUT_WR);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 4);
	assert_true(slot(fd[1])->ready & GNI_READY_IN);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 0);
	pair_close(s, fd);
}

/* Output is watched once it was waited for, and not before. */
static void directions_are_added(void **state)
{
	static char zeros[4096];
	struct heard in, out;
	char buf[64];
	int fd[2];

	(void)state;
	pair_open(s, fd);
	in = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &in);
	s->backend->wait(s->io, GN_NOW);
	assert_int_equal(slot(fd[1])->watched, GNI_READY_IN);
	fill(s, fd[1]);
	out = heard_bytes(GNI_OP_SEND, fd[1], zeros, sizeof zeros);
	submit(s, &out);
	s->backend->wait(s->io, GN_NOW);
	assert_int_equal(slot(fd[1])->watched, GNI_READY_IN | GNI_READY_OUT);
	assert_int_equal(slot(fd[1])->ready, 0);
	cancel(s, &in);
	cancel(s, &out);
	assert_int_equal(await(s, &in), -ECANCELED);
	assert_int_equal(await(s, &out), -ECANCELED);
	pair_close(s, fd);
}

static void events_of_the_closed_are_nobodys(void **state)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct gni_slot *own;
	int fd = socket_open(s, AF_UNIX, SOCK_DGRAM);

	(void)state;
	event.data.u64 = (uint64_t)fd;
	assert_null(gni_epoll_event(e, &event));
	assert_int_equal(gni_slot_make(&e->ready, fd, &own), 0);
	assert_ptr_equal(gni_epoll_event(e, &event), own);
	s->calls->close(s->io, fd);
	assert_null(gni_epoll_event(e, &event));
	assert_int_equal(own->ready, 0);
	event.data.u64 = GNI_WAKE_DATA;
	assert_null(gni_epoll_event(e, &event));
}

/* A file cannot be watched: what it has not at once it will never have. */
static void files_are_not_waited_for(void **state)
{
	char byte;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(do_poll(s, fd, POLLIN), POLLIN);
	assert_int_equal(do_poll(s, fd, POLLPRI), -EPERM);
	assert_int_equal(do_recv(s, fd, &byte, 1), -ENOTSOCK);
	s->calls->close(s->io, fd);
}

/* Without epoll_pwait2 a wait may be late by a millisecond, not early. */
static void coarse_waits_are_not_early(void **state)
{
	struct heard h;
	char byte;
	int fd[2];

	(void)state;
	e->coarse = true;
	unix_pair(s, SOCK_STREAM, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], &byte, 1);
	submit(s, &h);
	for (int i = 0; i < 5; i++) {
		gn_time until = gn_in(100 * GN_USEC);

		s->backend->wait(s->io, until);
		assert_false(gn_time_before(gn_now(), until));
	}
	cancel(s, &h);
	await(s, &h);
	pair_close(s, fd);
}

/* The kernel counts milliseconds in an int, none less than are left. */
static void waits_in_milliseconds(void **state)
{
	(void)state;
	assert_int_equal(gni_ready_timeout(GN_NEVER), -1);
	assert_int_equal(gni_ready_timeout(GN_NOW), 0);
	assert_int_equal(gni_ready_timeout(gn_in(-GN_HOUR)), 0);
	assert_int_equal(gni_ready_timeout(gn_in(10000 * GN_HOUR)), INT_MAX);
	assert_in_range(gni_ready_timeout(gn_time_add(gn_now(), GN_HOUR)), 1,
			3600 * 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_stays_ready),
		TEST(waits_in_milliseconds),
		TEST(directions_are_added),
		TEST(events_of_the_closed_are_nobodys),
		TEST(files_are_not_waited_for),
		TEST(coarse_waits_are_not_early),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
