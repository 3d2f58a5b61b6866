/* fault_test.c: the grammar of faults, there and back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <gnezdo/error.h>

#include "base/seed_test.h"
#include "fault/fault.h"
#include "fault/word.h"

#define RULES_MAX 16
#define PERCENT 10000U
#define NAME_63                         \
	"a23456789-123456789-123456789-" \
	"123456789-123456789-123456789-xyz"

static gn_fault_rule rules[RULES_MAX];

static int parse(const char *text)
{
	int count = gn_fault_parse(text, rules, RULES_MAX);

	if (count < 0) {
		print_error("%s\n%s\n", text,
			    gn_error_why(gn_error_last()));
		fail();
	}
	return count;
}

static const char *printed(int count)
{
	static char text[RULES_MAX * GN_FAULT_TEXT_MAX];

	return gn_fault_text(rules, count, text, sizeof text);
}

static bool same_rule(const gn_fault_rule *a, const gn_fault_rule *b)
{
	bool same = strcmp(a->from, b->from) == 0 &&
		    strcmp(a->to, b->to) == 0 && a->one_way == b->one_way &&
		    a->begin_ns == b->begin_ns && a->end_ns == b->end_ns;

	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		const struct gni_fault_word *w = &gni_fault_words[i];

		same = same && gni_fault_get(&a->faults, w->field) ==
				       gni_fault_get(&b->faults, w->field);
		same = same && gni_fault_get(&a->faults, w->spread) ==
				       gni_fault_get(&b->faults, w->spread);
	}
	return same;
}

/* ---- each word */

static const struct {
	const char *text;
	gn_faults faults;
} values[] = {
	{ "loss", { .loss_ppm = PERCENT } },
	{ "loss=5%", { .loss_ppm = 5 * PERCENT } },
	{ "loss=0.0001%", { .loss_ppm = 1 } },
	{ "loss=12.3456%", { .loss_ppm = 123456 } },
	{ "loss=100%", { .loss_ppm = 100 * PERCENT } },
	{ "loss=1.50000%", { .loss_ppm = 15000 } },
	{ "dup", { .dup_ppm = PERCENT } },
	{ "dup=2%", { .dup_ppm = 2 * PERCENT } },
	{ "corrupt", { .corrupt_ppm = PERCENT } },
	{ "corrupt=3%", { .corrupt_ppm = 3 * PERCENT } },
	{ "reset", { .reset_ppm = PERCENT / 10 } },
	{ "reset=0.2%", { .reset_ppm = PERCENT / 5 } },
	{ "reorder", { .reorder_ns = 20 * GN_MSEC } },
	{ "reorder=1h", { .reorder_ns = GN_HOUR } },
	{ "delay=80ms", { .delay_ns = 80 * GN_MSEC } },
	{ "delay=80ms±20ms",
	  { .delay_ns = 80 * GN_MSEC, .jitter_ns = 20 * GN_MSEC } },
	{ "delay=1.5s+-1500ms",
	  { .delay_ns = 1500 * GN_MSEC, .jitter_ns = 1500 * GN_MSEC } },
	{ "delay=1ns±1ns", { .delay_ns = 1, .jitter_ns = 1 } },
	{ "delay=0.001us", { .delay_ns = 1 } },
	{ "delay=0.0000001h", { .delay_ns = 360 * GN_USEC } },
	{ "delay=7us", { .delay_ns = 7 * GN_USEC } },
	{ "delay=1.5m", { .delay_ns = 90 * GN_SEC } },
	{ "rate=1Mbit", { .rate_bits = 1000000 } },
	{ "rate=1.5kbit", { .rate_bits = 1500 } },
	{ "rate=1000Gbit", { .rate_bits = INT64_C(1000000000000) } },
	{ "rate=1000bit", { .rate_bits = 1000 } },
	{ "mtu=1280", { .mtu = 1280 } },
	{ "mtu=1", { .mtu = 1 } },
	{ "cut", { .cut = true } },
	{ "stall", { .stall = true } },
	{ "short-io", { .short_ppm = 100 * PERCENT } },
	{ "short-io=50%", { .short_ppm = 50 * PERCENT } },
	{ "eintr", { .eintr_ppm = PERCENT } },
	{ "eintr=2%", { .eintr_ppm = 2 * PERCENT } },
	{ "again", { .again_ppm = PERCENT } },
	{ "again=2%", { .again_ppm = 2 * PERCENT } },
	{ "enomem", { .enomem_ppm = PERCENT } },
	{ "enomem=2%", { .enomem_ppm = 2 * PERCENT } },
	{ "emfile", { .emfile_ppm = PERCENT } },
	{ "emfile=2%", { .emfile_ppm = 2 * PERCENT } },
	{ "abort", { .abort_ppm = PERCENT } },
	{ "abort=2%", { .abort_ppm = 2 * PERCENT } },
	{ "descriptors=12", { .descriptors = 12 } },
	{ "fail", { .fail_nth = 1 } },
	{ "fail=1000000000", { .fail_nth = 1000000000 } },
	{ "crash", { .crash = true } },
	{ "restart", { .restart = true } },
	{ "clock-jump", { .clock_jump_ns = GN_HOUR } },
	{ "clock-jump=-2h", { .clock_jump_ns = -2 * GN_HOUR } },
	{ "clock-jump=100000h", { .clock_jump_ns = 100000 * GN_HOUR } },
};

