/*
 * fiber.h: flows of control with stacks of their own, on one thread.
 *
 * This room makes a stack, switches to it and takes it back; it knows nothing
 * of waiting, readiness or input and output, and decides nothing: every switch
 * says who goes on.  A fiber never changes threads, so that an address of a
 * thread-local variable which the compiler keeps across a switch stays right.
 *
 *	struct gni_fiber root, *f;
 *
 *	gni_fiber_root(&root, "main");
 *	f = gni_fiber_create(sizeof *f, 0, "worker", work);
 *	gni_fiber_switch(&root, f);     until work switches back to &root
 *	gni_fiber_switch(&root, f);     until it ends, by gni_fiber_exit
 *	gni_fiber_free(f);
 *	gni_fiber_root_end(&root);
 *	gni_fiber_thread_end();
 *
 * Mistakes of the caller stop the program with a sentence, in every build.
 */
#ifndef GNI_FIBER_FIBER_H
#define GNI_FIBER_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#include "fiber/switch.h"
#include "fiber/tools.h"

struct gni_fiber;
struct gni_fiber_thread;
struct gni_stack;

typedef void gni_fiber_entry(struct gni_fiber *self);

/* Bytes of a name with its NUL; a longer one is cut between characters. */
#define GNI_FIBER_NAME_BYTES 24
/* An idle fiber shall stay in one page: the object must leave room in it. */
#define GNI_FIBER_OBJECT_BYTES_MAX 2048

/*
 * The first member of a larger object.  Everything is this room's; others may
 * read the name.
 *
 *	        low                                     low + bytes
 *	| guard | untouched  <- frames | object | 0-15 lines |
 */
struct gni_fiber {
	void *sp;			/* NULL while it runs, or has ended */
	const char *floor;		/* below it a switch away looks closer:
					 * little is left, or the guard is soft
					 * and must be looked at */
	struct gni_fiber_thread *thread;
	struct gni_stack *stack;	/* NULL: a root */
	bool started, ended;
	char name[GNI_FIBER_NAME_BYTES];
	gni_fiber_entry *entry;
	void *asan_frames, *tsan_fiber;	/* the sanitizers' own */
	const char *asan_low;		/* the bounds it runs in */
	size_t asan_bytes;
};

/* What can be switched off; everything is on by default. */
struct gni_fiber_options {
	bool no_guard_install;		/* no MADV_GUARD_INSTALL; see guard.h */
	bool no_guard_mprotect;		/* nor, then, mprotect */
	bool no_overflow_handler;	/* signals are left alone */
};

/*
 * gni_fiber_configure sets the options of the process.  They hold for stacks
 * cut and threads begun from then on, so call it before the first fiber.
 */
void gni_fiber_configure(const struct gni_fiber_options *options);

/*
 * gni_fiber_create makes a fiber that will run entry when first switched to.
 * Returns its object, which begins with struct gni_fiber, is zeroed beyond it,
 * aligned to 64 bytes and lies at the top of the fiber's own stack; NULL: no
 * memory.  May be called before gni_fiber_root.
 *
 *   object_bytes  sizeof the object, at most GNI_FIBER_OBJECT_BYTES_MAX; a
 *                 part of the stack
 *   stack_bytes   0: 256 KiB; rounded up, see stack.h.  Only what is touched
 *                 takes memory
 *   name          copied, with control characters and quotes as '?'; NULL: ""
 *   entry         must end in gni_fiber_exit, not by returning
 *   owns          the caller owns the fiber, until gni_fiber_free
 */
struct gni_fiber *gni_fiber_create(size_t object_bytes, size_t stack_bytes,
				   const char *name, gni_fiber_entry *entry);

/*
 * gni_fiber_root makes the calling thread's own stack a fiber, the running one
 * of the thread.  The object is the caller's and stays so; a thread has one
 * root.  gni_fiber_root_end undoes it, on the root and the same thread; it does
 * nothing to a zeroed object or the second time.
 */
void gni_fiber_root(struct gni_fiber *root, const char *name);
void gni_fiber_root_end(struct gni_fiber *root);

/*
 * gni_fiber_forked forgets the root in a child of fork, whose parent may have
 * been any fiber: the stack that the child runs on can then be a root.
 */
void gni_fiber_forked(void);

/* The running fiber of this thread; NULL where there is no root. */
struct gni_fiber *gni_fiber_current(void);

/* gni_fiber_change is gni_fiber_switch with every check and a word to the
 * debugging tools. */
void gni_fiber_change(struct gni_fiber *from, struct gni_fiber *to);

/* The running fiber of this thread, to be read by this room alone.  Found
 * without a call, even from a shared library. */
extern _Thread_local struct gni_fiber *gni_fiber_running
	__attribute__((tls_model("initial-exec")));

/*
 * gni_fiber_switch suspends from, the running fiber, and goes on with to, which
 * is suspended or new and of the same thread.  Returns when somebody switches
 * back to from.  General registers and the stack are kept; the signal mask,
 * errno and the modes of the floating-point units (modes.h) are the thread's
 * and are not.
 */
static inline void gni_fiber_switch(struct gni_fiber *from,
				    struct gni_fiber *to)
{
#if !defined(GNI_ASAN) && !defined(GNI_TSAN)
	void *sp = to->sp;

	if (__builtin_expect(gni_fiber_running == from && sp &&
			     to->thread == from->thread &&
			     gni_switch_here() >= from->floor, 1)) {
		to->sp = NULL;
		gni_fiber_running = to;
		gni_switch_away(&from->sp, sp);
		return;
	}
#endif
	gni_fiber_change(from, to);
}

/*
 * gni_fiber_exit ends self, the running fiber and no root, and goes on with
 * to, whose part it then is to free self.
 */
_Noreturn void gni_fiber_exit(struct gni_fiber *self, struct gni_fiber *to);

/*
 * gni_fiber_free gives back a fiber that has ended or was never switched to;
 * NULL is nothing.  On the thread that made it.  The object is gone.
 */
void gni_fiber_free(struct gni_fiber *f);

/*
 * gni_fiber_trim gives the memory that a suspended fiber touched once and does
 * not need now back to the kernel: for waits that will be long.  A system call,
 * and a page fault (1.5 µs) for each page that is needed again.  Nothing
 * happens to a root, nor to a fiber that is not suspended.
 */
void gni_fiber_trim(struct gni_fiber *f);

/*
 * gni_fiber_used returns how many bytes of its stack have been in use, in
 * whole pages: from the deepest one that is in memory now.  It may be too much,
 * where an earlier fiber used the same stack, and knows nothing of what lay
 * below a trim.  0 for a root.
 */
size_t gni_fiber_used(const struct gni_fiber *f);

/*
 * gni_fiber_thread_end gives back what the room keeps for this thread: stacks
 * for reuse and the signal stack.  The thread may make fibers again.  Fibers
 * not freed yet are not harmed, but once the thread is gone nobody can free
 * them.  A thread that ends without this call leaks address space.
 */
void gni_fiber_thread_end(void);

#endif
