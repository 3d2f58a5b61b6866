/*
 * sweep.c: sweeps see every way in which a run can fail, tell how to see it
 * again, and count what they did.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "loop/trial_test.h"
#include "told.h"
#include "tough.h"

static int sleeper(void *arg)
{
	(void)arg;
	return gn_sleep(gn_in(GN_SEC));
}

/* One host that sleeps: what every scenario here begins with. */
static int night(gn_sim *sim)
{
	if (gn_sim_host(sim, "bed", sleeper, NULL) < 0)
		return gn_code();
	return gn_sim_run(sim);
}

static int holds(gn_sim *sim, void *arg)
{
	(void)arg;
	return night(sim);
}

static void what_holds_is_counted(void)
{
	gn_sweep_totals t;
	struct told told = { 0 };

	WANT_IS(gn_sweep("night", holds, NULL,
			 told_opts(&told, &(gn_sweep_opts){ .count = 300,
							    .faults = "",
							    .totals = &t })),
		0);
	WANT(t.runs == 300);
	WANT(t.failed == 0);
	WANT(t.faulted == 0);
	WANT_IS(t.elapsed_ns, 300 * GN_SEC);
	WANT(t.events >= 600);
	WANT_TEXT(t.faults[0].word, "loss");
	WANT(told_has(&told, "night: 300 runs held"));
}

/* ---- ways to fail; each at the seed that arg points to */

struct at {
	uint64_t seed; /* as the scenario can tell: a choice of its own */
	int value;
};

static int chosen(gn_sim *sim, const struct at *at)
{
	return gn_sim_draw(sim, 20) == at->seed;
}

static int returns(gn_sim *sim, void *arg)
{
	const struct at *at = arg;
	int result = night(sim);

	return chosen(sim, at) ? at->value : result;
}

static int ends_by_signal(gn_sim *sim, void *arg)
{
	const struct at *at = arg;

	if (chosen(sim, at))
		raise(at->value);
	return night(sim);
}

static int exits(gn_sim *sim, void *arg)
{
	const struct at *at = arg;

	if (chosen(sim, at)) {
		printf("this was the reason\n");
		exit(at->value);
	}
	return night(sim);
}

static int stuck_host(void *arg)
{
	gn_sock *pair[2];
	char c;
	int result = gn_pair(GN_UNIX, pair);

	(void)arg;
	if (result < 0)
		return result;
	result = (int)gn_recv(pair[0], &c, 1, GN_NEVER);
	gn_close(pair[0]);
	gn_close(pair[1]);
	return result;
}

static int restless_host(void *arg)
{
	(void)arg;
	while (gn_sleep(gn_in(GN_USEC)) == 0)
		continue;
	return gn_code();
}

static int forgetful_host(void *arg)
{
	(void)arg;
	return gn_listen("tcp://:7", NULL) ? 0 : gn_code();
}

static int with_host(gn_sim *sim, const struct at *at, gn_fiber_fn *fn)
{
	if (chosen(sim, at) && gn_sim_host(sim, "other", fn, NULL) < 0)
		return gn_code();
	return night(sim);
}

static int deadlocks(gn_sim *sim, void *arg)
{
	return with_host(sim, arg, stuck_host);
}

static int never_ends(gn_sim *sim, void *arg)
{
	return with_host(sim, arg, restless_host);
}

static int leaves_open(gn_sim *sim, void *arg)
{
	return with_host(sim, arg, forgetful_host);
}

/* What happens depends on how often the process has run it. */
static int depends(gn_sim *sim, void *arg)
{
	static int runs;

	(void)arg;
	if (runs++ % 3 == 2 && gn_sim_host(sim, "third", sleeper, NULL) < 0)
		return gn_code();
	return night(sim);
}

static int runs_nothing(gn_sim *sim, void *arg)
{
	return gn_sim_host(sim, "bed", sleeper, arg);
}

