/*
 * tape.c: the choices of a simulation: made by a seed or read, and recorded.
 * It knows nothing of what they decide.
 *
 * A tape that is read is never taken apart: each stream has a place in the
 * bytes and goes on from there to its next entry.
 */
#include "base/tape.h"

static const char *const names[GNI_STREAMS] = {
	[GNI_STREAM_NETWORK] = "network",
	[GNI_STREAM_COMPLETION] = "completion",
	[GNI_STREAM_PORTS] = "ports",
	[GNI_STREAM_TIES] = "ties",
	[GNI_STREAM_ORDER] = "order",
	[GNI_STREAM_FAULTS] = "faults",
	[GNI_STREAM_SWARM] = "swarm",
	[GNI_STREAM_PROGRAM] = "program",
	[GNI_STREAM_ENTROPY] = "entropy",
};

const char *gni_stream_name(enum gni_stream s)
{
	return names[s];
}

void gni_tape_seed(struct gni_tape *t, uint64_t seed)
{
	*t = (struct gni_tape){ .reads = false };
	for (int s = 0; s < GNI_STREAMS; s++)
		gni_rng_seed(&t->random[s], seed, names[s]);
}

void gni_tape_replay(struct gni_tape *t, const uint8_t *bytes, size_t len)
{
	*t = (struct gni_tape){ .reads = true, .bytes = bytes, .len = len };
}

void gni_tape_record(struct gni_tape *t, struct gni_tape_log *log)
{
	t->log = log;
	t->watched = t->log || t->witness;
}

void gni_tape_watch(struct gni_tape *t, gni_tape_witness *witness, void *arg)
{
	t->witness = witness;
	t->witness_arg = arg;
	t->watched = t->log || t->witness;
}

/* Reads the entry at a place and moves behind it; false at the end. */
static bool next_entry(const uint8_t *bytes, size_t len, size_t *at,
		       struct gni_tape_entry *e)
{
	uint8_t byte = 0x80;

	if (*at == len)
		return false;
	*e = (struct gni_tape_entry){
		.stream = (enum gni_stream)(bytes[(*at)++] % GNI_STREAMS) };
	for (unsigned shift = 0; byte & 0x80 && *at < len; shift += 7) {
		byte = bytes[(*at)++];
		if (shift < 64)
			e->value |= (uint64_t)(byte & 0x7f) << shift;
	}
	return true;
}

static uint64_t next_value(struct gni_tape *t, enum gni_stream s)
{
	struct gni_tape_entry e;

	while (next_entry(t->bytes, t->len, &t->at[s], &e))
		if (e.stream == s)
			return e.value;
	return 0;
}

static void witness(struct gni_tape *t, const struct gni_tape_entry *e)
{
	struct gni_tape_log *log = t->log;

	if (log && log->count++ < log->max)
		log->entries[log->count - 1] = *e;
	if (t->witness && e->value)
		t->witness(t->witness_arg, e);
}

static uint64_t answer(struct gni_tape *t, enum gni_stream s, uint64_t bound,
		       uint64_t value)
{
	if (t->watched)
		witness(t, &(struct gni_tape_entry){
				   .value = value, .bound = bound,
				   .stream = s });
	return value;
}

uint64_t gni_tape_draw(struct gni_tape *t, enum gni_stream s, uint64_t bound)
{
	if (bound < 2)
		return 0;
	return answer(t, s, bound,
		      t->reads ? next_value(t, s) % bound :
				 gni_rng_below(&t->random[s], bound));
}

/* A chance needs no exact fairness and so no division. */
static bool toss(struct gni_rng *r, uint32_t ppm)
{
	return (gni_rng_next(r) >> 32) * 1000000 >> 32 < ppm;
}

bool gni_tape_chance(struct gni_tape *t, enum gni_stream s, uint32_t ppm)
{
	if (ppm == 0 || ppm >= 1000000)
		return ppm;
	return answer(t, s, 2,
		      t->reads ? next_value(t, s) % 2 :
				 toss(&t->random[s], ppm));
}

/* What is held back of most things, which are 2 or more. */
static uint64_t shape(struct gni_rng *r, uint64_t most)
{
	switch (gni_rng_below(r, 4)) {
	case 0:
		return most - 1;
	case 1:
		return 1;
	case 2:
		return most - 1 - gni_rng_below(r, (most + 1) / 2) * 2;
	default:
		return gni_rng_below(r, most);
	}
}

uint64_t gni_tape_short(struct gni_tape *t, enum gni_stream s, uint32_t ppm,
			uint64_t most)
{
	struct gni_rng *r = &t->random[s];
	uint64_t value = 0;

	if (most < 2 || ppm == 0)
		return 0;
	if (t->reads)
		value = next_value(t, s) % most;
	else if (toss(r, ppm))
		value = shape(r, most);
	return answer(t, s, most, value);
}

static size_t put_entry(const struct gni_tape_entry *e, uint8_t *bytes,
			size_t at, size_t size)
{
	uint64_t value = e->value;

	if (at < size)
		bytes[at] = (uint8_t)e->stream;
	do {
		at++;
		if (at < size)
			bytes[at] = (uint8_t)((value & 0x7f) |
					      (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	return at + 1;
}

size_t gni_tape_save(const struct gni_tape_entry *entries, size_t count,
		     uint8_t *bytes, size_t size)
{
	size_t ends[GNI_STREAMS] = { 0 }, at = 0;

	for (size_t i = 0; i < count; i++)
		if (entries[i].value)
			ends[entries[i].stream] = i + 1;
	for (size_t i = 0; i < count; i++)
		if (i < ends[entries[i].stream])
			at = put_entry(&entries[i], bytes, at, size);
	return at;
}

size_t gni_tape_load(const uint8_t *bytes, size_t len,
		     struct gni_tape_entry *entries, size_t max)
{
	struct gni_tape_entry e;
	size_t count = 0;

	for (size_t at = 0; next_entry(bytes, len, &at, &e); count++)
		if (count < max)
			entries[count] = e;
	return count;
}
