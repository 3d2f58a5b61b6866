/*
 * uring_ring.h: one io_uring, opened with what this kernel has, and the one
 * system call that submits to it and waits for it.
 */
#ifndef GNI_IO_URING_RING_H
#define GNI_IO_URING_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <liburing.h>

#include <gnezdo/time.h>

/* What stands in place of an operation's address in a completion; the last is
 * added to it: the poll for the end of its peer. */
enum { GNI_DATA_CANCEL = 1, GNI_DATA_WAKE = 2, GNI_DATA_WATCH = 4 };

struct gni_ring {
	struct io_uring uring;
	unsigned enter_flags; /* of every io_uring_enter */
	bool absolute;	 /* waits take the instant, not the time left */
	bool flagged;	 /* the kernel says when it has work to be run */
	bool quiet;	 /* a success need not post a completion */
	bool poll_first; /* a receive may skip its first try */
	bool multishot;	 /* accept and receive may stand */
	bool limits;	 /* a standing receive may end after so many bytes */
};

/* One completion, copied out of the ring. */
struct gni_event {
	uint64_t data;
	int result;
	unsigned flags;
};

/*
 * gni_ring_open sets a ring up for the calling thread, which alone may use
 * it.  entries is the length of its submission queue, 0 for the default.
 *
 * Returns 0, -ENOSYS where the kernel lacks something that is needed, or what
 * io_uring_setup(2) said.
 */
int gni_ring_open(struct gni_ring *r, unsigned features_off, unsigned entries);

/* gni_ring_close gives everything back; nothing may be in flight. */
void gni_ring_close(struct gni_ring *r);

/* gni_ring_sqe gives a place for one submission, NULL if the queue is full. */
struct io_uring_sqe *gni_ring_sqe(struct gni_ring *r);

/* gni_ring_submit makes room in the queue by handing it to the kernel.  False:
 * the kernel put it off. */
bool gni_ring_submit(struct gni_ring *r);

/* gni_ring_wait submits what is queued and, unless completions are here, waits
 * for one until the instant or a signal.  False: the kernel put it off. */
bool gni_ring_wait(struct gni_ring *r, gn_time until);

/* gni_ring_rest is what to do then: it waits, for a short time, for what was
 * submitted before. */
void gni_ring_rest(struct gni_ring *r, gn_time until);

/* gni_ring_called tells whether a system call would bring completions; always
 * true where the kernel does not say it. */
bool gni_ring_called(const struct gni_ring *r);

/* gni_ring_ready gives how many completions can be taken. */
unsigned gni_ring_ready(const struct gni_ring *r);

/* gni_ring_owes tells whether there are completions that were not taken yet,
 * also such as the ring had no place for. */
bool gni_ring_owes(const struct gni_ring *r);

/* gni_ring_second gives what stands for the operation of the completion after
 * the next one, whether or not there is one yet. */
uint64_t gni_ring_second(const struct gni_ring *r);

/* gni_ring_take takes the next one; there must be one. */
struct gni_event gni_ring_take(struct gni_ring *r);
#endif
