/*
 * inject_test.c: faults on the real network: each does what it says, on every
 * backend.  The seed is that of GN_TEST_SEED.
 */
#include "io/inject_test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/seed_test.h"

#define TESTS_MAX 200
#define NAME_SIZE 80

static int open_epoll(struct gni_io **io)
{
	return gni_epoll_open(io);
}

static int open_poll(struct gni_io **io)
{
	return gni_poll_open(io);
}

static int open_uring(struct gni_io **io)
{
	return gni_uring_open(io, 0, 0);
}

static int open_uring_once(struct gni_io **io)
{
	return gni_uring_open(io, GNI_FEATURE_MULTISHOT, 0);
}

static const struct {
	const char *name;
	int (*open)(struct gni_io **io);
} backends[] = {
	{ "epoll", open_epoll },
	{ "poll", open_poll },
	{ "uring", open_uring },
	{ "uring-oneshot", open_uring_once },
};

static const struct inject_case *const groups[] = {
	inject_host_cases,
	inject_link_cases,
};

struct planned {
	char name[NAME_SIZE];
	const struct inject_case *what;
	int (*open)(struct gni_io **io);
};

static struct planned plans[TESTS_MAX];
static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static char seed[24];

uint64_t struck(struct trial *t, enum gni_fault fault)
{
	return gni_inject_of(t->under.io)->plan.struck[fault];
}

static void enter(struct seam *s)
{
	s->backend = s->io->backend;
	s->calls = s->backend->calls;
	s->family = AF_INET;
}

static void open_under(struct trial *t, const char *faults)
{
	struct seam *s = &t->under;
	const char *why = "";

	t->begin = gn_now();
	assert_int_equal(t->plain.open(&s->io), 0);
	if (gni_inject_open(&s->io, faults, seed, &why) < 0)
		fail_msg("%s", why);
	enter(s);
}

void now_under(struct trial *t, const char *faults)
{
	t->under.backend->close(t->under.io);
	open_under(t, faults);
}

void cross_open(struct trial *t, int family, int fd[2])
{
	struct heard accepted;
	int listener;
	gn_addr addr;

	t->plain.family = t->under.family = family;
	listener = listener_open(&t->plain, 8, &addr);
	accepted = heard(GNI_OP_ACCEPT, listener);
	submit(&t->plain, &accepted);
	fd[0] = socket_open(&t->under, family, SOCK_STREAM);
	assert_int_equal(do_connect(&t->under, fd[0], &addr), 0);
	fd[1] = await(&t->plain, &accepted);
	assert_true(fd[1] > STDERR_FILENO);
	t->plain.calls->close(t->plain.io, listener);
}

void cross_close(struct trial *t, const int fd[2])
{
	t->under.calls->close(t->under.io, fd[0]);
	t->plain.calls->close(t->plain.io, fd[1]);
}

void cross_drop(struct trial *t, int fd)
{
	t->under.calls->forget(t->under.io, fd);
	t->plain.calls->close(t->plain.io, fd);
}

void cross_bound(struct trial *t, int family, int fd[2])
{
	gn_addr addr, from;

	fd[0] = bound_open(&t->under, family, SOCK_DGRAM, &from);
	fd[1] = bound_open(&t->plain, family, SOCK_DGRAM, &addr);
	assert_int_equal(do_connect(&t->under, fd[0], &addr), 0);
	assert_int_equal(do_connect(&t->plain, fd[1], &from), 0);
}

/* ---- what the texts may say */

static void refuse(const char *faults, const char *number, const char *sentence)
{
	struct gni_io *io;
	const char *why = NULL;

	assert_int_equal(gni_epoll_open(&io), 0);
	assert_int_equal(gni_inject_open(&io, faults, number, &why), -EINVAL);
	assert_string_equal(why, sentence);
}

static void bad_texts_are_refused(void **state)
{
	(void)state;
	refuse("loss=5%, los", "1",
	       "GNEZDO_FAULTS: character 10: no fault los; there are loss dup "
	       "corrupt reset reorder delay rate mtu cut stall short-io eintr "
	       "again enomem emfile abort descriptors fail crash restart "
	       "clock-jump");
	refuse("loss; crash=3s", "1",
	       "GNEZDO_FAULTS: crash is for a simulation");
	refuse("restart", "1", "GNEZDO_FAULTS: restart is for a simulation");
	refuse("clock-jump", "1",
	       "GNEZDO_FAULTS: clock-jump is for a simulation");
	refuse("server: loss", "1",
	       "GNEZDO_FAULTS: server: hosts are for a simulation");
	refuse("a<>b: loss", "1",
	       "GNEZDO_FAULTS: a and b: hosts are for a simulation");
	refuse("loss", "x", "GNEZDO_SEED=x: choose a number from 0 to "
			    "18446744073709551615");
	refuse("loss", "-1", "GNEZDO_SEED=-1: choose a number from 0 to "
			     "18446744073709551615");
	refuse("loss", "18446744073709551616",
	       "GNEZDO_SEED=18446744073709551616: choose a number from 0 to "
	       "18446744073709551615");
}

