/*
 * The application of the pipelined row: it looks at bytes only, and knows
 * neither sockets nor loops, so that every server runs the same one.
 */
#include "frames.h"

#include <string.h>

/* Returns the bytes taken from in to complete the kept part. */
static size_t complete_part(struct bench_frames *frames, size_t message_len,
			    const uint8_t *in, size_t len)
{
	size_t wanted = message_len - frames->part_len;
	size_t taken = len < wanted ? len : wanted;

	memcpy(frames->part + frames->part_len, in, taken);
	frames->part_len += taken;
	return taken;
}

size_t bench_frames_answer(struct bench_frames *frames, size_t message_len,
			   const uint8_t *in, size_t len, uint8_t *answers)
{
	size_t made = 0;
	size_t taken = 0;

	if (frames->part_len > 0) {
		taken = complete_part(frames, message_len, in, len);
		if (frames->part_len < message_len)
			return 0;
		memcpy(answers, frames->part, message_len);
		made = message_len;
		frames->part_len = 0;
	}
	for (; len - taken >= message_len; taken += message_len) {
		memcpy(answers + made, in + taken, message_len);
		made += message_len;
	}
	complete_part(frames, message_len, in + taken, len - taken);
	return made;
}
