/*
 * nth.c: runs the trials and reports each as a line of the Test Anything
 * Protocol, with how many of each there were to fail.
 *
 *	nth ARM [--quick] [FUNCTION...]
 *	nth --list
 *
 * ARM is uring, epoll, poll or sim; --quick is a part, for builds in which a
 * process costs much.  Each attempt is a process of its own, in
 * which nothing has been called before.  Codes that a function gave are told as
 * "# code FUNCTION CODE", for check.py to compare with the headers.
 */
#include "nth.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../conform/ring.h"
#include "attempt.h"
#include "faults.h"

/* An attempt takes milliseconds; one that takes so long has hung. */
#define HUNG_SECONDS 40

/* More than any trial has of anything. */
#define NUMBER_MAX 2000

/* In a hurry all small numbers, and of the others each third. */
#define QUICK_NUMBERS 9
#define QUICK_STEP 3

static const struct nth_trial *const tables[] = {
	address_trials, open_trials, stream_trials, message_trials,
	option_trials,	task_trials, chan_trials,   serve_trials,
	sim_trials,
};

#define TABLES (sizeof tables / sizeof *tables)

static const char *const kind_words[NTH_KINDS] = {
	[NTH_ALLOCATION] = "allocations",
	[NTH_MEMORY] = "allocations and all after",
	[NTH_OPERATION] = "operations",
};

struct run {
	const char *arm;
	bool quick;
	char **functions; /* that were chosen; none: all */
	char folder[32];
	struct nth_report *report;
	struct nomem_live live; /* after a trial in which nothing fails */
	unsigned count, failed;
	unsigned sums[NTH_KINDS]; /* failures that were made to happen */
	unsigned told;		  /* of which the program was told */
};

/* ---- one attempt */

static void be_process(const struct nth_attempt *a, struct nth_report *r)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(HUNG_SECONDS);
	nth_attempt_run(a, r);
	_exit(0);
}

