/*
 * ring.c: in place of uring_ring.c, a ring without a kernel behind it, which
 * knows the two operations of a wake-up: the read of its eventfd, which ends
 * when there is something in it, and the cancel of that read.  It has a
 * kernel's freedom only in when the threads run.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "explore.h"
#include "io/uring_ring.h"

#define SUBMISSIONS 8
#define COMPLETIONS 8

/* Longer than anybody looks before he sleeps. */
#define LOOK_NS GN_MSEC

/* The kernel's read is no step of the thread. */
ssize_t __real_read(int fd, void *buf, size_t len);

struct state {
	struct io_uring_sqe submissions[SUBMISSIONS];
	struct gni_event completions[COMPLETIONS];
	unsigned submitted, completed;
	bool reading;
	int fd;
	void *to;
	uint64_t data;
};

/* The memory of liburing's ring is ours here. */
static struct state *state_of(const struct gni_ring *r)
{
	return (struct state *)r->uring.sq.ring_ptr;
}

int gni_ring_open(struct gni_ring *r, unsigned features_off, unsigned entries)
{
	(void)features_off;
	(void)entries;
	*r = (struct gni_ring){ .absolute = true, .flagged = true,
				.quiet = true };
	r->uring.sq.ring_ptr = calloc(1, sizeof(struct state));
	return r->uring.sq.ring_ptr ? 0 : -ENOMEM;
}

void gni_ring_close(struct gni_ring *r)
{
	WANT(!state_of(r)->reading);
	free(r->uring.sq.ring_ptr);
}

struct io_uring_sqe *gni_ring_sqe(struct gni_ring *r)
{
	struct state *s = state_of(r);

	if (s->submitted == SUBMISSIONS)
		return NULL;
	return &s->submissions[s->submitted++];
}

static void complete(struct state *s, uint64_t data, int result)
{
	WANT(s->completed < COMPLETIONS);
	s->completions[s->completed++] = (struct gni_event){ data, result, 0 };
}

static void cancel_read(struct state *s, const struct io_uring_sqe *sqe)
{
	if (!s->reading || s->data != sqe->addr) {
		complete(s, sqe->user_data, -ENOENT);
		return;
	}
	s->reading = false;
	complete(s, s->data, -ECANCELED);
}

static void take_submissions(struct state *s)
{
	for (unsigned i = 0; i < s->submitted; i++) {
		const struct io_uring_sqe *sqe = &s->submissions[i];

		if (sqe->opcode == IORING_OP_ASYNC_CANCEL) {
			cancel_read(s, sqe);
			continue;
		}
		WANT(sqe->opcode == IORING_OP_READ && !s->reading);
		s->reading = true;
		s->fd = sqe->fd;
		s->to = (void *)(uintptr_t)sqe->addr;
		s->data = sqe->user_data;
	}
	s->submitted = 0;
}

static bool has_come(void *arg)
{
	struct state *s = arg;

	return s->reading && model_readable(&s->fd);
}

/* The kernel's work is done when the thread asks for it. */
static void work(struct state *s)
{
	take_submissions(s);
	if (!has_come(s))
		return;
	s->reading = false;
	complete(s, s->data,
		 (int)__real_read(s->fd, s->to, sizeof(uint64_t)));
}

bool gni_ring_submit(struct gni_ring *r)
{
	take_submissions(state_of(r));
	return true;
}

bool gni_ring_called(const struct gni_ring *r)
{
	model_look_takes(LOOK_NS);
	return has_come(state_of(r));
}

bool gni_ring_wait(struct gni_ring *r, gn_time until)
{
	struct state *s = state_of(r);
	const struct model_wish came = { "waits in the ring", has_come, s,
					 &model_writes };

	model_point("enters the ring");
	work(s);
	if (s->completed > 0 || !gn_time_before(gn_now(), until))
		return true;
	model_block(&came, until);
	work(s);
	return true;
}

void gni_ring_rest(struct gni_ring *r, gn_time until)
{
	(void)r;
	(void)until;
	model_fail("the ring never puts off what is submitted");
}

unsigned gni_ring_ready(const struct gni_ring *r)
{
	return state_of(r)->completed;
}

bool gni_ring_owes(const struct gni_ring *r)
{
	return gni_ring_ready(r) > 0;
}

uint64_t gni_ring_second(const struct gni_ring *r)
{
	return state_of(r)->completions[1].data;
}

struct gni_event gni_ring_take(struct gni_ring *r)
{
	struct state *s = state_of(r);
	struct gni_event first = s->completions[0];

	s->completed--;
	for (unsigned i = 0; i < s->completed; i++)
		s->completions[i] = s->completions[i + 1];
	return first;
}
