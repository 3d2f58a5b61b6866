/*
 * post.c: a function handed to another thread.
 */
#include <stdlib.h>

#include <gnezdo/task.h>

#include "error/error.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

/* A thread is known to others by its mailbox alone. */
struct gn_thread {
	struct gni_mailbox *mailbox;
	unsigned fork;
};

struct posted {
	struct gni_letter letter;
	void (*fn)(void *arg);
	void *arg;
};

static int fail(int code, const char *operation)
{
	return gni_fail(&(struct gni_cause){ .code = code,
					     .operation = operation },
			NULL);
}

gn_thread *gn_thread_here(void)
{
	struct gni_loop *l = gni_loop_here();
	gn_thread *t;

	if (!l)
		return NULL;
	t = malloc(sizeof *t);
	if (!t) {
		fail(GN_ENOMEM, "thread_here");
		return NULL;
	}
	t->mailbox = gni_mailbox_share(l->mailbox);
	t->fork = gni_loop_fork();
	return t;
}

void gn_thread_free(gn_thread *t)
{
	if (!t)
		return;
	gni_mailbox_drop(t->mailbox);
	free(t);
}

static void call(struct gni_letter *letter)
{
	struct posted *p = GNI_OWNER(letter, struct posted, letter);
	struct gni_loop *l = gni_loop_mine();
	bool outer = l->posted_only;

	l->posted_only = true;
	p->fn(p->arg);
	l->posted_only = outer;
	free(p);
}

int gn_post(gn_thread *t, void (*fn)(void *arg), void *arg)
{
	struct posted *p;

	if (t->fork != gni_loop_fork())
		return fail(GN_EFORK, "post");
	p = calloc(1, sizeof *p);
	if (!p)
		return fail(GN_ENOMEM, "post");
	gni_list_init(&p->letter.link);
	p->letter.open = call;
	p->fn = fn;
	p->arg = arg;
	if (gni_mailbox_post(t->mailbox, &p->letter))
		return 0;
	free(p);
	return fail(GN_EEND, "post");
}
