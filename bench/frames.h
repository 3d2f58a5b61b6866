/*
 * Messages of one fixed length in a stream of bytes, for the row in which
 * every message is read and answered by itself.
 */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* The longest message: what a connection keeps of a split one. */
#define BENCH_MESSAGE_LEN_MAX 64

/* The beginning of a message whose end has not arrived; zero: none. */
struct bench_frames {
	size_t part_len;
	uint8_t part[BENCH_MESSAGE_LEN_MAX];
};

/*
 * bench_frames_answer takes len arrived bytes of a connection and writes an
 * answer, the message itself, for each message that is now whole. The rest
 * stays in frames for the next call.
 *
 * Returns the bytes of answers written, a multiple of message_len.
 *
 *   message_len  bytes, the same in every call for one connection
 *   answers      room for len + BENCH_MESSAGE_LEN_MAX bytes, apart from in
 */
size_t bench_frames_answer(struct bench_frames *frames, size_t message_len,
			   const uint8_t *in, size_t len, uint8_t *answers);

#endif