static const struct way {
	const char *name;
	gn_scenario_fn *fn;
	int value, result;
	const char *line;
} ways[] = {
	{ "a code", returns, GN_ETEXT, GN_ETEXT, "not UTF-8 (GN_ETEXT)" },
	{ "an abort", ends_by_signal, SIGABRT, GN_ESYS, "signal 6" },
	{ "a kill", ends_by_signal, SIGKILL, GN_ESYS, "signal 9" },
	{ "a status", exits, 3, GN_ESYS, "status 3: this was the reason" },
	{ "an end too soon", exits, 0, GN_ESYS, "status 0: this was" },
	{ "a deadlock", deadlocks, 0, GN_EDEADLOCK, "GN_EDEADLOCK" },
	{ "no end", never_ends, 0, GN_ELIMIT, "GN_ELIMIT" },
	{ "a socket", leaves_open, 0, GN_ELIMIT,
	  "host other left 1 socket open" },
	{ "nothing", runs_nothing, 0, GN_EINVAL, "it ran no simulation" },
	{ "a number", returns, -7, -7, "it returned -7" },
	{ "another run", depends, 0, GN_ESYS, "gave another run" },
};

static gn_sweep_opts quick = { .count = 100, .steps_max = 5000,
			       .faults = "" };

static void every_failure_is_seen(void)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct at at = { 13, ways[i].value };
		struct told told = { 0 };
		int result = gn_sweep(ways[i].name, ways[i].fn, &at,
				      told_opts(&told, &quick));

		printf("# %s\n", ways[i].name);
		WANT_IS(result, ways[i].result);
		WANT_IS(gn_code(), result);
		WANT_TEXT(gn_error_operation(gn_error_last()), "sweep");
		WANT(told_has(&told, ways[i].line));
		WANT(told_has(&told, "again (gnezdo"));
		WANT(told_has(&told, ways[i].name));
	}
}

static void what_it_printed_is_told(void)
{
	struct at at = { 5, 1 };
	struct told told = { 0 };

	WANT_IS(gn_sweep("exits", exits, &at, told_opts(&told, &quick)),
		GN_ESYS);
	WANT(told_has(&told, "  | this was the reason"));
	told = (struct told){ 0 };
	WANT_IS(gn_sweep("stuck", deadlocks, &at, told_opts(&told, &quick)),
		GN_EDEADLOCK);
	WANT(told_has(&told, "  |   host other: fiber \"other\" waits in"));
}

static void the_first_difference_is_named(void)
{
	struct told told = { 0 };

	WANT_IS(gn_sweep("depends", depends, NULL, told_opts(&told, &quick)),
		GN_ESYS);
	WANT(told_has(&told, "the first event that differs:"));
	WANT(told_has(&told, "third"));
}

static int dies_behind(gn_sim *sim, void *arg)
{
	int result = night(sim);

	if (!chosen(sim, arg))
		return result;
	fprintf(stderr, "this was the reason\n");
	abort();
}

/* Standard error, while a sweep tells stories on it. */
static void a_story_is_told(void)
{
	struct at at = { 13, 0 };
	struct told told = { 0 };
	static char story[10000];
	int fd = memfd_create("story", 0), former = dup(STDERR_FILENO);

	WANT(fd >= 0 && former >= 0);
	WANT(dup2(fd, STDERR_FILENO) >= 0);
	setenv("GNEZDO_TRACE", "1", 1);
	WANT_IS(gn_sweep("dies", dies_behind, &at, told_opts(&told, &quick)),
		GN_ESYS);
	WANT(dup2(former, STDERR_FILENO) >= 0);
	WANT(pread(fd, story, sizeof story - 1, 0) > 0);
	WANT(strstr(story, "  bed "));
	WANT(strstr(story, "this was the reason"));
	WANT(!told_has(&told, "  bed "));
	WANT(!told_has(&told, "in a process of its own"));
	close(former);
	close(fd);
}

/* The lowest seed is told, in whatever order they failed; or all are. */
static void others_go_on(void)
{
	struct at at = { 13, GN_ETEXT };
	gn_sweep_totals t;
	gn_sweep_opts o = quick;
	struct told told = { 0 }, first = { 0 };

	o.totals = &t;
	o.keep_going = true;
	WANT_IS(gn_sweep("all", returns, &at, told_opts(&told, &o)), GN_ETEXT);
	WANT(t.runs == 100);
	WANT(t.failed > 1 && t.failed < 20);
	o.keep_going = false;
	o.jobs = 7;
	WANT_IS(gn_sweep("all", returns, &at, told_opts(&first, &o)), GN_ETEXT);
	WANT_TEXT(first.lines[0], told.lines[0]);
	at.value = GN_ETEXT;
	o.keep_going = true;
	o.count = 600; /* more than are told */
	WANT_IS(gn_sweep("all", returns, &at, told_opts(&told, &o)), GN_ETEXT);
	WANT(t.failed > 8);
	WANT(told_has(&told, "of 600 runs failed"));
	o.count = quick.count;
	at.value = SIGKILL;
	WANT_IS(gn_sweep("all", ends_by_signal, &at, told_opts(&told, &o)),
		GN_ESYS);
	WANT(t.runs == 100);
}

