/*
 * utf8.c: UTF-8 as RFC 3629 section 4 defines it, and what of it is safe to
 * print.  The definition is a table; the code only follows it.
 */
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

#include <gnezdo/text.h>

/* Each way a character can begin.  Only the second byte's range varies; all
 * others are 80 to BF. */
static const struct form {
	uint8_t first_min, first_max;
	uint8_t second_min, second_max;
	uint8_t len;
	uint8_t bits; /* of the first byte that are part of the number */
} forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1, 0x7f },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2, 0x1f },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3, 0x0f },
	{ 0xe1, 0xec, 0x80, 0xbf, 3, 0x0f },
	{ 0xed, 0xed, 0x80, 0x9f, 3, 0x0f },
	{ 0xee, 0xef, 0x80, 0xbf, 3, 0x0f },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4, 0x07 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4, 0x07 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4, 0x07 },
};

/* Characters that a terminal acts upon instead of showing them. */
static const struct range {
	uint32_t first, last;
} unprintable[] = {
	{ 0x0000, 0x001f }, /* C0 controls, line ends among them */
	{ 0x007f, 0x009f }, /* delete and C1 controls */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x200e, 0x200f }, /* left-to-right and right-to-left marks */
	{ 0x2028, 0x202e }, /* line ends, embeddings and overrides */
	{ 0x2066, 0x2069 }, /* isolates */
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct form *form_of(uint8_t first)
{
	for (size_t i = 0; i < COUNT(forms); i++)
		if (first >= forms[i].first_min && first <= forms[i].first_max)
			return &forms[i];
	return NULL;
}

int gni_utf8_next(const uint8_t *at, size_t len, uint32_t *number)
{
	const struct form *f = form_of(at[0]);
	uint8_t min, max;

	if (!f)
		return -1;
	*number = at[0] & f->bits;
	min = f->second_min;
	max = f->second_max;
	for (size_t i = 1; i < f->len; i++) {
		if (i == len)
			return 0;
		if (at[i] < min || at[i] > max)
			return -1;
		*number = *number << 6 | (at[i] & 0x3f);
		min = 0x80;
		max = 0xbf;
	}
	return f->len;
}

static bool is_printable(uint32_t number)
{
	for (size_t i = 0; i < COUNT(unprintable); i++)
		if (number >= unprintable[i].first &&
		    number <= unprintable[i].last)
			return false;
	return true;
}

size_t gni_utf8_printable(const uint8_t *at, size_t len)
{
	uint32_t number;
	int n = gni_utf8_next(at, len, &number);

	return n > 0 && is_printable(number) ? (size_t)n : 0;
}

/* The length of what one dot replaces at the beginning of len bytes. */
static size_t dotted(const uint8_t *at, size_t len)
{
	uint32_t number;
	int n = gni_utf8_next(at, len, &number);

	return n > 0 ? (size_t)n : 1;
}

char *gn_printable(char *text)
{
	uint8_t *to = (uint8_t *)text;
	const uint8_t *at = to, *end = at + strlen(text);

	while (at < end) {
		size_t n = gni_utf8_printable(at, (size_t)(end - at));

		if (n) {
			memmove(to, at, n);
			to += n;
		} else {
			n = dotted(at, (size_t)(end - at));
			*to++ = '.';
		}
		at += n;
	}
	*to = '\0';
	return text;
}

/* How many bytes of len are ASCII before the first that is not, in steps of
 * a word: most text is, and recv_text looks at every byte. */
static size_t ascii_words(const uint8_t *at, size_t len)
{
	size_t done = 0;
	uint64_t word;

	while (len - done >= sizeof word) {
		memcpy(&word, at + done, sizeof word);
		if (word & UINT64_C(0x8080808080808080))
			break;
		done += sizeof word;
	}
	return done;
}

size_t gn_utf8_whole(const void *text, size_t len, int *bad)
{
	const uint8_t *at = text;
	size_t done = 0;
	uint32_t number;
	int n = 0;

	while (done < len) {
		done += ascii_words(at + done, len - done);
		if (done == len)
			break;
		n = gni_utf8_next(at + done, len - done, &number);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (bad)
		*bad = n < 0;
	return done;
}
