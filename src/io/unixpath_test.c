/*
 * unixpath_test.c: who gets a Unix socket's path, what mode it has, and who
 * removes it.  Each test has a directory of its own.
 */
#include "io/unixpath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addr/addr.h"
#include "io/path_test.h"

#define RIVALS 8

static gn_addr addr_of(const char *text)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(text);
	gn_addr addr;

	memcpy(un.sun_path, text, len);
	gni_addr_set(&addr, GN_UNIX, &un,
		     offsetof(struct sockaddr_un, sun_path) + len);
	return addr;
}

static int unbound(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Binds a new socket to the path: a descriptor or a negative errno. */
static int claim(int type, int mode, struct gni_file *file)
{
	gn_addr addr = addr_of(path);
	int fd = unbound(type);
	int result = gni_unix_claim(fd, &addr, mode, file);

	if (result == 0)
		return fd;
	close(fd);
	return result;
}

static struct gni_file file_of(const char *name)
{
	struct stat st;

	if (lstat(name, &st) < 0)
		return (struct gni_file){ 0 };
	return (struct gni_file){ .device = st.st_dev, .inode = st.st_ino };
}

static void has_path(void **state)
{
	struct sockaddr_un abstract = { .sun_family = AF_UNIX,
					.sun_path = "\0name" };
	sa_family_t local = AF_UNIX;
	struct sockaddr inet = { .sa_family = AF_INET };
	gn_addr addr = addr_of("/a");

	(void)state;
	assert_true(gni_unix_has_path(&addr));
	addr = addr_of("a");
	assert_true(gni_unix_has_path(&addr));
	gni_addr_set(&addr, GN_UNIX, &abstract,
		     offsetof(struct sockaddr_un, sun_path) + 5);
	assert_false(gni_unix_has_path(&addr));
	gni_addr_set(&addr, GN_UNIX, &local, sizeof local);
	assert_false(gni_unix_has_path(&addr));
	gni_addr_set(&addr, GN_TCP, &inet, sizeof inet);
	assert_false(gni_unix_has_path(&addr));
}

static void claim_tells_the_file(void **state)
{
	struct gni_file file, made;
	gn_addr addr = addr_of(path);
	int fd = claim(SOCK_STREAM, -1, &file);

	(void)state;
	assert_true(fd >= 0);
	made = file_of(path);
	assert_memory_equal(&file, &made, sizeof file);
	gni_unix_unclaim(&addr, &file);
	assert_int_equal(file_of(path).inode, 0);
	close(fd);
}

static void fault_35_stale_is_replaced(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct gni_file file, made;

	(void)state;
	for (int old = 0; old < 3; old++)
		for (int new = 0; new < 3; new++) {
			int fd = claim(types[old], -1, &file);

			assert_true(fd >= 0);
			close(fd);
			fd = claim(types[new], -1, &file);
			assert_true(fd >= 0);
			made = file_of(path);
			assert_memory_equal(&file, &made, sizeof file);
			close(fd);
		}
}

/* Alive is who is bound: of any type, listening or not yet. */
static void fault_35_served_is_in_use(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct gni_file file, other;

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct gni_file before;
		int fd = claim(types[i / 3], -1, &file);

		assert_true(fd >= 0);
		before = file_of(path);
		assert_int_equal(claim(types[i % 3], -1, &other), -EADDRINUSE);
		if (types[i / 3] != SOCK_DGRAM)
			assert_int_equal(listen(fd, 0), 0);
		assert_int_equal(claim(types[i % 3], -1, &other), -EADDRINUSE);
		assert_int_equal(other.inode, 0);
		other = file_of(path);
		assert_memory_equal(&before, &other, sizeof before);
		/* The question did not reach it. */
		if (types[i / 3] != SOCK_DGRAM) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			assert_int_equal(accept(fd, NULL, NULL), -1);
			assert_int_equal(errno, EAGAIN);
		}
		close(fd);
	}
}

static void assert_untouched(const char *what)
{
	struct gni_file before = file_of(path), after, none;

	assert_int_equal(claim(SOCK_STREAM, -1, &none), -EADDRINUSE);
	after = file_of(path);
	if (memcmp(&before, &after, sizeof before) != 0)
		fail_msg("%s was touched", what);
}

static void fault_35_other_files_are_left(void **state)
{
	char target[128];
	struct gni_file file;
	int fd;

	(void)state;
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_untouched("a file");
	unlink(path);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_untouched("a directory");
	rmdir(path);

	/* A link, even to a stale socket of ours. */
	close(claim(SOCK_STREAM, -1, &file));
	snprintf(target, sizeof target, "%s/target", folder);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_untouched("a link");
	assert_int_not_equal(file_of(target).inode, 0);
	unlink(target);
	assert_untouched("a link to nothing");
}

static void fault_35_other_owners_are_left(void **state)
{
	struct gni_file file;

	(void)state;
	close(claim(SOCK_STREAM, -1, &file));
	if (chown(path, 12345, (gid_t)-1) < 0) {
		print_message("# only root can give a file away\n");
		return;
	}
	assert_untouched("another user's socket");
}

static void fault_35_directory_vanished(void **state)
{
	struct gni_file file;
	gn_addr addr = addr_of("/tmp/gnezdo-no-such-folder/socket");
	int fd = unbound(SOCK_STREAM);

	(void)state;
	assert_int_equal(gni_unix_claim(fd, &addr, 0600, &file), -ENOENT);
	assert_int_equal(file.inode, 0);
	file.inode = 1;
	gni_unix_unclaim(&addr, &file);
	close(fd);
}