/* Only who ran others before fails so. */
static int fails_in_company(gn_sim *sim, void *arg)
{
	static int runs;

	(void)arg;
	return runs++ == 20 ? GN_ETEXT : night(sim);
}

static void what_is_kept_from_run_to_run(void)
{
	struct told told = { 0 };

	WANT_IS(gn_sweep("company", fails_in_company, NULL,
			 told_opts(&told, &quick)),
		GN_ETEXT);
	WANT(told_has(&told, "in a process of its own it does not fail so"));
}

static int sleeper_twice(void *arg)
{
	static int runs;
	int result = sleeper(arg);

	return result == 0 && runs++ % 3 == 2 ? sleeper(arg) : result;
}

static int depends_later(gn_sim *sim, void *arg)
{
	(void)arg;
	if (gn_sim_host(sim, "bed", sleeper_twice, NULL) < 0)
		return gn_code();
	return gn_sim_run(sim);
}

/* It is told, not shrunk: there is no failure that a tape could show. */
static void a_difference_after_a_while(void)
{
	struct told told = { 0 };

	setenv("GNEZDO_SHRINK", "/nowhere/tape", 1);
	WANT_IS(gn_sweep("later", depends_later, NULL,
			 told_opts(&told, &quick)),
		GN_ESYS);
	WANT(told_has(&told, "the first event that differs:"));
	WANT(told_has(&told, "  <    1.000 000 000  bed"));
}

static void by_default(void)
{
	WANT_IS(gn_sweep("night", holds, NULL, NULL), 0);
}

static void on_alarm(int number)
{
	(void)number;
}

/* Waits for processes go on after signals. */
static void fault_07_amid_signals(void)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	const struct sigaction heard = { .sa_handler = on_alarm };
	struct told told = { 0 };
	gn_sweep_totals t;

	WANT_IS(sigaction(SIGALRM, &heard, NULL), 0);
	WANT_IS(setitimer(ITIMER_REAL, &often, NULL), 0);
	WANT_IS(gn_sweep("night", holds, NULL,
			 told_opts(&told, &(gn_sweep_opts){ .count = 2000,
							    .heal_ns = GN_SEC,
							    .totals = &t })),
		0);
	WANT_IS(setitimer(ITIMER_REAL, &never, NULL), 0);
	WANT(t.runs == 2000);
}

static int sweeps_within(void *arg)
{
	return gn_sweep("night", holds, NULL, arg);
}

/* With a loop, and after real work; but not within a fiber. */
static void whatever_was_before(void)
{
	struct told told = { 0 };
	gn_sock *pair[2];
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	WANT_IS(gn_pair(GN_UNIX, pair), 0);
	WANT_IS(gn_send(pair[0], "x", 1, SOON), 0);
	WANT_IS(gn_sweep("night", holds, NULL, told_opts(&told, &quick)), 0);
	WANT_IS(gn_go(g, sweeps_within,
		      (void *)(uintptr_t)told_opts(&told, &quick)), 0);
	WANT_IS(gn_group_wait(g, SOON), GN_EINVAL);
	gn_group_close(g);
	gn_close(pair[0]);
	gn_close(pair[1]);
}

/* ---- the environment */

static uint64_t told_seed(const struct told *t)
{
	const char *at = strstr(told_line(t, "again (gnezdo"), "GNEZDO_SEED=");

	WANT(at);
	return strtoull(at + strlen("GNEZDO_SEED="), NULL, 10);
}

static void one_line_shows_it_again(void)
{
	struct at at = { 13, GN_ETEXT };
	struct told told = { 0 }, again = { 0 }, other = { 0 };
	char seed[32];

	WANT_IS(gn_sweep("code", returns, &at, told_opts(&told, &quick)),
		GN_ETEXT);
	snprintf(seed, sizeof seed, "%" PRIu64, told_seed(&told));
	setenv("GNEZDO_SEED", seed, 1);
	setenv("GNEZDO_SCENARIO", "code", 1);
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&again, &quick)),
		GN_ETEXT);
	WANT_TEXT(again.lines[0], told.lines[0]);
	WANT_IS(gn_sweep("other", returns, &at, told_opts(&other, &quick)), 0);
	WANT_IS(other.count, 1);
	WANT_TEXT(other.lines[0], "other: left out, GNEZDO_SCENARIO is code");
	at.seed = 100;
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&other, &quick)), 0);
	WANT(told_has(&other, "held: "));
}

