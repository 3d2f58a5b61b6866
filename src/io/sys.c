/*
 * sys.c: the system calls on sockets and files that never wait, common to all
 * backends of the real world.  They keep no state.  They must never make a
 * descriptor that could be taken for a standard stream, never block, never
 * raise a signal.
 */
#include "io/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "addr/addr.h"
#include "base/write.h"
#include "io/io.h"
#include "io/unixpath.h"

static int result_of(int result)
{
	return result < 0 ? -errno : result;
}

int gni_sys_high(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return result_of(fd);
	high = result_of(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
	close(fd);
	return high;
}

int gni_sys_nonblock(int fd, bool on)
{
	int old = fcntl(fd, F_GETFL);
	int new = on ? old | O_NONBLOCK : old & ~O_NONBLOCK;

	if (old < 0)
		return -errno;
	if (old == new)
		return 0;
	return fcntl(fd, F_SETFL, new) < 0 ? -errno : 1;
}

static int sys_socket(struct gni_io *io, int domain, int type, int protocol)
{
	(void)io;
	return gni_sys_high(socket(domain, type | SOCK_CLOEXEC, protocol));
}

static int sys_pair(struct gni_io *io, int type, int fd[2])
{
	int low[2], first, second;

	(void)io;
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, low) < 0)
		return -errno;
	first = gni_sys_high(low[0]);
	second = gni_sys_high(low[1]);
	if (first >= 0 && second >= 0) {
		fd[0] = first;
		fd[1] = second;
		return 0;
	}
	if (first >= 0)
		close(first);
	if (second >= 0)
		close(second);
	return first < 0 ? first : second;
}

static int sys_bind(struct gni_io *io, int fd, const gn_addr *addr, int mode,
		    struct gni_file *file)
{
	(void)io;
	*file = (struct gni_file){ 0 };
	if (gni_unix_has_path(addr))
		return gni_unix_claim(fd, addr, mode, file);
	return result_of(bind(fd, gni_addr_sockaddr(addr), addr->len));
}

static void sys_unclaim(struct gni_io *io, const gn_addr *addr,
			const struct gni_file *file)
{
	(void)io;
	if (file->inode && gni_unix_has_path(addr))
		gni_unix_unclaim(addr, file);
}

static int sys_listen(struct gni_io *io, int fd, int backlog)
{
	(void)io;
	return result_of(listen(fd, backlog));
}

/* The kernel takes bytes that lie together by a shorter way. */
static inline bool is_plain(const struct msghdr *m)
{
	return m->msg_iovlen == 1 && !m->msg_name && !m->msg_control;
}

static ssize_t sys_send(struct gni_io *io, int fd, const struct msghdr *m,
			int flags)
{
	ssize_t n;

	(void)io;
	flags |= MSG_DONTWAIT | MSG_NOSIGNAL;
	do
		n = is_plain(m) ? send(fd, m->msg_iov->iov_base,
				       m->msg_iov->iov_len, flags) :
				  sendmsg(fd, m, flags);
	while (gni_sys_again(&n));
	return n;
}

static ssize_t sys_recv(struct gni_io *io, int fd, struct msghdr *m, int flags)
{
	ssize_t n;

	(void)io;
	flags |= MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
	do
		n = recvmsg(fd, m, flags);
	while (gni_sys_again(&n));
	return n;
}

static ssize_t sys_read(struct gni_io *io, int fd, void *buf, size_t len)
{
	ssize_t n;

	(void)io;
	do
		n = read(fd, buf, len);
	while (gni_sys_again(&n));
	return n;
}

static ssize_t sys_write(struct gni_io *io, int fd, const void *buf, size_t len)
{
	(void)io;
	return gni_write_quietly(fd, buf, len < PIPE_BUF ? len : PIPE_BUF);
}

static int sys_shutdown(struct gni_io *io, int fd, int how)
{
	(void)io;
	return result_of(shutdown(fd, how));
}

static int sys_get(struct gni_io *io, int fd, int level, int option,
		   void *value, socklen_t *len)
{
	(void)io;
	return result_of(getsockopt(fd, level, option, value, len));
}

static int sys_set(struct gni_io *io, int fd, int level, int option,
		   const void *value, socklen_t len)
{
	(void)io;
	return result_of(setsockopt(fd, level, option, value, len));
}

static int sys_name(struct gni_io *io, int fd, bool peer, void *sockaddr,
		    socklen_t *len)
{
	(void)io;
	return result_of(peer ? getpeername(fd, sockaddr, len)
			      : getsockname(fd, sockaddr, len));
}

static void sys_forget(struct gni_io *io, int fd)
{
	(void)io;
	(void)fd;
}

/* Never repeated: after EINTR Linux has closed the descriptor all the same,
 * and another thread may have been given its number. */
static void sys_close(struct gni_io *io, int fd)
{
	(void)io;
	close(fd);
}

static int sys_host(struct gni_io *io, const char *name, uint16_t port,
		    enum gn_kind kind, gn_addr *found, int max)
{
	(void)io;
	(void)name;
	(void)port;
	(void)kind;
	(void)found;
	(void)max;
	return 0;
}

const struct gni_calls gni_sys_calls = {
	.socket = sys_socket,
	.pair = sys_pair,
	.bind = sys_bind,
	.unclaim = sys_unclaim,
	.listen = sys_listen,
	.send = sys_send,
	.recv = sys_recv,
	.read = sys_read,
	.write = sys_write,
	.shutdown = sys_shutdown,
	.get = sys_get,
	.set = sys_set,
	.name = sys_name,
	.forget = sys_forget,
	.close = sys_close,
	.host = sys_host,
};
