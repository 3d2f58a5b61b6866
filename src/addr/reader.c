/* reader.c: the cursor over a text that follows a grammar. */
#include "addr/reader.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "error/error.h"

/* The longest rule, an unknown word with those that are known. */
#define RULE_MAX 224

bool gni_reader_skip(struct gni_reader *r, const char *bytes)
{
	size_t len = strlen(bytes);

	if (r->len - r->at < len || memcmp(r->text + r->at, bytes, len) != 0)
		return false;
	r->at += len;
	return true;
}

size_t gni_reader_span(const struct gni_reader *r, const char *stops)
{
	size_t at = r->at;

	while (at < r->len && !strchr(stops, r->text[at]))
		at++;
	return at - r->at;
}

int gni_reader_digit(int byte)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = byte > 0 ? strchr(digits, byte) : NULL;

	return found ? (int)(found - digits) % 16 : -1;
}

bool gni_reader_number(struct gni_reader *r, unsigned base, uint64_t max,
		       uint64_t *value)
{
	size_t begin = r->at, count;
	uint64_t sum = 0;
	int digit;

	while ((digit = gni_reader_digit(gni_reader_peek(r))) >= 0 &&
	       (unsigned)digit < base && sum <= max) {
		if (__builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			break;
		r->at++;
	}
	count = r->at - begin;
	*value = sum;
	if (count && sum <= max && (digit < 0 || (unsigned)digit >= base) &&
	    !(base == 10 && count > 1 && r->text[begin] == '0'))
		return true;
	r->at = begin;
	return false;
}

/* Characters, not bytes: what an editor shows as the column. */
static size_t column(const struct gni_reader *r, size_t at)
{
	size_t count = 1;

	for (size_t i = 0; i < at; i++)
		count += (r->text[i] & 0xc0) != 0x80;
	return count;
}

int gni_reader_refuse(const struct gni_reader *r, size_t at, const char *rule,
		      ...)
{
	struct gni_cause cause = {
		.code = r->code,
		.operation = r->operation,
		.about = r->text,
	};
	char text[RULE_MAX];
	struct gni_text t;
	va_list list;

	gni_text_begin(&t, text, sizeof text);
	va_start(list, rule);
	gni_text_add_list(&t, rule, list);
	va_end(list);
	return gni_fail(&cause, "character %zu: %s", column(r, at), text);
}
