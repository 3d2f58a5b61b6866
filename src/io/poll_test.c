/*
 * poll_test.c: the set, and that events by levels are never told in vain again
 * and again.
 */
#include "io/poll.h"
#include "io/seam_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

/* More than a pipe holds. */
#define MANY_WAKES 100000

static struct seam seam;
static struct seam *s = &seam;
static struct gni_poll *p;

static int set_up(void **state)
{
	(void)state;
	seam = (struct seam){ .family = AF_INET, .open = gni_poll_open };
	if (gni_poll_open(&seam.io) < 0)
		return -1;
	seam.backend = seam.io->backend;
	seam.calls = seam.backend->calls;
	p = GNI_OWNER(seam.io, struct gni_poll, ready.io);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seam.backend->close(seam.io);
	return 0;
}

/* How many descriptors are in the set, the wake-up's not counted. */
static unsigned in_set(void)
{
	return p->count - 1;
}

static short asked(int fd)
{
	return p->set[gni_slot_find(&p->ready, fd)->mark].events;
}

static void only_the_armed_are_in_the_set(void **state)
{
	struct heard in, out;
	char buf[8];
	int fd[2];

	(void)state;
	unix_pair(s, SOCK_STREAM, fd);
	in = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &in);
	assert_int_equal(in_set(), 0);
	assert_in(s, &in);
	assert_int_equal(in_set(), 1);
	assert_int_equal(asked(fd[1]), POLLIN);
	fill(s, fd[1]);
	out = heard_bytes(GNI_OP_SEND, fd[1], buf, 1);
	submit(s, &out);
	assert_in(s, &out);
	assert_int_equal(in_set(), 1);
	assert_int_equal(asked(fd[1]), POLLIN | POLLOUT);
	assert_int_equal(send_now(s, fd[0], "x", 1), 1);
	assert_int_equal(await(s, &in), 1);
	assert_int_equal(asked(fd[1]), POLLOUT);
	cancel(s, &out);
	assert_int_equal(await(s, &out), -ECANCELED);
	s->calls->close(s->io, fd[0]);
	turns(s);
	assert_int_equal(in_set(), 0);
	s->calls->close(s->io, fd[1]);
}

/* Whichever leaves, the others are heard. */
static void any_may_leave(void **state)
{
	struct heard h[3];
	char buf[3];
	int fd[3][2];

	(void)state;
	for (int leaver = 0; leaver < 3; leaver++) {
		for (int i = 0; i < 3; i++) {
			unix_pair(s, SOCK_STREAM, fd[i]);
			h[i] = heard_bytes(GNI_OP_RECV, fd[i][1], &buf[i], 1);
			submit(s, &h[i]);
		}
		turns(s);
		assert_int_equal(in_set(), 3);
		cancel(s, &h[leaver]);
		assert_int_equal(await(s, &h[leaver]), -ECANCELED);
		pair_close(s, fd[leaver]);
		assert_int_equal(in_set(), 2);
		for (int i = 0; i < 3; i++) {
			if (i == leaver)
				continue;
			assert_int_equal(send_now(s, fd[i][0], "x", 1), 1);
			assert_int_equal(await(s, &h[i]), 1);
			pair_close(s, fd[i]);
		}
		assert_int_equal(in_set(), 0);
	}
}

/* An error queue that nobody reads is an event for ever. */
static void an_error_that_stays_does_not_spin(void **state)
{
	struct heard h;
	gn_addr here, gone;
	char buf[64];
	int on = 1, error = 0;
	socklen_t len = sizeof error;
	int dead = bound_open(s, AF_INET, SOCK_DGRAM, &gone);
	int fd = bound_open(s, AF_INET, SOCK_DGRAM, &here);

	(void)state;
	s->calls->close(s->io, dead);
	assert_int_equal(s->calls->set(s->io, fd, IPPROTO_IP, IP_RECVERR, &on,
				       sizeof on),
			 0);
	assert_int_equal(do_connect(s, fd, &gone), 0);
	assert_int_equal(send_now(s, fd, "x", 1), 1);
	assert_true(do_poll(s, fd, POLLIN) & POLLERR);
	s->calls->get(s->io, fd, SOL_SOCKET, SO_ERROR, &error, &len);
	assert_int_equal(error, ECONNREFUSED);
	h = heard_bytes(GNI_OP_RECV, fd, buf, sizeof buf);
	submit(s, &h);
	while (gni_list_empty(&p->ready.pauses[3].ops))
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(in_set(), 0);
	cancel(s, &h);
	assert_int_equal(await(s, &h), -ECANCELED);
	h.op.flags = MSG_ERRQUEUE;
	assert_int_equal(do_op(s, &h), 1);
	s->calls->close(s->io, fd);
}

