/* trace_test.c: events as a hash and as lines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "error/error.h"
#include "io/sim/trace.h"

static const gn_time begin = { GN_SEC };

static uint64_t hash_of(const struct gni_note *n, int64_t at_ns)
{
	struct gni_trace t;

	gni_trace_begin(&t, begin);
	gni_trace_add(&t, gn_time_add(begin, at_ns), "server", n);
	return t.hash;
}

static void each_part_counts(void **state)
{
	struct gni_note n = { .place = 1, .fiber = "a", .what = "recv",
			      .about = "x", .value = 5 }, other[5];
	uint64_t hash = hash_of(&n, 7);

	(void)state;
	for (int i = 0; i < 5; i++)
		other[i] = n;
	other[0].place = 2;
	other[1].fiber = "b";
	other[2].what = "send";
	other[3].about = NULL;
	other[4].value = -5;
	assert_true(hash == hash_of(&n, 7));
	assert_true(hash != hash_of(&n, 8));
	for (int i = 0; i < 5; i++)
		assert_true(hash != hash_of(&other[i], 7));
}

/* Texts that are longer than a word, and differ in any byte of it. */
static void each_byte_of_a_name_counts(void **state)
{
	char name[] = "a fiber of a long name";
	struct gni_note n = { .fiber = name, .what = "begins" };
	uint64_t hash = hash_of(&n, 0);

	(void)state;
	for (size_t i = 0; i + 1 < sizeof name; i++) {
		name[i] ^= 1;
		assert_true(hash != hash_of(&n, 0));
		name[i] ^= 1;
	}
}

static const struct line {
	struct gni_note n;
	const char *with, *host;
	int64_t at_ns;
	const char *text;
} lines[] = {
	{ { .fiber = "serve", .what = "recv", .value = 27 },
	  "tcp://10.0.0.2:4001", "server", 3 * GN_MSEC,
	  "   0.003 000 000  server     serve        "
	  "recv from tcp://10.0.0.2:4001: 27 bytes\n" },
	{ { .fiber = "serve", .what = "recv_line", .value = 0 },
	  "unix:/s", "server", 0,
	  "   0.000 000 000  server     serve        "
	  "recv_line from unix:/s: the end\n" },
	{ { .what = "datagram", .value = 1 },
	  "udp://[fd00::1]:9", "server", 61 * GN_SEC + 1,
	  "  61.000 000 001  server     -            "
	  "datagram arrives from udp://[fd00::1]:9: 1 byte\n" },
	{ { .fiber = "f", .what = "recvfrom", .value = 0 },
	  "udp://10.0.0.1:9", "server", 0,
	  "   0.000 000 000  server     f            "
	  "recvfrom from udp://10.0.0.1:9: 0 bytes\n" },
	{ { .fiber = "f", .what = "connect", .value = -ECONNREFUSED },
	  "tcp://10.0.0.1:9", "client", 0,
	  "   0.000 000 000  client     f            "
	  "connect to tcp://10.0.0.1:9: connection refused\n" },
	{ { .fiber = "f", .what = "sleep", .value = GN_ETIMEOUT }, NULL,
	  "client", 0,
	  "   0.000 000 000  client     f            "
	  "sleep: deadline passed\n" },
	{ { .fiber = "f", .what = "deadline", .about = "recv" },
	  "tcp://10.0.0.1:9", "client", 0,
	  "   0.000 000 000  client     f            "
	  "deadline strikes recv with tcp://10.0.0.1:9\n" },
	{ { .what = "recv", .value = -EAGAIN }, NULL, "client", 0,
	  "   0.000 000 000  client     -            recv: would wait\n" },
	{ { .what = "ends", .fiber = "f", .value = 0 }, NULL, "client", 0,
	  "   0.000 000 000  client     f            ends\n" },
	{ { .what = "deadlock" }, NULL, NULL, 0,
	  "   0.000 000 000  -          -            deadlock\n" },
	{ { .what = "resend", .value = 1 }, NULL, "client", 0,
	  "   0.000 000 000  client     -            sends again\n" },
	{ { .what = "resend", .value = 2 }, NULL, "client", 0,
	  "   0.000 000 000  client     -            sends again, try 2\n" },
	{ { .what = "recv", .value = 0 }, NULL, "client", 0,
	  "   0.000 000 000  client     -            recv: 0 bytes\n" },
	{ { .what = "loss", .value = 12 }, NULL, "client", 0,
	  "   0.000 000 000  client     -            loss: 12\n" },
};

/* What was told of one event, in a file that goes at once. */
static void tell(const struct line *l, char *text, size_t size)
{
	char path[] = "trace_test.XXXXXX";
	int fd = mkstemp(path);
	struct gni_note n = l->n;
	struct gni_trace t;
	gn_addr with;
	ssize_t len;

	assert_true(fd >= 0);
	if (l->with) {
		assert_int_equal(gn_addr_parse(&with, l->with), 0);
		n.with = &with;
	}
	gni_trace_begin(&t, begin);
	assert_int_equal(gni_trace_tell(&t, path), 0);
	gni_trace_add(&t, gn_time_add(begin, l->at_ns), l->host, &n);
	len = read(fd, text, size - 1);
	assert_true(len > 0);
	text[len] = '\0';
	assert_true(t.hash == hash_of(&n, l->at_ns));
	gni_trace_end(&t);
	close(fd);
	unlink(path);
}

static void lines_read_as_a_story(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		tell(&lines[i], text, sizeof text);
		assert_string_equal(text, lines[i].text);
	}
}

static void where_nothing_can_be_written(void **state)
{
	struct gni_trace t;

	(void)state;
	gni_trace_begin(&t, begin);
	assert_int_equal(gni_trace_tell(&t, "/nowhere/at/all"), -ENOENT);
	gni_trace_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_counts),
		cmocka_unit_test(each_byte_of_a_name_counts),
		cmocka_unit_test(lines_read_as_a_story),
		cmocka_unit_test(where_nothing_can_be_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
