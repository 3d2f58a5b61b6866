/*
 * region.c: maps regions and cuts stacks from them.  Which region to take
 * from, and how long to keep a stack warm, is stack.c's decision.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "fiber/region.h"
#include "fiber/tools.h"

/* Valgrind counts them from 0. */
#define TOOL_NUMBER_MAX 0xffffffu

#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK)

static char *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, FLAGS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Refused by kernels without huge pages, which is as good. */
	(void)madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

/* The largest mapping of *bytes, half of it and so on that can be had. */
static char *map_most(size_t *bytes, size_t least)
{
	char *base = map(*bytes);

	while (!base && *bytes / 2 >= least) {
		*bytes = *bytes / 2 / least * least;
		base = map(*bytes);
	}
	return base;
}

struct gni_region *gni_region_open(size_t stack_bytes, size_t guard_bytes,
				   size_t bytes_wanted)
{
	size_t slot = stack_bytes + guard_bytes;
	size_t bytes = bytes_wanted < slot ? slot : bytes_wanted / slot * slot;
	char *base = map_most(&bytes, slot);
	struct gni_region *r;

	if (!base)
		return NULL;
	r = calloc(1, sizeof *r + bytes / slot * sizeof r->stacks[0]);
	if (!r) {
		munmap(base, bytes);
		return NULL;
	}
	gni_list_init(&r->link);
	r->base = base;
	r->bytes = bytes;
	r->stack_bytes = stack_bytes;
	r->guard_bytes = guard_bytes;
	r->count = (unsigned)(bytes / slot);
	return r;
}

void gni_region_close(struct gni_region *r)
{
	for (unsigned i = 0; i < r->cut; i++) {
		gni_tools_stack_gone(r->stacks[i].tool_number);
		gni_guard_gone((enum gni_guard)r->stacks[i].guard);
	}
	gni_list_remove(&r->link);
	gni_tools_unpoison(r->base, r->bytes);
	munmap(r->base, r->bytes);
	free(r);
}

static struct gni_stack *cut(struct gni_region *r)
{
	unsigned i = r->cut++;
	struct gni_stack *s = &r->stacks[i];
	char *guard = r->base + i * (r->guard_bytes + r->stack_bytes);

	s->home = r;
	s->low = guard + r->guard_bytes;
	s->guard = gni_guard_put(guard, r->guard_bytes, i == 0);
	s->tool_number = gni_tools_stack_made(s->low, r->stack_bytes) &
			 TOOL_NUMBER_MAX;
	return s;
}

struct gni_stack *gni_region_take(struct gni_region *r)
{
	struct gni_stack *s;

	if (!gni_region_has_room(r))
		return NULL;
	r->out++;
	if (r->idle == 0)
		return cut(r);
	s = &r->stacks[r->idle - 1];
	r->idle = s->next;
	return s;
}

void gni_region_put(struct gni_stack *s)
{
	struct gni_region *r = s->home;

	s->next = r->idle;
	r->idle = (uint32_t)(s - r->stacks) + 1;
	r->out--;
}
