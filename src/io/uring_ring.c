/*
 * uring_ring.c: owns the io_uring itself, from the choice of its flags to
 * io_uring_enter(2).  It knows nothing of operations.
 */
#include "io/uring_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "io/io.h"
#include "io/sys.h"
#include "io/uring_kernel.h"

/* A turn of a busy loop submits some tens of operations; more go in several
 * calls.  Completions are many more, since standing operations make them. */
#define SQ_ENTRIES 256
#define CQ_ENTRIES 4096

/* How long to leave a kernel alone that put off a submission. */
#define REST_NS GN_MSEC

/* Of the time namespace that a system begins with (time_namespaces(7)). */
#define FIRST_TIME_NAMESPACE 0xEFFFFFFAu

#define COMMON_FLAGS (IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP)
#define NEEDED_FEATURES \
	(IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL)

/* From the newest kernel to the oldest: 6.1, 6.0, 5.19, 5.18, before. */
static const unsigned flag_sets[] = {
	IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
		IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
		IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
		IORING_SETUP_SUBMIT_ALL,
	IORING_SETUP_SUBMIT_ALL,
	0,
};
#define FLAG_SETS (sizeof flag_sets / sizeof flag_sets[0])

static const uint8_t needed_ops[] = {
	IORING_OP_POLL_ADD, IORING_OP_ACCEPT,	    IORING_OP_CONNECT,
	IORING_OP_SEND,	    IORING_OP_RECV,	    IORING_OP_SENDMSG,
	IORING_OP_RECVMSG,  IORING_OP_ASYNC_CANCEL, IORING_OP_READ,
};

static int set_up(struct gni_ring *r, unsigned features_off, unsigned entries)
{
	size_t i = features_off & GNI_FEATURE_DEFER ? 1 : 0;
	int err = -EINVAL;

	for (; i < FLAG_SETS && err == -EINVAL; i++) {
		struct io_uring_params p = {
			.flags = flag_sets[i] | COMMON_FLAGS,
			.cq_entries = entries ? 2 * entries : CQ_ENTRIES,
		};

		err = io_uring_queue_init_params(
			entries ? entries : SQ_ENTRIES, &r->uring, &p);
	}
	return err;
}

/* A ring takes every instant for one of the first namespace's clock; where we
 * may live by another it is told the time left. */
static bool lives_by_first_clock(void)
{
	struct stat st;

	return stat("/proc/self/ns/time", &st) == 0 &&
	       st.st_ino == FIRST_TIME_NAMESPACE;
}

/* Finds out what the kernel offers.  Two operations came with the release that
 * also brought what cannot be asked for: socket with POLL_FIRST (5.19), and
 * send_zc with the multishot receive (6.0; multishot accept is older). */
static int probe(struct gni_ring *r)
{
	struct io_uring_probe *p = io_uring_get_probe_ring(&r->uring);
	int err = 0;

	if (!p)
		return -ENOSYS;
	for (size_t i = 0; i < sizeof needed_ops; i++)
		if (!io_uring_opcode_supported(p, needed_ops[i]))
			err = -ENOSYS;
	r->poll_first = io_uring_opcode_supported(p, IORING_OP_SOCKET);
	r->multishot = io_uring_opcode_supported(p, IORING_OP_SEND_ZC);
	io_uring_free_probe(p);
	if ((r->uring.features & NEEDED_FEATURES) != NEEDED_FEATURES)
		err = -ENOSYS;
	r->quiet = r->uring.features & IORING_FEAT_CQE_SKIP;
	r->limits = r->uring.features & IORING_FEAT_MIN_TIMEOUT;
	r->absolute = r->limits && lives_by_first_clock();
	r->flagged = r->uring.flags & IORING_SETUP_TASKRUN_FLAG;
	return err;
}

/* Moves the ring's descriptor above 2, while liburing still holds one only. */
static int lift(struct gni_ring *r)
{
	int fd = gni_sys_high(r->uring.ring_fd);

	r->uring.ring_fd = r->uring.enter_ring_fd = fd;
	return fd < 0 ? fd : 0;
}

/* Whether the kernel put off what was submitted: completions must be taken
 * first, or memory is short. */
static bool refused(int result)
{
	return result == -EBUSY || result == -EAGAIN || result == -ENOMEM;
}

/* A filter may let a ring be set up and not let it be entered. */
static int may_enter(const struct gni_ring *r)
{
	int taken = io_uring_enter2((unsigned)r->uring.ring_fd, 0, 0, 0, NULL,
				    0);

	return taken < 0 && taken != -EINTR && !refused(taken) ? taken : 0;
}

int gni_ring_open(struct gni_ring *r, unsigned features_off, unsigned entries)
{
	int err;

	memset(r, 0, sizeof *r);
	err = set_up(r, features_off, entries);
	if (err < 0)
		return err;
	err = lift(r);
	if (err == 0)
		err = probe(r);
	if (err == 0)
		err = may_enter(r);
	if (err < 0) {
		gni_ring_close(r);
		return err;
	}
	/* The queue is handed over in its own order. */
	for (unsigned i = 0; r->uring.sq.array && i < r->uring.sq.ring_entries;
	     i++)
		r->uring.sq.array[i] = i;
	if (io_uring_register_ring_fd(&r->uring) == 1)
		r->enter_flags = IORING_ENTER_REGISTERED_RING;
	return 0;
}

