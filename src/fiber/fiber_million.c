/*
 * fiber_million.c: what a million fibers cost.  Makes as many as it is told,
 * switches to each once, ends and frees them all, and prints the processor
 * time and memory of each step.  Not part of the default test run: it takes
 * 5 GiB.  Exits with 0, 1 where something went wrong, 2 where it cannot count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fiber/fiber.h"

static struct gni_fiber root;
static unsigned long runs;

static void run_once(struct gni_fiber *self)
{
	runs++;
	gni_fiber_switch(self, &root);
	gni_fiber_exit(self, &root);
}

static double processor_seconds(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) < 0)
		return 0;
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* A number of /proc/self/status, in KiB as it is there. */
static unsigned long status(const char *key)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtoul(line + strlen(key) + 1, NULL, 10);
	if (f)
		(void)fclose(f);
	return kib;
}

static void report(const char *step, unsigned long count)
{
	static double last;
	double now = processor_seconds();

	printf("%-8s %8.3f s  %6.0f ns each   resident %8lu KiB   "
	       "page tables %7lu KiB\n", step, now - last,
	       (now - last) * 1e9 / (double)count, status("VmRSS"),
	       status("VmPTE"));
	last = processor_seconds();
}

static unsigned long make_all(struct gni_fiber **all, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		all[i] = gni_fiber_create(sizeof **all, 0, "one", run_once);
		if (!all[i])
			break;
	}
	return i;
}

static int run(struct gni_fiber **all, unsigned long count)
{
	unsigned long made;

	report("begin", count);
	made = make_all(all, count);
	report("create", count);
	for (unsigned long i = 0; i < made; i++)
		gni_fiber_switch(&root, all[i]);
	report("switch", count);
	for (unsigned long i = 0; i < made; i++)
		gni_fiber_switch(&root, all[i]);
	report("end", count);
	for (unsigned long i = 0; i < made; i++)
		gni_fiber_free(all[i]);
	report("free", count);
	printf("%lu of %lu fibers ran\n", runs, count);
	return runs == count ? 0 : 1;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	struct gni_fiber **all;
	int result;

	if (count == 0)
		return 2;
	all = calloc(count, sizeof *all);
	if (!all)
		return 1;
	gni_fiber_root(&root, "main");
	result = run(all, count);
	gni_fiber_root_end(&root);
	gni_fiber_thread_end();
	free(all);
	return result;
}
