/*
 * ready_slot.c: what is known of each descriptor.  It owns the slots, which
 * must not outlive a descriptor's life with us.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "io/ready.h"
#include "io/sys.h"

/* Slots are made so many at a time: 6 KiB. */
#define CHUNK_SLOTS 256

struct gni_slot *gni_slot_find(const struct gni_ready *r, int fd)
{
	size_t chunk = (size_t)fd / CHUNK_SLOTS;

	if (fd < 0 || chunk >= r->chunk_count || !r->chunks[chunk])
		return NULL;
	return &r->chunks[chunk][fd % CHUNK_SLOTS];
}

static bool grow(struct gni_ready *r, size_t chunk)
{
	size_t count = r->chunk_count ? r->chunk_count * 2 : 16;
	struct gni_slot **chunks;

	if (chunk < r->chunk_count)
		return true;
	if (count <= chunk)
		count = chunk + 1;
	chunks = realloc(r->chunks, count * sizeof *chunks);
	if (!chunks)
		return false;
	for (size_t i = r->chunk_count; i < count; i++)
		chunks[i] = NULL;
	r->chunks = chunks;
	r->chunk_count = count;
	return true;
}

int gni_slot_make(struct gni_ready *r, int fd, struct gni_slot **slot)
{
	size_t chunk = (size_t)fd / CHUNK_SLOTS;
	struct gni_slot *slots;

	*slot = gni_slot_find(r, fd);
	if (*slot)
		return 0;
	if (fd < 0)
		return -EBADF;
	slots = grow(r, chunk) ? calloc(CHUNK_SLOTS, sizeof *slots) : NULL;
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < CHUNK_SLOTS; i++)
		gni_list_init(&slots[i].armed);
	r->chunks[chunk] = slots;
	*slot = &slots[fd % CHUNK_SLOTS];
	return 0;
}

void gni_slot_forget(struct gni_slot *s, int fd, uint32_t mark)
{
	GNI_CHECK(gni_list_empty(&s->armed),
		  "a descriptor was given up with an operation in");
	if (s->restore)
		gni_sys_nonblock(fd, false);
	*s = (struct gni_slot){ .mark = mark };
	gni_list_init(&s->armed);
}

void gni_ready_free(struct gni_ready *r)
{
	for (size_t i = 0; i < r->chunk_count; i++)
		free(r->chunks[i]);
	free(r->chunks);
}
