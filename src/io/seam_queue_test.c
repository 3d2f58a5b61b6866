/*
 * seam_queue_test.c: what lies in a stream's queue besides its bytes, and who
 * else takes from it.  A backend that concludes from one receive what the next
 * would find must not conclude too much.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static void send_with_descriptor(int fd, const void *buf, size_t len)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec vector = { .iov_base = (void *)(uintptr_t)buf,
				.iov_len = len };
	struct msghdr m = { .msg_iov = &vector, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), len);
}

/* A descriptor in a Unix stream ends a receive early, with more behind it
 * that no further event announces. */
static void descriptors_cut_a_stream(struct seam *s)
{
	struct heard received;
	char buf[64];
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	for (int i = 0; i < 4; i++) {
		size_t sum = 0;

		received = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		submit(s, &received);
		assert_in(s, &received);
		assert_int_equal(send_now(s, fd[0], "a", 1), 1);
		send_with_descriptor(fd[0], "bc", 2);
		send_with_descriptor(fd[0], "de", 2);
		assert_int_equal(send_now(s, fd[0], "fgh", 3), 3);
		sum += (size_t)await(s, &received);
		while (sum < 8)
			sum += (size_t)do_recv(s, fd[1], buf, sizeof buf);
		assert_int_equal(sum, 8);
	}
	pair_close(s, fd);
}

/* So does urgent data in TCP. */
static void urgent_data_cuts_a_stream(struct seam *s)
{
	struct heard received;
	char buf[64];
	int fd[2];

	pair_open(s, fd);
	for (int i = 0; i < 4; i++) {
		size_t sum = 0;

		received = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		submit(s, &received);
		assert_in(s, &received);
		assert_int_equal(send_now(s, fd[0], "abc", 3), 3);
		assert_int_equal(send(fd[0], "!", 1, MSG_OOB), 1);
		assert_int_equal(send_now(s, fd[0], "def", 3), 3);
		sum += (size_t)await(s, &received);
		while (sum < 6)
			sum += (size_t)do_recv(s, fd[1], buf, sizeof buf);
		assert_int_equal(sum, 6);
	}
	pair_close(s, fd);
}

/* A look at bytes leaves them, and their readiness, for the next. */
static void peek(struct seam *s)
{
	struct heard peeked;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	for (int i = 0; i < 3; i++) {
		peeked = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
		peeked.op.flags = MSG_PEEK;
		submit(s, &peeked);
		assert_in(s, &peeked);
		assert_int_equal(send_now(s, fd[0], "here", 4), 4);
		assert_int_equal(await(s, &peeked), 4);
		assert_int_equal(do_op(s, &peeked), 4);
		assert_int_equal(do_recv(s, fd[1], buf, sizeof buf), 4);
	}
	pair_close(s, fd);
}

/* Calls and operations take from one queue, whoever comes first. */
static void calls_between_operations(struct seam *s)
{
	struct heard received;
	char buf[8];
	int fd[2];

	pair_open(s, fd);
	received = heard_bytes(GNI_OP_RECV, fd[1], buf, sizeof buf);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(recv_now(s, fd[1], buf, 8), -EAGAIN);
		submit(s, &received);
		assert_in(s, &received);
		assert_int_equal(send_now(s, fd[0], "12345", 5), 5);
		assert_int_equal(await(s, &received), 5);
		assert_int_equal(send_now(s, fd[0], "67", 2), 2);
		assert_int_equal(do_poll(s, fd[1], POLLIN), POLLIN);
		assert_int_equal(recv_now(s, fd[1], buf, 8), 2);
	}
	pair_close(s, fd);
}

const struct seam_case seam_queue_cases[] = {
	{ "descriptors-cut-a-stream", descriptors_cut_a_stream, RUN_ONCE },
	{ "urgent-data-cuts-a-stream", urgent_data_cuts_a_stream, RUN_ONCE },
	{ "peek", peek, RUN_FAMILIES },
	{ "calls-between-operations", calls_between_operations, RUN_FAMILIES },
	{ 0 },
};
