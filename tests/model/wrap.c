/*
 * wrap.c: what the C library and the kernel do for threads, as the model has
 * it: the linker turns the library's calls to here (--wrap).  Locks and
 * descriptors are real; only the waiting is not.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "explore.h"

#define KEYS_MAX 4

int __real_pthread_mutex_lock(pthread_mutex_t *m);
int __real_pthread_mutex_unlock(pthread_mutex_t *m);
int __real_pthread_mutex_destroy(pthread_mutex_t *m);
ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __real_read(int fd, void *buf, size_t len);
int __real_poll(struct pollfd *set, nfds_t count, int ms);
int __real_epoll_wait(int fd, struct epoll_event *events, int max, int ms);
long __real_syscall(long number, ...);

int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *m);
int __wrap_pthread_key_create(pthread_key_t *key, void (*at_end)(void *value));
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
int __wrap_poll(struct pollfd *set, nfds_t count, int ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int ms);
long __wrap_syscall(long number, ...);

/* ---- locks */

static unsigned long lock_changes;

static bool is_free(void *lock)
{
	pthread_mutex_t *m = lock;

	return pthread_mutex_trylock(m) == 0 &&
	       __real_pthread_mutex_unlock(m) == 0;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
	const struct model_wish free = { "waits for the lock", is_free, m,
					 &lock_changes };

	model_point("lock");
	while (pthread_mutex_trylock(m) != 0)
		model_block(&free, GN_NEVER);
	lock_changes++;
	return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
	int result = __real_pthread_mutex_unlock(m);

	WANT(result == 0);
	lock_changes++;
	model_point("unlocked");
	return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *m)
{
	WANT(is_free(m));
	return __real_pthread_mutex_destroy(m);
}

/* ---- what is called at a thread's end: the threads here never end */

static void (*ends[KEYS_MAX])(void *value);
static unsigned keys;

int __wrap_pthread_key_create(pthread_key_t *key, void (*at_end)(void *value))
{
	WANT(keys < KEYS_MAX);
	ends[keys] = at_end;
	*key = keys++;
	return 0;
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
	if (model_inside())
		model_at_end(ends[key], (void *)(uintptr_t)value);
	return 0;
}

/* ---- descriptors */

unsigned long model_writes;

bool model_readable(void *fd)
{
	struct pollfd p = { .fd = *(int *)fd, .events = POLLIN };

	return __real_poll(&p, 1, 0) > 0;
}

/* All that is written and read is wake-ups. */
ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	model_point("writes a wake-up");
	model_writes++;
	return __real_write(fd, buf, len);
}

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
	model_point("reads a wake-up");
	return __real_read(fd, buf, len);
}

static gn_time end_of(int ms)
{
	return ms < 0 ? GN_NEVER : gn_in(ms * GN_MSEC);
}

struct set {
	struct pollfd *set;
	nfds_t count;
};

static bool any_came(void *arg)
{
	struct set *s = arg;

	return __real_poll(s->set, s->count, 0) > 0;
}

int __wrap_poll(struct pollfd *set, nfds_t count, int ms)
{
	struct set s = { set, count };
	const struct model_wish came = { "waits for the set", any_came, &s,
					 &model_writes };
	int n;

	model_point("looks at the set");
	n = __real_poll(set, count, 0);
	if (n != 0 || ms == 0)
		return n;
	model_block(&came, end_of(ms));
	return __real_poll(set, count, 0);
}

static int wait_for_events(int fd, struct epoll_event *events, int max,
			   gn_time until)
{
	const struct model_wish came = { "waits for events", model_readable,
					 &fd, &model_writes };
	int n;

	model_point("looks for events");
	n = __real_epoll_wait(fd, events, max, 0);
	if (n != 0 || !gn_time_before(gn_now(), until))
		return n;
	model_block(&came, until);
	return __real_epoll_wait(fd, events, max, 0);
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	return wait_for_events(fd, events, max, end_of(ms));
}

/* epoll_pwait2 is called by its number; the other calls are left alone. */
long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < sizeof a / sizeof *a; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_epoll_pwait2) {
		const struct timespec *left = (void *)a[3];

		return wait_for_events((int)a[0], (void *)a[1], (int)a[2],
				       gn_in(left->tv_sec * GN_SEC +
					     left->tv_nsec));
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