static void every_word_sets_its_member(void **state)
{
	bool met[GNI_FAULT_COUNT] = { false };

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		gn_fault_rule expected = { .faults = values[i].faults };

		assert_int_equal(parse(values[i].text), 1);
		expected.end_ns = rules[0].end_ns;
		if (!same_rule(&rules[0], &expected)) {
			print_error("%s is %s\n", values[i].text, printed(1));
			fail();
		}
		for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++)
			met[f] |= gni_fault_given(&values[i].faults, f);
	}
	for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++)
		if (!met[f])
			fail_msg("no case for %s", gni_fault_name(f));
}

static void every_word_is_merged_and_told(void **state)
{
	gn_faults one = { 0 }, all = { 0 };

	(void)state;
	for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++) {
		const struct gni_fault_word *w = &gni_fault_words[f];

		one = (gn_faults){ 0 };
		gni_fault_set(&one, w->field, w->units ? w->max : 1);
		assert_true(gni_fault_given(&one, f));
		assert_false(gni_fault_given(&all, f));
		gni_fault_merge(&all, &one);
		assert_int_equal(w->once, f >= GNI_FAULT_CRASH);
		assert_int_equal(gni_fault_once(f), w->once);
	}
	for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++)
		assert_true(gni_fault_given(&all, f));
}

/* ---- spans */

static const struct {
	const char *text;
	int64_t begin_ns, end_ns;
} spans[] = {
	{ "cut", 0, 0 },
	{ "cut@..", 0, 0 },
	{ "cut@3s..5s", 3 * GN_SEC, 5 * GN_SEC },
	{ "cut=3s..5s", 3 * GN_SEC, 5 * GN_SEC },
	{ "cut@3s..", 3 * GN_SEC, 0 },
	{ "cut=..5s", 0, 5 * GN_SEC },
	{ "cut@0s..5s", 0, 5 * GN_SEC },
	{ "stall=1.5s..2.25s", 1500 * GN_MSEC, 2250 * GN_MSEC },
	{ "loss=5%@1ms..2ms", GN_MSEC, 2 * GN_MSEC },
	{ "loss@1h..100000h", GN_HOUR, GNI_FAULT_TIME_MAX },
	{ "delay=1ms±1us@1m..", GN_MIN, 0 },
	{ "crash", 0, 10 * GN_SEC },
	{ "crash=3s", 3 * GN_SEC, 0 },
	{ "crash@3s", 3 * GN_SEC, 0 },
	{ "crash@0s", 0, 0 },
	{ "crash@3s..5s", 3 * GN_SEC, 5 * GN_SEC },
	{ "restart=..5s", 0, 5 * GN_SEC },
	{ "clock-jump=1h@2s", 2 * GN_SEC, 0 },
	{ "clock-jump@2s", 2 * GN_SEC, 0 },
};

