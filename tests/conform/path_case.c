/*
 * path_case.c: Unix sockets' paths: stale ones, served ones, foreign ones, and
 * what is left of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "child.h"
#include "place.h"

/* An address of a fresh path, and the path. */
static const char *fresh(const struct place *p, char address[ADDRESS_MAX])
{
	fresh_address(p, NULL, address);
	return strchr(address, ':') + 1;
}

static gn_sock *serve(const struct place *p, const char *address)
{
	return p->kind->traits & K_BOUND ? gn_bind(address, NULL) :
					   gn_listen(address, NULL);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Somebody reaches who serves there. */
static int reach(const struct place *p, gn_sock *l, const char *address)
{
	gn_sock *s = gn_connect(address, NULL, SOON), *accepted;
	char buf[4];

	WANT(s);
	WANT_IS(gn_send(s, "ask", 3, SOON), 0);
	if (p->kind->traits & K_BOUND) {
		WANT_IS(gn_recv(l, buf, sizeof buf, SOON), 3);
	} else {
		accepted = gn_accept(l, SOON);
		WANT(accepted);
		if (p->kind->traits & K_STREAM)
			WANT_IS(gn_recv_exact(accepted, buf, 3, SOON), 3);
		else
			WANT_IS(gn_recv(accepted, buf, sizeof buf, SOON), 3);
		gn_close(accepted);
	}
	gn_close(s);
	return 0;
}

static int removed(const struct place *p)
{
	char address[ADDRESS_MAX], local[ADDRESS_MAX];
	const char *path = fresh(p, address);
	gn_sock *s = serve(p, address);

	WANT(s);
	WANT(p->sim || exists(path));
	address_of(s, local);
	WANT_TEXT(local, address);
	TRY(reach(p, s, address));
	WANT(p->sim || exists(path));
	gn_close(s);
	WANT(p->sim || !exists(path));
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ENOENT);
	return 0;
}

static int type_of(const struct place *p)
{
	if (p->kind->kind == GN_UNIX_DGRAM)
		return SOCK_DGRAM;
	return p->kind->kind == GN_UNIX ? SOCK_STREAM : SOCK_SEQPACKET;
}

/* What a server leaves that was killed. */
static int leave_stale(const struct place *p, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type_of(p), 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	WANT(fd >= 0);
	WANT(bind(fd, (struct sockaddr *)&un, sizeof un) == 0);
	close(fd);
	return 0;
}

static int stale(const struct place *p)
{
	char address[ADDRESS_MAX];
	const char *path = fresh(p, address);
	gn_sock *s;

	TRY(leave_stale(p, path));
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EREFUSED);
	s = serve(p, address);
	WANT(s);
	TRY(reach(p, s, address));
	gn_close(s);
	WANT(!exists(path));
	return 0;
}

static int served(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s;

	fresh(p, address);
	s = serve(p, address);
	WANT(s);
	for (int i = 0; i < 3; i++) {
		WANT(!serve(p, address));
		WANT_IS(gn_code(), GN_EINUSE);
	}
	TRY(reach(p, s, address));
	gn_close(s);
	return 0;
}

/* ---- what is not ours stays */

static int want_spared(const struct place *p, const char *address,
		       const char *path)
{
	char text[512];

	WANT(!serve(p, address));
	WANT_IS(gn_code(), GN_EINUSE);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, path));
	WANT(exists(path));
	return 0;
}

static int foreign_file(const struct place *p)
{
	char address[ADDRESS_MAX];
	const char *path = fresh(p, address);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	WANT(fd >= 0);
	close(fd);
	TRY(want_spared(p, address, path));
	WANT(unlink(path) == 0);
	WANT(mkdir(path, 0700) == 0);
	TRY(want_spared(p, address, path));
	WANT(rmdir(path) == 0);
	WANT(symlink("/nowhere", path) == 0);
	TRY(want_spared(p, address, path));
	WANT(unlink(path) == 0);
	return 0;
}

