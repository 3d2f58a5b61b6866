/*
 * localname.c: the names of Unix sockets.  The simulation has no directories:
 * a path is its bytes, and every file is a socket's.
 */
#include "io/sim/localname.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_AT offsetof(struct sockaddr_un, sun_path)

/* Linux draws abstract names of five hexadecimal digits. */
#define AUTOBIND_NAMES (1 << 20)

static int name_read(struct gni_local_name *name, const void *sockaddr,
		     socklen_t len)
{
	struct sockaddr_un un = { 0 };

	*name = (struct gni_local_name){ 0 };
	if (len < NAME_AT || len > sizeof un)
		return -EINVAL;
	memcpy(&un, sockaddr, len);
	if (un.sun_family != AF_UNIX)
		return -EINVAL;
	len -= (socklen_t)NAME_AT;
	if (un.sun_path[0])
		len = (socklen_t)strnlen(un.sun_path, len);
	memcpy(name->bytes, un.sun_path, len);
	name->len = (uint8_t)len;
	return 0;
}

static bool is_path(const struct gni_local_name *name)
{
	return name->len && name->bytes[0];
}

/* Of at most sizeof(struct sockaddr_un) + 1 bytes. */
static socklen_t name_write(const struct gni_local_name *name, void *sockaddr)
{
	sa_family_t family = AF_UNIX;
	char *bytes = (char *)sockaddr + NAME_AT;

	memcpy(sockaddr, &family, sizeof family);
	memcpy(bytes, name->bytes, name->len);
	if (!is_path(name))
		return (socklen_t)NAME_AT + name->len;
	bytes[name->len] = 0;
	return (socklen_t)NAME_AT + name->len + 1;
}

void gni_localname_give(const struct gni_local_name *name, struct msghdr *m)
{
	char sockaddr[sizeof(struct sockaddr_un) + 1];
	socklen_t room = m->msg_namelen;

	m->msg_namelen = 0;
	if (!m->msg_name || name->len == 0)
		return;
	m->msg_namelen = name_write(name, sockaddr);
	if (room > m->msg_namelen)
		room = m->msg_namelen;
	memcpy(m->msg_name, sockaddr, room);
}

int gni_localname_tell(struct gni_node *node, bool peer, void *sockaddr)
{
	const struct gni_local_name *name = &node->own_name;

	if (peer && node->peer)
		name = &node->peer->own_name;
	else if (peer && (node->state == GNI_NODE_CONNECTED || node->peer_gone))
		name = &node->peer_name;
	else if (peer)
		return -ENOTCONN;
	return (int)name_write(name, sockaddr);
}

/* Each type of socket has abstract names of its own; paths are everybody's. */
static struct gni_local_path *find(struct gni_place *place, int type,
			     const struct gni_local_name *name)
{
	struct gni_list *m;

	for (m = place->files.next; m != &place->files; m = m->next) {
		struct gni_local_path *p =
			GNI_OWNER(m, struct gni_local_path, link);

		if (p->inode == 0 && p->type != type)
			continue;
		if (p->name.len == name->len &&
		    memcmp(p->name.bytes, name->bytes, name->len) == 0)
			return p;
	}
	return NULL;
}

int gni_localname_find(struct gni_node *node, const void *sockaddr,
		       socklen_t len, struct gni_node **found)
{
	struct gni_local_name name;
	struct gni_local_path *path;
	int result = name_read(&name, sockaddr, len);

	if (result < 0)
		return result;
	if (name.len == 0)
		return -EINVAL;
	path = find(node->place, node->type, &name);
	if (!path)
		return is_path(&name) ? -ENOENT : -ECONNREFUSED;
	if (!path->node)
		return -ECONNREFUSED;
	if (path->node->type != node->type)
		return -EPROTOTYPE;
	*found = path->node;
	return 0;
}

static void path_free(struct gni_local_path *path)
{
	if (path->node)
		path->node->path = NULL;
	gni_list_remove(&path->link);
	free(path);
}

void gni_localname_leave(struct gni_node *node)
{
	struct gni_local_path *path = node->path;

	if (!path)
		return;
	node->path = NULL;
	path->node = NULL;
	if (!path->inode)
		path_free(path);
}

void gni_localnames_free(struct gni_place *place)
{
	struct gni_list *m;

	while ((m = gni_list_pop(&place->files)))
		path_free(GNI_OWNER(m, struct gni_local_path, link));
}

static void draw_name(struct gni_node *node, struct gni_local_name *name)
{
	uint32_t at = gni_draw_port(node->net->tape, AUTOBIND_NAMES);

	do {
		name->len = 6;
		name->bytes[0] = 0;
		snprintf(name->bytes + 1, 6, "%05x", at % AUTOBIND_NAMES);
		at++;
	} while (find(node->place, node->type, name));
}

static int make(struct gni_node *node, const struct gni_local_name *name,
		struct gni_file *file)
{
	struct gni_local_path *path = calloc(1, sizeof *path);

	if (!path)
		return -ENOMEM;
	path->node = node;
	path->type = node->type;
	path->name = *name;
	if (is_path(name)) {
		path->inode = ++node->net->inode;
		*file = (struct gni_file){ node->place->number, path->inode };
	}
	gni_list_add(&node->place->files, &path->link);
	node->path = path;
	node->own_name = *name;
	return 0;
}

int gni_localname_bind(struct gni_node *node, const gn_addr *addr,
		       struct gni_file *file)
{
	struct gni_local_name name;
	struct gni_local_path *path;
	int result = name_read(&name, addr->sockaddr, addr->len);

	*file = (struct gni_file){ 0 };
	if (result < 0)
		return result;
	if (node->own_name.len)
		return name.len ? -EINVAL : 0;
	if (name.len == 0)
		draw_name(node, &name);
	path = find(node->place, node->type, &name);
	if (path && path->node)
		return -EADDRINUSE;
	if (path)
		path_free(path);
	return make(node, &name, file);
}

void gni_localname_unclaim(struct gni_io *io, const gn_addr *addr,
			   const struct gni_file *file)
{
	struct gni_net *net = gni_net_of(io);
	struct gni_local_name name;
	struct gni_local_path *path;

	if (file->inode == 0 || file->device > net->place_count ||
	    name_read(&name, addr->sockaddr, addr->len) < 0)
		return;
	path = find(net->places[file->device], 0, &name);
	if (path && path->inode == file->inode)
		path_free(path);
}
