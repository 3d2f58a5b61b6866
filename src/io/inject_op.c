/*
 * inject_op.c: the life of an operation under faults.  Its owner's record is
 * never given to the backend beneath: its twin is.  It must keep what the seam
 * promises: bytes that were taken win over a cancel, and an operation is over
 * only when its end was told.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "io/inject_link.h"

enum stage {
	STAGE_ASKING,  /* in the backend: a poll on its behalf */
	STAGE_WAITING, /* timed: to begin */
	STAGE_INSIDE,  /* in the backend */
	STAGE_HELD,    /* timed: to be told its end */
	STAGE_ENDED,   /* to be told its end in the next wait */
};

struct twin {
	struct gni_op op; /* what the backend beneath has */
	struct gni_op *owner;
	struct gni_inject *inject;
	struct gni_list link;
	gn_time due;
	int result;
	int verdict; /* what one that was canceled by a fault is to say, or 0 */
	uint8_t stage;
	bool asked;	  /* a poll has said that it can go on */
	bool interrupted; /* by a signal, since it last got anywhere */
	struct gni_link_end end;
	/* The owner's message: how it was, or what the backend has of it. */
	socklen_t name_len;
	size_t control_len;
	struct msghdr message;
	struct iovec pieces[GNI_LINK_PIECES];
};

/* What each kind is, and what can strike it. */
static const struct {
	enum gni_attempt attempt;
	bool reset, delay;
	bool gated;   /* nothing comes through a link that is shut */
	short events; /* that tell it may go on; 0: none do */
} kinds[] = {
	[GNI_OP_POLL] = { GNI_ATTEMPT_POLL, .gated = true, .events = 0 },
	[GNI_OP_ACCEPT] = { GNI_ATTEMPT_ACCEPT, .delay = true, .gated = true,
			    .events = POLLIN },
	[GNI_OP_CONNECT] = { GNI_ATTEMPT_CONNECT, .delay = true,
			     .gated = true },
	[GNI_OP_RECV] = { GNI_ATTEMPT_RECV, .reset = true, .delay = true,
			  .gated = true, .events = POLLIN },
	[GNI_OP_SEND] = { GNI_ATTEMPT_SEND, .reset = true, .gated = true,
			  .events = POLLOUT },
	[GNI_OP_ACCEPT_MULTI] = { GNI_ATTEMPT_ACCEPT, .events = POLLIN },
	[GNI_OP_RECV_MULTI] = { GNI_ATTEMPT_RECV, .reset = true,
				.events = POLLIN },
};

static void start(struct twin *t);

/* ---- where twins come from */

static struct twin *twin_new(struct gni_inject *j, struct gni_op *owner)
{
	struct gni_list *m = gni_list_pop(&j->spare);
	struct twin *t = m ? GNI_OWNER(m, struct twin, link) :
			     malloc(sizeof *t);

	if (!t)
		return NULL;
	*t = (struct twin){ .owner = owner, .inject = j };
	gni_list_init(&t->link);
	return t;
}

void gni_inject_free_twins(struct gni_inject *j)
{
	struct gni_list *m;

	while ((m = gni_list_pop(&j->spare)))
		free(GNI_OWNER(m, struct twin, link));
}

/* ---- how an operation ends */

static void tell(struct twin *t, int result)
{
	struct gni_op *owner = t->owner;

	owner->state = GNI_OP_IDLE;
	gni_list_remove(&t->link);
	gni_list_add(&t->inject->spare, &t->link);
	owner->done(owner, result, false);
}

/* In the next wait. */
static void end(struct twin *t, int result)
{
	gni_list_remove(&t->link);
	gni_list_add(&t->inject->ended, &t->link);
	t->inject->ending++;
	t->stage = STAGE_ENDED;
	t->result = result;
}

static void wait_until(struct twin *t, enum stage stage, gn_time due)
{
	t->stage = (uint8_t)stage;
	t->due = due;
	gni_list_add(&t->inject->timed, &t->link);
}

/* Tells it now, or when the link has let it through. */
static void tell_late(struct twin *t, int result)
{
	int64_t delay_ns = 0;
	gn_time due = GN_NOW;

	if (kinds[t->owner->kind].delay)
		delay_ns = gni_link_delay(t->inject, &t->end);
	if (t->owner->kind == GNI_OP_RECV && result > 0 &&
	    t->end.now.rate_bits) {
		t->inject->plan.struck[GNI_FAULT_RATE]++;
		due = gni_link_took(t->inject, &t->end, (size_t)result, false);
	}
	if (delay_ns > 0)
		due = gn_time_add(due.ns == GN_NOW.ns ? gn_now() : due,
				  delay_ns);
	if (due.ns == GN_NOW.ns || t->owner->state == GNI_OP_CANCELED) {
		tell(t, result);
		return;
	}
	t->result = result;
	wait_until(t, STAGE_HELD, due);
}

