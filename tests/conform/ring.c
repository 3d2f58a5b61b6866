/*
 * ring.c: a ring made by hand, and asked each call once.
 */
#include "ring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Any other answer is one of io_uring's own. */
static bool is_refusal(long result)
{
	return result < 0 && (errno == EPERM || errno == ENOSYS);
}

bool ring_refused(void)
{
	struct io_uring_params params = { .flags = 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	bool refused;

	if (fd < 0)
		return true;
	refused = is_refusal(syscall(SYS_io_uring_enter, fd, 0, 0, 0, NULL,
				     0)) ||
		  is_refusal(syscall(SYS_io_uring_register, fd,
				     IORING_UNREGISTER_BUFFERS, NULL, 0));
	close(fd);
	return refused;
}
