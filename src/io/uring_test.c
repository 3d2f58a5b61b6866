/* uring_test.c: operations of each kind through a ring, on descriptors of every
 * sort, and what done may do. */
#include "io/uring_test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include "io/uring_op.h"

static void one_of_each_kind(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	gn_addr addr;
	int listener = listener_open(0, &addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct heard accepted = heard(GNI_OP_ACCEPT, listener);
	struct heard connected = heard(GNI_OP_CONNECT, fd);
	struct heard sent = heard(GNI_OP_SEND, fd);
	struct heard received, polled;
	char buf[8] = "";

	(void)state;
	connected.op.addr = &addr;
	submit(io, &accepted);
	submit(io, &connected);
	assert_int_equal(accepted.calls + connected.calls, 0);
	await(io, &accepted, 1);
	await(io, &connected, 1);
	assert_int_equal(connected.result, 0);
	assert_true(accepted.result > STDERR_FILENO);
	assert_int_equal(fcntl(accepted.result, F_GETFD), FD_CLOEXEC);

	polled = heard(GNI_OP_POLL, accepted.result);
	polled.op.events = POLLIN;
	submit(io, &polled);
	sent.op.buf = "hello";
	sent.op.len = 5;
	submit(io, &sent);
	await(io, &sent, 1);
	await(io, &polled, 1);
	assert_int_equal(sent.result, 5);
	assert_int_equal(polled.result, POLLIN);

	received = heard(GNI_OP_RECV, accepted.result);
	received.op.buf = buf;
	received.op.len = sizeof buf;
	submit(io, &received);
	await(io, &received, 1);
	assert_int_equal(received.result, 5);
	assert_string_equal(buf, "hello");
	shutdown(fd, SHUT_WR);
	submit(io, &received);
	await(io, &received, 2);
	assert_int_equal(received.result, 0);
	close(accepted.result);
	close(fd);
	close(listener);
	io->backend->close(io);
}

static void a_refused_connection(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	gn_addr addr;
	int listener = listener_open(0, &addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct heard connected = heard(GNI_OP_CONNECT, fd);

	(void)state;
	close(listener);
	connected.op.addr = &addr;
	submit(io, &connected);
	await(io, &connected, 1);
	assert_int_equal(connected.result, -ECONNREFUSED);
	close(fd);
	io->backend->close(io);
}

/* A descriptor travels with a message, and has its close-on-exec flag. */
static void messages_with_a_descriptor(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char buf[8] = "abc";
	struct iovec part = { buf, 3 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };
	int fd[2], passed;
	struct heard sent, received;

	(void)state;
	pair_open(SOCK_DGRAM, fd);
	memcpy(CMSG_DATA(&control.header), &fd[0], sizeof fd[0]);
	sent = heard(GNI_OP_SEND, fd[0]);
	received = heard(GNI_OP_RECV, fd[1]);
	sent.op.message = received.op.message = &m;
	submit(io, &sent);
	await(io, &sent, 1);
	assert_int_equal(sent.result, 3);
	memset(&control, 0, sizeof control);
	part.iov_len = sizeof buf;
	submit(io, &received);
	await(io, &received, 1);
	assert_int_equal(received.result, 3);
	assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
	memcpy(&passed, CMSG_DATA(&control.header), sizeof passed);
	assert_int_equal(fcntl(passed, F_GETFD), FD_CLOEXEC);
	close(passed);
	pair_close(fd);
	io->backend->close(io);
}

static void a_send_to_nobody_raises_no_signal(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, 0);

	(void)state;
	shutdown(s->fd[1], SHUT_RDWR);
	submit(s->io, &s->op);
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, -EPIPE);
	scene_close(s);
}

static void a_bad_descriptor(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct heard h;

	(void)state;
	for (enum gni_op_kind kind = GNI_OP_POLL; kind <= GNI_OP_RECV_MULTI;
	     kind++) {
		gn_addr addr = { .kind = GN_TCP };

		h = heard(kind, -1);
		h.op.addr = &addr;
		submit(io, &h);
		await(io, &h, 1);
		assert_int_equal(h.result, -EBADF);
	}
	io->backend->close(io);
}

