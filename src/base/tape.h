/*
 * tape.h: all choices of a simulation, as one tape.  They are made by a seed,
 * or read from bytes that were saved, shrunk or invented by a fuzzer; and they
 * can be recorded.
 *
 * Each question has a stream to itself, so that one more question of a kind,
 * or one entry less, does not change the answers of another.  0 is always the
 * plainest answer: no fault, first come first served, all bytes.  A tape that
 * is read to its end goes on with 0, so that the empty one is the plain run.
 *
 * As bytes a tape is entries of a stream's number (modulo GNI_STREAMS) and a
 * value in LEB128, of which the question takes the remainder.  Any bytes are
 * a tape.
 */
#ifndef GNI_BASE_TAPE_H
#define GNI_BASE_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

/* A new one goes before GNI_STREAMS: saved tapes hold the numbers. */
enum gni_stream {
	GNI_STREAM_NETWORK,    /* how streams are cut */
	GNI_STREAM_COMPLETION, /* which operation ends first, and how */
	GNI_STREAM_PORTS,      /* ports and names nobody asked for */
	GNI_STREAM_TIES,       /* which of two equal instants comes first */
	GNI_STREAM_ORDER,      /* which fiber runs next */
	GNI_STREAM_FAULTS,     /* when a fault of a rule strikes, and how */
	GNI_STREAM_SWARM,      /* which rules there are */
	GNI_STREAM_PROGRAM,    /* the program's own choices */
	GNI_STREAM_ENTROPY,    /* what would be secret */
	GNI_STREAMS
};

/* gni_stream_name gives its word: "network". */
const char *gni_stream_name(enum gni_stream s);

/* One answer; an event is one whose value is not 0. */
struct gni_tape_entry {
	uint64_t value, bound; /* value < bound */
	enum gni_stream stream;
};

/* Where answers are recorded: memory of its owner, which may be shared with
 * a process that outlives this one. */
struct gni_tape_log {
	size_t max, count; /* count goes on past max; what is past is lost */
	struct gni_tape_entry entries[];
};

/* Is told of an event as it is drawn. */
typedef void gni_tape_witness(void *arg, const struct gni_tape_entry *e);

struct gni_tape {
	struct gni_rng random[GNI_STREAMS];
	const uint8_t *bytes; /* when it is read: the caller's */
	size_t len, at[GNI_STREAMS];
	bool reads;
	struct gni_tape_log *log;
	gni_tape_witness *witness;
	void *witness_arg;
	bool watched; /* by either of the two */
};

/* gni_tape_seed starts a tape that a seed decides. */
void gni_tape_seed(struct gni_tape *t, uint64_t seed);

/* gni_tape_replay starts one that is read from bytes, which stay the caller's
 * and as they are; NULL and 0: the plain run. */
void gni_tape_replay(struct gni_tape *t, const uint8_t *bytes, size_t len);

/* gni_tape_record has the answers from now on written to a log, behind what
 * it has; NULL: no more. */
void gni_tape_record(struct gni_tape *t, struct gni_tape_log *log);

/* gni_tape_watch has somebody told of each event from now on; NULL: nobody. */
void gni_tape_watch(struct gni_tape *t, gni_tape_witness *witness, void *arg);

/* gni_tape_draw gives a number below bound; each as likely by a seed.  Where
 * there is no choice (bound 0 or 1) it is 0 and no entry. */
uint64_t gni_tape_draw(struct gni_tape *t, enum gni_stream s, uint64_t bound);

/* gni_tape_chance is true with a chance in millionths; without a choice (0,
 * 1000000 and more) there is no entry. */
bool gni_tape_chance(struct gni_tape *t, enum gni_stream s, uint32_t ppm);

/*
 * gni_tape_short tells how many of most things are held back: 0, and with a
 * chance in millionths 1 to most - 1, in the shapes in which readers and
 * writers break: all but one, one, an odd rest, any.
 */
uint64_t gni_tape_short(struct gni_tape *t, enum gni_stream s, uint32_t ppm,
			uint64_t most);

/*
 * gni_tape_save writes entries as bytes, without the zeros at the end of each
 * stream.  Returns how many bytes that takes; they were written if that is at
 * most size.
 */
size_t gni_tape_save(const struct gni_tape_entry *entries, size_t count,
		     uint8_t *bytes, size_t size);

/* gni_tape_load reads bytes as entries, their bound unknown (0).  Returns how
 * many there are; the first max of them were stored. */
size_t gni_tape_load(const uint8_t *bytes, size_t len,
		     struct gni_tape_entry *entries, size_t max);

#endif
