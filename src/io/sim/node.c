/*
 * node.c: simulated sockets and their descriptors.  A node may outlive its
 * descriptor: as long as bytes it sent are charged to it.
 */
#include "io/sim/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "io/sim/local.h"
#include "io/sim/op.h"
#include "io/sim/trouble.h"

struct gni_node *gni_node_new(struct gni_place *place,
			      const struct gni_protocol *does, int domain,
			      int type, int protocol)
{
	struct gni_node *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->net = place->net;
	n->place = place;
	n->does = does;
	n->fd = -1;
	n->domain = domain;
	n->type = type;
	n->protocol = protocol;
	n->local.ip = n->remote.ip = n->bound.ip = gni_point_any(domain);
	gni_option_init(&n->options, protocol == IPPROTO_TCP);
	gni_list_init(&n->ops);
	gni_list_init(&n->queue);
	gni_list_init(&n->answering);
	gni_list_init(&n->in_queue);
	gni_inbox_init(&n->inbox);
	gni_list_init(&n->of_place);
	gni_list_add(&place->nodes, &n->of_place);
	return n;
}

/* Doubles the table of descriptors. */
static int grow(struct gni_net *net)
{
	size_t max = net->node_max ? net->node_max * 2 : 64;
	struct gni_node **nodes;

	if (max > GNI_DESCRIPTORS_MAX)
		return -EMFILE;
	nodes = realloc(net->nodes, max * sizeof *nodes);
	if (!nodes)
		return -ENOMEM;
	memset(nodes + net->node_max, 0,
	       (max - net->node_max) * sizeof *nodes);
	net->nodes = nodes;
	net->node_max = max;
	return 0;
}

int gni_node_open(struct gni_node *node)
{
	struct gni_net *net = node->net;
	size_t at = net->node_free;
	int result;

	if (gni_trouble_descriptors(node->place))
		return -EMFILE;
	while (at < net->node_max && net->nodes[at])
		at++;
	if (at == net->node_max && (result = grow(net)) < 0)
		return result;
	net->nodes[at] = node;
	net->node_free = at + 1;
	node->place->descriptors++;
	node->fd = GNI_DESCRIPTOR_FIRST + (int)at;
	return node->fd;
}

struct gni_node *gni_node_at(struct gni_net *net, int fd)
{
	if (fd < GNI_DESCRIPTOR_FIRST)
		return NULL;
	if ((size_t)(fd - GNI_DESCRIPTOR_FIRST) >= net->node_max)
		return NULL;
	return net->nodes[fd - GNI_DESCRIPTOR_FIRST];
}

static void descriptor_free(struct gni_node *node)
{
	size_t at = (size_t)(node->fd - GNI_DESCRIPTOR_FIRST);
	struct gni_net *net = node->net;

	net->nodes[at] = NULL;
	if (at < net->node_free)
		net->node_free = at;
	if (!node->haunts)
		node->place->descriptors--;
	node->fd = -1;
}

void gni_node_close(struct gni_node *node)
{
	GNI_CHECK(node->in == 0,
		  "simulation: descriptor %d is closed while %zu operations "
		  "are in on it", node->fd, node->in);
	if (node->fd >= 0)
		descriptor_free(node);
	node->gone = true;
	node->charged++; /* kept till the end of this function */
	node->does->close(node);
	gni_inbox_free(&node->inbox);
	gni_list_remove(&node->of_place);
	gni_node_uncharge(node, 1);
}

void gni_node_uncharge(struct gni_node *node, size_t charge)
{
	node->charged -= charge;
	if (!node->gone && gni_local_writable(node))
		gni_node_changed(node);
	else if (node->gone && node->charged == 0)
		free(node);
}

void gni_node_changed(struct gni_node *node)
{
	struct gni_list *m;

	node->misled = false;
	while ((m = gni_list_pop(&node->ops)))
		gni_op_ready(node->net, GNI_OWNER(m, struct gni_op, link));
}

ssize_t gni_node_recv(struct gni_node *node, struct msghdr *m, int flags)
{
	int before = m->msg_flags;
	ssize_t result;

	m->msg_flags = 0;
	node->stamp = (gn_time){ 0 };
	result = node->does->recv(node, m, flags);
	if (result < 0)
		m->msg_flags = before;
	else if (node->options.timestamp && node->stamp.ns)
		gni_message_stamp(m, gni_place_time(node->place, node->stamp));
	else
		m->msg_controllen = 0;
	return result;
}

int gni_node_error(struct gni_node *node)
{
	int error = node->error;

	node->error = 0;
	return -error;
}

void gni_node_fail(struct gni_node *node, int error)
{
	node->error = error;
	gni_node_changed(node);
}
