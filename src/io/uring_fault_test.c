/* uring_fault_test.c: kernels that have less, or refuse.  The calls of
 * liburing are wrapped (by the linker: see meson.build); what a table here
 * does not withhold the real kernel answers. */
#include "io/uring_test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <liburing.h>

#include "io/uring_kernel.h"

#define PAIRS 12
#define CROWD 500
#define MANY_TURNS 1000

/* What is withheld; all zero withholds nothing. */
static struct {
	int setup_error;
	unsigned setup_flags; /* flags that are EINVAL */
	unsigned features;
	int ops[3];	     /* operations, by number */
	int register_error;  /* of rings of buffers */
	int register_passes; /* how many go through before */
	int eventfd_error;
	int enter_error;
	int enter_passes; /* how many calls go through before the one */
	bool enter_failed;
	int cancels; /* how many do not find their operation */
} without;

/* The ring opened last. */
static struct io_uring *opened;

int __real_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
				      struct io_uring_params *p);
int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
				      struct io_uring_params *p);
struct io_uring_probe *__real_io_uring_get_probe_ring(struct io_uring *ring);
struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring);
int __real_io_uring_register(unsigned fd, unsigned opcode, const void *arg,
			     unsigned count);
int __wrap_io_uring_register(unsigned fd, unsigned opcode, const void *arg,
			     unsigned count);
int __real_io_uring_enter2(unsigned fd, unsigned submit, unsigned least,
			   unsigned flags, sigset_t *arg, size_t len);
int __wrap_io_uring_enter2(unsigned fd, unsigned submit, unsigned least,
			   unsigned flags, sigset_t *arg, size_t len);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);

int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
				      struct io_uring_params *p)
{
	int err;

	if (without.setup_error)
		return without.setup_error;
	if (p->flags & without.setup_flags)
		return -EINVAL;
	err = __real_io_uring_queue_init_params(entries, ring, p);
	ring->features &= ~without.features;
	opened = ring;
	return err;
}

struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring)
{
	struct io_uring_probe *p = __real_io_uring_get_probe_ring(ring);

	for (size_t i = 0; p && i < 3; i++)
		if (without.ops[i])
			p->ops[without.ops[i]].flags = 0;
	return p;
}

int __wrap_io_uring_register(unsigned fd, unsigned opcode, const void *arg,
			     unsigned count)
{
	if (opcode == IORING_REGISTER_PBUF_RING && without.register_error &&
	    without.register_passes-- <= 0)
		return without.register_error;
	return __real_io_uring_register(fd, opcode, arg, count);
}

/* Lets cancels look for an operation that is not there, as if the kernel had
 * theirs between two tries. */
static void mislead_cancels(const struct io_uring_sq *sq)
{
	for (unsigned i = *sq->khead; i != *sq->ktail; i++) {
		struct io_uring_sqe *sqe = &sq->sqes[i & sq->ring_mask];

		if (sqe->opcode == IORING_OP_ASYNC_CANCEL &&
		    without.cancels-- > 0)
			sqe->addr = UINT64_MAX;
	}
}

int __wrap_io_uring_enter2(unsigned fd, unsigned submit, unsigned least,
			   unsigned flags, sigset_t *arg, size_t len)
{
	if (without.cancels > 0)
		mislead_cancels(&opened->sq);
	if (without.enter_error && without.enter_passes-- == 0) {
		without.enter_failed = true;
		return without.enter_error;
	}
	return __real_io_uring_enter2(fd, submit, least, flags, arg, len);
}

int __wrap_eventfd(unsigned count, int flags)
{
	if (!without.eventfd_error)
		return __real_eventfd(count, flags);
	errno = without.eventfd_error;
	return -1;
}

static int with_everything(void **state)
{
	(void)state;
	memset(&without, 0, sizeof without);
	return 0;
}

/* Receives on one end of each pair, all but the last answered; the last is
 * canceled.  Then a wake and an instant. */
static void exchange(struct gni_io *io)
{
	struct heard in[PAIRS], out[PAIRS];
	int fd[PAIRS][2];
	char byte[PAIRS];
	gn_time until = gn_in(GN_MSEC);

	for (int i = 0; i < PAIRS; i++) {
		pair_open(SOCK_STREAM, fd[i]);
		in[i] = heard(GNI_OP_RECV, fd[i][0]);
		in[i].op.buf = &byte[i];
		out[i] = heard(GNI_OP_SEND, fd[i][1]);
		out[i].op.buf = "x";
		in[i].op.len = out[i].op.len = 1;
		submit(io, &in[i]);
	}
	turn(io);
	for (int i = 0; i < PAIRS - 1; i++)
		submit(io, &out[i]);
	io->backend->cancel(io, &in[PAIRS - 1].op);
	io->backend->wake(io);
	for (int i = 0; i < PAIRS; i++) {
		await(io, &in[i], 1);
		assert_int_equal(in[i].result,
				 i == PAIRS - 1 ? -ECANCELED : 1);
		if (i < PAIRS - 1)
			await(io, &out[i], 1);
	}
	while (gn_time_before(gn_now(), until))
		io->backend->wait(io, until);
	for (int i = 0; i < PAIRS; i++)
		pair_close(fd[i]);
}

