/* sys.h: what the backends of the real world share besides gni_sys_calls. */
#ifndef GNI_IO_SYS_H
#define GNI_IO_SYS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

/* gni_sys_again makes a failed call's -1 its negative errno and tells whether
 * a signal interrupted it, so that it must be made again. */
static inline bool gni_sys_again(ssize_t *result)
{
	if (*result >= 0)
		return false;
	*result = -errno;
	return *result == -EINTR;
}

/*
 * gni_sys_high takes a descriptor just made (or -1, and errno) and gives it
 * back when it is above 2, else a close-on-exec copy that is.
 *
 * Returns a descriptor, or a negative errno with the given one closed.
 */
int gni_sys_high(int fd);

/* gni_sys_nonblock sets or clears O_NONBLOCK; 1 if that changed anything, 0
 * if not, or a negative errno. */
int gni_sys_nonblock(int fd, bool on);

#endif