/* A stale socket of another user is theirs. */
static int spare_others(const struct place *p)
{
	char address[ADDRESS_MAX], path[160];

	snprintf(path, sizeof path, "%s/other", p->folder);
	snprintf(address, sizeof address, "%s:%s", p->kind->scheme, path);
	WANT(setgid(65534) == 0 && setuid(65534) == 0);
	return want_spared(p, address, path);
}

static int foreign_socket(const struct place *p)
{
	char path[160];

	if (geteuid() != 0)
		return skip(p, "needs another user to be");
	snprintf(path, sizeof path, "%s/other", p->folder);
	TRY(leave_stale(p, path));
	WANT(chmod(p->folder, 0777) == 0);
	TRY(want_well(spare_others, p));
	WANT(chmod(p->folder, 0700) == 0);
	WANT(unlink(path) == 0);
	return 0;
}

/* Ours was replaced by somebody else's meanwhile: that is not removed. */
static int replaced(const struct place *p)
{
	char address[ADDRESS_MAX];
	const char *path = fresh(p, address);
	gn_sock *s = serve(p, address), *other;

	WANT(s);
	WANT(unlink(path) == 0);
	other = serve(p, address);
	WANT(other);
	gn_close(s);
	WANT(exists(path));
	TRY(reach(p, other, address));
	gn_close(other);
	WANT(!exists(path));
	return 0;
}

/* ---- where it cannot be */

static int no_directory(const struct place *p)
{
	char address[ADDRESS_MAX], text[512];

	snprintf(address, sizeof address, "%s:%s/nowhere/s", p->kind->scheme,
		 p->folder);
	WANT(!serve(p, address));
	WANT_IS(gn_code(), GN_ENOENT);
	gn_error_text(gn_error_last(), text, sizeof text);
	WANT(strstr(text, address));
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ENOENT);
	return 0;
}

/* The directory goes while the socket is served; closing it does no harm. */
static int directory_vanishes(const struct place *p)
{
	char address[ADDRESS_MAX], folder[160], path[200];
	gn_sock *s;

	snprintf(folder, sizeof folder, "%s/folder", p->folder);
	snprintf(path, sizeof path, "%s/s", folder);
	snprintf(address, sizeof address, "%s:%s", p->kind->scheme, path);
	WANT(mkdir(folder, 0700) == 0);
	s = serve(p, address);
	WANT(s);
	TRY(reach(p, s, address));
	WANT(unlink(path) == 0 && rmdir(folder) == 0);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_ENOENT);
	gn_close(s);
	return 0;
}

/* 107 bytes go, 108 do not. */
static int long_path(const struct place *p)
{
	char address[ADDRESS_MAX];
	size_t at = strlen(p->kind->scheme) + 1, limit = at + 107;
	gn_sock *s;

	snprintf(address, sizeof address, "%s:%s/", p->kind->scheme, p->folder);
	memset(address + strlen(address), 'x', sizeof address - 1 -
						       strlen(address));
	address[limit + 1] = '\0';
	WANT(!serve(p, address));
	WANT_IS(gn_code(), GN_EADDR);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EADDR);
	address[limit] = '\0';
	s = serve(p, address);
	WANT(s);
	TRY(reach(p, s, address));
	gn_close(s);
	return 0;
}

/* ---- who may connect */

static int mode(const struct place *p)
{
	static const struct {
		const char *option;
		mode_t mode;
	} rows[] = {
		{ "mode=0600", 0600 },
		{ "mode=0666", 0666 },
		{ "mode=0020", 0020 },
		{ "mode=0", 0 },
	};
	char address[ADDRESS_MAX], path[ADDRESS_MAX];
	struct stat st;
	gn_sock *s;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fresh_address(p, rows[i].option, address);
		s = serve(p, address);
		WANT(s);
		address_of(s, path);
		WANT(lstat(strchr(path, ':') + 1, &st) == 0);
		WANT_IS(st.st_mode & 07777, rows[i].mode);
		gn_close(s);
	}
	return 0;
}

