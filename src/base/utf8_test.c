/* utf8_test.c: the table of UTF-8 against a decoder that does sums, and what
 * is printable. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/text.h>

#include "base/seed_test.h"
#include "base/utf8.h"

/* Bytes at which some rule begins or ends. */
static const uint8_t edges[] = {
	0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
	0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
	0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff,
};

#define EDGES (sizeof edges)

static size_t encode(uint32_t number, uint8_t *to)
{
	static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = number < 0x80 ? 1 : number < 0x800 ? 2 :
		     number < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--, number >>= 6)
		to[i] = (uint8_t)(0x80 | (number & 0x3f));
	to[0] = (uint8_t)(marks[len] | number);
	return len;
}

static bool is_number(uint32_t number)
{
	return number < 0xd800 || (number > 0xdfff && number <= 0x10ffff);
}

/* The naive reader: bits by the first byte, a sum, and encoded again it must
 * be the same bytes. */
static bool is_character(const uint8_t *at, size_t len)
{
	uint32_t number = len == 1 ? at[0] : at[0] & (0x7fU >> len);
	uint8_t again[4];

	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return false;
		number = number << 6 | (at[i] & 0x3f);
	}
	return is_number(number) && encode(number, again) == len &&
	       memcmp(again, at, len) == 0;
}

/* Whether some byte after these, then others, makes a character of them. */
static bool is_beginning(const uint8_t *at, size_t len)
{
	uint8_t tried[4] = { 0x80, 0x80, 0x80, 0x80 };

	memcpy(tried, at, len);
	for (size_t whole = len + 1; whole <= 4; whole++) {
		for (int next = 0x80; next <= 0xbf; next++) {
			tried[len] = (uint8_t)next;
			if (is_character(tried, whole))
				return true;
		}
		tried[len] = 0x80;
	}
	return false;
}

static int naive(const uint8_t *at, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (is_character(at, n))
			return (int)n;
	return len < 4 && is_beginning(at, len) ? 0 : -1;
}

static void check(const uint8_t *at, size_t len)
{
	uint32_t number;

	assert_int_equal(gni_utf8_next(at, len, &number), naive(at, len));
}

static void agrees_on_one_and_two_bytes(void **state)
{
	uint8_t at[2];

	(void)state;
	for (int first = 0; first < 256; first++) {
		at[0] = (uint8_t)first;
		check(at, 1);
		for (int second = 0; second < 256; second++) {
			at[1] = (uint8_t)second;
			check(at, 2);
		}
	}
}

static void agrees_on_three_and_four_bytes(void **state)
{
	size_t count = EDGES * EDGES * EDGES * EDGES;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		uint8_t at[4];

		at[0] = edges[i % EDGES];
		at[1] = edges[i / EDGES % EDGES];
		at[2] = edges[i / EDGES / EDGES % EDGES];
		at[3] = edges[i / EDGES / EDGES / EDGES];
		check(at, 4);
		if (at[3] == 0)
			check(at, 3);
	}
}

static void every_number_is_read_and_cut(void **state)
{
	uint8_t at[4];
	uint32_t read;

	(void)state;
	for (uint32_t number = 0; number <= 0x110000; number++) {
		size_t len = encode(number, at);
		int bad;

		if (!is_number(number)) {
			assert_int_equal(gni_utf8_next(at, len, &read), -1);
			continue;
		}
		assert_int_equal(gni_utf8_next(at, len, &read), len);
		assert_int_equal(read, number);
		for (size_t cut = 1; cut < len; cut++) {
			assert_int_equal(gn_utf8_whole(at, cut, &bad), 0);
			assert_int_equal(bad, 0);
		}
	}
}

/* Writes text of random characters, some of its bytes spoilt. */
static size_t random_text(struct gni_rng *rng, uint8_t *to, size_t size)
{
	size_t len = 0;

	while (len + 4 <= size) {
		uint32_t bound = gni_rng_below(rng, 2) ? 0x80 : 0x10ffff;

		len += encode((uint32_t)gni_rng_below(rng, bound), to + len);
	}
	if (gni_rng_below(rng, 2))
		to[gni_rng_below(rng, len)] = edges[gni_rng_below(rng, EDGES)];
	return len;
}

static void agrees_at_every_split(void **state)
{
	struct gni_rng rng = test_rng("agrees_at_every_split");
	uint8_t text[64];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t len = random_text(&rng, text, sizeof text);

		for (size_t split = 0; split <= len; split++) {
			size_t done = 0;
			int n = 1, bad;

			while (done < split &&
			       (n = naive(text + done, split - done)) > 0)
				done += (size_t)n;
			assert_int_equal(gn_utf8_whole(text, split, &bad),
					 done);
			assert_int_equal(bad, n < 0);
		}
	}
	assert_int_equal(gn_utf8_whole(text, 0, NULL), 0);
}

static void what_is_unsafe_becomes_a_dot(void **state)
{
	static const struct {
		const char *text, *printable;
	} cases[] = {
		{ "", "" },
		{ "plain ~", "plain ~" },
		{ "a\033[31mb", "a.[31mb" },
		{ "one\r\ntwo\tthree\x7f", "one..two.three." },
		{ "Привет, клиент!", "Привет, клиент!" },
		{ "\xc2\x9b" "31m", ".31m" },
		{ "a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xd8\x9c", "a.b.c." },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", "..." },
		{ "\xe2\x80\x8e\xe2\x80\x8f", ".." },
		{ "\xff\xfe" "a", "..a" },
		{ "\xc0\xaf", ".." },
		{ "\xed\xa0\x80", "..." },
		{ "cut \xe2\x82", "cut .." },
		{ "\xf0\x9f\x90\xa6", "\xf0\x9f\x90\xa6" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text, "%s", cases[i].text);
		assert_ptr_equal(gn_printable(text), text);
		assert_string_equal(text, cases[i].printable);
	}
}

static void what_was_made_printable_is_printable(void **state)
{
	struct gni_rng rng = test_rng("what_was_made_printable_is_printable");
	char text[65], again[65];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		size_t len = random_text(&rng, (uint8_t *)text, 64);

		text[len] = '\0';
		gn_printable(text);
		len = strlen(text);
		assert_int_equal(gn_utf8_whole(text, len, NULL), len);
		memcpy(again, text, len + 1);
		assert_string_equal(gn_printable(again), text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_on_one_and_two_bytes),
		cmocka_unit_test(agrees_on_three_and_four_bytes),
		cmocka_unit_test(every_number_is_read_and_cut),
		cmocka_unit_test(agrees_at_every_split),
		cmocka_unit_test(what_is_unsafe_becomes_a_dot),
		cmocka_unit_test(what_was_made_printable_is_printable),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
