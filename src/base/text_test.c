/* text_test.c: text that must fit, at every size. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/text.h>

#include "base/text.h"

/* Two bytes a letter, so that every other size cuts inside one. */
static const char words[] = "гнездо";

static void write_words(struct gni_text *t)
{
	gni_text_add(t, "<%s>", words);
}

static void write_units(struct gni_text *t)
{
	gni_text_unit(t, "<", 1);
	for (size_t i = 0; words[i]; i += 2)
		gni_text_unit(t, words + i, 2);
	gni_text_unit(t, ">", 1);
}

static void write_escaped(struct gni_text *t)
{
	gni_text_escaped(t, "<", 1);
	gni_text_escaped(t, words, strlen(words));
	gni_text_escaped(t, ">", 1);
}

static void check_every_size(void (*write)(struct gni_text *))
{
	static const char whole[] = "<гнездо>";
	char buf[sizeof whole + 4];
	struct gni_text t;

	for (size_t size = 1; size < sizeof buf; size++) {
		size_t fits = size > sizeof whole ? sizeof whole : size;

		memset(buf, '#', sizeof buf);
		gni_text_begin(&t, buf, size);
		write(&t);
		assert_int_equal(t.len, sizeof whole - 1);
		assert_int_equal(gni_text_cut(&t), size < sizeof whole);
		assert_int_equal(buf[size], '#');
		assert_int_equal(strlen(buf),
				 gn_utf8_whole(whole, fits - 1, NULL));
		assert_memory_equal(buf, whole, strlen(buf));
	}
}

static void is_never_cut_inside_a_character(void **state)
{
	(void)state;
	check_every_size(write_words);
	check_every_size(write_units);
	check_every_size(write_escaped);
}

static void nothing_follows_a_cut(void **state)
{
	char buf[8];
	struct gni_text t;

	(void)state;
	gni_text_begin(&t, buf, sizeof buf);
	gni_text_add(&t, "%s", "123456");
	gni_text_unit(&t, "\\x1B", 4);
	gni_text_add(&t, "%d", 7);
	gni_text_unit(&t, "8", 1);
	assert_string_equal(buf, "123456");
	assert_int_equal(t.len, 12);
}

static void foreign_bytes_are_escaped(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{ "plain text", "plain text" },
		{ "a\nb\r\t", "a\\x0Ab\\x0D\\x09" },
		{ "\033[31m", "\\x1B[31m" },
		{ "\x7f", "\\x7F" },
		{ "сокет", "сокет" },
		{ "\xd1", "\\xD1" },
		{ "\xff\xfe", "\\xFF\\xFE" },
		{ "\xc2\x85", "\\xC2\\x85" },
		{ "a\xe2\x80\xae" "b", "a\\xE2\\x80\\xAE" "b" },
		{ "\xed\xa0\x80", "\\xED\\xA0\\x80" },
	};
	char buf[64];
	struct gni_text t;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		gni_text_begin(&t, buf, sizeof buf);
		gni_text_escaped(&t, cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(buf, cases[i].text);
	}
	gni_text_begin(&t, buf, sizeof buf);
	gni_text_escaped(&t, "a\0b", 3);
	assert_string_equal(buf, "a\\x00b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_never_cut_inside_a_character),
		cmocka_unit_test(nothing_follows_a_cut),
		cmocka_unit_test(foreign_bytes_are_escaped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
