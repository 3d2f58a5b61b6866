/* check.h: a programmer's mistake stops the program with a sentence. */
#ifndef GNI_BASE_CHECK_H
#define GNI_BASE_CHECK_H

#include <gnezdo/base.h>

/*
 * gni_stop prints "gnezdo: " and the sentence as one line on standard error
 * and aborts.  For mistakes that no input can cause, in every build.  Nothing
 * is written when descriptor 2 is a socket: it may be a peer's.
 */
_Noreturn void gni_stop(const char *form, ...) GN_PRINTF(1, 2);

/* Stays on in release builds. */
#define GNI_CHECK(condition, ...)          \
	do {                               \
		if (__builtin_expect(!(condition), 0)) \
			gni_stop(__VA_ARGS__); \
	} while (0)

#endif