static void spans_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		assert_int_equal(parse(spans[i].text), 1);
		if (rules[0].begin_ns != spans[i].begin_ns ||
		    rules[0].end_ns != spans[i].end_ns)
			fail_msg("%s is %s", spans[i].text, printed(1));
	}
}

/* ---- scopes, and how rules are parted */

static void scopes_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("*:loss;a:loss;a>b:loss;a<>B-2: loss\n"
			       NAME_63 ":\tloss"), 5);
	assert_string_equal(rules[0].from, "");
	assert_string_equal(rules[0].to, "");
	assert_string_equal(rules[1].from, "a");
	assert_string_equal(rules[1].to, "");
	assert_string_equal(rules[2].from, "a");
	assert_string_equal(rules[2].to, "b");
	assert_true(rules[2].one_way);
	assert_string_equal(rules[3].to, "B-2");
	assert_false(rules[3].one_way);
	assert_string_equal(rules[4].from, NAME_63);
}

/* What is read, and what is then written. */
static const char *const forms[][2] = {
	{ "", "" },
	{ " \t\r\n;;\n ; ", "" },
	{ "loss;", "loss=1%" },
	{ "\n loss ,\t dup\r\n", "loss=1% dup=1%" },
	{ "loss,dup", "loss=1% dup=1%" },
	{ ",loss", "loss=1%" },
	{ "dup loss", "loss=1% dup=1%" },
	{ "loss;dup", "loss=1%; dup=1%" },
	{ "loss\n\ndup\n", "loss=1%; dup=1%" },
	{ "*: loss", "loss=1%" },
	{ "a:loss", "a: loss=1%" },
	{ "a<>b:loss", "a<>b: loss=1%" },
	{ "a>b:  loss", "a>b: loss=1%" },
	{ "a: loss cut=1s..2s dup",
	  "a: loss=1%; a: cut@1s..2s; a: dup=1%" },
	{ "loss@1s.. cut@1s..", "loss=1%@1s.. cut@1s.." },
	{ "loss@..2s crash@..2s", "loss=1%@..2s crash@..2s" },
	{ "crash=3s restart=5s", "crash@3s; restart@5s" },
	{ "crash", "crash@..10s" },
	{ "crash@0s loss", "loss=1% crash@0s" },
	{ "loss=1% loss=5%@3s..5s", "loss=1%; loss=5%@3s..5s" },
	{ "delay=1500ms+-500us", "delay=1500ms±500us" },
	{ "delay=90m60s", NULL },
	{ "delay=60m", "delay=1h" },
	{ "rate=1500kbit", "rate=1500kbit" },
	{ "rate=1000kbit", "rate=1Mbit" },
	{ "rate=1001bit", "rate=1001bit" },
	{ "loss=2.5%", "loss=2.5%" },
	{ "loss=0.0203%", "loss=0.0203%" },
	{ "clock-jump=-90s@1s", "clock-jump=-90s@1s" },
	{ "fail", "fail=1" },
	{ "short-io", "short-io=100%" },
	{ "reset=0.1%; stall", "reset=0.1%; stall" },
};

static void text_has_one_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (!forms[i][1]) {
			assert_int_equal(gn_fault_parse(forms[i][0], rules,
							RULES_MAX), GN_EINVAL);
			continue;
		}
		assert_string_equal(printed(parse(forms[i][0])), forms[i][1]);
	}
}

/* ---- nonsense */

