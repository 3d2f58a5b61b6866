/*
 * CPU time comes from the processes' CPU clocks, which are exact where the
 * ticks of /proc/PID/stat are not. Read twice a measurement, never within.
 */
#include "cost.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define CLOCKS_MAX 2
#define PATH_LEN_MAX 320

static clockid_t clocks[CLOCKS_MAX];
static size_t clock_count;
static pid_t server_pid;

void bench_cost_of_helper(pid_t pid)
{
	errno = 0;
	if (clock_count == CLOCKS_MAX)
		bench_fail("one server and one helper at most");
	errno = clock_getcpuclockid(pid, &clocks[clock_count]);
	if (errno != 0)
		bench_fail("clock_getcpuclockid");
	clock_count++;
}

void bench_cost_of_server(pid_t pid)
{
	bench_cost_of_helper(pid);
	server_pid = pid;
}

/* schedstat is in no kernel built without CONFIG_SCHED_INFO. */
static uint64_t kept_off_thread_ns(pid_t pid, const char *thread)
{
	char path[PATH_LEN_MAX];
	uint64_t ran_ns, waited_ns;
	FILE *file;
	int fields;

	snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", (int)pid,
		 thread);
	file = fopen(path, "r");
	if (!file)
		return 0;
	fields = fscanf(file, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns);
	fclose(file);
	return fields == 2 ? waited_ns : 0;
}

static uint64_t kept_off_ns(pid_t pid)
{
	char path[PATH_LEN_MAX];
	uint64_t sum_ns = 0;
	struct dirent *entry;
	DIR *threads;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			sum_ns += kept_off_thread_ns(pid, entry->d_name);
	if (threads)
		closedir(threads);
	return sum_ns;
}

struct bench_cost bench_cost_now(void)
{
	struct bench_cost cost = { 0 };

	for (size_t i = 0; i < clock_count; i++)
		cost.cpu_ns += bench_clock_ns(clocks[i]);
	cost.kept_off_ns = kept_off_ns(getpid());
	if (server_pid > 0)
		cost.kept_off_ns += kept_off_ns(server_pid);
	return cost;
}
