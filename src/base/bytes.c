/*
 * bytes.c: a queue of bytes.  Its bytes always lie together, from start to
 * end of its memory; an empty queue has none.  Moving and growing cost at most
 * as many copied bytes as were put in or dropped since, so each byte's share
 * stays constant.
 */
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

/* Most messages fit; also the size of a page, so the heap packs it well. */
#define SMALL 4096

/* 256 KiB a thread: the sockets that are served in one turn of a loop. */
#define CACHE_MAX 64

/* A small buffer while nobody uses it. */
struct idle {
	struct idle *next;
};

static _Thread_local struct {
	struct idle *first;
	unsigned count;
} cache;

static uint8_t *memory_take(size_t size)
{
	struct idle *m = cache.first;

	if (size != SMALL || !m)
		return malloc(size);
	cache.first = m->next;
	cache.count--;
	return (uint8_t *)m;
}

static void memory_give(uint8_t *memory, size_t size)
{
	struct idle *m = (void *)memory;

	if (size != SMALL || cache.count == CACHE_MAX) {
		free(memory);
		return;
	}
	m->next = cache.first;
	cache.first = m;
	cache.count++;
}

void gni_bytes_thread_end(void)
{
	struct idle *m;

	while ((m = cache.first)) {
		cache.first = m->next;
		free(m);
	}
	cache.count = 0;
}

void gni_bytes_free(struct gni_bytes *q)
{
	if (q->memory)
		memory_give(q->memory, q->capacity);
	*q = (struct gni_bytes){ 0 };
}

/* The size that holds need bytes and is at least twice the present one; 0
 * when there is none. */
static size_t size_for(const struct gni_bytes *q, size_t need)
{
	size_t size = q->capacity ? q->capacity : SMALL / 2;

	do {
		if (size > SIZE_MAX / 2)
			return 0;
		size *= 2;
	} while (size < need);
	return size;
}

static bool grow(struct gni_bytes *q, size_t len)
{
	size_t count = gni_bytes_count(q);
	size_t size = len <= SIZE_MAX - count ? size_for(q, count + len) : 0;
	uint8_t *memory = size ? memory_take(size) : NULL;

	if (!memory)
		return false;
	if (count)
		memcpy(memory, gni_bytes_first(q), count);
	gni_bytes_free(q);
	*q = (struct gni_bytes){ memory, 0, count, size };
	return true;
}

/* Moving pays once as many bytes were dropped as are to be moved. */
static bool move(struct gni_bytes *q, size_t len)
{
	size_t count = gni_bytes_count(q);

	if (!q->memory || q->start < count || q->capacity - count < len)
		return false;
	memcpy(q->memory, gni_bytes_first(q), count);
	q->start = 0;
	q->end = count;
	return true;
}

uint8_t *gni_bytes_more(struct gni_bytes *q, size_t len)
{
	if (!move(q, len) && !grow(q, len))
		return NULL;
	return q->memory + q->end;
}

bool gni_bytes_put(struct gni_bytes *q, const void *data, size_t len)
{
	uint8_t *room;

	if (len == 0)
		return true;
	room = gni_bytes_room(q, len);
	if (!room)
		return false;
	memcpy(room, data, len);
	q->end += len;
	return true;
}

size_t gni_bytes_take(struct gni_bytes *q, void *to, size_t len)
{
	size_t count = gni_bytes_count(q);

	if (len > count)
		len = count;
	if (len) {
		memcpy(to, gni_bytes_first(q), len);
		gni_bytes_drop(q, len);
	}
	return len;
}
