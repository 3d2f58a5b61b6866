/*
 * conform.c: runs the table of cases over the kinds and reports each as a
 * line of the Test Anything Protocol.
 *
 *	conform ARM[-WORDS] [PATTERN...]
 *	conform ARM[-WORDS] --list      the names alone
 *
 * ARM is uring, epoll, poll, refused (epoll because io_uring was refused) or
 * sim; WORDS only tell variants apart in the report.  PATTERN chooses cases by
 * the name that is reported, behind the arm's: "tcp4/half_close*".
 */
#include "conform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

#include "place.h"
#include "ring.h"

/* A case that takes so long has hung; one takes some milliseconds.  What runs
 * this program has more patience, so that the case is named. */
#define HUNG_SECONDS 120

static const struct arm {
	const char *name;
	const char *backend; /* what gn_backend is to say */
	bool refused;	     /* and gn_backend_refused */
} arms[] = {
	{ "uring", "io_uring", false },
	{ "epoll", "epoll", false },
	{ "poll", "poll", false },
	{ "refused", "epoll", true },
	{ "sim", "simulation", false },
};

struct run {
	const struct arm *arm;
	const char *title; /* the first argument */
	char **patterns;
	char folder[64];
	struct report *report;
	bool lists;
	unsigned count, failed;
};

static const struct arm *arm_of(const char *title)
{
	size_t len = strcspn(title, "-");

	for (size_t i = 0; i < sizeof arms / sizeof *arms; i++)
		if (strlen(arms[i].name) == len &&
		    strncmp(arms[i].name, title, len) == 0)
			return &arms[i];
	return NULL;
}

static bool fits(const struct conform_case *c, const struct kind *k)
{
	if (c->on ? (k->traits & c->on) != c->on : k->traits & K_NONE)
		return false;
	return !(k->traits & c->never);
}

static bool is_sim(const struct run *r)
{
	return strcmp(r->arm->name, "sim") == 0;
}

static bool runs_here(const struct conform_case *c, const struct run *r,
		      bool thread)
{
	if (is_sim(r))
		return !thread && !(c->manner & NO_SIM);
	return !(c->manner & (thread ? NO_THREADS : NO_FIBERS));
}

/* With patterns that leave out alone, all others are chosen. */
static bool is_chosen(const struct run *r, const char *name)
{
	bool chosen = !*r->patterns || **r->patterns == '!';

	for (char **p = r->patterns; *p; p++) {
		bool leaves_out = **p == '!';

		if (fnmatch(*p + leaves_out, name, 0) == 0)
			chosen = !leaves_out;
	}
	return chosen;
}

/* A plain thread is one with the other end on a plain thread of its own. */
static void name_case(const struct conform_case *c, const struct kind *k,
		      bool thread, char *name, size_t size)
{
	const char *rows = strchr(c->name, ' ');
	int len = rows ? (int)(rows - c->name) : (int)strlen(c->name);

	snprintf(name, size, "%s/%.*s%s%s", k->name, len, c->name,
		 thread ? " on a thread" : "", rows ? rows : "");
}

/* ---- one case, in a process of its own */

static int run_here(const struct conform_case *c, struct place *p)
{
	int result = -1;

	for (int i = 0; i < 2; i++)
		p->bells[i] = gn_chan_open(0, 64);
	if (p->bells[0] && p->bells[1])
		result = p->sim ? conform_sim(c, p) : conform_real(c, p);
	gn_chan_close(p->bells[0]);
	gn_chan_close(p->bells[1]);
	return result;
}

static void be_process(const struct conform_case *c, const struct kind *k,
		     const struct run *r, bool thread)
{
	struct place p = { .kind = k, .folder = r->folder, .thread = thread,
			   .sim = is_sim(r),
			   .report = r->report };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A case that has not cleaned up leaves by the short way, or the leak
	 * checker would say at length what follows from its failure. */
	if (run_here(c, &p) < 0)
		_exit(1);
	exit(0);
}

/* Waits for the child: its status as waitpid has it, -1 if it hung. */
static int status_of(pid_t child)
{
	const struct timespec long_time = { HUNG_SECONDS, 0 };
	sigset_t ends;
	int status;

	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (sigtimedwait(&ends, NULL, &long_time) >= 0 ||
		    errno == EINTR)
			continue;
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return -1;
	}
	return status;
}

/* What a case left is removed: it is that case's failure, not the next's, and
 * none of one whose children were killed. */
