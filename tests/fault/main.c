/*
 * main.c: one case of the catalogue.
 *
 *	fault --list                the names, each with how to start it
 *	fault --backend             whether there is the one that is forced
 *	fault --can NEED            whether a case's need can be met
 *	fault [--sim] NAME          runs one
 *
 * The runner (run.py) reads lines with a colon: "#:injected 3", "#:handled 3",
 * "#:say what the table is to tell", "#:skip why".  Exit status: 0, 1 when it
 * failed, 77 when it cannot run here.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../conform/ring.h"
#include "probe.h"
#include "row.h"

#define SKIPPED 77
#define MISUSED 64

static const struct {
	unsigned need;
	const char *word;
} words[] = {
	{ NEED_NET, "net" },	   { NEED_WIRE, "wire" },
	{ NEED_LINK, "tun" },	   { NEED_ROOT, "root" },
	{ NEED_NFT, "nft" },	   { NEED_SYSCTL, "sysctl" },
	{ NEED_IPV6, "ipv6" },	   { NEED_RING, "ring" },
	{ ONLY_URING, "uring" },   { ONLY_EPOLL, "epoll" },
	{ ONLY_POLL, "poll" },
};

static void list_case(const struct fault_case *c)
{
	printf("%s\t", c->name);
	printf("%s%s", c->sim_only ? "" : "real ", c->faults ? "sim " : "");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (c->needs & words[i].need)
			printf("%s ", words[i].word);
	printf("\t%s\n", c->around ? c->around : "");
}

/* A name may stand for two: one simulated, one real. */
static const struct fault_case *find(const char *name, bool sim)
{
	for (size_t t = 0; fault_tables[t]; t++)
		for (const struct fault_case *c = fault_tables[t]; c->name; c++)
			if (strcmp(c->name, name) == 0 &&
			    (sim ? c->faults != NULL : !c->sim_only))
				return c;
	return NULL;
}

static void list_all(void)
{
	for (size_t t = 0; fault_tables[t]; t++)
		for (const struct fault_case *c = fault_tables[t]; c->name; c++)
			list_case(c);
}

static int run_in(const struct fault_case *c, struct world *w)
{
	int result = -1;

	for (int i = 0; i < 2; i++)
		w->place.bells[i] = gn_chan_open(0, 64);
	if (w->place.bells[0] && w->place.bells[1])
		result = w->sim ? fault_sim(c, w) : fault_real(c, w);
	/* After a failure the other part may still wait there. */
	if (result < 0)
		return result;
	gn_chan_close(w->place.bells[0]);
	gn_chan_close(w->place.bells[1]);
	return result;
}

/* Told, so that it can be given. */
static uint64_t seed_of(void)
{
	const char *given = getenv("GN_TEST_SEED");
	uint64_t seed =
		given ? strtoull(given, NULL, 10) : (uint64_t)gn_now().ns;

	printf("# GN_TEST_SEED=%" PRIu64 "\n", seed);
	return seed;
}

/* A case that has not cleaned up leaves by the short way, or the leak checker
 * would say at length what follows from its failure. */
static int run_case(const struct fault_case *c, bool sim)
{
	static struct report report;
	static struct world w;
	char folder[] = "/tmp/gn-fault-XXXXXX";
	int result;

	if (!sim)
		isolate();
	if (!mkdtemp(folder))
		return 1;
	w.sim = sim;
	w.seed = seed_of();
	w.place.sim = sim;
	w.place.folder = folder;
	w.place.report = &report;
	result = run_in(c, &w);
	print_counts();
	if (rmdir(folder) < 0 && result == 0) {
		printf("# %s is left: %s\n", folder, strerror(errno));
		result = -1;
	}
	if (report.skipped[0])
		printf("#:skip %s\n", report.skipped);
	fflush(stdout);
	if (result < 0)
		_exit(1);
	return report.skipped[0] ? SKIPPED : 0;
}

static int skip_all(const char *why)
{
	printf("#:skip %s\n", why);
	return SKIPPED;
}

static int tell_backend(void)
{
	const char *forced = getenv("GNEZDO_BACKEND");

	if (forced && strcmp(forced, "uring") == 0 && ring_refused())
		return skip_all(RING_REFUSED);
	if (gn_backend())
		return 0;
	gn_perror("# backend");
	return 1;
}

static int tell_need(const char *need)
{
	const char *why = probe(need);

	if (!why)
		return MISUSED;
	return *why ? skip_all(why) : 0;
}

int main(int argc, char **argv)
{
	bool sim = argc == 3 && strcmp(argv[1], "--sim") == 0;
	const struct fault_case *c =
		argc > 1 ? find(argv[argc - 1], sim) : NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list_all();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--backend") == 0)
		return tell_backend();
	if (argc == 3 && strcmp(argv[1], "--can") == 0)
		return tell_need(argv[2]);
	if (!c || argc > 3 || (argc == 3 && !sim)) {
		fprintf(stderr, "usage: fault --list | --backend | "
				"--can NEED | [--sim] NAME\n");
		return MISUSED;
	}
	return run_case(c, sim);
}
