/* point_test.c: which addresses are special, and which are the same. */
#include "io/sim/point.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct in6_addr ip_of(const char *text)
{
	struct in6_addr ip;

	assert_int_equal(inet_pton(AF_INET6, text, &ip), 1);
	return ip;
}

/* A bit anywhere makes an address another. */
static void special_addresses(void **state)
{
	static const struct {
		const char *text;
		bool any, loopback, ipv4;
	} all[] = {
		{ "::", true, false, false },
		{ "::1", false, true, false },
		{ "::2", false, false, false },
		{ "1::", false, false, false },
		{ "1::1", false, false, false },
		{ "0:0:1::", false, false, false },
		{ "0:0:1::1", false, false, false },
		{ "0:0:0:0:1::", false, false, false },
		{ "0:0:0:0:1::1", false, false, false },
		{ "::ffff:0.0.0.0", true, false, true },
		{ "::ffff:127.0.0.1", false, true, true },
		{ "::ffff:127.255.0.9", false, true, true },
		{ "::ffff:126.0.0.1", false, false, true },
		{ "1::ffff:127.0.0.1", false, false, false },
		{ "0:0:1::ffff:127.0.0.1", false, false, false },
		{ "::fffe:127.0.0.1", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct in6_addr ip = ip_of(all[i].text);

		assert_int_equal(gni_point_is_any(&ip), all[i].any);
		assert_int_equal(gni_point_is_loopback(&ip), all[i].loopback);
		assert_int_equal(gni_point_is_ipv4(&ip), all[i].ipv4);
		for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
			struct in6_addr other = ip_of(all[j].text);

			assert_int_equal(gni_point_same_ip(&ip, &other),
					 i == j);
		}
	}
}

/* The family is the socket's; IPv6 may leave out its scope. */
static void what_can_be_read(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(8),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t least = offsetof(struct sockaddr_in6, sin6_scope_id);
	struct gni_point p;

	(void)state;
	assert_int_equal(gni_point_read(&p, AF_INET, &in, sizeof in), 0);
	assert_int_equal(p.port, 7);
	assert_true(gni_point_is_any(&p.ip));
	assert_int_equal(gni_point_read(&p, AF_INET, &in, sizeof in - 1),
			 -EINVAL);
	assert_int_equal(gni_point_read(&p, AF_INET, &in6, sizeof in6),
			 -EAFNOSUPPORT);
	assert_int_equal(gni_point_read(&p, AF_INET6, &in6, least), 0);
	assert_int_equal(p.port, 8);
	assert_true(gni_point_is_loopback(&p.ip));
	assert_int_equal(gni_point_read(&p, AF_INET6, &in6, least - 1),
			 -EINVAL);
	in6.sin6_family = AF_INET;
	assert_int_equal(gni_point_read(&p, AF_INET6, &in6, sizeof in6),
			 -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_addresses),
		cmocka_unit_test(what_can_be_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("point", tests, NULL, NULL);
}