static void nonblocking_receive(void **state)
{
	struct scene *s = scene_open(GNI_OP_RECV, 0);

	(void)state;
	fcntl(s->fd[0], F_SETFL, O_NONBLOCK);
	submit(s->io, &s->op);
	for (int i = 0; i < 5; i++)
		turn(s->io);
	assert_int_equal(s->op.calls, 0);
	assert_int_equal(write(s->fd[1], "x", 1), 1);
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, 1);

	submit(s->io, &s->op);
	turn(s->io);
	turn(s->io);
	cancel(s);
	await(s->io, &s->op, 2);
	assert_int_equal(s->op.result, -ECANCELED);
	scene_close(s);
}

static void nonblocking_send(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, 0);
	static char filler[1 << 16];

	(void)state;
	fcntl(s->fd[0], F_SETFL, O_NONBLOCK);
	while (write(s->fd[0], filler, sizeof filler) > 0)
		;
	submit(s->io, &s->op);
	turn(s->io);
	turn(s->io);
	assert_int_equal(s->op.calls, 0);
	while (recv(s->fd[1], filler, sizeof filler, MSG_DONTWAIT) > 0)
		;
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, sizeof s->buf);
	scene_close(s);
}

static void nonblocking_accept_and_connect(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	gn_addr addr;
	int listener = listener_open(SOCK_NONBLOCK, &addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct heard accepted = heard(GNI_OP_ACCEPT, listener);
	struct heard connected = heard(GNI_OP_CONNECT, fd);

	(void)state;
	connected.op.addr = &addr;
	submit(io, &accepted);
	turn(io);
	submit(io, &connected);
	await(io, &accepted, 1);
	await(io, &connected, 1);
	assert_int_equal(connected.result, 0);
	close(accepted.result);
	close(listener);
	close(fd);

	fd = connected.op.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	submit(io, &connected);
	await(io, &connected, 2);
	assert_int_equal(connected.result, -ECONNREFUSED);
	close(fd);
	io->backend->close(io);
}

/* MSG_DONTWAIT makes a kernel answer EAGAIN that would wait otherwise, as older
 * ones do for O_NONBLOCK: the operation waits nevertheless. */
static void receives_that_the_kernel_will_not_wait_for(void **state)
{
	static const enum gni_op_kind kinds[] = { GNI_OP_RECV,
						  GNI_OP_RECV_MULTI };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct scene *s = scene_open(kinds[i], 0);

		s->op.op.flags = MSG_DONTWAIT;
		submit(s->io, &s->op);
		for (int n = 0; n < 5; n++)
			turn(s->io);
		assert_int_equal(s->op.calls, 0);
		assert_int_equal(write(s->fd[1], "x", 1), 1);
		await(s->io, &s->op, 1);
		assert_int_equal(s->op.result, 1);
		if (s->op.op.state == GNI_OP_IDLE)
			submit(s->io, &s->op);
		turn(s->io);
		turn(s->io);
		cancel(s);
		await(s->io, &s->op, 2);
		assert_int_equal(s->op.result, -ECANCELED);
		scene_close(s);
	}
}

static void a_send_that_the_kernel_may_wait_for(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, 0);
	static char filler[1 << 16];

	(void)state;
	while (send(s->fd[0], filler, sizeof filler, MSG_DONTWAIT) > 0)
		;
	s->op.op.flags = MSG_WAITALL;
	submit(s->io, &s->op);
	turn(s->io);
	turn(s->io);
	assert_int_equal(s->op.calls, 0);
	shutdown(s->fd[1], SHUT_RDWR);
	await(s->io, &s->op, 1);
	assert_int_equal(s->op.result, -EPIPE);
	scene_close(s);
}

