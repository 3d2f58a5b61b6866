/* sentence_test.c: records and the sentences they become. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <gnezdo/text.h>

#include "error/error.h"

/* A record by its parts: addresses as text, "-" for a Unix socket's end that
 * was never bound, "|" for a pipe's. */
struct sentence {
	int code, sys;
	const char *operation, *about, *local, *peer;
	size_t done, need;
	const char *why;
	const char *text;
};

static const struct sentence sentences[] = {
	{ GN_EREFUSED, ECONNREFUSED, "connect", "tcp://10.0.0.9:5432", NULL,
	  NULL, 0, 0, NULL,
	  "connect tcp://10.0.0.9:5432: connection refused" },
	{ GN_ETIMEOUT, 0, "send", NULL, "tcp://10.0.0.5:41022",
	  "tcp://10.0.0.9:5432", 512, 0, NULL,
	  "send tcp://10.0.0.5:41022->10.0.0.9:5432: deadline passed, "
	  "512 bytes sent" },
	{ GN_ESHORT, 0, "recv_exact", NULL, "tcp://[::1]:1", "tcp://[::1]:2",
	  3, 10, NULL,
	  "recv_exact tcp://[::1]:1->[::1]:2: the other side ended in "
	  "mid-message, 3 of 10 bytes received" },
	{ GN_ESHORT, 0, "recv_exact", NULL, NULL, "tcp://[::1]:2", 0, 10, NULL,
	  "recv_exact tcp://[::1]:2: the other side ended in mid-message, "
	  "0 of 10 bytes received" },
	{ GN_EPERM, EACCES, "listen", "tcp://127.0.0.1:80", NULL, NULL, 0, 0,
	  "ports below 1024 need CAP_NET_BIND_SERVICE",
	  "listen tcp://127.0.0.1:80: not permitted (ports below 1024 need "
	  "CAP_NET_BIND_SERVICE)" },
	{ GN_ETRUNC, 0, "recvfrom", NULL, "udp://127.0.0.1:9", NULL, 4, 1000,
	  NULL,
	  "recvfrom udp://127.0.0.1:9: datagram too long for the buffer, "
	  "4 of 1000 bytes received" },
	{ GN_ERESET, ECONNRESET, "send_all", NULL, NULL, "tcp://1.2.3.4:5", 1,
	  0, NULL,
	  "send_all tcp://1.2.3.4:5: connection broken by the other side, "
	  "1 byte sent" },
	{ GN_EDEADLOCK, 0, "copy", NULL, NULL, NULL, 7, 0, NULL,
	  "copy: all wait and nothing can come, 7 bytes moved" },
	{ GN_EUNREACH, ENETUNREACH, "connect", "tcp://[fe80::1%9]:1", NULL,
	  NULL, 0, 0, NULL,
	  "connect tcp://[fe80::1%9]:1: unreachable (Network is "
	  "unreachable)" },
	{ GN_ESYS, EPROTOTYPE, "connect", "unix:/run/x", NULL, NULL, 0, 0,
	  "it is a datagram socket",
	  "connect unix:/run/x: system error (Protocol wrong type for socket; "
	  "it is a datagram socket)" },
	{ GN_ECLOSED, 0, "recv", NULL, "-", "unix:/run/x", 0, 0, NULL,
	  "recv unix:/run/x: closed on this side" },
	{ GN_ECLOSED, 0, "recv", NULL, "unix:/run/x", "-", 0, 0, NULL,
	  "recv unix:/run/x: closed on this side" },
	{ GN_ECLOSED, 0, "recv", NULL, "unix:@a", "unix:/run/x", 0, 0, NULL,
	  "recv unix:@a->/run/x: closed on this side" },
	{ GN_EEND, 0, "recv", NULL, "-", "-", 0, 0, NULL,
	  "recv unix: the other side ended" },
	{ GN_EEND, 0, "recv", NULL, NULL, "-", 0, 0, NULL,
	  "recv unix: the other side ended" },
	{ GN_EEND, 0, "read", NULL, "|", NULL, 0, 0, NULL,
	  "read pipe: the other side ended" },
	{ GN_EADDR, 0, "listen", "tcp://a\nb\033[31m:сокет", NULL, NULL, 0, 0,
	  "\033[0m",
	  "listen tcp://a\\x0Ab\\x1B[31m:сокет: malformed address "
	  "(\\x1B[0m)" },
	{ GN_ENOMEM, 0, NULL, NULL, NULL, NULL, 0, 0, NULL, "no memory" },
};

