/* epoll.h: the inside of the epoll backend, for its own test. */
#ifndef GNI_IO_EPOLL_H
#define GNI_IO_EPOLL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "io/ready.h"

/* As many events as are taken in one wait: a turn stays short. */
#define GNI_EPOLL_EVENTS 256

struct gni_epoll {
	struct gni_ready ready; /* a slot's mark: its number's generation */
	int fd, wake_fd;
	bool coarse; /* no epoll_pwait2: milliseconds */
	struct epoll_event events[GNI_EPOLL_EVENTS];
};

/* The data of the wake-up's events, which no descriptor's slot can have. */
#define GNI_WAKE_DATA UINT64_MAX

/* gni_epoll_event gives the slot that an event is of with its bits noted, NULL
 * when that descriptor is gone. */
struct gni_slot *gni_epoll_event(const struct gni_epoll *e,
				 const struct epoll_event *event);

#endif
