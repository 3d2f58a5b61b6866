/*
 * explore.c: one thread at a time, and every order of their steps.
 */
#include "explore.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock/clock.h"
#include "io/io.h"

/* A run of a case has some hundreds of points; more is a thread that spins. */
#define STEPS_MAX 10000

/* A case with more runs than that is too large to be explored in a test. */
#define RUNS_MAX 20000000

#define ENDS_MAX 4

/* Any instant will do, far from both ends. */
#define BEGIN_NS (1000 * GN_SEC)

enum state { ENDED, READY, BLOCKED };

struct thread {
	int number;
	enum state state;
	sem_t turn;
	struct model_wish wish; /* BLOCKED: what it waits for */
	bool is_ready;		/* what that said */
	unsigned long asked_at; /* after so many changes */
	gn_time until;
	struct {
		void (*call)(void *value);
		void *value;
	} ends[ENDS_MAX];
};

/* Who may go on at a point; a thread whose wait has an end may do so for two
 * reasons. */
struct option {
	struct thread *thread; /* NULL: nobody is left */
	bool late;
};

struct choice {
	unsigned char taken, count;
};

/* What the parent reads when the child is gone. */
struct report {
	unsigned long runs, points, longest;
	bool whole; /* all was explored */
};

const struct model_backend *model_backend;

static struct thread threads[THREADS_MAX];
static const struct model_case *the_case;
static sem_t over;
static struct report *report;

/* ---- one run */

static struct choice path[STEPS_MAX];
static size_t path_length; /* of choices that are laid down */
static size_t steps, choices;
static unsigned preemptions, preemptions_max = 2;
static gn_time now;
static struct thread *running;

static struct {
	int thread;
	const char *what;
} story[STEPS_MAX];

static _Thread_local struct thread *self;

bool model_inside(void)
{
	return self != NULL;
}

static void tell_story(void)
{
	for (size_t i = 0; i < steps; i++)
		printf("#   %c  %s\n", "ABC"[story[i].thread], story[i].what);
	printf("# in run %lu over %s\n", report->runs + 1, model_backend->name);
	fflush(stdout);
}

_Noreturn void model_fail(const char *form, ...)
{
	va_list list;

	tell_story();
	printf("# ");
	va_start(list, form);
	vprintf(form, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* The library stops by abort, and so does a sanitizer. */
static void aborted(int number)
{
	(void)number;
	tell_story();
	_exit(1);
}

static void ask(struct thread *t)
{
	t->asked_at = *t->wish.changes;
	t->is_ready = t->wish.ready(t->wish.arg);
}

static bool may_go(struct thread *t)
{
	if (t->state != BLOCKED)
		return t->state == READY;
	if (t->asked_at != *t->wish.changes)
		ask(t);
	return t->is_ready;
}

/* The running thread stands first, so that the first run of all preempts
 * nobody. */
static size_t options_now(struct option *options)
{
	bool goes_on = running && running->state == READY;
	size_t count = 0;

	if (goes_on)
		options[count++] = (struct option){ running, false };
	if (goes_on && preemptions == preemptions_max)
		return count;
	for (struct thread *t = threads; t < threads + THREADS_MAX; t++) {
		if (t == running && goes_on)
			continue;
		if (may_go(t))
			options[count++] = (struct option){ t, false };
		if (t->state == BLOCKED && gn_time_before(t->until, GN_NEVER))
			options[count++] = (struct option){ t, true };
	}
	return count;
}

/* What is laid down is taken again, beyond it the first. */
static size_t choose(size_t count)
{
	struct choice *c = &path[choices];

	if (count == 1)
		return 0;
	if (choices == path_length) {
		*c = (struct choice){ 0, (unsigned char)count };
		path_length++;
	}
	if (c->count != count)
		model_fail("a run that was repeated went otherwise");
	choices++;
	return c->taken;
}

static bool all_ended(void)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (threads[i].state != ENDED)
			return false;
	return true;
}

static struct thread *next_thread(void)
{
	struct option options[2 * THREADS_MAX], o;
	size_t count = options_now(options);

	if (count == 0 && all_ended())
		return NULL;
	if (count == 0)
		model_fail("all wait, and nobody will wake them");
	o = options[choose(count)];
	if (running && running->state == READY && o.thread != running)
		preemptions++;
	if (o.late)
		now = gn_time_before(now, o.thread->until) ? o.thread->until :
							     now;
	o.thread->state = READY;
	running = o.thread;
	return o.thread;
}

static void note_step(const char *what)
{
	if (steps == STEPS_MAX)
		model_fail("a thread goes round and round");
	story[steps].thread = self->number;
	story[steps].what = what;
	steps++;
}

static void give_turn(struct thread *to)
{
	sem_post(to ? &to->turn : &over);
}

static void take_turn(struct thread *t)
{
	while (sem_wait(&t->turn) < 0)
		continue;
}

/* Another's turn, until it is this thread's again. */
static void pass_turn(void)
{
	struct thread *me = self, *next = next_thread();

	if (next == me)
		return;
	give_turn(next);
	take_turn(me);
}

void model_point(const char *what)
{
	if (!self)
		return;
	note_step(what);
	pass_turn();
}

void model_block(const struct model_wish *wish, gn_time until)
{
	if (!self)
		return;
	note_step(wish->what);
	self->state = BLOCKED;
	self->wish = *wish;
	self->until = until;
	ask(self);
	pass_turn();
}

void model_look_takes(int64_t duration_ns)
{
	now = gn_time_add(now, duration_ns);
}

void model_at_end(void (*call)(void *value), void *value)
{
	for (size_t i = 0; i < ENDS_MAX; i++) {
		if (self->ends[i].call && self->ends[i].call != call)
			continue;
		self->ends[i].call = value ? call : NULL;
		self->ends[i].value = value;
		return;
	}
	model_fail("more calls at a thread's end than were thought of");
}

/* As the C library does it: also for what such a call asks for. */
static bool call_ends(struct thread *t)
{
	bool any = false;

	for (size_t i = 0; i < ENDS_MAX; i++) {
		void (*call)(void *value) = t->ends[i].call;

		t->ends[i].call = NULL;
		if (call)
			call(t->ends[i].value);
		any |= call != NULL;
	}
	return any;
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	self = t;
	gni_clock_virtual(&now);
	for (;;) {
		take_turn(t);
		the_case->threads[t->number]();
		note_step("ends");
		while (call_ends(t))
			continue;
		t->state = ENDED;
		give_turn(next_thread());
	}
	return NULL;
}

/* ---- all runs of a case, in a child */

static void run_once(void)
{
	struct thread *first;

	steps = choices = preemptions = 0;
	now = (gn_time){ BEGIN_NS };
	running = NULL;
	for (int i = 0; i < THREADS_MAX; i++)
		threads[i].state = the_case->threads[i] ? READY : ENDED;
	the_case->begin();
	first = next_thread();
	give_turn(first);
	while (sem_wait(&over) < 0)
		continue;
	the_case->end();
}

/* The last choice that can be another is; false: there is none. */
static bool next_path(void)
{
	while (path_length > 0) {
		struct choice *c = &path[path_length - 1];

		if (++c->taken < c->count)
			return true;
		path_length--;
	}
	return false;
}

static void start_threads(void)
{
	for (int i = 0; i < THREADS_MAX; i++) {
		pthread_t id;

		threads[i].number = i;
		sem_init(&threads[i].turn, 0, 0);
		if (pthread_create(&id, NULL, thread_main, &threads[i]) != 0)
			model_fail("there is no thread to be had");
	}
}

/* On one processor a turn passes without waking another. */
static void stay_on_one_processor(void)
{
	cpu_set_t set;
	int here = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET((size_t)(here < 0 ? 0 : here), &set);
	sched_setaffinity(0, sizeof set, &set);
}

static void explore(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on_one_processor();
	signal(SIGABRT, aborted);
	sem_init(&over, 0, 0);
	gni_clock_virtual(&now);
	start_threads();
	path_length = 0;
	do {
		run_once();
		report->runs++;
		report->points += steps;
		if (steps > report->longest)
			report->longest = steps;
	} while (report->runs < RUNS_MAX && next_path());
	report->whole = path_length == 0;
	exit(report->whole ? 0 : 1);
}

/* ---- all cases */

static const struct model_case *const tables[] = {
	chan_cases, select_cases, post_cases, wake_cases,
};

static int open_ring(struct gni_io **io)
{
	return gni_uring_open(io, 0, 0);
}

static const struct model_backend backends[] = {
	{ "io_uring", "uring", open_ring },
	{ "epoll", "epoll", gni_epoll_open },
	{ "poll", "poll", gni_poll_open },
};

#define BACKENDS (sizeof backends / sizeof *backends)

static bool holds(const struct model_case *c)
{
	int status = 1;
	pid_t child;

	memset(report, 0, sizeof *report);
	fflush(stdout);
	the_case = c;
	child = fork();
	if (child == 0)
		explore();
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFSIGNALED(status))
		printf("# killed by signal %d\n", WTERMSIG(status));
	return status == 0;
}