static int connect_forbidden(const struct place *p)
{
	char address[ADDRESS_MAX];

	snprintf(address, sizeof address, "%s:%s/mine", p->kind->scheme,
		 p->folder);
	WANT(setgid(65534) == 0 && setuid(65534) == 0);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EPERM);
	return 0;
}

static int forbidden(const struct place *p)
{
	char address[ADDRESS_MAX];
	gn_sock *s;

	if (geteuid() != 0)
		return skip(p, "needs another user to be");
	snprintf(address, sizeof address, "%s:%s/mine?mode=0600",
		 p->kind->scheme, p->folder);
	s = serve(p, address);
	WANT(s);
	WANT(chmod(p->folder, 0777) == 0);
	TRY(want_well(connect_forbidden, p));
	WANT(chmod(p->folder, 0700) == 0);
	gn_close(s);
	return 0;
}

/* ---- names without files */

static int abstract(const struct place *p)
{
	char address[ADDRESS_MAX], local[ADDRESS_MAX];
	gn_sock *l, *s;

	fresh_address(p, NULL, address);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EREFUSED);
	l = gn_listen(address, NULL);
	WANT(l);
	address_of(l, local);
	WANT_TEXT(local, address);
	WANT(!gn_listen(address, NULL));
	WANT_IS(gn_code(), GN_EINUSE);
	s = gn_connect(address, NULL, SOON);
	WANT(s);
	gn_close(s);
	gn_close(l);
	WANT(!gn_connect(address, NULL, SOON));
	WANT_IS(gn_code(), GN_EREFUSED);
	l = gn_listen(address, NULL);
	WANT(l);
	gn_close(l);
	return 0;
}

/* Bytes that an address writes otherwise. */
static int odd_names(const struct place *p)
{
	static const char *const names[] = { "a%3Fb", "a%25b", "%40a", "%20" };
	char address[ADDRESS_MAX], local[ADDRESS_MAX];
	gn_sock *l;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(address, sizeof address, "%s:%s/%s", p->kind->scheme,
			 p->folder, names[i]);
		l = serve(p, address);
		WANT(l);
		address_of(l, local);
		TRY(reach(p, l, local));
		TRY(reach(p, l, address));
		gn_close(l);
	}
	return 0;
}

const struct conform_case path_cases[] = {
	{ "path_is_removed (fault_35)", K_PATH, 0, removed, NULL, NULL, 0 },
	{ "path_is_stale (fault_35)", K_PATH, 0, stale, NULL, NULL, ON_REAL },
	{ "path_is_served (fault_35)", K_PATH, 0, served, NULL, NULL, 0 },
	{ "path_of_a_file (fault_35)", K_PATH, 0, foreign_file, NULL, NULL,
	  ON_REAL },
	{ "path_of_another_user (fault_35)", K_PATH, 0, foreign_socket, NULL,
	  NULL, ON_THREADS },
	{ "path_was_replaced (fault_35)", K_PATH, 0, replaced, NULL, NULL,
	  ON_REAL },
	{ "path_in_no_directory (fault_35)", K_PATH, 0, no_directory, NULL,
	  NULL, ON_REAL },
	{ "directory_vanishes (fault_35)", K_PATH, 0, directory_vanishes, NULL,
	  NULL, ON_REAL },
	{ "path_too_long (fault_35)", K_PATH, 0, long_path, NULL, NULL, 0 },
	{ "path_mode (fault_35)", K_PATH, 0, mode, NULL, NULL, ON_REAL },
	{ "path_forbidden (fault_35)", K_PATH, 0, forbidden, NULL, NULL,
	  ON_THREADS },
	{ "abstract (fault_35)", K_STREAM | K_NAMED | K_LOCAL, K_PATH, abstract,
	  NULL, NULL, 0 },
	{ "odd_names", K_PATH, 0, odd_names, NULL, NULL, 0 },
	{ 0 },
};
