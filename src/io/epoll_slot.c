/*
 * epoll_slot.c: what is known of each descriptor.  It owns the slots and the
 * registrations in the kernel's set.  It must never take an event of a
 * descriptor that was closed for one of its successor.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "io/epoll.h"
#include "io/sys.h"

/* Slots are made so many at a time: 6 KiB. */
#define CHUNK_SLOTS 256

#define IN_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLPRI)
#define LOUD_EVENTS (EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR)

struct gni_slot *gni_slot_find(const struct gni_epoll *e, int fd)
{
	size_t chunk = (size_t)fd / CHUNK_SLOTS;

	if (fd < 0 || chunk >= e->chunk_count || !e->chunks[chunk])
		return NULL;
	return &e->chunks[chunk][fd % CHUNK_SLOTS];
}

static bool grow(struct gni_epoll *e, size_t chunk)
{
	size_t count = e->chunk_count ? e->chunk_count * 2 : 16;
	struct gni_slot **chunks;

	if (chunk < e->chunk_count)
		return true;
	if (count <= chunk)
		count = chunk + 1;
	chunks = realloc(e->chunks, count * sizeof *chunks);
	if (!chunks)
		return false;
	for (size_t i = e->chunk_count; i < count; i++)
		chunks[i] = NULL;
	e->chunks = chunks;
	e->chunk_count = count;
	return true;
}

int gni_slot_make(struct gni_epoll *e, int fd, struct gni_slot **slot)
{
	size_t chunk = (size_t)fd / CHUNK_SLOTS;
	struct gni_slot *slots;

	*slot = gni_slot_find(e, fd);
	if (*slot)
		return 0;
	if (fd < 0)
		return -EBADF;
	slots = grow(e, chunk) ? calloc(CHUNK_SLOTS, sizeof *slots) : NULL;
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < CHUNK_SLOTS; i++)
		gni_list_init(&slots[i].armed);
	e->chunks[chunk] = slots;
	*slot = &slots[fd % CHUNK_SLOTS];
	return 0;
}

static int control(const struct gni_epoll *e, int how, int fd,
		   struct epoll_event *event)
{
	return epoll_ctl(e->fd, how, fd, event) < 0 ? -errno : 0;
}

/*
 * Directions are added when first waited for and stay: a Unix socket that is
 * watched for output is woken each time its peer reads, a TCP socket would
 * report at once that it can be written.
 *
 * A descriptor of a foreign library may have been closed and its number taken
 * anew without our knowing, so for those the kernel is always asked.
 */
int gni_slot_watch(struct gni_epoll *e, struct gni_slot *s, int fd,
		   unsigned directions, bool owned)
{
	unsigned all = s->watched | directions;
	struct epoll_event event = {
		.events = EPOLLET | (all & GNI_READY_IN ? IN_EVENTS : 0) |
			  (all & GNI_READY_OUT ? EPOLLOUT : 0),
		.data.u64 = (uint64_t)s->generation << 32 | (uint32_t)fd,
	};
	int result;

	if (owned && s->owned && all == s->watched)
		return 0;
	result = control(e, s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
			 &event);
	if (result == -ENOENT)
		result = control(e, EPOLL_CTL_ADD, fd, &event);
	else if (result == -EEXIST)
		result = control(e, EPOLL_CTL_MOD, fd, &event);
	if (result < 0)
		return result;
	s->watched = (uint8_t)all;
	s->owned |= owned;
	return 0;
}

struct gni_slot *gni_slot_event(const struct gni_epoll *e,
				const struct epoll_event *event)
{
	struct gni_slot *s = gni_slot_find(e, (int)(uint32_t)event->data.u64);
	uint32_t came = event->events;

	if (!s || s->generation != event->data.u64 >> 32)
		return NULL;
	if (came & (EPOLLIN | LOUD_EVENTS))
		s->ready |= GNI_READY_IN;
	if (came & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		s->ready |= GNI_READY_OUT;
	if (came & LOUD_EVENTS)
		s->ready |= GNI_READY_LOUD;
	return s;
}

/* Closing alone would leave the registration to whoever else holds the socket,
 * a child or a receiver of the descriptor, and wake us for them. */
void gni_slot_forget(struct gni_epoll *e, int fd)
{
	struct gni_slot *s = gni_slot_find(e, fd);

	if (!s)
		return;
	GNI_CHECK(gni_list_empty(&s->armed),
		  "a descriptor was given up with an operation in");
	if (s->watched)
		control(e, EPOLL_CTL_DEL, fd, NULL);
	if (s->nonblock)
		gni_sys_nonblock(fd, false);
	*s = (struct gni_slot){ .generation = s->generation + 1 };
	gni_list_init(&s->armed);
}

void gni_slots_free(struct gni_epoll *e)
{
	for (size_t i = 0; i < e->chunk_count; i++)
		free(e->chunks[i]);
	free(e->chunks);
}
