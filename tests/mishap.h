/*
 * mishap.h: what faults may look like to a program.
 */
#ifndef TESTS_MISHAP_H
#define TESTS_MISHAP_H

#include <stdbool.h>
#include <stddef.h>

#include <gnezdo.h>

/* is_mishap tells whether a failure is one that a network, or a machine short
 * of something, may cause: any other is the library's fault, or its user's. */
static inline bool is_mishap(int code)
{
	static const int mishaps[] = {
		GN_ETIMEOUT, GN_ERESET, GN_EDEAD, GN_EREFUSED, GN_EUNREACH,
		GN_ESHORT,   GN_EEND,	GN_ELIMIT, GN_ENOMEM,
	};

	for (size_t i = 0; i < sizeof mishaps / sizeof *mishaps; i++)
		if (code == mishaps[i])
			return true;
	return false;
}

#endif
