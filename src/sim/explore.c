/*
 * explore.c: which choices of a run could have been others.
 */
#include "sim/explore.h"

/* Other values of an entry that are tried: the ends of what it can be, and
 * one more. */
#define OTHERS 3

static bool is_of_order(const struct gni_tape_entry *e)
{
	return e->stream == GNI_STREAM_NETWORK ||
	       e->stream == GNI_STREAM_COMPLETION ||
	       e->stream == GNI_STREAM_TIES || e->stream == GNI_STREAM_ORDER;
}

/* The other values of an entry; gives how many there are. */
static unsigned others(const struct gni_tape_entry *e, uint64_t values[OTHERS])
{
	const uint64_t tried[] = { 0, 1, e->bound - 1, e->bound / 2 };
	unsigned count = 0;

	for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
		bool again = tried[i] == e->value || tried[i] >= e->bound;

		for (unsigned n = 0; n < count; n++)
			again |= values[n] == tried[i];
		if (!again && count < OTHERS)
			values[count++] = tried[i];
	}
	return count;
}

static uint64_t count_all(const struct gni_tape_entry *entries, size_t count)
{
	uint64_t values[OTHERS], all = 0;

	for (size_t i = 0; i < count; i++)
		if (is_of_order(&entries[i]))
			all += others(&entries[i], values);
	return all;
}

bool gni_explore_pick(const struct gni_tape_entry *entries, size_t count,
		      uint64_t k, uint64_t many, struct gni_change *change)
{
	uint64_t all = count_all(entries, count);
	uint64_t left = all > many ? k * (all / many) : k;

	for (size_t i = 0; i < count; i++) {
		uint64_t values[OTHERS];
		unsigned n = is_of_order(&entries[i]) ?
				     others(&entries[i], values) :
				     0;

		if (left < n) {
			*change = (struct gni_change){ i, values[left] };
			return true;
		}
		left -= n;
	}
	return false;
}