static const struct {
	const char *text;
	int character;
	const char *rule; /* how it begins */
} bad[] = {
	{ "los", 1, "no fault los; there are loss dup corrupt reset reorder "
		    "delay rate mtu cut stall short-io eintr again enomem "
		    "emfile abort descriptors fail crash restart clock-jump" },
	{ "Loss", 1, "no fault Loss" },
	{ "loss dup bogus=1", 10, "no fault bogus; there" },
	{ "=5%", 1, "no fault ; there" },
	{ "loss\ndup; x", 11, "no fault x" },
	{ "loss=", 6, "loss is 0.0001% to 100%" },
	{ "loss=%", 6, "loss is 0.0001% to 100%" },
	{ "loss=0%", 6, "loss is 0.0001% to 100%" },
	{ "loss=5", 6, "loss is 0.0001% to 100%" },
	{ "loss=05%", 6, "loss is" },
	{ "loss=-5%", 6, "loss is" },
	{ "loss=100.0001%", 6, "loss is" },
	{ "loss=0.00001%", 6, "loss is" },
	{ "loss=1.%", 6, "loss is" },
	{ "loss=.5%", 6, "loss is" },
	{ "loss=1..2%", 6, "loss is" },
	{ "loss=5%x", 6, "loss is" },
	{ "loss=5%%", 6, "loss is" },
	{ "loss=5%=5%", 6, "loss is" },
	{ "loss=18446744073709551616%", 6, "loss is" },
	{ "loss=9223372036854775807%", 6, "loss is" },
	{ "loss =5%", 6, "no fault ; there" },
	{ "loss= 5%", 6, "loss is" },
	{ "loss loss", 6, "loss is given twice" },
	{ "loss=1% dup loss=2%", 13, "loss is given twice" },
	{ "delay", 6, "delay needs a value, 1ns to 1h" },
	{ "rate;", 5, "rate needs a value, 1kbit to 1000Gbit" },
	{ "mtu@3s..", 4, "mtu needs a value, 1 to 65535" },
	{ "descriptors", 12, "descriptors needs a value, 1 to 1000000" },
	{ "delay=80", 7, "delay is 1ns to 1h, then ± up to as much" },
	{ "delay=0s", 7, "delay is" },
	{ "delay=0.5ns", 7, "delay is" },
	{ "delay=0.00000000000001h", 7, "delay is" },
	{ "delay=61m", 7, "delay is" },
	{ "delay=3S", 7, "delay is" },
	{ "delay=9223372036854775807h", 7, "delay is" },
	{ "delay=9223372036.999999999s", 7, "delay is" },
	{ "delay=1ms±2ms", 11, "delay is" },
	{ "delay=1ms±", 11, "delay is" },
	{ "delay=1ms±0ms", 11, "delay is" },
	{ "delay=1ms+1ms", 7, "delay is" },
	{ "delay=1ms±1us±1us", 7, "delay is" },
	{ "reorder=20ms±5ms", 9, "reorder is 1ns to 1h" },
	{ "rate=999bit", 6, "rate is 1kbit to 1000Gbit" },
	{ "rate=1.0005kbit", 6, "rate is" },
	{ "rate=1mbit", 6, "rate is" },
	{ "rate=1001Gbit", 6, "rate is" },
	{ "mtu=0", 5, "mtu is 1 to 65535" },
	{ "mtu=65536", 5, "mtu is" },
	{ "mtu=1.5", 5, "mtu is" },
	{ "mtu=4294968576", 5, "mtu is" },
	{ "fail=0", 6, "fail is 1 to 1000000000" },
	{ "clock-jump=0s", 12, "clock-jump is -100000h to 100000h, and not 0" },
	{ "clock-jump=--1s", 12, "clock-jump is" },
	{ "clock-jump=-100001h", 12, "clock-jump is" },
	{ "cut=", 5, "cut lasts: @3s..5s, @3s.. or @..5s" },
	{ "cut@", 5, "cut lasts" },
	{ "cut=3s", 5, "cut lasts" },
	{ "loss@3s", 6, "loss lasts" },
	{ "loss@3..5s", 6, "loss lasts" },
	{ "loss@3s..5", 6, "loss lasts" },
	{ "loss@3s...5s", 6, "loss lasts" },
	{ "loss@3s..5s..6s", 6, "loss lasts" },
	{ "loss@3s..5s@6s..", 6, "loss lasts" },
	{ "cut=3s..@4s", 5, "cut lasts" },
	{ "loss@3s..3s", 10, "a span ends after it began" },
	{ "loss@5s..3s", 10, "a span ends" },
	{ "loss@..0s", 8, "a span ends" },
	{ "loss@..100001h", 6, "loss lasts" },
	{ "crash=", 7, "crash happens once: @3s, or at an instant drawn from "
		       "@3s..5s or @..5s" },
	{ "crash=3s..", 7, "crash happens once" },
	{ "crash@..", 7, "crash happens once" },
	{ "crash=5%", 7, "crash happens once" },
	{ "clock-jump=1h@3s..", 15, "clock-jump happens once" },
	{ ":loss", 1, "a host is 1 to 63 letters, digits and hyphens" },
	{ "a_b: loss", 2, "a scope is *, HOST, HOST>HOST or HOST<>HOST" },
	{ "**: loss", 2, "a scope is" },
	{ "a<b: loss", 2, "a scope is" },
	{ "a: b: loss", 4, "no fault b:" },
	{ "a>: loss", 3, "a host is" },
	{ "a<>b>c: loss", 5, "a colon follows the link" },
	{ "*>: loss", 2, "a scope is" },
	{ "*<>b: loss", 2, "a scope is" },
	{ "*>b: loss", 2, "a scope is" },
	{ "x" NAME_63 ": loss", 1, "a host is" },
	{ "a<>a: loss", 4, "a link is between two hosts" },
	{ "a:", 3, "faults follow a scope" },
	{ "a: ;", 4, "faults follow a scope" },
	{ "loss: dup; :", 12, "a host is" },
	{ "a<>b: loss crash", 12, "crash is of a host, not of a link" },
	{ "a>b: short-io", 6, "short-io is of a host" },
	{ "\xff\xfe=1", 1, "no fault" },
	{ "\001", 1, "no fault" },
};

