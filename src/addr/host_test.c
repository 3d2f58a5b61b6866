/* host_test.c: hosts, each of their forms, and what is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "addr/case_test.h"

static const struct good {
	const char *text;
	enum gni_host host;
	int family;
	const char *written; /* the address, or the name */
} good[] = {
	{ "tcp://0.0.0.0:0", GNI_HOST_NUMERIC, AF_INET, "tcp://0.0.0.0:0" },
	{ "tcp://1.2.3.4:5", GNI_HOST_NUMERIC, AF_INET, "tcp://1.2.3.4:5" },
	{ "tcp4://1.2.3.4:5", GNI_HOST_NUMERIC, AF_INET, "tcp://1.2.3.4:5" },
	{ "tcp://255.255.255.255:65535", GNI_HOST_NUMERIC, AF_INET,
	  "tcp://255.255.255.255:65535" },
	{ "tcp://[::]:0", GNI_HOST_NUMERIC, AF_INET6, "tcp://[::]:0" },
	{ "tcp6://[::1]:80", GNI_HOST_NUMERIC, AF_INET6, "tcp://[::1]:80" },
	{ "tcp://[2001:DB8::0:1]:80", GNI_HOST_NUMERIC, AF_INET6,
	  "tcp://[2001:db8::1]:80" },
	{ "tcp://[1:0:0:2:0:0:0:3]:1", GNI_HOST_NUMERIC, AF_INET6,
	  "tcp://[1:0:0:2::3]:1" },
	{ "udp://[::ffff:1.2.3.4]:1", GNI_HOST_NUMERIC, AF_INET6,
	  "udp://1.2.3.4:1" },
	{ "udp://[fe80::1%7]:1", GNI_HOST_NUMERIC, AF_INET6,
	  "udp://[fe80::1%7]:1" },
	{ "udp://[fe80::1%4294967295]:1", GNI_HOST_NUMERIC, AF_INET6,
	  "udp://[fe80::1%4294967295]:1" },
	/* The first interface of every Linux is lo. */
	{ "udp://[fe80::1%lo]:1", GNI_HOST_NUMERIC, AF_INET6,
	  "udp://[fe80::1%1]:1" },
	{ "tcp://*:80", GNI_HOST_ANY, 0, "" },
	{ "tcp://:80", GNI_HOST_ANY, 0, "" },
	{ "tcp4://*:80", GNI_HOST_ANY, AF_INET, "" },
	{ "tcp6://:0", GNI_HOST_ANY, AF_INET6, "" },
	{ "udp6://*:80", GNI_HOST_ANY, AF_INET6, "" },
	{ "tcp://localhost:1", GNI_HOST_LOCAL, 0, "localhost" },
	{ "tcp6://LocalHost.:1", GNI_HOST_LOCAL, AF_INET6, "LocalHost." },
	{ "tcp://db.localhost:1", GNI_HOST_LOCAL, 0, "db.localhost" },
	{ "tcp://notlocalhost:1", GNI_HOST_NAME, 0, "notlocalhost" },
	{ "tcp://localhost.de:1", GNI_HOST_NAME, 0, "localhost.de" },
	{ "tcp://a:1", GNI_HOST_NAME, 0, "a" },
	{ "tcp://example.org.:1", GNI_HOST_NAME, 0, "example.org." },
	{ "tcp4://xn--e1afmkfd.xn--p1ai:1", GNI_HOST_NAME, AF_INET,
	  "xn--e1afmkfd.xn--p1ai" },
	{ "tcp://1.2.3.com:1", GNI_HOST_NAME, 0, "1.2.3.com" },
	{ "tcp://3com:1", GNI_HOST_NAME, 0, "3com" },
	{ "tcp://4-u.de:1", GNI_HOST_NAME, 0, "4-u.de" },
	{ "tcp://0xyz:1", GNI_HOST_NAME, 0, "0xyz" },
	{ "tcp://beef.cafe:1", GNI_HOST_NAME, 0, "beef.cafe" },
	{ "tcp://"
	  "123456789012345678901234567890123456789012345678901234567890abc"
	  ".de:1", GNI_HOST_NAME, 0,
	  "123456789012345678901234567890123456789012345678901234567890abc"
	  ".de" },
};

