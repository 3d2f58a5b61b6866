/*
 * nomem.c: the allocator as the linker's --wrap has it.
 */
#include "nomem.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off);
int __real_munmap(void *at, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off);
int __wrap_munmap(void *at, size_t len);

/* Mappings that are there at a time; more are not counted. */
#define MAPPINGS 256

static _Thread_local struct {
	bool armed, lasts, struck, spared;
	unsigned left;
} nomem;

static atomic_long blocks, mapped;
static atomic_ulong unmapped;

/* A ring's library maps for itself what we unmap, so each is looked for. */
static struct {
	atomic_uintptr_t from;
	size_t len;
} mappings[MAPPINGS];

void nomem_after(unsigned count, bool lasts)
{
	nomem.armed = true;
	nomem.struck = false;
	nomem.lasts = lasts;
	nomem.left = count;
}

void nomem_spare(bool on)
{
	nomem.spared = on;
}

bool nomem_struck(void)
{
	return nomem.struck;
}

bool nomem_over(void)
{
	nomem.armed = false;
	return nomem.struck;
}

struct nomem_live nomem_live(void)
{
	return (struct nomem_live){ atomic_load(&blocks),
				    atomic_load(&mapped) };
}

unsigned long nomem_unmapped(void)
{
	return atomic_load(&unmapped);
}

static bool refused(void)
{
	if (!nomem.armed || nomem.spared || (nomem.struck && !nomem.lasts))
		return false;
	if (nomem.left > 0) {
		nomem.left--;
		return false;
	}
	nomem.struck = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *memory)
{
	if (memory)
		atomic_fetch_add(&blocks, 1);
	return memory;
}

void *__wrap_malloc(size_t size)
{
	return refused() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refused() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
	if (refused())
		return NULL;
	if (!memory)
		return counted(__real_malloc(size));
	return __real_realloc(memory, size);
}

void __wrap_free(void *memory)
{
	if (memory)
		atomic_fetch_sub(&blocks, 1);
	__real_free(memory);
}

static void note_mapping(uintptr_t from, size_t len)
{
	for (size_t i = 0; i < MAPPINGS; i++) {
		uintptr_t none = 0;

		if (!atomic_compare_exchange_strong(&mappings[i].from, &none,
						    from))
			continue;
		mappings[i].len = len;
		atomic_fetch_add(&mapped, (long)len);
		return;
	}
}

static void forget_mapping(uintptr_t from, size_t len)
{
	for (size_t i = 0; i < MAPPINGS; i++) {
		if (atomic_load(&mappings[i].from) != from)
			continue;
		if (mappings[i].len != len)
			return;
		atomic_fetch_sub(&mapped, (long)len);
		atomic_store(&mappings[i].from, 0);
		return;
	}
}

/* What mmap is where offsets have 64 bits. */
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd,
		    off_t off)
{
	void *memory;

	if (refused())
		return MAP_FAILED;
	memory = __real_mmap64(at, len, prot, flags, fd, off);
	if (memory != MAP_FAILED)
		note_mapping((uintptr_t)memory, len);
	else
		atomic_fetch_add(&unmapped, 1);
	return memory;
}

int __wrap_munmap(void *at, size_t len)
{
	forget_mapping((uintptr_t)at, len);
	return __real_munmap(at, len);
}