/* What releases of Linux lack, from new to old. */
static const struct {
	const char *name;
	unsigned flags, features;
	int ops[2];
	bool multishot;
} kernels[] = {
	{ "6.11", 0, IORING_FEAT_MIN_TIMEOUT, { 0 }, true },
	{ "6.0", IORING_SETUP_DEFER_TASKRUN, IORING_FEAT_MIN_TIMEOUT, { 0 },
	  true },
	{ "5.19", IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER,
	  IORING_FEAT_MIN_TIMEOUT, { IORING_OP_SEND_ZC }, false },
	{ "5.18", IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
		  IORING_SETUP_COOP_TASKRUN, IORING_FEAT_MIN_TIMEOUT,
	  { IORING_OP_SEND_ZC, IORING_OP_SOCKET }, false },
	{ "5.11", IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
		  IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL,
	  IORING_FEAT_MIN_TIMEOUT | IORING_FEAT_CQE_SKIP,
	  { IORING_OP_SEND_ZC, IORING_OP_SOCKET }, false },
};

static void older_kernels(void **state)
{
	for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
		struct gni_io *io;

		with_everything(state);
		without.setup_flags = kernels[i].flags;
		without.features = kernels[i].features;
		memcpy(without.ops, kernels[i].ops, sizeof kernels[i].ops);
		print_message("# Linux %s\n", kernels[i].name);
		io = ring_open(0, TINY);
		assert_int_equal(io->multishot, kernels[i].multishot);
		exchange(io);
		io->backend->close(io);
	}
}

static void older_rings_of_buffers(void **state)
{
	struct gni_io *io;

	(void)state;
	without.register_error = -EINVAL;
	io = ring_open(0, 0);
	assert_false(io->multishot);
	io->backend->close(io);
}

static int lowest_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static int refusal(void)
{
	struct gni_io *io;
	int before = lowest_descriptor();
	int err = gni_uring_open(&io, 0, 0);

	assert_int_equal(lowest_descriptor(), before);
	return err;
}

static void fault_50_a_ring_is_refused(void **state)
{
	static const int errors[] = { -EPERM, -ENOSYS, -ENOMEM, -EMFILE };

	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		with_everything(state);
		without.setup_error = errors[i];
		assert_int_equal(refusal(), errors[i]);
	}
	with_everything(state);
	without.eventfd_error = EMFILE;
	assert_int_equal(refusal(), -EMFILE);
	with_everything(state);
	without.enter_error = -EPERM;
	assert_int_equal(refusal(), -EPERM);
}

static void fault_50_something_needed_is_missing(void **state)
{
	static const unsigned features[] = {
		IORING_FEAT_EXT_ARG, IORING_FEAT_NODROP, IORING_FEAT_FAST_POLL
	};
	static const int ops[] = {
		IORING_OP_POLL_ADD, IORING_OP_ACCEPT,	    IORING_OP_CONNECT,
		IORING_OP_SEND,	    IORING_OP_RECV,	    IORING_OP_SENDMSG,
		IORING_OP_RECVMSG,  IORING_OP_ASYNC_CANCEL, IORING_OP_READ
	};

	for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
		with_everything(state);
		without.features = features[i];
		assert_int_equal(refusal(), -ENOSYS);
	}
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		with_everything(state);
		without.ops[0] = ops[i];
		assert_int_equal(refusal(), -ENOSYS);
	}
}

/* Only a standard stream's descriptor is left. */
static int open_with_low_limit(void)
{
	rlim_t all = (rlim_t)dup(STDIN_FILENO) + 1;
	struct rlimit limit = { all, all };
	struct gni_io *io;

	close(STDIN_FILENO);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	return gni_uring_open(&io, 0, 0) == -EMFILE ? 0 : 2;
}