static const char ip4[] = "an IPv4 address is four numbers of 0 to 255";
static const char ip6[] = "an IPv6 address is eight groups";
static const char name[] = "a name has letters, digits, hyphens and dots";
static const char part[] = "between the dots of a name stand 1 to 63";
static const char gap[] = ":: stands once";
static const char zone[] = "a zone is an interface's name or number";

static const struct bad bad[] = {
	{ "tcp://1.2.3:80", 12, ip4 },
	{ "tcp://1.2.3.4.5:80", 14, "an IPv4 address ends" },
	{ "tcp://1.2.3.256:80", 13, ip4 },
	{ "tcp://256.1.1.1:80", 7, ip4 },
	{ "tcp://01.2.3.4:80", 7, ip4 },
	{ "tcp://1.2.3.004:80", 13, ip4 },
	{ "tcp://1.2.3.4.:80", 14, "an IPv4 address ends" },
	{ "tcp://1..2.3:80", 9, ip4 },
	{ "tcp://0x7f.1:80", 8, ip4 },
	{ "tcp://0x7f000001:80", 8, ip4 },
	{ "tcp://2130706433:80", 7, ip4 },
	{ "tcp://127.1:80", 12, ip4 },
	{ "tcp://1:80", 8, ip4 },
	{ "tcp://0:80", 8, ip4 },
	{ "tcp://a.1:80", 9, "a name does not end in a number" },
	{ "tcp://a.b.0x1f:80", 11, "a name does not end in a number" },
	{ "tcp://a.0x:80", 9, "a name does not end in a number" },
	{ "tcp://1.2.3.4%1:80", 14, name },
	{ "tcp:// 1.2.3.4:80", 7, name },
	{ "tcp://1.2.3.4 :80", 14, name },
	{ "tcp://-1.2.3.4:80", 7, "a part of a name" },
	{ "tcp://[]:80", 8, ip6 },
	{ "tcp://[:]:80", 8, ip6 },
	{ "tcp://[:::]:80", 10, ip6 },
	{ "tcp://[::1:80", 7, "a bracket is not closed" },
	{ "tcp://[", 7, "a bracket is not closed" },
	{ "tcp://[::1", 7, "a bracket is not closed" },
	{ "tcp://[::1::2]:80", 11, gap },
	{ "tcp://[1:2:3:4:5:6:7:8::]:80", 25, gap },
	{ "tcp://[1:2:3:4::5:6:7:8]:80", 24, gap },
	{ "tcp://[1:2:3:4:5:6:7]:80", 21, ip6 },
	{ "tcp://[1:2:3:4:5:6:7:]:80", 22, ip6 },
	{ "tcp://[1:2:3:4:5:6:7:8:9]:80", 24, ip6 },
	{ "tcp://[12345::]:80", 8, ip6 },
	{ "tcp://[::00001]:80", 10, ip6 },
	{ "tcp://[::g]:80", 10, ip6 },
	{ "tcp://[ ::1]:80", 8, ip6 },
	{ "tcp://[1.2.3.4]:80", 15, ip6 },
	{ "tcp://[::1.2.3]:80", 15, ip4 },
	{ "tcp://[::1.2.3.256]:80", 16, ip4 },
	{ "tcp://[::1.2.3.4:5]:80", 17, ip4 },
	{ "tcp://[1:2:3:4:5:6:7:1.2.3.4]:80", 22, ip6 },
	{ "tcp://[localhost]:80", 8, ip6 },
	{ "tcp://[::1%]:80", 12, zone },
	{ "tcp://[::1%0]:80", 12, "no interface has this name" },
	{ "tcp://[::1%no such]:80", 12, "no interface has this name" },
	{ "tcp://[::1%4294967296]:80", 12, "no interface has this name" },
	{ "tcp://[::1%1234567890abcdef]:80", 12, zone },
	{ "tcp://[::1]80", 12, "a colon and a port follow" },
	{ "tcp://[::1]x:80", 12, "a colon and a port follow" },
	{ "tcp://::1:80", 7, "an IPv6 address stands in brackets" },
	{ "tcp://fe80::1:80", 7, "an IPv6 address stands in brackets" },
	{ "tcp://::", 7, "an IPv6 address stands in brackets" },
	{ "tcp://1:2:3:4:5:6:7:8", 7, "an IPv6 address stands in brackets" },
	{ "tcp://:", 8, "a port is 0 to 65535" },
	{ "tcp://:http", 8, "a port is 0 to 65535" },
	{ "tcp://", 7, "a host is missing" },
	{ "tcp:///run/x", 7, "a host is missing" },
	{ "tcp://?linger=1s", 7, "a host is missing" },
	{ "tcp://**:80", 8, "a colon and a port follow" },
	{ "tcp://*.de:80", 8, "a colon and a port follow" },
	{ "tcp://.:80", 7, part },
	{ "tcp://.a:80", 7, part },
	{ "tcp://a..b:80", 9, part },
	{ "tcp://a.b..:80", 11, part },
	{ "tcp://-a:80", 7, "a part of a name" },
	{ "tcp://a-:80", 7, "a part of a name" },
	{ "tcp://b.a-.c:80", 9, "a part of a name" },
	{ "tcp://a_b:80", 8, name },
	{ "tcp://a@b:80", 8, name },
	{ "tcp://user:pass@b:80", 12, "a port is 0 to 65535" },
	{ "tcp://a b:80", 8, name },
	{ "tcp://a%41:80", 8, name },
	{ "tcp://приём:80", 7, name },
	{ "tcp://aпб:80", 8, name },
	{ "tcp://a\n:80", 8, name },
	{ "tcp://a\xff:80", 8, name },
	{ "tcp://"
	  "123456789012345678901234567890123456789012345678901234567890abcd"
	  ".de:1", 7, part },
	{ "tcp4://[::1]:80", 8, "tcp4 takes IPv4 addresses" },
	{ "tcp6://1.2.3.4:80", 8, "tcp6 takes IPv6 addresses" },
	{ "udp4://[::ffff:1.2.3.4]:80", 8, "udp4 takes IPv4 addresses" },
	{ "udp6://127.0.0.1:80", 8, "udp6 takes IPv6 addresses" },
};

