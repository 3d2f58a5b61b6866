/*
 * op.c: operations of a simulation.  An operation is in one of two lists: its
 * socket's, where it waits for a change, or the ready ones, which the next
 * wait tries.
 */
#include "io/sim/op.h"

#include "base/check.h"
#include "io/sim/node.h"
#include "io/sim/note.h"

void gni_op_ready(struct gni_net *net, struct gni_op *op)
{
	unsigned overtaken = gni_draw_overtaken(net->tape);
	struct gni_list *before = &net->ready;

	while (overtaken-- && before->prev != &net->ready)
		before = before->prev;
	gni_list_insert(before, &op->link);
}

static struct gni_node *node_of(const struct gni_op *op)
{
	return op->backend;
}

void gni_op_submit(struct gni_io *io, struct gni_op *op)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_node *node = gni_node_at(net, op->fd);

	GNI_CHECK(op->state == GNI_OP_IDLE,
		  "simulation: an operation is submitted twice");
	op->state = GNI_OP_IN;
	op->tried = false;
	op->backend = node;
	net->in++;
	if (node)
		node->in++;
	gni_op_ready(net, op);
}

void gni_op_cancel(struct gni_io *io, struct gni_op *op)
{
	if (op->state != GNI_OP_IN)
		return;
	op->state = GNI_OP_CANCELED;
	gni_list_remove(&op->link);
	gni_op_ready(gni_net_of(io), op);
}

static const char *const kind_words[] = {
	[GNI_OP_POLL] = "poll",
	[GNI_OP_ACCEPT] = "accept",
	[GNI_OP_CONNECT] = "connect",
	[GNI_OP_RECV] = "recv",
	[GNI_OP_SEND] = "send",
	[GNI_OP_ACCEPT_MULTI] = "accept_multi",
	[GNI_OP_RECV_MULTI] = "recv_multi",
};

#define KINDS (sizeof kind_words / sizeof *kind_words)

static void note(struct gni_net *net, const struct gni_op *op, int result)
{
	const char *word = op->kind < KINDS ? kind_words[op->kind] : "?";

	if (op->waited)
		return;
	if (op->backend)
		gni_node_note(node_of(op), NULL, word, result);
	else
		gni_net_note(net, NULL, word, result);
}

void gni_op_complete(struct gni_net *net, struct gni_op *op, int result,
		     bool more)
{
	struct gni_node *node = node_of(op);

	note(net, op, result);
	if (more) {
		gni_op_ready(net, op);
	} else {
		op->state = GNI_OP_IDLE;
		op->backend = NULL;
		net->in--;
		if (node)
			node->in--;
		if (node && node->connector == op)
			node->connector = NULL;
	}
	op->done(op, result, more);
}

/* Takes all members of a list into an empty one. */
static void move(struct gni_list *to, struct gni_list *from)
{
	struct gni_list *m;

	while ((m = gni_list_pop(from)))
		gni_list_add(to, m);
}

unsigned gni_op_deliver(struct gni_net *net)
{
	struct gni_list batch, *m;
	unsigned count = 0;

	gni_list_init(&batch);
	move(&batch, &net->ready);
	while ((m = gni_list_pop(&batch))) {
		count += gni_op_try(net, GNI_OWNER(m, struct gni_op, link));
		if (count && gni_draw_completion(net->tape, 8))
			break;
	}
	move(&batch, &net->ready);
	move(&net->ready, &batch);
	if (count)
		net->quiet_turns = 0;
	return count;
}
