/*
 * seam_cancel_test.c: operations given up: armed, fresh, done already.  Each
 * completes once, and what had come is had by it or by the next.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "addr/addr.h"

/* Connections that a listener with no backlog is asked for before they wait. */
#define CROWD 4

static int connect_now(int fd, const gn_addr *addr)
{
	return connect(fd, gni_addr_sockaddr(addr), addr->len);
}

static void assert_cancels(struct seam *s, struct heard *h)
{
	submit(s, h);
	assert_in(s, h);
	cancel(s, h);
	cancel(s, h);
	assert_int_equal(await(s, h), -ECANCELED);
	assert_int_equal(h->calls, 1);
	turns(s);
	assert_int_equal(h->calls, 1);
}

static void armed_receive(struct seam *s)
{
	struct heard h;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	assert_cancels(s, &h);
	assert_int_equal(send_now(s, fd[1], "later", 5), 5);
	assert_int_equal(do_op(s, &h), 5);
	pair_close(s, fd);
}

/* Sends until a send has to wait, and is canceled: what was full for TCP may
 * have room when its bytes have moved on. */
static void cancel_when_full(struct seam *s, int fd)
{
	static char buf[4096];
	struct heard h;

	fill(s, fd);
	do {
		h = heard_bytes(GNI_OP_SEND, fd, buf, sizeof buf);
		submit(s, &h);
		turns(s);
		cancel(s, &h);
	} while (await(s, &h) > 0);
	assert_int_equal(h.result, -ECANCELED);
	assert_int_equal(h.calls, 1);
}

static void armed_send(struct seam *s)
{
	int fd[2];

	pair_open(s, fd);
	cancel_when_full(s, fd[0]);
	cancel_when_full(s, fd[0]);
	pair_close(s, fd);
}

static void armed_accept(struct seam *s)
{
	struct heard h;
	gn_addr addr;
	int listener = listener_open(s, 8, &addr);
	int fd = socket_open(s, s->family, SOCK_STREAM);

	h = heard(GNI_OP_ACCEPT, listener);
	assert_cancels(s, &h);
	assert_int_equal(do_connect(s, fd, &addr), 0);
	assert_true(do_op(s, &h) > STDERR_FILENO);
	s->calls->close(s->io, h.result);
	s->calls->close(s->io, fd);
	s->calls->close(s->io, listener);
}

static void armed_poll(struct seam *s)
{
	struct heard h;
	int fd[2];

	pair_open(s, fd);
	h = heard_poll(fd[0], POLLIN);
	assert_cancels(s, &h);
	assert_int_equal(send_now(s, fd[1], "x", 1), 1);
	assert_int_equal(do_op(s, &h), POLLIN);
	pair_close(s, fd);
}

/* A listener's full queue lets a connect wait, in every family. */
static void armed_connect(struct seam *s)
{
	struct heard h;
	gn_addr addr;
	int listener = listener_open(s, 0, &addr);
	int crowd[CROWD];
	int fd = socket_open(s, s->family, SOCK_STREAM);

	for (int i = 0; i < CROWD; i++) {
		crowd[i] = socket(s->family,
				  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				  0);
		connect_now(crowd[i], &addr);
	}
	h = heard_connect(fd, &addr);
	assert_cancels(s, &h);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	s->calls->close(s->io, fd);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	s->calls->close(s->io, listener);
}

static void idle(struct seam *s)
{
	struct heard h;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	h.op.state = GNI_OP_IDLE;
	cancel(s, &h);
	turns(s);
	assert_int_equal(h.calls, 0);
	assert_int_equal(send_now(s, fd[1], "x", 1), 1);
	assert_int_equal(do_op(s, &h), 1);
	cancel(s, &h);
	turns(s);
	assert_int_equal(h.calls, 1);
	pair_close(s, fd);
}

/* Submitted and given up before a wait: a deadline in the past.  It still
 * takes what is there. */
static void fault_22_fresh(struct seam *s)
{
	struct heard h;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	submit(s, &h);
	cancel(s, &h);
	assert_int_equal(await(s, &h), -ECANCELED);
	assert_int_equal(send_now(s, fd[1], "here", 4), 4);
	submit(s, &h);
	cancel(s, &h);
	assert_int_equal(await(s, &h), 4);
	h = heard_bytes(GNI_OP_SEND, fd[0], buf, 4);
	submit(s, &h);
	cancel(s, &h);
	assert_int_equal(await(s, &h), 4);
	pair_close(s, fd);
}

