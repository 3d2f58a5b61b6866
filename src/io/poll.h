/* poll.h: the inside of the poll backend, for its own test. */
#ifndef GNI_IO_POLL_H
#define GNI_IO_POLL_H

#include <poll.h>
#include <stdint.h>

#include "io/ready.h"

struct gni_poll {
	struct gni_ready ready; /* a slot's mark: its place in the set, or 0 */
	int wake_fd[2];		/* a pipe: read, write */
	struct pollfd *set;	/* what is waited for; the wake-up first */
	uint32_t count, room;
};

#endif
