/* unixpath.h: Unix sockets bound to paths, the files they leave included. */
#ifndef GNI_IO_UNIXPATH_H
#define GNI_IO_UNIXPATH_H

#include <stdbool.h>

#include <gnezdo/addr.h>

#include "io/io.h"

/* gni_unix_has_path tells whether an address is a path in the file system. */
bool gni_unix_has_path(const gn_addr *addr);

/*
 * gni_unix_claim binds a socket to the address's path, replacing a socket
 * file of ours that no living socket is bound to.  The file has exactly the
 * mode asked for (mode below 0: the umask decides) and never a wider one.
 *
 * Returns 0 and fills *file, or a negative errno: EADDRINUSE when the path is
 * served, or is no socket, or is somebody else's.
 */
int gni_unix_claim(int fd, const gn_addr *addr, int mode,
		   struct gni_file *file);

/* gni_unix_unclaim removes the path if it still is that file.  Call it before
 * the socket is closed: until then nobody can be given the inode anew. */
void gni_unix_unclaim(const gn_addr *addr, const struct gni_file *file);

#endif
