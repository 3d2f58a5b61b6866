/*
 * unix_case.c: paths in the way, descriptors that nobody asked for, peers that
 * are killed: rows 35 to 37.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../conform/descriptors.h"
#include "row.h"

#define PATH_MAX_BYTES 100

/* ---- 35: paths */

static const char *const schemes[] = { "unix", "unix-dgram", "unix-seqpacket" };

static gn_sock *serve_path(const char *scheme, const char *path)
{
	char address[ADDRESS_MAX];

	snprintf(address, sizeof address, "%s:%s", scheme, path);
	return strcmp(scheme, "unix-dgram") == 0 ? gn_bind(address, NULL)
						 : gn_listen(address, NULL);
}

static int close_for_want(struct world *w, const char *scheme)
{
	char path[PATH_MAX_BYTES];
	gn_sock *s;

	fresh_path(&w->place, path, sizeof path);
	s = serve_path(scheme, path);
	WANT(s);
	TRY(no_more_descriptors());
	injected(1);
	gn_close(s);
	turns();
	TRY(more_descriptors());
	WANT(access(path, F_OK) < 0 && errno == ENOENT);
	handled(1);
	return 0;
}

/* A path goes with its socket, also when there is no descriptor left to lock
 * its folder with. */
static int no_descriptor(struct world *w)
{
	for (size_t i = 0; i < 3; i++)
		TRY(close_for_want(w, schemes[i]));
	return 0;
}

/* A folder that may be written and not read. */
static int dark_folder(struct world *w)
{
	char folder[PATH_MAX_BYTES], path[2 * PATH_MAX_BYTES];
	gn_sock *s;

	WANT(chmod(w->place.folder, 0777) == 0);
	WANT(seteuid(65534) == 0);
	fresh_path(&w->place, folder, sizeof folder);
	snprintf(path, sizeof path, "%s/s", folder);
	WANT(mkdir(folder, 0300) == 0);
	for (size_t i = 0; i < 3; i++) {
		s = serve_path(schemes[i], path);
		WANT(s);
		injected(1);
		gn_close(s);
		turns();
		WANT(access(path, F_OK) < 0 && errno == ENOENT);
		handled(1);
	}
	WANT(rmdir(folder) == 0);
	WANT(seteuid(0) == 0);
	return 0;
}

struct swap {
	char path[PATH_MAX_BYTES], victim[PATH_MAX_BYTES];
	atomic_bool over;
	atomic_ulong count;
};

static void leave_stale(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	/* We may be there already, which is as good. */
	if (bind(fd, (struct sockaddr *)&un, sizeof un) == 0)
		injected(1);
	close(fd);
}

/* Somebody puts now this, now that in the way. */
static void *swap_on(void *arg)
{
	struct swap *v = arg;

	while (!atomic_load(&v->over)) {
		leave_stale(v->path);
		unlink(v->path);
		if (symlink(v->victim, v->path) == 0)
			atomic_fetch_add(&v->count, 1);
		unlink(v->path);
	}
	return NULL;
}

#define CLAIMS 400

/* Whatever was removed, it was not what the link leads to. */
static int symlink_race(struct world *w)
{
	struct swap v = { .count = 0 };
	gn_time until = SOON;
	pthread_t thread;
	struct stat st;
	int fd, won = 0;

	fresh_path(&w->place, v.path, sizeof v.path);
	fresh_path(&w->place, v.victim, sizeof v.victim);
	fd = open(v.victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	WANT(fd >= 0);
	close(fd);
	WANT(pthread_create(&thread, NULL, swap_on, &v) == 0);
	for (int i = 0; i < CLAIMS || won == 0 || atomic_load(&v.count) == 0;
	     i++) {
		gn_sock *s = serve_path("unix", v.path);

		WANT(gn_time_before(gn_now(), until));
		won += s != NULL;
		WANT(s || gn_code() == GN_EINUSE || gn_code() == GN_ENOENT);
		gn_close(s);
		turns();
	}
	atomic_store(&v.over, true);
	pthread_join(thread, NULL);
	unlink(v.path);
	WANT(stat(v.victim, &st) == 0 && S_ISREG(st.st_mode));
	WANT(unlink(v.victim) == 0);
	injected(atomic_load(&v.count));
	handled((unsigned long)won);
	return 0;
}

/* ---- 36: descriptors that nobody asked for */

/* The most that Linux passes at once. */
#define RIGHTS_MAX 253

static int send_rights(int to, int fd, int count)
{
	static union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
	} control;
	struct iovec piece = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &piece,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen =
				    CMSG_SPACE((size_t)count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof fd, &fd, sizeof fd);
	WANT(sendmsg(to, &m, MSG_NOSIGNAL) == 1);
	injected((unsigned long)count);
	return 0;
}

