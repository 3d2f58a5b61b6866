/* write.h: a write that cannot end the program. */
#ifndef GNI_BASE_WRITE_H
#define GNI_BASE_WRITE_H

#include <sys/types.h>

/*
 * gni_write_quietly is write(2) without SIGPIPE, of which a pipe, unlike a
 * socket, cannot be asked.
 *
 * Returns the bytes that were taken, or a negative errno, never EINTR.
 */
ssize_t gni_write_quietly(int fd, const void *buf, size_t len);

#endif
