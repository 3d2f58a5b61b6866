/*
 * text.c: the bounded text writer.  While the text is not cut, its NUL stands
 * at len; from the first piece that did not fit only len goes on.
 */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <gnezdo/text.h>

#include "base/check.h"
#include "base/utf8.h"

void gni_text_begin(struct gni_text *t, char *buf, size_t size)
{
	GNI_CHECK(buf && size > 0, "a text was asked for in a buffer of no "
				   "bytes");
	*t = (struct gni_text){ .at = buf, .size = size };
	buf[0] = '\0';
}

void gni_text_add_list(struct gni_text *t, const char *form, va_list list)
{
	bool cut = gni_text_cut(t);
	char *to = cut ? NULL : t->at + t->len;
	size_t room = cut ? 0 : t->size - t->len;
	int len = vsnprintf(to, room, form, list);
	int bad;

	if (len < 0)
		return;
	t->len += (size_t)len;
	if (cut || !gni_text_cut(t))
		return;
	room = gn_utf8_whole(to, room - 1, &bad);
	if (!bad)
		to[room] = '\0';
}

void gni_text_add(struct gni_text *t, const char *form, ...)
{
	va_list list;

	va_start(list, form);
	gni_text_add_list(t, form, list);
	va_end(list);
}

void gni_text_unit(struct gni_text *t, const void *bytes, size_t len)
{
	if (!gni_text_cut(t) && t->size - t->len > len) {
		memcpy(t->at + t->len, bytes, len);
		t->at[t->len + len] = '\0';
	}
	t->len += len;
}

static void add_escape(struct gni_text *t, uint8_t byte)
{
	char text[sizeof "\\xHH"];

	snprintf(text, sizeof text, "\\x%02X", byte);
	gni_text_unit(t, text, sizeof text - 1);
}

void gni_text_escaped(struct gni_text *t, const void *bytes, size_t len)
{
	const uint8_t *at = bytes, *end = at + len;

	while (at < end) {
		size_t n = gni_utf8_printable(at, (size_t)(end - at));

		if (n == 0)
			add_escape(t, *at++);
		else
			gni_text_unit(t, at, n);
		at += n;
	}
}
