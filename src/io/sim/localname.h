/*
 * localname.h: the names of Unix sockets: paths, which are one host's and stay
 * behind, and abstract names, which do not.
 */
#ifndef GNI_IO_SIM_LOCALNAME_H
#define GNI_IO_SIM_LOCALNAME_H

#include "io/sim/node.h"

struct gni_local_path {
	struct gni_list link;
	struct gni_node *node; /* NULL: nobody's any more */
	int type;
	struct gni_local_name name;
	uint64_t inode; /* 0: abstract */
};

/* gni_localname_bind is bind of every type; a name of no bytes asks for a
 * free abstract one. */
int gni_localname_bind(struct gni_node *node, const gn_addr *addr,
		       struct gni_file *file);

/* gni_localname_unclaim removes the path if it is still that file. */
void gni_localname_unclaim(struct gni_io *io, const gn_addr *addr,
			   const struct gni_file *file);

/* gni_localname_leave takes a closing socket off its name. */
void gni_localname_leave(struct gni_node *node);

/* gni_localnames_free frees what a host has left. */
void gni_localnames_free(struct gni_place *place);

/*
 * gni_localname_find finds the socket of a name, for one of the same type.
 *
 * Returns 0, -ENOENT (no such path), -ECONNREFUSED (nobody is there),
 * -EPROTOTYPE (another type), -EINVAL (no name).
 */
int gni_localname_find(struct gni_node *node, const void *sockaddr,
		       socklen_t len, struct gni_node **found);

/* gni_localname_tell is name of every type. */
int gni_localname_tell(struct gni_node *node, bool peer, void *sockaddr);

/* gni_localname_give writes it as a message's sender, cut to the room. */
void gni_localname_give(const struct gni_local_name *name, struct msghdr *m);

#endif