static void check_refused(const char *text, int character, const char *rule)
{
	char expected[256];
	const char *why;

	assert_int_equal(gn_fault_parse(text, rules, RULES_MAX), GN_EINVAL);
	why = gn_error_why(gn_error_last());
	assert_string_equal(gn_error_operation(gn_error_last()),
			    "fault_parse");
	snprintf(expected, sizeof expected, "character %d: %s", character,
		 rule);
	if (strncmp(why, expected, strlen(expected)) != 0)
		fail_msg("%s\nexpected %s\n     got %s", text, expected, why);
}

static void nonsense_is_refused_at_its_character(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (gn_fault_parse(bad[i].text, rules, RULES_MAX) !=
		    GN_EINVAL)
			fail_msg("accepted: %s", bad[i].text);
		check_refused(bad[i].text, bad[i].character, bad[i].rule);
	}
}

static void too_many_rules_are_refused(void **state)
{
	gn_fault_rule two[3];

	(void)state;
	memset(&two[2], 0x55, sizeof two[2]);
	assert_int_equal(gn_fault_parse("loss; dup", two, 2), 2);
	assert_int_equal(gn_fault_parse("loss; dup; cut", two, 2), GN_EINVAL);
	assert_string_equal(gn_error_why(gn_error_last()),
			    "character 12: there is room for 2 rules");
	assert_int_equal(gn_fault_parse("loss", NULL, 0), GN_EINVAL);
	assert_int_equal(gn_fault_parse(" ;", NULL, 0), 0);
	for (size_t i = 0; i < sizeof two[2]; i++)
		assert_int_equal(((unsigned char *)&two[2])[i], 0x55);
}

static void a_long_unknown_word_leaves_room_for_the_known(void **state)
{
	char text[2000];
	const char *why;

	(void)state;
	memset(text, ' ', sizeof text);
	memset(text + 1000, 'x', 900);
	text[1900] = '\0';
	assert_int_equal(gn_fault_parse(text, rules, RULES_MAX), GN_EINVAL);
	why = gn_error_why(gn_error_last());
	assert_non_null(strstr(why, "character 1001: no fault xxxx"));
	assert_string_equal(why + strlen(why) - strlen("clock-jump"),
			    "clock-jump");
}

/* ---- there and back */

