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

/* Where branches are counted it is a function that is not: what no input can
 * break has no second way to go. */
#ifdef GNI_UNCOUNTED_CHECKS
#undef GNI_CHECK
#define GNI_CHECK(condition, ...)                                          \
	__extension__({                                                    \
		__attribute__((no_profile_instrument_function)) auto void  \
		gni_check(void);                                           \
		void gni_check(void)                                       \
		{                                                          \
			if (!(condition))                                  \
				gni_stop(__VA_ARGS__);                     \
		}                                                          \
		gni_check();                                               \
	})
#endif

#endif
