/*
 * trace.c: events, hashed and told.  Nothing that differs from one run of a
 * seed to the next may go in: no pointer, no real descriptor, no real time.
 */
#include "io/sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "error/error.h"

/* FNV-1a's constants for 64 bits, over whole words. */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* What an event's value is; below 0 it is always a failure. */
enum amount {
	NUMBER,	 /* told when it is not 0 */
	TRY,	 /* which attempt, told from the second on */
	BYTES,	 /* how many */
	TAKEN,	 /* the same; on a stream 0 is its end */
	OUTCOME, /* not told */
};

/* How an event reads, when not by its own word. */
static const struct phrase {
	const char *what, *text;
	enum amount amount;
	const char *way; /* before whom it was with */
} phrases[] = {
	{ "accept", "accept", OUTCOME, "at" },
	{ "accept_multi", "the socket accepts", OUTCOME, "at" },
	{ "accepted", "accepted", OUTCOME, "from" },
	{ "begins", "begins", OUTCOME, "with" },
	{ "cancel", "cancel strikes", OUTCOME, "with" },
	{ "cancelled", "is cancelled", OUTCOME, "with" },
	{ "close", "close", OUTCOME, "with" },
	{ "closed", "close strikes", OUTCOME, "with" },
	{ "connect", "connect", OUTCOME, "to" },
	{ "data", "bytes arrive", BYTES, "from" },
	{ "datagram", "datagram arrives", BYTES, "from" },
	{ "deadline", "deadline strikes", OUTCOME, "with" },
	{ "end", "FIN arrives", OUTCOME, "from" },
	{ "heard", "is told that it is cancelled", OUTCOME, "with" },
	{ "open", "connection opens", OUTCOME, "with" },
	{ "overflow", "datagram finds no room", BYTES, "from" },
	{ "given up", "peer is given up", OUTCOME, "with" },
	{ "leap", "clock leaps, ns", NUMBER, "with" },
	{ "off", "power goes", OUTCOME, "with" },
	{ "on", "power returns", OUTCOME, "with" },
	{ "recv", "recv", TAKEN, "from" },
	{ "recv_exact", "recv_exact", TAKEN, "from" },
	{ "recv_line", "recv_line", TAKEN, "from" },
	{ "recv_multi", "the socket receives", TAKEN, "from" },
	{ "recv_text", "recv_text", TAKEN, "from" },
	{ "recv_until", "recv_until", TAKEN, "from" },
	{ "recvfrom", "recvfrom", BYTES, "from" },
	{ "resend", "sends again", TRY, "to" },
	{ "reset", "RST arrives", OUTCOME, "from" },
	{ "send", "send", BYTES, "to" },
	{ "sendto", "sendto", BYTES, "to" },
	{ "syn", "SYN arrives", TRY, "at" },
	{ "syn again", "SYN goes out again", TRY, "to" },
	{ "take", "takes what is here", BYTES, "from" },
	{ "unreachable", "port unreachable", OUTCOME, "from" },
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * FNV_PRIME;
	return hash ^ hash >> 32;
}

/* Eight bytes at a time; they are literals and names, and short. */
static uint64_t mix_text(uint64_t hash, const char *text)
{
	uint64_t word = 0;

	for (int n = 1; text && *text; n++) {
		word = word << 8 | (unsigned char)*text++;
		if (n % 8 == 0)
			hash = mix(hash, word);
	}
	return mix(hash, word);
}

void gni_trace_begin(struct gni_trace *t, gn_time now)
{
	*t = (struct gni_trace){ .hash = FNV_OFFSET, .begin = now };
}

int gni_trace_tell(struct gni_trace *t, const char *to)
{
	bool standard = strcmp(to, "1") == 0;

	t->story = standard ? stderr : fopen(to, "ae");
	if (!t->story)
		return -errno;
	/* The last line before a crash is the one that is wanted. */
	if (!standard)
		setvbuf(t->story, NULL, _IOLBF, BUFSIZ);
	return 0;
}

void gni_trace_end(struct gni_trace *t)
{
	if (t->story && t->story != stderr)
		fclose(t->story);
	t->story = NULL;
}

static const struct phrase *phrase_of(const char *what,
				      struct phrase *by_itself)
{
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (strcmp(phrases[i].what, what) == 0)
			return &phrases[i];
	*by_itself = (struct phrase){ .text = what, .way = "with" };
	return by_itself;
}

static bool is_stream(const gn_addr *with)
{
	return with && (with->kind == GN_TCP || with->kind == GN_UNIX);
}

static void put_value(struct gni_text *t, enum amount amount, int64_t value)
{
	if (value == -EAGAIN)
		gni_text_add(t, ": would wait");
	else if (value < 0 && value >= INT32_MIN)
		gni_text_add(t, ": %s",
			     gn_code_text(gni_cause_of((int)value).code));
	else if (amount == BYTES || amount == TAKEN)
		gni_text_add(t, ": %" PRId64 " byte%s", value,
			     value == 1 ? "" : "s");
	else if (amount == TRY && value > 1)
		gni_text_add(t, ", try %" PRId64, value);
	else if (amount == NUMBER && value)
		gni_text_add(t, ": %" PRId64, value);
}

static void put_time(struct gni_text *t, int64_t ns)
{
	gni_text_add(t, "%4" PRId64 ".%03d %03d %03d", ns / GN_SEC,
		     (int)(ns / GN_MSEC % 1000), (int)(ns / GN_USEC % 1000),
		     (int)(ns % 1000));
}

static void tell(FILE *to, int64_t ns, const char *host,
		 const struct gni_note *n)
{
	char line[512], with[GN_ADDR_TEXT_MAX];
	struct gni_text t;
	struct phrase by_itself;
	const struct phrase *p = phrase_of(n->what, &by_itself);

	gni_text_begin(&t, line, sizeof line);
	put_time(&t, ns);
	gni_text_add(&t, "  %-10s %-12s %s", host ? host : "-",
		     n->fiber ? n->fiber : "-", p->text);
	if (n->about)
		gni_text_add(&t, " %s", n->about);
	if (n->with && n->with->kind)
		gni_text_add(&t, " %s %s", p->way,
			     gn_addr_text(n->with, with));
	if (p->amount == TAKEN && n->value == 0 && is_stream(n->with))
		gni_text_add(&t, ": the end");
	else
		put_value(&t, p->amount, n->value);
	fprintf(to, "%s\n", line);
}

void gni_trace_remark(struct gni_trace *t, gn_time now, const char *form, ...)
{
	char line[512];
	struct gni_text text;
	va_list list;

	if (!t->story)
		return;
	gni_text_begin(&text, line, sizeof line);
	put_time(&text, gn_time_between(t->begin, now));
	gni_text_add(&text, "  * ");
	va_start(list, form);
	gni_text_add_list(&text, form, list);
	va_end(list);
	fprintf(t->story, "%s\n", line);
}

void gni_trace_add(struct gni_trace *t, gn_time now, const char *host,
		   const struct gni_note *n)
{
	uint64_t hash = mix(t->hash, (uint64_t)now.ns);

	hash = mix(hash, n->place);
	hash = mix_text(hash, n->fiber);
	hash = mix_text(hash, n->what);
	hash = mix_text(hash, n->about);
	t->hash = mix(hash, (uint64_t)n->value);
	t->count++;
	if (t->story)
		tell(t->story, gn_time_between(t->begin, now), host, n);
}
