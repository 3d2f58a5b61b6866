/* code_test.c: the closed set of codes, and what errno becomes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "error/error.h"

static void each_code_is_told_apart(void **state)
{
	(void)state;
	for (int code = GN_ETIMEOUT; code >= GN_ESYS; code--) {
		assert_memory_equal(gn_code_name(code), "GN_E", 4);
		assert_true(strlen(gn_code_text(code)) > 3);
		for (int other = code - 1; other >= GN_ESYS; other--) {
			assert_string_not_equal(gn_code_name(code),
						gn_code_name(other));
			assert_string_not_equal(gn_code_text(code),
						gn_code_text(other));
		}
	}
	assert_string_equal(gn_code_name(GN_ETIMEOUT), "GN_ETIMEOUT");
	assert_string_equal(gn_code_text(GN_ETIMEOUT), "deadline passed");
	assert_string_equal(gn_code_name(GN_ESYS), "GN_ESYS");
}

static void other_numbers_have_words_too(void **state)
{
	static const int strange[] = { -1, -5, -1000, GN_ESYS - 1, INT32_MIN };

	(void)state;
	assert_string_equal(gn_code_name(GN_OK), "GN_OK");
	assert_string_equal(gn_code_text(GN_OK), "no failure");
	assert_string_equal(gn_code_name(17), "GN_OK");
	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
		assert_string_equal(gn_code_name(strange[i]), "GN_?");
		assert_string_equal(gn_code_text(strange[i]), "unknown code");
		assert_int_equal(gn_exit_status(strange[i]), 70);
	}
}

static void exit_statuses_are_those_of_sysexits(void **state)
{
	(void)state;
	assert_int_equal(gn_exit_status(0), 0);
	assert_int_equal(gn_exit_status(100), 0);
	assert_int_equal(gn_exit_status(GN_EADDR), 64);
	assert_int_equal(gn_exit_status(GN_EREFUSED), 69);
	assert_int_equal(gn_exit_status(GN_EDEAD), 69);
	assert_int_equal(gn_exit_status(GN_ETIMEOUT), 75);
	assert_int_equal(gn_exit_status(GN_EPERM), 77);
	for (int code = GN_ETIMEOUT; code >= GN_ESYS; code--)
		assert_in_range(gn_exit_status(code), 64, 78);
}

static void errno_becomes_a_code(void **state)
{
	static const struct {
		int sys, code;
	} cases[] = {
		{ ECONNREFUSED, GN_EREFUSED },	 { ECONNRESET, GN_ERESET },
		{ EPIPE, GN_ERESET },		 { ECONNABORTED, GN_ERESET },
		{ ETIMEDOUT, GN_EDEAD },	 { EHOSTUNREACH, GN_EUNREACH },
		{ ENETUNREACH, GN_EUNREACH },	 { ENETDOWN, GN_EUNREACH },
		{ EPROTONOSUPPORT, GN_EUNREACH }, { EAFNOSUPPORT, GN_EUNREACH },
		{ EADDRINUSE, GN_EINUSE },	 { EADDRNOTAVAIL, GN_ENOADDR },
		{ EACCES, GN_EPERM },		 { EPERM, GN_EPERM },
		{ ENOENT, GN_ENOENT },		 { ENOTDIR, GN_ENOENT },
		{ EMFILE, GN_ELIMIT },		 { ENFILE, GN_ELIMIT },
		{ ENOBUFS, GN_ELIMIT },		 { ENOMEM, GN_ENOMEM },
		{ ECANCELED, GN_ECANCELED },	 { EINVAL, GN_EINVAL },
		{ EMSGSIZE, GN_ETOOLONG },	 { EOPNOTSUPP, GN_EKIND },
		{ EPROTOTYPE, GN_ESYS },	 { 0, GN_ESYS },
		{ -1, GN_ESYS },		 { 100000, GN_ESYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(gni_code_of(cases[i].sys), cases[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_is_told_apart),
		cmocka_unit_test(other_numbers_have_words_too),
		cmocka_unit_test(exit_statuses_are_those_of_sysexits),
		cmocka_unit_test(errno_becomes_a_code),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
