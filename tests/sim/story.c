/*
 * story.c: what a run tells of itself, with sockets of each kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stage.h"

static int answer(void *arg)
{
	gn_auto gn_sock *l = gn_listen(arg, NULL);
	gn_auto gn_sock *c = l ? gn_accept(l, SOON) : NULL;
	char byte;

	WANT(c);
	WANT_IS(gn_recv(c, &byte, 1, SOON), 1);
	return gn_send(c, &byte, 1, SOON);
}

static int answer_datagram(void *arg)
{
	gn_auto gn_sock *s = gn_bind(arg, NULL);
	gn_addr from;
	char byte;

	WANT(s);
	WANT_IS(gn_recvfrom(s, &byte, 1, &from, SOON), 1);
	return from.kind && gn_addr_port(&from)
		       ? gn_sendto(s, &byte, 1, &from, SOON)
		       : 0;
}

static void ask(const char *address, bool is_answered)
{
	gn_auto gn_sock *s = gn_connect(address, NULL, SOON);
	char byte = 'x';

	WANT(s);
	WANT_IS(gn_send(s, &byte, 1, SOON), 0);
	if (is_answered)
		WANT_IS(gn_recv(s, &byte, 1, SOON), 1);
}

static int asks_far(void *arg)
{
	(void)arg;
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	ask("tcp4://far4:1", true);
	ask("tcp6://far6:1", true);
	ask("udp4://dgram4:1", true);
	ask("udp6://dgram6:1", true);
	return 0;
}

/* Both ends on one host. */
static int asks_near(void *arg)
{
	static const char stream[] = "unix:/s", packet[] = "unix-seqpacket:/p",
			  datagram[] = "unix-dgram:/d";
	gn_group *g = gn_group_open(NULL);

	(void)arg;
	WANT(g);
	WANT_IS(gn_go(g, answer, (void *)(uintptr_t)stream), 0);
	WANT_IS(gn_go(g, answer, (void *)(uintptr_t)packet), 0);
	WANT_IS(gn_go(g, answer_datagram, (void *)(uintptr_t)datagram), 0);
	WANT_IS(gn_sleep(gn_in(GN_SEC)), 0);
	ask(stream, true);
	ask(packet, true);
	ask(datagram, false);
	WANT_IS(gn_group_wait(g, SOON), 0);
	gn_group_close(g);
	return 0;
}

static const struct part parts[] = {
	{ "far4", answer, (void *)(uintptr_t) "tcp4://:1", false },
	{ "far6", answer, (void *)(uintptr_t) "tcp6://:1", false },
	{ "dgram4", answer_datagram, (void *)(uintptr_t) "udp4://:1", false },
	{ "dgram6", answer_datagram, (void *)(uintptr_t) "udp6://:1", false },
	{ "ask", asks_far, NULL, false },
	{ "near", asks_near, NULL, false },
	{ 0 },
};

/* What a run told into a file without a name. */
static void run_told(char *text, size_t size)
{
	char path[32];
	int fd = memfd_create("story", 0);
	ssize_t len;

	WANT(fd >= 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	setenv("GNEZDO_TRACE", path, 1);
	WANT_IS(stage_run(&(gn_sim_opts){ .in_order = true }, parts).result, 0);
	len = pread(fd, text, size - 1, 0);
	WANT(len > 0);
	text[len] = '\0';
	close(fd);
}

static void each_kind_has_its_name(void)
{
	static const char *const pieces[] = {
		"recv from tcp://10.0.0.1:1: 1 byte\n",
		"recv from tcp://[fd00::2]:1: 1 byte\n",
		"send to tcp://[fd00::2]:1: 1 byte\n",
		"recv from udp://10.0.0.3:1: 1 byte\n",
		"recv from udp://[fd00::4]:1: 1 byte\n",
		"datagram arrives from udp://[fd00::5]:",
		"recv from unix:/s: 1 byte\n",
		"recv from unix-seqpacket:/p: 1 byte\n",
		"send to unix-dgram:/d: 1 byte\n",
	};
	static char text[1 << 16];

	run_told(text, sizeof text);
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		printf("# %s", pieces[i]);
		WANT(strstr(text, pieces[i]));
	}
}

/* What is told changes nothing of what happens. */
static void telling_changes_nothing(void)
{
	static char text[1 << 16];
	struct outcome told, untold;

	untold = stage_run(&(gn_sim_opts){ .seed = 3 }, parts);
	run_told(text, sizeof text);
	setenv("GNEZDO_TRACE", "/dev/null", 1);
	told = stage_run(&(gn_sim_opts){ .seed = 3 }, parts);
	WANT_IS(told.result, untold.result);
	WANT(told.trace == untold.trace);
}

/* "1" is standard error, which stays open. */
static void to_standard_error(void)
{
	static char text[1 << 16];
	int fd = memfd_create("stderr", 0), kept = dup(STDERR_FILENO);
	ssize_t len;

	WANT(fd >= 0 && kept >= 0);
	WANT_IS(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	setenv("GNEZDO_TRACE", "1", 1);
	stage_run(&(gn_sim_opts){ .in_order = true }, parts);
	fprintf(stderr, "still open\n");
	WANT_IS(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	len = pread(fd, text, sizeof text - 1, 0);
	WANT(len > 0);
	WANT(strstr(text, "recv from unix:/s: 1 byte\n"));
	WANT(strstr(text, "\nstill open\n"));
	close(fd);
	close(kept);
}

static const struct trial trials[] = {
	{ "each kind has its name", each_kind_has_its_name, ALONE },
	{ "telling changes nothing", telling_changes_nothing, ALONE },
	{ "to standard error", to_standard_error, ALONE },
};

int main(void)
{
	return TRIAL_MAIN(trials);
}
