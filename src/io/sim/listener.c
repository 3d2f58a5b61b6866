/*
 * listener.c: the queue of a listener.  A connection counts against the
 * backlog from its beginning, so that whoever is let in finds room: where
 * Linux would leave a client connected and unheard, here its connect waits.
 */
#include "io/sim/listener.h"

#include <errno.h>

#include "io/sim/claim.h"
#include "io/sim/local.h"
#include "io/sim/trouble.h"

void gni_listener_open(struct gni_node *node, int backlog)
{
	unsigned most = (unsigned)backlog; /* below 0: the most there is */

	node->backlog = most < GNI_BACKLOG_MAX ? most : GNI_BACKLOG_MAX;
	node->state = GNI_NODE_LISTENING;
	gni_node_changed(node);
}

bool gni_listener_full(const struct gni_node *listener)
{
	return listener->children > listener->backlog;
}

struct gni_node *gni_listener_child(struct gni_node *listener,
				    const struct gni_point *local,
				    const struct gni_point *remote)
{
	struct gni_node *child;

	if (gni_listener_full(listener))
		return NULL;
	child = gni_node_new(listener->place, listener->does, listener->domain,
			     listener->type, listener->protocol);
	if (!child)
		return NULL;
	child->local = *local;
	child->remote = *remote;
	if (listener->claim) { /* of tcp; unix children begin afresh */
		child->options = listener->options;
		child->claim = gni_claim_new(child, local, remote);
		if (!child->claim) {
			gni_node_close(child);
			return NULL;
		}
		child->claim->asked = true;
	}
	child->state = GNI_NODE_ANSWERING;
	child->listener = listener;
	gni_list_add(&listener->answering, &child->in_queue);
	listener->children++;
	return child;
}

void gni_listener_queue(struct gni_node *child)
{
	child->state = GNI_NODE_CONNECTED;
	gni_list_remove(&child->in_queue);
	gni_list_add(&child->listener->queue, &child->in_queue);
	gni_node_changed(child->listener);
}

void gni_listener_drop(struct gni_node *child)
{
	gni_list_remove(&child->in_queue);
	child->listener->children--;
	gni_node_close(child);
}

/* The next connection may have ended before it is accepted; of Unix sockets
 * Linux says nothing of the sort. */
static int abort_next(struct gni_node *child)
{
	int result = child->domain == AF_UNIX ?
			     0 :
			     gni_trouble_abort(child->place);

	if (result < 0)
		gni_listener_drop(child);
	return result;
}

int gni_listener_accept(struct gni_node *listener)
{
	struct gni_node *child;
	int fd;

	if (!listener->does->listen)
		return -EOPNOTSUPP;
	if (listener->state != GNI_NODE_LISTENING)
		return -EINVAL;
	if (gni_list_empty(&listener->queue))
		return listener->shut & GNI_SHUT_RD ? -EINVAL : -EAGAIN;
	child = GNI_OWNER(listener->queue.next, struct gni_node, in_queue);
	fd = gni_trouble(listener->place, GNI_ATTEMPT_ACCEPT);
	if (fd == 0)
		fd = abort_next(child);
	if (fd == 0)
		fd = gni_node_open(child);
	if (fd < 0)
		return fd;
	gni_list_remove(&child->in_queue);
	child->listener = NULL;
	listener->children--;
	gni_local_room(listener->place);
	return fd;
}

static void drop_all(struct gni_list *children)
{
	while (!gni_list_empty(children))
		gni_listener_drop(GNI_OWNER(children->next, struct gni_node,
					    in_queue));
}

void gni_listener_close(struct gni_node *listener)
{
	drop_all(&listener->queue);
	drop_all(&listener->answering);
	listener->state = GNI_NODE_CLOSED;
}
