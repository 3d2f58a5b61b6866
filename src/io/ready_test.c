/*
 * ready_test.c: what the seam does not show of the readiness engine, on each
 * poller: that readiness is concluded when it may be and only then, and that
 * nobody starves.
 */
#include "io/ready.h"
#include "io/seam_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "addr/addr.h"

static struct seam seam;
static struct seam *s = &seam;
static struct gni_ready *r;

static int set_up(void **state)
{
	const char *name = *state;

	seam = (struct seam){ .family = AF_INET };
	seam.open = strcmp(name, "poll") == 0 ? gni_poll_open : gni_epoll_open;
	if (seam.open(&seam.io) < 0)
		return -1;
	seam.backend = seam.io->backend;
	seam.calls = seam.backend->calls;
	r = GNI_OWNER(seam.io, struct gni_ready, io);
	assert_string_equal(seam.backend->name, name);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	seam.backend->close(seam.io);
	return 0;
}

static unsigned ready(int fd)
{
	return gni_slot_find(r, fd)->ready;
}

/* After the second short receive, the first having told what socket it is. */
static unsigned ready_after_answers(const int fd[2])
{
	struct heard h;
	char buf[64];

	for (int i = 0; i < 3; i++) {
		h = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		submit(s, &h);
		assert_int_equal(send_now(s, fd[0], "ask", 3), 3);
		assert_int_equal(await(s, &h), 3);
	}
	return ready(fd[1]);
}

static void short_reads_conclude(void **state)
{
	int fd[2];

	(void)state;
	pair_open(s, fd);
	assert_int_equal(ready_after_answers(fd), 0);
	assert_int_equal(gni_slot_find(r, fd[1])->stream, GNI_STREAM_TCP);
	pair_close(s, fd);
	unix_pair(s, SOCK_STREAM, fd);
	assert_int_equal(ready_after_answers(fd), 0);
	pair_close(s, fd);
}

static void messages_conclude_nothing(void **state)
{
	int fd[2];

	(void)state;
	unix_pair(s, SOCK_DGRAM, fd);
	assert_int_equal(ready_after_answers(fd), GNI_READY_IN);
	pair_close(s, fd);
	unix_pair(s, SOCK_SEQPACKET, fd);
	assert_int_equal(ready_after_answers(fd), GNI_READY_IN);
	pair_close(s, fd);
}

static void full_reads_conclude_nothing(void **state)
{
	struct heard h;
	char big[64] = "", buf[64];
	int fd[2];

	(void)state;
	pair_open(s, fd);
	h = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	submit(s, &h);
	assert_int_equal(send_now(s, fd[0], big, sizeof big), sizeof big);
	assert_int_equal(await(s, &h), sizeof big);
	assert_int_equal(ready(fd[1]), GNI_READY_IN);
	pair_close(s, fd);
}

/* The end came together with the last bytes, and is told all the same. */
static void an_end_is_heard(void **state)
{
	char buf[64];
	int fd[2];

	(void)state;
	pair_open(s, fd);
	assert_int_equal(ready_after_answers(fd), 0);
	assert_int_equal(send_now(s, fd[0], "last", 4), 4);
	s->calls->shutdown(s->io, fd[0], SHUT_WR);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 4);
	assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 0);
	pair_close(s, fd);
}

static void slots_by_number(void **state)
{
	struct gni_slot *first, *far, *again;

	(void)state;
	assert_int_equal(gni_slot_make(r, -1, &first), -EBADF);
	assert_null(gni_slot_find(r, -1));
	assert_null(gni_slot_find(r, 0));
	assert_int_equal(gni_slot_make(r, 0, &first), 0);
	assert_int_equal(gni_slot_make(r, 1000000, &far), 0);
	assert_int_equal(gni_slot_make(r, 0, &again), 0);
	assert_ptr_equal(first, again);
	assert_ptr_equal(gni_slot_find(r, 1000000), far);
	assert_null(gni_slot_find(r, 500000));
	assert_null(gni_slot_find(r, INT_MAX));
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
		s->backend->submit(s->io, op);
}

static void busy_ones_starve_nobody(void **state)
{
	static char bytes[100];
	struct heard h;
	struct busy b = { .calls = 0 };
	int busy[2], quiet[2];
	char buf[64];

	(void)state;
	pair_open(s, busy);
	pair_open(s, quiet);
	assert_int_equal(send_now(s, busy[0], bytes, 100), 100);
	b.op = (struct gni_op){ .kind = GNI_OP_RECV,
				.fd = busy[1],
				.done = go_on,
				.buf = &b.byte,
				.len = 1 };
	h = heard_bytes(GNI_OP_RECV, quiet[1], buf, sizeof buf);
	submit(s, &h);
	s->backend->submit(s->io, &b.op);
	while (b.calls < 10)
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(send_now(s, quiet[0], "x", 1), 1);
	await(s, &h);
	assert_true(b.calls < 20);
	while (b.calls < 100)
		s->backend->wait(s->io, GN_NEVER);
	pair_close(s, busy);
	pair_close(s, quiet);
}

/* A datagram to a full Unix queue is tried after longer and longer pauses. */
static void pauses_grow(void **state)
{
	gn_addr to;
	struct iovec vector = { .iov_base = &to, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct heard h;
	int fd[2];

	(void)state;
	fd[0] = socket_open(s, AF_UNIX, SOCK_DGRAM);
	fd[1] = bound_open(s, AF_UNIX, SOCK_DGRAM, &to);
	m.msg_name = to.sockaddr;
	m.msg_namelen = to.len;
	while (s->calls->send(s->io, fd[0], &m, 0) == 1)
		;
	h = heard(GNI_OP_SEND, fd[0]);
	h.op.message = &m;
	submit(s, &h);
	while (gni_list_empty(&r->pauses[3].ops))
		s->backend->wait(s->io, GN_NEVER);
	assert_int_equal(h.calls, 0);
	assert_true(gni_list_empty(&r->pauses[2].ops));
	cancel(s, &h);
	assert_int_equal(await(s, &h), -ECANCELED);
	assert_true(gni_list_empty(&r->pauses[3].ops));
	pair_close(s, fd);
}

#define TESTS(poller) \
	TEST(poller, short_reads_conclude), \
		TEST(poller, messages_conclude_nothing), \
		TEST(poller, full_reads_conclude_nothing), \
		TEST(poller, an_end_is_heard), TEST(poller, slots_by_number), \
		TEST(poller, busy_ones_starve_nobody), \
		TEST(poller, pauses_grow)
#define TEST(poller, test) \
	{ \
		poller "/" #test, test, set_up, tear_down, \
			(void *)(uintptr_t)poller \
	}

int main(void)
{
	const struct CMUnitTest tests[] = { TESTS("epoll"), TESTS("poll") };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ready", tests, NULL, NULL);
}