/* ---- what comes of one inside */

static void cancel_inner(struct twin *t)
{
	t->inject->inner->backend->cancel(t->inject->inner, &t->op);
}

/* A signal interrupts it: it is ended, and begins anew; not twice without
 * getting anywhere, or it never would. */
static void interrupt(struct twin *t)
{
	if (t->interrupted ||
	    !gni_plan_strikes(&t->inject->plan, GNI_FAULT_EINTR,
			      t->end.now.eintr_ppm))
		return;
	t->interrupted = true;
	cancel_inner(t);
}

static bool breaks(struct twin *t)
{
	return kinds[t->owner->kind].reset &&
	       gni_link_reset(t->inject, &t->end);
}

/* A standing operation goes on, unless a fault ends it. */
static void go_on(struct twin *t)
{
	t->end = gni_link_end(t->inject, t->owner->fd);
	t->interrupted = false;
	if (t->owner->state != GNI_OP_IN || t->verdict)
		return;
	t->verdict = gni_plan_lacks(&t->inject->plan, &t->end.now,
				    kinds[t->owner->kind].attempt);
	if (!t->verdict && breaks(t))
		t->verdict = -ECONNRESET;
	if (t->verdict)
		cancel_inner(t);
	else
		interrupt(t);
}

/* Hands on what arrived, by pieces of the link's and of short-io. */
static void hand_on(struct twin *t, int result)
{
	struct gni_op *owner = t->owner;
	size_t left = (size_t)result;

	owner->arrived = t->op.arrived;
	while (left > 0) {
		size_t n = gni_link_passes(t->inject, &t->end, left, false);

		left -= n;
		owner->done(owner, (int)n, true);
		owner->arrived += n;
	}
}

static void tell_more(struct twin *t, int result)
{
	struct gni_op *owner = t->owner;

	if (owner->kind == GNI_OP_RECV_MULTI && result > 0)
		hand_on(t, result);
	else
		owner->done(owner, result, true);
	go_on(t);
}

/* What is to be said of a connection just accepted that has gone meanwhile; 0:
 * it has not. */
static int gone(struct twin *t, int result)
{
	struct gni_plan *p = &t->inject->plan;

	if (kinds[t->owner->kind].attempt != GNI_ATTEMPT_ACCEPT || result < 0 ||
	    !gni_plan_strikes(p, GNI_FAULT_ABORT, t->end.now.abort_ppm))
		return 0;
	gni_link_abort(t->inject, result);
	return gni_failing_gone(&p->tape);
}

/* Whether a datagram came over a link that is cut. */
static bool is_cut_off(struct twin *t, int result)
{
	t->end.now = gni_link_end(t->inject, t->owner->fd).now;
	if (t->owner->kind != GNI_OP_RECV || t->end.type != SOCK_DGRAM ||
	    !t->end.now.cut || result < 0)
		return false;
	t->inject->plan.struck[GNI_FAULT_CUT]++;
	return true;
}

/* What the backend wrote into the operation, and its copy of the message. */
static void give_back(struct twin *t)
{
	struct msghdr *m = t->owner->message;

	if (t->owner->kind == GNI_OP_RECV_MULTI)
		t->owner->arrived = t->op.arrived;
	t->owner->cut = t->op.cut;
	if (!m || t->op.message == m)
		return;
	m->msg_namelen = t->message.msg_namelen;
	m->msg_controllen = t->message.msg_controllen;
	m->msg_flags = t->message.msg_flags;
}

/* A receive has written into the message: it is as it was given again. */
static void begin_anew(struct twin *t)
{
	struct msghdr *m = t->owner->message;

	if (m) {
		m->msg_namelen = t->name_len;
		m->msg_controllen = t->control_len;
	}
	t->asked = false;
	start(t);
}

/* It came to nothing: its owner canceled it, or a fault has, and it begins
 * anew. */
static void take_nothing(struct twin *t)
{
	if (t->owner->state == GNI_OP_CANCELED)
		tell(t, -ECANCELED);
	else
		begin_anew(t);
}

static void take_end(struct twin *t, int result)
{
	int lost;

	if (t->verdict && result <= 0) {
		tell(t, t->verdict);
		return;
	}
	lost = gone(t, result);
	if (lost) {
		tell(t, lost);
	} else if (result == -ECANCELED || is_cut_off(t, result)) {
		take_nothing(t);
	} else {
		give_back(t);
		if (t->op.kind == GNI_OP_SEND && result > 0)
			gni_link_took(t->inject, &t->end, (size_t)result, true);
		tell_late(t, result);
	}
}

