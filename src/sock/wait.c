/*
 * wait.c: waiting for input without taking it, and for descriptors of others.
 */
#include <errno.h>

#include "sock/input.h"
#include "sock/listener.h"

int gn_wait(gn_sock *s, gn_time until)
{
	int result = gni_sock_begin(s, GNI_WAIT);

	if (result < 0)
		return result;
	if (s->role == GNI_LISTENER)
		result = gni_sock_poll_accept(s, until);
	else
		result = gni_input_poll(s, GNI_WAIT, until);
	return result < 0 ? gni_sock_fail(s, GNI_WAIT, result, 0, 0) : 0;
}

/* A wait for a descriptor of others; several fibers may wait for one. */
struct foreign {
	struct gni_list link;
	int fd;
};

static bool is_waited_for(const struct gni_loop *l, int fd)
{
	for (struct gni_list *m = l->foreign.next; m != &l->foreign;
	     m = m->next)
		if (GNI_OWNER(m, struct foreign, link)->fd == fd)
			return true;
	return false;
}

static int fail_fd(int result)
{
	struct gni_cause cause = gni_cause_of(result);

	if (result == -EBADF)
		cause.code = GN_EINVAL;
	cause.operation = "wait_fd";
	return gni_fail(&cause, NULL);
}

int gn_wait_fd(int fd, int events, gn_time until)
{
	struct gni_call c = { .op = { .kind = GNI_OP_POLL, .fd = fd,
				      .events = (uint32_t)events } };
	struct foreign f = { .fd = fd };
	struct gni_loop *l = gni_loop_here();
	int result;

	if (!l)
		return gn_code();
	if (gni_task_cancelled(l->current))
		return fail_fd(GN_ECANCELED);
	gni_list_add(&l->foreign, &f.link);
	result = gni_call_wait(&c, "wait_fd", NULL, until);
	gni_list_remove(&f.link);
	/* It is another's, who may close it: nothing of it stays here. */
	if (!is_waited_for(l, fd))
		l->calls->forget(l->io, fd);
	return result < 0 ? fail_fd(result) : result;
}