static void fault_50_no_descriptor_above_the_streams(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(open_with_low_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A standing receive then stands all the same; later ones have buffers. */
static void fault_51_no_memory_for_buffers(void **state)
{
	struct gni_io *io;
	struct heard h;
	int fd[2];

	(void)state;
	without.register_error = -ENOMEM;
	without.register_passes = 1;
	io = ring_open(0, 0);
	assert_true(io->multishot);
	pair_open(SOCK_STREAM, fd);
	h = heard(GNI_OP_RECV_MULTI, fd[0]);
	submit(io, &h);
	for (int i = 1; i <= 4; i++) {
		if (i == 3)
			without.register_error = 0;
		turn(io);
		assert_int_equal(write(fd[1], "word", 4), 4);
		await(io, &h, i);
		assert_int_equal(h.result, 4);
		assert_true(h.more);
	}
	shutdown(fd[1], SHUT_WR);
	await(io, &h, 5);
	assert_int_equal(h.result, 0);
	assert_false(h.more);
	pair_close(fd);
	io->backend->close(io);
}

static void fault_51_no_memory_for_buffers_and_a_cancel(void **state)
{
	struct gni_io *io;
	struct heard h;
	int fd[2];

	(void)state;
	without.register_error = -ENOMEM;
	without.register_passes = 1;
	io = ring_open(0, TINY);
	pair_open(SOCK_STREAM, fd);
	h = heard(GNI_OP_RECV_MULTI, fd[0]);
	submit(io, &h);
	turn(io);
	io->backend->cancel(io, &h.op);
	await(io, &h, 1);
	assert_int_equal(h.result, -ECANCELED);
	assert_false(h.more);
	pair_close(fd);
	io->backend->close(io);
}

/* Every io_uring_enter of the exchange fails once, in every way that passes. */
static void fault_51_each_enter_fails_once(void **state)
{
	static const int errors[] = { -EAGAIN, -EBUSY, -ENOMEM, -EINTR };

	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		for (int nth = 0;; nth++) {
			struct gni_io *io = ring_open(0, TINY);

			with_everything(state);
			without.enter_error = errors[i];
			without.enter_passes = nth;
			exchange(io);
			io->backend->close(io);
			if (!without.enter_failed)
				break;
		}
}

/* A receive on a pair of its own, whose first cancel will miss. */
static void cancel_in_vain(struct gni_io *io, struct heard *h, int fd[2])
{
	static char byte;

	pair_open(SOCK_STREAM, fd);
	*h = heard(GNI_OP_RECV, fd[0]);
	h->op.buf = &byte;
	h->op.len = 1;
	submit(io, h);
	turn(io);
	without.cancels = 1;
	io->backend->cancel(io, &h->op);
}

/* Without deferred work a completion comes with any system call: there is one
 * at the beginning of every turn. */
static void a_cancel_misses_amid_completions(void **state)
{
	struct gni_io *io = ring_open(GNI_FEATURE_DEFER, 0);
	struct heard canceled, in[2];
	int fd[2][2], its[2], i;
	char byte;

	(void)state;
	for (i = 0; i < 2; i++) {
		pair_open(SOCK_STREAM, fd[i]);
		in[i] = heard(GNI_OP_RECV, fd[i][0]);
		in[i].op.buf = &byte;
		in[i].op.len = 1;
	}
	submit(io, &in[0]);
	cancel_in_vain(io, &canceled, its);
	for (i = 0; i < MANY_TURNS && canceled.calls == 0; i++) {
		assert_int_equal(write(fd[i % 2][1], "x", 1), 1);
		submit(io, &in[(i + 1) % 2]);
		turn(io);
		await(io, &in[i % 2], i / 2 + 1);
	}
	assert_int_equal(canceled.calls, 1);
	assert_int_equal(canceled.result, -ECANCELED);
	assert_int_equal(write(fd[i % 2][1], "x", 1), 1);
	await(io, &in[i % 2], i / 2 + 1);
	for (i = 0; i < 2; i++)
		pair_close(fd[i]);
	pair_close(its);
	io->backend->close(io);
}

static struct gni_io *crowded; /* NULL: the crowd comes to rest */

static void hear_and_go_on(struct gni_op *op, int result, bool more)
{
	hear(op, result, more);
	if (crowded)
		crowded->backend->submit(crowded, op);
}

/* More completions than the ring has places for, and no end of them. */
static void a_cancel_misses_amid_overflow(void **state)
{
	static struct heard all[CROWD];
	struct gni_io *io = ring_open(0, TINY);
	struct heard canceled;
	int fd[2], its[2];

	(void)state;
	pair_open(SOCK_STREAM, fd);
	crowded = io;
	for (int i = 0; i < CROWD; i++) {
		all[i] = heard(GNI_OP_POLL, fd[0]);
		all[i].op.events = POLLOUT;
		all[i].op.done = hear_and_go_on;
		submit(io, &all[i]);
	}
	cancel_in_vain(io, &canceled, its);
	for (int i = 0; i < MANY_TURNS && canceled.calls == 0; i++)
		turn(io);
	assert_int_equal(canceled.calls, 1);
	assert_int_equal(canceled.result, -ECANCELED);
	crowded = NULL;
	for (int i = 0; i < CROWD; i++)
		while (all[i].op.state != GNI_OP_IDLE)
			io->backend->wait(io, GN_NEVER);
	pair_close(fd);
	pair_close(its);
	io->backend->close(io);
}

static void a_lost_ring_stops_the_program(void **state)
{
	int status;
	pid_t child;

	(void)state;
	without.enter_error = -EBADF;
	without.enter_passes = 1;
	child = fork();
	if (child == 0) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		turn(ring_open(0, 0));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

#define TEST(name) cmocka_unit_test_setup(name, with_everything)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(older_kernels),
		TEST(older_rings_of_buffers),
		TEST(fault_50_a_ring_is_refused),
		TEST(fault_50_something_needed_is_missing),
		TEST(fault_50_no_descriptor_above_the_streams),
		TEST(fault_51_no_memory_for_buffers),
		TEST(fault_51_no_memory_for_buffers_and_a_cancel),
		TEST(fault_51_each_enter_fails_once),
		TEST(a_cancel_misses_amid_completions),
		TEST(a_cancel_misses_amid_overflow),
		TEST(a_lost_ring_stops_the_program),
	};

	end_without_ring();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
