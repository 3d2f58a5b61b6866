/*
 * parity_test.c: what Linux does where a simulator would easily be kinder,
 * as scripts that say what each step gives.  They are run on the kernel through
 * every backend and in the simulator; parity_test.h has their words.
 */
#include "io/parity_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_MAX 1000
#define NAME_SIZE 80
#define STEP_SIZE 64

/* Two ends, a and b, and nobody else. */
#define TCP "tcp l; bind l; listen l 8; tcp a; " TWO
#define UNIX "unix l; bind l; listen l 8; unix a; " TWO
#define PACKET "packet l; bind l; listen l 8; packet a; " TWO
#define TWO "connect a l; accept l b; close l; "
#define UDP "udp b; bind b; udp a; connect a b; "
#define DGRAM "dgram b; bind b; dgram a; connect a b; "

/* A step without a result gives 0. */
static const struct script {
	const char *name;
	const char *steps;
} scripts[] = {
	/* ---- how a TCP connection ends */
	{ "tcp/half-close", TCP
	  "send a 5 = 5; shut a w; poll b = in out rdhup; recv b 9 = 5; "
	  "recv b 9; recv b 9; poll b = in out rdhup; send b 3 = 3; "
	  "poll a = in out; recv a 9 = 3; recv a 9 = waits; shut b w; "
	  "poll a = in out hup rdhup; poll b = in out hup rdhup; recv a 9; "
	  "error a; error b" },
	{ "tcp/end-with-the-last-bytes", TCP
	  "send a 5 = 5; close a; poll b = in out rdhup; recv b 3 = 3; "
	  "recv b 9 = 2; recv b 9; error b; poll b = in out rdhup" },
	{ "tcp/send-after-our-own-end", TCP
	  "shut a w; send a 1 = EPIPE; send a 1 = EPIPE; error a; "
	  "poll a = out; send b 2 = 2; poll a = in out; recv a 9 = 2" },
	{ "tcp/recv-after-our-own-refusal", TCP
	  "send b 3 = 3; poll a = in out; shut a r; poll a = in out rdhup; "
	  "recv a 2 = 2; recv a 2 = 1; recv a 2; send b 4 = 4; "
	  "recv a 9 = 4; recv a 9; send a 1 = 1; recv b 9 = 1" },
	/* The first send is taken, and answered by a reset. */
	{ "tcp/send-to-a-closed-peer", TCP
	  "close b; poll a = in out rdhup; send a 1 = 1; "
	  "poll a = in out err hup rdhup; send a 1 = EPIPE; "
	  "send a 1 = EPIPE; error a; recv a 9; poll a = in out hup rdhup" },
	{ "tcp/error-of-a-send-to-a-closed-peer", TCP
	  "close b; poll a = in out rdhup; send a 1 = 1; "
	  "poll a = in out err hup rdhup; error a = EPIPE; error a; "
	  "send a 1 = EPIPE; recv a 9" },
	{ "tcp/close-with-unread-is-a-reset", TCP
	  "send a 5 = 5; poll b = in out; close b; "
	  "poll a = in out err hup rdhup; send a 1 = ECONNRESET; "
	  "send a 1 = EPIPE; recv a 9; poll a = in out hup rdhup" },
	{ "tcp/close-with-unread-after-the-end", TCP
	  "send a 5 = 5; shut a w; poll b = in out rdhup; close b; "
	  "poll a = in out err hup rdhup; recv a 9 = ECONNRESET; recv a 9" },
	{ "tcp/recv-after-a-reset", TCP
	  "reset b; poll a = in out err hup rdhup; recv a 9 = ECONNRESET; "
	  "recv a 9; send a 1 = EPIPE; error a; poll a = in out hup rdhup" },
	{ "tcp/error-of-a-reset", TCP
	  "reset b; poll a = in out err hup rdhup; error a = ECONNRESET; "
	  "error a; recv a 9; send a 1 = EPIPE" },
	{ "tcp/bytes-before-a-reset", TCP
	  "send b 5 = 5; poll a = in out; reset b; "
	  "poll a = in out err hup rdhup; peek a 9 = 5; recv a 3 = 3; "
	  "recv a 9 = 2; recv a 9 = ECONNRESET; recv a 9" },
	{ "tcp/a-send-takes-the-error-before-the-bytes", TCP
	  "send b 5 = 5; poll a = in out; reset b; "
	  "poll a = in out err hup rdhup; send a 1 = ECONNRESET; "
	  "send a 1 = EPIPE; recv a 9 = 5; recv a 9" },
	{ "tcp/a-reset-after-the-end", TCP
	  "shut b w; poll a = in out rdhup; reset b; "
	  "poll a = in out err hup rdhup; recv a 9; error a = EPIPE; "
	  "error a; send a 1 = EPIPE" },
	{ "tcp/a-reset-after-our-end", TCP
	  "shut a w; poll b = in out rdhup; reset b; "
	  "poll a = in out err hup rdhup; recv a 9 = ECONNRESET; recv a 9" },
	{ "tcp/a-reset-after-both-ends", TCP
	  "shut a w; poll b = in out rdhup; shut b w; "
	  "poll a = in out hup rdhup; poll b = in out hup rdhup; reset b; "
	  "poll a = in out hup rdhup; error a; recv a 9; send a 1 = EPIPE" },
	{ "tcp/bytes-to-one-who-ended-both-ways", TCP
	  "shut b b; poll a = in out rdhup; poll b = in out hup rdhup; "
	  "send a 3 = 3; poll a = in out err hup rdhup; "
	  "error a = EPIPE; recv b 9 = ECONNRESET; recv b 9" },
	{ "tcp/addresses-after-a-reset", TCP
	  "peer a = l; name b = l; reset b; "
	  "poll a = in out err hup rdhup; peer a = ENOTCONN; name a = other; "
	  "error a = ECONNRESET; peer a = ENOTCONN; shut a b = ENOTCONN" },
	{ "tcp/addresses-after-the-ends", TCP
	  "shut a w; close b; poll a = in out hup rdhup; peer a = ENOTCONN; "
	  "shut a w = ENOTCONN; recv a 9" },
	{ "tcp/address-after-the-peers-end", TCP
	  "close b; poll a = in out rdhup; peer a = l; shut a w; "
	  "poll a = in out hup rdhup; peer a = ENOTCONN" },

	/* ---- who is accepted */
	{ "tcp/accept-after-the-clients-end",
	  "tcp l; bind l; listen l 8; tcp a; connect a l; send a 5 = 5; "
	  "close a; poll l = in; accept l b; poll b = in out rdhup; "
	  "recv b 9 = 5; recv b 9; peer b = other; send b 1 = 1; "
	  "poll b = in out err hup rdhup; send b 1 = EPIPE; recv b 9" },
	{ "tcp/accept-after-the-clients-reset",
	  "tcp l; bind l; listen l 8; tcp a; connect a l; send a 5 = 5; "
	  "poll l = in; reset a; poll l = in; accept l b; "
	  "poll b = in out err hup rdhup; peer b = ENOTCONN; name b = l; "
	  "recv b 9 = 5; recv b 9 = ECONNRESET; recv b 9; send b 1 = EPIPE" },
	{ "tcp/the-listener-closes-first",
	  "tcp l; bind l; listen l 8; tcp a; connect a l; send a 5 = 5; "
	  "poll l = in; close l; poll a = in out err hup rdhup; "
	  "recv a 9 = ECONNRESET; recv a 9; tcp b; "
	  "connect b l = ECONNREFUSED" },
	{ "tcp/the-listener-stops-first",
	  "tcp l; bind l; listen l 8; tcp a; connect a l; poll l = in; "
	  "shut l r; poll a = in out err hup rdhup; poll l = out hup; "
	  "accept l b = EINVAL; error a = ECONNRESET; tcp b; "
	  "connect b l = ECONNREFUSED; listen l 8" },
	{ "tcp/a-listener-ends-its-sending",
	  "tcp l; bind l; listen l 8; shut l w; tcp a; connect a l; "
	  "poll l = in; accept l b; send b 2 = 2; recv a 9 = 2" },
	{ "tcp/nobody-listens",
	  "tcp l; bind l; tcp a; connect a l = ECONNREFUSED; error a; "
	  "tcp b; connect b l = ECONNREFUSED; listen l 1; tcp c; "
	  "connect c l; accept l d; peer c = l" },
	{ "tcp/a-full-backlog",
	  "tcp l; bind l; listen l 0; tcp a; connect a l; tcp b; "
	  "begin b l = waits; poll b = waits; error b; peer b = ENOTCONN; "
	  "send b 1 = waits; accept l c" },
	{ "tcp/a-backlog-of-one",
	  "tcp l; bind l; listen l 1; tcp a; connect a l; tcp b; "
	  "connect b l; tcp c; begin c l = waits; accept l d; accept l e" },
	{ "tcp/a-backlog-made-larger",
	  "tcp l; bind l; listen l 0; tcp a; connect a l; listen l 8; tcp b; "
	  "connect b l; accept l c; accept l d" },
	{ "tcp/to-itself",
	  "tcp a; bind a; connect a a; peer a = a; send a 3 = 3; "
	  "poll a = in out; recv a 9 = 3; shut a w; "
	  "poll a = in out hup rdhup; recv a 9; error a" },

	/* ---- who waits hears of it */
	{ "tcp/a-receive-hears-an-end",
	  TCP "later recv a 9; heard a = waits; close b; heard a" },
	{ "tcp/a-receive-hears-bytes-and-a-reset", TCP
	  "later recv a 9; heard a = waits; send b 5 = 5; heard a = 5; "
	  "later recv a 9; reset b; heard a = ECONNRESET" },
	{ "tcp/a-receive-hears-our-own-refusal",
	  TCP "later recv a 9; heard a = waits; shut a r; heard a" },
	{ "tcp/a-poll-hears-a-reset", TCP
	  "later recv a 9; later poll b = 0; heard b = out; reset b; "
	  "heard a = ECONNRESET" },
	{ "tcp/an-accept-hears-its-listeners-end",
	  "tcp l; bind l; listen l 8; later accept l b; heard l = waits; "
	  "shut l b; heard l = EINVAL" },
	{ "tcp/an-accept-hears-a-client-that-has-gone",
	  "tcp l; bind l; listen l 8; later accept l b; heard l = waits; "
	  "tcp a; connect a l; reset a; heard l; "
	  "poll b = in out err hup rdhup; recv b 9 = ECONNRESET" },

	/* ---- Unix streams */
	{ "unix/half-close", UNIX
	  "send a 5 = 5; shut a w; poll b = in out rdhup; recv b 9 = 5; "
	  "recv b 9; send b 3 = 3; recv a 9 = 3; recv a 9 = waits; shut b w; "
	  "poll a = in out hup rdhup; poll b = in out hup rdhup; recv a 9; "
	  "send a 1 = EPIPE; error a" },
	{ "unix/recv-after-our-own-refusal", UNIX
	  "send b 3 = 3; shut a r; poll a = in out rdhup; recv a 9 = 3; "
	  "recv a 9; send b 1 = EPIPE; poll b = out" },
	{ "unix/send-to-a-closed-peer", UNIX
	  "close b; poll a = in out hup rdhup; send a 1 = EPIPE; "
	  "send a 1 = EPIPE; error a; recv a 9; peer a = l" },
	{ "unix/bytes-before-a-close", UNIX
	  "send b 5 = 5; close b; poll a = in out hup rdhup; "
	  "send a 1 = EPIPE; recv a 3 = 3; recv a 9 = 2; recv a 9" },
	{ "unix/close-with-unread-is-a-reset", UNIX
	  "send a 5 = 5; close b; poll a = in out err hup rdhup; "
	  "recv a 9 = ECONNRESET; recv a 9; send a 1 = EPIPE" },
	{ "unix/a-send-leaves-the-reset-to-others", UNIX
	  "send a 5 = 5; close b; send a 1 = EPIPE; "
	  "poll a = in out err hup rdhup; error a = ECONNRESET; error a; "
	  "recv a 9" },
	{ "unix/bytes-before-a-reset", UNIX
	  "send a 5 = 5; send b 4 = 4; close b; recv a 9 = 4; "
	  "recv a 9 = ECONNRESET; recv a 9" },
	{ "unix/accept-after-the-clients-end",
	  "unix l; bind l; listen l 8; unix a; connect a l; send a 5 = 5; "
	  "close a; poll l = in; accept l b; poll b = in out hup rdhup; "
	  "recv b 9 = 5; recv b 9; send b 1 = EPIPE" },
	{ "unix/the-listener-closes-first",
	  "unix l; bind l; listen l 8; unix a; connect a l; close l; "
	  "poll a = in out err hup rdhup; recv a 9 = ECONNRESET; recv a 9; "
	  "unix b; connect b l = ECONNREFUSED" },
	{ "unix/nobody-listens",
	  "unix l; bind l; unix a; connect a l = ECONNREFUSED; listen l 1; "
	  "connect a l; accept l b; shut l r; unix c; "
	  "connect c l = ECONNREFUSED" },
	{ "unix/refused-before-it-was-connected",
	  "unix l; bind l; listen l 8; unix a; shut a r; connect a l; "
	  "accept l b; poll b = out; send b 0; send b 1 = EPIPE; "
	  "send a 2 = 2; recv b 9 = 2; recv a 9" },
	{ "unix/a-full-backlog",
	  "unix l; bind l; listen l 0; unix a; connect a l; unix b; "
	  "begin b l = waits; poll b = out hup; later connect b l; "
	  "heard b = waits; accept l c; heard b; accept l d" },
	{ "unix/a-receive-hears-a-reset", UNIX
	  "send a 5 = 5; later recv a 9; heard a = waits; close b; "
	  "heard a = ECONNRESET" },
	{ "unix/a-receive-hears-an-end",
	  UNIX "later recv a 9; heard a = waits; shut b w; heard a" },

	/* ---- packets: streams of messages */
	{ "packet/boundaries", PACKET
	  "send a 5 = 5; send a 0; send a 3 = 3; peek b 2 = 2; "
	  "recv b 2 = 2; recv b 9; trunc b 1 = 3; recv b 9 = waits" },
	{ "packet/half-close", PACKET
	  "send a 5 = 5; shut a w; poll b = in out rdhup; recv b 9 = 5; "
	  "recv b 9; recv b 9; send b 2 = 2; recv a 9 = 2; send a 1 = EPIPE" },
	{ "packet/close-with-unread-is-a-reset", PACKET
	  "send a 5 = 5; send b 4 = 4; close b; "
	  "poll a = in out err hup rdhup; recv a 9 = ECONNRESET; "
	  "recv a 9 = 4; recv a 9; send a 1 = EPIPE" },
	{ "packet/a-send-takes-the-reset", PACKET
	  "send a 5 = 5; close b; send a 1 = ECONNRESET; send a 1 = EPIPE; "
	  "error a; recv a 9" },
	{ "packet/the-listener-closes-first",
	  "packet l; bind l; listen l 8; packet a; connect a l; close l; "
	  "recv a 9 = ECONNRESET; recv a 9; send a 1 = EPIPE" },
	{ "packet/accept-after-the-clients-end",
	  "packet l; bind l; listen l 8; packet a; connect a l; "
	  "send a 5 = 5; close a; accept l b; recv b 9 = 5; recv b 9" },

	/* ---- UDP */
	{ "udp/boundaries", UDP
	  "send a 5 = 5; send a 0; send a 3 = 3; poll b = in out; "
	  "peek b 2 = 2; recv b 2 = 2; recv b 9; trunc b 1 = 3; "
	  "recv b 9 = waits" },
	{ "udp/refused-and-received", UDP
	  "close b; send a 1 = 1; poll a = out err; recv a 9 = ECONNREFUSED; "
	  "recv a 9 = waits; poll a = out; peer a = b" },
	{ "udp/refused-and-sent-again", UDP
	  "close b; send a 1 = 1; poll a = out err; send a 1 = ECONNREFUSED; "
	  "poll a = out; send a 1 = 1; poll a = out err; "
	  "error a = ECONNREFUSED; error a; poll a = out" },
	{ "udp/refused-with-a-datagram-waiting",
	  "udp b; bind b; udp a; bind a; connect a b; sendto b a 4 = 4; "
	  "poll a = in out; close b; send a 1 = 1; poll a = in out err; "
	  "recv a 9 = ECONNREFUSED; recv a 9 = 4; recv a 9 = waits" },
	{ "udp/refused-and-not-connected",
	  "udp b; bind b; close b; udp a; bind a; sendto a b 1 = 1; "
	  "poll a = out; error a; recv a 9 = waits; sendto a b 1 = 1" },
	{ "udp/somebody-comes-back",
	  UDP "close b; send a 1 = 1; error a = ECONNREFUSED; "
	      "recv a 9 = waits; send a 2 = 2; error a = ECONNREFUSED" },
	{ "udp/a-stranger-is-not-heard",
	  "udp a; bind a; udp b; bind b; udp c; bind c; connect a b; "
	  "sendto c a 5 = 5; recv a 9 = waits; sendto b a 3 = 3; "
	  "recv a 9 = 3" },
	{ "udp/not-connected",
	  "udp a; send a 1 = EDESTADDRREQ; name a = other; "
	  "peer a = ENOTCONN; shut a w = ENOTCONN; send a 1 = EDESTADDRREQ" },
	{ "udp/our-own-end",
	  UDP "shut a w; send a 1 = EPIPE; sendto a b 1 = EPIPE; error a" },
	{ "udp/a-receive-hears-a-refusal",
	  "udp b; bind b; close b; udp a; connect a b; send a 1 = 1; "
	  "later recv a 9; heard a = ECONNREFUSED; later recv a 9; "
	  "heard a = waits" },

	/* ---- Unix datagrams */
	{ "dgram/boundaries", DGRAM
	  "send a 5 = 5; send a 0; send a 3 = 3; poll b = in out; "
	  "peek b 2 = 2; recv b 2 = 2; recv b 9; trunc b 1 = 3; "
	  "recv b 9 = waits" },
	{ "dgram/the-receiver-has-gone", DGRAM
	  "send a 5 = 5; close b; peer a = b; send a 1 = ECONNREFUSED; "
	  "send a 1 = ENOTCONN; sendto a b 1 = ECONNREFUSED; "
	  "peer a = ENOTCONN; error a" },
	/* Until it is told it hears its peer alone, and then nothing of what
	 * that had sent. */
	{ "dgram/a-peer-that-has-gone-is-still-one",
	  "dgram a; bind a; dgram b; bind b; connect a b; sendto b a 4 = 4; "
	  "close b; dgram c; sendto c a 1 = EPERM; connect c a = EPERM; "
	  "poll a = in out; send a 1 = ECONNREFUSED; poll a = out; "
	  "sendto c a 2 = 2; recv a 9 = 2" },
	{ "dgram/what-a-peer-has-sent-survives-it",
	  "dgram a; bind a; dgram b; bind b; connect a b; sendto b a 4 = 4; "
	  "close b; recv a 9 = 4; recv a 9 = waits" },
	{ "dgram/a-new-peer-loses-the-old-ones-words",
	  "dgram a; bind a; dgram b; bind b; connect a b; connect b a; "
	  "send b 4 = 4; dgram c; bind c; connect a c; recv a 9 = waits; "
	  "error b = ECONNRESET; send b 1 = EPERM" },
	{ "dgram/nothing-lost-no-reset",
	  "dgram a; bind a; dgram b; bind b; connect a b; connect b a; "
	  "dgram c; bind c; connect a c; error b" },
	{ "dgram/a-full-queue", DGRAM
	  "dgram c; sendto c b 1 = 1; sendto c b 1 = 1; sendto c b 1 = 1; "
	  "sendto c b 1 = 1; sendto c b 1 = 1; sendto c b 1 = 1; "
	  "sendto c b 1 = 1; sendto c b 1 = 1; sendto c b 1 = 1; "
	  "sendto c b 1 = 1; sendto c b 1 = 1; sendto c b 1 = waits; "
	  "poll a = waits; poll c = out; later send a 2; "
	  "heard a = waits; recv b 9 = 1; heard a = 2; "
	  "sendto c b 1 = waits" },
	{ "dgram/our-own-end", DGRAM
	  "shut a w; send a 1 = EPIPE; shut b r; sendto a b 1 = EPIPE" },
	{ "dgram/to-one-who-will-not-hear", DGRAM
	  "shut b r; send a 1 = EPIPE; poll a = out" },
};

