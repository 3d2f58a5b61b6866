/*
 * How long a server takes from the call that makes its process until it says
 * that it listens. It prints JSON: nanoseconds, one of each start.
 *
 *     micro_start ROUNDS PROGRAM [ARGUMENT]...
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define ROUNDS_MAX 10000
#define GIVE_UP_SECONDS 60

extern char **environ;

static pid_t start(char **argv, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0)
		bench_fail("posix_spawn_file_actions_init");
	errno = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (errno == 0)
		errno = posix_spawn(&pid, argv[0], &actions, NULL, argv,
				    environ);
	if (errno != 0)
		bench_fail(argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/* The server is killed as soon as it has said anything. */
static uint64_t one_start(char **argv)
{
	int ends[2];
	uint64_t begin, end;
	char byte;
	pid_t pid;

	if (pipe(ends) < 0)
		bench_fail("pipe");
	begin = bench_clock_ns(CLOCK_MONOTONIC);
	pid = start(argv, ends[1]);
	close(ends[1]);
	errno = 0;
	if (read(ends[0], &byte, 1) != 1)
		bench_fail("the server ended without a word");
	end = bench_clock_ns(CLOCK_MONOTONIC);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	return end - begin;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;

	errno = 0;
	if (rounds < 1 || rounds > ROUNDS_MAX)
		bench_fail("usage: micro_start ROUNDS PROGRAM [ARGUMENT]...");
	alarm(GIVE_UP_SECONDS);
	printf("[");
	for (unsigned long i = 0; i < rounds; i++)
		printf("%s%" PRIu64, i ? ", " : "", one_start(argv + 2));
	printf("]\n");
	return 0;
}
