/*
 * parse.c: a plan as text into rules.  What a word means stands in the table
 * of word.c; here is only how words, spans and scopes follow each other.
 */
#include <string.h>

#include <gnezdo/error.h>

#include "base/check.h"
#include "fault/word.h"

#define BLANKS " \t\r"
#define ITEM_STOPS BLANKS ",;\n"

/* Where a fault that happens once does so when nothing is said. */
#define ONCE_NS (10 * GN_SEC)

/* A foreign word is shown only so far. */
#define WORD_SHOWN 24

struct span {
	int64_t begin_ns, end_ns;
};

struct parser {
	struct gni_reader r;
	gn_fault_rule *rules;
	int count, max;
	int first;	     /* of the rules that the present text became */
	gn_fault_rule scope; /* of the present text */
};

static void skip_any(struct gni_reader *r, const char *bytes)
{
	while (!gni_reader_at_end(r) && strchr(bytes, r->text[r->at]))
		r->at++;
}

static bool at_rule_end(const struct gni_reader *r)
{
	return gni_reader_span(r, ";\n") == 0;
}

/* ---- scopes */

static bool in_name(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-';
}

static int read_host(struct gni_reader *r, char host[GN_FAULT_HOST_MAX])
{
	size_t begin = r->at, len;

	while (in_name(gni_reader_peek(r)))
		r->at++;
	len = r->at - begin;
	if (len == 0 || len >= GN_FAULT_HOST_MAX)
		return gni_reader_refuse(r, begin,
					 "a host is 1 to %d letters, digits "
					 "and hyphens",
					 GN_FAULT_HOST_MAX - 1);
	memcpy(host, r->text + begin, len);
	host[len] = '\0';
	return 0;
}

static int read_link(struct gni_reader *r, gn_fault_rule *scope)
{
	bool from_host = scope->from[0] != '\0'; /* and not from a star */
	size_t begin;
	int code;

	scope->one_way = from_host && !gni_reader_skip(r, "<>");
	if (!from_host || (scope->one_way && !gni_reader_skip(r, ">")))
		return gni_reader_refuse(r, r->at,
					 "a scope is *, HOST, HOST>HOST or "
					 "HOST<>HOST and a colon");
	begin = r->at;
	code = read_host(r, scope->to);
	if (code < 0)
		return code;
	if (strcmp(scope->from, scope->to) == 0)
		return gni_reader_refuse(r, begin,
					 "a link is between two hosts");
	if (gni_reader_peek(r) != ':')
		return gni_reader_refuse(r, r->at, "a colon follows the link");
	return 0;
}

/* Passes a scope and its colon, if there is one. */
static int read_scope(struct parser *p)
{
	struct gni_reader *r = &p->r;
	size_t end = r->at + gni_reader_span(r, ":" ITEM_STOPS);
	int code = 0;

	memset(&p->scope, 0, sizeof p->scope);
	if (end == r->len || r->text[end] != ':')
		return 0;
	if (!gni_reader_skip(r, "*"))
		code = read_host(r, p->scope.from);
	if (code == 0 && gni_reader_peek(r) != ':')
		code = read_link(r, &p->scope);
	if (code < 0)
		return code;
	gni_reader_skip(r, ":");
	skip_any(r, BLANKS);
	return at_rule_end(r) ? gni_reader_refuse(r, r->at,
						  "faults follow a scope") : 0;
}

/* ---- spans */

static int refuse_span(const struct gni_reader *r, size_t begin,
		       const struct gni_fault_word *w)
{
	if (w->once)
		return gni_reader_refuse(r, begin,
					 "%s happens once: @3s, or at an "
					 "instant drawn from @3s..5s or "
					 "@..5s", w->name);
	return gni_reader_refuse(r, begin,
				 "%s lasts: @3s..5s, @3s.. or @..5s", w->name);
}

/* Passes an instant; false, and 0, when there is none. */
static bool read_instant(struct gni_reader *r, int64_t *ns)
{
	if (gni_fault_number(r, gni_fault_times, 0, GNI_FAULT_TIME_MAX, ns))
		return true;
	*ns = 0;
	return false;
}

static int read_span(struct gni_reader *r, const struct gni_fault_word *w,
		     struct span *span)
{
	size_t begin = r->at, second;
	bool begins, range, ends, fits;

	begins = read_instant(r, &span->begin_ns);
	range = gni_reader_skip(r, "..");
	second = r->at;
	ends = read_instant(r, &span->end_ns);
	fits = w->once ? (range ? ends : begins) : range;
	if (!fits || gni_reader_span(r, ITEM_STOPS) != 0)
		return refuse_span(r, begin, w);
	if (ends && span->end_ns <= span->begin_ns)
		return gni_reader_refuse(r, second,
					 "a span ends after it began");
	return 0;
}

/* ---- faults */

static void add_known(struct gni_text *t)
{
	for (int i = 0; i < GNI_FAULT_COUNT; i++)
		gni_text_add(t, " %s", gni_fault_words[i].name);
}

