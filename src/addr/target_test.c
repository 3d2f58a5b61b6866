/* target_test.c: address strings as a whole: schemes, ports, what follows, and
 * that nothing else is ever let in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "addr/case_test.h"
#include "base/seed_test.h"
#include "base/text.h"

static const struct good {
	const char *text;
	enum gn_kind kind;
	uint16_t port;
} good[] = {
	{ "tcp://1.2.3.4:0", GN_TCP, 0 },
	{ "tcp://1.2.3.4:1", GN_TCP, 1 },
	{ "tcp4://1.2.3.4:65535", GN_TCP, 65535 },
	{ "tcp6://[::1]:80", GN_TCP, 80 },
	{ "tcp://*:443", GN_TCP, 443 },
	{ "udp://example.org:53", GN_UDP, 53 },
	{ "udp4://*:0", GN_UDP, 0 },
	{ "udp6://[::]:123", GN_UDP, 123 },
	{ "unix:/x", GN_UNIX, 0 },
	{ "unix-dgram:/x", GN_UNIX_DGRAM, 0 },
	{ "unix-seqpacket:/x", GN_UNIX_SEQPACKET, 0 },
};

static const char scheme[] = "an address begins with tcp://, udp://, unix:";
static const char slashes[] = "two slashes follow the colon";
static const char colon[] = "a colon and a port follow the host";
static const char port[] = "a port is 0 to 65535";
static const char options[] = "only ? and options follow the port";

static const struct bad bad[] = {
	{ "", 1, scheme },
	{ ":", 1, scheme },
	{ "tcp", 1, scheme },
	{ "TCP://1.2.3.4:5", 1, scheme },
	{ " tcp://1.2.3.4:5", 1, scheme },
	{ "tcp5://1.2.3.4:5", 1, scheme },
	{ "tcps://1.2.3.4:5", 1, scheme },
	{ "http://1.2.3.4:5", 1, scheme },
	{ "127.0.0.1:80", 1, scheme },
	{ "localhost:80", 1, scheme },
	{ "[::1]:80", 1, scheme },
	{ ":80", 1, scheme },
	{ "/run/x", 1, scheme },
	{ "unix", 1, scheme },
	{ "unix/run/x", 1, scheme },
	{ "unix-stream:/x", 1, scheme },
	{ "сокет", 1, scheme },
	{ "\xff\xff", 1, scheme },
	{ "tcp:", 5, slashes },
	{ "tcp:/", 5, slashes },
	{ "tcp:1.2.3.4:5", 5, slashes },
	{ "tcp:/1.2.3.4:5", 5, slashes },
	{ "udp6:[::1]:5", 6, slashes },
	{ "tcp://1.2.3.4", 14, colon },
	{ "tcp://[::1]", 12, colon },
	{ "tcp://a", 8, colon },
	{ "tcp://*", 8, colon },
	{ "tcp://a/", 8, colon },
	{ "tcp://a?linger=5s", 8, colon },
	{ "tcp://1.2.3.4/80", 14, colon },
	{ "tcp://1.2.3.4:", 15, port },
	{ "tcp://1.2.3.4:99999", 15, port },
	{ "tcp://1.2.3.4:65536", 15, port },
	{ "tcp://1.2.3.4:18446744073709551617", 15, port },
	{ "tcp://1.2.3.4:+80", 15, port },
	{ "tcp://1.2.3.4:-1", 15, port },
	{ "tcp://1.2.3.4: 80", 15, port },
	{ "tcp://1.2.3.4:080", 15, port },
	{ "tcp://1.2.3.4:00", 15, port },
	{ "tcp://1.2.3.4:http", 15, port },
	{ "tcp://1.2.3.4::80", 15, port },
	{ "tcp://1.2.3.4:?linger=5s", 15, port },
	{ "tcp://[::1]:", 13, port },
	{ "tcp://host:", 12, port },
	{ "tcp://host:80:90", 14, options },
	{ "tcp://1.2.3.4:80/", 17, options },
	{ "tcp://1.2.3.4:80x", 17, options },
	{ "tcp://1.2.3.4:80 ", 17, options },
	{ "tcp://1.2.3.4:80\n", 17, options },
	{ "tcp://1.2.3.4:0x50", 16, options },
	{ "tcp://1.2.3.4:80&linger=5s", 17, options },
	{ "tcp://1.2.3.4:80#x", 17, options },
	{ "tcp://1.2.3.4:80-90", 17, options },
};

static void good_addresses_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct gni_target target = parse(good[i].text);

		assert_int_equal(target.kind, good[i].kind);
		assert_int_equal(target.port, good[i].port);
		if (target.host == GNI_HOST_NUMERIC) {
			assert_int_equal(gn_addr_port(&target.addr),
					 good[i].port);
			assert_int_equal(gn_addr_kind(&target.addr),
					 good[i].kind);
		}
	}
}

static void bad_addresses_are_refused(void **state)
{
	(void)state;
	check_bad(bad, sizeof bad / sizeof bad[0]);
}

static void the_sentence_shows_the_place(void **state)
{
	struct gni_target target;
	char text[200];

	(void)state;
	assert_int_equal(gni_target_parse(&target, "tcp://1.2.3.4:99999",
					  "listen"), GN_EADDR);
	assert_string_equal(gn_error_text(gn_error_last(), text, sizeof text),
			    "listen tcp://1.2.3.4:99999: malformed address "
			    "(character 15: a port is 0 to 65535)");
}

/* gn_addr_parse takes a part of what a target is. */
static void an_end_point_is_a_number(void **state)
{
	static const struct bad cases[] = {
		{ "tcp://*:80", 7, "a star is no single address" },
		{ "tcp://localhost:80", 7, "localhost is a name" },
		{ "udp6://example.org:80", 8, "a name is no address" },
		{ "tcp://1.2.3.4:80?linger=5s", 17, "options belong to" },
		{ "unix:/x?mode=0600", 8, "options belong to" },
		{ "unix:/x?mode=0888", 14, "mode is" },
		{ "tcp://1.2.3.4", 14, "a colon and a port" },
	};
	char expected[100];
	gn_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		addr.kind = GN_TCP;
		assert_int_equal(gn_addr_parse(&addr, cases[i].text),
				 GN_EADDR);
		assert_int_equal(gn_addr_kind(&addr), GN_KIND_NONE);
		snprintf(expected, sizeof expected, "character %zu: %s",
			 cases[i].character, cases[i].rule);
		assert_memory_equal(gn_error_why(gn_error_last()), expected,
				    strlen(expected));
	}
	assert_int_equal(gn_addr_parse(&addr, "tcp4://1.2.3.4:80"), 0);
	assert_int_equal(gn_addr_port(&addr), 80);
}

