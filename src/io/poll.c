/*
 * poll.c: the poller for every system that has poll(2); nothing in it is
 * Linux's own.  It owns the set, in which a descriptor is while operations are
 * armed on it, and the pipe of the wake-up.  It must never be told the same
 * thing again and again: unlike epoll's, its events are levels.
 */
#include "io/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/sys.h"

#define ROOM_FIRST 64

/* What comes whether it was asked for or not. */
#define UNASKED (POLLERR | POLLHUP | POLLNVAL)

/* As many wake-ups as are taken by one call: seldom are there more. */
#define WAKES_TAKEN 512

static struct gni_poll *poll_of(struct gni_io *io)
{
	return GNI_OWNER(io, struct gni_poll, ready.io);
}

static int set_add(struct gni_poll *p, int fd, short events)
{
	uint32_t room = p->room ? p->room * 2 : ROOM_FIRST;
	struct pollfd *set;

	if (p->count == p->room) {
		set = realloc(p->set, room * sizeof *set);
		if (!set)
			return -ENOMEM;
		p->set = set;
		p->room = room;
	}
	p->set[p->count++] = (struct pollfd){ .fd = fd, .events = events };
	return 0;
}

/* The last one takes the place of the one that leaves. */
static void set_remove(struct gni_poll *p, struct gni_slot *s)
{
	struct pollfd last = p->set[--p->count];

	p->set[s->mark] = last;
	gni_slot_find(&p->ready, last.fd)->mark = s->mark;
	s->mark = 0;
}

/* Nothing is noted as watched: an event is asked for each time anew. */
static int poll_watch(struct gni_ready *r, struct gni_slot *s,
		      const struct gni_op *op)
{
	struct gni_poll *p = poll_of(&r->io);
	short events = gni_ready_events(op);
	int result;

	if (s->mark) {
		p->set[s->mark].events |= events;
		return 0;
	}
	result = set_add(p, op->fd, events);
	if (result == 0)
		s->mark = p->count - 1;
	return result;
}

static void note(struct gni_slot *s, short came)
{
	if (came & (POLLIN | POLLPRI | UNASKED))
		s->ready |= GNI_READY_IN;
	if (came & (POLLOUT | UNASKED))
		s->ready |= GNI_READY_OUT;
	if (came & (POLLPRI | UNASKED))
		s->ready |= GNI_READY_LOUD;
}

/*
 * Asks for what is still waited for.  An operation that was told of its event
 * in vain would be told again at once, as of an error queue that nobody reads,
 * so it pauses; not an accept, since others may share the listener and have
 * been quicker.
 */
static void ask_again(struct gni_poll *p, struct gni_slot *s, short vain)
{
	struct gni_list *m, *next;
	short events = 0;

	for (m = s->armed.next; m != &s->armed; m = next) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);
		short its = gni_ready_events(op);

		next = m->next;
		if (vain & (its | UNASKED) && op->kind != GNI_OP_ACCEPT)
			gni_ready_pause(&p->ready, op);
		else
			events |= its;
	}
	if (!s->mark)
		return;
	if (gni_list_empty(&s->armed))
		set_remove(p, s);
	else
		p->set[s->mark].events = events;
}

static void serve(struct gni_poll *p, int fd, short came)
{
	struct gni_slot *s = gni_slot_find(&p->ready, fd);
	unsigned before = p->ready.completed;

	note(s, came);
	gni_ready_serve(&p->ready, s);
	ask_again(p, s, p->ready.completed == before ? came : 0);
}

static void take_wakes(struct gni_poll *p)
{
	char bytes[WAKES_TAKEN];
	ssize_t n;

	do
		n = read(p->wake_fd[0], bytes, sizeof bytes);
	while (gni_sys_again(&n) || n == sizeof bytes);
}

/* The set was refused: there is no memory, or the process's limit of
 * descriptors was lowered beneath its size. */
static void pause_all(struct gni_poll *p)
{
	while (p->count > 1) {
		int fd = p->set[p->count - 1].fd;
		struct gni_slot *s = gni_slot_find(&p->ready, fd);

		while (!gni_list_empty(&s->armed))
			gni_ready_pause(
				&p->ready,
				GNI_OWNER(s->armed.next, struct gni_op, link));
		set_remove(p, s);
	}
}

/* From the end down, since completions add there, and what leaves is replaced
 * by one that has been seen. */
static void poll_wait(struct gni_io *io, gn_time until)
{
	struct gni_poll *p = poll_of(io);
	int left;

	if (!gni_ready_begin(&p->ready, &until))
		return;
	left = poll(p->set, p->count, gni_ready_timeout(until));
	if (left < 0 && errno != EINTR)
		pause_all(p);
	for (uint32_t i = p->count; left > 0 && i-- > 1;) {
		short came = i < p->count ? p->set[i].revents : 0;

		if (!came)
			continue;
		left--;
		p->set[i].revents = 0;
		serve(p, p->set[i].fd, came);
	}
	if (left > 0 && p->set[0].revents)
		take_wakes(p);
}

/* A signal handler may be at it: errno is the interrupted code's.  A full pipe
 * wakes as well. */
static void poll_wake(struct gni_io *io)
{
	const struct gni_poll *p = poll_of(io);
	int kept = errno;

	while (write(p->wake_fd[1], "", 1) < 0 && errno == EINTR)
		;
	errno = kept;
}

static void poll_forget(struct gni_io *io, int fd)
{
	struct gni_poll *p = poll_of(io);
	struct gni_slot *s = gni_slot_find(&p->ready, fd);

	if (!s)
		return;
	if (s->mark)
		set_remove(p, s);
	gni_slot_forget(s, fd, 0);
}

static void poll_close_fd(struct gni_io *io, int fd)
{
	poll_forget(io, fd);
	gni_sys_calls.close(io, fd);
}

static void poll_end(struct gni_io *io)
{
	struct gni_poll *p = poll_of(io);

	for (int i = 0; i < 2; i++)
		if (p->wake_fd[i] >= 0)
			close(p->wake_fd[i]);
	free(p->set);
	gni_ready_free(&p->ready);
	free(p);
}

static int open_wake(struct gni_poll *p)
{
	if (pipe2(p->wake_fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		p->wake_fd[i] = gni_sys_high(p->wake_fd[i]);
	for (int i = 0; i < 2; i++)
		if (p->wake_fd[i] < 0)
			return p->wake_fd[i];
	return set_add(p, p->wake_fd[0], POLLIN);
}

static const struct gni_backend poll_backend = {
	.name = "poll",
	.wait = poll_wait,
	.wake = poll_wake,
	.close = poll_end,
};

int gni_poll_open(struct gni_io **io)
{
	struct gni_poll *p = calloc(1, sizeof *p);
	int result;

	if (!p)
		return -ENOMEM;
	gni_ready_init(&p->ready, &poll_backend, poll_watch);
	p->ready.calls.forget = poll_forget;
	p->ready.calls.close = poll_close_fd;
	p->wake_fd[0] = p->wake_fd[1] = -1;
	result = open_wake(p);
	if (result < 0) {
		poll_end(&p->ready.io);
		return result;
	}
	*io = &p->ready.io;
	return 0;
}