static bool folder_is_empty(const struct run *r, bool quiet)
{
	DIR *d = opendir(r->folder);
	struct dirent *entry;
	bool empty = true;

	while (d && (entry = readdir(d))) {
		if (strspn(entry->d_name, ".") == strlen(entry->d_name))
			continue;
		empty = quiet;
		if (!quiet)
			printf("# left in the folder: %s\n", entry->d_name);
		if (unlinkat(dirfd(d), entry->d_name, 0) < 0)
			unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
	return empty;
}

static bool came_well(const struct run *r, const struct conform_case *c,
		      int status)
{
	if (status == -1)
		printf("# it hung\n");
	else if (WIFSIGNALED(status))
		printf("# killed by signal %d (%s)\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) > 1)
		printf("# exit status %d\n", WEXITSTATUS(status));
	return folder_is_empty(r, c->manner & LEAVES) && status == 0;
}

/* Children do not have SIGCHLD blocked, which the case's own would inherit. */
static int run_process(const struct conform_case *c, const struct kind *k,
		     struct run *r, bool thread)
{
	sigset_t ends;
	pid_t child;

	memset(r->report, 0, sizeof *r->report);
	fflush(stdout);
	child = fork();
	if (child < 0)
		return -1;
	if (child == 0) {
		sigemptyset(&ends);
		sigprocmask(SIG_SETMASK, &ends, NULL);
		be_process(c, k, r, thread);
	}
	return status_of(child);
}

/*
 * Valgrind 3.19 knows the calls of a ring, but not that one of them waits, so
 * that other threads and signals wait too, nor what comes by it: descriptors
 * and bytes.  The limit of descriptors, which it keeps itself, it does not hold
 * against socketpair(2).
 */
static const char *valgrind_cannot(const struct conform_case *c,
				   const struct run *r, bool thread)
{
	static const struct {
		const char *name, *why;
		bool everywhere;
	} cases[] = {
		{ "signal_storm", "Valgrind has signals wait for a ring",
		  false },
		{ "out_of_descriptors", "Valgrind does not count a ring's",
		  false },
		{ "message_echo", "Valgrind sees no bytes that a ring brings",
		  false },
		{ "no_pair", "Valgrind lets a pair pass the limit", true },
	};
	bool ring = strcmp(r->arm->name, "uring") == 0;

	if (!RUNNING_ON_VALGRIND)
		return NULL;
	if (thread && ring)
		return "Valgrind has all threads wait for a ring";
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if ((ring || cases[i].everywhere) &&
		    strncmp(c->name, cases[i].name, strlen(cases[i].name)) == 0)
			return cases[i].why;
	return NULL;
}

static void run_case(const struct conform_case *c, const struct kind *k,
		     struct run *r, bool thread)
{
	const char *cannot = valgrind_cannot(c, r, thread);
	char name[160];
	bool well;

	name_case(c, k, thread, name, sizeof name);
	if (!is_chosen(r, name))
		return;
	if (r->lists) {
		printf("%s\n", name);
		return;
	}
	r->count++;
	if (cannot) {
		printf("ok %u - %s/%s # SKIP %s\n", r->count, r->title, name,
		       cannot);
		return;
	}
	well = came_well(r, c, run_process(c, k, r, thread));
	r->failed += !well;
	printf("%s %u - %s/%s%s%s\n", well ? "ok" : "not ok", r->count,
	       r->title, name, r->report->skipped[0] ? " # SKIP " : "",
	       r->report->skipped);
}

/* ---- all of them */

static void run_kind(const struct kind *k, struct run *r)
{
	for (size_t t = 0; conform_tables[t]; t++) {
		const struct conform_case *c = conform_tables[t];

		for (; c->name; c++) {
			if (!fits(c, k))
				continue;
			if (runs_here(c, r, false))
				run_case(c, k, r, false);
			if (runs_here(c, r, true))
				run_case(c, k, r, true);
		}
	}
}

static int backend_probe(const struct run *r)
{
	const char *is = gn_backend();
	bool refused = gn_backend_refused();

	if (!is)
		gn_perror("# backend");
	else if (strcmp(is, r->arm->backend) != 0 || refused != r->arm->refused)
		note("# the backend is %s%s\n", is, refused ? ", refused" : "");
	else
		return 0;
	return 1;
}

/* In a child, since this process is to have no loop. */
static bool backend_is_right(struct run *r)
{
	int status;
	pid_t child;

	if (is_sim(r))
		return true;
	child = fork();
	if (child == 0)
		exit(backend_probe(r));
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* All cases draw by one seed, which can be given again. */
static void choose_seed(void)
{
	char text[24];
	uint32_t seed;

	if (!getenv("GNEZDO_FAULTS"))
		return;
	if (!getenv("GNEZDO_SEED") &&
	    getrandom(&seed, sizeof seed, 0) == sizeof seed) {
		snprintf(text, sizeof text, "%" PRIu32, seed);
		setenv("GNEZDO_SEED", text, 1);
	}
	printf("# GNEZDO_SEED=%s GNEZDO_FAULTS='%s'\n", getenv("GNEZDO_SEED"),
	       getenv("GNEZDO_FAULTS"));
}

static bool begin(struct run *r)
{
	sigset_t ends;

	snprintf(r->folder, sizeof r->folder, "/tmp/gnezdo-XXXXXX");
	r->report = mmap(NULL, sizeof *r->report, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->report == MAP_FAILED || !mkdtemp(r->folder))
		return false;
	setvbuf(stdout, NULL, _IOLBF, 0);
	choose_seed();
	sigemptyset(&ends);
	sigaddset(&ends, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &ends, NULL) == 0;
}

static void run_all(struct run *r)
{
	for (const struct kind *k = conform_kinds; k->name; k++)
		run_kind(k, r);
}

int main(int argc, char **argv)
{
	struct run r = { .arm = argc > 1 ? arm_of(argv[1]) : NULL };

	if (!r.arm) {
		fprintf(stderr, "usage: conform uring|epoll|poll|refused|sim"
				"[-WORDS] [--list | PATTERN...]\n");
		return 64;
	}
	r.title = argv[1];
	r.lists = argc == 3 && strcmp(argv[2], "--list") == 0;
	r.patterns = argv + 2 + r.lists;
	if (r.lists) {
		run_all(&r);
		return 0;
	}
	if (strcmp(r.arm->name, "uring") == 0 && ring_refused()) {
		printf("1..0 # SKIP " RING_REFUSED "\n");
		return 0;
	}
	if (!begin(&r) || !backend_is_right(&r)) {
		printf("Bail out! the arm %s cannot run\n", r.title);
		rmdir(r.folder);
		return 1;
	}
	run_all(&r);
	printf("1..%u\n", r.count);
	rmdir(r.folder);
	return r.failed > 0;
}
