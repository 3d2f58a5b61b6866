/*
 * option.c: the options of an address string.  Each is a row of one table:
 * adding an option is adding a row and its field.
 */
#include "addr/option.h"

#include <stddef.h>
#include <string.h>

#include <gnezdo/time.h>

#include "addr/path.h"
#include "base/text.h"

/* What a value is a multiple of, by the word behind its number. */
struct unit {
	const char *word;
	int64_t factor;
};

static const struct unit durations[] = {
	{ "us", GN_USEC }, { "ms", GN_MSEC }, { "s", GN_SEC },
	{ "m", GN_MIN },   { "h", GN_HOUR },  { 0 },
};
static const struct unit sizes[] = {
	{ "", 1 },
	{ "k", INT64_C(1) << 10 },
	{ "M", INT64_C(1) << 20 },
	{ 0 },
};
static const struct unit plain[] = { { "", 1 }, { 0 } };
static const struct unit switches[] = { { "off", 0 }, { "on", 1 }, { 0 } };

/* How a value is written; base 0: by a word without a number. */
struct form {
	unsigned base;
	const struct unit *units;
};

static const struct form duration = { 10, durations };
static const struct form size = { 10, sizes };
static const struct form count = { 10, plain };
static const struct form octal = { 8, plain };
static const struct form flag = { 0, switches };

#define ON(kind) (1U << (kind))
#define STREAMS (ON(GN_TCP) | ON(GN_UNIX) | ON(GN_UNIX_SEQPACKET))
#define UNIX (ON(GN_UNIX) | ON(GN_UNIX_DGRAM) | ON(GN_UNIX_SEQPACKET))
#define EVERY (ON(GN_TCP) | ON(GN_UDP) | UNIX)

#define FIELD(member)                               \
	offsetof(struct gni_options, member),       \
		sizeof(((struct gni_options *)0)->member)

static const struct option {
	const char *name;
	const struct form *form;
	int64_t min, max;
	const char *range; /* min and max as a person writes them */
	unsigned kinds;
	size_t offset, bytes;
} options[] = {
	{ "linger", &duration, 0, GN_HOUR, "a duration of 0s to 1h", STREAMS,
	  FIELD(linger_ns) },
	/* TCP_KEEPIDLE takes whole seconds and at most 32767. */
	{ "alive", &duration, 3 * GN_SEC, 9 * GN_HOUR,
	  "a duration of 3s to 9h",
	  ON(GN_TCP), FIELD(alive_ns) },
	{ "backlog", &count, 1, 65535, "1 to 65535", STREAMS,
	  FIELD(backlog) },
	/* The kernel doubles both in an int. */
	{ "sndbuf", &size, 1024, INT64_C(1) << 30, "1k to 1024M bytes", EVERY,
	  FIELD(send_bytes) },
	{ "rcvbuf", &size, 1024, INT64_C(1) << 30, "1k to 1024M bytes", EVERY,
	  FIELD(recv_bytes) },
	{ "mode", &octal, 0, 0777, "0 to 0777, in octal", UNIX, FIELD(mode) },
	{ "nodelay", &flag, 0, 1, "on or off", ON(GN_TCP), FIELD(nodelay) },
	/* A receive asks for 4 KiB at least; the kernel's own buffer is the
	 * place for more than 1 MiB. */
	{ "recv-ahead", &size, 4096, INT64_C(1) << 20, "4k to 1M bytes",
	  ON(GN_TCP) | ON(GN_UNIX), FIELD(ahead_bytes) },
};

#define OPTION_COUNT (sizeof options / sizeof options[0])

/* A foreign word is shown only so far. */
#define WORD_MAX 24

const struct gni_options gni_options_none = { -1, -1, -1, -1,
					      -1, -1, -1, -1 };

static void store(struct gni_options *to, const struct option *o, int64_t value)
{
	void *at = (char *)to + o->offset;

	if (o->bytes == sizeof(int64_t))
		*(int64_t *)at = value;
	else if (o->bytes == sizeof(int32_t))
		*(int32_t *)at = (int32_t)value;
	else
		*(int8_t *)at = (int8_t)value;
}

/* An abstract name has no file, so no mode. */
static bool fits(const struct option *o, const struct gni_target *target)
{
	return (o->kinds & ON(target->kind)) &&
	       !(o->form == &octal && gni_path_of(&target->addr).abstract);
}

static int refuse_unknown(const struct gni_reader *r, size_t len,
			  const struct gni_target *target)
{
	const char *name = r->text + r->at;
	char list[80];
	struct gni_text t;

	gni_text_begin(&t, list, sizeof list);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (fits(&options[i], target))
			gni_text_add(&t, "%s%s", t.len ? ", " : "",
				     options[i].name);
	if (len == 0)
		return gni_reader_refuse(r, r->at,
					 "an option is missing; there are %s",
					 list);
	return gni_reader_refuse(r, r->at, "no option %.*s; there are %s",
				 (int)(len < WORD_MAX ? len : WORD_MAX), name,
				 list);
}

static const struct option *find(const char *name, size_t len,
				 const struct gni_target *target)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strlen(options[i].name) == len &&
		    memcmp(options[i].name, name, len) == 0 &&
		    fits(&options[i], target))
			return &options[i];
	return NULL;
}

static const struct unit *find_unit(const struct form *form, const char *word,
				    size_t len)
{
	for (const struct unit *u = form->units; u->word; u++)
		if (strlen(u->word) == len && memcmp(u->word, word, len) == 0)
			return u;
	return NULL;
}

/* Passes a value; false when it is not of the option's form or range. */
static bool read_value(struct gni_reader *r, const struct option *o,
		       int64_t *value)
{
	uint64_t number = 1;
	const struct unit *unit;
	size_t len;

	if (o->form->base &&
	    !gni_reader_number(r, o->form->base, INT64_MAX, &number))
		return false;
	len = gni_reader_span(r, "&");
	unit = find_unit(o->form, r->text + r->at, len);
	if (!unit ||
	    __builtin_mul_overflow((int64_t)number, unit->factor, value))
		return false;
	r->at += len;
	return *value >= o->min && *value <= o->max;
}

static int read_option(struct gni_reader *r, struct gni_target *target,
		       unsigned *given)
{
	size_t begin = r->at, len = gni_reader_span(r, "=&");
	const struct option *o = find(r->text + begin, len, target);
	int64_t value;
	unsigned bit;

	if (!o)
		return refuse_unknown(r, len, target);
	bit = 1U << (o - options);
	if (*given & bit)
		return gni_reader_refuse(r, begin, "%s is given twice",
					 o->name);
	*given |= bit;
	r->at += len;
	if (!gni_reader_skip(r, "="))
		return gni_reader_refuse(r, r->at, "%s needs a value: %s=%s",
					 o->name, o->name, o->range);
	begin = r->at;
	if (!read_value(r, o, &value))
		return gni_reader_refuse(r, begin, "%s is %s", o->name,
					 o->range);
	store(&target->options, o, value);
	return 0;
}

int gni_options_read(struct gni_reader *r, struct gni_target *target)
{
	unsigned given = 0;
	int code;

	do
		code = read_option(r, target, &given);
	while (code == 0 && gni_reader_skip(r, "&"));
	return code;
}