/*
 * liburing unmaps by bare system calls, of which ThreadSanitizer learns
 * nothing: it would take the next thread's ring at the same addresses for the
 * memory of this one.  What is unmapped here first it sees.
 */
#if defined(__SANITIZE_THREAD__)
#define PAGES(bytes) (((bytes) + 4095) & ~(size_t)4095)

static void close_uring(struct io_uring *u)
{
	munmap(u->sq.sqes, PAGES(u->sq.ring_entries * sizeof *u->sq.sqes));
	munmap(u->sq.ring_ptr, PAGES(u->sq.ring_sz));
	if (u->cq.ring_ptr != u->sq.ring_ptr)
		munmap(u->cq.ring_ptr, PAGES(u->cq.ring_sz));
	io_uring_unregister_ring_fd(u);
	close(u->ring_fd);
}
#else
static void close_uring(struct io_uring *u)
{
	io_uring_queue_exit(u);
}
#endif

void gni_ring_close(struct gni_ring *r)
{
	close_uring(&r->uring);
}

struct io_uring_sqe *gni_ring_sqe(struct gni_ring *r)
{
	return io_uring_get_sqe(&r->uring);
}

/* Shows the kernel what was queued and gives how much it has not yet taken. */
static unsigned publish(struct gni_ring *r)
{
	struct io_uring_sq *sq = &r->uring.sq;

	sq->sqe_head = sq->sqe_tail;
	io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
	return sq->sqe_tail - IO_URING_READ_ONCE(*sq->khead);
}

static int enter(struct gni_ring *r, unsigned count, unsigned flags,
		 gn_time until)
{
	struct __kernel_timespec ts = {
		.tv_sec = until.ns / GN_SEC,
		.tv_nsec = until.ns % GN_SEC,
	};
	struct io_uring_getevents_arg arg = {
		.ts = until.ns < GN_NEVER.ns ? (uintptr_t)&ts : 0,
	};
	unsigned least = until.ns > GN_NOW.ns;
	int taken;

	flags |= r->enter_flags | IORING_ENTER_EXT_ARG;
	if (least && arg.ts && r->absolute)
		flags |= IORING_ENTER_ABS_TIMER;
	taken = io_uring_enter2((unsigned)r->uring.enter_ring_fd, count, least,
				flags, (void *)&arg, sizeof arg);
	/* Without the ring nobody could tell when the kernel is done with the
	 * buffers it was given. */
	GNI_CHECK(taken >= 0 || taken == -ETIME || taken == -EINTR ||
			  refused(taken),
		  "the thread's io_uring is lost: errno %d", -taken);
	return taken;
}

bool gni_ring_submit(struct gni_ring *r)
{
	unsigned count = publish(r);

	return count == 0 || enter(r, count, 0, GN_NOW) > 0;
}

bool gni_ring_called(const struct gni_ring *r)
{
	unsigned flags = IO_URING_READ_ONCE(*r->uring.sq.kflags);

	return !r->flagged ||
	       (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

/* An instant as this kernel takes it: itself, or else the time left. */
static gn_time measure(const struct gni_ring *r, gn_time until)
{
	if (r->absolute || until.ns <= GN_NOW.ns || until.ns == GN_NEVER.ns)
		return until;
	return (gn_time){ gn_time_between(gn_now(), until) };
}

bool gni_ring_wait(struct gni_ring *r, gn_time until)
{
	unsigned count = publish(r);

	if (gni_ring_ready(r) > 0)
		until = GN_NOW;
	if (until.ns <= GN_NOW.ns && count == 0 && !gni_ring_called(r))
		return true;
	return !refused(enter(r, count, IORING_ENTER_GETEVENTS,
			      measure(r, until)));
}

void gni_ring_rest(struct gni_ring *r, gn_time until)
{
	until = gn_time_earlier(until, gn_in(REST_NS));
	if (gni_ring_ready(r) == 0)
		enter(r, 0, IORING_ENTER_GETEVENTS, measure(r, until));
}

unsigned gni_ring_ready(const struct gni_ring *r)
{
	return io_uring_cq_ready(&r->uring);
}

bool gni_ring_owes(const struct gni_ring *r)
{
	unsigned flags = IO_URING_READ_ONCE(*r->uring.sq.kflags);

	return gni_ring_ready(r) > 0 || (flags & IORING_SQ_CQ_OVERFLOW) != 0;
}

uint64_t gni_ring_second(const struct gni_ring *r)
{
	const struct io_uring_cq *cq = &r->uring.cq;

	return cq->cqes[(*cq->khead + 1) & cq->ring_mask].user_data;
}

struct gni_event gni_ring_take(struct gni_ring *r)
{
	struct io_uring_cq *cq = &r->uring.cq;
	const struct io_uring_cqe *c = &cq->cqes[*cq->khead & cq->ring_mask];
	struct gni_event event = { c->user_data, c->res, c->flags };

	io_uring_cq_advance(&r->uring, 1);
	return event;
}
