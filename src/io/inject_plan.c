/*
 * inject_plan.c: the plan of a thread's faults: read, refused where the real
 * world has no such fault, asked.  All its choices come from one tape.
 */
#include "io/inject_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnezdo/error.h>

#include "base/rng.h"

/* A record's sentence and the variable's name. */
#define SENTENCE_SIZE 320

static _Thread_local char sentence[SENTENCE_SIZE];

/* Each loop of the process draws other numbers of the one seed. */
static atomic_uint_fast64_t loops;

static int refuse(const char **why)
{
	*why = sentence;
	return -EINVAL;
}

/* A machine cannot be made to crash, nor its clock to jump, by a library. */
static const char *not_here(const gn_faults *f)
{
	static const enum gni_fault simulated[] = {
		GNI_FAULT_CRASH, GNI_FAULT_RESTART, GNI_FAULT_CLOCK_JUMP,
	};

	for (size_t i = 0; i < sizeof simulated / sizeof *simulated; i++)
		if (gni_fault_given(f, simulated[i]))
			return gni_fault_name(simulated[i]);
	return NULL;
}

static int check(const gn_fault_rule *rule, const char **why)
{
	const char *word = not_here(&rule->faults);

	if (rule->from[0]) {
		snprintf(sentence, sizeof sentence,
			 "GNEZDO_FAULTS: %s%s%s: hosts are for a simulation",
			 rule->from, rule->to[0] ? " and " : "", rule->to);
		return refuse(why);
	}
	if (word) {
		snprintf(sentence, sizeof sentence,
			 "GNEZDO_FAULTS: %s is for a simulation", word);
		return refuse(why);
	}
	return 0;
}

static int read_rules(struct gni_plan *p, const char *faults, const char **why)
{
	int result = 0;

	p->count = gn_fault_parse(faults, p->rules, GNI_PLAN_RULES_MAX);
	if (p->count < 0) {
		snprintf(sentence, sizeof sentence, "GNEZDO_FAULTS: %s",
			 gn_error_why(gn_error_last()));
		return refuse(why);
	}
	for (int i = 0; i < p->count && result == 0; i++) {
		result = check(&p->rules[i], why);
		gni_fault_merge(&p->ever, &p->rules[i].faults);
	}
	return result;
}

static int read_seed(struct gni_plan *p, const char *seed, const char **why)
{
	int base = strncmp(seed, "0x", 2) == 0 ? 16 : 10;
	char *end;

	if (!*seed && gni_rng_entropy(&p->seed))
		return 0;
	errno = 0;
	p->seed = strtoull(seed, &end, base);
	if (*seed >= '0' && *seed <= '9' && !*end && errno == 0)
		return 0;
	snprintf(sentence, sizeof sentence,
		 "GNEZDO_SEED=%.40s: choose a number from 0 to %" PRIu64, seed,
		 UINT64_MAX);
	return refuse(why);
}

int gni_plan_read(struct gni_plan *p, const char *faults, const char *seed,
		  const char **why)
{
	int result = read_rules(p, faults, why);

	if (result == 0)
		result = read_seed(p, seed, why);
	gni_tape_seed(&p->tape, p->seed + atomic_fetch_add(&loops, 1));
	p->begin = gn_now();
	return result;
}

gn_faults gni_plan_now(const struct gni_plan *p)
{
	int64_t elapsed_ns = gn_since(p->begin);
	gn_faults now = { 0 };

	for (int i = 0; i < p->count; i++)
		if (gni_fault_holds(&p->rules[i], elapsed_ns))
			gni_fault_merge(&now, &p->rules[i].faults);
	return now;
}

gn_time gni_plan_shut(const struct gni_plan *p)
{
	int64_t elapsed_ns = gn_since(p->begin);
	gn_time open = GN_NOW;

	for (int i = 0; i < p->count; i++) {
		const gn_fault_rule *r = &p->rules[i];
		gn_time end = r->end_ns ? gn_time_add(p->begin, r->end_ns) :
					  GN_NEVER;

		if ((r->faults.cut || r->faults.stall) &&
		    gni_fault_holds(r, elapsed_ns) &&
		    gn_time_before(open, end))
			open = end;
	}
	return open;
}

bool gni_plan_strikes(struct gni_plan *p, enum gni_fault fault, uint32_t ppm)
{
	bool strikes = gni_tape_chance(&p->tape, GNI_STREAM_FAULTS, ppm);

	p->struck[fault] += strikes;
	return strikes;
}

int gni_plan_lacks(struct gni_plan *p, const gn_faults *now,
		   enum gni_attempt attempt)
{
	if (gni_failing_descriptor(attempt) &&
	    gni_plan_strikes(p, GNI_FAULT_EMFILE, now->emfile_ppm))
		return gni_failing_no_descriptor(&p->tape);
	if (gni_failing_memory(attempt) &&
	    gni_plan_strikes(p, GNI_FAULT_ENOMEM, now->enomem_ppm))
		return gni_failing_no_memory(attempt, &p->tape);
	return 0;
}

int gni_plan_attempt(struct gni_plan *p, const gn_faults *now,
		     enum gni_attempt attempt)
{
	if (++p->attempts != now->fail_nth)
		return gni_plan_lacks(p, now, attempt);
	p->struck[GNI_FAULT_FAIL]++;
	return gni_failing_asked(attempt);
}

size_t gni_plan_less(struct gni_plan *p, const gn_faults *now, size_t len)
{
	if (now->mtu && len > now->mtu) {
		len = now->mtu;
		p->struck[GNI_FAULT_MTU]++;
	}
	if (len < 2 ||
	    !gni_plan_strikes(p, GNI_FAULT_SHORT_IO, now->short_ppm))
		return len;
	return len - 1 - (size_t)gni_tape_short(&p->tape, GNI_STREAM_NETWORK,
						1000000, len - 1);
}

uint64_t gni_plan_draw(struct gni_plan *p, uint64_t bound)
{
	return gni_tape_draw(&p->tape, GNI_STREAM_FAULTS, bound);
}
