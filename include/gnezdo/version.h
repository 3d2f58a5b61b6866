/*
 * version.h: which gnezdo this is, and what it stands on here.
 *
 *	#include <gnezdo.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		printf("gnezdo %s on %s\n", gn_version(), gn_backend());
 *		return gn_backend() ? 0 : 1;
 *	}
 */
#ifndef GNEZDO_VERSION_H
#define GNEZDO_VERSION_H

#include <stddef.h>

#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/* The version of these headers. */
#define GN_VERSION_MAJOR 0
#define GN_VERSION_MINOR 1
#define GN_VERSION_PATCH 0

/* gn_version gives the version of the library: "0.1.0". */
GN_API const char *gn_version(void);

/*
 * gn_backend gives what carries the calling thread's waits: "io_uring",
 * "epoll", "poll" or "simulation"; NULL if none could be opened, which
 * gn_error_last then explains.
 *
 * GNEZDO_BACKEND=uring, =epoll or =poll in the environment forces one; poll is
 * chosen in no other way.  GNEZDO_OFF=word,… switches features of the kernel
 * off: multishot, pbuf, pbuf_inc, defer, guard, overflow.  GNEZDO_RING=N, 4 to
 * 4096, is the size of the ring.
 */
GN_API const char *gn_backend(void);

/*
 * gn_backend_refused says why io_uring was refused and epoll taken instead:
 * "io_uring_setup: Operation not permitted"; NULL if it was not.
 */
GN_API const char *gn_backend_refused(void);

/*
 * gn_backend_faults tells the faults that are made to happen to the calling
 * thread's calls, and how to make them happen again: "GNEZDO_SEED=42
 * GNEZDO_FAULTS='loss=1%'"; NULL without GNEZDO_FAULTS in the environment
 * (fault.h), and in a simulation.
 */
GN_API const char *gn_backend_faults(void);

GN_EXTERN_END

#endif
