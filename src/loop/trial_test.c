/*
 * trial_test.c: runs trials, each in a child.
 */
#include "loop/trial_test.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A trial takes milliseconds; one that takes so long has hung. */
#define HUNG_SECONDS 50

/* Seeds that a trial is simulated with, beside once in order. */
#define SEEDS 24

/* What the deepest trial keeps on its stack, with room for sanitizers. */
#define STACK_BYTES ((size_t)1 << 20)

/* A child says so by its exit status. */
enum { WELL = 0, FAILED = 1, SKIPPED = 77 };

enum where { URING, EPOLL, POLL, SIMULATION, NOWHERE };

static const struct place {
	const char *word;
	const char *backend; /* GNEZDO_BACKEND */
	const char *ring;    /* GNEZDO_RING */
	unsigned bit;
	enum where where;
} places[] = {
	{ "uring, root", "uring", NULL, ON_ROOT, URING },
	{ "uring, fiber", "uring", NULL, ON_FIBER, URING },
	{ "small ring", "uring", "4", ON_FIBER, URING },
	{ "epoll, root", "epoll", NULL, ON_ROOT, EPOLL },
	{ "epoll, fiber", "epoll", NULL, ON_FIBER, EPOLL },
	{ "poll, root", "poll", NULL, ON_ROOT, POLL },
	{ "poll, fiber", "poll", NULL, ON_FIBER, POLL },
	{ "simulated", NULL, NULL, ON_SIM, SIMULATION },
	{ NULL, NULL, NULL, ALONE, NOWHERE },
};

#define PLACES (sizeof places / sizeof *places)

struct run {
	const struct trial *trial;
	const struct place *place;
	char name[120];
};

uint64_t trial_seed;

/* ---- what a trial says */

void trial_fail(const char *file, int line, const char *form, ...)
{
	const char *name = strrchr(file, '/');
	va_list list;

	printf("# %s:%d: ", name ? name + 1 : file, line);
	va_start(list, form);
	vprintf(form, list);
	va_end(list);
	printf(" (fiber \"%s\", seed %llu)\n", gn_fiber_name(),
	       (unsigned long long)trial_seed);
	fflush(stdout);
	_exit(FAILED);
}

static const char *name_of(long long value)
{
	bool is_code = value <= GN_ETIMEOUT && value >= GN_ESYS;

	return is_code ? gn_code_name((int)value) : "";
}

void trial_want_is(const char *file, int line, const char *what,
		   long long actual, long long expected)
{
	if (actual != expected)
		trial_fail(file, line, "%s is %lld %s, not %lld %s", what,
			   actual, name_of(actual), expected,
			   name_of(expected));
}

void trial_want_text(const char *file, int line, const char *what,
		     const char *actual, const char *expected)
{
	if (!actual || strcmp(actual, expected) != 0)
		trial_fail(file, line, "%s is \"%s\", not \"%s\"", what,
			   actual ? actual : "(null)", expected);
}

void trial_want_at(const char *file, int line, gn_time instant)
{
	int64_t late_ns = gn_since(instant);

	if (late_ns < 0 || (late_ns > 0 && trial_is_simulated()))
		trial_fail(file, line, "%lld ns after the instant",
			   (long long)late_ns);
}

bool trial_is_simulated(void)
{
	return gn_sim_host_name() != NULL;
}

int trial_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	while (d && readdir(d))
		count++;
	if (d)
		closedir(d);
	return count;
}

/* ---- one trial, in the child */

static int body_fiber(void *arg)
{
	const struct run *r = arg;

	r->trial->body();
	return 0;
}

static void in_fiber(struct run *r)
{
	gn_go_opts opts = { .name = "trial", .stack_bytes = STACK_BYTES };
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_IS(gn_go_with(g, body_fiber, r, &opts), 0);
	WANT_IS(gn_group_wait(g, GN_NEVER), 0);
	gn_group_close(g);
}

static void *on_thread(void *arg)
{
	struct run *r = arg;

	if (r->place->bit == ON_FIBER)
		in_fiber(r);
	else
		r->trial->body();
	return NULL;
}

/* The thread takes its descriptors with it. */
static void really(struct run *r)
{
	int before = trial_descriptors();
	pthread_t thread;

	WANT(pthread_create(&thread, NULL, on_thread, r) == 0);
	WANT(pthread_join(thread, NULL) == 0);
	WANT_IS(trial_descriptors(), before);
}

static void simulate(struct run *r, uint64_t seed, bool in_order)
{
	gn_sim *sim = gn_sim_open(
		&(gn_sim_opts){ .seed = seed, .in_order = in_order });

	trial_seed = seed;
	WANT(sim);
	WANT_IS(gn_sim_host(sim, "trial", body_fiber, r), 0);
	WANT_IS(gn_sim_run(sim), 0);
	gn_sim_close(sim);
}

static void by_seeds(struct run *r)
{
	simulate(r, 0, true);
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		simulate(r, seed, false);
}

/* Where the machine has no ring there is nothing to try over it. */
static bool has_backend(const struct place *p)
{
	if (p->where != URING)
		return true;
	return gn_backend() != NULL;
}

_Noreturn static void in_child(struct run *r)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(HUNG_SECONDS);
	if (r->place->backend)
		setenv("GNEZDO_BACKEND", r->place->backend, 1);
	if (r->place->ring)
		setenv("GNEZDO_RING", r->place->ring, 1);
	if (!has_backend(r->place))
		_exit(SKIPPED);
	if (r->place->where == NOWHERE)
		r->trial->body();
	else if (r->place->where == SIMULATION)
		by_seeds(r);
	else
		really(r);
	exit(WELL);
}

/* ---- all of them, in the parent */

static void run_one(void **state)
{
	struct run *r = *state;
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		in_child(r);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		print_message("# killed by signal %d (%s)\n", WTERMSIG(status),
			      strsignal(WTERMSIG(status)));
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, WELL);
}

static void name_run(struct run *r)
{
	if (r->place->word)
		snprintf(r->name, sizeof r->name, "%s (%s)", r->trial->name,
			 r->place->word);
	else
		snprintf(r->name, sizeof r->name, "%s", r->trial->name);
}

static size_t spread(const struct trial *trials, size_t count,
		     struct run *runs, struct CMUnitTest *tests)
{
	size_t n = 0;

	for (size_t i = 0; i < count * PLACES; i++) {
		struct run *r = &runs[n];

		*r = (struct run){ .trial = &trials[i / PLACES],
				   .place = &places[i % PLACES] };
		if (!(r->trial->places & r->place->bit))
			continue;
		name_run(r);
		tests[n++] = (struct CMUnitTest){ .name = r->name,
						  .test_func = run_one,
						  .initial_state = r };
	}
	return n;
}

int trial_main(const struct trial *trials, size_t count)
{
	struct run *runs = calloc(count * PLACES, sizeof *runs);
	struct CMUnitTest *tests = calloc(count * PLACES, sizeof *tests);
	int failed = 1;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_test_filter(getenv("GN_TRIAL"));
	if (runs && tests)
		failed = _cmocka_run_group_tests(
			"trials", tests, spread(trials, count, runs, tests),
			NULL, NULL);
	free(tests);
	free(runs);
	return failed;
}
