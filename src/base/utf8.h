/* utf8.h: characters one by one. */
#ifndef GNI_BASE_UTF8_H
#define GNI_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * gni_utf8_next reads the first character of len bytes, at least 1.
 *
 * Returns its length, 1 to 4, and stores its number; 0 when the bytes end
 * inside it; -1 when they cannot be UTF-8.
 */
int gni_utf8_next(const uint8_t *at, size_t len, uint32_t *number);

/* gni_utf8_printable gives the length of the first character of len bytes, at
 * least 1, if gn_printable would let it stand; 0 if not. */
size_t gni_utf8_printable(const uint8_t *at, size_t len);

#endif