static void variables_that_are_none(void)
{
	static const char *const bad[][2] = {
		{ "GNEZDO_SEED", "" },	     { "GNEZDO_SEED", "4x" },
		{ "GNEZDO_SEED", "-1" },     { "GNEZDO_EXPLORE", "x" },
		{ "GNEZDO_EXPLORE", "1:2" }, { "GNEZDO_TAPE", "/nowhere" },
		{ "GNEZDO_SEED", "99999999999999999999" },
		{ "GNEZDO_EXPLORE", "18446744073709551615" },
		{ "GNEZDO_EXPLORE", "18446744073709551614" },
		{ "GNEZDO_FAULTS", "los" },
	};
	struct told told = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setenv(bad[i][0], bad[i][1], 1);
		WANT(gn_sweep("n", holds, NULL, told_opts(&told, &quick)) < 0);
		WANT_IS(told.count, 0);
		unsetenv(bad[i][0]);
	}
	setenv("GNEZDO_SEED", "1", 1);
	setenv("GNEZDO_EXPLORE", "1:x", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)),
		GN_EINVAL);
	unsetenv("GNEZDO_EXPLORE");
	unsetenv("GNEZDO_SEED");
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told,
			 &(gn_sweep_opts){ .jobs = 65 })), GN_EINVAL);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told,
			 &(gn_sweep_opts){ .heal_ns = -1 })), GN_EINVAL);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told,
			 &(gn_sweep_opts){ .heal_ns = INT64_MAX })),
		GN_EINVAL);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told,
			 &(gn_sweep_opts){ .faults = "los" })), GN_EINVAL);
	/* Where it is none, and not once for each seed. */
	WANT_TEXT(gn_error_operation(gn_error_last()), "fault_parse");
	WANT_IS(told.count, 0);
}

static void variables_that_do_not_go_together(void)
{
	struct told told = { 0 };

	setenv("GNEZDO_TAPE", "/dev/null", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)), 0);
	setenv("GNEZDO_SEED", "1", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)),
		GN_EINVAL);
	unsetenv("GNEZDO_SEED");
	setenv("GNEZDO_EXPLORE", "3", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)),
		GN_EINVAL);
	unsetenv("GNEZDO_TAPE");
	setenv("GNEZDO_SEED", "1", 1);
	setenv("GNEZDO_EXPLORE", "1000000:1", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)),
		GN_EINVAL);
}

/* ---- the line by which it is seen again */

static char again_line[8192];

static void keep_again(const char *line, void *arg)
{
	(void)arg;
	if (strstr(line, "again (gnezdo"))
		snprintf(again_line, sizeof again_line, "%s", line);
}

static void quoted_and_whole(void)
{
	gn_sweep_opts o = { .count = 100, .report = keep_again };
	struct at at = { 13, GN_ETEXT };
	char plan[5000];
	char words[1000] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY);
	ssize_t len = read(fd, words, sizeof words - 1);

	close(fd);
	WANT_IS(gn_sweep("it's", returns, &at, &o), GN_ETEXT);
	WANT(strstr(again_line,
		    ": GNEZDO_SCENARIO='it'\\''s' GNEZDO_SEED="));
	memset(plan, ' ', sizeof plan);
	plan[sizeof plan - 1] = '\0';
	memcpy(plan, "loss=1%", 7);
	setenv("GNEZDO_FAULTS", plan, 1);
	WANT_IS(gn_sweep("long", returns, &at, &o), GN_ETEXT);
	WANT(strstr(again_line, " GNEZDO_FAULTS='loss=1% "));
	WANT(strlen(again_line) > sizeof plan);
	/* Behind it the program, and what it was told. */
	WANT(len > 0);
	for (ssize_t at_word = 0; at_word < len;) {
		WANT(strstr(again_line, words + at_word));
		at_word += (ssize_t)strlen(words + at_word) + 1;
	}
}

