/*
 * text.h: text written into a buffer of fixed size: always ended by NUL,
 * never past the end, never cut inside a UTF-8 character.
 */
#ifndef GNI_BASE_TEXT_H
#define GNI_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <gnezdo/base.h>

struct gni_text {
	char *at;    /* where the text begins */
	size_t size; /* bytes there are for it and its NUL, at least 1 */
	size_t len;  /* bytes of the whole text, those cut off included */
};

/* gni_text_begin makes an empty text in size bytes at buf, at least 1. */
void gni_text_begin(struct gni_text *t, char *buf, size_t size);

/* Tells whether something did not fit; after that nothing more is added. */
static inline bool gni_text_cut(const struct gni_text *t)
{
	return t->len >= t->size;
}

/* gni_text_add appends as printf does; for our own words and numbers. */
void gni_text_add(struct gni_text *t, const char *form, ...) GN_PRINTF(2, 3);
void gni_text_add_list(struct gni_text *t, const char *form, va_list list)
	GN_PRINTF(2, 0);

/* gni_text_unit appends len bytes whole, or nothing if they do not fit. */
void gni_text_unit(struct gni_text *t, const void *bytes, size_t len);

/* gni_text_escaped appends bytes from outside: what gn_printable lets through
 * as it is, each byte of anything else as \xHH. */
void gni_text_escaped(struct gni_text *t, const void *bytes, size_t len);

#endif
