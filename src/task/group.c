/*
 * group.c: fibers that live and end together.  A group is freed only when
 * none of its fibers is left, so no fiber outlives the block that began it.
 */
#include <stdlib.h>

#include <gnezdo/task.h>

#include "base/check.h"
#include "error/error.h"
#include "loop/loop.h"
#include "task/group.h"

struct gn_group {
	struct gni_loop *loop;
	struct gni_owned owned; /* the thread's end frees one left open */
	unsigned fork;
	struct gni_list members;
	size_t live;
	struct gni_timer timer; /* its deadline */
	bool keep_going;
	bool cancelled;
	int code;	  /* the first failure, 0: none */
	gn_error *cause;  /* its record, NULL: it left none */
	struct gni_wait *waiter;
};

static int fail(int code, const char *operation)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .operation = operation },
			NULL);
}

static void deadline_came(struct gni_timer *timer)
{
	gn_group *g = GNI_OWNER(timer, gn_group, timer);

	if (g->live > 0 && g->code == 0)
		g->code = GN_ETIMEOUT;
	gn_group_cancel(g);
}

static void free_group(gn_group *g)
{
	gni_list_remove(&g->owned.link);
	gni_timer_drop(&g->loop->timers, &g->timer);
	gni_error_free(g->cause);
	free(g);
}

/* The thread ends, its fibers have. */
static void let_go(struct gni_owned *o)
{
	free_group(GNI_OWNER(o, gn_group, owned));
}

/* The caller is of the group's process and thread. */
static int check(const gn_group *g, const char *operation)
{
	if (g->fork != gni_loop_fork())
		return fail(GN_EFORK, operation);
	return gni_loop_mine() == g->loop ? 0 : fail(GN_ETHREAD, operation);
}

gn_group *gn_group_open(const gn_group_opts *opts)
{
	struct gni_loop *l = gni_loop_here();
	gn_group *g;

	if (!l)
		return NULL;
	g = calloc(1, sizeof *g);
	if (!g || !gni_timer_reserve(&l->timers)) {
		free(g);
		fail(GN_ENOMEM, "open a group");
		return NULL;
	}
	g->loop = l;
	g->fork = gni_loop_fork();
	g->owned.let_go = let_go;
	gni_list_add(&l->owned, &g->owned.link);
	g->keep_going = opts && opts->keep_going;
	gni_list_init(&g->members);
	gni_timer_init(&g->timer, deadline_came);
	if (opts && opts->until.ns)
		gni_timer_set(&l->timers, &g->timer, opts->until);
	return g;
}

/* A cancel that was asked for is not a failure of who obeyed it. */
static void note_failure(gn_group *g, int code)
{
	if (code >= 0 || g->code != 0 ||
	    (code == GN_ECANCELED && g->cancelled))
		return;
	g->code = code;
	if (gn_code() == code)
		g->cause = gni_error_take();
}

static void wake_waiter(gn_group *g, int result)
{
	struct gni_wait *w = g->waiter;

	g->waiter = NULL;
	if (w)
		gni_wake(w, result);
}

static void member_ended(struct gni_task *t)
{
	gn_group *g = t->group;

	note_failure(g, t->result);
	gni_list_remove(&t->siblings);
	g->live--;
	if (t->result < 0 && !g->keep_going)
		gn_group_cancel(g);
	if (g->live == 0)
		wake_waiter(g, 0);
}

int gn_go(gn_group *g, gn_fiber_fn *fn, void *arg)
{
	return gn_go_with(g, fn, arg, NULL);
}

int gn_go_with(gn_group *g, gn_fiber_fn *fn, void *arg, const gn_go_opts *opts)
{
	struct gni_task *t;
	int result = check(g, "go");

	if (result < 0)
		return result;
	if (g->cancelled)
		return fail(GN_ECANCELED, "go");
	t = gni_task_open(g->loop, fn, arg, opts);
	if (!t)
		return fail(GN_ENOMEM, "go");
	t->group = g;
	t->ended = member_ended;
	gni_list_add(&g->members, &t->siblings);
	g->live++;
	gni_task_start(t);
	return 0;
}

/* Who waits, and whether a strike ends that; a close goes on waiting. */
struct joiner {
	struct gni_wait wait;
	gn_group *group;
	bool stays;
};

static void give_up(struct gni_wait *w)
{
	struct joiner *j = GNI_OWNER(w, struct joiner, wait);

	if (!j->stays)
		wake_waiter(j->group, w->reason);
}

static int join(gn_group *g, bool stays, gn_time until)
{
	struct joiner j = { .wait = { .operation = "group_wait",
				      .give_up = give_up },
			    .group = g,
			    .stays = stays };

	GNI_CHECK(!g->waiter, "two fibers wait for one group");
	GNI_CHECK(g->loop->current->group != g,
		  "fiber \"%s\" waits for its own group",
		  g->loop->current->fiber.name);
	g->waiter = &j.wait;
	return gni_wait_for(&j.wait, until);
}

int gn_group_wait(gn_group *g, gn_time until)
{
	int result = check(g, "group_wait");

	if (result < 0)
		return result;
	if (g->loop->current->cancelled &&
	    gni_task_cancelled(g->loop->current))
		return fail(GN_ECANCELED, "group_wait");
	if (g->live > 0)
		result = join(g, false, until);
	if (result < 0)
		return fail(result, "group_wait");
	if (g->cause)
		return gni_fail_again(g->cause);
	return g->code < 0 ? fail(g->code, "group_wait") : 0;
}

void gni_group_settle(gn_group *g, gn_time until)
{
	struct gni_task *t = g->loop->current;
	bool cancelled = t->cancelled;
	int result = 0;

	while (g->live > 0 && result != GN_ETIMEOUT) {
		t->cancelled = false;
		result = join(g, false, until);
		cancelled = cancelled || t->cancelled;
	}
	t->cancelled = cancelled;
}

void gn_group_cancel(gn_group *g)
{
	struct gni_list *m, *next;

	if (g->cancelled || g->fork != gni_loop_fork())
		return;
	GNI_CHECK(gni_loop_mine() == g->loop,
		  "a group was cancelled on another thread than opened it");
	g->cancelled = true;
	for (m = g->members.next; m != &g->members; m = next) {
		next = m->next;
		gni_task_cancel(GNI_OWNER(m, struct gni_task, siblings));
	}
}

bool gni_group_is_cancelled(const gn_group *g)
{
	return g->cancelled;
}

void gn_group_close(gn_group *g)
{
	if (!g)
		return;
	if (g->fork != gni_loop_fork()) {
		/* Its fibers go on in the parent alone. */
		free(g);
		return;
	}
	GNI_CHECK(gni_loop_mine() == g->loop,
		  "a group was closed on another thread than opened it");
	gn_group_cancel(g);
	while (g->live > 0)
		join(g, true, GN_NEVER);
	free_group(g);
}
