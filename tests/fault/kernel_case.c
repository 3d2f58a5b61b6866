/*
 * kernel_case.c: kernels that refuse a ring, have little room in it, or map no
 * more memory: rows 50, 51 and 59.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../conform/child.h"
#include "../conform/nomem.h"
#include "row.h"

/* A word both ways on a pair of each kind. */
static int talk_on_each(struct world *w)
{
	for (const struct kind *k = conform_kinds; k->name; k++) {
		gn_sock *s[2];

		w->place.kind = k;
		if (k->traits & K_NONE)
			continue;
		TRY(two(&w->place, s));
		TRY(send_pattern(s[0], 800, 0));
		TRY(recv_pattern(s[1], 800, 0));
		close_two(s);
	}
	return 0;
}

/* ---- 50: no ring */

/* FAULT_REASON is what the kernel is made to say. */
static int refused(struct world *w)
{
	const char *words = getenv("FAULT_REASON");

	WANT_TEXT(gn_backend(), "epoll");
	WANT(gn_backend_refused() && words);
	if (!strstr(gn_backend_refused(), words))
		return unlike(__FILE__, __LINE__, "the refusal told", words,
			      gn_backend_refused());
	injected(1);
	TRY(talk_on_each(w));
	handled(1);
	return 0;
}

/* ---- 51: little room */

#define CROWD 60

struct talker {
	gn_sock *s;
	size_t seed;
};

static int talk(void *arg)
{
	struct talker *t = arg;

	for (size_t i = 0; i < 5; i++) {
		TRY(send_pattern(t->s, 9000, t->seed + i));
		TRY(recv_pattern(t->s, 9000, t->seed + i));
	}
	return 0;
}

/* More operations than places, more bytes than buffers. */
static int crowd(struct world *w)
{
	static struct talker t[CROWD][2];
	gn_group *g = gn_group_open(NULL);

	WANT(g);
	w->place.kind = &conform_kinds[0];
	for (size_t i = 0; i < CROWD; i++) {
		gn_sock *s[2];

		TRY(two(&w->place, s));
		for (size_t j = 0; j < 2; j++) {
			t[i][j] = (struct talker){ s[j], i };
			WANT_IS(gn_go(g, talk, &t[i][j]), 0);
		}
	}
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	for (size_t i = 0; i < CROWD; i++) {
		gn_close(t[i][0].s);
		gn_close(t[i][1].s);
	}
	injected(CROWD);
	handled(CROWD);
	return 0;
}

/* ---- 51, 59: no memory to map */

/* Less than the ring's buffers take, or two stacks. */
#define SPARE_BYTES ((size_t)300 * 1024)

static int no_more_memory(struct rlimit *allowed)
{
	FILE *f = fopen("/proc/self/statm", "re");
	struct rlimit now;
	unsigned long pages = 0;

	WANT(f && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	WANT(getrlimit(RLIMIT_AS, allowed) == 0);
	now = (struct rlimit){ pages * 4096 + SPARE_BYTES, allowed->rlim_max };
	WANT(setrlimit(RLIMIT_AS, &now) == 0);
	return 0;
}

/* The ring's buffers cannot be mapped. */
static int no_buffers(struct world *w)
{
	unsigned long before = nomem_unmapped();
	struct rlimit allowed;
	gn_sock *s[2];

	if (SANITIZED)
		return cannot_run(w, "sanitizers need memory of their own");
	w->place.kind = &conform_kinds[0];
	TRY(two(&w->place, s));
	TRY(no_more_memory(&allowed));
	for (size_t i = 0; i < 20; i++) {
		TRY(send_pattern(s[0], 7000, i));
		TRY(recv_pattern(s[1], 7000, i));
	}
	injected(nomem_unmapped() - before);
	WANT(setrlimit(RLIMIT_AS, &allowed) == 0);
	for (size_t i = 0; i < 20; i++) {
		TRY(send_pattern(s[1], 7000, i));
		TRY(recv_pattern(s[0], 7000, i));
	}
	handled(20);
	WANT_IS(gn_shutdown(s[0], SOON), 0);
	TRY(recv_end(s[1]));
	close_two(s);
	return 0;
}

#define FIBERS 8

static int wait_on(void *arg)
{
	(void)arg;
	return gn_sleep(GN_NEVER) == GN_ECANCELED ? 0 : -1;
}

/* No stack can be mapped: that is told, and the rest goes on. */
static int no_stacks(struct world *w)
{
	unsigned long before = nomem_unmapped();
	gn_group *g = gn_group_open(NULL);
	struct rlimit allowed;
	int result = 0;

	if (SANITIZED)
		return cannot_run(w, "sanitizers need memory of their own");
	WANT(g);
	TRY(no_more_memory(&allowed));
	for (int i = 0; i < FIBERS && result == 0; i++)
		result = gn_go(g, wait_on, NULL);
	WANT_IS(result, GN_ENOMEM);
	injected(nomem_unmapped() - before);
	TRY(talk_on_each(w));
	WANT(setrlimit(RLIMIT_AS, &allowed) == 0);
	WANT_IS(gn_go(g, wait_on, NULL), 0);
	gn_group_close(g);
	handled(1);
	return 0;
}

#define CHOOSES "set GNEZDO_BACKEND=; "

const struct fault_case kernel_cases[] = {
	{ .name = "fault-50-eperm",
	  .us = refused,
	  .needs = ONLY_EPOLL,
	  .around = CHOOSES "set FAULT_REASON=not permitted; refuse EPERM" },
	{ .name = "fault-50-enosys",
	  .us = refused,
	  .needs = ONLY_EPOLL,
	  .around = CHOOSES "set FAULT_REASON=not implemented; refuse ENOSYS" },
	{ .name = "fault-50-enomem",
	  .us = refused,
	  .needs = ONLY_EPOLL,
	  .around = CHOOSES
	  "set FAULT_REASON=Cannot allocate; refuse ENOMEM:setup" },
	{ .name = "fault-50-emfile",
	  .us = refused,
	  .needs = ONLY_EPOLL,
	  .around = CHOOSES
	  "set FAULT_REASON=Too many open files; refuse EMFILE:setup" },
	{ .name = "fault-50-old-kernel",
	  .us = refused,
	  .needs = ONLY_EPOLL | NEED_RING,
	  .around = CHOOSES
	  "set FAULT_REASON=not implemented; refuse EINVAL:register" },
	{ .name = "fault-50-enter-refused",
	  .us = refused,
	  .needs = ONLY_EPOLL | NEED_RING,
	  .around = CHOOSES
	  "set FAULT_REASON=not permitted; refuse EPERM:enter" },
	{ .name = "fault-51-four-places",
	  .us = crowd,
	  .needs = ONLY_URING,
	  .around = "set GNEZDO_RING=4" },
	{ .name = "fault-51-no-standing-operations",
	  .us = crowd,
	  .needs = ONLY_URING,
	  .around = "set GNEZDO_OFF=multishot" },
	{ .name = "fault-51-whole-buffers",
	  .us = crowd,
	  .needs = ONLY_URING,
	  .around = "set GNEZDO_OFF=pbuf_inc; set GNEZDO_RING=4" },
	{ .name = "fault-51-no-buffers",
	  .us = no_buffers,
	  .needs = ONLY_URING | NEED_QUIET },
	{ .name = "fault-59-nothing-to-map",
	  .us = no_stacks,
	  .needs = NEED_QUIET },
	{ 0 },
};