static void reset(int fd)
{
	static const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

/* What it failed with after some bytes the kernel tells nobody: neither this
 * send nor the next. */
static void a_send_that_a_reset_cuts_short(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	struct heard sent = heard(GNI_OP_SEND,
				  socket(AF_INET, SOCK_STREAM, 0));
	gn_addr addr;
	int listener = listener_open(0, &addr);

	(void)state;
	assert_int_equal(connect(sent.op.fd, (const void *)addr.sockaddr,
				 addr.len), 0);
	sent.op.len = 1 << 24;
	sent.op.buf = calloc(1, sent.op.len);
	sent.op.flags = MSG_WAITALL;
	submit(io, &sent);
	turn(io);
	assert_int_equal(sent.calls, 0);
	reset(accept(listener, NULL, NULL));
	await(io, &sent, 1);
	assert_in_range(sent.result, 1, sent.op.len - 1);
	assert_true(sent.op.cut);
	submit(io, &sent);
	await(io, &sent, 2);
	assert_int_equal(sent.result, -EPIPE);
	free(sent.op.buf);
	close(sent.op.fd);
	close(listener);
	io->backend->close(io);
}

/* A message that had to wait for room comes whole, and once. */
static void messages_to_a_full_queue(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct gni_io *io = ring_open(0, 0);
		struct heard sent;
		int fd[2], inside = 0;

		pair_open(types[i], fd);
		while (send(fd[0], "early", 5, MSG_DONTWAIT) == 5)
			inside++;
		sent = heard(GNI_OP_SEND, fd[0]);
		sent.op.buf = "belated";
		sent.op.len = 7;
		submit(io, &sent);
		for (int n = 0; n < 5; n++)
			turn(io);
		assert_int_equal(sent.calls, 0);
		for (; inside > 0; inside--)
			assert_int_equal(recv(fd[1], buf, sizeof buf, 0), 5);
		await(io, &sent, 1);
		assert_int_equal(sent.result, 7);
		assert_int_equal(recv(fd[1], buf, sizeof buf, 0), 7);
		assert_memory_equal(buf, "belated", 7);
		assert_int_equal(recv(fd[1], buf, sizeof buf, MSG_DONTWAIT),
				 -1);
		pair_close(fd);
		io->backend->close(io);
	}
}

/* What a connect may answer, and in which stage. */
static void what_answers_of_a_connect_mean(void **state)
{
	static const struct {
		int result;
		unsigned stage;
		sa_family_t family;
		enum gni_uring_turn turn;
	} table[] = {
		{ -ECONNREFUSED, 0, AF_INET, GNI_TURN_TELL },
		{ -EINPROGRESS, 0, AF_INET, GNI_TURN_POLL },
		{ -EALREADY, GNI_STAGE_TRIED, AF_INET, GNI_TURN_POLL },
		{ -EISCONN, 0, AF_INET, GNI_TURN_TELL },
		{ -EISCONN, GNI_STAGE_TRIED, AF_INET, GNI_TURN_DONE },
		{ -EAGAIN, 0, AF_INET, GNI_TURN_TELL },
		{ -EAGAIN, 0, AF_UNIX, GNI_TURN_PAUSE },
		{ -EINTR, 0, AF_INET, GNI_TURN_AGAIN },
		{ -ECANCELED, 0, AF_INET, GNI_TURN_AGAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		gn_addr addr = { .kind = GN_TCP };
		struct gni_op op = { .kind = GNI_OP_CONNECT, .addr = &addr };

		memcpy(addr.sockaddr, &table[i].family, sizeof(sa_family_t));
		gni_uring_stage_set(&op, table[i].stage);
		assert_int_equal(gni_uring_turn(&op, table[i].result),
				 table[i].turn);
	}
}

/* The kernel's word for bytes that arrive is also its word for urgent ones. */
static void a_poll_for_urgent_data_only(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	gn_addr addr;
	int listener = listener_open(0, &addr), fd, peer;
	struct heard polled;

	(void)state;
	peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (void *)addr.sockaddr, addr.len), 0);
	fd = accept(listener, NULL, NULL);
	polled = heard(GNI_OP_POLL, fd);
	polled.op.events = POLLPRI;
	submit(io, &polled);
	turn(io);
	assert_int_equal(send(peer, "x", 1, 0), 1);
	turn(io);
	turn(io);
	assert_int_equal(polled.calls, 0);
	assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
	await(io, &polled, 1);
	assert_int_equal(polled.result, POLLPRI);
	close(fd);
	close(peer);
	close(listener);
	io->backend->close(io);
}

