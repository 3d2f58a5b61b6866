/*
 * epoll.c: the poller where io_uring is refused.  It owns the kernel's set of
 * descriptors, which is edge-triggered, and the wake-up.  It must never take
 * an event of a descriptor that was closed for one of its successor.
 */
#include "io/epoll.h"

#include <errno.h>
#include <linux/time_types.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sys.h"

#define IN_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLPRI)
#define LOUD_EVENTS (EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR)

static struct gni_epoll *epoll_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_epoll, ready.io);
}

static int control(const struct gni_epoll *e, int how, int fd,
		   struct epoll_event *event)
{
	return epoll_ctl(e->fd, how, fd, event) < 0 ? -errno : 0;
}

/*
 * Directions are added when first waited for and stay: a Unix socket that is
 * watched for output is woken each time its peer reads, a TCP socket would
 * report at once that it can be written.
 */
static int epoll_watch(struct gni_ready *r, struct gni_slot *s,
		       const struct gni_op *op)
{
	const struct gni_epoll *e = epoll_of(&r->io);
	unsigned all = s->watched | gni_ready_directions(op);
	struct epoll_event event = {
		.events = EPOLLET | (all & GNI_READY_IN ? IN_EVENTS : 0) |
			  (all & GNI_READY_OUT ? EPOLLOUT : 0),
		.data.u64 = (uint64_t)s->mark << 32 | (uint32_t)op->fd,
	};
	int result = control(e, s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
			     op->fd, &event);

	if (result == -ENOENT)
		result = control(e, EPOLL_CTL_ADD, op->fd, &event);
	else if (result == -EEXIST)
		result = control(e, EPOLL_CTL_MOD, op->fd, &event);
	if (result == 0)
		s->watched = (uint8_t)all;
	return result;
}

struct gni_slot *gni_epoll_event(const struct gni_epoll *e,
				 const struct epoll_event *event)
{
	struct gni_slot *s =
		gni_slot_find(&e->ready, (int)(uint32_t)event->data.u64);
	uint32_t came = event->events;

	if (!s || s->mark != event->data.u64 >> 32)
		return NULL;
	if (came & (EPOLLIN | LOUD_EVENTS))
		s->ready |= GNI_READY_IN;
	if (came & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->ready |= GNI_READY_OUT;
	if (came & LOUD_EVENTS)
		s->ready |= GNI_READY_LOUD;
	return s;
}

static int collect_timed(struct gni_epoll *e, gn_time until)
{
	int64_t left_ns = gn_time_between(gn_now(), until);
	struct __kernel_timespec left = { 0 };

	if (left_ns > 0)
		left = (struct __kernel_timespec){ .tv_sec = left_ns / GN_SEC,
						   .tv_nsec =
							   left_ns % GN_SEC };
	return (int)syscall(SYS_epoll_pwait2, e->fd, e->events,
			    GNI_EPOLL_EVENTS, &left, NULL, 0);
}

/* How many events came until the instant, or -1 after a signal.  A kernel
 * before 5.11, or a filter, knows only milliseconds. */
static int collect(struct gni_epoll *e, gn_time until)
{
	bool timed = until.ns != GN_NEVER.ns && gn_time_before(GN_NOW, until);

	if (timed && !e->coarse) {
		int n = collect_timed(e, until);

		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		e->coarse = true;
	}
	return epoll_wait(e->fd, e->events, GNI_EPOLL_EVENTS,
			  gni_ready_timeout(until));
}

static void epoll_wait_for(struct gni_io *io, gn_time until)
{
	struct gni_epoll *e = epoll_of(io);
	int count;

	if (!gni_ready_begin(&e->ready, &until))
		return;
	count = collect(e, until);
	for (int i = 0; i < count; i++) {
		struct gni_slot *s = gni_epoll_event(e, &e->events[i]);

		if (s)
			gni_ready_serve(&e->ready, s);
	}
}

/* A signal handler may be at it: errno is the interrupted code's. */
static void epoll_wake(struct gni_io *io)
{
	static const uint64_t one = 1;
	const struct gni_epoll *e = epoll_of(io);
	int kept = errno;

	while (write(e->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	errno = kept;
}

/* Closing alone would leave the registration to whoever else holds the socket,
 * a child or a receiver of the descriptor, and wake us for them. */
static void epoll_forget(struct gni_io *io, int fd)
{
	struct gni_epoll *e = epoll_of(io);
	struct gni_slot *s = gni_slot_find(&e->ready, fd);

	if (!s)
		return;
	if (s->watched)
		control(e, EPOLL_CTL_DEL, fd, NULL);
	gni_slot_forget(s, fd, s->mark + 1);
}

static void epoll_close_fd(struct gni_io *io, int fd)
{
	epoll_forget(io, fd);
	gni_sys_calls.close(io, fd);
}

static void epoll_end(struct gni_io *io)
{
	struct gni_epoll *e = epoll_of(io);

	if (e->wake_fd >= 0)
		close(e->wake_fd);
	if (e->fd >= 0)
		close(e->fd);
	gni_ready_free(&e->ready);
	free(e);
}

static int open_set(struct gni_epoll *e)
{
	/* Edge-triggered, the counter need never be read. */
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
				     .data.u64 = GNI_WAKE_DATA };

	e->wake_fd = -1;
	e->fd = gni_sys_high(epoll_create1(EPOLL_CLOEXEC));
	if (e->fd < 0)
		return e->fd;
	e->wake_fd = gni_sys_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (e->wake_fd < 0)
		return e->wake_fd;
	return control(e, EPOLL_CTL_ADD, e->wake_fd, &event);
}

static const struct gni_backend epoll_backend = {
	.name = "epoll",
	.wait = epoll_wait_for,
	.wake = epoll_wake,
	.close = epoll_end,
};

int gni_epoll_open(struct gni_io **io)
{
	struct gni_epoll *e = calloc(1, sizeof *e);
	int result;

	if (!e)
		return -ENOMEM;
	gni_ready_init(&e->ready, &epoll_backend, epoll_watch);
	e->ready.calls.forget = epoll_forget;
	e->ready.calls.close = epoll_close_fd;
	result = open_set(e);
	if (result < 0) {
		epoll_end(&e->ready.io);
		return result;
	}
	*io = &e->ready.io;
	return 0;
}
