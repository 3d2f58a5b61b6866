/*
 * word.c: the one table of faults.  The parser, the printer and those who make
 * faults happen read it: a new fault is a row here and a member of gn_faults.
 */
#include "fault/word.h"

static const struct gni_fault_unit chances[] = { { "%", 10000 }, { 0 } };
static const struct gni_fault_unit plain[] = { { "", 1 }, { 0 } };
static const struct gni_fault_unit rates[] = {
	{ "bit", 1 },		       { "kbit", 1000 },
	{ "Mbit", INT64_C(1000000) }, { "Gbit", INT64_C(1000000000) },
	{ 0 },
};
const struct gni_fault_unit gni_fault_times[] = {
	{ "ns", 1 },	   { "us", GN_USEC }, { "ms", GN_MSEC },
	{ "s", GN_SEC },   { "m", GN_MIN },   { "h", GN_HOUR },
	{ 0 },
};

#define PERCENT 10000

#define FIELD(member)                                \
	{                                            \
		offsetof(gn_faults, member),         \
		sizeof(((gn_faults *)0)->member)     \
	}
#define CHANCE(word, usual, member)                                      \
	.name = word, chances, usual, 1, 100 * PERCENT, "0.0001% to 100%", \
	.field = FIELD(member)
#define TIME(word, usual, member)                                        \
	.name = word, gni_fault_times, usual, 1, GN_HOUR, "1ns to 1h",   \
	.field = FIELD(member)
#define NUMBER(word, usual, max, range, member) \
	.name = word, plain, usual, 1, max, range, .field = FIELD(member)
#define SWITCH(word, member) .name = word, .field = FIELD(member)

const struct gni_fault_word gni_fault_words[GNI_FAULT_COUNT] = {
	[GNI_FAULT_LOSS] = { CHANCE("loss", PERCENT, loss_ppm) },
	[GNI_FAULT_DUP] = { CHANCE("dup", PERCENT, dup_ppm) },
	[GNI_FAULT_CORRUPT] = { CHANCE("corrupt", PERCENT, corrupt_ppm) },
	[GNI_FAULT_RESET] = { CHANCE("reset", PERCENT / 10, reset_ppm) },
	[GNI_FAULT_REORDER] = { TIME("reorder", 20 * GN_MSEC, reorder_ns) },
	[GNI_FAULT_DELAY] = { TIME("delay", 0, delay_ns),
			      .spread = FIELD(jitter_ns) },
	[GNI_FAULT_RATE] = { "rate", rates, 0, 1000, INT64_C(1000000000000),
			     "1kbit to 1000Gbit",
			     .field = FIELD(rate_bits) },
	[GNI_FAULT_MTU] = { NUMBER("mtu", 0, 65535, "1 to 65535", mtu) },
	[GNI_FAULT_CUT] = { SWITCH("cut", cut) },
	[GNI_FAULT_STALL] = { SWITCH("stall", stall) },
	[GNI_FAULT_SHORT_IO] = { CHANCE("short-io", 100 * PERCENT, short_ppm),
				 .of_host = true },
	[GNI_FAULT_EINTR] = { CHANCE("eintr", PERCENT, eintr_ppm),
			      .of_host = true },
	[GNI_FAULT_AGAIN] = { CHANCE("again", PERCENT, again_ppm),
			      .of_host = true },
	[GNI_FAULT_ENOMEM] = { CHANCE("enomem", PERCENT, enomem_ppm),
			       .of_host = true },
	[GNI_FAULT_EMFILE] = { CHANCE("emfile", PERCENT, emfile_ppm),
			       .of_host = true },
	[GNI_FAULT_ABORT] = { CHANCE("abort", PERCENT, abort_ppm),
			      .of_host = true },
	[GNI_FAULT_DESCRIPTORS] = { NUMBER("descriptors", 0, 1000000,
					   "1 to 1000000", descriptors),
				    .of_host = true },
	[GNI_FAULT_FAIL] = { NUMBER("fail", 1, 1000000000, "1 to 1000000000",
				    fail_nth),
			     .of_host = true },
	[GNI_FAULT_CRASH] = { SWITCH("crash", crash),
			      .of_host = true, .once = true },
	[GNI_FAULT_RESTART] = { SWITCH("restart", restart),
				.of_host = true, .once = true },
	[GNI_FAULT_CLOCK_JUMP] = { "clock-jump", gni_fault_times, GN_HOUR,
				   -GNI_FAULT_TIME_MAX, GNI_FAULT_TIME_MAX,
				   "-100000h to 100000h, and not 0",
				   .field = FIELD(clock_jump_ns),
				   .of_host = true, .once = true },
};

const char *gni_fault_name(enum gni_fault fault)
{
	return gni_fault_words[fault].name;
}

bool gni_fault_given(const gn_faults *faults, enum gni_fault fault)
{
	return gni_fault_get(faults, gni_fault_words[fault].field) != 0;
}

bool gni_fault_once(enum gni_fault fault)
{
	return gni_fault_words[fault].once;
}

bool gni_fault_holds(const gn_fault_rule *rule, int64_t elapsed_ns)
{
	return rule->begin_ns <= elapsed_ns &&
	       (rule->end_ns == 0 || elapsed_ns < rule->end_ns);
}

int64_t gni_fault_get(const gn_faults *f, struct gni_fault_field field)
{
	const void *at = (const char *)f + field.offset;

	if (field.bytes == sizeof(int64_t))
		return *(const int64_t *)at;
	if (field.bytes == sizeof(uint32_t))
		return *(const uint32_t *)at;
	return field.bytes ? *(const bool *)at : 0;
}

void gni_fault_set(gn_faults *f, struct gni_fault_field field, int64_t value)
{
	void *at = (char *)f + field.offset;

	if (field.bytes == sizeof(int64_t))
		*(int64_t *)at = value;
	else if (field.bytes == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)value;
	else if (field.bytes)
		*(bool *)at = value;
}

/* What is spread is spread around a value, by no more than that. */
static bool fits(const struct gni_fault_word *w, const gn_fault_rule *rule)
{
	int64_t value = gni_fault_get(&rule->faults, w->field);
	int64_t spread = gni_fault_get(&rule->faults, w->spread);

	if (spread < 0 || (spread > 0 && spread > value))
		return false;
	if (value == 0)
		return true;
	if (w->of_host && rule->to[0])
		return false;
	return !w->units || (value >= w->min && value <= w->max);
}

bool gni_fault_could_be_read(const gn_fault_rule *rule)
{
	const struct gni_fault_word *end = gni_fault_words + GNI_FAULT_COUNT;

	for (const struct gni_fault_word *w = gni_fault_words; w < end; w++)
		if (!fits(w, rule))
			return false;
	return rule->begin_ns >= 0 &&
	       (rule->end_ns == 0 || rule->end_ns >= rule->begin_ns) &&
	       (rule->from[0] || !rule->to[0]);
}

void gni_fault_merge(gn_faults *faults, const gn_faults *later)
{
	const struct gni_fault_word *end = gni_fault_words + GNI_FAULT_COUNT;

	for (const struct gni_fault_word *w = gni_fault_words; w < end; w++) {
		int64_t value = gni_fault_get(later, w->field);

		if (value == 0)
			continue;
		gni_fault_set(faults, w->field, value);
		gni_fault_set(faults, w->spread,
			      gni_fault_get(later, w->spread));
	}
}
