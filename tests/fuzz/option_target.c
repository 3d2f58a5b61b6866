/*
 * option_target.c: the options of an address string.  What was read is
 * written in its smallest units and must be read as the same; the order of
 * options must not matter.
 *
 *	byte 0      which address stands before the options
 */
#include "target.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include <gnezdo.h>

#include "addr/option.h"
#include "addr/target.h"

static const char *const addresses[] = {
	"tcp://:80", "udp://host:1", "unix:/path", "unix:@name",
	"unix-dgram:/path", "unix-seqpacket:@%3F",
};

#define ADDRESSES (sizeof addresses / sizeof *addresses)

struct text {
	char bytes[TARGET_INPUT_MAX + 64];
};

static int parse(const struct text *t, struct gni_options *o)
{
	struct gni_target target;
	int code = gni_target_parse(&target, t->bytes, "fuzz");

	*o = target.options;
	return code;
}

static void begin(struct text *t, const char *address)
{
	snprintf(t->bytes, sizeof t->bytes, "%s?", address);
}

static void add(struct text *t, const char *option, size_t len)
{
	size_t had = strlen(t->bytes);
	const char *joint = t->bytes[had - 1] == '?' ? "" : "&";

	snprintf(t->bytes + had, sizeof t->bytes - had, "%s%.*s", joint,
		 (int)len, option);
}

static void add_number(struct text *t, const char *name, int64_t value,
		       int64_t unit, const char *word)
{
	char option[64];

	if (value < 0)
		return;
	WANT(value % unit == 0);
	snprintf(option, sizeof option, "%s=%" PRId64 "%s", name, value / unit,
		 word);
	add(t, option, strlen(option));
}

static void write_options(struct text *t, const struct gni_options *o)
{
	static const char *const switches[] = { "nodelay=off", "nodelay=on" };
	char mode[sizeof "mode=37777777777"];

	add_number(t, "linger", o->linger_ns, GN_USEC, "us");
	add_number(t, "alive", o->alive_ns, GN_USEC, "us");
	add_number(t, "backlog", o->backlog, 1, "");
	add_number(t, "sndbuf", o->send_bytes, 1, "");
	add_number(t, "rcvbuf", o->recv_bytes, 1, "");
	add_number(t, "recv-ahead", o->ahead_bytes, 1, "");
	if (o->mode >= 0) {
		snprintf(mode, sizeof mode, "mode=%o", (unsigned)o->mode);
		add(t, mode, strlen(mode));
	}
	if (o->nodelay >= 0)
		add(t, switches[o->nodelay != 0],
		    strlen(switches[o->nodelay != 0]));
}

static bool within(int64_t value, int64_t min, int64_t max)
{
	return value == -1 || (value >= min && value <= max);
}

/* As socket.h and addr.h promise. */
static void check_ranges(const struct gni_options *o)
{
	WANT(within(o->linger_ns, 0, GN_HOUR));
	WANT(within(o->alive_ns, 3 * GN_SEC, 9 * GN_HOUR));
	WANT(within(o->backlog, 1, 65535));
	WANT(within(o->send_bytes, 1024, 1 << 30));
	WANT(within(o->recv_bytes, 1024, 1 << 30));
	WANT(within(o->ahead_bytes, 4096, 1 << 20));
	WANT(within(o->mode, 0, 0777));
	WANT(within(o->nodelay, 0, 1));
}

static bool same(const struct gni_options *a, const struct gni_options *b)
{
	return a->linger_ns == b->linger_ns && a->alive_ns == b->alive_ns &&
	       a->backlog == b->backlog && a->send_bytes == b->send_bytes &&
	       a->recv_bytes == b->recv_bytes && a->mode == b->mode &&
	       a->nodelay == b->nodelay && a->ahead_bytes == b->ahead_bytes;
}

/* The same options, the last first. */
static void turn_round(struct text *t, const char *address,
		       const char *options)
{
	size_t end = strlen(options);

	begin(t, address);
	while (end > 0) {
		size_t at = end;

		while (at > 0 && options[at - 1] != '&')
			at--;
		add(t, options + at, end - at);
		end = at > 0 ? at - 1 : 0;
	}
}

static void check_good(const char *address, const char *options,
		       const struct gni_options *o)
{
	struct gni_options again;
	struct text t;

	check_ranges(o);
	turn_round(&t, address, options);
	WANT(parse(&t, &again) == 0);
	WANT(same(o, &again));
	begin(&t, address);
	write_options(&t, o);
	WANT(parse(&t, &again) == 0);
	WANT(same(o, &again));
	/* None may be given twice. */
	add(&t, options, strcspn(options, "&"));
	WANT(parse(&t, &again) == GN_EADDR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct gni_options o;
	const char *address;
	struct text t;

	if (len > TARGET_INPUT_MAX)
		return 0;
	address = addresses[input_byte(&in) % ADDRESSES];
	begin(&t, address);
	add(&t, (const char *)in.at, strnlen((const char *)in.at, in.left));
	if (parse(&t, &o) == 0)
		check_good(address, strchr(t.bytes, '?') + 1, &o);
	else
		WANT(strncmp(gn_error_why(gn_error_last()), "character ",
			     10) == 0);
	return 0;
}