static void longest_path(void **state)
{
	char name[sizeof((struct sockaddr_un *)0)->sun_path + 1];
	struct gni_file file;
	size_t len;
	gn_addr addr;
	int fd;

	(void)state;
	snprintf(name, sizeof name, "%s/", folder);
	len = strlen(name);
	memset(name + len, 'x', sizeof name - 1 - len);
	name[sizeof name - 1] = '\0';
	addr = addr_of(name);
	for (int i = 0; i < 2; i++) {
		fd = unbound(SOCK_STREAM);
		assert_int_equal(gni_unix_claim(fd, &addr, -1, &file), 0);
		close(fd);
	}
	gni_unix_unclaim(&addr, &file);
	assert_int_equal(file_of(name).inode, 0);
}

static void fault_35_mode_is_exact(void **state)
{
	static const mode_t modes[] = { 0600, 0660, 0666, 0777, 0, 0640 };
	static const mode_t masks[] = { 0, 022, 077, 0777 };
	mode_t before = umask(0);

	(void)state;
	for (int i = 0; i < 24; i++) {
		struct gni_file file;
		gn_addr addr = addr_of(path);
		struct stat st;
		int fd;

		umask(masks[i % 4]);
		fd = claim(i % 2 ? SOCK_STREAM : SOCK_DGRAM,
			   (int)modes[i / 4], &file);
		assert_true(fd >= 0);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i / 4]);
		gni_unix_unclaim(&addr, &file);
		close(fd);
		fd = claim(SOCK_STREAM, -1, &file);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0777 & ~masks[i % 4]);
		gni_unix_unclaim(&addr, &file);
		close(fd);
	}
	umask(before);
}

/* The kernel narrows what the socket says by the umask at bind: at no moment
 * is the file open to more than was asked. */
static void mode_is_there_at_bind(void **state)
{
	gn_addr addr = addr_of(path);
	mode_t before = umask(022);
	int fd = unbound(SOCK_DGRAM);
	struct stat st;

	(void)state;
	assert_int_equal(fchmod(fd, 0620), 0);
	assert_int_equal(bind(fd, gni_addr_sockaddr(&addr), addr.len), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	umask(before);
	close(fd);
}

static void unclaim_takes_only_its_own(void **state)
{
	gn_addr addr = addr_of(path);
	struct gni_file file, later;
	int fd = claim(SOCK_STREAM, -1, &file), next;

	(void)state;
	/* The first is open still, so that its inode is not used again. */
	unlink(path);
	next = claim(SOCK_STREAM, -1, &later);
	assert_true(next >= 0);
	gni_unix_unclaim(&addr, &file);
	assert_int_equal(file_of(path).inode, later.inode);
	gni_unix_unclaim(&addr, &later);
	assert_int_equal(file_of(path).inode, 0);
	close(fd);
	close(next);
}

/* Somebody who locks the directory for good stops nobody for good. */
static void foreign_lock(void **state)
{
	struct gni_file file;
	gn_addr addr = addr_of(path);
	int fd = claim(SOCK_STREAM, -1, &file);
	int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	close(fd);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(claim(SOCK_STREAM, -1, &file), -EADDRINUSE);
	file = file_of(path);
	gni_unix_unclaim(&addr, &file);
	assert_int_not_equal(file_of(path).inode, 0);
	close(lock);
	fd = claim(SOCK_STREAM, -1, &file);
	assert_true(fd >= 0);
	close(fd);
}

/* In a child: claims, says so, and keeps the socket until told to go. */
static void rival(int begin, int said, int end)
{
	struct gni_file file;
	char byte;
	int fd;

	if (read(begin, &byte, 1) != 0)
		_exit(2);
	fd = claim(SOCK_STREAM, -1, &file);
	byte = fd >= 0 ? 'y' : fd == -EADDRINUSE ? 'n' : '?';
	if (write(said, &byte, 1) != 1 || read(end, &byte, 1) != 0)
		_exit(2);
	_exit(0);
}

/* Of many that start at once beside a stale socket one wins. */
static void fault_35_one_of_many_wins(void **state)
{
	struct gni_file file;
	int begin[2], said[2], end[2], won = 0;
	char byte;

	(void)state;
	close(claim(SOCK_STREAM, -1, &file));
	assert_int_equal(pipe(begin) + pipe(said) + pipe(end), 0);
	for (int i = 0; i < RIVALS; i++)
		if (fork() == 0) {
			close(begin[1]);
			close(end[1]);
			rival(begin[0], said[1], end[0]);
		}
	close(begin[1]);
	for (int i = 0; i < RIVALS; i++) {
		assert_int_equal(read(said[0], &byte, 1), 1);
		assert_true(byte == 'y' || byte == 'n');
		won += byte == 'y';
	}
	assert_int_equal(won, 1);
	close(end[1]);
	for (int i = 0; i < RIVALS; i++)
		assert_true(wait(NULL) > 0);
	close(begin[0]);
	close(end[0]);
	close(said[0]);
	close(said[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(has_path),
		TEST(claim_tells_the_file),
		TEST(fault_35_stale_is_replaced),
		TEST(fault_35_served_is_in_use),
		TEST(fault_35_other_files_are_left),
		TEST(fault_35_other_owners_are_left),
		TEST(fault_35_directory_vanished),
		TEST(longest_path),
		TEST(fault_35_mode_is_exact),
		TEST(mode_is_there_at_bind),
		TEST(unclaim_takes_only_its_own),
		TEST(foreign_lock),
		TEST(fault_35_one_of_many_wins),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unixpath", tests, NULL, NULL);
}