static void take_more(struct twin *t, int result)
{
	int lost = gone(t, result);

	if (!lost) {
		tell_more(t, result);
	} else if (!t->verdict) {
		t->verdict = lost;
		cancel_inner(t);
	}
}

static void inside_done(struct gni_op *op, int result, bool more)
{
	struct twin *t = GNI_OWNER(op, struct twin, op);

	/* Begun anew, it found that the first try had come through. */
	if (op->kind == GNI_OP_CONNECT && t->interrupted && result == -EISCONN)
		result = 0;
	if (more)
		take_more(t, result);
	else
		take_end(t, result);
}

/* ---- how it begins */

/* Takes less of a stream than there is, where a fault wants it. */
static void shorten(struct twin *t)
{
	bool out = t->op.kind == GNI_OP_SEND;
	struct msghdr *whole = t->op.message;
	size_t len = whole ? gni_link_len(whole) : t->op.len, less;

	if ((!out && t->op.kind != GNI_OP_RECV) || !gni_link_streams(&t->end))
		return;
	less = gni_link_passes(t->inject, &t->end, len, out);
	if (less == len)
		return;
	t->op.len = less;
	if (!whole)
		return;
	gni_link_shorten(&t->message, t->pieces, whole, less);
	t->op.message = &t->message;
}

static void submit_inner(struct twin *t, enum stage stage)
{
	struct gni_io *inner = t->inject->inner;

	t->stage = (uint8_t)stage;
	t->inject->went_on = true;
	inner->backend->submit(inner, &t->op);
	if (t->owner->state == GNI_OP_CANCELED)
		cancel_inner(t);
	else
		interrupt(t);
}

static void enter(struct twin *t)
{
	const struct gni_op *owner = t->owner;

	t->op = (struct gni_op){
		.done = inside_done, .fd = owner->fd, .kind = owner->kind,
		.flags = owner->flags, /* or the events of a poll */
		.buf = owner->buf,     /* or the address of a connect */
		.len = owner->len, .message = owner->message,
	};
	shorten(t);
	submit_inner(t, STAGE_INSIDE);
}

static void asked(struct gni_op *op, int result, bool more)
{
	struct twin *t = GNI_OWNER(op, struct twin, op);

	(void)more;
	t->asked = result != -ECANCELED;
	start(t);
}

/* Has the backend tell when it can go on, before it is tried. */
static void ask(struct twin *t)
{
	t->op = (struct gni_op){
		.done = asked, .fd = t->owner->fd, .kind = GNI_OP_POLL,
		.events = (uint32_t)kinds[t->owner->kind].events,
	};
	submit_inner(t, STAGE_ASKING);
}

/* Whether to ask: where a shut link may keep from it what there is, or where it
 * is to be thought ready when it is not. */
static bool should_ask(struct twin *t)
{
	const gn_faults *now = &t->end.now, *ever = &t->inject->plan.ever;
	uint8_t kind = t->owner->kind;

	if (t->asked || !kinds[kind].events ||
	    (t->owner->flags & (MSG_OOB | MSG_ERRQUEUE)))
		return false;
	if (kind == GNI_OP_ACCEPT && ever->descriptors)
		return true;
	if ((kind == GNI_OP_ACCEPT || kind == GNI_OP_RECV) && t->end.inet &&
	    (ever->cut || ever->stall))
		return true;
	return gni_plan_strikes(&t->inject->plan, GNI_FAULT_AGAIN,
				now->again_ppm);
}

/* Until when the link keeps it from beginning; GN_NOW: it does not.  A
 * datagram that comes meanwhile is to be lost where it is cut. */
static gn_time kept_until(struct twin *t)
{
	struct gni_inject *j = t->inject;
	bool heard = t->end.type == SOCK_DGRAM && t->end.now.cut;
	gn_time busy = GN_NOW, shut = GN_NOW;

	if (t->owner->kind == GNI_OP_SEND && gni_link_streams(&t->end))
		busy = gni_link_busy(j, &t->end);
	if (kinds[t->owner->kind].gated && !heard)
		shut = gni_link_shut(j, &t->end);
	if (shut.ns != GN_NOW.ns)
		j->plan.struck[t->end.now.cut ? GNI_FAULT_CUT :
						GNI_FAULT_STALL]++;
	return gn_time_before(busy, shut) ? shut : busy;
}

/* Goes on as far as it can: one that is to be canceled is tried once, if the
 * link lets it. */
