/*
 * uring_buffers.c: owns the ring of provided buffers and their memory.
 *
 * Two kinds.  Since Linux 6.12 a few large buffers, which the kernel fills
 * piece by piece: a small message costs its own bytes.  Before, many small
 * ones, a whole one for every arrival.  Either kind is one line of the cache
 * longer than its size, since equal offsets in a page would make all of them
 * fall into the same sets of the cache.
 *
 *	mapping:  | ring entries … | buffer 0 |line| buffer 1 |line| …
 */
#include "io/uring_buffers.h"

#include <errno.h>
#include <sys/mman.h>

#include "io/io.h"
#include "io/uring_kernel.h"

/* 1 MiB in all: it stays in a processor's cache, and where the kernel cannot
 * end a receive by its length (gni_ring.limits) it bounds what one socket can
 * be given in a turn. */
#define LARGE_SIZE (64 * 1024)
/* A usual large message arrives in one, or else it costs twice as much; so
 * many are filled in one turn.  Of most only the first page is ever touched. */
#define SMALL_SIZE (16 * 1024)
#define SMALL_COUNT 64
#define FEW_COUNT 4

#define GROUP 0
#define PAGE 4096
#define CACHE_LINE 64

static int enroll(struct gni_ring *ring, void *entries, unsigned count,
		  bool by_pieces)
{
	struct gni_pbuf_reg reg = {
		.ring_addr = (uintptr_t)entries,
		.ring_entries = count,
		.group = GROUP,
		.flags = by_pieces ? GNI_PBUF_RING_INC : 0,
	};

	return io_uring_register((unsigned)ring->uring.ring_fd,
				 IORING_REGISTER_PBUF_RING, &reg, 1);
}

static bool accepts(struct gni_ring *ring, void *page, bool by_pieces)
{
	if (enroll(ring, page, 1, by_pieces) < 0)
		return false;
	io_uring_unregister_buf_ring(&ring->uring, GROUP);
	return true;
}

bool gni_buffers_choose(struct gni_buffers *b, struct gni_ring *ring,
			unsigned features_off, bool few)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool any;

	if (page == MAP_FAILED)
		return false;
	b->by_pieces = !(features_off & GNI_FEATURE_PBUF_INC) &&
		       accepts(ring, page, true);
	any = b->by_pieces || accepts(ring, page, false);
	munmap(page, PAGE);
	b->size = b->by_pieces ? LARGE_SIZE : SMALL_SIZE;
	b->count = b->by_pieces ? GNI_BUFFERS_LARGE : SMALL_COUNT;
	if (few)
		b->count = FEW_COUNT;
	return any;
}

static uint8_t *buffer(const struct gni_buffers *b, unsigned index)
{
	return b->memory + (size_t)index * (b->size + CACHE_LINE);
}

static void provide(struct gni_buffers *b, unsigned index)
{
	io_uring_buf_ring_add(b->shared, buffer(b, index), b->size,
			      (unsigned short)index,
			      io_uring_buf_ring_mask(b->count), 0);
	io_uring_buf_ring_advance(b->shared, 1);
}

int gni_buffers_open(struct gni_buffers *b, struct gni_ring *ring)
{
	size_t entries_len = b->count * sizeof(struct io_uring_buf);
	void *mapping;
	int err;

	entries_len = (entries_len + PAGE - 1) / PAGE * PAGE;
	b->len = entries_len + (size_t)b->count * (b->size + CACHE_LINE);
	mapping = mmap(NULL, b->len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED)
		return -errno;
	err = enroll(ring, mapping, b->count, b->by_pieces);
	if (err < 0) {
		munmap(mapping, b->len);
		return err;
	}
	b->shared = mapping;
	b->memory = (uint8_t *)mapping + entries_len;
	for (unsigned i = 0; i < b->count; i++)
		provide(b, i);
	return 0;
}

void gni_buffers_close(struct gni_buffers *b, struct gni_ring *ring)
{
	if (!b->shared)
		return;
	io_uring_unregister_buf_ring(&ring->uring, GROUP);
	munmap(b->shared, b->len);
	b->shared = NULL;
}

static unsigned index_of(const struct gni_event *event)
{
	return event->flags >> IORING_CQE_BUFFER_SHIFT;
}

const uint8_t *gni_buffers_at(const struct gni_buffers *b,
			      const struct gni_event *event)
{
	unsigned index = index_of(event);

	if (!(event->flags & IORING_CQE_F_BUFFER))
		return NULL;
	return buffer(b, index) + (b->by_pieces ? b->used[index] : 0);
}

void gni_buffers_return(struct gni_buffers *b, const struct gni_event *event)
{
	unsigned index = index_of(event);

	if (!(event->flags & IORING_CQE_F_BUFFER))
		return;
	if (b->by_pieces && (event->flags & IORING_CQE_F_BUF_MORE)) {
		if (event->result > 0)
			b->used[index] += (uint32_t)event->result;
		return;
	}
	if (b->by_pieces)
		b->used[index] = 0;
	provide(b, index);
}
