/*
 * guard.c: puts up the guards of guard.h and counts those that cost mappings.
 * It never takes one down: guards live as long as the region they lie in.
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "fiber/guard.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* Whether the kernel guards pages is found out at the first need. */
enum { UNKNOWN, GUARDS, DOES_NOT };

static atomic_int kernel = UNKNOWN;
static atomic_bool no_mapped;
static atomic_int mapped;

void gni_guard_choose(bool no_pages, bool without_mapped)
{
	atomic_store(&kernel, no_pages ? DOES_NOT : UNKNOWN);
	atomic_store(&no_mapped, without_mapped);
}

/*
 * Emulators answer 0 to advice they do not know.  A guarded page cannot be
 * populated; where it can, the advice was not followed.
 */
static int try_kernel(char *at, size_t bytes)
{
	int answer = GUARDS;

	if (madvise(at, bytes, MADV_GUARD_INSTALL) < 0 ||
	    madvise(at, 1, MADV_POPULATE_READ) == 0)
		answer = DOES_NOT;
	atomic_store(&kernel, answer);
	return answer;
}

static bool put_pages(char *at, size_t bytes)
{
	int now = atomic_load_explicit(&kernel, memory_order_relaxed);

	if (now == UNKNOWN)
		return try_kernel(at, bytes) == GUARDS;
	return now == GUARDS && madvise(at, bytes, MADV_GUARD_INSTALL) == 0;
}

static bool put_mapped(char *at, size_t bytes, bool lowest)
{
	int before = atomic_fetch_add(&mapped, 1);
	bool allowed = before < GNI_GUARD_MAPPED_MAX &&
		       !atomic_load(&no_mapped);

	if ((allowed || lowest) && mprotect(at, bytes, PROT_NONE) == 0)
		return true;
	atomic_fetch_sub(&mapped, 1);
	return false;
}

enum gni_guard gni_guard_put(char *at, size_t bytes, bool lowest)
{
	if (put_pages(at, bytes))
		return GNI_GUARD_PAGES;
	if (put_mapped(at, bytes, lowest))
		return GNI_GUARD_MAPPED;
	return GNI_GUARD_SOFT;
}

void gni_guard_gone(enum gni_guard kind)
{
	if (kind == GNI_GUARD_MAPPED)
		atomic_fetch_sub(&mapped, 1);
}
