/*
 * node.h: a simulated socket, and the descriptors that name them.
 */
#ifndef GNI_IO_SIM_NODE_H
#define GNI_IO_SIM_NODE_H

#include <sys/un.h>

#include "io/sim/parcel.h"
#include "io/sim/option.h"
#include "io/sim/place.h"

/* What has ended, as Linux's sk_shutdown keeps it. */
#define GNI_SHUT_RD 1u
#define GNI_SHUT_WR 2u
#define GNI_SHUT_BOTH 3u

enum gni_node_state {
	GNI_NODE_CLOSED, /* fresh, or done with; a datagram socket for ever */
	GNI_NODE_LISTENING,
	GNI_NODE_CONNECTING,
	GNI_NODE_ANSWERING, /* a listener's, before its accept may have it */
	GNI_NODE_CONNECTED,
};

struct gni_node;

/* What a kind of socket does; results as in io.h. */
struct gni_protocol {
	int (*bind)(struct gni_node *node, const gn_addr *addr,
		    struct gni_file *file);
	/* NULL: EOPNOTSUPP. */
	int (*listen)(struct gni_node *node, int backlog);
	/* -EINPROGRESS: under way, and the node changes when it is over. */
	int (*connect)(struct gni_node *node, const gn_addr *addr);
	ssize_t (*send)(struct gni_node *node, const struct msghdr *m,
			int flags);
	ssize_t (*recv)(struct gni_node *node, struct msghdr *m, int flags);
	int (*shutdown)(struct gni_node *node, unsigned ways);
	unsigned (*poll)(struct gni_node *node);
	int (*name)(struct gni_node *node, bool peer, void *sockaddr);
	/* Lets the world know; the node itself is freed by the caller. */
	void (*close)(struct gni_node *node);
	/* Lets go of names and ports, and nobody know. */
	void (*vanish)(struct gni_node *node);
};

/* A Unix name: the bytes after the family. */
struct gni_local_name {
	uint8_t len; /* 0: none; an abstract one begins with a NUL */
	char bytes[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct gni_node {
	struct gni_net *net;
	struct gni_place *place;
	const struct gni_protocol *does;
	int fd; /* -1: not accepted yet, or closed */
	int domain, type, protocol;
	uint8_t state; /* enum gni_node_state */
	uint8_t shut;
	bool ended; /* the peer's end was seen: Linux's SOCK_DONE */
	bool gone;  /* closed; only its charge keeps it */
	bool haunts; /* its host lost its power: a descriptor of no socket */
	bool misled; /* seemed ready and was not, since it changed last */
	int error;  /* SO_ERROR, positive */
	size_t in;  /* operations that are in on it */
	struct gni_socket_options options;
	struct gni_list ops;	 /* operations that wait for a change */
	struct gni_op *connector; /* the one that began to connect */
	struct gni_list of_place;

	/* A listener's: children to be accepted, and those before. */
	struct gni_list queue, answering;
	unsigned children, backlog;

	/* A child's: its listener until it is accepted. */
	struct gni_node *listener;
	struct gni_list in_queue;

	/* tcp and udp */
	struct gni_claim *claim;
	struct gni_point local, remote;
	struct gni_point bound; /* what bind asked for; port 0: any */
	struct gni_side *side;

	/* udp: where its last datagram stands in the plan */
	gn_time sent_due;
	uint32_t sent_tie;

	/* udp and unix: what has arrived, and what we sent and is not taken */
	struct gni_inbox inbox;
	gn_time stamp; /* of the message taken last; 0: it was none */
	size_t charged;
	struct gni_node *peer;
	bool peer_gone; /* a datagram peer closed, and we were not told yet */
	struct gni_local_path *path;
	struct gni_local_name own_name;
	struct gni_local_name peer_name; /* of a peer that is closed */
};

/* gni_node_new makes a socket without a descriptor; NULL: no memory. */
struct gni_node *gni_node_new(struct gni_place *place,
			      const struct gni_protocol *does, int domain,
			      int type, int protocol);

/* gni_node_open gives it the lowest free descriptor, or -EMFILE, -ENOMEM. */
int gni_node_open(struct gni_node *node);

/* gni_node_at finds the socket of a descriptor, or NULL. */
struct gni_node *gni_node_at(struct gni_net *net, int fd);

/* gni_node_close ends it: the descriptor is free, the protocol goes on alone
 * and the memory goes once nothing of it is with others. */
void gni_node_close(struct gni_node *node);

/* gni_node_changed has all its operations tried again. */
void gni_node_changed(struct gni_node *node);

/* gni_node_recv receives by the node's protocol.  The one control message
 * there can be is SO_TIMESTAMP's.  -EAGAIN has not touched the message. */
ssize_t gni_node_recv(struct gni_node *node, struct msghdr *m, int flags);

/* gni_node_error takes the pending error, negative; 0: none. */
int gni_node_error(struct gni_node *node);

/* gni_node_fail leaves an error to be taken. */
void gni_node_fail(struct gni_node *node, int error);

/* gni_node_uncharge takes back what a parcel had been charged with; the node
 * may be freed by it. */
void gni_node_uncharge(struct gni_node *node, size_t charge);

#endif
