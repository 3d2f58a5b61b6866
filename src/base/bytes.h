/*
 * bytes.h: a queue of bytes, contiguous, growing by doubling and holding no
 * memory while it is empty.
 */
#ifndef GNI_BASE_BYTES_H
#define GNI_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gni_bytes {
	uint8_t *memory;
	size_t start, end, capacity;
};

static inline size_t gni_bytes_count(const struct gni_bytes *q)
{
	return q->end - q->start;
}

/* Where the first byte is; NULL when the queue is empty. */
static inline const uint8_t *gni_bytes_first(const struct gni_bytes *q)
{
	return q->memory ? q->memory + q->start : NULL;
}

/* gni_bytes_more is for gni_bytes_room: there is no place yet. */
uint8_t *gni_bytes_more(struct gni_bytes *q, size_t len);

/* gni_bytes_room makes place for len more bytes, at least 1, and gives where
 * they go, NULL if there is no memory; gni_bytes_added then says how many were
 * put there, 0 included, since until it does an empty queue holds memory. */
static inline uint8_t *gni_bytes_room(struct gni_bytes *q, size_t len)
{
	if (!q->memory || q->capacity - q->end < len)
		return gni_bytes_more(q, len);
	return q->memory + q->end;
}

/* gni_bytes_put appends a copy; false when there is no memory. */
bool gni_bytes_put(struct gni_bytes *q, const void *data, size_t len);

/* gni_bytes_free forgets everything. */
void gni_bytes_free(struct gni_bytes *q);

static inline void gni_bytes_added(struct gni_bytes *q, size_t len)
{
	q->end += len;
	if (q->end == q->start)
		gni_bytes_free(q);
}

/* gni_bytes_drop forgets the first len bytes, freeing the memory (to a small
 * cache of the thread) when none is left. */
static inline void gni_bytes_drop(struct gni_bytes *q, size_t len)
{
	q->start += len;
	if (q->start == q->end)
		gni_bytes_free(q);
}

/* gni_bytes_take copies out up to len bytes and drops them; gives how many. */
size_t gni_bytes_take(struct gni_bytes *q, void *to, size_t len);

/* gni_bytes_thread_end frees the thread's cache. */
void gni_bytes_thread_end(void);

#endif