static bool folder_is_empty(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	bool empty = true;

	while (d && (entry = readdir(d))) {
		if (strspn(entry->d_name, ".") == strlen(entry->d_name))
			continue;
		empty = false;
		unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
	return empty;
}

static bool is_like(struct nomem_live a, struct nomem_live b)
{
	return a.blocks == b.blocks && a.mapped == b.mapped;
}

/* What is wrong with an attempt whose process has ended, NULL: nothing. */
static const char *wrong_with(const struct run *r, const struct nth_attempt *a,
			      int status)
{
	struct nth_report *p = r->report;

	if (WIFSIGNALED(status))
		snprintf(p->words, sizeof p->words, "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0 && !*p->words)
		snprintf(p->words, sizeof p->words, "exit status %d",
			 WEXITSTATUS(status));
	else if (status == 0 && p->descriptors != 0)
		snprintf(p->words, sizeof p->words, "%d descriptors are left",
			 p->descriptors);
	else if (status == 0 && a->kind && !is_like(p->live, r->live))
		snprintf(p->words, sizeof p->words,
			 "%ld blocks and %ld mapped bytes are left",
			 p->live.blocks - r->live.blocks,
			 p->live.mapped - r->live.mapped);
	else if (status == 0 && !folder_is_empty(r->folder))
		snprintf(p->words, sizeof p->words, "a file is left");
	return *p->words ? p->words : NULL;
}

static const char *attempt(struct run *r, const struct nth_attempt *a)
{
	struct nth_report *p = r->report;
	int status;
	pid_t child;

	p->struck = false;
	p->code = 0;
	p->words[0] = '\0';
	fflush(stdout);
	child = fork();
	if (child == 0)
		be_process(a, p);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return "there are no processes";
	return wrong_with(r, a, status);
}

/* ---- all numbers of a kind */

static unsigned after(const struct run *r, unsigned number)
{
	return number + (r->quick && number >= QUICK_NUMBERS ? QUICK_STEP : 1);
}

/* How many there were to fail, and how many of their failures were told; below
 * zero when something was wrong. */
static int all_numbers(struct run *r, struct nth_attempt *a, int *told)
{
	const char *wrong;

	*told = 0;
	for (a->number = 1; a->number < NUMBER_MAX;
	     a->number = after(r, a->number)) {
		wrong = attempt(r, a);
		if (wrong) {
			printf("# %s: number %u of the %s: %s\n",
			       a->trial->function, a->number,
			       kind_words[a->kind], wrong);
			return -1;
		}
		if (!r->report->struck)
			return (int)a->number - 1;
		*told += r->report->code < 0;
	}
	printf("# there is no end of %s\n", kind_words[a->kind]);
	return -1;
}

static bool is_left_out(const struct run *r, const struct nth_attempt *a)
{
	if (a->kind == NTH_MEMORY)
		return r->quick;
	return a->kind == NTH_OPERATION && !a->sim && !nth_faults_built();
}

static void note(struct run *r, const struct nth_attempt *a, unsigned count,
		 unsigned told)
{
	printf("# nth-%s %s: %u %s, %u told\n", r->arm, a->trial->function,
	       count, kind_words[a->kind], told);
	r->sums[a->kind] += count;
	r->told += told;
}

static bool all_kinds(struct run *r, const struct nth_trial *t)
{
	struct nth_attempt a = { .trial = t,
				 .sim = strcmp(r->arm, "sim") == 0,
				 .folder = r->folder };
	const char *wrong = attempt(r, &a);
	bool well = !wrong;

	if (wrong)
		printf("# %s: without a failure: %s\n", t->function, wrong);
	r->live = r->report->live;
	for (int k = NTH_NOTHING + 1; k < NTH_KINDS && !wrong; k++) {
		int told, count;

		a.kind = (enum nth_kind)k;
		if (is_left_out(r, &a))
			continue;
		count = all_numbers(r, &a, &told);
		well = well && count >= 0;
		if (count >= 0)
			note(r, &a, (unsigned)count, (unsigned)told);
	}
	return well;
}

static bool is_chosen(const struct run *r, const struct nth_trial *t)
{
	bool sim = strcmp(r->arm, "sim") == 0;

	if (sim && t->where & NTH_REAL)
		return false;
	if (!sim && t->where & NTH_BARE && strcmp(r->arm, "poll") != 0)
		return false;
	if (!*r->functions)
		return true;
	for (char **f = r->functions; *f; f++)
		if (strcmp(*f, t->function) == 0)
			return true;
	return false;
}

static void run_trial(struct run *r, const struct nth_trial *t)
{
	bool well;

	if (!is_chosen(r, t))
		return;
	well = all_kinds(r, t);
	r->failed += !well;
	printf("%s %u - nth-%s/%s (fault_11 fault_12)\n",
	       well ? "ok" : "not ok", ++r->count, r->arm, t->function);
}

/* ---- all of them */

static void tell_codes(const struct nth_report *p)
{
	for (const struct nth_seen *s = p->seen; *s->function; s++)
		for (int i = 0; i < 32; i++)
			if (s->codes >> i & 1)
				printf("# code %s %s\n", s->function,
				       gn_code_name(GN_ETIMEOUT - i));
}

static void tell_sums(const struct run *r)
{
	printf("#| nth-%s: failures made:", r->arm);
	for (int k = NTH_NOTHING + 1; k < NTH_KINDS; k++)
		printf(" %u %s,", r->sums[k], kind_words[k]);
	printf(" of which %u were told\n", r->told);
}

static int list(void)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct nth_trial *t = tables[i]; t->function; t++)
			printf("%s\n", t->function);
	return 0;
}

static bool begin(struct run *r)
{
	snprintf(r->folder, sizeof r->folder, "/tmp/gnezdo-XXXXXX");
	r->report = mmap(NULL, sizeof *r->report, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (strcmp(r->arm, "sim") != 0)
		setenv("GNEZDO_BACKEND", r->arm, 1);
	return r->report != MAP_FAILED && mkdtemp(r->folder);
}

int main(int argc, char **argv)
{
	struct run r = { .arm = argv[1], .functions = argv + 2 };

	if (argc < 2) {
		fprintf(stderr, "usage: nth uring|epoll|poll|sim [--quick] "
				"[FUNCTION...]\n"
				"       nth --list\n");
		return 64;
	}
	if (strcmp(r.arm, "--list") == 0)
		return list();
	if (*r.functions && strcmp(*r.functions, "--quick") == 0) {
		r.quick = true;
		r.functions++;
	}
	if (strcmp(r.arm, "uring") == 0 && ring_refused()) {
		printf("1..0 # SKIP " RING_REFUSED "\n");
		return 0;
	}
	if (!begin(&r)) {
		printf("Bail out! there is no place for files\n");
		return 1;
	}
	for (size_t i = 0; i < TABLES; i++)
		for (const struct nth_trial *t = tables[i]; t->function; t++)
			run_trial(&r, t);
	tell_codes(r.report);
	tell_sums(&r);
	printf("1..%u\n", r.count);
	rmdir(r.folder);
	return r.failed > 0;
}
