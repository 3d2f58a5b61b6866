/*
 * shrink.c: delta debugging of a tape.  Each pass tries smaller and smaller
 * parts; whatever still fails and is smaller becomes the best.  Smaller is:
 * fewer events, then lower values, then fewer entries.
 */
#include "sim/shrink.h"

#include <string.h>

/* A value that counts rounds of a program is no larger than this, and a round
 * takes no more entries than this of the same stream. */
#define ROUNDS_MAX 1000
#define ROUND_MAX 4

#define VALUE_MAX (UINT64_C(1) << 16)

struct size {
	uint64_t events, values, entries;
};

/* A value counts only so far, or one large one would hide all others. */
static struct size size_of(const struct gni_tape_log *log)
{
	struct size s = { 0, 0, log->count };

	for (size_t i = 0; i < log->count; i++) {
		uint64_t value = log->entries[i].value;

		s.events += value > 0;
		s.values += value < VALUE_MAX ? value : VALUE_MAX;
	}
	return s;
}

static bool is_smaller(const struct gni_tape_log *a,
		       const struct gni_tape_log *b)
{
	struct size x = size_of(a), y = size_of(b);

	if (x.events != y.events)
		return x.events < y.events;
	if (x.values != y.values)
		return x.values < y.values;
	return x.entries < y.entries;
}

size_t gni_shrink_events(const struct gni_tape_log *log)
{
	return (size_t)size_of(log).events;
}

static void copy(struct gni_tape_log *to, const struct gni_tape_log *from)
{
	to->count = from->count;
	memcpy(to->entries, from->entries, from->count * sizeof *to->entries);
}

/* Zeros at the end are what an ended tape gives anyway. */
static void trim(struct gni_tape_log *log)
{
	while (log->count && log->entries[log->count - 1].value == 0)
		log->count--;
}

/* No more is to be tried. */
static bool spent(const struct gni_shrink *s)
{
	return s->runs >= s->runs_max ||
	       (s->patient && !s->patient(s->arg));
}

/* Tries what is in trial; what the run asked for may be smaller still. */
static bool attempt(struct gni_shrink *s)
{
	bool whole;

	trim(s->trial);
	if (spent(s) || !is_smaller(s->trial, s->best))
		return false;
	s->runs++;
	s->used->count = 0;
	if (!s->fails(s->arg, s->trial->entries, s->trial->count, s->used))
		return false;
	whole = s->used->count <= s->used->max;
	if (whole)
		trim(s->used);
	copy(s->best, whole && is_smaller(s->used, s->trial) ? s->used
							     : s->trial);
	if (s->progress)
		s->progress(s);
	return true;
}

/* ---- passes: each tells whether it made the best smaller */

static bool zero_streams(struct gni_shrink *s)
{
	bool smaller = false;

	for (int stream = GNI_STREAMS - 1; stream >= 0 && !spent(s); stream--) {
		copy(s->trial, s->best);
		for (size_t i = 0; i < s->trial->count; i++)
			if ((int)s->trial->entries[i].stream == stream)
				s->trial->entries[i].value = 0;
		smaller |= attempt(s);
	}
	return smaller;
}

/* Zeroes so many events from the n-th on; false when there is no n-th. */
static bool zero_events(struct gni_tape_log *log, size_t n, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < log->count && count > 0; i++) {
		if (log->entries[i].value == 0 || n-- > 0)
			continue;
		n = 0;
		log->entries[i].value = 0;
		count--;
		any = true;
	}
	return any;
}

static bool zero_spans(struct gni_shrink *s)
{
	bool smaller = false;

	for (size_t span = gni_shrink_events(s->best); span > 0; span /= 2) {
		for (size_t from = 0; !spent(s); from += span) {
			copy(s->trial, s->best);
			if (!zero_events(s->trial, from, span))
				break;
			while (attempt(s)) {
				smaller = true;
				copy(s->trial, s->best);
				if (!zero_events(s->trial, from, span))
					break;
			}
		}
	}
	return smaller;
}

