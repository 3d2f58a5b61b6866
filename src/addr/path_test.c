/* path_test.c: names of Unix sockets, read and written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "addr/case_test.h"
#include "base/seed_test.h"

#define NAME_OFFSET offsetof(struct sockaddr_un, sun_path)

static const struct good {
	const char *text;
	enum gn_kind kind;
	const char *name; /* with a NUL in front: abstract */
	size_t len;
	const char *written; /* NULL: as it was */
} good[] = {
#define NAME(literal) literal, sizeof literal - 1
	{ "unix:/run/x.sock", GN_UNIX, NAME("/run/x.sock"), NULL },
	{ "unix:x", GN_UNIX, NAME("x"), NULL },
	{ "unix:./a b", GN_UNIX, NAME("./a b"), NULL },
	{ "unix:@x", GN_UNIX, NAME("\0x"), NULL },
	{ "unix:@@x/y", GN_UNIX, NAME("\0@x/y"), NULL },
	{ "unix-dgram:/x", GN_UNIX_DGRAM, NAME("/x"), NULL },
	{ "unix-seqpacket:@x", GN_UNIX_SEQPACKET, NAME("\0x"), NULL },
	{ "unix:%40x", GN_UNIX, NAME("@x"), NULL },
	{ "unix:x@", GN_UNIX, NAME("x@"), NULL },
	{ "unix:@%00a%00", GN_UNIX, NAME("\0\0a\0"), NULL },
	{ "unix:/a%3Fb", GN_UNIX, NAME("/a?b"), NULL },
	{ "unix:/a%3fb", GN_UNIX, NAME("/a?b"), "unix:/a%3Fb" },
	{ "unix:/a%25b", GN_UNIX, NAME("/a%b"), NULL },
	{ "unix:/%61", GN_UNIX, NAME("/a"), "unix:/a" },
	{ "unix:/%2Fa", GN_UNIX, NAME("//a"), NULL },
	{ "unix:@//a", GN_UNIX, NAME("\0//a"), NULL },
	{ "unix:a//b", GN_UNIX, NAME("a//b"), NULL },
	{ "unix:/\n\x1b", GN_UNIX, NAME("/\n\x1b"), "unix:/%0A%1B" },
	{ "unix:/сокет", GN_UNIX, NAME("/сокет"), NULL },
	{ "unix:/\xff\xd1", GN_UNIX, NAME("/\xff\xd1"), "unix:/%FF%D1" },
	{ "unix:/a&b=c:d#e", GN_UNIX, NAME("/a&b=c:d#e"), NULL },
	{ "unix:/a?mode=0600", GN_UNIX, NAME("/a"), "unix:/a" },
};

static const char escape[] = "two hex digits follow %";

static const struct bad bad[] = {
	{ "unix:", 6, "a path or @name is missing" },
	{ "unix:@", 7, "a path or @name is missing" },
	{ "unix:?mode=0600", 6, "a path or @name is missing" },
	{ "unix:@?linger=1s", 7, "a path or @name is missing" },
	{ "unix://run/x", 6, "the path follows the colon at once" },
	{ "unix:///run/x", 6, "the path follows the colon at once" },
	{ "unix-dgram://x", 12, "the path follows the colon at once" },
	{ "unix:/a%00b", 8, "a path has no NUL byte" },
	{ "unix:/a%", 8, escape },
	{ "unix:/a%4", 8, escape },
	{ "unix:/a%4g", 8, escape },
	{ "unix:/a%g4", 8, escape },
	{ "unix:/a%%", 8, escape },
	{ "unix:/a%?mode=0600", 8, escape },
	{ "unix:/приём%", 12, escape },
};

static void good_names_are_read(void **state)
{
	char text[GN_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct gni_target target = parse(good[i].text);
		const gn_addr *addr = &target.addr;
		size_t nul = *good[i].name != '\0';
		sa_family_t family;

		assert_int_equal(target.kind, good[i].kind);
		assert_int_equal(target.family, AF_UNIX);
		assert_int_equal(target.host, GNI_HOST_NUMERIC);
		memcpy(&family, addr->sockaddr, sizeof family);
		assert_int_equal(family, AF_UNIX);
		assert_int_equal(addr->len, NAME_OFFSET + good[i].len + nul);
		assert_memory_equal(addr->sockaddr + NAME_OFFSET, good[i].name,
				    good[i].len + nul);
		assert_string_equal(gn_addr_text(addr, text),
				    good[i].written ? good[i].written :
						      good[i].text);
	}
}

static void bad_names_are_refused(void **state)
{
	(void)state;
	check_bad(bad, sizeof bad / sizeof bad[0]);
}

static void a_name_has_107_bytes(void **state)
{
	char text[300];
	struct bad longer = { text, 6, "a path or name has at most 107" };
	struct gni_target target;

	(void)state;
	snprintf(text, sizeof text, "unix:%0107d", 0);
	target = parse(text);
	assert_int_equal(target.addr.len, sizeof(struct sockaddr_un));
	snprintf(text, sizeof text, "unix:@%0107d", 0);
	target = parse(text);
	assert_int_equal(target.addr.len, sizeof(struct sockaddr_un));
	snprintf(text, sizeof text, "unix:%0108d", 0);
	check_bad(&longer, 1);
	snprintf(text, sizeof text, "unix:@%0108d", 0);
	longer.character = 7;
	check_bad(&longer, 1);
}

/* Every name of any bytes is read back as it was written. */
static void any_name_comes_back(void **state)
{
	struct gni_rng rng = test_rng("any_name_comes_back");
	char text[GN_ADDR_TEXT_MAX];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct sockaddr_un un = { .sun_family = AF_UNIX };
		size_t len = 1 + gni_rng_below(&rng, 107);
		bool abstract = gni_rng_below(&rng, 2);
		gn_addr addr, again;

		for (size_t i = 0; i < len; i++)
			un.sun_path[i + abstract] = (char)
				(1 + gni_rng_below(&rng, 255));
		if (abstract)
			un.sun_path[1 + gni_rng_below(&rng, len)] = '\0';
		assert_int_equal(gn_addr_from(&addr, GN_UNIX, &un,
					      NAME_OFFSET + len + 1), 0);
		gn_addr_text(&addr, text);
		assert_int_equal(gn_addr_parse(&again, text), 0);
		assert_true(gn_addr_equal(&addr, &again));
		assert_int_equal(addr.len, again.len);
		assert_memory_equal(addr.sockaddr, again.sockaddr, addr.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names_are_read),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(a_name_has_107_bytes),
		cmocka_unit_test(any_name_comes_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
