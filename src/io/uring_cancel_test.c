/* uring_cancel_test.c: more operations, completions and cancels than a ring
 * has places; cancels in every stage. */
#include "io/uring_test.h"

#include <errno.h>
#include <poll.h>
#include <sys/un.h>

#define MANY 500

static void fault_51_more_operations_than_places(void **state)
{
	struct gni_io *io = ring_open(0, TINY);
	static struct heard all[MANY];
	static char bytes[MANY];
	int fd[MANY / 2][2];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		if (i % 2 == 0)
			pair_open(SOCK_STREAM, fd[i / 2]);
		all[i] = heard(GNI_OP_RECV, fd[i / 2][i % 2]);
		all[i].op.buf = &bytes[i];
		all[i].op.len = 1;
		submit(io, &all[i]);
	}
	turn(io);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(write(fd[i / 2][i % 2], &(char){ (char)i }, 1),
				 1);
	for (int i = 0; i < MANY; i++)
		await(io, &all[i], 1);
	turn(io);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(all[i].calls, 1);
		assert_int_equal(all[i].result, 1);
		assert_int_equal(bytes[i], (char)(i ^ 1));
		if (i % 2 == 0)
			pair_close(fd[i / 2]);
	}
	io->backend->close(io);
}

/* All of them complete as they are submitted: far more than the completion
 * queue of a tiny ring holds. */
static void fault_51_more_completions_than_places(void **state)
{
	struct gni_io *io = ring_open(0, TINY);
	static struct heard all[MANY];
	int fd[2];

	(void)state;
	pair_open(SOCK_STREAM, fd);
	for (int i = 0; i < MANY; i++) {
		all[i] = heard(GNI_OP_POLL, fd[0]);
		all[i].op.events = POLLOUT;
		submit(io, &all[i]);
	}
	for (int i = 0; i < MANY; i++)
		await(io, &all[i], 1);
	turn(io);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(all[i].calls, 1);
		assert_int_equal(all[i].result, POLLOUT);
	}
	pair_close(fd);
	io->backend->close(io);
}

static void fault_51_more_cancels_than_places(void **state)
{
	struct gni_io *io = ring_open(0, TINY);
	static struct heard all[MANY];
	int fd[2];

	(void)state;
	pair_open(SOCK_STREAM, fd);
	for (int i = 0; i < MANY; i++) {
		all[i] = heard(GNI_OP_POLL, fd[0]);
		all[i].op.events = POLLIN;
		submit(io, &all[i]);
	}
	turn(io);
	for (int i = 0; i < MANY; i++)
		io->backend->cancel(io, &all[i].op);
	for (int i = 0; i < MANY; i++)
		await(io, &all[i], 1);
	turn(io);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(all[i].calls, 1);
		assert_int_equal(all[i].result, -ECANCELED);
	}
	pair_close(fd);
	io->backend->close(io);
}

static void cancel_before_it_is_in_the_ring(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, TINY);
	struct heard before[TINY];

	(void)state;
	for (int i = 0; i < TINY; i++) {
		before[i] = heard(GNI_OP_POLL, s->fd[0]);
		before[i].op.events = POLLOUT;
		submit(s->io, &before[i]);
	}
	submit(s->io, &s->op);
	cancel(s);
	cancel(s);
	assert_int_equal(s->op.calls, 0);
	turn(s->io);
	assert_int_equal(s->op.calls, 1);
	assert_int_equal(s->op.result, -ECANCELED);
	for (int i = 0; i < TINY; i++)
		await(s->io, &before[i], 1);
	scene_close(s);
}

static void cancel_before_it_is_submitted(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);

	(void)state;
	submit(s->io, &s->op);
	cancel(s);
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, -ECANCELED);
	scene_close(s);
}

static void cancel_while_it_waits(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);

	(void)state;
	submit(s->io, &s->op);
	turn(s->io);
	cancel(s);
	cancel(s);
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, -ECANCELED);
	cancel(s);
	turn(s->io);
	assert_int_equal(s->op.calls, 1);
	scene_close(s);
}

/* Bytes come and then the cancel, before anybody looked: either it took the
 * bytes or they are still there. */
static void cancel_loses_no_bytes(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);

	(void)state;
	submit(s->io, &s->op);
	turn(s->io);
	assert_int_equal(write(s->fd[1], "xyz", 3), 3);
	cancel(s);
	await(s->io, &s->op, 1);
	if (s->op.result < 0) {
		assert_int_equal(s->op.result, -ECANCELED);
		assert_int_equal(read(s->fd[0], s->buf, 3), 3);
	}
	assert_string_equal(s->buf, "xyz");
	scene_close(s);
}

