/*
 * uring.c: the backend on io_uring: opened, waited on, woken, closed.
 *
 * What a turn costs is one system call: it submits what was queued, runs the
 * kernel's deferred work and waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "io/sys.h"
#include "io/uring.h"

/* Puts the sleep off for a moment where that pays; true: it is not needed. */
static bool comes_soon(struct gni_uring *u, gn_time until)
{
	return until.ns > GN_NOW.ns && gni_watch_due(&u->watch) &&
	       gni_ring_wait(&u->ring, GN_NOW) &&
	       gni_watch_look(&u->watch, &u->ring, until);
}

static void uring_wait(struct gni_io *io, gn_time until)
{
	struct gni_uring *u = gni_uring_of(io);
	bool placed = gni_uring_place_all(u);

	if (u->ending > 0 || (placed && comes_soon(u, until)))
		until = GN_NOW;
	if (!placed || !gni_ring_wait(&u->ring, until))
		gni_ring_rest(&u->ring, until);
	gni_uring_take_all(u);
	gni_uring_tell_ended(u);
}

static void uring_wake(struct gni_io *io)
{
	static const uint64_t one = 1;
	struct gni_uring *u = gni_uring_of(io);
	int kept = errno;

	if (!atomic_exchange(&u->woken, true))
		while (write(u->wake_fd, &one, sizeof one) < 0 &&
		       errno == EINTR)
			;
	errno = kept;
}

/* Takes the wake-up's read out of the ring, so that the kernel has nothing of
 * ours in its hands.  A cancel that misses says so, and is repeated. */
static void stop_listening(struct gni_uring *u)
{
	while (u->listening) {
		bool asked = gni_uring_place_cancel(u, GNI_DATA_WAKE);

		if (!gni_ring_wait(&u->ring, asked ? GN_NEVER : GN_NOW))
			gni_ring_rest(&u->ring, GN_NEVER);
		gni_uring_take_all(u);
	}
}

static void uring_close(struct gni_io *io)
{
	struct gni_uring *u = gni_uring_of(io);

	GNI_CHECK(u->in == 0, "a ring is closed with %zu operations in it",
		  u->in);
	stop_listening(u);
	gni_buffers_close(&u->buffers, &u->ring);
	gni_ring_close(&u->ring);
	close(u->wake_fd);
	free(u);
}

static const struct gni_backend uring_backend = {
	.name = "io_uring",
	.calls = &gni_sys_calls,
	.submit = gni_uring_submit,
	.cancel = gni_uring_cancel,
	.wait = uring_wait,
	.wake = uring_wake,
	.close = uring_close,
};

static void prepare(struct gni_uring *u, unsigned features_off, bool few)
{
	u->io.backend = &uring_backend;
	u->io.multishot = u->ring.multishot &&
			  !(features_off & GNI_FEATURE_MULTISHOT) &&
			  !(features_off & GNI_FEATURE_PBUF) &&
			  gni_buffers_choose(&u->buffers, &u->ring,
					     features_off, few);
	gni_list_init(&u->backlog);
	gni_list_init(&u->cancels);
	gni_list_init(&u->canceling);
	gni_list_init(&u->ended);
	atomic_init(&u->woken, false);
}

int gni_uring_open(struct gni_io **io, unsigned features_off,
		   unsigned entries)
{
	struct gni_uring *u = calloc(1, sizeof *u);
	int err;

	if (!u)
		return -ENOMEM;
	err = gni_ring_open(&u->ring, features_off, entries);
	if (err < 0)
		goto out_memory;
	u->wake_fd = gni_sys_high(eventfd(0, EFD_CLOEXEC));
	if (u->wake_fd < 0) {
		err = u->wake_fd;
		goto out_ring;
	}
	prepare(u, features_off, entries != 0);
	*io = &u->io;
	return 0;

out_ring:
	gni_ring_close(&u->ring);
out_memory:
	free(u);
	return err;
}
