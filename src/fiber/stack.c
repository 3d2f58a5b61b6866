/*
 * stack.c: hands out stacks by size and keeps a few warm.  Of each size the
 * thread holds its regions with room and a short list of stacks just given
 * back, whose pages are still there: a server that ends one fiber and begins
 * another touches no new page.  What is beyond that is washed in batches.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fiber/stack.h"
#include "fiber/tools.h"

enum {
	CLASSES = 9,		/* 16 KiB << 0 to 8 */
	WARM_MAX = 128,		/* at worst 32 MiB a thread at the default */
	BATCH = 64,		/* washed together: 0.2 µs each, alone 1.2 */
	LINE_BYTES = 64,
	LINES = 16,
};

#define CLASS_BYTES_MIN ((size_t)16 << 10)
/* A frame may jump over so much without touching it: a whole datagram. */
#define GUARD_BYTES_MAX ((size_t)64 << 10)
#define REGION_BYTES ((size_t)64 << 20)
/* pidfd of the caller itself, Linux 6.14. */
#define PIDFD_OF_SELF (-10000)

struct shelf {
	struct gni_list warm;	/* the newest first */
	unsigned warm_count;
	struct gni_list roomy;	/* regions with room */
};

static _Thread_local struct {
	bool ready;
	struct shelf shelves[CLASSES];
} pool;

static struct shelf *shelf_of(unsigned class)
{
	for (unsigned i = 0; !pool.ready && i < CLASSES; i++) {
		gni_list_init(&pool.shelves[i].warm);
		gni_list_init(&pool.shelves[i].roomy);
	}
	pool.ready = true;
	return &pool.shelves[class];
}

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;

	while (class < CLASSES && CLASS_BYTES_MIN << class < bytes)
		class++;
	return class;
}

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t bytes)
{
	size_t page = page_bytes();

	return (bytes + page - 1) / page * page;
}

static struct gni_region *open_region(size_t bytes, unsigned class)
{
	size_t guard = bytes / 4;
	struct gni_region *r;

	if (guard > GUARD_BYTES_MAX)
		guard = GUARD_BYTES_MAX;
	r = gni_region_open(round_up(bytes), round_up(guard),
			    class == CLASSES ? 0 : REGION_BYTES);
	if (r)
		r->class = class;
	return r;
}

static struct gni_stack *take_large(size_t bytes)
{
	struct gni_region *r;

	if (bytes > SIZE_MAX / 4)
		return NULL;
	r = open_region(bytes, CLASSES);
	return r ? gni_region_take(r) : NULL;
}

static struct gni_stack *take_cold(struct shelf *shelf, unsigned class)
{
	struct gni_stack *s;
	struct gni_region *r;

	if (gni_list_empty(&shelf->roomy)) {
		r = open_region(CLASS_BYTES_MIN << class, class);
		if (!r)
			return NULL;
		gni_list_add(&shelf->roomy, &r->link);
	}
	r = GNI_OWNER(shelf->roomy.next, struct gni_region, link);
	s = gni_region_take(r);
	if (!gni_region_has_room(r))
		gni_list_remove(&r->link);
	return s;
}

/* A warm stack is in its list by its own last bytes, which are in memory. */
struct warm {
	struct gni_list link;
	struct gni_stack *stack;
};

static struct warm *warm_of(struct gni_stack *s)
{
	return (void *)(s->low + gni_stack_bytes(s) - sizeof(struct warm));
}

static struct gni_stack *stack_of(struct gni_list *link)
{
	return GNI_OWNER(link, struct warm, link)->stack;
}

static struct gni_stack *take_warm(struct shelf *shelf)
{
	struct gni_list *link = gni_list_pop(&shelf->warm);

	if (!link)
		return NULL;
	shelf->warm_count--;
	return stack_of(link);
}

struct gni_stack *gni_stack_take(size_t bytes)
{
	unsigned class = class_of(bytes ? bytes : GNI_STACK_DEFAULT_BYTES);
	struct shelf *shelf;
	struct gni_stack *s;

	if (class == CLASSES)
		return take_large(bytes);
	shelf = shelf_of(class);
	s = take_warm(shelf);
	if (!s)
		s = take_cold(shelf, class);
	if (s)
		gni_tools_unpoison(s->low, gni_stack_bytes(s));
	return s;
}

