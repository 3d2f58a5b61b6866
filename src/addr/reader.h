/*
 * reader.h: the one way through a text that follows a grammar, an address
 * string above all: a cursor that cannot leave it, and one way to refuse it.
 */
#ifndef GNI_ADDR_READER_H
#define GNI_ADDR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo/base.h>

struct gni_reader {
	const char *text;
	size_t len, at; /* at is at most len */
	const char *operation;
	int code; /* of what is refused */
};

static inline bool gni_reader_at_end(const struct gni_reader *r)
{
	return r->at == r->len;
}

/* gni_reader_peek gives the next byte, -1 at the end. */
static inline int gni_reader_peek(const struct gni_reader *r)
{
	return r->at < r->len ? (unsigned char)r->text[r->at] : -1;
}

/* gni_reader_skip passes the given bytes if they come next, and tells. */
bool gni_reader_skip(struct gni_reader *r, const char *bytes);

/* gni_reader_span gives how many bytes come before the first of those in
 * stops, or before the end. */
size_t gni_reader_span(const struct gni_reader *r, const char *stops);

/*
 * gni_reader_number passes digits of a base of 8, 10 or 16 and stores their
 * value.  False, with nothing passed, when there is no digit, when the value is
 * above max, or when a decimal has a leading zero: other readers of addresses
 * take that for an octal.
 */
bool gni_reader_number(struct gni_reader *r, unsigned base, uint64_t max,
		       uint64_t *value);

/* gni_reader_refuse returns the reader's code with a record that names the
 * rule broken and the character at which it was, counted from 1. */
int gni_reader_refuse(const struct gni_reader *r, size_t at, const char *rule,
		      ...) GN_PRINTF(3, 4);

/* The value of a hexadecimal digit, -1 if it is none. */
int gni_reader_digit(int byte);

#endif
