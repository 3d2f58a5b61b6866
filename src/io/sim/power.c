/*
 * power.c: the end of all that a host's kernel knows.
 */
#include "io/sim/power.h"

#include <errno.h>
#include <poll.h>

#include "io/sim/claim.h"
#include "io/sim/node.h"
#include "io/sim/wire.h"

/* ---- ghosts: whoever still waits for one is let go */

static int ghost_bind(struct gni_node *node, const gn_addr *addr,
		      struct gni_file *file)
{
	(void)node;
	(void)addr;
	*file = (struct gni_file){ 0 };
	return -ENETDOWN;
}

static int ghost_listen(struct gni_node *node, int backlog)
{
	(void)node;
	(void)backlog;
	return -ENETDOWN;
}

static int ghost_connect(struct gni_node *node, const gn_addr *addr)
{
	(void)node;
	(void)addr;
	return -ENETDOWN;
}

static ssize_t ghost_send(struct gni_node *node, const struct msghdr *m,
			  int flags)
{
	(void)node;
	(void)m;
	(void)flags;
	return -EPIPE;
}

static ssize_t ghost_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	(void)node;
	(void)m;
	(void)flags;
	return -ENETDOWN;
}

static int ghost_shutdown(struct gni_node *node, unsigned ways)
{
	(void)node;
	(void)ways;
	return -ENOTCONN;
}

static unsigned ghost_poll(struct gni_node *node)
{
	(void)node;
	return POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM |
	       POLLHUP | POLLERR;
}

static int ghost_name(struct gni_node *node, bool peer, void *sockaddr)
{
	(void)node;
	(void)peer;
	(void)sockaddr;
	return -ENOTCONN;
}

static void ghost_close(struct gni_node *node)
{
	(void)node;
}

static const struct gni_protocol ghost = {
	.bind = ghost_bind,
	.listen = ghost_listen,
	.connect = ghost_connect,
	.send = ghost_send,
	.recv = ghost_recv,
	.shutdown = ghost_shutdown,
	.poll = ghost_poll,
	.name = ghost_name,
	.close = ghost_close,
};

/* ---- the power goes */

/* Takes a node off all others; its protocol lets go of the rest. */
static void silence(struct gni_node *node)
{
	node->does->vanish(node);
	gni_inbox_free(&node->inbox);
	gni_list_remove(&node->in_queue);
	node->listener = NULL;
	node->peer = NULL;
	node->error = 0;
	node->state = GNI_NODE_CLOSED;
	node->shut = GNI_SHUT_BOTH;
	node->does = &ghost;
}

static void haunt(struct gni_node *node)
{
	if (node->fd < 0) {
		gni_node_close(node);
		return;
	}
	node->place->descriptors--;
	node->haunts = true;
	gni_node_changed(node);
}

/* All are silenced before any is freed, as they know each other. */
static void silence_all(struct gni_place *place)
{
	struct gni_list all, *m;

	for (m = place->nodes.next; m != &place->nodes; m = m->next)
		silence(GNI_OWNER(m, struct gni_node, of_place));
	gni_list_init(&all);
	while ((m = gni_list_pop(&place->nodes)))
		gni_list_add(&all, m);
	while ((m = gni_list_pop(&all)))
		haunt(GNI_OWNER(m, struct gni_node, of_place));
}

static void tell(struct gni_place *place, bool on)
{
	struct gni_net *net = place->net;

	if (net->power) {
		net->power(net->power_arg, place->number, on);
		atomic_store(&net->woken, true); /* fibers may be ready */
	} else if (on)
		gni_sim_start(&net->io, place->number);
}

void gni_power_off(struct gni_place *place)
{
	if (place->down)
		return;
	place->down = true;
	gni_net_note(place->net, place, "off", 0);
	silence_all(place);
	gni_wires_vanish(place);
	gni_claims_free(place);
	tell(place, false);
}

void gni_power_return(struct gni_place *place)
{
	if (place->down)
		tell(place, true);
}

void gni_sim_start(struct gni_io *io, unsigned place)
{
	struct gni_place *p = gni_net_of(io)->places[place];

	p->down = false;
	gni_net_note(p->net, p, "on", 0);
}

void gni_sim_power(struct gni_io *io,
		   void (*fn)(void *arg, unsigned place, bool on), void *arg)
{
	struct gni_net *net = gni_net_of(io);

	net->power = fn;
	net->power_arg = arg;
}
