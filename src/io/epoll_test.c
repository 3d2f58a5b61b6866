/*
 * epoll_test.c: what the seam does not show: that readiness is concluded when
 * it may be and only then, and that nobody starves.
 */
#include "io/epoll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct gni_epoll *e;
static struct gni_io *io;

struct heard {
	struct gni_op op;
	char buf[64];
	int calls;
	int result;
};

static int set_up(void **state)
{
	(void)state;
	if (gni_epoll_open(&io) < 0)
		return -1;
	e = GNI_OWNER(io, struct gni_epoll, io);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	io->backend->close(io);
	return 0;
}

static void hear(struct gni_op *op, int result, bool more)
{
	struct heard *h = GNI_OWNER(op, struct heard, op);

	assert_false(more);
	h->calls++;
	h->result = result;
}

static void submit(struct heard *h, enum gni_op_kind kind, int fd)
{
	h->op = (struct gni_op){ .kind = (uint8_t)kind, .fd = fd, .done = hear,
				 .buf = h->buf, .len = sizeof h->buf };
	h->calls = 0;
	io->backend->submit(io, &h->op);
}

static int await(struct heard *h)
{
	while (!h->calls)
		io->backend->wait(io, GN_NEVER);
	return h->result;
}

static void tcp_pair(int fd[2])
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof in;
	int listener = io->backend->calls->socket(io, AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&in, &len);
	fd[0] = io->backend->calls->socket(io, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&in, len), 0);
	fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
}

static void pair_close(const int fd[2])
{
	io->backend->calls->close(io, fd[0]);
	io->backend->calls->close(io, fd[1]);
}

static unsigned ready(int fd)
{
	return gni_slot_find(e, fd)->ready;
}

/* After the second short receive, the first having told what socket it is. */
static unsigned ready_after_answers(const int fd[2])
{
	struct heard h;

	for (int i = 0; i < 3; i++) {
		submit(&h, GNI_OP_RECV, fd[1]);
		assert_int_equal(send(fd[0], "ask", 3, 0), 3);
		assert_int_equal(await(&h), 3);
	}
	return ready(fd[1]);
}

static void short_reads_conclude(void **state)
{
	int fd[2];

	(void)state;
	tcp_pair(fd);
	assert_int_equal(ready_after_answers(fd), 0);
	assert_int_equal(gni_slot_find(e, fd[1])->stream, GNI_STREAM_TCP);
	pair_close(fd);
	io->backend->calls->pair(io, SOCK_STREAM, fd);
	assert_int_equal(ready_after_answers(fd), 0);
	pair_close(fd);
}

static void messages_conclude_nothing(void **state)
{
	int fd[2];

	(void)state;
	io->backend->calls->pair(io, SOCK_DGRAM, fd);
	assert_int_equal(ready_after_answers(fd), GNI_READY_IN);
	pair_close(fd);
	io->backend->calls->pair(io, SOCK_SEQPACKET, fd);
	assert_int_equal(ready_after_answers(fd), GNI_READY_IN);
	pair_close(fd);
}

static void full_reads_conclude_nothing(void **state)
{
	struct heard h;
	char big[sizeof h.buf] = "";
	int fd[2];

	(void)state;
	tcp_pair(fd);
	submit(&h, GNI_OP_RECV, fd[1]);
	assert_int_equal(send(fd[0], big, sizeof big, 0), sizeof big);
	assert_int_equal(await(&h), sizeof big);
	assert_int_equal(ready(fd[1]), GNI_READY_IN);
	pair_close(fd);
}

/* The end came together with the last bytes: no more events will. */
static void an_end_stays_ready(void **state)
{
	struct heard h;
	int fd[2];

	(void)state;
	tcp_pair(fd);
	assert_int_equal(ready_after_answers(fd), 0);
	assert_int_equal(send(fd[0], "last", 4, 0), 4);
	shutdown(fd[0], SHUT_WR);
	submit(&h, GNI_OP_RECV, fd[1]);
	assert_int_equal(await(&h), 4);
	assert_true(ready(fd[1]) & GNI_READY_IN);
	submit(&h, GNI_OP_RECV, fd[1]);
	assert_int_equal(await(&h), 0);
	pair_close(fd);
}

/* Output is watched once it was waited for, and not before. */
static void directions_are_added(void **state)
{
	static char zeros[4096];
	struct heard in, out;
	int fd[2];

	(void)state;
	tcp_pair(fd);
	submit(&in, GNI_OP_RECV, fd[0]);
	io->backend->wait(io, GN_NOW);
	assert_int_equal(gni_slot_find(e, fd[0])->watched, GNI_READY_IN);
	while (send(fd[0], zeros, sizeof zeros, MSG_DONTWAIT) > 0)
		;
	submit(&out, GNI_OP_SEND, fd[0]);
	io->backend->wait(io, GN_NOW);
	assert_int_equal(gni_slot_find(e, fd[0])->watched,
			 GNI_READY_IN | GNI_READY_OUT);
	assert_int_equal(ready(fd[0]), 0);
	io->backend->cancel(io, &in.op);
	io->backend->cancel(io, &out.op);
	assert_int_equal(await(&in), -ECANCELED);
	assert_int_equal(await(&out), -ECANCELED);
	pair_close(fd);
}

