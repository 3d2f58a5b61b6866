/*
 * inject.c: the decorator: put round a backend, waited on, closed.  It owns
 * the backend beneath.
 */
#include "io/inject.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "io/inject_link.h"

/* Asked for, interrupted, begun, interrupted, begun anew; and one to spare. */
#define STEPS_MAX 6

/* A signal may cut a wait short, harmlessly; not twice in a row, or nothing
 * would ever come. */
static bool is_interrupted(struct gni_inject *j)
{
	gn_faults now = gni_plan_now(&j->plan);

	if (j->interrupted)
		j->interrupted = false;
	else
		j->interrupted = gni_plan_strikes(&j->plan, GNI_FAULT_EINTR,
						  now.eintr_ppm);
	return j->interrupted;
}

/* An operation that a fault has sent through several steps takes them in one
 * wait where it need not wait: whoever asks what is there now gets that. */
static void inject_wait(struct gni_io *io, gn_time until)
{
	struct gni_inject *j = gni_inject_of(io);

	gni_link_flights(j);
	if (gni_inject_tell(j) || is_interrupted(j))
		until = GN_NOW;
	until = gn_time_earlier(until, gni_inject_due(j));
	for (int i = 0; i < STEPS_MAX; i++) {
		j->went_on = false;
		j->inner->backend->wait(j->inner, until);
		if (!j->went_on)
			break;
		until = GN_NOW;
	}
}

static void inject_wake(struct gni_io *io)
{
	struct gni_io *inner = gni_inject_of(io)->inner;

	inner->backend->wake(inner);
}

static void inject_end(struct gni_io *io)
{
	struct gni_inject *j = gni_inject_of(io);

	gni_link_leave(j, -1);
	gni_inject_free_twins(j);
	j->inner->backend->close(j->inner);
	free(j);
}

/* What is injected, in one form, and by which seed. */
static void say(struct gni_inject *j)
{
	char rules[GNI_PLAN_TEXT_MAX];
	struct gni_text t;

	gn_fault_text(j->plan.rules, j->plan.count, rules, sizeof rules);
	gni_text_begin(&t, j->text, sizeof j->text);
	gni_text_add(&t, "GNEZDO_SEED=%" PRIu64 " GNEZDO_FAULTS='%s'",
		     j->plan.seed, rules);
	j->io.faults = j->text;
}

/* What takes its time does so for one operation after the other. */
static bool stands(const struct gni_inject *j)
{
	const gn_faults *f = &j->plan.ever;

	return j->inner->multishot && !f->delay_ns && !f->rate_bits &&
	       !f->cut && !f->stall && !f->descriptors;
}

static void prepare(struct gni_inject *j, struct gni_io *inner)
{
	j->inner = inner;
	j->below = inner->backend->calls;
	j->backend = (struct gni_backend){
		.name = inner->backend->name,
		.calls = &gni_inject_calls,
		.submit = gni_inject_submit,
		.cancel = gni_inject_cancel,
		.wait = inject_wait,
		.wake = inject_wake,
		.close = inject_end,
	};
	j->io.backend = &j->backend;
	j->io.multishot = stands(j);
	gni_list_init(&j->ended);
	gni_list_init(&j->timed);
	gni_list_init(&j->spare);
	gni_list_init(&j->starved);
	gni_list_init(&j->flights);
	j->out_free = j->in_free = GN_NOW;
}

int gni_inject_open(struct gni_io **io, const char *faults, const char *seed,
		    const char **why)
{
	struct gni_inject *j = calloc(1, sizeof *j);
	struct gni_io *inner = *io;
	int result = -ENOMEM;

	*why = "no memory for the faults";
	if (j)
		result = gni_plan_read(&j->plan, faults, seed, why);
	if (result < 0) {
		inner->backend->close(inner);
		free(j);
		return result;
	}
	prepare(j, inner);
	say(j);
	*io = &j->io;
	return 0;
}