static void good_hosts_are_read(void **state)
{
	char text[GN_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct gni_target target = parse(good[i].text);

		assert_int_equal(target.host, good[i].host);
		assert_int_equal(target.family, good[i].family);
		gn_addr_text(&target.addr, text);
		assert_string_equal(target.host == GNI_HOST_NUMERIC ?
					    text : target.name,
				    good[i].written);
	}
}

static void bad_hosts_are_refused(void **state)
{
	(void)state;
	check_bad(bad, sizeof bad / sizeof bad[0]);
}

/* Of the longest name each byte counts, a final dot does not. */
static void a_name_has_253_bytes(void **state)
{
	char name_253[254] = "", text[300];
	struct gni_target target;
	struct bad longer = { text, 7, "a name has at most 253 bytes" };

	(void)state;
	for (int i = 0; i < 253; i++)
		name_253[i] = i % 50 == 49 ? '.' : 'a';
	snprintf(text, sizeof text, "tcp://%s:1", name_253);
	target = parse(text);
	assert_string_equal(target.name, name_253);
	snprintf(text, sizeof text, "tcp://%s.:1", name_253);
	target = parse(text);
	assert_int_equal(strlen(target.name), 254);
	snprintf(text, sizeof text, "tcp://%sa:1", name_253);
	check_bad(&longer, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_hosts_are_read),
		cmocka_unit_test(bad_hosts_are_refused),
		cmocka_unit_test(a_name_has_253_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