/* poll(2) says of files, and of what has no poll, that they are ready. */
static void a_poll_of_a_file(void **state)
{
	struct gni_io *io = ring_open(0, 0);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct heard polled = heard(GNI_OP_POLL, fd);

	(void)state;
	polled.op.events = POLLIN;
	submit(io, &polled);
	await(io, &polled, 1);
	assert_int_equal(polled.result, POLLIN);
	close(fd);
	io->backend->close(io);
}

static struct gni_io *current;

static void again_thrice(struct gni_op *op, int result, bool more)
{
	hear(op, result, more);
	if (GNI_OWNER(op, struct heard, op)->calls < 3)
		current->backend->submit(current, op);
}

static void done_submits_anew(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, 0);

	(void)state;
	current = s->io;
	s->op.op.done = again_thrice;
	submit(s->io, &s->op);
	await(s->io, &s->op, 3);
	turn(s->io);
	assert_int_equal(s->op.calls, 3);
	scene_close(s);
}

static int freed;

static void free_itself(struct gni_op *op, int result, bool more)
{
	assert_true(result == 8 || result == -ECANCELED);
	assert_false(more);
	freed++;
	free(GNI_OWNER(op, struct heard, op));
}

static void done_frees_the_operation(void **state)
{
	struct scene *s = scene_open(GNI_OP_SEND, TINY);

	(void)state;
	freed = 0;
	for (int i = 0; i < 3 * TINY; i++) {
		struct heard *h = malloc(sizeof *h);

		*h = s->op;
		h->op.done = free_itself;
		submit(s->io, h);
		if (i == 3 * TINY - 1)
			s->io->backend->cancel(s->io, &h->op);
	}
	while (freed < 3 * TINY)
		s->io->backend->wait(s->io, GN_NEVER);
	scene_close(s);
}

/* In a program started with its standard streams closed no descriptor of ours
 * takes their place. */
static int low_descriptors_stay_free(void)
{
	struct gni_io *io;
	gn_addr addr;
	int listener = listener_open(0, &addr), peer;
	struct heard accepted = heard(GNI_OP_ACCEPT, listener);

	peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(peer, (void *)addr.sockaddr, addr.len) < 0)
		return 1;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (gni_uring_open(&io, 0, 0) < 0)
		return 2;
	submit(io, &accepted);
	await(io, &accepted, 1);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 3;
	io->backend->close(io);
	return accepted.result > STDERR_FILENO ? 0 : 4;
}

static void fault_62_standard_streams_are_closed(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(low_descriptors_stay_free());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void rings_leave_no_descriptor(void **state)
{
	int before = dup(STDIN_FILENO), after;

	(void)state;
	close(before);
	for (int i = 0; i < 50; i++) {
		struct gni_io *io = ring_open(0, i % 2 ? TINY : 0);

		if (i % 3 == 0)
			io->backend->wake(io);
		if (i % 3 != 1)
			turn(io);
		io->backend->close(io);
	}
	after = dup(STDIN_FILENO);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each_kind),
		cmocka_unit_test(a_refused_connection),
		cmocka_unit_test(messages_with_a_descriptor),
		cmocka_unit_test(a_send_to_nobody_raises_no_signal),
		cmocka_unit_test(a_bad_descriptor),
		cmocka_unit_test(nonblocking_receive),
		cmocka_unit_test(nonblocking_send),
		cmocka_unit_test(nonblocking_accept_and_connect),
		cmocka_unit_test(receives_that_the_kernel_will_not_wait_for),
		cmocka_unit_test(a_send_that_the_kernel_may_wait_for),
		cmocka_unit_test(a_send_that_a_reset_cuts_short),
		cmocka_unit_test(messages_to_a_full_queue),
		cmocka_unit_test(what_answers_of_a_connect_mean),
		cmocka_unit_test(a_poll_for_urgent_data_only),
		cmocka_unit_test(a_poll_of_a_file),
		cmocka_unit_test(done_submits_anew),
		cmocka_unit_test(done_frees_the_operation),
		cmocka_unit_test(fault_62_standard_streams_are_closed),
		cmocka_unit_test(rings_leave_no_descriptor),
	};

	end_without_ring();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
