/*
 * fiber.c: fibers as objects, and the rules of switching between them.  It
 * holds the running fiber of each thread and must never choose the next.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "fiber/fiber.h"
#include "fiber/overflow.h"
#include "fiber/stack.h"
#include "fiber/switch.h"
#include "fiber/tools.h"

#define OBJECT_ALIGN ((uintptr_t)64)

struct gni_fiber_thread {
	struct gni_fiber *left; /* whom the last switch suspended: for ASan */
};

static _Thread_local struct gni_fiber_thread here;

/* NULL: the thread has no root. */
_Thread_local struct gni_fiber *gni_fiber_running
	__attribute__((tls_model("initial-exec")));

void gni_fiber_configure(const struct gni_fiber_options *options)
{
	gni_guard_choose(options->no_guard_install, options->no_guard_mprotect);
	gni_overflow_choose(options->no_overflow_handler);
}

struct gni_fiber *gni_fiber_current(void)
{
	return gni_fiber_running;
}

/* Where a name of so many bytes or less ends between UTF-8 characters. */
static size_t name_end(const char *name, size_t most)
{
	size_t end = strnlen(name, most);

	while (end > 0 && ((unsigned char)name[end] & 0xc0) == 0x80)
		end--;
	return end;
}

/* Names are printed between quotes and by a signal handler. */
static void set_name(struct gni_fiber *f, const char *name)
{
	size_t end = name ? name_end(name, sizeof f->name - 1) : 0;

	for (size_t i = 0; i < end; i++) {
		unsigned char c = (unsigned char)name[i];

		f->name[i] = c < ' ' || c == 127 || c == '"' ? '?' : (char)c;
	}
	f->name[end] = '\0';
}

/*
 * The first thing on a new stack, and on every one that is come back to.  Of a
 * root's stack ASan, which has to know it, is the first to tell the bounds.
 */
#if defined(GNI_ASAN)
static void arrive(struct gni_fiber *self)
{
	struct gni_fiber *left = here.left;
	bool known = left->asan_bytes > 0;

	gni_tools_arrive(self->asan_frames, &left->asan_low, &left->asan_bytes);
	if (!known && left->asan_bytes > 0)
		gni_tools_hold(left->asan_low, left->asan_bytes);
}
#else
static void arrive(struct gni_fiber *self)
{
	(void)self;
}
#endif

static void begin(void *arg)
{
	struct gni_fiber *self = arg;

	self->started = true;
	arrive(self);
	self->entry(self);
	gni_stop("fiber \"%s\" returned from its entry", self->name);
}

/* How deep a fiber may be when it switches away. */
static const char *lowest(const struct gni_stack *s)
{
	return s->low + GNI_SWITCH_ROOM;
}

static void set_up(struct gni_fiber *f, struct gni_stack *stack)
{
	f->stack = stack;
	f->floor = lowest(stack);
	if (stack->guard == GNI_GUARD_SOFT)
		f->floor = stack->low + gni_stack_bytes(stack);
	f->asan_low = stack->low;
	f->asan_bytes = (size_t)((char *)f - stack->low);
	f->sp = gni_switch_prepare(f, begin, f);
	f->tsan_fiber = gni_tools_fiber_made(f->name);
	gni_tools_hold(stack->low, gni_stack_bytes(stack));
}

struct gni_fiber *gni_fiber_create(size_t object_bytes, size_t stack_bytes,
				   const char *name, gni_fiber_entry *entry)
{
	struct gni_stack *stack;
	struct gni_fiber *f;

	GNI_CHECK(object_bytes >= sizeof *f &&
		  object_bytes <= GNI_FIBER_OBJECT_BYTES_MAX,
		  "a fiber's object of %zu bytes", object_bytes);
	gni_overflow_watch();
	stack = gni_stack_take(stack_bytes);
	if (!stack)
		return NULL;
	f = (void *)((uintptr_t)(gni_stack_top(stack) - object_bytes) &
		     ~(OBJECT_ALIGN - 1));
	memset(f, 0, object_bytes);
	f->thread = &here;
	f->entry = entry;
	set_name(f, name);
	set_up(f, stack);
	return f;
}

