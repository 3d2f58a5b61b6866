/* swarm_test.c: faults that a seed draws. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/time.h>

#include "fault/fault.h"
#include "sim/swarm.h"

#define HEAL_NS (10 * GN_SEC)
#define MAX 64
#define SEEDS 3000

static const char *const hosts[] = { "a", "server", "client-2" };

static int draw(struct gni_tape *t, unsigned count, gn_fault_rule *rules)
{
	return gni_swarm_draw(t, hosts, count, HEAL_NS, rules, MAX);
}

static int draw_seed(uint64_t seed, unsigned count, gn_fault_rule *rules)
{
	struct gni_tape t;

	gni_tape_seed(&t, seed);
	return draw(&t, count, rules);
}

static void the_plain_run_has_none(void **state)
{
	gn_fault_rule rules[MAX];
	struct gni_tape t;

	(void)state;
	gni_tape_replay(&t, NULL, 0);
	assert_int_equal(draw(&t, 3, rules), 0);
	for (uint64_t seed = 0; seed < 10; seed++)
		assert_int_equal(draw_seed(seed, 0, rules), 0);
}

static bool is_host(const char *name)
{
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (strcmp(name, hosts[i]) == 0)
			return true;
	return *name == '\0';
}

static void rules_are_of_these_hosts(void **state)
{
	gn_fault_rule r[MAX];

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		unsigned count = 1 + (unsigned)(seed % 3);
		int n = draw_seed(seed, count, r);

		for (int i = 0; i < n; i++) {
			assert_true(is_host(r[i].from) && is_host(r[i].to));
			assert_true(count > 1 || !*r[i].to);
			assert_in_range(r[i].begin_ns, 0, 3 * HEAL_NS);
			assert_in_range(r[i].end_ns, 0, 3 * HEAL_NS);
		}
	}
}

static void every_fault_is_drawn(void **state)
{
	unsigned met[GNI_FAULT_COUNT] = { 0 }, all = 0, none = 0;
	gn_fault_rule r[MAX];

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		int n = draw_seed(seed, 3, r);

		none += n == 0;
		for (int i = 0; i < n; i++)
			for (int f = 0; f < GNI_FAULT_COUNT; f++)
				met[f] += gni_fault_given(&r[i].faults,
							  (enum gni_fault)f);
	}
	assert_int_equal(met[GNI_FAULT_CORRUPT], 0);
	met[GNI_FAULT_CORRUPT] = SEEDS / 8;
	for (int f = 0; f < GNI_FAULT_COUNT; f++) {
		assert_in_range(met[f], SEEDS / 12, SEEDS / 6);
		all += met[f];
	}
	assert_in_range(all, 2 * SEEDS, 4 * SEEDS);
	assert_in_range(none, 1, SEEDS / 8);
}

static struct gni_tape_log *record(uint64_t seed)
{
	struct gni_tape_log *log =
		calloc(1, sizeof *log + 1000 * sizeof log->entries[0]);
	gn_fault_rule rules[MAX];
	struct gni_tape t;

	assert_non_null(log);
	log->max = 1000;
	gni_tape_seed(&t, seed);
	gni_tape_record(&t, log);
	draw(&t, 3, rules);
	assert_true(log->count < log->max);
	return log;
}

static int replay(const struct gni_tape_log *log, gn_fault_rule *rules)
{
	uint8_t bytes[5000];
	size_t len = gni_tape_save(log->entries, log->count, bytes,
				   sizeof bytes);
	struct gni_tape t;

	assert_true(len <= sizeof bytes);
	gni_tape_replay(&t, bytes, len);
	return draw(&t, 3, rules);
}

/* Each fault's first entry decides whether it strikes; without it the others
 * are as they were. */
static void one_fault_less_leaves_the_others(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 100; seed++) {
		struct gni_tape_log *log = record(seed);
		gn_fault_rule all[MAX], less[MAX];
		int count = replay(log, all), n = 0, gone = 0;

		for (size_t i = 0; i < log->count; i++) {
			if (log->entries[i].bound != 2 ||
			    !log->entries[i].value)
				continue;
			log->entries[i].value = 0;
			n = replay(log, less);
			if (n < count)
				break;
			log->entries[i].value = 1;
		}
		while (gone < count && gone < n &&
		       memcmp(&all[gone], &less[gone], sizeof *all) == 0)
			gone++;
		assert_true(count == 0 || n < count);
		for (int i = gone; i < n; i++)
			assert_memory_equal(&all[i + count - n], &less[i],
					    sizeof *all);
		free(log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plain_run_has_none),
		cmocka_unit_test(rules_are_of_these_hosts),
		cmocka_unit_test(every_fault_is_drawn),
		cmocka_unit_test(one_fault_less_leaves_the_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("swarm", tests, NULL, NULL);
}
