/*
 * nomem.c: the allocator as the linker's --wrap has it.
 */
#include "nomem.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static _Thread_local struct {
	bool armed, lasts, struck;
	unsigned left;
} nomem;

void nomem_after(unsigned count, bool lasts)
{
	nomem.armed = true;
	nomem.struck = false;
	nomem.lasts = lasts;
	nomem.left = count;
}

bool nomem_over(void)
{
	nomem.armed = false;
	return nomem.struck;
}

static bool refused(void)
{
	if (!nomem.armed || (nomem.struck && !nomem.lasts))
		return false;
	if (nomem.left > 0) {
		nomem.left--;
		return false;
	}
	nomem.struck = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return refused() ? NULL : __real_realloc(memory, size);
}