#define SCRIPTS (sizeof scripts / sizeof *scripts)

struct planned {
	char name[NAME_SIZE];
	const struct parity_backend *backend;
	const struct script *script;
	int family;
};

static struct planned plans[TESTS_MAX];
static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

/* Does a step, "send a 5 = 5", and wants its result. */
static void run_step(struct parity *p, const char *text)
{
	char step[STEP_SIZE], result[PARITY_RESULT_SIZE];
	char *expected;

	snprintf(step, sizeof step, "%s", text);
	expected = strstr(step, " = ");
	if (expected) {
		*expected = '\0';
		expected += strlen(" = ");
	}
	parity_step(p, step, expected ? expected : "0", result);
	if (strcmp(result, expected ? expected : "0") != 0)
		fail_msg("%s: %s", text, result);
}

static void run(void **state)
{
	struct planned *plan = *state;
	const char *at = plan->script->steps;
	struct parity p;

	assert_int_equal(parity_open(&p, plan->backend), 0);
	p.seam.family = plan->family;
	while (*at) {
		char text[STEP_SIZE];
		size_t len = strcspn(at, ";");

		assert_true(len < sizeof text);
		memcpy(text, at, len);
		text[len] = '\0';
		run_step(&p, text);
		at += len;
		at += strspn(at, "; ");
	}
	parity_close(&p);
}