/* ---- shrinking; what is planted in planted.c shrinks */

static char tape[32]; /* a file without a name */

static int tape_open(void)
{
	int fd = memfd_create("tape", 0);

	WANT(fd >= 0);
	snprintf(tape, sizeof tape, "/proc/self/fd/%d", fd);
	setenv("GNEZDO_SHRINK", tape, 1);
	setenv("GNEZDO_TRACE", "/dev/null", 1);
	return fd;
}

/* Without a seed it is the first failure that shrinks. */
static void the_first_failure_shrinks(void)
{
	struct at at = { 13, GN_ETEXT };
	struct told told = { 0 }, again = { 0 };
	int fd = tape_open();

	WANT_IS(gn_sweep("code", returns, &at, told_opts(&told, &quick)),
		GN_ETEXT);
	WANT(told_has(&told, "code: 1 of "));
	unsetenv("GNEZDO_SHRINK");
	setenv("GNEZDO_TAPE", tape, 1);
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&again, &quick)),
		GN_ETEXT);
	close(fd);
}

static void what_holds_is_not_shrunk(void)
{
	struct told told = { 0 };
	int fd = tape_open();

	setenv("GNEZDO_SEED", "1", 1);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)), 0);
	WANT(told_has(&told, "n: seed 1 holds, there is nothing to shrink"));
	WANT_IS(lseek(fd, 0, SEEK_END), 0);
	close(fd);
}

/* It fails only behind others in the same process: shrinking cannot see that,
 * and does not make it hold. */
static int fails_later(gn_sim *sim, void *arg)
{
	static int runs;

	(void)arg;
	return runs++ < 30 ? night(sim) : GN_ETEXT;
}

static void what_is_not_shrunk_still_fails(void)
{
	struct told told = { 0 };
	int fd = tape_open();

	WANT_IS(gn_sweep("later", fails_later, NULL, told_opts(&told, &quick)),
		GN_ETEXT);
	WANT(told_has(&told, "holds, there is nothing to shrink"));
	WANT(told_has(&told, "later: seed "));
	WANT(told_has(&told, "in a process of its own it does not fail so"));
	close(fd);
}

/* The file that is to be written is named. */
static void nowhere_to_shrink_to(void)
{
	struct at at = { 13, GN_ETEXT };
	struct told told = { 0 };
	char text[512];
	int result;

	setenv("GNEZDO_SHRINK", "/nowhere/tape", 1);
	result = gn_sweep("code", returns, &at, told_opts(&told, &quick));
	WANT(result < 0 && result != GN_ETEXT);
	WANT(strstr(gn_error_text(gn_error_last(), text, sizeof text),
		    "/nowhere/tape"));
	WANT(told_has(&told, "code: seed "));
	WANT(!told_has(&told, "code: 1 of "));
}

/* What one run came to. */
static void one_run_is_counted(void)
{
	struct at at = { 13, GN_ETEXT };
	struct told told = { 0 };
	gn_sweep_totals t;
	gn_sweep_opts o = quick;
	int fd = tape_open();

	o.totals = &t;
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&told, &o)), GN_ETEXT);
	WANT(t.runs > 1);
	setenv("GNEZDO_TAPE", tape, 1);
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&told, &o)), GN_ETEXT);
	WANT(t.runs == 1 && t.failed == 1 && t.events > 0);
	unsetenv("GNEZDO_SHRINK");
	WANT_IS(gn_sweep("code", returns, &at, told_opts(&told, &o)), GN_ETEXT);
	WANT(t.runs == 1 && t.failed == 1 && t.elapsed_ns == GN_SEC);
	unsetenv("GNEZDO_TAPE");
	setenv("GNEZDO_SEED", "1", 1);
	WANT_IS(gn_sweep("night", holds, NULL, told_opts(&told, &o)), 0);
	WANT(t.runs == 1 && t.failed == 0 && t.traces != 0);
	WANT_TEXT(t.faults[0].word, "loss");
	close(fd);
}

static int draws_much(gn_sim *sim, void *arg)
{
	(void)arg;
	for (int i = 0; i < 300000; i++)
		gn_sim_draw(sim, 2);
	return GN_EPROTO;
}

