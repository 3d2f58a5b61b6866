/* addr_test.c: addresses as values. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "addr/addr.h"
#include "base/seed_test.h"
#include "error/error.h"

static gn_addr parsed(const char *text)
{
	gn_addr addr;

	assert_int_equal(gn_addr_parse(&addr, text), 0);
	return addr;
}

static void check_text(const gn_addr *addr, const char *expected)
{
	char text[GN_ADDR_TEXT_MAX];

	assert_ptr_equal(gn_addr_text(addr, text), text);
	assert_string_equal(text, expected);
}

static void no_address_is_told(void **state)
{
	gn_addr none = { 0 }, strange = { .kind = 200, .len = 20 };

	(void)state;
	check_text(NULL, "?");
	check_text(&none, "?");
	check_text(&strange, "?");
	assert_int_equal(gn_addr_kind(NULL), GN_KIND_NONE);
	assert_int_equal(gn_addr_kind(&none), GN_KIND_NONE);
	assert_int_equal(gni_addr_family(&none), AF_UNSPEC);
	assert_int_equal(gn_addr_port(NULL), 0);
	assert_int_equal(gn_addr_port(&none), 0);
	assert_false(gn_addr_is_ipv6(NULL));
	assert_false(gn_addr_is_ipv6(&none));
	assert_false(gn_addr_equal(NULL, NULL));
	assert_false(gn_addr_equal(&none, &none));
}

static void kinds_have_words_and_types(void **state)
{
	(void)state;
	assert_string_equal(gni_kind_word(GN_TCP), "tcp");
	assert_string_equal(gni_kind_word(GN_UNIX_DGRAM), "unix-dgram");
	assert_string_equal(gni_kind_word((enum gn_kind)99), "?");
	assert_int_equal(gni_kind_type(GN_TCP), SOCK_STREAM);
	assert_int_equal(gni_kind_type(GN_UDP), SOCK_DGRAM);
	assert_int_equal(gni_kind_type(GN_UNIX), SOCK_STREAM);
	assert_int_equal(gni_kind_type(GN_UNIX_DGRAM), SOCK_DGRAM);
	assert_int_equal(gni_kind_type(GN_UNIX_SEQPACKET), SOCK_SEQPACKET);
	assert_int_equal(gni_kind_type(GN_PIPE), 0);
}

static void what_the_kernel_gives_is_shown(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	uint8_t bytes[200];
	gn_addr addr;

	(void)state;
	gni_addr_set(&addr, GN_UNIX, &un, 2); /* never bound */
	check_text(&addr, "unix:");
	gni_addr_set(&addr, GN_UNIX_DGRAM, NULL, 0); /* its sender */
	check_text(&addr, "unix-dgram:");
	memcpy(un.sun_path, "\0" "00a1b", 6); /* autobind */
	gni_addr_set(&addr, GN_UNIX, &un, 8);
	check_text(&addr, "unix:@00a1b");
	memset(un.sun_path, 'x', sizeof un.sun_path); /* no room for a NUL */
	gni_addr_set(&addr, GN_UNIX, &un, sizeof un);
	assert_int_equal(strlen(gn_addr_text(&addr, (char[600]){ 0 })), 113);
	gni_addr_set(&addr, GN_TCP, NULL, 0);
	check_text(&addr, "?");
	gni_addr_set(&addr, GN_PIPE, NULL, 0);
	check_text(&addr, "pipe:");
	memset(bytes, 0xff, sizeof bytes);
	gni_addr_set(&addr, GN_TCP, bytes, sizeof bytes);
	assert_int_equal(addr.len, sizeof addr.sockaddr);
	check_text(&addr, "?");
}

static void every_kind_and_family_is_judged(void **state)
{
	static const struct {
		enum gn_kind kind;
		int family;
		size_t len, kept; /* 0: refused */
	} cases[] = {
		{ GN_TCP, AF_INET, 16, 16 },   { GN_UDP, AF_INET, 16, 16 },
		{ GN_TCP, AF_INET, 15, 0 },    { GN_TCP, AF_INET, 128, 16 },
		{ GN_TCP, AF_INET6, 28, 28 },  { GN_TCP, AF_INET6, 27, 0 },
		{ GN_UDP, AF_INET6, 128, 28 }, { GN_TCP, AF_UNIX, 110, 0 },
		{ GN_TCP, AF_UNSPEC, 16, 0 },  { GN_UNIX, AF_INET, 16, 0 },
		{ GN_UNIX, AF_UNIX, 2, 2 },    { GN_UNIX, AF_UNIX, 110, 110 },
		{ GN_UNIX, AF_UNIX, 111, 0 },  { GN_UNIX, AF_UNIX, 1, 0 },
		{ GN_UNIX, AF_UNIX, 0, 0 },    { GN_UNIX, AF_INET6, 28, 0 },
		{ GN_UNIX_DGRAM, AF_UNIX, 9, 9 },
		{ GN_UNIX_SEQPACKET, AF_UNIX, 9, 9 },
		{ GN_PIPE, AF_UNIX, 9, 0 },    { GN_PIPE, AF_INET, 16, 0 },
		{ GN_KIND_NONE, AF_INET, 16, 0 },
		{ (enum gn_kind)77, AF_INET, 16, 0 },
	};
	struct sockaddr_storage from = { 0 };
	gn_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int code = cases[i].kept ? 0 : GN_EINVAL;

		from.ss_family = (sa_family_t)cases[i].family;
		assert_int_equal(gn_addr_from(&addr, cases[i].kind, &from,
					      cases[i].len), code);
		assert_int_equal(addr.len, cases[i].kept);
		assert_int_equal(addr.kind, code ? 0 : cases[i].kind);
	}
}

