/*
 * seam_test.c: one suite for every backend of the real world, each test named
 * backend/case.  The simulator has a suite of its own.
 */
#include "io/seam_test.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/inject.h"

#define TESTS_MAX 2000
#define NAME_SIZE 64
#define TINY_RING 4
#define CALM "loss@100000h.."
#define UNQUIET "eintr=50% again=50%"

static int open_uring(struct gni_io **io)
{
	return gni_uring_open(io, 0, 0);
}

static int open_uring_once(struct gni_io **io)
{
	return gni_uring_open(io, GNI_FEATURE_MULTISHOT, 0);
}

static int open_uring_plain(struct gni_io **io)
{
	return gni_uring_open(io, GNI_FEATURE_PBUF_INC | GNI_FEATURE_DEFER, 0);
}

static int open_uring_tiny(struct gni_io **io)
{
	return gni_uring_open(io, 0, TINY_RING);
}

/* Under faults: none that strikes, and some that must not be noticed. */
static int open_under(struct gni_io **io, int result, const char *faults)
{
	const char *seed = getenv("GN_TEST_SEED"), *why = "";

	return result < 0 ? result :
			    gni_inject_open(io, faults, seed ? seed : "",
					    &why);
}

static int open_epoll_calm(struct gni_io **io)
{
	return open_under(io, gni_epoll_open(io), CALM);
}

static int open_uring_calm(struct gni_io **io)
{
	return open_under(io, gni_uring_open(io, 0, 0), CALM);
}

static int open_epoll_unquiet(struct gni_io **io)
{
	return open_under(io, gni_epoll_open(io), UNQUIET);
}

static int open_uring_unquiet(struct gni_io **io)
{
	return open_under(io, gni_uring_open(io, 0, 0), UNQUIET);
}

static const struct {
	const char *name;
	int (*open)(struct gni_io **io);
	bool optional; /* the machine, or the build, may refuse it */
} backends[] = {
	{ "epoll", gni_epoll_open, false },
	{ "poll", gni_poll_open, false },
	{ "uring", open_uring, true },
	{ "uring-oneshot", open_uring_once, true },
	{ "uring-plain", open_uring_plain, true },
	{ "uring-tiny", open_uring_tiny, true },
	{ "epoll-calm", open_epoll_calm, true },
	{ "uring-calm", open_uring_calm, true },
	{ "epoll-unquiet", open_epoll_unquiet, true },
	{ "uring-unquiet", open_uring_unquiet, true },
};

static const struct {
	const char *name;
	int family;
} families[] = {
	{ "tcp4", AF_INET },
	{ "tcp6", AF_INET6 },
	{ "unix", AF_UNIX },
};

static const struct seam_case *const groups[] = {
	seam_stream_cases,   seam_queue_cases, seam_cancel_cases,
	seam_standing_cases, seam_poll_cases,  seam_event_cases,
	seam_message_cases,  seam_process_cases,
};

/* What the initial state of a test points at. */
struct planned {
	char name[NAME_SIZE];
	const struct seam_case *what;
	int (*open)(struct gni_io **io);
	int family;
	struct seam seam;
};

static struct planned plans[TESTS_MAX];
static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static bool ipv6;

static int set_up(void **state)
{
	struct planned *p = *state;
	struct seam *s = &p->seam;

	*s = (struct seam){ .open = p->open, .family = p->family };
	if (p->open(&s->io) < 0)
		return -1;
	s->backend = s->io->backend;
	s->calls = s->backend->calls;
	return 0;
}

static int tear_down(void **state)
{
	struct planned *p = *state;

	p->seam.backend->close(p->seam.io);
	return 0;
}

/* What this machine lacks is left out and said once. */
static bool lacking(bool lacks, const char *what)
{
	if (lacks)
		print_message("# left out: %s\n", what);
	return lacks;
}

static bool no_ipv6(void)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool lacks = fd < 0 || bind(fd, (const struct sockaddr *)&in6,
				    sizeof in6) < 0;

	if (fd >= 0)
		close(fd);
	return lacks;
}

static bool no_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return true;
	if (limit.rlim_cur >= SEAM_MANY_FILES)
		return false;
	limit.rlim_cur = SEAM_MANY_FILES;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0;
}

static void run(void **state)
{
	struct planned *p = *state;

	p->what->run(&p->seam);
}

static void plan(size_t backend, const struct seam_case *what, size_t family)
{
	bool over = what->runs & RUN_FAMILIES;
	struct planned *p = &plans[test_count];

	if (test_count == TESTS_MAX)
		abort();
	p->what = what;
	p->open = backends[backend].open;
	p->family = families[family].family;
	snprintf(p->name, sizeof p->name, "%s/%s%s%s", backends[backend].name,
		 what->name, over ? "/" : "",
		 over ? families[family].name : "");
	tests[test_count++] = (struct CMUnitTest){ .name = p->name,
						   .test_func = run,
						   .setup_func = set_up,
						   .teardown_func = tear_down,
						   .initial_state = p };
}

static void plan_case(size_t backend, const struct seam_case *what,
		      unsigned lacks)
{
	size_t count = sizeof families / sizeof *families;

	if (what->runs & lacks)
		return;
	if (!(what->runs & RUN_FAMILIES))
		count = 1;
	for (size_t f = 0; f < count; f++)
		if (families[f].family != AF_INET6 || ipv6)
			plan(backend, what, f);
}

static void plan_backend(size_t backend, unsigned lacks)
{
	struct gni_io *io;
	int result = backends[backend].open(&io);

	if (result < 0 && backends[backend].optional) {
		print_message("# left out: %s: %s\n", backends[backend].name,
			      strerror(-result));
		return;
	}
	if (result == 0) {
		lacks |= io->multishot ? RUN_NOT_STANDING : RUN_STANDING;
		io->backend->close(io);
	}
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
		for (const struct seam_case *c = groups[g]; c->name; c++)
			plan_case(backend, c, lacks);
}

/* An argument is a pattern of the names of the tests to run: epoll/echo*. */
int main(int argc, char **argv)
{
	unsigned lacks = 0;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	ipv6 = !lacking(no_ipv6(), "tcp6: this machine has no ::1");
	if (lacking(no_files(), "thousands of descriptors: RLIMIT_NOFILE"))
		lacks |= RUN_MANY_FILES;
	for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
		plan_backend(i, lacks);
	return _cmocka_run_group_tests("seam", tests, test_count, NULL, NULL);
}