/* A completion takes what the next descriptor of the same look was told of. */
struct thief {
	struct gni_op op;
	char byte;
	int victim;
	bool accepts;
	int loot;
};

static void steal(struct gni_op *op, int result, bool more)
{
	struct thief *t = GNI_OWNER(op, struct thief, op);
	char byte;

	assert_false(more);
	assert_int_equal(result, 1);
	t->loot = t->accepts ? accept(t->victim, NULL, NULL)
			     : (int)recv_now(s, t->victim, &byte, 1);
}

/* The thief stands behind its victim in the set, and is served first. */
static void rob(struct thief *t, struct heard *victim, const int fd[2])
{
	t->victim = victim->op.fd;
	t->op = (struct gni_op){ .kind = GNI_OP_RECV,
				 .fd = fd[1],
				 .done = steal,
				 .buf = &t->byte,
				 .len = 1 };
	submit(s, victim);
	s->backend->submit(s->io, &t->op);
	turns(s);
	assert_int_equal(in_set(), 2);
	assert_int_equal(send_now(s, fd[0], "x", 1), 1);
}

static void vain_receives_pause(void **state)
{
	struct thief t = { .accepts = false };
	struct heard h;
	char byte;
	int fd[2], other[2];

	(void)state;
	unix_pair(s, SOCK_STREAM, fd);
	unix_pair(s, SOCK_STREAM, other);
	h = heard_bytes(GNI_OP_RECV, other[1], &byte, 1);
	rob(&t, &h, fd);
	assert_int_equal(send_now(s, other[0], "x", 1), 1);
	s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(t.loot, 1);
	assert_int_equal(h.calls, 0);
	assert_int_equal(in_set(), 0);
	assert_false(gni_list_empty(&p->ready.pauses[0].ops));
	assert_int_equal(send_now(s, other[0], "x", 1), 1);
	assert_int_equal(await(s, &h), 1);
	pair_close(s, fd);
	pair_close(s, other);
}

static void vain_accepts_do_not(void **state)
{
	struct thief t = { .accepts = true };
	struct heard h;
	gn_addr addr;
	int fd[2], listener = listener_open(s, 8, &addr);
	int client = socket_open(s, AF_INET, SOCK_STREAM);

	(void)state;
	unix_pair(s, SOCK_STREAM, fd);
	h = heard(GNI_OP_ACCEPT, listener);
	rob(&t, &h, fd);
	assert_int_equal(
		connect(client, (struct sockaddr *)addr.sockaddr, addr.len), 0);
	s->backend->wait(s->io, GN_NEVER);
	assert_true(t.loot > 0);
	assert_int_equal(in_set(), 1);
	assert_int_equal(asked(listener), POLLIN);
	cancel(s, &h);
	assert_int_equal(await(s, &h), -ECANCELED);
	close(t.loot);
	s->calls->close(s->io, client);
	s->calls->close(s->io, listener);
	pair_close(s, fd);
}

/* The set is larger than what the process may now open: poll(2) refuses it. */
static int with_a_lowered_limit(struct seam *own)
{
	struct rlimit limit = { 1, 1 };
	struct heard h;
	char byte;
	int fd[2];

	s = own;
	p = GNI_OWNER(own->io, struct gni_poll, ready.io);
	unix_pair(own, SOCK_STREAM, fd);
	h = heard_bytes(GNI_OP_RECV, fd[1], &byte, 1);
	submit(own, &h);
	turns(own);
	CHILD_CHECK(in_set() == 1);
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	own->backend->wait(own->io, GN_NEVER);
	CHILD_CHECK(in_set() == 0 && h.calls == 0);
	CHILD_CHECK(send_now(own, fd[0], "x", 1) == 1);
	CHILD_CHECK(await(own, &h) == 1);
	return 0;
}

static void a_refused_set_is_done_without(void **state)
{
	(void)state;
	in_child(s, NULL, with_a_lowered_limit);
}

static void wakes_pile_up_for_one_wait(void **state)
{
	gn_time until;

	(void)state;
	for (int i = 0; i < MANY_WAKES; i++)
		s->backend->wake(s->io);
	s->backend->wait(s->io, GN_NEVER);
	until = gn_in(GN_MSEC);
	s->backend->wait(s->io, until);
	assert_false(gn_time_before(gn_now(), until));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_armed_are_in_the_set),
		TEST(any_may_leave),
		TEST(an_error_that_stays_does_not_spin),
		TEST(vain_receives_pause),
		TEST(vain_accepts_do_not),
		TEST(a_refused_set_is_done_without),
		TEST(wakes_pile_up_for_one_wait),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("poll", tests, NULL, NULL);
}