static const gn_addr *address(gn_addr *addr, const char *text)
{
	static const sa_family_t family = AF_UNIX;
	int code = 0;

	if (!text)
		return NULL;
	if (*text == '-')
		code = gn_addr_from(addr, GN_UNIX, &family, sizeof family);
	else if (*text == '|')
		*addr = (gn_addr){ .kind = GN_PIPE };
	else
		code = gn_addr_parse(addr, text);
	assert_int_equal(code, 0);
	return addr;
}

static void record_failure(const struct sentence *s)
{
	gn_addr local, peer;
	struct gni_cause cause = {
		.code = s->code,
		.sys = s->sys,
		.operation = s->operation,
		.about = s->about,
		.local = address(&local, s->local),
		.peer = address(&peer, s->peer),
		.done = s->done,
		.need = s->need,
	};

	if (s->why)
		gni_fail(&cause, "%s", s->why);
	else
		gni_fail(&cause, NULL);
}

static void records_become_sentences(void **state)
{
	char text[500];

	(void)state;
	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
		record_failure(&sentences[i]);
		assert_ptr_equal(gn_error_text(gn_error_last(), text,
					       sizeof text), text);
		assert_string_equal(text, sentences[i].text);
	}
	gni_error_thread_end();
	gn_error_text(gn_error_last(), text, sizeof text);
	assert_string_equal(text, "no failure");
}

static void tried_addresses_are_listed(void **state)
{
	struct gni_cause cause = { .code = GN_EREFUSED, .operation = "connect",
				   .about = "tcp://localhost:5" };
	gn_addr addr;
	char text[500];

	(void)state;
	gni_fail(&cause, NULL);
	gni_error_tried(address(&addr, "tcp://[::1]:5"), GN_EREFUSED);
	gni_error_tried(address(&addr, "tcp://127.0.0.1:5"), GN_ETIMEOUT);
	gn_error_text(gn_error_last(), text, sizeof text);
	assert_string_equal(text,
			    "connect tcp://localhost:5: connection refused "
			    "(tried [::1]:5: connection refused, "
			    "127.0.0.1:5: deadline passed)");
	gni_fail(&cause, "no more left");
	gni_error_tried(address(&addr, "unix:/run/x"), GN_ENOENT);
	gn_error_text(gn_error_last(), text, sizeof text);
	assert_string_equal(text,
			    "connect tcp://localhost:5: connection refused "
			    "(no more left)");
	gni_error_thread_end();
}

static void every_size_gives_a_beginning(void **state)
{
	char whole[500], text[500];
	size_t len;

	(void)state;
	record_failure(&sentences[16]);
	len = strlen(gn_error_text(gn_error_last(), whole, sizeof whole));
	for (size_t size = 1; size <= len + 1; size++) {
		memset(text, '#', sizeof text);
		gn_error_text(gn_error_last(), text, size);
		assert_int_equal(text[size], '#');
		assert_true(strlen(text) < size);
		assert_memory_equal(text, whole, strlen(text));
		assert_int_equal(gn_utf8_whole(text, strlen(text), NULL),
				 strlen(text));
	}
	assert_string_equal(text, whole);
	gni_error_thread_end();
}

/* What gn_perror writes, all by one write: a packet keeps its bounds. */
static void check_printed(const char *what, const char *expected)
{
	char text[4096];
	int fds[2], kept = dup(STDERR_FILENO);
	ssize_t len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	dup2(fds[1], STDERR_FILENO);
	gn_perror(what);
	dup2(kept, STDERR_FILENO);
	len = recv(fds[0], text, sizeof text - 1, MSG_DONTWAIT);
	assert_true(len > 0);
	text[len] = '\0';
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_int_equal(text[len - 1], '\n');
	close(kept);
	close(fds[0]);
	close(fds[1]);
}

static void a_failure_is_printed_as_one_line(void **state)
{
	static char name[4000];

	(void)state;
	check_printed("ask", "ask: no failure\n");
	record_failure(&sentences[0]);
	check_printed("ask", "ask: connect tcp://10.0.0.9:5432: connection "
			     "refused\n");
	check_printed(NULL, "connect tcp://10.0.0.9:5432: connection "
			    "refused\n");
	check_printed("a\nb", "a\\x0Ab: connect tcp://10.0.0.9:5432: "
			      "connection refused\n");
	memset(name, 'n', sizeof name - 1);
	check_printed(name, NULL);
	gni_error_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_become_sentences),
		cmocka_unit_test(tried_addresses_are_listed),
		cmocka_unit_test(every_size_gives_a_beginning),
		cmocka_unit_test(a_failure_is_printed_as_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
