/*
 * fault_target.c: the grammar of faults.  A plan that was read is written so
 * that it is read as the same, and then written as the same; any rule that
 * the structs can hold has a text.
 *
 *	byte 0      how many rules there is room for (5 bits), or, with 128,
 *	            how many rules are made of the bytes that follow
 */
#include "target.h"

#include <stdbool.h>
#include <string.h>

#include <gnezdo.h>
#include <gnezdo/fault.h>

#include "fault/word.h"

#define RULES_MAX 32

static bool same_faults(const gn_faults *a, const gn_faults *b)
{
	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		const struct gni_fault_word *w = &gni_fault_words[i];

		if (gni_fault_get(a, w->field) != gni_fault_get(b, w->field) ||
		    gni_fault_get(a, w->spread) != gni_fault_get(b, w->spread))
			return false;
	}
	return true;
}

static bool same_rules(const gn_fault_rule *a, const gn_fault_rule *b)
{
	return strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0 &&
	       a->one_way == b->one_way && a->begin_ns == b->begin_ns &&
	       a->end_ns == b->end_ns && same_faults(&a->faults, &b->faults);
}

static void check_rule(const gn_fault_rule *r)
{
	unsigned given = 0;

	WANT(r->begin_ns >= 0 && r->begin_ns <= GNI_FAULT_TIME_MAX);
	WANT(r->end_ns == 0 || (r->end_ns > r->begin_ns &&
				r->end_ns <= GNI_FAULT_TIME_MAX));
	WANT(r->from[0] || !r->to[0]);
	WANT(r->to[0] || !r->one_way);
	WANT(strcmp(r->from, r->to) != 0 || !r->from[0]);
	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		const struct gni_fault_word *w = &gni_fault_words[i];
		int64_t value = gni_fault_get(&r->faults, w->field);
		int64_t spread = gni_fault_get(&r->faults, w->spread);

		given += value != 0;
		WANT(value == 0 || !w->of_host || !r->to[0]);
		WANT(value == 0 || !w->units ||
		     (value >= w->min && value <= w->max));
		WANT(spread >= 0 && spread <= (value > 0 ? value : 0));
	}
	WANT(given > 0);
}

/* A text in a buffer too small is a beginning of the whole one. */
static void check_small(const gn_fault_rule *rules, int count,
			const char *whole)
{
	size_t size = strlen(whole) / 2 + 1;
	char *small = malloc(size);

	WANT(small);
	WANT(gn_fault_text(rules, count, small, size) == small);
	WANT(strncmp(small, whole, strlen(small)) == 0);
	WANT(gn_utf8_whole(small, strlen(small), NULL) == strlen(small));
	free(small);
}

static void check_rules(const gn_fault_rule *rules, int count)
{
	static char text[RULES_MAX * GN_FAULT_TEXT_MAX];
	static char again[sizeof text];
	gn_fault_rule read[RULES_MAX];

	gn_fault_text(rules, count, text, sizeof text);
	WANT(strlen(text) < (size_t)count * GN_FAULT_TEXT_MAX + 1);
	WANT(gn_fault_parse(text, read, RULES_MAX) == count);
	for (int i = 0; i < count; i++)
		WANT(same_rules(&rules[i], &read[i]));
	gn_fault_text(read, count, again, sizeof again);
	WANT(strcmp(text, again) == 0);
	check_small(rules, count, text);
	/* There must be room for all. */
	if (count > 0)
		WANT(gn_fault_parse(text, read, count - 1) == GN_EINVAL);
}

static void check_refusal(const char *text)
{
	const char *why = gn_error_why(gn_error_last());
	unsigned long most = 1, character;
	char *end;

	for (const char *c = text; *c; c++)
		most += (*c & 0xc0) != 0x80;
	WANT(strncmp(why, "character ", 10) == 0);
	character = strtoul(why + 10, &end, 10);
	WANT(character >= 1 && character <= most);
	WANT(strncmp(end, ": ", 2) == 0 && end[2]);
}

static void try_text(struct input *in, int max)
{
	char text[TARGET_INPUT_MAX + 1];
	gn_fault_rule rules[RULES_MAX];
	int count;

	memcpy(text, in->at, in->left);
	text[in->left] = '\0';
	count = gn_fault_parse(text, rules, max);
	if (count < 0) {
		WANT(count == GN_EINVAL && gn_code() == GN_EINVAL);
		check_refusal(text);
		return;
	}
	WANT(count <= max);
	for (int i = 0; i < count; i++)
		check_rule(&rules[i]);
	check_rules(rules, count);
}

static int64_t input_number(struct input *in, int64_t min, int64_t max)
{
	uint64_t value = 0;

	for (unsigned n = input_byte(in) % 9; n > 0; n--)
		value = value << 8 | input_byte(in);
	value = (uint64_t)min + value % ((uint64_t)max - (uint64_t)min + 1);
	return (int64_t)value;
}

static void make_host(struct input *in, char host[GN_FAULT_HOST_MAX])
{
	static const char letters[] = "abcxyzABCXYZ0189-";
	unsigned len = input_byte(in) % (GN_FAULT_HOST_MAX - 1) + 1;

	for (unsigned i = 0; i < len; i++)
		host[i] = letters[input_byte(in) % (sizeof letters - 1)];
}

static void make_fault(struct input *in, gn_faults *f,
		       const struct gni_fault_word *w)
{
	int64_t value = w->units ? input_number(in, w->min, w->max) : 1;

	if (value == 0)
		value = w->max;
	gni_fault_set(f, w->field, value);
	if (w->spread.bytes)
		gni_fault_set(f, w->spread, input_number(in, 0, value));
}

static void make_rule(struct input *in, gn_fault_rule *r)
{
	unsigned scope = input_byte(in);

	*r = (gn_fault_rule){ .one_way = (scope & 3) == 3 };
	if (scope & 1)
		make_host(in, r->from);
	if ((scope & 3) >= 2)
		make_host(in, r->to);
	if (scope & 4)
		r->begin_ns = input_number(in, 0, GNI_FAULT_TIME_MAX - 1);
	if (scope & 8)
		r->end_ns = input_number(in, r->begin_ns + 1,
					 GNI_FAULT_TIME_MAX);
	for (int i = 0; i < GNI_FAULT_COUNT; i++) {
		const struct gni_fault_word *w = &gni_fault_words[i];

		if (!(w->of_host && r->to[0]) && input_byte(in) & 1)
			make_fault(in, &r->faults, w);
	}
}

/* Made so that the text says all of it: a link has a host at each end, and a
 * rule has a fault. */
static void try_structs(struct input *in, int count)
{
	gn_fault_rule rules[RULES_MAX];

	for (int i = 0; i < count; i++) {
		gn_fault_rule *r = &rules[i];

		make_rule(in, r);
		if (r->to[0] && (!r->from[0] || strcmp(r->from, r->to) == 0))
			snprintf(r->from, sizeof r->from, "%s",
				 strcmp(r->to, "a") == 0 ? "b" : "a");
		if (same_faults(&r->faults, &(gn_faults){ 0 }))
			r->faults.loss_ppm = 1;
		check_rule(r);
	}
	check_rules(rules, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	int how = (int)input_byte(&in);

	if (len > TARGET_INPUT_MAX)
		return 0;
	if (how & 128)
		try_structs(&in, how % RULES_MAX);
	else
		try_text(&in, how % (RULES_MAX + 1));
	return 0;
}
