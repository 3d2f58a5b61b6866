/*
 * unixpath.c: the life of a Unix socket's path.  The kernel makes the file at
 * bind and never removes it; a program that died leaves it behind, in the way
 * of the next.  Only a socket, of our own user, with nobody bound to it is
 * ever removed, and of two programs that start at once only one may win: who
 * removes holds a lock on the directory.
 */
#include "io/unixpath.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "addr/addr.h"
#include "io/sys.h"

#define PATH_SIZE (sizeof((struct sockaddr_un *)0)->sun_path + 1)
#define MODE_MASK 07777

/* Others hold the lock for some tens of microseconds.  Somebody who held it
 * for ever must not stop us for more than a moment. */
#define LOCK_TRIES 1000

/* A directory under lock, and a name in it. */
struct place {
	char path[PATH_SIZE];
	const char *name; /* in path */
	int directory;
};

bool gni_unix_has_path(const gn_addr *addr)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	sa_family_t family;

	memcpy(&family, addr->sockaddr, sizeof family);
	return family == AF_UNIX && addr->len > start &&
	       addr->sockaddr[start] != '\0';
}

/* The kernel's path need not end with a NUL. */
static void copy_path(char path[PATH_SIZE], const gn_addr *addr)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t len = addr->len - start;

	if (len >= PATH_SIZE)
		len = PATH_SIZE - 1;
	memcpy(path, addr->sockaddr + start, len);
	path[len] = '\0';
}

static int open_directory(struct place *p)
{
	char *slash = strrchr(p->path, '/');
	const char *folder = slash ? p->path : ".";
	int fd;

	p->name = slash ? slash + 1 : p->path;
	if (slash == p->path)
		folder = "/";
	else if (slash)
		*slash = '\0';
	fd = gni_sys_high(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (slash)
		*slash = '/';
	return fd;
}

static int lock(struct place *p, const gn_addr *addr)
{
	copy_path(p->path, addr);
	p->directory = open_directory(p);
	if (p->directory < 0)
		return p->directory;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(p->directory, LOCK_EX | LOCK_NB) == 0)
			return 0;
		sched_yield();
	}
	close(p->directory);
	return -EWOULDBLOCK;
}

/* Unlocks in so many words: a child forked meanwhile has the lock too. */
static void unlock(struct place *p)
{
	flock(p->directory, LOCK_UN);
	close(p->directory);
}

static int bind_path(int fd, const gn_addr *addr)
{
	int result = bind(fd, gni_addr_sockaddr(addr), addr->len);

	return result < 0 ? -errno : 0;
}

/*
 * Asks the kernel whether any living socket is bound to the file.  A datagram
 * socket asks: its connect reaches nobody, and a socket of another type, even
 * one that does not listen yet, is EPROTOTYPE.  Only when there is none at
 * all it is ECONNREFUSED.
 */
static bool nobody_bound(const gn_addr *addr)
{
	int fd = gni_sys_high(
		socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	bool refused;

	if (fd < 0)
		return false;
	refused = connect(fd, gni_addr_sockaddr(addr), addr->len) < 0 &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static bool same_file(const struct place *p, const struct gni_file *file)
{
	struct stat st;

	return fstatat(p->directory, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == file->device && st.st_ino == file->inode;
}

/* Removes the file in our way if it is stale; true: the path is free. */
static bool remove_stale(const struct place *p, const gn_addr *addr)
{
	struct gni_file file;
	struct stat st;

	if (fstatat(p->directory, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return false;
	file = (struct gni_file){ .device = st.st_dev, .inode = st.st_ino };
	return nobody_bound(addr) && same_file(p, &file) &&
	       unlinkat(p->directory, p->name, 0) == 0;
}

static int bind_replacing(int fd, const gn_addr *addr)
{
	struct place p;
	int result = lock(&p, addr);

	if (result == -EMFILE || result == -ENFILE)
		return result;
	if (result < 0)
		return -EADDRINUSE;
	result = -EADDRINUSE;
	if (remove_stale(&p, addr))
		result = bind_path(fd, addr);
	unlock(&p);
	return result;
}

/* The umask narrowed the mode at bind; what it took away is given back, which
 * lets nobody in too early. */
static int settle(const char *path, int mode, struct gni_file *file)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return mode < 0 ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	*file = (struct gni_file){ .device = st.st_dev, .inode = st.st_ino };
	if (mode < 0 || (st.st_mode & MODE_MASK) == (mode_t)mode)
		return 0;
	return fchmodat(AT_FDCWD, path, (mode_t)mode, AT_SYMLINK_NOFOLLOW) < 0
		? -errno : 0;
}

/*
 * The mode is set on the socket before bind: the file is then made with it,
 * less the umask, in one step.  umask(2) would be the whole process's, and a
 * chmod after bind alone would come too late.
 */
int gni_unix_claim(int fd, const gn_addr *addr, int mode,
		   struct gni_file *file)
{
	char path[PATH_SIZE];
	int result;

	copy_path(path, addr);
	*file = (struct gni_file){ 0 };
	if (mode >= 0 && fchmod(fd, (mode_t)mode) < 0)
		return -errno;
	result = bind_path(fd, addr);
	if (result == -EADDRINUSE)
		result = bind_replacing(fd, addr);
	if (result < 0)
		return result;
	result = settle(path, mode, file);
	if (result < 0 && file->inode)
		gni_unix_unclaim(addr, file);
	return result;
}

static void remove_ours(const struct place *p, const struct gni_file *file)
{
	if (same_file(p, file))
		unlinkat(p->directory, p->name, 0);
}

/*
 * Who has no descriptor for the lock, or may not read the directory, does
 * without: our socket is still bound, so no server takes the path for stale
 * and replaces it meanwhile.
 */
void gni_unix_unclaim(const gn_addr *addr, const struct gni_file *file)
{
	struct place p;
	int result = lock(&p, addr);

	if (result == 0) {
		remove_ours(&p, file);
		unlock(&p);
	} else if (result != -EWOULDBLOCK) {
		p.directory = AT_FDCWD;
		p.name = p.path;
		remove_ours(&p, file);
	}
}
