/* case_test.h: tables of address strings, good and bad.  For tests only. */
#ifndef GNI_ADDR_CASE_TEST_H
#define GNI_ADDR_CASE_TEST_H

#include <stdio.h>
#include <string.h>

#include "addr/target.h"
#include "error/error.h"

/* A string that must be refused, where, and for which rule. */
struct bad {
	const char *text;
	size_t character;
	const char *rule; /* how it begins */
};

static inline void check_bad(const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gni_target target;
		const char *why;
		char expected[200];

		if (gni_target_parse(&target, cases[i].text, "test") !=
		    GN_EADDR) {
			print_error("accepted: %s\n", cases[i].text);
			fail();
		}
		why = gn_error_why(gn_error_last());
		snprintf(expected, sizeof expected, "character %zu: %s",
			 cases[i].character, cases[i].rule);
		if (strncmp(why, expected, strlen(expected)) != 0) {
			print_error("%s\nexpected %s\n     got %s\n",
				    cases[i].text, expected, why);
			fail();
		}
		assert_int_equal(gn_code(), GN_EADDR);
		assert_string_equal(gn_error_operation(gn_error_last()),
				    "test");
	}
}

static inline struct gni_target parse(const char *text)
{
	struct gni_target target;

	if (gni_target_parse(&target, text, "test") != 0) {
		print_error("%s: %s\n", text,
			    gn_error_why(gn_error_last()));
		fail();
	}
	return target;
}

#endif