static int lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static int take_rights(gn_sock *s, int to, int fd, int count)
{
	char c[4];

	TRY(send_rights(to, fd, count));
	WANT_IS(gn_recv(s, c, sizeof c, SOON), 1);
	WANT(c[0] == 'x');
	handled(1);
	return 0;
}

/* As many as can be, with none to spare here, and the socket itself, which
 * nobody could ever close if it stayed in its own queue. */
static int rights_of(int type)
{
	int fd[2], lowest;
	gn_sock *s;

	WANT(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fd) == 0);
	s = gn_adopt(fd[0]);
	WANT(s);
	WANT_IS(gn_wait(s, GN_NOW), GN_ETIMEOUT);
	lowest = lowest_free();
	TRY(take_rights(s, fd[1], 0, 1));
	TRY(take_rights(s, fd[1], 0, RIGHTS_MAX));
	TRY(take_rights(s, fd[1], fd[0], 1));
	TRY(no_more_descriptors());
	TRY(take_rights(s, fd[1], 0, 10));
	TRY(more_descriptors());
	WANT_IS(lowest_free(), lowest);
	/* What lies there at the end goes with it. */
	TRY(send_rights(fd[1], fd[1], 3));
	gn_close(s);
	close(fd[1]);
	return 0;
}

static int rights(struct world *w)
{
	(void)w;
	TRY(rights_of(SOCK_STREAM));
	TRY(rights_of(SOCK_DGRAM));
	return rights_of(SOCK_SEQPACKET);
}

/* ---- 37: the peer is killed */

static pid_t start_peer(const char *address)
{
	pid_t pid = fork();
	gn_sock *s;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s = gn_connect(address, NULL, SOON);
	if (!s || gn_send(s, "hello", 5, SOON) < 0 || gn_sleep(GN_NEVER) < 0)
		_exit(1);
	_exit(0);
}

static int kill_one(struct world *w, const struct kind *k)
{
	char address[ADDRESS_MAX], buf[8];
	gn_sock *l, *s;
	int status;
	pid_t pid;
	ssize_t n;

	w->place.kind = k;
	l = listen_somewhere(&w->place, address);
	WANT(l);
	pid = start_peer(address);
	WANT(pid > 0);
	s = gn_accept(l, SOON);
	WANT(s);
	n = gn_recv(s, buf, sizeof buf, SOON);
	WANT_IS(n, 5);
	WANT(kill(pid, SIGKILL) == 0);
	injected(1);
	n = gn_recv(s, buf, sizeof buf, SOON);
	WANT(n == 0 || n == GN_EEND || n == GN_ERESET);
	WANT(waitpid(pid, &status, 0) == pid);
	gn_close(s);
	gn_close(l);
	handled(1);
	return 0;
}

static int peer_killed(struct world *w)
{
	for (const struct kind *k = conform_kinds; k->name; k++)
		if (k->traits & K_SERVED)
			TRY(kill_one(w, k));
	return 0;
}

const struct fault_case unix_cases[] = {
	{ .name = "fault-35-close-without-descriptors", .us = no_descriptor },
	{ .name = "fault-35-folder-not-readable",
	  .us = dark_folder,
	  .needs = NEED_ROOT },
	{ .name = "fault-35-symlink-race", .us = symlink_race },
	{ .name = "fault-36-descriptors-unasked", .us = rights },
	{ .name = "fault-37-peer-killed", .us = peer_killed },
	{ 0 },
};