static void slots_by_number(void **state)
{
	struct gni_slot *first, *far, *again;

	(void)state;
	assert_int_equal(gni_slot_make(e, -1, &first), -EBADF);
	assert_null(gni_slot_find(e, -1));
	assert_null(gni_slot_find(e, 0));
	assert_int_equal(gni_slot_make(e, 0, &first), 0);
	assert_int_equal(gni_slot_make(e, 1000000, &far), 0);
	assert_int_equal(gni_slot_make(e, 0, &again), 0);
	assert_ptr_equal(first, again);
	assert_ptr_equal(gni_slot_find(e, 1000000), far);
	assert_null(gni_slot_find(e, 500000));
	assert_null(gni_slot_find(e, INT_MAX));
}

static void events_of_the_closed_are_nobodys(void **state)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 7 };
	struct gni_slot *s;

	(void)state;
	assert_null(gni_slot_event(e, &event));
	assert_int_equal(gni_slot_make(e, 7, &s), 0);
	assert_ptr_equal(gni_slot_event(e, &event), s);
	gni_slot_forget(e, 7);
	assert_null(gni_slot_event(e, &event));
	assert_int_equal(s->ready, 0);
	event.data.u64 = GNI_WAKE_DATA;
	assert_null(gni_slot_event(e, &event));
}

/* Without epoll_pwait2 a wait may be late by a millisecond, not early. */
static void coarse_waits_are_not_early(void **state)
{
	struct heard h;
	int fd[2];

	(void)state;
	e->coarse = true;
	io->backend->calls->pair(io, SOCK_STREAM, fd);
	submit(&h, GNI_OP_RECV, fd[0]);
	for (int i = 0; i < 5; i++) {
		gn_time until = gn_in(100 * GN_USEC);

		io->backend->wait(io, until);
		assert_false(gn_time_before(gn_now(), until));
	}
	io->backend->cancel(io, &h.op);
	await(&h);
	pair_close(fd);
}

/* A stream of operations that complete at once leaves room for events. */
struct busy {
	struct gni_op op;
	char byte;
	int calls;
};

static void go_on(struct gni_op *op, int result, bool more)
{
	struct busy *b = GNI_OWNER(op, struct busy, op);

	(void)more;
	assert_int_equal(result, 1);
	if (++b->calls < 100)
		io->backend->submit(io, op);
}

static void busy_ones_starve_nobody(void **state)
{
	static char bytes[100];
	struct heard h;
	struct busy b = { .calls = 0 };
	int busy[2], quiet[2];

	(void)state;
	tcp_pair(busy);
	tcp_pair(quiet);
	assert_int_equal(send(busy[0], bytes, 100, 0), 100);
	b.op = (struct gni_op){ .kind = GNI_OP_RECV, .fd = busy[1],
				.done = go_on, .buf = &b.byte, .len = 1 };
	submit(&h, GNI_OP_RECV, quiet[1]);
	io->backend->submit(io, &b.op);
	while (b.calls < 10)
		io->backend->wait(io, GN_NEVER);
	assert_int_equal(send(quiet[0], "x", 1, 0), 1);
	await(&h);
	assert_true(b.calls < 20);
	while (b.calls < 100)
		io->backend->wait(io, GN_NEVER);
	pair_close(busy);
	pair_close(quiet);
}

/* A datagram to a full Unix queue is tried after longer and longer pauses. */
static void pauses_grow(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	struct iovec vector = { .iov_base = &un, .iov_len = 1 };
	struct msghdr m = { .msg_name = &un, .msg_iov = &vector,
			    .msg_iovlen = 1 };
	struct heard h;
	int fd[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		fd[i] = io->backend->calls->socket(io, AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd[1], (struct sockaddr *)&un, len), 0);
	m.msg_namelen = sizeof un;
	getsockname(fd[1], (struct sockaddr *)&un, &m.msg_namelen);
	while (sendmsg(fd[0], &m, MSG_DONTWAIT) == 1)
		;
	submit(&h, GNI_OP_SEND, fd[0]);
	h.op.message = &m;
	while (gni_list_empty(&e->pauses[3].ops))
		io->backend->wait(io, GN_NEVER);
	assert_int_equal(h.calls, 0);
	assert_true(gni_list_empty(&e->pauses[2].ops));
	io->backend->cancel(io, &h.op);
	assert_int_equal(await(&h), -ECANCELED);
	assert_true(gni_list_empty(&e->pauses[3].ops));
	pair_close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(short_reads_conclude),
		TEST(messages_conclude_nothing),
		TEST(full_reads_conclude_nothing),
		TEST(an_end_stays_ready),
		TEST(directions_are_added),
		TEST(slots_by_number),
		TEST(events_of_the_closed_are_nobodys),
		TEST(coarse_waits_are_not_early),
		TEST(busy_ones_starve_nobody),
		TEST(pauses_grow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
