/*
 * uring_buffers.h: the memory into which the kernel puts what standing
 * receives bring, shared by all of a thread.  A piece of it is the reader's
 * only until gni_buffers_return, so that no slow reader can hold it.
 */
#ifndef GNI_IO_URING_BUFFERS_H
#define GNI_IO_URING_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/uring_ring.h"

/* The most buffers that are consumed by pieces. */
#define GNI_BUFFERS_LARGE 16

struct gni_buffers {
	struct io_uring_buf_ring *shared; /* NULL: not made yet */
	uint8_t *memory;		  /* the buffers themselves */
	size_t len;			  /* bytes of the whole mapping */
	uint32_t size;			  /* bytes of one buffer */
	unsigned count;
	bool by_pieces; /* a buffer holds many arrivals, one after another */
	uint32_t used[GNI_BUFFERS_LARGE]; /* bytes of each, when by pieces */
};

/* gni_buffers_choose finds out which kind of buffers the kernel takes, leaving
 * none behind; few asks for as few of them as tests want.  Returns false where
 * there are none, and then standing receives cannot be. */
bool gni_buffers_choose(struct gni_buffers *b, struct gni_ring *ring,
			unsigned features_off, bool few);

/* gni_buffers_open makes them.  Returns 0 or a negative errno. */
int gni_buffers_open(struct gni_buffers *b, struct gni_ring *ring);

/* gni_buffers_close frees them, if they were made. */
void gni_buffers_close(struct gni_buffers *b, struct gni_ring *ring);

/* gni_buffers_at gives where the bytes are that a completion brought, NULL if
 * it brought none. */
const uint8_t *gni_buffers_at(const struct gni_buffers *b,
			      const struct gni_event *event);

/* gni_buffers_return gives what a completion brought back to the kernel. */
void gni_buffers_return(struct gni_buffers *b, const struct gni_event *event);

#endif
