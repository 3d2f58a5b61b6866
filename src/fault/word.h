/* word.h: the words of the grammar, and the values behind them.  For this room
 * only. */
#ifndef GNI_FAULT_WORD_H
#define GNI_FAULT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/fault.h>
#include <gnezdo/time.h>

#include "addr/reader.h"
#include "base/text.h"
#include "fault/fault.h"

/* What a number is a multiple of, by the word behind it; smallest first, the
 * end has no word. */
struct gni_fault_unit {
	const char *word;
	int64_t factor;
};

/* A member of gn_faults. */
struct gni_fault_field {
	size_t offset, bytes; /* no bytes: no member */
};

struct gni_fault_word {
	const char *name;
	const struct gni_fault_unit *units; /* NULL: no value, a switch */
	int64_t usual;	   /* the value of a bare word; 0: it must have one */
	int64_t min, max;  /* never 0 itself */
	const char *range; /* min and max as a person writes them */
	struct gni_fault_field field, spread;
	bool of_host; /* else of a link */
	bool once;    /* happens at an instant */
};

extern const struct gni_fault_word gni_fault_words[GNI_FAULT_COUNT];
extern const struct gni_fault_unit gni_fault_times[];

int64_t gni_fault_get(const gn_faults *f, struct gni_fault_field field);
void gni_fault_set(gn_faults *f, struct gni_fault_field field, int64_t value);

/* gni_fault_number passes a number, whole or with decimals, and its unit.
 * False, with nothing passed, when there is none, when it comes to no whole
 * value, or to one beyond min and max. */
bool gni_fault_number(struct gni_reader *r, const struct gni_fault_unit *units,
		      int64_t min, int64_t max, int64_t *value);

/* gni_fault_add_number appends a value in its largest whole unit. */
void gni_fault_add_number(struct gni_text *t,
			  const struct gni_fault_unit *units, int64_t value);

#endif