/* Bytes come between the cancel and the wait that would process it. */
static void fault_21_receive_races(struct seam *s)
{
	struct heard h;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	h = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	for (int i = 0; i < 20; i++) {
		int n;

		submit(s, &h);
		assert_in(s, &h);
		if (i % 2)
			cancel(s, &h);
		assert_int_equal(send_now(s, fd[1], "bytes", 5), 5);
		cancel(s, &h);
		n = await(s, &h);
		assert_int_equal(h.calls, 1);
		assert_true(n == 5 || n == -ECANCELED);
		if (n < 0)
			assert_int_equal(do_op(s, &h), 5);
	}
	pair_close(s, fd);
}

/* A client comes just then: one accept or the next gets it, never neither. */
static void fault_21_accept_races(struct seam *s)
{
	struct heard h;
	gn_addr addr;
	int listener = listener_open(s, 8, &addr);

	h = heard(GNI_OP_ACCEPT, listener);
	for (int i = 0; i < 20; i++) {
		int fd = socket_open(s, s->family, SOCK_STREAM);

		submit(s, &h);
		assert_in(s, &h);
		if (i % 2)
			cancel(s, &h);
		assert_int_equal(connect_now(fd, &addr), 0);
		cancel(s, &h);
		if (await(s, &h) == -ECANCELED)
			do_op(s, &h);
		assert_true(h.result > STDERR_FILENO);
		s->calls->close(s->io, h.result);
		s->calls->close(s->io, fd);
	}
	s->calls->close(s->io, listener);
}

/* done may cancel, submit and close. */
struct chain {
	struct seam *s;
	struct heard other;
	struct gni_op op;
	int calls;
};

static void cancel_other(struct gni_op *op, int result, bool more)
{
	struct chain *c = GNI_OWNER(op, struct chain, op);

	(void)result;
	(void)more;
	c->calls++;
	c->s->backend->cancel(c->s->io, &c->other.op);
	assert_int_equal(c->other.calls, 0);
}

static void from_within_done(struct seam *s)
{
	struct chain c = { .s = s };
	char first[8], second[8];
	int fd[2];

	pair_open(s, fd);
	c.other = heard_bytes(GNI_OP_RECV, fd[1], second, sizeof second);
	c.op = (struct gni_op){ .kind = GNI_OP_RECV, .fd = fd[0],
				.done = cancel_other, .buf = first,
				.len = sizeof first };
	submit(s, &c.other);
	s->backend->submit(s->io, &c.op);
	assert_in(s, &c.other);
	assert_int_equal(send_now(s, fd[1], "x", 1), 1);
	assert_int_equal(await(s, &c.other), -ECANCELED);
	assert_int_equal(c.calls, 1);
	pair_close(s, fd);
}

/* One of several on a descriptor. */
static void one_of_several(struct seam *s)
{
	struct heard in, out, poll;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	cancel_when_full(s, fd[0]);
	in = heard_bytes(GNI_OP_RECV, fd[0], buf, sizeof buf);
	out = heard_bytes(GNI_OP_SEND, fd[0], buf, 1);
	poll = heard_poll(fd[0], POLLIN);
	submit(s, &in);
	submit(s, &out);
	submit(s, &poll);
	assert_in(s, &in);
	cancel(s, &out);
	await(s, &out);
	assert_true(out.result == -ECANCELED || out.result == 1);
	assert_in(s, &in);
	assert_in(s, &poll);
	assert_int_equal(send_now(s, fd[1], "x", 1), 1);
	assert_int_equal(await(s, &in), 1);
	cancel(s, &poll);
	await(s, &poll);
	assert_true(poll.result == POLLIN || poll.result == -ECANCELED);
	pair_close(s, fd);
}

const struct seam_case seam_cancel_cases[] = {
	{ "cancel-receive", armed_receive, RUN_FAMILIES },
	{ "cancel-send", armed_send, RUN_FAMILIES },
	{ "cancel-accept", armed_accept, RUN_FAMILIES },
	{ "cancel-poll", armed_poll, RUN_FAMILIES },
	{ "cancel-connect", armed_connect, RUN_FAMILIES },
	{ "cancel-idle", idle, RUN_ONCE },
	{ "fault_22-cancel-fresh", fault_22_fresh, RUN_FAMILIES },
	{ "fault_21-receive-races", fault_21_receive_races, RUN_FAMILIES },
	{ "fault_21-accept-races", fault_21_accept_races, RUN_FAMILIES },
	{ "cancel-from-within-done", from_within_done, RUN_ONCE },
	{ "cancel-one-of-several", one_of_several, RUN_FAMILIES },
	{ 0 },
};