/* A send too long for the socket's buffer is cut short by its cancel. */
static void cancel_of_a_send_tells_what_went(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, 0);
	size_t len = 1 << 24, got = 0;
	char *all = calloc(1, len);
	ssize_t n;

	(void)state;
	s->op.op.buf = all;
	s->op.op.len = len;
	s->op.op.flags = MSG_WAITALL;
	submit(s->io, &s->op);
	turn(s->io);
	assert_int_equal(s->op.calls, 0);
	cancel(s);
	await(s->io, &s->op, 1);
	assert_true(s->op.result > 0);
	assert_false(s->op.op.cut);
	while ((n = recv(s->fd[1], all, len, MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	assert_int_equal(got, s->op.result);
	free(all);
	scene_close(s);
}

static struct scene *other;

static void cancel_the_other(struct gni_op *op, int result, bool more)
{
	hear(op, result, more);
	other->io->backend->cancel(other->io, &other->op.op);
	other->op.op.done = hear;
}

/* Two completions come together, and the first's done cancels the second. */
static void cancel_what_has_completed(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);
	struct heard first = heard(GNI_OP_POLL, s->fd[0]);

	(void)state;
	other = s;
	first.op.events = POLLOUT;
	first.op.done = cancel_the_other;
	assert_int_equal(write(s->fd[1], "x", 1), 1);
	submit(s->io, &first);
	submit(s->io, &s->op);
	await(s->io, &s->op, 1);
	turn(s->io);
	assert_int_equal(first.calls, 1);
	assert_int_equal(s->op.calls, 1);
	assert_true(s->op.result == 1 || s->op.result == -ECANCELED);
	scene_close(s);
}

/* A Unix listener whose backlog is full, for which the kernel waits on a thread
 * of its own. */
static int full_listener(gn_addr *addr, int filler[2])
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof un;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Autobind: a free abstract name. */
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t)),
			 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&un, &len), 0);
	*addr = (gn_addr){ .kind = GN_UNIX, .len = (uint8_t)len };
	memcpy(addr->sockaddr, &un, len);
	for (int i = 0; i < 2; i++) {
		filler[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(filler[i], (struct sockaddr *)&un, len);
	}
	return fd;
}

static void cancel_of_a_connect_to_a_full_backlog(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	int filler[2];
	gn_addr addr;
	int listener = full_listener(&addr, filler);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct heard connected = heard(GNI_OP_CONNECT, fd);

	(void)state;
	connected.op.addr = &addr;
	submit(io, &connected);
	for (int i = 0; i < 10; i++)
		turn(io);
	assert_int_equal(connected.calls, 0);
	io->backend->cancel(io, &connected.op);
	await(io, &connected, 1);
	assert_int_equal(connected.result, -ECANCELED);

	submit(io, &connected);
	turn(io);
	close(accept(listener, NULL, NULL));
	await(io, &connected, 2);
	assert_int_equal(connected.result, 0);
	pair_close(filler);
	close(fd);
	close(listener);
	io->backend->close(io);
}

/* Nobody tells when there is room for it: it is tried from time to time. */
static void cancel_of_a_message_to_a_full_queue(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof un;
	struct iovec part = { "x", 1 };
	struct msghdr m = { .msg_name = &un, .msg_iov = &part,
			    .msg_iovlen = 1 };
	int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct heard sent = heard(GNI_OP_SEND, from);

	(void)state;
	bind(to, (struct sockaddr *)&un, sizeof(sa_family_t));
	getsockname(to, (struct sockaddr *)&un, &len);
	m.msg_namelen = len;
	while (sendmsg(from, &m, MSG_DONTWAIT) == 1)
		;
	sent.op.message = &m;
	submit(io, &sent);
	for (int i = 0; i < 5; i++)
		turn(io);
	assert_int_equal(sent.calls, 0);
	io->backend->cancel(io, &sent.op);
	await(io, &sent, 1);
	assert_int_equal(sent.result, -ECANCELED);
	close(from);
	close(to);
	io->backend->close(io);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_51_more_operations_than_places),
		cmocka_unit_test(fault_51_more_completions_than_places),
		cmocka_unit_test(fault_51_more_cancels_than_places),
		cmocka_unit_test(cancel_before_it_is_in_the_ring),
		cmocka_unit_test(cancel_before_it_is_submitted),
		cmocka_unit_test(cancel_while_it_waits),
		cmocka_unit_test(cancel_loses_no_bytes),
		cmocka_unit_test(cancel_of_a_send_tells_what_went),
		cmocka_unit_test(cancel_what_has_completed),
		cmocka_unit_test(cancel_of_a_connect_to_a_full_backlog),
		cmocka_unit_test(cancel_of_a_message_to_a_full_queue),
	};

	end_without_ring();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
