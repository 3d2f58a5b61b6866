/* ip_test.c: digits against inet_pton(3), which is as strict. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/error.h>

#include "addr/ip.h"
#include "base/seed_test.h"
#include "base/text.h"

static void check(const char *text)
{
	uint8_t bytes[16] = { 0 }, expected[16] = { 0 };
	struct gni_reader r = { text, strlen(text), 0, "test",
				GN_EADDR };
	bool is_ip6 = inet_pton(AF_INET6, text, expected) == 1;

	if ((gni_ip6_read(&r, bytes) == 0) != is_ip6) {
		print_error("IPv6: %s\n", text);
		fail();
	}
	if (is_ip6)
		assert_memory_equal(bytes, expected, 16);
	r.at = 0;
	if ((gni_ip4_read(&r, bytes) == 0 && gni_reader_at_end(&r)) !=
	    (inet_pton(AF_INET, text, expected) == 1)) {
		print_error("IPv4: %s\n", text);
		fail();
	}
}

static void agrees_on_known_forms(void **state)
{
	static const char *const texts[] = {
		"::", "::1", "1::", ":::", "::1::", "1::2::3", ":", "", "1",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8",
		"1:2:3::5:6:7:8", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:",
		"12345::", "::12345", "::g", "::1.2.3.4", "::ffff:1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:1.2.3.4", "::1.2.3.4:5", "::1.2.3", "::256.1.1.1",
		"::1.2.3.04", "1.2.3.4::", "64:ff9b::192.0.2.33", "::a.b.c.d",
		"1.2.3.4", "0.0.0.0", "255.255.255.255", "256.0.0.0",
		"1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", ".1.2.3", "1.2.3.",
		"1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "1.2.3.-4", "0x1.2.3.4",
		"99999999999999999999.1.1.1", "1.2.3.99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		check(texts[i]);
}

/* Pieces that addresses are made of, put together at random. */
static void agrees_on_random_forms(void **state)
{
	static const char *const pieces[] = {
		":", ":", ":", "::", ".", ".", "0", "1", "12", "255", "256",
		"0f", "ffff", "FFFF", "abcd", "00001", "1.2.3.4", "g", "1:2",
	};
	struct gni_rng rng = test_rng("agrees_on_random_forms");
	char buf[200];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t count = gni_rng_below(&rng, 17);
		struct gni_text t;

		gni_text_begin(&t, buf, sizeof buf);
		while (count-- > 0)
			gni_text_add(&t, "%s", pieces[gni_rng_below(&rng,
				sizeof pieces / sizeof pieces[0])]);
		check(buf);
	}
}

static void agrees_on_groups_and_one_change(void **state)
{
	static const char changes[] = "0123456789abcdefABCDEFgx:.";
	struct gni_rng rng = test_rng("agrees_on_groups_and_one_change");
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint8_t bytes[16] = { 0 };

		for (int i = 0; i < 16; i++)
			if (gni_rng_below(&rng, 3) == 0)
				bytes[i] = (uint8_t)gni_rng_next(&rng);
		inet_ntop(AF_INET6, bytes, text, sizeof text);
		check(text);
		text[gni_rng_below(&rng, strlen(text))] =
			changes[gni_rng_below(&rng, sizeof changes - 1)];
		check(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_on_known_forms),
		cmocka_unit_test(agrees_on_random_forms),
		cmocka_unit_test(agrees_on_groups_and_one_change),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
