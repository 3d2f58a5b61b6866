/*
 * What straight-line code costs that does nothing ahead of time: an instrument
 * for the row of exact messages, not a server for use. Each client is a fiber
 * that receives by one operation of the ring a message, and answers by one
 * send(2) a message. There are no deadlines, no cancellation, no stack guards.
 */
#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "process.h"
#include "server.h"

#define SUBMISSIONS 4096
#define COMPLETIONS 32768
#define STACK_LEN (16 * 1024)

struct fiber {
	void *stack_top; /* where it was suspended */
	uint8_t *stack;
	int fd;
	int result; /* of the operation it waited for */
};

static struct io_uring ring;
static size_t message_len;
static int listen_fd;
static void *loop_top;

/* Saves the registers that a call must keep, and goes on where `to` had saved
 * its own. The jump instead of a ret keeps the processor from predicting a
 * return to the wrong stack. */
void bench_switch(void **from, void *to);
__asm__(".text\n"
	".type bench_switch, @function\n"
	"bench_switch:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	pop %rdx\n"
	"	jmp *%rdx\n"
	".size bench_switch, . - bench_switch\n");

static struct io_uring_sqe *next_sqe(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&ring)))
		io_uring_submit(&ring);
	return sqe;
}

static int receive(struct fiber *fiber, uint8_t *bytes, size_t len)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_recv(sqe, fiber->fd, bytes, len, 0);
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	io_uring_sqe_set_data(sqe, fiber);
	bench_switch(&fiber->stack_top, loop_top);
	return fiber->result;
}

/* Returns whether a whole message came. */
static int receive_message(struct fiber *fiber, uint8_t *message)
{
	size_t len = 0;

	while (len < message_len) {
		int got = receive(fiber, message + len, message_len - len);

		if (got <= 0)
			return 0;
		len += (size_t)got;
	}
	return 1;
}

static void serve(struct fiber *fiber)
{
	uint8_t message[BENCH_MESSAGE_LEN_MAX];

	/* The socket blocks: a send takes all or fails. */
	while (receive_message(fiber, message))
		if (send(fiber->fd, message, message_len, MSG_NOSIGNAL) < 0)
			break;
}

/* Handed to begin(), which takes no argument. */
static struct fiber *starting;

static void begin(void)
{
	struct fiber *fiber = starting;

	serve(fiber);
	close(fiber->fd);
	fiber->fd = -1;
	bench_switch(&fiber->stack_top, loop_top);
}

static void resume(struct fiber *fiber)
{
	bench_switch(&loop_top, fiber->stack_top);
	if (fiber->fd >= 0)
		return;
	munmap(fiber->stack, STACK_LEN);
	free(fiber);
}

static void *pages(size_t len)
{
	void *start = mmap(NULL, len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		bench_fail("mmap");
	return start;
}

static void start(int fd)
{
	struct fiber *fiber = calloc(1, sizeof *fiber);
	void **top;

	if (!fiber)
		bench_fail("calloc");
	fiber->fd = fd;
	fiber->stack = pages(STACK_LEN);
	/* Six registers, the place to go on at, and a return address that
	 * nobody uses: begin() finds its stack as after a call. */
	top = (void **)(void *)(fiber->stack + STACK_LEN) - 8;
	top[6] = (void *)(uintptr_t)begin;
	fiber->stack_top = top;
	starting = fiber;
	resume(fiber);
}

static void arm_accept(void)
{
	struct io_uring_sqe *sqe = next_sqe();

	io_uring_prep_multishot_accept(sqe, listen_fd, NULL, NULL,
				       SOCK_CLOEXEC);
	io_uring_sqe_set_data(sqe, NULL);
}

static void complete(const struct io_uring_cqe *cqe)
{
	struct fiber *fiber = io_uring_cqe_get_data(cqe);
	int result = cqe->res;
	unsigned flags = cqe->flags;

	if (fiber) {
		fiber->result = result;
		resume(fiber);
		return;
	}
	if (!(flags & IORING_CQE_F_MORE))
		arm_accept();
	if (result >= 0) {
		start(result);
	} else if (result != -ECONNABORTED) {
		errno = -result;
		bench_fail("accept");
	}
}

static void open_ring(void)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_CQSIZE |
			 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
		.cq_entries = COMPLETIONS,
	};
	int error = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);

	if (error < 0) {
		errno = -error;
		bench_fail("io_uring_setup");
	}
	io_uring_register_ring_fd(&ring);
}

static void turn(void)
{
	struct io_uring_cqe *cqe;
	unsigned count = 0;
	unsigned head;
	int error = io_uring_submit_and_wait(&ring, 1);

	if (error < 0 && error != -EINTR) {
		errno = -error;
		bench_fail("io_uring_enter");
	}
	io_uring_for_each_cqe(&ring, head, cqe)
	{
		complete(cqe);
		count++;
	}
	io_uring_cq_advance(&ring, count);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_server_options(argc, argv);

	errno = 0;
	if (options.message_len == 0)
		bench_fail("--message is needed");
	message_len = options.message_len;
	bench_files_raise();
	open_ring();
	listen_fd = bench_server_listen(options.path, 0);
	arm_accept();
	bench_server_announce(listen_fd);
	for (;;)
		turn();
}
