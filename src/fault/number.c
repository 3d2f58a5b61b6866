/* number.c: a number with its unit, exact to the last digit. */
#include <inttypes.h>
#include <string.h>

#include "fault/word.h"

/* What comes behind a unit, or is another unit's beginning: a span's dots, a
 * spread's sign (± in UTF-8 begins with \xc2). */
#define UNIT_STOPS "@.+\xc2 \t\r,;\n"

static const struct gni_fault_unit *find(const struct gni_fault_unit *units,
					 const char *word, size_t len)
{
	for (const struct gni_fault_unit *u = units; u->word; u++)
		if (strlen(u->word) == len && memcmp(u->word, word, len) == 0)
			return u;
	return NULL;
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

/* Passes decimals, if a point and a digit come; gives the first. */
static const char *skip_decimals(struct gni_reader *r)
{
	const char *first = r->text + r->at + 1;

	if (r->len - r->at < 2 || first[-1] != '.' || !is_digit(first[0]))
		return r->text + r->at;
	r->at++;
	while (is_digit(gni_reader_peek(r)))
		r->at++;
	return first;
}

/* Adds the decimals of a unit to the value; false if they are finer than what
 * is counted. */
static bool add_decimals(const char *at, const char *end, int64_t factor,
			 int64_t *value)
{
	for (; at < end && is_digit(*at); at++) {
		int digit = *at - '0';

		if (factor % 10 != 0 && digit != 0)
			return false;
		factor = factor % 10 != 0 ? 1 : factor / 10;
		if (__builtin_add_overflow(*value, digit * factor, value))
			return false;
	}
	return true;
}

static bool read_number(struct gni_reader *r,
			const struct gni_fault_unit *units, int64_t *value)
{
	const struct gni_fault_unit *unit;
	const char *decimals, *end;
	uint64_t whole;
	size_t len;

	if (!gni_reader_number(r, 10, INT64_MAX, &whole))
		return false;
	decimals = skip_decimals(r);
	end = r->text + r->at;
	len = gni_reader_span(r, UNIT_STOPS);
	unit = find(units, end, len);
	r->at += len;
	return unit &&
	       !__builtin_mul_overflow((int64_t)whole, unit->factor, value) &&
	       add_decimals(decimals, end, unit->factor, value);
}

bool gni_fault_number(struct gni_reader *r, const struct gni_fault_unit *units,
		      int64_t min, int64_t max, int64_t *value)
{
	size_t begin = r->at;
	bool below = min < 0 && gni_reader_skip(r, "-");

	if (read_number(r, units, value)) {
		*value = below ? -*value : *value;
		if (*value >= min && *value <= max)
			return true;
	}
	r->at = begin;
	return false;
}

/* What is left of a unit, as decimals. */
static void add_rest(struct gni_text *t, uint64_t rest, uint64_t factor)
{
	if (rest == 0)
		return;
	gni_text_add(t, ".");
	while (rest != 0) {
		factor /= 10;
		gni_text_add(t, "%" PRIu64, rest / factor);
		rest %= factor;
	}
}

void gni_fault_add_number(struct gni_text *t,
			  const struct gni_fault_unit *units, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	const struct gni_fault_unit *unit = units;

	/* Of nothing there is no smallest unit to keep to: "0s". */
	for (const struct gni_fault_unit *u = units; u->word; u++)
		if (size % (uint64_t)u->factor == 0 &&
		    (size != 0 || u->factor <= GN_SEC))
			unit = u;
	gni_text_add(t, "%s%" PRIu64, value < 0 ? "-" : "",
		     size / (uint64_t)unit->factor);
	add_rest(t, size % (uint64_t)unit->factor, (uint64_t)unit->factor);
	gni_text_add(t, "%s", unit->word);
}