static void equality(const char *a, const char *b, bool equal)
{
	gn_addr p = parsed(a), q = parsed(b);

	if (gn_addr_equal(&p, &q) != equal || gn_addr_equal(&q, &p) != equal) {
		print_error("%s and %s\n", a, b);
		fail();
	}
}

static void equal_end_points_are_equal(void **state)
{
	(void)state;
	equality("tcp://1.2.3.4:5", "tcp://1.2.3.4:5", true);
	equality("tcp://1.2.3.4:5", "tcp4://1.2.3.4:5", true);
	equality("tcp://1.2.3.4:5", "tcp://[::ffff:1.2.3.4]:5", true);
	equality("tcp://[::FFFF:102:304]:5", "tcp://[::ffff:1.2.3.4]:5", true);
	equality("tcp://1.2.3.4:5", "tcp://[::1.2.3.4]:5", false);
	equality("tcp://1.2.3.4:5", "tcp://1.2.3.4:6", false);
	equality("tcp://1.2.3.4:5", "tcp://1.2.3.5:5", false);
	equality("tcp://1.2.3.4:5", "udp://1.2.3.4:5", false);
	equality("tcp://[fe80::1%1]:5", "tcp://[fe80::1%2]:5", false);
	equality("tcp://[fe80::1%1]:5", "tcp://[fe80::1]:5", false);
	equality("tcp://[::]:0", "tcp://0.0.0.0:0", false);
	/* IPv4 has no zones. */
	equality("tcp://[::ffff:1.2.3.4%1]:5", "tcp://1.2.3.4:5", true);
	equality("unix:/x", "unix:/x", true);
	equality("unix:/x", "unix:/y", false);
	equality("unix:/x", "unix:/xy", false);
	equality("unix:/x", "unix:@/x", false);
	equality("unix:@x", "unix:%40x", false);
	equality("unix:@x", "unix:@x%00", false);
	equality("unix:/x", "unix-dgram:/x", false);
}

static void a_path_ends_at_its_nul(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/x" };
	gn_addr whole, part, none, written = parsed("unix:/x");

	(void)state;
	assert_int_equal(gn_addr_from(&whole, GN_UNIX, &un, sizeof un), 0);
	assert_int_equal(gn_addr_from(&part, GN_UNIX, &un, 4), 0);
	assert_int_equal(gn_addr_from(&none, GN_UNIX, &un, 2), 0);
	assert_true(gn_addr_equal(&whole, &part));
	assert_true(gn_addr_equal(&whole, &written));
	assert_false(gn_addr_equal(&none, &none));
}

static void ports_and_families_are_read(void **state)
{
	gn_addr ip4 = parsed("tcp://1.2.3.4:5"), ip6 = parsed("udp://[::1]:6");
	gn_addr both = parsed("tcp://[::ffff:1.2.3.4]:7");
	gn_addr un = parsed("unix:x");

	(void)state;
	assert_int_equal(gn_addr_port(&ip4), 5);
	assert_int_equal(gn_addr_port(&ip6), 6);
	assert_int_equal(gn_addr_port(&both), 7);
	assert_int_equal(gn_addr_port(&un), 0);
	assert_false(gn_addr_is_ipv6(&ip4));
	assert_true(gn_addr_is_ipv6(&ip6));
	assert_false(gn_addr_is_ipv6(&both));
	assert_false(gn_addr_is_ipv6(&un));
	assert_int_equal(gni_addr_family(&ip4), AF_INET);
	assert_int_equal(gni_addr_family(&both), AF_INET6);
	assert_int_equal(gni_addr_family(&un), AF_UNIX);
	gni_addr_set_port(&ip4, 65535);
	gni_addr_set_port(&ip6, 0);
	gni_addr_set_port(&un, 9);
	check_text(&ip4, "tcp://1.2.3.4:65535");
	check_text(&ip6, "udp://[::1]:0");
	check_text(&un, "unix:x");
}

static void random_numbers(struct gni_rng *rng, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = gni_rng_below(rng, 2) ? (uint8_t)gni_rng_next(rng) : 0;
}

/* Every Internet address is read back as it was written. */
static void any_number_comes_back(void **state)
{
	struct gni_rng rng = test_rng("any_number_comes_back");
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in ip4 = { .sin_family = AF_INET };
	char text[GN_ADDR_TEXT_MAX];
	gn_addr addr, again;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		random_numbers(&rng, (uint8_t *)&ip6.sin6_addr, 16);
		random_numbers(&rng, (uint8_t *)&ip4.sin_addr, 4);
		ip6.sin6_port = ip4.sin_port = (uint16_t)gni_rng_next(&rng);
		ip6.sin6_scope_id = gni_rng_below(&rng, 2) ?
			(uint32_t)gni_rng_next(&rng) : 0;
		assert_int_equal(gn_addr_from(&addr, GN_UDP,
			round % 2 ? (void *)&ip6 : (void *)&ip4,
			round % 2 ? sizeof ip6 : sizeof ip4), 0);
		gn_addr_text(&addr, text);
		assert_int_equal(gn_addr_parse(&again, text), 0);
		assert_true(gn_addr_equal(&addr, &again));
		assert_int_equal(gn_addr_port(&again), ntohs(ip4.sin_port));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_address_is_told),
		cmocka_unit_test(kinds_have_words_and_types),
		cmocka_unit_test(what_the_kernel_gives_is_shown),
		cmocka_unit_test(every_kind_and_family_is_judged),
		cmocka_unit_test(equal_end_points_are_equal),
		cmocka_unit_test(a_path_ends_at_its_nul),
		cmocka_unit_test(ports_and_families_are_read),
		cmocka_unit_test(any_number_comes_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