static void start(struct twin *t)
{
	bool canceled = t->owner->state == GNI_OP_CANCELED;
	gn_time until;

	t->end = gni_link_end(t->inject, t->owner->fd);
	until = kept_until(t);
	if (until.ns != GN_NOW.ns && canceled) {
		end(t, -ECANCELED);
	} else if (until.ns != GN_NOW.ns) {
		t->asked = false;
		wait_until(t, STAGE_WAITING, until);
	} else if (!canceled && should_ask(t)) {
		ask(t);
	} else if (t->owner->kind == GNI_OP_ACCEPT &&
		   gni_link_full(t->inject, &t->end)) {
		end(t, -EMFILE);
	} else {
		enter(t);
	}
}

/* A send of a datagram that is lost, or late, is over at once. */
static bool flies(struct twin *t, int *result)
{
	const struct gni_op *owner = t->owner;
	struct iovec piece = { owner->buf, owner->len };
	struct msghdr plain = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (owner->kind != GNI_OP_SEND ||
	    !gni_link_send(t->inject, &t->end,
			   owner->message ? owner->message : &plain,
			   owner->flags, &n))
		return false;
	*result = (int)n;
	return n != -EAGAIN;
}

/* What ends it before it is begun: true, and *result. */
static bool strikes(struct twin *t, int *result)
{
	if (t->owner->kind >= GNI_OP_ACCEPT_MULTI &&
	    !t->inject->io.multishot) {
		*result = -EINVAL;
		return true;
	}
	*result = gni_plan_attempt(&t->inject->plan, &t->end.now,
				   kinds[t->owner->kind].attempt);
	if (*result == 0 && breaks(t))
		*result = -ECONNRESET;
	return *result < 0 || flies(t, result);
}

void gni_inject_submit(struct gni_io *io, struct gni_op *op)
{
	struct gni_inject *j = gni_inject_of(io);
	struct twin *t = twin_new(j, op);
	int result;

	op->state = GNI_OP_IN;
	op->backend = t;
	if (!t) {
		gni_list_add(&j->starved, &op->link);
		return;
	}
	if (op->message) {
		t->name_len = op->message->msg_namelen;
		t->control_len = op->message->msg_controllen;
	}
	t->end = gni_link_end(j, op->fd);
	if (strikes(t, &result))
		end(t, result);
	else
		start(t);
}

void gni_inject_cancel(struct gni_io *io, struct gni_op *op)
{
	struct twin *t = op->backend;

	(void)io;
	if (op->state != GNI_OP_IN)
		return;
	op->state = GNI_OP_CANCELED;
	if (!t)
		return;
	switch ((enum stage)t->stage) {
	case STAGE_ASKING:
	case STAGE_INSIDE:
		cancel_inner(t);
		break;
	case STAGE_WAITING:
		end(t, -ECANCELED);
		break;
	case STAGE_HELD:
		end(t, t->result);
		break;
	case STAGE_ENDED:
		break;
	}
}

/* ---- within wait */

static bool tell_starved(struct gni_inject *j)
{
	bool any = false;
	struct gni_list *m;

	while ((m = gni_list_pop(&j->starved))) {
		struct gni_op *op = GNI_OWNER(m, struct gni_op, link);

		op->state = GNI_OP_IDLE;
		op->done(op, -ENOMEM, false);
		any = true;
	}
	return any;
}

/* Those that ended before now, and not those that end meanwhile. */
static bool tell_ended(struct gni_inject *j)
{
	size_t n = j->ending;
	bool any = n > 0;

	for (; n > 0; n--) {
		struct twin *t = GNI_OWNER(j->ended.next, struct twin, link);

		j->ending--;
		tell(t, t->result);
	}
	return any;
}

/* Takes out one whose time has come; NULL: none. */
static struct twin *next_due(struct gni_inject *j, gn_time now)
{
	for (struct gni_list *m = j->timed.next; m != &j->timed; m = m->next) {
		struct twin *t = GNI_OWNER(m, struct twin, link);

		if (gn_time_before(now, t->due))
			continue;
		gni_list_remove(m);
		return t;
	}
	return NULL;
}

static bool tell_timed(struct gni_inject *j)
{
	gn_time now = gn_now();
	bool any = false;
	struct twin *t;

	while ((t = next_due(j, now))) {
		if (t->stage == STAGE_HELD)
			tell(t, t->result);
		else
			start(t);
		any = true;
	}
	return any;
}

bool gni_inject_tell(struct gni_inject *j)
{
	bool any = tell_starved(j);

	any |= tell_ended(j);
	any |= tell_timed(j);
	return any;
}

gn_time gni_inject_due(const struct gni_inject *j)
{
	gn_time due = gni_link_next_flight(j);

	for (struct gni_list *m = j->timed.next; m != &j->timed; m = m->next)
		due = gn_time_earlier(due,
				      GNI_OWNER(m, struct twin, link)->due);
	return j->ending > 0 || !gni_list_empty(&j->starved) ? GN_NOW : due;
}