/*
 * Pages of a batch go in one call where the kernel takes that for oneself
 * (6.13; Valgrind knows nothing of it), and its processors forget them at once.
 */
static void wash(const struct iovec *parts, unsigned count)
{
	static atomic_bool one_by_one;
	long done = 0;

#if defined(RUNNING_ON_VALGRIND)
	if (RUNNING_ON_VALGRIND)
		one_by_one = true;
#endif
	if (!one_by_one)
		done = syscall(SYS_process_madvise, PIDFD_OF_SELF, parts,
			       (size_t)count, MADV_DONTNEED, 0u);
	if (done == (long)(count * parts[0].iov_len))
		return;
	one_by_one = true;
	for (unsigned i = 0; i < count; i++)
		(void)madvise(parts[i].iov_base, parts[i].iov_len,
			      MADV_DONTNEED);
}

/* An empty region goes if another has room; the last is kept for what comes. */
static void put(struct shelf *shelf, struct gni_stack *s)
{
	struct gni_region *r = s->home;

	gni_region_put(s);
	if (gni_list_empty(&r->link))
		gni_list_add(&shelf->roomy, &r->link);
	if (r->out == 0 && shelf->roomy.next != shelf->roomy.prev)
		gni_region_close(r);
}

/* Takes a batch of the longest unused from the warm ones. */
static void cool(struct shelf *shelf)
{
	struct gni_stack *batch[BATCH];
	struct iovec parts[BATCH];
	unsigned count = 0;

	while (count < BATCH && !gni_list_empty(&shelf->warm)) {
		struct gni_list *oldest = shelf->warm.prev;
		struct gni_stack *s = stack_of(oldest);

		gni_list_remove(oldest);
		parts[count].iov_base = s->low;
		parts[count].iov_len = gni_stack_bytes(s);
		batch[count++] = s;
	}
	if (count == 0)
		return;
	shelf->warm_count -= count;
	wash(parts, count);
	for (unsigned i = 0; i < count; i++)
		put(shelf, batch[i]);
}

void gni_stack_give(struct gni_stack *s)
{
	struct warm *warm = warm_of(s);
	struct shelf *shelf;

	if (s->home->class == CLASSES) {
		gni_region_close(s->home);
		return;
	}
	gni_tools_poison(s->low, gni_stack_bytes(s) - sizeof *warm);
	warm->stack = s;
	shelf = shelf_of(s->home->class);
	gni_list_insert(shelf->warm.next, &warm->link);
	if (++shelf->warm_count > WARM_MAX)
		cool(shelf);
}

static void clear(struct shelf *shelf)
{
	struct gni_list *link, *next;

	while (shelf->warm_count > 0)
		cool(shelf);
	for (link = shelf->roomy.next; link != &shelf->roomy; link = next) {
		struct gni_region *r = GNI_OWNER(link, struct gni_region, link);

		next = link->next;
		if (r->out == 0)
			gni_region_close(r);
	}
}

void gni_stack_thread_end(void)
{
	for (unsigned class = 0; class < CLASSES; class++)
		clear(shelf_of(class));
}

char *gni_stack_top(const struct gni_stack *s)
{
	size_t line = (size_t)(s - s->home->stacks) % LINES;

	return s->low + gni_stack_bytes(s) - line * LINE_BYTES;
}

size_t gni_stack_touched(const struct gni_stack *s)
{
	size_t page = page_bytes(), pages = gni_stack_bytes(s) / page, at, n;
	unsigned char in_memory[64];

	for (at = 0; at < pages; at += n) {
		n = pages - at < sizeof in_memory ? pages - at
						  : sizeof in_memory;
		if (mincore(s->low + at * page, n * page, in_memory) < 0)
			break;
		for (size_t i = 0; i < n; i++)
			if (in_memory[i] & 1)
				return (pages - at - i) * page;
	}
	return (pages - at) * page;
}

void gni_stack_trim(const struct gni_stack *s, char *floor)
{
	size_t below = (size_t)(floor - s->low) / page_bytes() * page_bytes();

	if (below > 0)
		(void)madvise(s->low, below, MADV_DONTNEED);
}

bool gni_stack_overran(const struct gni_stack *s, const char *address)
{
	const struct gni_region *r = s->home;
	const char *end = s->low - r->guard_bytes;

	if (s->guard == GNI_GUARD_SOFT)
		end = r->base;
	return address >= end && address < s->low;
}