static void what_is_injected_is_told(void **state)
{
	struct gni_io *io;
	const char *why = NULL;

	(void)state;
	assert_int_equal(gni_epoll_open(&io), 0);
	assert_null(io->faults);
	assert_int_equal(gni_inject_open(&io, "loss short-io", "0x10", &why),
			 0);
	assert_string_equal(io->faults, "GNEZDO_SEED=16 GNEZDO_FAULTS='"
					"loss=1% short-io=100%'");
	assert_string_equal(io->backend->name, "epoll");
	io->backend->close(io);
}

static uint64_t drawn_seed(void)
{
	struct gni_io *io;
	const char *why = NULL;
	uint64_t drawn;

	assert_int_equal(gni_epoll_open(&io), 0);
	assert_int_equal(gni_inject_open(&io, "loss", "", &why), 0);
	drawn = gni_inject_of(io)->plan.seed;
	io->backend->close(io);
	return drawn;
}

static void without_a_seed_one_is_drawn(void **state)
{
	(void)state;
	assert_int_not_equal(drawn_seed(), drawn_seed());
}

/* What takes its time leaves no standing operations. */
static void only_quick_faults_let_operations_stand(void **state)
{
	static const struct {
		const char *faults;
		bool stands;
	} cases[] = {
		{ "loss dup corrupt reset reorder mtu=1 short-io eintr again "
		  "enomem emfile abort fail", true },
		{ "delay=1ms", false },
		{ "rate=1Mbit", false },
		{ "cut@1h..", false },
		{ "stall@1h..", false },
		{ "descriptors=100", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct gni_io *io;
		const char *why = NULL;
		bool stands;

		if (gni_uring_open(&io, 0, 0) < 0)
			skip();
		stands = io->multishot;
		assert_int_equal(gni_inject_open(&io, cases[i].faults, "1",
						 &why), 0);
		assert_int_equal(io->multishot, stands && cases[i].stands);
		io->backend->close(io);
	}
}

/* ---- the same seed, the same run */

/* What becomes of a thousand sends and receives, as a sum. */
static int drawn_run(struct seam *s)
{
	char buf[100] = { 0 };
	unsigned sum = 0;
	int fd[2];

	unix_pair(s, SOCK_STREAM, fd);
	for (int i = 0; i < 1000; i++) {
		ssize_t n = send_now(s, fd[0], buf, sizeof buf);

		sum = sum * 31 + (unsigned)(n + 1000);
		n = recv_now(s, fd[1], buf, sizeof buf);
		sum = sum * 31 + (unsigned)(n + 1000);
	}
	return (int)(sum & 0xff);
}

static int open_seeded(struct gni_io **io, const char *number)
{
	const char *why;
	int result = gni_epoll_open(io);

	return result < 0 ? result :
			    gni_inject_open(io, "short-io=50% enomem=5%",
					    number, &why);
}

static int run_in_child(const char *number)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct seam s = { .family = AF_UNIX };

		if (open_seeded(&s.io, number) < 0)
			_exit(255);
		enter(&s);
		_exit(drawn_run(&s));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_seed_decides(void **state)
{
	bool differs = false;
	int first = run_in_child("1");

	(void)state;
	assert_int_equal(run_in_child("1"), first);
	for (int i = 2; i < 6; i++) {
		char number[2] = { (char)('0' + i), '\0' };

		differs |= run_in_child(number) != first;
	}
	assert_true(differs);
}

/* ---- all of them */

static void run(void **state)
{
	struct planned *p = *state;
	struct trial t = { .plain.open = p->open };

	assert_int_equal(p->open(&t.plain.io), 0);
	enter(&t.plain);
	open_under(&t, p->what->faults);
	p->what->run(&t);
	t.under.backend->close(t.under.io);
	t.plain.backend->close(t.plain.io);
}

static void plan(size_t backend, const struct inject_case *what)
{
	struct planned *p = &plans[test_count];

	if (test_count == TESTS_MAX)
		abort();
	p->what = what;
	p->open = backends[backend].open;
	snprintf(p->name, sizeof p->name, "%s/%s", backends[backend].name,
		 what->name);
	tests[test_count++] = (struct CMUnitTest){ .name = p->name,
						   .test_func = run,
						   .initial_state = p };
}

static void plan_backend(size_t backend)
{
	struct gni_io *io;
	int result = backends[backend].open(&io);

	if (result < 0) {
		print_message("# left out: %s: %s\n", backends[backend].name,
			      strerror(-result));
		return;
	}
	io->backend->close(io);
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
		for (const struct inject_case *c = groups[g]; c->name; c++)
			plan(backend, c);
}

static const struct CMUnitTest first_tests[] = {
	cmocka_unit_test(bad_texts_are_refused),
	cmocka_unit_test(what_is_injected_is_told),
	cmocka_unit_test(without_a_seed_one_is_drawn),
	cmocka_unit_test(only_quick_faults_let_operations_stand),
	cmocka_unit_test(a_seed_decides),
};

/* An argument is a pattern of the names of the tests to run: epoll/loss*. */
int main(int argc, char **argv)
{
	struct gni_rng rng = test_rng("inject");

	snprintf(seed, sizeof seed, "%" PRIu64, gni_rng_next(&rng));
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (; test_count < sizeof first_tests / sizeof *first_tests;
	     test_count++)
		tests[test_count] = first_tests[test_count];
	for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
		plan_backend(i);
	return _cmocka_run_group_tests("inject", tests, test_count, NULL,
				       NULL);
}
