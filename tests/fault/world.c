/*
 * world.c: a case on the real kernel: a thread for each part, namespaces and a
 * wire where it needs them, and what must be as it was when all is over.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../opened.h"
#include "link.h"
#include "net.h"
#include "row.h"

/* What the deepest part keeps on its stack, with room for sanitizers. */
#define STACK_BYTES ((size_t)1 << 20)

/* The two sides are not in one namespace. */
#define APART (NEED_WIRE | NEED_LINK)

/* Between two words of the bystander. */
#define BREATH_NS (2 * GN_MSEC)

static bool isolated;
static atomic_ulong injections, handlings;

struct side {
	struct world *w;
	fault_part *part;
	gn_sock *bystanders[2];
	int result;
	pid_t id;
	sem_t born, wired, ready, over;
	sigset_t signals; /* the mask */
	int end;	  /* of a link */
};

void injected(unsigned long count)
{
	atomic_fetch_add(&injections, count);
}

void handled(unsigned long count)
{
	atomic_fetch_add(&handlings, count);
}

void print_counts(void)
{
	printf("#:injected %lu\n#:handled %lu\n", atomic_load(&injections),
	       atomic_load(&handlings));
}

int cannot_run(struct world *w, const char *why)
{
	return skip(&w->place, why);
}

/* ---- a namespace of our own */

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool well = f && fputs(text, f) >= 0;

	if (f)
		well = fclose(f) == 0 && well;
	return well;
}

/* Who is not root is so in a namespace of users. */
static bool become_root(void)
{
	char map[64];
	unsigned user = geteuid(), group = getegid();

	if (user == 0)
		return true;
	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	snprintf(map, sizeof map, "0 %u 1", user);
	if (!write_file("/proc/self/uid_map", map) ||
	    !write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof map, "0 %u 1", group);
	return write_file("/proc/self/gid_map", map);
}

bool isolate(void)
{
	isolated = become_root() && unshare(CLONE_NEWNET) == 0 &&
		   loopback_up() == 0;
	return isolated;
}

/* ---- somebody else's conversation */

static int open_bystanders(struct world *w, gn_sock *s[2])
{
	static const struct kind local = { "bystander", "tcp4", "127.0.0.1:0",
					   GN_TCP,
					   K_STREAM | K_NAMED | K_INET |
						   K_SERVED };
	struct place p = w->place;

	if (w->needs & NEED_QUIET) {
		WANT_IS(gn_pair(GN_UNIX, s), 0);
		return 0;
	}
	p.kind = &local;
	return two(&p, s);
}

static int say_a_word(gn_sock *s[2], size_t round)
{
	TRY(send_pattern(s[0], 700, round));
	TRY(recv_pattern(s[1], 700, round));
	TRY(send_pattern(s[1], 90, round));
	return recv_pattern(s[0], 90, round);
}

/* One that is to be quiet shows at the end that it still can talk. */
static int talk_on(void *arg)
{
	struct side *a = arg;
	bool quiet = a->w->needs & NEED_QUIET;
	size_t round = 0;

	while (!atomic_load(&a->w->over)) {
		if (!quiet)
			TRY(say_a_word(a->bystanders, round++));
		WANT_IS(gn_sleep(gn_in(BREATH_NS)), 0);
	}
	return say_a_word(a->bystanders, round);
}

/* ---- the parts */

static int run_part(void *arg)
{
	struct side *a = arg;
	int result = a->part(a->w);

	atomic_store(&a->w->over, true);
	return result;
}

static int go(gn_group *g, gn_fiber_fn *fn, struct side *a, const char *name)
{
	gn_go_opts opts = { .name = name, .stack_bytes = STACK_BYTES };

	return gn_go_with(g, fn, a, &opts);
}

static int run_us(struct side *a)
{
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	TRY(open_bystanders(a->w, a->bystanders));
	WANT_IS(go(g, run_part, a, "us"), 0);
	WANT_IS(go(g, talk_on, a, "bystander"), 0);
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	close_two(a->bystanders);
	return result;
}