static int number;
static unsigned long all_runs;

/* Every case must hold. */
static bool check(const struct model_case *c)
{
	bool well = holds(c);

	all_runs += report->runs;
	printf("# %lu runs, up to %lu points\n", report->runs, report->longest);
	printf("%s %d - %s (%s)\n", well ? "ok" : "not ok", ++number, c->name,
	       model_backend->name);
	return well;
}

static bool for_all(const char *backend, const char *pattern,
		    bool (*step)(const struct model_case *c))
{
	bool well = true;

	model_backend = backends;
	while (model_backend < backends + BACKENDS &&
	       strcmp(model_backend->word, backend) != 0)
		model_backend++;
	if (model_backend == backends + BACKENDS)
		return false;
	setenv("GNEZDO_BACKEND", backend, 1);
	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct model_case *c = tables[t]; c->name; c++)
			if (!pattern || strstr(c->name, pattern))
				well &= step(c);
	return well;
}

static unsigned refuted;

/* A mistake was planted: one case at least must find it. */
static bool look_for_mistake(const struct model_case *c)
{
	if (refuted == 0 && !holds(c)) {
		refuted++;
		printf("# found in run %lu of \"%s\"\n", report->runs + 1,
		       c->name);
	}
	return true;
}

static int look_for(const char *mistake, const char *pattern)
{
	for_all("uring", pattern, look_for_mistake);
	printf("%s 1 - it is found: %s\n1..1\n", refuted ? "ok" : "not ok",
	       mistake);
	return refuted == 0;
}

/*
 *	model BACKEND [PREEMPTIONS [PATTERN]]
 *	model --planted MISTAKE PATTERN
 *
 * The second is built with a mistake, which one of the cases must find.
 */
int main(int argc, char **argv)
{
	bool well;

	report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED || argc < 2)
		return 64;
	if (argc > 3 && strcmp(argv[1], "--planted") == 0)
		return look_for(argv[2], argv[3]);
	if (argc > 2)
		preemptions_max = (unsigned)atoi(argv[2]);
	printf("# at most %u preemptions\n", preemptions_max);
	well = for_all(argv[1], argc > 3 ? argv[3] : NULL, check);
	printf("# %lu runs in all\n1..%d\n", all_runs, number);
	return !well;
}
