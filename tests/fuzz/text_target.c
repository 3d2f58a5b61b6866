/*
 * text_target.c: UTF-8.  A naive decoder must agree; a text that is read in
 * pieces must be the text that is read at once; and what is made printable
 * must be printable.
 *
 *	byte 0      1 a connection, 2 no standing operations; the rest a seed
 *	byte 1      the size of the reader's buffer
 *	byte 2      how many cuts (4 bits); talk.h; then the text
 */
#include "target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gnezdo.h>

#include "base/text.h"
#include "base/utf8.h"
#include "talk.h"

/* In texts longer than that not every cut is tried. */
#define CUTS_MAX 128

/* The bytes that a character has to have by its first one, 0: it is none. */
static size_t naive_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* By sums: whether len bytes are one character, RFC 3629 section 3. */
static bool naive_is_one(const uint8_t *at, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t number = len == 1 ? at[0] : at[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return false;
		number = number << 6 | (at[i] & 0x3f);
	}
	return number >= least[len] && number <= 0x10ffff &&
	       !(number >= 0xd800 && number <= 0xdfff);
}

static size_t naive_whole(const uint8_t *at, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = naive_len(at[done]);

		if (n == 0 || n > len - done || !naive_is_one(at + done, n))
			break;
		done += n;
	}
	return done;
}

/* Whether some bytes more would make the last character whole. */
static bool naive_is_cut(const uint8_t *at, size_t len)
{
	uint8_t tried[4] = { 0x80, 0x80, 0x80, 0x80 };
	size_t n = naive_len(at[0]);

	if (n <= len || n == 0)
		return false;
	memcpy(tried, at, len);
	/* Only the second byte can be out of its range. */
	for (int second = 0x80; second <= 0xbf; second++) {
		if (len < 2)
			tried[1] = (uint8_t)second;
		if (naive_is_one(tried, n))
			return true;
	}
	return false;
}

static void check_whole(const uint8_t *at, size_t len)
{
	int bad = -1;
	size_t whole = gn_utf8_whole(at, len, &bad);
	bool cut = whole < len && naive_is_cut(at + whole, len - whole);

	WANT(whole == naive_whole(at, len));
	WANT(bad == (whole < len && !cut));
	WANT(gn_utf8_whole(at, len, NULL) == whole);
}

/* Read up to a cut, and from the last whole character before it on. */
static void check_cut(const uint8_t *at, size_t len, size_t cut)
{
	size_t whole = gn_utf8_whole(at, len, NULL);
	size_t first = gn_utf8_whole(at, cut, NULL);

	WANT(first <= whole && (cut > whole || cut - first < 4));
	WANT(first + gn_utf8_whole(at + first, len - first, NULL) == whole);
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = gni_utf8_printable((const uint8_t *)text + at,
					      len - at);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

static void check_printable(const uint8_t *at, size_t len)
{
	char text[TARGET_INPUT_MAX + 1], again[TARGET_INPUT_MAX + 1];
	size_t before = strnlen((const char *)at, len), after;

	memcpy(text, at, before);
	text[before] = '\0';
	WANT(gn_printable(text) == text);
	after = strlen(text);
	WANT(after <= before && is_printable(text, after));
	memcpy(again, text, after + 1);
	WANT(strcmp(gn_printable(again), text) == 0);
}

/* A text in a buffer too small is a beginning of the one in a large one. */
static void check_escaped(const uint8_t *at, size_t len, size_t size)
{
	char *small = malloc(size), *large = malloc(4 * len + 1);
	struct gni_text s, l;

	WANT(small && large);
	gni_text_begin(&s, small, size);
	gni_text_begin(&l, large, 4 * len + 1);
	gni_text_escaped(&s, at, len);
	gni_text_escaped(&l, at, len);
	WANT(!gni_text_cut(&l) && strlen(large) == l.len && s.len == l.len);
	WANT(is_printable(large, l.len));
	WANT(strlen(small) < size && is_printable(small, strlen(small)));
	WANT(memcmp(small, large, strlen(small)) == 0);
	WANT(gni_text_cut(&s) == (strlen(small) < l.len));
	free(small);
	free(large);
}

struct reader {
	const uint8_t *text;
	size_t len, size;
};

/* Whole characters up to the first that is none, or that the end cuts. */
static void read_text(gn_sock *s, void *arg)
{
	struct reader *r = arg;
	int bad;
	size_t whole = gn_utf8_whole(r->text, r->len, &bad), at = 0;
	char *buf = malloc(r->size);
	ssize_t n;

	WANT(buf);
	while ((n = gn_recv_text(s, buf, r->size, GN_NEVER)) > 0) {
		WANT((size_t)n < r->size && (size_t)n <= whole - at);
		WANT(memcmp(buf, r->text + at, (size_t)n) == 0);
		WANT(buf[n] == '\0');
		WANT(gn_utf8_whole(buf, (size_t)n, NULL) == (size_t)n);
		at += (size_t)n;
	}
	WANT(at == whole);
	WANT(n == (whole == r->len ? 0 : bad ? GN_ETEXT : GN_ESHORT));
	if (n == GN_ESHORT)
		WANT(memcmp(buf, r->text + at, r->len - at) == 0);
	free(buf);
	/* The rest, that the sender may end. */
	while (gn_recv(s, &(char){ 0 }, 1, GN_NEVER) > 0)
		continue;
}

static void check_stream(struct reader *r, unsigned how,
			 struct talk_cuts cuts)
{
	struct talk t = { .bytes = r->text, .len = r->len, .cuts = cuts,
			  .seed = how >> 2, .tcp = how & 1,
			  .one_shot = how & 2, .read = read_text, .arg = r };

	talk_run(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	unsigned how = input_byte(&in), size = input_byte(&in);
	struct talk_cuts cuts = { .count = input_byte(&in) & 15 };
	struct reader r = { .size = size % 64 + 5 };

	if (len > TARGET_INPUT_MAX)
		return 0;
	if (cuts.count > in.left)
		cuts.count = in.left;
	cuts.at = in.at;
	r.text = in.at + cuts.count;
	r.len = in.left - cuts.count;
	check_whole(r.text, r.len);
	for (size_t cut = 0; cut <= r.len && cut <= CUTS_MAX; cut++)
		check_cut(r.text, r.len, cut);
	check_printable(r.text, r.len);
	check_escaped(r.text, r.len, size + 1);
	check_stream(&r, how, cuts);
	return 0;
}
