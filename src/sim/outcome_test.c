/* outcome_test.c: failures, compared and in words. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/error.h>

#include "sim/outcome.h"

/* As wait(2) codes them. */
#define STATUS(n) ((n) << 8)

static void processes_are_judged(void **state)
{
	struct gni_outcome o;

	(void)state;
	gni_outcome_ended(&o, SIGSEGV, "some words\n");
	assert_int_equal(o.verdict, GNI_CRASHED);
	assert_int_equal(o.value, SIGSEGV);
	assert_string_equal(o.text, "");
	gni_outcome_ended(&o, SIGABRT, "before\nx.c:7: it is so\n");
	assert_int_equal(o.value, SIGABRT);
	assert_string_equal(o.text, "x.c:7: it is so");
	gni_outcome_ended(&o, STATUS(3), "no line\n\x1b[1m");
	assert_int_equal(o.verdict, GNI_EXITED);
	assert_int_equal(o.value, 3);
	assert_null(strchr(o.text, '\x1b'));
	gni_outcome_ended(&o, STATUS(1), "a\nSUMMARY: leak\n==7==ABORTING\n");
	assert_string_equal(o.text, "SUMMARY: leak");
	gni_outcome_ended(&o, SIGPROF, "before\n");
	assert_int_equal(o.verdict, GNI_FAILED);
	assert_int_equal(o.value, GN_ELIMIT);
	assert_string_equal(o.text, "no end after 60 s of the processor");
	gni_outcome_ended(&o, SIGALRM, "before\n");
	assert_int_equal(gni_outcome_code(&o), GN_ELIMIT);
	gni_outcome_ended(&o, STATUS(0), "");
	assert_int_equal(o.verdict, GNI_EXITED);
	assert_string_equal(o.text, "");
}

static void the_longest_line_is_cut(void **state)
{
	char line[1000];
	struct gni_outcome o;

	(void)state;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\0';
	gni_outcome_ended(&o, STATUS(1), line);
	assert_int_equal(strlen(o.text), sizeof o.text - 1);
}

static const struct pair {
	struct gni_outcome a, b;
	bool same;
} pairs[] = {
	{ { GNI_FAILED, GN_ERESET, "recv" }, { GNI_FAILED, GN_ERESET, "recv" },
	  true },
	{ { GNI_FAILED, GN_ERESET, "recv" }, { GNI_FAILED, GN_ERESET, "send" },
	  false },
	{ { GNI_FAILED, GN_ERESET, "recv" },
	  { GNI_FAILED, GN_ETIMEOUT, "recv" }, false },
	{ { GNI_FAILED, 1, "" }, { GNI_EXITED, 1, "" }, false },
	{ { GNI_LEFT, 1, "a" }, { GNI_LEFT, 2, "a" }, true },
	{ { GNI_LEFT, 1, "a" }, { GNI_LEFT, 1, "b" }, false },
	{ { GNI_EXITED, 1, "x is 5, not 1234" },
	  { GNI_EXITED, 1, "x is 17, not 8" }, true },
	{ { GNI_EXITED, 1, "x is 5" }, { GNI_EXITED, 1, "x is -5" }, false },
	{ { GNI_EXITED, 1, "x 5" }, { GNI_EXITED, 1, "x 5 y" }, false },
	{ { GNI_EXITED, 1, "x" }, { GNI_EXITED, 1, "x5" }, false },
	{ { GNI_CRASHED, SIGSEGV, "" }, { GNI_CRASHED, SIGBUS, "" }, false },
};

static void the_same_failure_or_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const struct pair *p = &pairs[i];

		assert_int_equal(gni_outcome_same(&p->a, &p->b), p->same);
		assert_int_equal(gni_outcome_same(&p->b, &p->a), p->same);
		assert_true(gni_outcome_same(&p->a, &p->a));
	}
}

static const struct words {
	struct gni_outcome o;
	const char *line;
	int code;
} words[] = {
	{ { GNI_HELD, 0, "" }, "it held", 0 },
	{ { GNI_FAILED, GN_ERESET, "recv" },
	  "recv: connection broken by the other side (GN_ERESET)", GN_ERESET },
	{ { GNI_LEFT, 1, "server" }, "host server left 1 socket open",
	  GN_ELIMIT },
	{ { GNI_LEFT, 2, "server" }, "host server left 2 sockets open",
	  GN_ELIMIT },
	{ { GNI_UNLIKE, 0, "" }, "the same choices gave another run", GN_ESYS },
	{ { GNI_FAILED, GN_ETEXT, "" }, "not UTF-8 (GN_ETEXT)", GN_ETEXT },
	{ { GNI_CRASHED, SIGSEGV, "" }, "signal 11 (Segmentation fault)",
	  GN_ESYS },
	{ { GNI_CRASHED, SIGABRT, "why" }, "signal 6 (Aborted): why",
	  GN_ESYS },
	{ { GNI_EXITED, 3, "why" }, "exit status 3: why", GN_ESYS },
	{ { GNI_LOST, 0, "why" }, "memory was lost: why", GN_ESYS },
};

static void in_words(void **state)
{
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		assert_string_equal(gni_outcome_say(&words[i].o, line,
						    sizeof line),
				    words[i].line);
		assert_int_equal(gni_outcome_code(&words[i].o),
				 words[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_are_judged),
		cmocka_unit_test(the_longest_line_is_cut),
		cmocka_unit_test(the_same_failure_or_another),
		cmocka_unit_test(in_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