static int64_t draw_value(struct gni_rng *rng, const struct gni_fault_word *w)
{
	static const int64_t steps[] = { 1, 10, 1000, 1000000, 1000000000 };
	int64_t value;

	if (!w->units)
		return 1;
	do
		value = steps[gni_rng_below(rng, 5)] *
			(int64_t)gni_rng_below(rng, 1000000);
	while (value < (w->min < 0 ? 1 : w->min) || value > w->max);
	return w->min < 0 && gni_rng_below(rng, 2) ? -value : value;
}

static void draw_name(struct gni_rng *rng, char name[GN_FAULT_HOST_MAX])
{
	size_t len = 1 + gni_rng_below(rng, GN_FAULT_HOST_MAX - 1);

	for (size_t i = 0; i < len; i++)
		name[i] = "aZ09-"[gni_rng_below(rng, 5)];
}

static void draw_scope(struct gni_rng *rng, gn_fault_rule *rule)
{
	uint64_t sort = gni_rng_below(rng, 3);

	if (sort > 0)
		draw_name(rng, rule->from);
	if (sort > 1)
		do
			draw_name(rng, rule->to);
		while (strcmp(rule->from, rule->to) == 0);
	rule->one_way = sort > 1 && gni_rng_below(rng, 2);
}

static void draw_span(struct gni_rng *rng, gn_fault_rule *rule)
{
	uint64_t sort = gni_rng_below(rng, 4);

	if (sort & 1)
		rule->begin_ns = (int64_t)gni_rng_below(rng, 1000000000000);
	if (sort & 2)
		rule->end_ns = rule->begin_ns + GN_SEC *
			       (int64_t)(1 + gni_rng_below(rng, 1000));
}

static gn_fault_rule draw_rule(struct gni_rng *rng)
{
	uint64_t odds = 1 + gni_rng_below(rng, GNI_FAULT_COUNT);
	gn_fault_rule rule;
	bool any = false;

	memset(&rule, 0, sizeof rule);
	draw_scope(rng, &rule);
	draw_span(rng, &rule);
	while (!any)
		for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++) {
			const struct gni_fault_word *w = &gni_fault_words[f];
			int64_t value;

			if ((w->of_host && rule.to[0]) ||
			    gni_rng_below(rng, odds) != 0)
				continue;
			any = true;
			value = draw_value(rng, w);
			gni_fault_set(&rule.faults, w->field, value);
			gni_fault_set(&rule.faults, w->spread,
				      (int64_t)gni_rng_below(
					      rng, (uint64_t)(w->spread.bytes ?
							      value + 1 : 1)));
		}
	return rule;
}

static void what_is_written_is_read_back(void **state)
{
	struct gni_rng rng = test_rng("what_is_written_is_read_back");
	gn_fault_rule drawn[RULES_MAX];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int count = (int)gni_rng_below(&rng, RULES_MAX + 1);
		char text[RULES_MAX * GN_FAULT_TEXT_MAX];

		for (int j = 0; j < count; j++)
			drawn[j] = draw_rule(&rng);
		gn_fault_text(drawn, count, text, sizeof text);
		if (parse(text) != count)
			fail_msg("not %d rules: %s", count, text);
		for (int j = 0; j < count; j++)
			if (!same_rule(&drawn[j], &rules[j]))
				fail_msg("rule %d is another: %s", j, text);
		assert_string_equal(printed(count), text);
	}
}

/* Texts that are nearly good: none may be read beyond its end, and each that
 * is accepted has a form that is accepted again. */
static void a_spoiled_text_is_refused_or_understood(void **state)
{
	struct gni_rng rng = test_rng("a_spoiled_text_is_refused_or_"
				      "understood");
	char text[GN_FAULT_TEXT_MAX], first[RULES_MAX * GN_FAULT_TEXT_MAX];
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		gn_fault_rule rule = draw_rule(&rng);
		size_t len;
		int count;

		gn_fault_text(&rule, 1, text, sizeof text);
		len = strlen(text);
		text[gni_rng_below(&rng, len)] =
			" ,;\n=@.5sm%:<>*-+a\0\xc2"[gni_rng_below(&rng, 20)];
		count = gn_fault_parse(text, rules, RULES_MAX);
		if (count < 0)
			continue;
		accepted++;
		snprintf(first, sizeof first, "%s", printed(count));
		assert_int_equal(parse(first), count);
		assert_string_equal(printed(count), first);
	}
	printf("# %d of 50000 spoiled texts were still good\n", accepted);
	assert_in_range(accepted, 1000, 49000);
}

