/*
 * swarm.c: a table of what may be drawn, and the drawing.  Each drawn fault is
 * written in the grammar of fault.h and read as any other plan.
 *
 * Corrupt bytes are not drawn: checksums keep them from programs on the real
 * network, so that one without checksums of its own would fail for nothing.
 */
#include "sim/swarm.h"

#include <inttypes.h>

#include <gnezdo/time.h>

#include "base/check.h"
#include "base/text.h"

#define LEVELS 4

/* Of some twenty faults two or three. */
#define DRAWN_PPM 125000

/* The begin of a fault's span is drawn below the whole time, or below a fourth
 * of it, a sixteenth …: short runs are to be hit too. */
#define SCALES 8

enum form {
	HOLDS, /* word=strength@begin..end */
	SPAN,  /* word@begin..end, which is its strength */
	ONCE,  /* word=strength@begin */
	POWER, /* crash@begin restart@end */
};

static const struct fault {
	const char *word;
	bool of_host;
	enum form form;
	const char *strengths[LEVELS]; /* mild ones first */
} faults[] = {
	{ "loss", false, HOLDS, { "0.5%", "3%", "10%", "40%" } },
	{ "dup", false, HOLDS, { "1%", "5%", "20%", "50%" } },
	{ "reset", false, HOLDS, { "0.1%", "1%", "5%", "20%" } },
	{ "reorder", false, HOLDS, { "1ms", "20ms", "200ms", "2s" } },
	{ "delay", false, HOLDS,
	  { "5ms±2ms", "80ms±40ms", "400ms±300ms", "2s±1s" } },
	{ "rate", false, HOLDS, { "10Mbit", "1Mbit", "200kbit", "40kbit" } },
	{ "mtu", false, HOLDS, { "1400", "1280", "576", "68" } },
	{ "cut", false, SPAN, { "" } },
	{ "stall", false, SPAN, { "" } },
	{ "short-io", true, HOLDS, { "1%", "10%", "50%", "100%" } },
	{ "eintr", true, HOLDS, { "1%", "5%", "20%", "50%" } },
	{ "again", true, HOLDS, { "1%", "5%", "20%", "50%" } },
	{ "enomem", true, HOLDS, { "0.1%", "1%", "5%", "20%" } },
	{ "emfile", true, HOLDS, { "0.1%", "1%", "5%", "20%" } },
	{ "abort", true, HOLDS, { "1%", "5%", "20%", "50%" } },
	{ "descriptors", true, HOLDS, { "32", "8", "3", "1" } },
	{ "fail", true, HOLDS, { "1", "7", "30", "100" } },
	{ "crash", true, POWER, { "" } },
	{ "clock-jump", true, ONCE, { "100ms", "10s", "1h", "-1h" } },
};

#define COUNT (sizeof faults / sizeof *faults)

static uint64_t below(struct gni_tape *t, uint64_t bound)
{
	return gni_tape_draw(t, GNI_STREAM_SWARM, bound);
}

/* What is drawn of one fault. */
struct drawn {
	bool strikes;
	uint64_t level, ends, a, b;
	int64_t begin_us, end_us;
};

/* A hundredth of the time, a tenth, a half, or all that is left. */
static int64_t length_us(uint64_t level, int64_t all_us)
{
	static const int64_t parts[] = { 100, 10, 2, 1 };

	return all_us / parts[level];
}

/* Two figures are enough, and a plan is to be read: 356 us become 350. */
static int64_t rounded(int64_t us)
{
	int64_t unit = 1;

	while (us / unit >= 100)
		unit *= 10;
	return us - us % unit;
}

static struct drawn draw(struct gni_tape *t, unsigned hosts, int64_t all_us)
{
	struct drawn d = { .strikes = gni_tape_chance(t, GNI_STREAM_SWARM,
						      DRAWN_PPM) };
	uint64_t scale;

	d.level = below(t, LEVELS);
	d.ends = below(t, 3);
	d.a = below(t, hosts);
	d.b = below(t, hosts - 1);
	scale = below(t, SCALES);
	d.begin_us = (int64_t)below(t, (uint64_t)(all_us >> 2 * scale));
	d.begin_us = rounded(d.begin_us);
	d.end_us = rounded(d.begin_us + length_us(below(t, LEVELS), all_us));
	if (d.end_us <= d.begin_us)
		d.end_us = d.begin_us + 1;
	return d;
}

/* Everywhere, at one host, on both ways between two, or on one. */
static void put_scope(struct gni_text *to, const struct drawn *d, bool of_host,
		      const char *const *hosts, unsigned count)
{
	static const char *const ways[] = { "", "<>", ">" };

	if (d->ends && !of_host && count > 1)
		gni_text_add(to, "%s%s%s: ", hosts[d->a], ways[d->ends],
			     hosts[(d->a + 1 + d->b) % count]);
	else if (d->a || of_host)
		gni_text_add(to, "%s: ", hosts[d->a]);
}

static void put_fault(struct gni_text *to, const struct fault *f,
		      const struct drawn *d)
{
	const char *strength = f->strengths[d->level];

	if (f->form == HOLDS)
		gni_text_add(to, "%s=%s@%" PRId64 "us..%" PRId64 "us", f->word,
			     strength, d->begin_us, d->end_us);
	else if (f->form == SPAN)
		gni_text_add(to, "%s@%" PRId64 "us..%" PRId64 "us", f->word,
			     d->begin_us, d->end_us);
	else if (f->form == ONCE)
		gni_text_add(to, "%s=%s@%" PRId64 "us", f->word, strength,
			     d->begin_us);
	else
		gni_text_add(to, "%s@%" PRId64 "us restart@%" PRId64 "us",
			     f->word, d->begin_us, d->end_us);
}

int gni_swarm_draw(struct gni_tape *t, const char *const *hosts,
		   unsigned host_count, int64_t heal_ns, gn_fault_rule *rules,
		   int max)
{
	char line[GN_FAULT_TEXT_MAX];
	int count = 0;

	for (size_t i = 0; i < COUNT && host_count > 0; i++) {
		struct drawn d = draw(t, host_count, heal_ns / GN_USEC);
		struct gni_text text;
		int n;

		if (!d.strikes)
			continue;
		gni_text_begin(&text, line, sizeof line);
		put_scope(&text, &d, faults[i].of_host, hosts, host_count);
		put_fault(&text, &faults[i], &d);
		n = gn_fault_parse(line, rules + count, max - count);
		GNI_CHECK(n > 0, "a fault was drawn that is none: %s", line);
		count += n;
	}
	return count;
}
