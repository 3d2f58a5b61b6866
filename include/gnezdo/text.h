/*
 * text.h: text that came from outside.
 *
 * What a peer sends may hold control bytes that move a terminal's cursor or
 * forge a line of a log.  Pass it through gn_printable before it is printed.
 *
 *	#include <gnezdo.h>
 *	#include <string.h>
 *
 *	int main(void)
 *	{
 *		char text[] = "a\033[31mb";
 *
 *		return strcmp(gn_printable(text), "a.[31mb");
 *	}
 */
#ifndef GNEZDO_TEXT_H
#define GNEZDO_TEXT_H

#include <stddef.h>

#include <gnezdo/base.h>

GN_EXTERN_BEGIN

/*
 * gn_printable makes NUL-terminated text safe to print, in place: every
 * control character (ASCII, C1, and the Unicode ones that turn the direction
 * of text), every line end and every byte that is not UTF-8 becomes a dot, one
 * dot a character.
 *
 * Returns text.
 */
GN_API char *gn_printable(char *text);

/*
 * gn_utf8_whole gives how many of the len bytes at text are whole UTF-8
 * characters (RFC 3629: no surrogates, no overlong forms).
 *
 * Returns len when all are; less when the last character is cut, or when a
 * byte cannot be UTF-8; *bad, if not NULL, tells the second from the first.
 */
GN_API size_t gn_utf8_whole(const void *text, size_t len, int *bad);

GN_EXTERN_END

#endif