static int refuse_unknown(const struct gni_reader *r, size_t begin, size_t len)
{
	char list[192];
	struct gni_text t;

	gni_text_begin(&t, list, sizeof list);
	add_known(&t);
	return gni_reader_refuse(r, begin, "no fault %.*s; there are%s",
				 (int)(len < WORD_SHOWN ? len : WORD_SHOWN),
				 r->text + begin, list);
}

static const struct gni_fault_word *find(const char *name, size_t len)
{
	for (int i = 0; i < GNI_FAULT_COUNT; i++)
		if (strlen(gni_fault_words[i].name) == len &&
		    memcmp(gni_fault_words[i].name, name, len) == 0)
			return &gni_fault_words[i];
	return NULL;
}

static int refuse_value(const struct gni_reader *r, size_t begin,
			const struct gni_fault_word *w)
{
	return gni_reader_refuse(r, begin, "%s is %s%s", w->name, w->range,
				 w->spread.bytes ? ", then ± up to as much"
						 : "");
}

/* Passes a value and what may be spread around it. */
static int read_value(struct gni_reader *r, const struct gni_fault_word *w,
		      gn_faults *faults)
{
	size_t begin = r->at;
	int64_t value, spread = 0;

	if (!gni_fault_number(r, w->units, w->min, w->max, &value) ||
	    value == 0)
		return refuse_value(r, begin, w);
	if (w->spread.bytes &&
	    (gni_reader_skip(r, "±") || gni_reader_skip(r, "+-")) &&
	    !gni_fault_number(r, w->units, 1, value, &spread))
		return refuse_value(r, r->at, w);
	if (gni_reader_span(r, "@" ITEM_STOPS) != 0)
		return refuse_value(r, begin, w);
	gni_fault_set(faults, w->field, value);
	gni_fault_set(faults, w->spread, spread);
	return 0;
}

/* Passes what stands behind a word: its value and its span. */
static int read_rest(struct gni_reader *r, const struct gni_fault_word *w,
		     gn_faults *faults, struct span *span)
{
	bool value = w->units && gni_reader_skip(r, "=");
	int code = 0;

	*span = (struct span){ 0, w->once ? ONCE_NS : 0 };
	if (value)
		code = read_value(r, w, faults);
	else if (w->units && w->usual == 0)
		return gni_reader_refuse(r, r->at, "%s needs a value, %s",
					 w->name, w->range);
	else
		gni_fault_set(faults, w->field, w->units ? w->usual : 1);
	if (code == 0 && (gni_reader_skip(r, "@") ||
			  (!w->units && gni_reader_skip(r, "="))))
		code = read_span(r, w, span);
	return code;
}

/* The rule of the present scope and this span: the last, or a new one. */
static gn_fault_rule *rule_of(struct parser *p, const struct span *span)
{
	gn_fault_rule *end = p->rules + p->count;

	if (p->count > p->first && end[-1].begin_ns == span->begin_ns &&
	    end[-1].end_ns == span->end_ns)
		return end - 1;
	if (p->count == p->max)
		return NULL;
	p->count++;
	*end = p->scope;
	end->begin_ns = span->begin_ns;
	end->end_ns = span->end_ns;
	return end;
}

static int read_item(struct parser *p)
{
	struct gni_reader *r = &p->r;
	size_t begin = r->at, len = gni_reader_span(r, "=@" ITEM_STOPS);
	const struct gni_fault_word *w = find(r->text + begin, len);
	gn_faults faults = { 0 };
	gn_fault_rule *rule;
	struct span span;
	int code;

	if (!w)
		return refuse_unknown(r, begin, len);
	if (w->of_host && p->scope.to[0])
		return gni_reader_refuse(r, begin,
					 "%s is of a host, not of a link",
					 w->name);
	r->at += len;
	code = read_rest(r, w, &faults, &span);
	if (code < 0)
		return code;
	rule = rule_of(p, &span);
	if (!rule)
		return gni_reader_refuse(r, begin,
					 "there is room for %d rules", p->max);
	if (gni_fault_get(&rule->faults, w->field) != 0)
		return gni_reader_refuse(r, begin, "%s is given twice",
					 w->name);
	gni_fault_merge(&rule->faults, &faults);
	return 0;
}

static int read_rule(struct parser *p)
{
	int code = 0;

	p->first = p->count;
	skip_any(&p->r, BLANKS ",");
	if (!at_rule_end(&p->r))
		code = read_scope(p);
	while (code == 0 && !at_rule_end(&p->r)) {
		code = read_item(p);
		skip_any(&p->r, BLANKS ",");
	}
	return code;
}

int gn_fault_parse(const char *text, gn_fault_rule *rules, int max)
{
	struct parser p = {
		.r = { .text = text, .operation = "fault_parse",
		       .code = GN_EINVAL },
		.rules = rules,
		.max = max,
	};
	int code;

	GNI_CHECK(text && (rules || max == 0) && max >= 0,
		  "gn_fault_parse: no text or no room for rules");
	p.r.len = strlen(text);
	do
		code = read_rule(&p);
	while (code == 0 && (gni_reader_skip(&p.r, ";") ||
			     gni_reader_skip(&p.r, "\n")));
	return code < 0 ? code : p.count;
}