static void the_longest_rule_fits(void **state)
{
	gn_fault_rule rule = {
		.from = NAME_63,
		.begin_ns = GNI_FAULT_TIME_MAX - 2,
		.end_ns = GNI_FAULT_TIME_MAX - 1,
	};
	char text[GN_FAULT_TEXT_MAX + 1];

	(void)state;
	for (enum gni_fault f = 0; f < GNI_FAULT_COUNT; f++) {
		const struct gni_fault_word *w = &gni_fault_words[f];

		gni_fault_set(&rule.faults, w->field,
			      w->units ? w->max - 1 : 1);
		gni_fault_set(&rule.faults, w->spread, w->max - 1);
	}
	gn_fault_text(&rule, 1, text, sizeof text);
	assert_in_range(strlen(text), 1000, GN_FAULT_TEXT_MAX - 1);
	assert_int_equal(parse(text), 1);
	assert_true(same_rule(&rules[0], &rule));
}

static void a_text_without_room_is_cut(void **state)
{
	char text[9];

	(void)state;
	assert_int_equal(parse("loss dup"), 1);
	assert_ptr_equal(gn_fault_text(rules, 1, text, sizeof text), text);
	assert_true(strlen(text) < sizeof text);
	assert_memory_equal(text, "loss=1%", 7);
	assert_string_equal(gn_fault_text(NULL, 0, text, 1), "");
}

/* ---- what the makers of faults ask */

static void rules_hold_within_their_span(void **state)
{
	(void)state;
	assert_int_equal(parse("loss; loss@3s..5s; loss@3s..; loss@..5s"), 4);
	assert_true(gni_fault_holds(&rules[0], 0));
	assert_true(gni_fault_holds(&rules[0], INT64_MAX));
	assert_false(gni_fault_holds(&rules[1], 3 * GN_SEC - 1));
	assert_true(gni_fault_holds(&rules[1], 3 * GN_SEC));
	assert_true(gni_fault_holds(&rules[1], 5 * GN_SEC - 1));
	assert_false(gni_fault_holds(&rules[1], 5 * GN_SEC));
	assert_false(gni_fault_holds(&rules[2], 0));
	assert_true(gni_fault_holds(&rules[2], INT64_MAX));
	assert_true(gni_fault_holds(&rules[3], 0));
	assert_false(gni_fault_holds(&rules[3], 5 * GN_SEC));
}

static void a_later_rule_overrides_what_it_names(void **state)
{
	gn_faults all = { 0 };

	(void)state;
	assert_int_equal(parse("loss=5% delay=80ms±20ms; delay=1s dup=2%"),
			 2);
	gni_fault_merge(&all, &rules[0].faults);
	gni_fault_merge(&all, &rules[1].faults);
	assert_int_equal(all.loss_ppm, 5 * PERCENT);
	assert_int_equal(all.dup_ppm, 2 * PERCENT);
	assert_int_equal(all.delay_ns, GN_SEC);
	assert_int_equal(all.jitter_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_sets_its_member),
		cmocka_unit_test(every_word_is_merged_and_told),
		cmocka_unit_test(spans_are_read),
		cmocka_unit_test(scopes_are_read),
		cmocka_unit_test(text_has_one_form),
		cmocka_unit_test(nonsense_is_refused_at_its_character),
		cmocka_unit_test(too_many_rules_are_refused),
		cmocka_unit_test(
			a_long_unknown_word_leaves_room_for_the_known),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_spoiled_text_is_refused_or_understood),
		cmocka_unit_test(the_longest_rule_fits),
		cmocka_unit_test(a_text_without_room_is_cut),
		cmocka_unit_test(rules_hold_within_their_span),
		cmocka_unit_test(a_later_rule_overrides_what_it_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
