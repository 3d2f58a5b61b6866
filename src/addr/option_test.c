/* option_test.c: options, their values and the kinds they belong to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnezdo/time.h>

#include "addr/case_test.h"
#include "addr/option.h"

static const struct good {
	const char *text;
	struct gni_options options;
} good[] = {
	/* linger, alive, backlog, sndbuf, rcvbuf, mode, nodelay, recv-ahead */
	{ "tcp://a:1?linger=0s", { 0, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?linger=10us",
	  { 10 * GN_USEC, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?linger=200ms",
	  { 200 * GN_MSEC, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?linger=1m", { GN_MIN, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?linger=1h", { GN_HOUR, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?linger=3600s", { GN_HOUR, -1, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?alive=30s", { -1, 30 * GN_SEC, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?alive=9h", { -1, 9 * GN_HOUR, -1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?backlog=1", { -1, -1, 1, -1, -1, -1, -1, -1 } },
	{ "tcp://a:1?backlog=65535", { -1, -1, 65535, -1, -1, -1, -1, -1 } },
	{ "udp://a:1?sndbuf=64k", { -1, -1, -1, 65536, -1, -1, -1, -1 } },
	{ "udp://a:1?rcvbuf=1M", { -1, -1, -1, -1, 1 << 20, -1, -1, -1 } },
	{ "udp://a:1?rcvbuf=1024", { -1, -1, -1, -1, 1024, -1, -1, -1 } },
	{ "udp://a:1?rcvbuf=1024M", { -1, -1, -1, -1, 1 << 30, -1, -1, -1 } },
	{ "tcp://a:1?nodelay=on", { -1, -1, -1, -1, -1, -1, 1, -1 } },
	{ "tcp://a:1?nodelay=off", { -1, -1, -1, -1, -1, -1, 0, -1 } },
	{ "unix:/a?mode=0660", { -1, -1, -1, -1, -1, 0660, -1, -1 } },
	{ "unix:/a?mode=660", { -1, -1, -1, -1, -1, 0660, -1, -1 } },
	{ "unix-dgram:a?mode=0", { -1, -1, -1, -1, -1, 0, -1, -1 } },
	{ "unix-seqpacket:a?mode=0777&backlog=9&linger=5s",
	  { 5 * GN_SEC, -1, 9, -1, -1, 0777, -1, -1 } },
	{ "tcp://[::1]:1?rcvbuf=8k&sndbuf=4k",
	  { -1, -1, -1, 4096, 8192, -1, -1, -1 } },
	{ "tcp://a:1?recv-ahead=4k", { -1, -1, -1, -1, -1, -1, -1, 4096 } },
	{ "unix:/a?recv-ahead=1M", { -1, -1, -1, -1, -1, -1, -1, 1 << 20 } },
	{ "tcp://*:80?backlog=512&alive=30s",
	  { -1, 30 * GN_SEC, 512, -1, -1, -1, -1, -1 } },
};

static const char of_tcp[] = "no option x; there are linger, alive, backlog, "
			     "sndbuf, rcvbuf, nodelay, recv-ahead";
static const char of_udp[] = "no option linger; there are sndbuf, rcvbuf";
static const char of_none[] = "an option is missing; there are linger, alive";

static const struct bad bad[] = {
	{ "tcp://a:1?", 11, of_none },
	{ "tcp://a:1?x=1", 11, of_tcp },
	{ "tcp://a:1?x", 11, of_tcp },
	{ "tcp://a:1?linger=5s&x=1", 21, of_tcp },
	{ "tcp://a:1?linger=5s&", 21, of_none },
	{ "tcp://a:1?&linger=5s", 11, of_none },
	{ "tcp://a:1?=5s", 11, of_none },
	{ "tcp://a:1?Linger=5s", 11, "no option Linger; there are linger" },
	{ "tcp://a:1?linge=5s", 11, "no option linge; there are linger" },
	{ "tcp://a:1?lingers=5s", 11, "no option lingers; there are linger" },
	{ "udp://a:1?linger=5s", 11, of_udp },
	{ "unix:/a?nodelay=on", 9, "no option nodelay; there are linger, "
	  "backlog, sndbuf, rcvbuf, mode, recv-ahead" },
	{ "unix-dgram:/a?backlog=5", 15, "no option backlog; there are sndbuf, "
	  "rcvbuf, mode" },
	{ "unix:@a?mode=0600", 9, "no option mode; there are linger, backlog, "
	  "sndbuf, rcvbuf, recv-ahead" },
	{ "tcp://a:1?mode=0600", 11, "no option mode; there are" },
	{ "tcp://a:1?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "=1", 11, "no option aaaaaaaaaaaaaaaaaaaaaaaa; there" },
	{ "tcp://a:1?\033[0m=1", 11, "no option \\x1B[0m; there are" },
	{ "tcp://a:1?linger", 17, "linger needs a value" },
	{ "tcp://a:1?linger&x", 17, "linger needs a value" },
	{ "tcp://a:1?linger=", 18, "linger is a duration of 0s to 1h" },
	{ "tcp://a:1?linger=5", 18, "linger is a duration" },
	{ "tcp://a:1?linger=s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=-5s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=+5s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=05s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=1.5s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=5 s", 18, "linger is a duration" },
	{ "tcp://a:1?linger=5S", 18, "linger is a duration" },
	{ "tcp://a:1?linger=5ss", 18, "linger is a duration" },
	{ "tcp://a:1?linger=61m", 18, "linger is a duration" },
	{ "tcp://a:1?linger=9223372036854775807h", 18, "linger is a" },
	{ "tcp://a:1?linger=99999999999999999999s", 18, "linger is a" },
	{ "tcp://a:1?linger=1s&linger=1s", 21, "linger is given twice" },
	{ "tcp://a:1?linger=1s&backlog=3&linger=2s", 31,
	  "linger is given twice" },
	{ "tcp://a:1?alive=999ms", 17, "alive is a duration of 3s to 9h" },
	{ "tcp://a:1?alive=10h", 17, "alive is a duration" },
	{ "tcp://a:1?backlog=0", 19, "backlog is 1 to 65535" },
	{ "tcp://a:1?backlog=65536", 19, "backlog is 1 to 65535" },
	{ "tcp://a:1?backlog=1k", 19, "backlog is 1 to 65535" },
	{ "tcp://a:1?sndbuf=1023", 18, "sndbuf is 1k to 1024M" },
	{ "tcp://a:1?sndbuf=1025M", 18, "sndbuf is 1k to 1024M" },
	{ "tcp://a:1?sndbuf=1g", 18, "sndbuf is 1k to 1024M" },
	{ "tcp://a:1?sndbuf=64K", 18, "sndbuf is 1k to 1024M" },
	{ "tcp://a:1?recv-ahead=4095", 22, "recv-ahead is 4k to 1M bytes" },
	{ "tcp://a:1?recv-ahead=2M", 22, "recv-ahead is 4k to 1M bytes" },
	{ "tcp://a:1?recv-ahead=0", 22, "recv-ahead is 4k to 1M bytes" },
	{ "tcp://a:1?recvahead=8k", 11, "no option recvahead; there are" },
	{ "udp://a:1?recv-ahead=8k", 11, "no option recv-ahead; there are" },
	{ "unix-seqpacket:/a?recv-ahead=8k", 19, "no option recv-ahead; the" },
	{ "unix:/a?mode=0888", 14, "mode is 0 to 0777, in octal" },
	{ "unix:/a?mode=01777", 14, "mode is 0 to 0777" },
	{ "unix:/a?mode=rw", 14, "mode is 0 to 0777" },
	{ "tcp://a:1?nodelay=1", 19, "nodelay is on or off" },
	{ "tcp://a:1?nodelay=", 19, "nodelay is on or off" },
	{ "tcp://a:1?nodelay=On", 19, "nodelay is on or off" },
	{ "tcp://a:1?nodelay=on?alive=3s", 19, "nodelay is on or off" },
	{ "tcp://a:1?nodelay=on;alive=3s", 19, "nodelay is on or off" },
};

static void check_same(const struct gni_options *a, const struct gni_options *b)
{
	assert_int_equal(a->linger_ns, b->linger_ns);
	assert_int_equal(a->alive_ns, b->alive_ns);
	assert_int_equal(a->backlog, b->backlog);
	assert_int_equal(a->send_bytes, b->send_bytes);
	assert_int_equal(a->recv_bytes, b->recv_bytes);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->nodelay, b->nodelay);
	assert_int_equal(a->ahead_bytes, b->ahead_bytes);
}

static void good_options_are_read(void **state)
{
	const struct gni_options none = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct gni_target target;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		target = parse(good[i].text);
		check_same(&target.options, &good[i].options);
	}
	target = parse("tcp://a:1");
	check_same(&target.options, &none);
	check_same(&gni_options_none, &none);
}

static void bad_options_are_refused(void **state)
{
	(void)state;
	check_bad(bad, sizeof bad / sizeof bad[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_options_are_read),
		cmocka_unit_test(bad_options_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