/* Whatever the text, there is a target that is whole, or a record that names a
 * place in the text. */
static void check_any(const char *text)
{
	struct gni_target target;
	unsigned long place;
	const char *why;
	char *end;
	int code = gni_target_parse(&target, text, "test");

	if (code == 0) {
		assert_int_not_equal(target.kind, GN_KIND_NONE);
		assert_int_equal(target.host == GNI_HOST_NUMERIC,
				 target.addr.kind != GN_KIND_NONE);
		return;
	}
	why = gn_error_why(gn_error_last());
	assert_int_equal(code, GN_EADDR);
	assert_int_equal(gn_code(), GN_EADDR);
	assert_memory_equal(why, "character ", 10);
	place = strtoul(why + 10, &end, 10);
	assert_memory_equal(end, ": ", 2);
	assert_in_range(place, 1, strlen(text) + 1);
}

static void random_bytes_are_judged(void **state)
{
	struct gni_rng rng = test_rng("random_bytes_are_judged");
	char text[400];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = gni_rng_below(&rng, sizeof text);

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + gni_rng_below(&rng, 255));
		text[len] = '\0';
		check_any(text);
	}
}

static void random_pieces_are_judged(void **state)
{
	static const char *const pieces[] = {
		"tcp", "tcp4", "udp6", "unix", "unix-dgram", ":", ":", "//",
		"/", "[", "]", "::", "1.2.3.4", "1", ".", "*", "localhost",
		"example", "?", "&", "=", "linger", "mode", "5s", "0660", "@",
		"%", "%41", "%lo", "80", "99999", "-", "\xd1\x81", "\xff",
	};
	struct gni_rng rng = test_rng("random_pieces_are_judged");
	char buf[400];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t count = gni_rng_below(&rng, 14);
		struct gni_text t;

		gni_text_begin(&t, buf, sizeof buf);
		while (count-- > 0)
			gni_text_add(&t, "%s", pieces[gni_rng_below(&rng,
				sizeof pieces / sizeof pieces[0])]);
		check_any(buf);
	}
}

static void one_changed_byte_is_judged(void **state)
{
	struct gni_rng rng = test_rng("one_changed_byte_is_judged");
	char text[100];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		const char *from = good[gni_rng_below(&rng, sizeof good /
						      sizeof good[0])].text;

		snprintf(text, sizeof text, "%s", from);
		text[gni_rng_below(&rng, strlen(text))] =
			(char)gni_rng_below(&rng, 256);
		check_any(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_addresses_are_read),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(the_sentence_shows_the_place),
		cmocka_unit_test(an_end_point_is_a_number),
		cmocka_unit_test(random_bytes_are_judged),
		cmocka_unit_test(random_pieces_are_judged),
		cmocka_unit_test(one_changed_byte_is_judged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