static void delete_span(struct gni_tape_log *log, size_t from, size_t count)
{
	size_t end = from + count < log->count ? from + count : log->count;

	memmove(log->entries + from, log->entries + end,
		(log->count - end) * sizeof *log->entries);
	log->count -= end - from;
}

/* Deletes from the end, where less depends on what goes. */
static bool delete_spans(struct gni_shrink *s, size_t least)
{
	bool smaller = false;

	for (size_t span = s->best->count / 2; span >= least && span > 0;
	     span /= 2) {
		for (size_t end = s->best->count; end > 0 && !spent(s);) {
			size_t from = end > span ? end - span : 0;

			copy(s->trial, s->best);
			delete_span(s->trial, from, end - from);
			smaller |= attempt(s);
			end = from < s->best->count ? from : s->best->count;
		}
	}
	return smaller;
}

static bool try_value(struct gni_shrink *s, size_t at, uint64_t value)
{
	if (at >= s->best->count || value >= s->best->entries[at].value)
		return false;
	copy(s->trial, s->best);
	s->trial->entries[at].value = value;
	return attempt(s);
}

/* The lowest value of one entry with which it fails, by halves. */
static void lower(struct gni_shrink *s, size_t at)
{
	uint64_t low = 0;

	if (try_value(s, at, 1))
		return;
	while (!spent(s) && at < s->best->count &&
	       low + 1 < s->best->entries[at].value) {
		uint64_t middle = low + (s->best->entries[at].value - low) / 2;

		if (!try_value(s, at, middle))
			low = middle;
	}
}

static bool lower_values(struct gni_shrink *s)
{
	struct size before = size_of(s->best);

	for (size_t i = 0; i < s->best->count && !spent(s); i++)
		if (s->best->entries[i].value > 1)
			lower(s, i);
	return size_of(s->best).values < before.values ||
	       size_of(s->best).events < before.events;
}

/* Deletes so many entries of a stream behind a place. */
static void delete_behind(struct gni_tape_log *log, size_t at, uint64_t count)
{
	enum gni_stream stream = log->entries[at].stream;
	size_t to = at + 1;

	for (size_t i = at + 1; i < log->count; i++) {
		if (log->entries[i].stream == stream && count > 0)
			count--;
		else
			log->entries[to++] = log->entries[i];
	}
	log->count = to;
}

/* A number of rounds, each of some entries: rounds and entries go together. */
static bool try_rounds(struct gni_shrink *s, size_t at, uint64_t value,
		       uint64_t each)
{
	if (at >= s->best->count || value >= s->best->entries[at].value)
		return false;
	copy(s->trial, s->best);
	s->trial->entries[at].value = value;
	delete_behind(s->trial, at,
		      (s->best->entries[at].value - value) * each);
	return attempt(s);
}

static bool fewer_rounds(struct gni_shrink *s)
{
	bool smaller = false;

	for (size_t i = 0; i < s->best->count && !spent(s); i++) {
		for (uint64_t each = 1; each <= ROUND_MAX; each++) {
			uint64_t value = s->best->entries[i].value;

			if (value < 2 || value > ROUNDS_MAX)
				break;
			smaller |= try_rounds(s, i, 1, each) ||
				   try_rounds(s, i, value / 2, each) ||
				   try_rounds(s, i, value - 1, each);
			if (i >= s->best->count)
				break;
		}
	}
	return smaller;
}

void gni_shrink_run(struct gni_shrink *s)
{
	bool smaller = true;

	trim(s->best);
	zero_streams(s);
	while (smaller && !spent(s)) {
		smaller = zero_spans(s);
		/* Single entries only once there are few. */
		smaller |= delete_spans(s, 1 + s->best->count / 64);
		smaller |= fewer_rounds(s);
		smaller |= lower_values(s);
	}
}