static void too_long_to_shrink(void)
{
	struct told told = { 0 };
	int fd = tape_open();

	setenv("GNEZDO_SEED", "1", 1);
	WANT_IS(gn_sweep("much", draws_much, NULL, told_opts(&told, &quick)),
		GN_EPROTO);
	WANT(told_has(&told, "it has too many choices"));
	WANT_IS(lseek(fd, 0, SEEK_END), 0);
	close(fd);
}

static void tapes_that_cannot_be_read(void)
{
	static const char *const bad[] = { "/", "/dev/zero", "/nowhere" };
	struct told told = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[512];

		setenv("GNEZDO_TAPE", bad[i], 1);
		WANT(gn_sweep("n", holds, NULL, told_opts(&told, &quick)) < 0);
		WANT(strstr(gn_error_text(gn_error_last(), text, sizeof text),
			    bad[i]));
		WANT_IS(told.count, 0);
	}
}

/* ---- what a sweep needs of the system */

/* Who ignores the ends of processes hears how those of a sweep ended. */
static void ends_that_are_ignored(void)
{
	struct at at = { 13, SIGKILL };
	struct told told = { 0 };

	signal(SIGCHLD, SIG_IGN);
	WANT_IS(gn_sweep("kill", ends_by_signal, &at, told_opts(&told, &quick)),
		GN_ESYS);
	WANT(told_has(&told, "signal 9"));
	WANT(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	WANT_IS(gn_sweep("n", holds, NULL, told_opts(&told, &quick)), 0);
}

/* More and more of them: it fails for want of them until it holds. */
static void few_descriptors(void)
{
	struct rlimit limit = { 3, 100 };
	int failures = 0, result;

	for (;; failures++) {
		struct told told = { 0 };
		gn_sweep_opts o = quick;

		o.jobs = 3;
		WANT_IS(setrlimit(RLIMIT_NOFILE, &limit), 0);
		result = gn_sweep("n", holds, NULL, told_opts(&told, &o));
		if (result == 0)
			break;
		WANT_IS(result, GN_ELIMIT);
		WANT_IS(told.count, 0);
		WANT(++limit.rlim_cur < limit.rlim_max);
	}
	WANT(failures >= 4); /* for runs alone, and for each job */
}

/* ---- with faults */

static void drawn_faults_strike_and_are_borne(void)
{
	gn_sweep_totals t;
	struct told told = { 0 };

	WANT_IS(gn_sweep("tough", tough_run, NULL,
			 told_opts(&told, &(gn_sweep_opts){ .count = 1000,
							    .totals = &t })),
		0);
	WANT(t.runs == 1000);
	WANT(t.faulted >= 500);
	for (const gn_sweep_fault *f = t.faults; f->word; f++)
		printf("# %s: %" PRIu64 " injected, %" PRIu64 " handled\n",
		       f->word, f->injected, f->handled);
	WANT(t.faults[0].injected > 50 && t.faults[0].handled > 20);
}

/* ---- exploring */

static int writer(void *arg)
{
	gn_sock *s = arg;
	int result = gn_send(s, "words", 5, GN_NEVER);

	gn_close(s);
	return result;
}

/* A short read, which is drawn one time in two, breaks it; unless it does not
 * care. */
static int reader(void *arg)
{
	const bool *cares = arg;
	gn_sock *pair[2];
	gn_group *g = gn_group_open(NULL);
	char text[8];
	ssize_t n;

	if (!g || gn_pair(GN_UNIX, pair) < 0 || gn_go(g, writer, pair[0]) < 0)
		return gn_code();
	n = gn_recv(pair[1], text, sizeof text, GN_NEVER);
	gn_group_close(g);
	gn_close(pair[1]);
	return n == 5 || !*cares ? 0 : GN_ESHORT;
}

static int reads(gn_sim *sim, void *arg)
{
	if (gn_sim_host(sim, "reader", reader, arg) < 0)
		return gn_code();
	return gn_sim_run(sim);
}

/* The sum of traces tells whether two sweeps were alike. */
static void however_many_jobs(void)
{
	gn_sweep_totals t[3];

	for (unsigned i = 0; i < 3; i++) {
		struct told told = { 0 };
		bool cares = false;
		gn_sweep_opts o = { .count = 200, .seed = i == 2 ? 7 : 0,
				    .jobs = 1 + 4 * i, .totals = &t[i] };

		WANT_IS(gn_sweep("reads", reads, &cares,
				 told_opts(&told, &o)),
			0);
	}
	WANT(t[0].traces == t[1].traces);
	WANT(t[0].traces != t[2].traces);
}

/* A seed by which it holds. */
static uint64_t seed_that_holds(void)
{
	for (uint64_t seed = 1;; seed++) {
		bool cares = true;
		gn_sim *sim = gn_sim_open(&(gn_sim_opts){ .seed = seed });
		int result = sim ? reads(sim, &cares) : gn_code();

		gn_sim_close(sim);
		if (result == 0)
			return seed;
		WANT_IS(result, GN_ESHORT);
	}
}

static void a_change_is_found_and_shown_again(void)
{
	struct told told = { 0 }, again = { 0 };
	gn_sweep_opts o = quick;
	char *change, seed[32];
	bool cares = true;

	o.seed = seed_that_holds();
	o.count = 1;
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&told, &o)), 0);
	o.explore = 300;
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&told, &o)),
		GN_ESHORT);
	change = strstr((char *)(uintptr_t)told_line(&told, "GNEZDO_EXPLORE="),
			"GNEZDO_EXPLORE=");
	WANT(change);
	change += strlen("GNEZDO_EXPLORE=");
	change[strcspn(change, " ")] = '\0';
	snprintf(seed, sizeof seed, "%" PRIu64, o.seed);
	setenv("GNEZDO_SEED", seed, 1);
	setenv("GNEZDO_EXPLORE", change, 1);
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&again, &quick)),
		GN_ESHORT);
	setenv("GNEZDO_EXPLORE", "300", 1);
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&again, &quick)),
		GN_ESHORT);
}