void gni_fiber_root(struct gni_fiber *root, const char *name)
{
	GNI_CHECK(!gni_fiber_running, "a thread has one root fiber, \"%s\"",
		  gni_fiber_running->name);
	GNI_CHECK(!gni_switch_shadowed(), "shadow stacks cannot follow fibers; "
		  "GLIBC_TUNABLES=glibc.cpu.x86_shstk=off runs without them");
	memset(root, 0, sizeof *root);
	set_name(root, name);
	root->thread = &here;
	root->started = true;
	root->tsan_fiber = gni_tools_fiber_here();
	gni_fiber_running = root;
}

void gni_fiber_forked(void)
{
	gni_fiber_running = NULL;
}

void gni_fiber_root_end(struct gni_fiber *root)
{
	if (!root->thread)
		return;
	GNI_CHECK(gni_fiber_running == root && !root->stack,
		  "fiber \"%s\" is not the running root of this thread",
		  root->name);
	if (root->asan_bytes > 0)
		gni_tools_let_go(root->asan_low, root->asan_bytes);
	gni_fiber_running = NULL;
	here.left = NULL;
	root->thread = NULL;
}

/* A guard that does not fault by itself is asked, and so is the pointer. */
static void check_stack(const struct gni_fiber *f)
{
	const char *sp = gni_switch_here();

	if (sp >= f->floor)
		return;
	if (sp < lowest(f->stack))
		gni_overflow_stop(f, sp);
	if (f->stack->guard == GNI_GUARD_SOFT &&
	    !gni_guard_intact(f->stack->low))
		gni_overflow_stop(f, f->stack->low);
}

static void check_pair(const struct gni_fiber *from, const struct gni_fiber *to)
{
	GNI_CHECK(gni_fiber_running == from,
		  "fiber \"%s\" is not the running one", from->name);
	GNI_CHECK(to->sp && to->thread == from->thread,
		  "fiber \"%s\" is not suspended on this thread", to->name);
}

/* The running fiber is another from here on: no call into it may follow. */
GNI_NO_TSAN static inline void *hand_over(struct gni_fiber *from,
					  struct gni_fiber *to, void **keep)
{
	void *sp = to->sp;

	to->sp = NULL;
	gni_fiber_running = to;
#if defined(GNI_ASAN)
	here.left = from;
#else
	(void)from;
#endif
	gni_tools_leave(keep, to->asan_low, to->asan_bytes);
	gni_tools_fiber_switch(to->tsan_fiber);
	return sp;
}

/* Its last call becomes a jump unless ASan has something left to be told. */
GNI_NO_TSAN void gni_fiber_change(struct gni_fiber *from, struct gni_fiber *to)
{
	check_pair(from, to);
	check_stack(from);
	gni_switch_jump(&from->sp, hand_over(from, to, &from->asan_frames));
#if defined(GNI_ASAN)
	arrive(from);
#endif
}

/* ASan's copy of its frame would be gone before the jump writes into it. */
GNI_NO_ASAN GNI_NO_TSAN _Noreturn void gni_fiber_exit(struct gni_fiber *self,
						      struct gni_fiber *to)
{
	void *nowhere;

	check_pair(self, to);
	GNI_CHECK(self->stack, "root fiber \"%s\" cannot exit", self->name);
	check_stack(self);
	self->ended = true;
	gni_switch_jump(&nowhere, hand_over(self, to, NULL));
	gni_stop("fiber \"%s\" goes on after its end", self->name);
}

void gni_fiber_free(struct gni_fiber *f)
{
	if (!f)
		return;
	GNI_CHECK(f->thread == &here, "fiber \"%s\" is another thread's",
		  f->name);
	GNI_CHECK(f->stack && f != gni_fiber_running &&
		  (f->ended || !f->started),
		  "fiber \"%s\" is freed before its end", f->name);
	gni_tools_fiber_gone(f->tsan_fiber);
	gni_tools_let_go(f->stack->low, gni_stack_bytes(f->stack));
	gni_stack_give(f->stack);
}

void gni_fiber_trim(struct gni_fiber *f)
{
	if (f->stack && f->sp)
		gni_stack_trim(f->stack, gni_switch_floor(f->sp));
}

size_t gni_fiber_used(const struct gni_fiber *f)
{
	return f->stack ? gni_stack_touched(f->stack) : 0;
}

void gni_fiber_thread_end(void)
{
	gni_stack_thread_end();
	gni_overflow_unwatch();
}
