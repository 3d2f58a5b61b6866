/*
 * sentence.c: a record as one line that a person reads:
 *
 *	OPERATION WHERE: WORDS, MOVED (CAUSE; WHY; tried ADDRESS: WORDS, …)
 *
 * Each part is a step, left out when the record has nothing for it.  Whatever
 * came from outside is escaped here, or was when it was recorded.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gnezdo/addr.h>

#include "base/check.h"
#include "base/text.h"
#include "base/write.h"
#include "error/error.h"
#include "error/record.h"

/* Two addresses, a why and a few tried; a longer line is cut. */
#define LINE_MAX_BYTES 1536

/* An address's text without its scheme. */
static const char *bare(const gn_addr *addr, const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return "";
	return addr->kind == GN_TCP || addr->kind == GN_UDP ? colon + 3 :
							      colon + 1;
}

/* Whether the address says anything: the end of a Unix socket that was never
 * bound, or a pipe's, does not. */
static bool is_named(const gn_addr *addr)
{
	char text[GN_ADDR_TEXT_MAX];

	return *bare(addr, gn_addr_text(addr, text));
}

static void add_ends(struct gni_text *t, const gn_error *e)
{
	const gn_addr *local = &e->local, *peer = &e->peer;
	const gn_addr *first = is_named(local) ? local : peer;
	char text[GN_ADDR_TEXT_MAX];

	if (first->kind == GN_KIND_NONE)
		first = local;
	if (first->kind == GN_KIND_NONE)
		return;
	gn_addr_text(first, text);
	/* Its kind is all that an unnamed end has: "unix:" without the colon
	 * that follows anyway. */
	if (!*bare(first, text))
		text[strcspn(text, ":")] = '\0';
	gni_text_add(t, " %s", text);
	if (first == local && is_named(peer))
		gni_text_add(t, "->%s", bare(peer, gn_addr_text(peer, text)));
}

static void add_where(struct gni_text *t, const gn_error *e)
{
	if (!e->about[0]) {
		add_ends(t, e);
		return;
	}
	gni_text_add(t, " ");
	gni_text_escaped(t, e->about, strlen(e->about));
	gni_text_add(t, "%s", e->about_cut ? "..." : "");
}

static const char *moved(const char *operation)
{
	static const struct {
		const char *begins, *word;
	} words[] = {
		{ "send", "sent" },	{ "flush", "sent" },
		{ "shutdown", "sent" }, { "close", "sent" },
		{ "recv", "received" }, { "read", "received" },
		{ "", "moved" },
	};
	size_t i = 0;

	while (strncmp(operation, words[i].begins, strlen(words[i].begins)))
		i++;
	return words[i].word;
}

static void add_moved(struct gni_text *t, const gn_error *e)
{
	size_t whole = e->need ? e->need : e->done;

	if (whole == 0)
		return;
	gni_text_add(t, ", ");
	if (e->need)
		gni_text_add(t, "%zu of ", e->done);
	gni_text_add(t, "%zu byte%s %s", whole, whole == 1 ? "" : "s",
		     moved(e->operation));
}

static void add_tried(struct gni_text *t, const gn_error *e)
{
	char text[GN_ADDR_TEXT_MAX];

	/* Of one alone all has been said. */
	for (size_t i = 0; e->tried_count > 1 && i < e->tried_count; i++) {
		const struct gni_tried *tried = &e->tried[i];

		gni_text_add(t, "%s%s: %s", i == 0 ? "tried " : ", ",
			     bare(&tried->addr,
				  gn_addr_text(&tried->addr, text)),
			     gn_code_text(tried->code));
	}
}

static void add_system(struct gni_text *t, const gn_error *e)
{
	bool vague;

	gni_error_words(e->code, &vague);
	if (vague && e->sys)
		gni_text_add(t, "%s", strerror(e->sys));
}

static void add_why(struct gni_text *t, const gn_error *e)
{
	gni_text_add(t, "%s", e->why);
}

/* What stands in parentheses, joined by semicolons. */
static void add_details(struct gni_text *t, const gn_error *e)
{
	static void (*const parts[])(struct gni_text *, const gn_error *) = {
		add_system,
		add_why,
		add_tried,
	};
	char detail[LINE_MAX_BYTES];
	const char *joint = " (";

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		struct gni_text part;

		gni_text_begin(&part, detail, sizeof detail);
		parts[i](&part, e);
		if (part.len == 0)
			continue;
		gni_text_add(t, "%s%s", joint, detail);
		joint = "; ";
	}
	if (*joint == ';')
		gni_text_add(t, ")");
}

static void add_sentence(struct gni_text *t, const gn_error *e)
{
	size_t begin = t->len;

	gni_text_add(t, "%s", e->operation);
	add_where(t, e);
	gni_text_add(t, "%s%s", t->len > begin ? ": " : "",
		     gn_code_text(e->code));
	add_moved(t, e);
	add_details(t, e);
}

const char *gn_error_text(const gn_error *e, char *buf, size_t size)
{
	struct gni_text t;

	GNI_CHECK(e, "gn_error_text: the record is NULL");
	gni_text_begin(&t, buf, size);
	add_sentence(&t, e);
	return buf;
}

void gn_perror(const char *what)
{
	char line[LINE_MAX_BYTES];
	struct gni_text t;
	size_t len;

	/* One byte is kept for the line end, whatever is cut. */
	gni_text_begin(&t, line, sizeof line - 1);
	if (what) {
		gni_text_escaped(&t, what, strlen(what));
		gni_text_add(&t, ": ");
	}
	add_sentence(&t, gn_error_last());
	len = strlen(line);
	line[len++] = '\n';
	/* Where errors are told is broken: there is nobody to tell it. */
	if (gni_write_quietly(STDERR_FILENO, line, len) < 0)
		return;
}