static void each_seed_is_explored(void)
{
	gn_sweep_totals t;
	struct told told = { 0 };
	gn_sweep_opts o = quick;
	bool cares = false;

	o.totals = &t;
	o.count = 10;
	o.explore = 5;
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&told, &o)), 0);
	WANT(t.runs == 60);
	o.explore = 0;
	setenv("GNEZDO_EXPLORE", "7", 1);
	WANT_IS(gn_sweep("reads", reads, &cares, told_opts(&told, &o)), 0);
	WANT(t.runs == 80);
}

/* The search for leaks wants descriptors of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define WITHOUT_SANITIZERS 0
#else
#define WITHOUT_SANITIZERS ALONE
#endif

static const struct trial trials[] = {
	{ "what holds is counted", what_holds_is_counted, ALONE },
	{ "however many jobs", however_many_jobs, ALONE },
	{ "every failure is seen", every_failure_is_seen, ALONE },
	{ "what it printed is told", what_it_printed_is_told, ALONE },
	{ "the first difference is named", the_first_difference_is_named,
	  ALONE },
	{ "a story is told", a_story_is_told, ALONE },
	{ "others go on", others_go_on, ALONE },
	{ "what is kept from run to run", what_is_kept_from_run_to_run, ALONE },
	{ "a difference after a while", a_difference_after_a_while, ALONE },
	{ "by default", by_default, ALONE },
	{ "fault_07 amid signals", fault_07_amid_signals, ALONE },
	{ "whatever was before", whatever_was_before, ALONE },
	{ "one line shows it again", one_line_shows_it_again, ALONE },
	{ "variables that are none", variables_that_are_none, ALONE },
	{ "variables that do not go together",
	  variables_that_do_not_go_together, ALONE },
	{ "quoted and whole", quoted_and_whole, ALONE },
	{ "the first failure shrinks", the_first_failure_shrinks, ALONE },
	{ "what holds is not shrunk", what_holds_is_not_shrunk, ALONE },
	{ "what is not shrunk still fails", what_is_not_shrunk_still_fails,
	  ALONE },
	{ "nowhere to shrink to", nowhere_to_shrink_to, ALONE },
	{ "one run is counted", one_run_is_counted, ALONE },
	{ "too long to shrink", too_long_to_shrink, ALONE },
	{ "tapes that cannot be read", tapes_that_cannot_be_read, ALONE },
	{ "ends that are ignored", ends_that_are_ignored, ALONE },
	{ "few descriptors", few_descriptors, WITHOUT_SANITIZERS },
	{ "drawn faults strike and are borne",
	  drawn_faults_strike_and_are_borne, ALONE },
	{ "a change is found and shown again",
	  a_change_is_found_and_shown_again, ALONE },
	{ "each seed is explored", each_seed_is_explored, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
