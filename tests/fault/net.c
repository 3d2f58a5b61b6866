/*
 * net.c: ip(8), nft(8), ss(8) and /proc/sys/net.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../conform/place.h"

#define OUTPUT_MAX 65536
#define WORDS_MAX 16

/* The wire is asked so often, each time for so long, whether it works. */
#define WIRE_TRIES 1000
#define WIRE_PATIENCE_MS 20

extern char **environ;

/* By a pair, for a socket(2) may be one that a case has refused. */
int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd[2], result = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return -1;
	if (ioctl(fd[0], SIOCGIFFLAGS, &request) == 0) {
		request.ifr_flags |= IFF_UP;
		result = ioctl(fd[0], SIOCSIFFLAGS, &request);
	}
	close(fd[0]);
	close(fd[1]);
	return result;
}

/* Everything that the other end of a pipe says, as text. */
static void read_text(int fd, char *text, size_t size)
{
	char dropped[512];
	size_t len = 0;
	ssize_t n;

	do {
		bool full = len + 1 == size;

		n = full ? read(fd, dropped, sizeof dropped)
			 : read(fd, text + len, size - 1 - len);
		len += n > 0 && !full ? (size_t)n : 0;
	} while (n > 0);
	text[len] = '\0';
}

/* A file without a name that holds the input. */
static int input_of(const char *text)
{
	char name[] = "/tmp/gn-fault-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -1;
	unlink(name);
	if (pwrite(fd, text, len, 0) != (ssize_t)len) {
		close(fd);
		return -1;
	}
	return fd;
}

static int spawn(char **words, int input, int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int result;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	result = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

/* Runs a program, whose words are parted by spaces, to its end: its exit
 * status with what it said at text. */
static int run(const char *command, const char *input, char *text, size_t size)
{
	char line[512], *words[WORDS_MAX + 1], *rest = line;
	int fd = input_of(input), out[2], count = 0, status = -1;
	pid_t pid;

	snprintf(line, sizeof line, "%s", command);
	while (count < WORDS_MAX && (words[count] = strsep(&rest, " ")))
		count++;
	words[count] = NULL;
	WANT(fd >= 0);
	WANT(pipe2(out, O_CLOEXEC) == 0);
	WANT_IS(spawn(words, fd, out[1], &pid), 0);
	close(fd);
	close(out[1]);
	read_text(out[0], text, size);
	close(out[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int run_well(const char *command, const char *input)
{
	char text[2048];
	int status = run(command, input, text, sizeof text);

	if (status != 0)
		note("# %s: status %d: %s\n# given: %s\n", command, status,
		     text, input);
	return status == 0 ? 0 : -1;
}

int ip(const char *lines)
{
	return run_well("ip -batch -", lines);
}

int nft(const char *lines)
{
	return run_well("nft -f -", lines);
}

long nft_count(void)
{
	char text[OUTPUT_MAX], *at = text;
	long sum = 0;

	WANT_IS(run("nft list ruleset", "", text, sizeof text), 0);
	while ((at = strstr(at, "counter packets "))) {
		at += strlen("counter packets ");
		sum += strtol(at, NULL, 10);
	}
	return sum;
}

/* It prints a line for each that it has killed. */
long ss_kill(const char *filter)
{
	char text[OUTPUT_MAX], command[256];
	long lines = 0;

	snprintf(command, sizeof command, "ss -K -H -t -n %s", filter);
	WANT_IS(run(command, "", text, sizeof text), 0);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	return lines;
}

int kernel_set(const char *name, const char *value)
{
	char path[128];
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : write(fd, value, strlen(value));
	if (n < 0)
		note("# %s = %s: %s\n", name, value, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* The number of the word in a line, counted from the group's own; 0: none. */
static int column_of(const char *line, const char *name)
{
	char copy[4096], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", line);
	for (int i = 0; (word = strsep(&rest, " \n")); i++)
		if (strcmp(word, name) == 0)
			return i;
	return 0;
}

static long value_at(const char *line, int column)
{
	for (int i = 0; i < column && line; i++) {
		line = strchr(line, ' ');
		line = line ? line + 1 : NULL;
	}
	return line ? strtol(line, NULL, 10) : -1;
}

/* Of each group there are two lines: the names, and then the numbers. */
long kernel_count(const char *file, const char *group, const char *name)
{
	char path[64], names[4096], values[4096];
	size_t len = strlen(group);
	long value = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/thread-self/net/%s", file);
	f = fopen(path, "re");
	WANT(f);
	while (value < 0 && fgets(names, sizeof names, f) &&
	       fgets(values, sizeof values, f))
		if (strncmp(names, group, len) == 0 && names[len] == ':' &&
		    column_of(names, name) > 0)
			value = value_at(values, column_of(names, name));
	fclose(f);
	return value;
}

long until_count(const char *file, const char *group, const char *name,
		 long least)
{
	gn_time until = SOON;
	long count;

	while ((count = kernel_count(file, group, name)) < least) {
		if (count < 0 || !gn_time_before(gn_now(), until)) {
			note("# %s of %s in %s: %ld, not %ld\n", name, group,
			     file, count, least);
			return -1;
		}
		WANT_IS(gn_sleep(A_MOMENT), 0);
	}
	return count;
}

int wire_up(pid_t other)
{
	char lines[128];

	snprintf(lines, sizeof lines,
		 "link add wire type veth peer name wire netns %d\n",
		 (int)other);
	return ip(lines);
}

/* Until an address that nobody listens at refuses us: for the first moments a
 * new interface drops what it is given. */
int wire_works(const char *address4)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(1) };
	bool refused = false;

	WANT(inet_pton(AF_INET, address4, &in.sin_addr) == 1);
	for (int i = 0; i < WIRE_TRIES && !refused; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		WANT(fd >= 0);
		refused = connect(fd, (struct sockaddr *)&in, sizeof in) < 0 &&
			  errno == EINPROGRESS &&
			  poll(&p, 1, WIRE_PATIENCE_MS) == 1 &&
			  p.revents & POLLERR;
		close(fd);
	}
	WANT(refused);
	return 0;
}

int wire_address(const char *address4, const char *address6)
{
	char lines[256];

	snprintf(lines, sizeof lines,
		 "link set wire up\n"
		 "addr add %s/24 dev wire\n"
		 "addr add %s/64 dev wire nodad\n",
		 address4, address6);
	return ip(lines);
}