/* Whoever waits for one that has failed is told at once. */
static void wake_the_other(struct world *w)
{
	gn_chan_end(w->place.bells[0]);
	gn_chan_end(w->place.bells[1]);
}

static void *us_thread(void *arg)
{
	struct side *a = arg;

	/* Signals are for us alone. */
	pthread_sigmask(SIG_SETMASK, &a->signals, NULL);
	a->result = run_us(a);
	if (a->result < 0)
		wake_the_other(a->w);
	return NULL;
}

static int them_fiber(void *arg)
{
	struct side *a = arg;

	return a->part(a->w);
}

static int run_them(struct side *a)
{
	gn_group *g = gn_group_open(NULL);
	int result;

	WANT(g);
	WANT_IS(go(g, them_fiber, a, "them"), 0);
	result = gn_group_wait(g, GN_NEVER);
	gn_group_close(g);
	return result;
}

static int move_out(struct side *a)
{
	a->id = (pid_t)syscall(SYS_gettid);
	if (!(a->w->needs & APART))
		return 0;
	WANT(unshare(CLONE_NEWNET) == 0);
	WANT(loopback_up() == 0);
	if (a->w->needs & NEED_LINK)
		a->end = link_end();
	return a->end < 0 ? -1 : 0;
}

static void *them_thread(void *arg)
{
	struct side *a = arg;

	a->result = move_out(a);
	sem_post(&a->born);
	sem_wait(&a->wired);
	if (a->result == 0 && a->w->needs & APART)
		a->result = wire_address(THEM4, THEM6);
	if (a->result == 0 && a->w->needs & APART)
		a->result = wire_works(US4);
	sem_post(&a->ready);
	if (a->result == 0)
		a->result = run_them(a);
	if (a->result < 0)
		wake_the_other(a->w);
	/* The namespace goes with the thread. */
	sem_wait(&a->over);
	return NULL;
}

/* The wire as seen from us: the kernel's, or one whose middle is ours. */
static int lay_wire(struct side *them)
{
	struct world *w = them->w;
	int end;

	if (w->needs & NEED_LINK) {
		end = link_end();
		if (end >= 0)
			w->middle =
				link_start(end, them->end, w->link, w->seed);
		WANT(w->middle);
	} else {
		TRY(wire_up(them->id));
	}
	return wire_address(US4, US6);
}

static int start_them(struct side *a, pthread_t *thread)
{
	bool apart = a->w->needs & APART;
	int result = 0;

	sem_init(&a->born, 0, 0);
	sem_init(&a->wired, 0, 0);
	sem_init(&a->ready, 0, 0);
	sem_init(&a->over, 0, 0);
	WANT(pthread_create(thread, NULL, them_thread, a) == 0);
	sem_wait(&a->born);
	if (apart && a->result == 0)
		result = lay_wire(a);
	sem_post(&a->wired);
	sem_wait(&a->ready);
	if (a->w->middle && result == 0)
		link_spoil(a->w->middle);
	return result;
}

static int run_sides(const struct fault_case *c, struct world *w)
{
	struct side us = { .w = w, .part = c->us };
	struct side them = { .w = w, .part = c->them };
	pthread_t threads[2];
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &us.signals);
	if (them.part)
		TRY(start_them(&them, &threads[1]));
	WANT(pthread_create(&threads[0], NULL, us_thread, &us) == 0);
	pthread_join(threads[0], NULL);
	/* Whoever still waits for us would wait for ever. */
	if (us.result < 0)
		return -1;
	if (them.part) {
		sem_post(&them.over);
		pthread_join(threads[1], NULL);
	}
	if (w->middle)
		injected(link_stop(w->middle));
	return them.result;
}

int fault_real(const struct fault_case *c, struct world *w)
{
	int before = count_descriptors();

	if (c->needs & (NEED_NET | APART) && !isolated)
		return cannot_run(w, "no network namespaces are permitted");
	w->needs = c->needs;
	w->link = c->link;
	w->host = c->needs & APART ? THEM4 : "127.0.0.1";
	TRY(run_sides(c, w));
	if (!w->place.report->skipped[0])
		WANT_IS(count_descriptors(), before);
	return 0;
}
