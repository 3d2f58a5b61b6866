/*
 * epoll_set.c: the kernel's set of descriptors, waited on and woken.  It owns
 * the set's descriptor and that of the wake-up.
 */
#include <errno.h>
#include <linux/time_types.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/epoll.h"
#include "io/sys.h"

int gni_set_open(struct gni_epoll *e)
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
	if (epoll_ctl(e->fd, EPOLL_CTL_ADD, e->wake_fd, &event) < 0)
		return -errno;
	return 0;
}

void gni_set_close(struct gni_epoll *e)
{
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	if (e->fd >= 0)
		close(e->fd);
}

/* A signal handler may be at it: errno is the interrupted code's. */
void gni_set_wake(struct gni_epoll *e)
{
	static const uint64_t one = 1;
	int kept = errno;

	while (write(e->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	errno = kept;
}

/* A kernel before 5.11, or a filter, knows only milliseconds. */
static int collect_timed(struct gni_epoll *e, int64_t left_ns)
{
	struct __kernel_timespec left = { .tv_sec = left_ns / GN_SEC,
					  .tv_nsec = left_ns % GN_SEC };
	int64_t left_ms = left_ns / GN_MSEC + (left_ns % GN_MSEC != 0);
	int n;

	if (!e->coarse) {
		n = (int)syscall(SYS_epoll_pwait2, e->fd, e->events,
				 GNI_EPOLL_EVENTS, &left, NULL, 0);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		e->coarse = true;
	}
	return epoll_wait(e->fd, e->events, GNI_EPOLL_EVENTS,
			  left_ms < INT_MAX ? (int)left_ms : INT_MAX);
}

int gni_set_collect(struct gni_epoll *e, gn_time until)
{
	int64_t left_ns = 0;

	if (until.ns == GN_NEVER.ns)
		return epoll_wait(e->fd, e->events, GNI_EPOLL_EVENTS, -1);
	if (gn_time_before(GN_NOW, until))
		left_ns = gn_time_between(gn_now(), until);
	if (left_ns > 0)
		return collect_timed(e, left_ns);
	return epoll_wait(e->fd, e->events, GNI_EPOLL_EVENTS, 0);
}
