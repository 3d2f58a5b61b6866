/*
 * attempt.c: a trial of which something fails, and twice without: on the same
 * thread, whose loop may have suffered, and on another.
 */
#include "attempt.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../opened.h"
#include "error/error.h"
#include "faults.h"

/* A wait that is begun anew as long as nothing was struck. */
#define SLICE_NS (4 * GN_MSEC)
#define PATIENCE_NS (20 * GN_SEC)

/* After so long every socket of a simulated host has closed. */
#define LINGER_NS (10 * GN_SEC)

static struct nth_report *report;
static const struct nth_attempt *attempt;
static bool over; /* nothing fails any more */

/* ---- what a trial says */

_Noreturn void nth_fail(const char *file, int line, const char *what)
{
	const char *bare = strrchr(file, '/');
	char text[600] = "none";

	if (gn_code())
		gn_error_text(gn_error_last(), text, sizeof text);
	snprintf(report->words, sizeof report->words,
		 "%s:%d: %s (last failure: %s)", bare ? bare + 1 : file, line,
		 what, text);
	_exit(1);
}

bool nth_struck(void)
{
	if (over)
		return false;
	if (attempt->kind == NTH_OPERATION)
		return nth_faults_struck();
	return nomem_struck();
}

/* Steps that are trials' own functions are seen within. */
static void see(const char *call, int code)
{
	struct nth_seen *s = report->seen;
	size_t len = strcspn(call, "(");

	if (strncmp(call, "gn_", 3) != 0)
		return;
	while (*s->function && (strncmp(s->function, call, len) != 0 ||
				s->function[len]))
		s++;
	snprintf(s->function, sizeof s->function, "%.*s", (int)len, call);
	s->codes |= UINT32_C(1) << (GN_ETIMEOUT - code);
}

/* Whether the code fits what lay beneath; some calls know better than errno. */
static bool fits(int code, int sys)
{
	static const struct {
		int code, sys; /* 0: any */
	} known[] = {
		{ GN_EBACKEND, 0 },	       /* the ring was refused */
		{ GN_ETIMEOUT, 0 },	       /* an accept that rested */
		{ GN_ECANCELED, 0 },
		{ GN_ELIMIT, EADDRNOTAVAIL }, /* no port to connect from */
		{ GN_ELIMIT, EADDRINUSE },    /* nor one to listen at */
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (code == known[i].code &&
		    (!known[i].sys || sys == known[i].sys))
			return true;
	return sys == 0 || gni_code_of(sys) == code;
}

/* The record is of that failure, and its sentence begins with what was tried
 * and goes on with why. */
static bool is_recorded(int code)
{
	const gn_error *e = gn_error_last();
	const char *operation = gn_error_operation(e);
	size_t len = strlen(operation);
	char text[600];

	gn_error_text(e, text, sizeof text);
	return gn_code() == code && gn_error_code(e) == code && len > 0 &&
	       fits(code, gn_error_errno(e)) &&
	       strncmp(text, operation, len) == 0 &&
	       strstr(text + len, gn_code_text(code));
}

int nth_judge_none(const char *file, int line, const char *call)
{
	if (gn_code() == GN_OK)
		nth_fail(file, line, call);
	return nth_judge(file, line, call, gn_code());
}

int nth_judge(const char *file, int line, const char *call, long long result)
{
	int code = (int)result;
	char what[160];

	if (result >= 0)
		return 0;
	snprintf(what, sizeof what, "%.*s gave %s", (int)strcspn(call, "("),
		 call, gn_code_name(code));
	if (code > GN_ETIMEOUT || code < GN_ESYS || !is_recorded(code) ||
	    !nth_struck())
		nth_fail(file, line, what);
	see(call, code);
	return code;
}

gn_time nth_slice(void)
{
	return gn_in(SLICE_NS);
}

bool nth_again(long long result, gn_time begun)
{
	return result == GN_ETIMEOUT && !nth_struck() &&
	       gn_since(begun) < PATIENCE_NS;
}

void nth_path(char *path, size_t size, const char *scheme)
{
	static unsigned count;

	snprintf(path, size, "%s:%s/%u", scheme, attempt->folder, count++);
}

/* ---- what is left */

/* ---- the trial, once with what fails and again without */

static void arm(void)
{
	if (attempt->kind == NTH_ALLOCATION || attempt->kind == NTH_MEMORY)
		nomem_after(attempt->number - 1, attempt->kind == NTH_MEMORY);
}

static void disarm(int result)
{
	report->struck = nth_struck();
	report->code = result;
	nomem_over();
	nth_faults_ask(0);
	over = true;
}

static void run_well(void)
{
	int result = attempt->trial->run();

	if (result != 0)
		nth_fail(__FILE__, __LINE__, "it fails a second time");
}

/* A number that was not reached would strike now. */
static void run_again(void)
{
	if (attempt->kind != NTH_OPERATION || report->struck)
		run_well();
}

static void run_here(void)
{
	arm();
	disarm(attempt->trial->run());
	run_again();
}

/* ---- the same on a simulated host */

static bool hosted; /* it came so far */

/* On the host that the failure struck it works again, and nothing stays. */
static int suffer_on_host(void *arg)
{
	(void)arg;
	hosted = true;
	if (attempt->kind == NTH_OPERATION)
		nth_faults_begin(attempt->number);
	disarm(attempt->trial->run());
	run_again();
	if (gn_sleep(gn_in(LINGER_NS)) < 0)
		nth_fail(__FILE__, __LINE__, "the host was cancelled");
	if (nth_faults_descriptors() > 0)
		nth_fail(__FILE__, __LINE__, "the host has descriptors left");
	return 0;
}

static int run_on_host(void *arg)
{
	(void)arg;
	run_well();
	return 0;
}

/* 0, or the code of what could not be done. */
static int simulate(gn_fiber_fn *host)
{
	gn_sim *sim = gn_sim_open(&(gn_sim_opts){
		.in_order = attempt->kind != NTH_MEMORY,
		.seed = attempt->number });
	int result;

	if (!sim)
		return nth_judge_none(__FILE__, __LINE__, "gn_sim_open");
	result = nth_judge(__FILE__, __LINE__, "gn_sim_host",
			   gn_sim_host(sim, "here", host, NULL));
	if (result == 0)
		result = nth_judge(__FILE__, __LINE__, "gn_sim_run",
				   gn_sim_run(sim));
	gn_sim_close(sim);
	return result;
}

static void run_simulated(void)
{
	int result;

	arm();
	result = simulate(suffer_on_host);
	if (!hosted)
		disarm(result);
	if (simulate(run_on_host) < 0)
		nth_fail(__FILE__, __LINE__, "the simulation fails again");
}

static void *suffer(void *arg)
{
	if (attempt->sim && !(attempt->trial->where & NTH_BARE))
		run_simulated();
	else
		run_here();
	return arg;
}

static void *recover(void *arg)
{
	if (attempt->sim && !(attempt->trial->where & NTH_BARE))
		simulate(run_on_host);
	else
		run_well();
	return arg;
}

static void on_thread(void *(*fn)(void *arg))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		nth_fail(__FILE__, __LINE__, "there are no threads");
}

void nth_attempt_run(const struct nth_attempt *a, struct nth_report *r)
{
	int before = count_descriptors();

	attempt = a;
	report = r;
	if (a->kind == NTH_OPERATION && !a->sim)
		nth_faults_ask(a->number);
	on_thread(suffer);
	on_thread(recover);
	r->live = nomem_live();
	r->descriptors = count_descriptors() - before;
}
