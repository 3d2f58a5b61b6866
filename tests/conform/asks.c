/*
 * asks.c: the waits of the backends as the linker's --wrap has them.
 */
#include "asks.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>

int __real_io_uring_enter2(unsigned fd, unsigned count, unsigned least,
			   unsigned flags, const void *arg, size_t len);
int __real_epoll_wait(int fd, struct epoll_event *events, int max, int ms);
int __real_poll(struct pollfd *set, nfds_t count, int ms);
long __real_syscall(long number, ...);
int __wrap_io_uring_enter2(unsigned fd, unsigned count, unsigned least,
			   unsigned flags, const void *arg, size_t len);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int ms);
int __wrap_poll(struct pollfd *set, nfds_t count, int ms);
long __wrap_syscall(long number, ...);

static _Thread_local unsigned long asked;

unsigned long asks(void)
{
	return asked;
}

int __wrap_io_uring_enter2(unsigned fd, unsigned count, unsigned least,
			   unsigned flags, const void *arg, size_t len)
{
	asked++;
	return __real_io_uring_enter2(fd, count, least, flags, arg, len);
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	asked++;
	return __real_epoll_wait(fd, events, max, ms);
}

int __wrap_poll(struct pollfd *set, nfds_t count, int ms)
{
	asked++;
	return __real_poll(set, count, ms);
}

/* What the C library has no function for, epoll_pwait2(2) among it: no call
 * takes more than six words. */
long __wrap_syscall(long number, ...)
{
	va_list args;
	long word[6];

	asked++;
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		word[i] = va_arg(args, long);
	va_end(args);
	return __real_syscall(number, word[0], word[1], word[2], word[3],
			      word[4], word[5]);
}
