/*
 * note.c: events of the network, with those they concern.
 */
#include "io/sim/note.h"

#include <inttypes.h>

#include "addr/addr.h"
#include "base/check.h"

void gni_note_add(struct gni_io *io, const struct gni_note *n)
{
	struct gni_net *net = gni_net_of(io);

	gni_trace_add(&net->trace, net->now, gni_sim_name(io, n->place), n);
	GNI_CHECK(net->steps_max == 0 ||
			  net->trace.count / GNI_ASTRAY <= net->steps_max,
		  "simulation: fiber \"%s\" goes on for ever without waiting",
		  n->fiber ? n->fiber : "-");
}

/* What the running fiber does; in the network's own time it is nobody. */
static void add(struct gni_net *net, const struct gni_place *place,
		const char *what, const gn_addr *with, int64_t value)
{
	gni_note_add(&net->io, &(struct gni_note){
				       .place = place ? place->number : 0,
				       .fiber = net->fiber,
				       .what = what,
				       .with = with,
				       .value = value });
}

void gni_net_note(struct gni_net *net, const struct gni_place *place,
		  const char *what, int64_t value)
{
	add(net, place, what, NULL, value);
}

void gni_sim_note(struct gni_io *io, const char *what, int64_t value)
{
	gni_net_note(gni_net_of(io), NULL, what, value);
}

static void on_choice(void *arg, const struct gni_tape_entry *e)
{
	struct gni_net *net = arg;

	gni_trace_remark(&net->trace, net->now,
			 "choice of %s: %" PRIu64 " of %" PRIu64,
			 gni_stream_name(e->stream), e->value, e->bound);
}

/* By a seed every step is a choice, which nobody would want to read. */
int gni_sim_tell(struct gni_io *io, const char *to)
{
	struct gni_net *net = gni_net_of(io);

	if (net->tape->reads)
		gni_tape_watch(net->tape, on_choice, net);
	return gni_trace_tell(&net->trace, to);
}

uint64_t gni_sim_trace(struct gni_io *io)
{
	return gni_net_of(io)->trace.hash;
}

uint64_t gni_sim_events(struct gni_io *io)
{
	return gni_net_of(io)->trace.count;
}

bool gni_sim_overran(struct gni_io *io)
{
	return gni_net_of(io)->overran;
}

static enum gn_kind kind_of(const struct gni_node *node)
{
	bool local = node->domain == AF_UNIX;

	if (node->type == SOCK_STREAM)
		return local ? GN_UNIX : GN_TCP;
	if (node->type == SOCK_DGRAM)
		return local ? GN_UNIX_DGRAM : GN_UDP;
	return GN_UNIX_SEQPACKET;
}

static void set_point(gn_addr *with, enum gn_kind kind,
		      const struct gni_point *p)
{
	bool ipv4 = gni_point_is_ipv4(&p->ip);
	struct sockaddr_in6 name;

	if (p->port)
		gni_addr_set(with, kind, &name,
			     gni_point_write(p, ipv4 ? AF_INET : AF_INET6,
					     &name));
}

static void find_with(const struct gni_node *node, const struct msghdr *m,
		      gn_addr *with)
{
	char name[sizeof(struct sockaddr_un) + 1];
	enum gn_kind kind = kind_of(node);
	int len;

	if (m && m->msg_name && m->msg_namelen) {
		gni_addr_set(with, kind, m->msg_name, m->msg_namelen);
	} else if (node->domain == AF_UNIX) {
		len = node->does->name((struct gni_node *)(uintptr_t)node,
				       true, name);
		if (len > 0)
			gni_addr_set(with, kind, name, (size_t)len);
	} else {
		set_point(with, kind, &node->remote);
	}
}

void gni_node_note(const struct gni_node *node, const struct msghdr *m,
		   const char *what, int64_t value)
{
	struct gni_net *net = node->net;
	gn_addr with = { .kind = GN_KIND_NONE };

	if (net->trace.story)
		find_with(node, m, &with);
	add(net, node->place, what, &with, value);
}

void gni_parcel_note(const struct gni_parcel *l, const char *what)
{
	const struct gni_point *p = l->refused ? &l->to : &l->from;
	struct gni_place *at = l->refused ? l->from_place : l->to_place;
	gn_addr with = { .kind = GN_KIND_NONE };

	if (at->net->trace.story)
		set_point(&with, GN_UDP, p);
	add(at->net, at, what, &with, (int64_t)l->len);
}