static void plan(const struct parity_backend *b, const struct script *s,
		 int family)
{
	struct planned *p = &plans[test_count];

	if (test_count == TESTS_MAX)
		abort();
	p->backend = b;
	p->script = s;
	p->family = family;
	snprintf(p->name, sizeof p->name, "%s/%s%s", b->name, s->name,
		 family == AF_INET6 ? "/ipv6" : "");
	tests[test_count++] = (struct CMUnitTest){ .name = p->name,
						   .test_func = run,
						   .initial_state = p };
}

static void plan_backend(const struct parity_backend *b)
{
	struct parity p;

	if (parity_open(&p, b) < 0) {
		print_message("# left out: %s: the machine refuses it\n",
			      b->name);
		return;
	}
	parity_close(&p);
	for (size_t i = 0; i < SCRIPTS; i++) {
		bool internet = scripts[i].name[0] == 't' ||
				strncmp(scripts[i].name, "udp", 3) == 0;

		plan(b, &scripts[i], AF_INET);
		if (internet)
			plan(b, &scripts[i], AF_INET6);
	}
}

/* An argument is a pattern of the names of the tests to run: sim/tcp*. */
int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (const struct parity_backend *b = parity_backends; b->name; b++)
		plan_backend(b);
	return _cmocka_run_group_tests("parity", tests, test_count, NULL, NULL);
}
