/*
 * tools.h: what debugging tools are told about fibers, as functions that are
 * empty when the tool is not built in.  Only fiber.c and stack.c call them.
 * Valgrind's requests cost a few instructions when it is not running and are
 * built in wherever its header is found.
 */
#ifndef GNI_FIBER_TOOLS_H
#define GNI_FIBER_TOOLS_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GNI_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define GNI_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define GNI_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define GNI_TSAN 1
#endif

#if defined(GNI_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#define GNI_NO_ASAN __attribute__((no_sanitize_address))
#else
#define GNI_NO_ASAN
#endif
#if defined(GNI_TSAN)
#include <sanitizer/tsan_interface.h>
/*
 * TSan keeps a shadow call stack a fiber, and who switches must not be on it.
 * Clang's no_sanitize would still note entry and exit.
 */
#if defined(__clang__)
#define GNI_NO_TSAN __attribute__((disable_sanitizer_instrumentation))
#else
#define GNI_NO_TSAN __attribute__((no_sanitize_thread))
#endif
#else
#define GNI_NO_TSAN
#endif
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

/* Freed stacks must not be touched; a stack in use may be, wholly. */
static inline void gni_tools_poison(char *low, size_t bytes)
{
#if defined(GNI_ASAN)
	__asan_poison_memory_region(low, bytes);
#elif defined(VALGRIND_MAKE_MEM_NOACCESS)
	VALGRIND_MAKE_MEM_NOACCESS(low, bytes);
#else
	(void)low;
	(void)bytes;
#endif
}

static inline void gni_tools_unpoison(char *low, size_t bytes)
{
#if defined(GNI_ASAN)
	__asan_unpoison_memory_region(low, bytes);
#elif defined(VALGRIND_MAKE_MEM_UNDEFINED)
	VALGRIND_MAKE_MEM_UNDEFINED(low, bytes);
#else
	(void)low;
	(void)bytes;
#endif
}

/*
 * What lies in a suspended fiber's stack is no leak: the leak check finds by
 * itself only the stack that runs when the program ends.
 */
static inline void gni_tools_hold(const char *low, size_t bytes)
{
#if defined(GNI_ASAN)
	__lsan_register_root_region(low, bytes);
#else
	(void)low;
	(void)bytes;
#endif
}

static inline void gni_tools_let_go(const char *low, size_t bytes)
{
#if defined(GNI_ASAN)
	__lsan_unregister_root_region(low, bytes);
#else
	(void)low;
	(void)bytes;
#endif
}

/* A stack exists, or no longer; the number is Valgrind's. */
static inline unsigned gni_tools_stack_made(char *low, size_t bytes)
{
#if defined(VALGRIND_STACK_REGISTER)
	return (unsigned)VALGRIND_STACK_REGISTER(low, low + bytes);
#else
	(void)low;
	(void)bytes;
	return 0;
#endif
}

static inline void gni_tools_stack_gone(unsigned number)
{
#if defined(VALGRIND_STACK_DEREGISTER)
	VALGRIND_STACK_DEREGISTER(number);
#else
	(void)number;
#endif
}

/*
 * The switch: ASan hears of it before, with the bounds of the stack to come
 * and, unless the stack left is done with, where to keep what belongs to it;
 * and after, when it tells the bounds of the stack left.
 */
static inline void gni_tools_leave(void **keep, const char *low, size_t bytes)
{
#if defined(GNI_ASAN)
	__sanitizer_start_switch_fiber(keep, low, bytes);
#else
	(void)keep;
	(void)low;
	(void)bytes;
#endif
}

static inline void gni_tools_arrive(void *kept, const char **low,
				    size_t *bytes)
{
#if defined(GNI_ASAN)
	const void *bottom;

	__sanitizer_finish_switch_fiber(kept, &bottom, bytes);
	*low = bottom;
#else
	(void)kept;
	(void)low;
	(void)bytes;
#endif
}

/* TSan's own object for a fiber; it is switched to before the stack is. */
static inline void *gni_tools_fiber_made(const char *name)
{
#if defined(GNI_TSAN)
	void *fiber = __tsan_create_fiber(0);

	__tsan_set_fiber_name(fiber, name);
	return fiber;
#else
	(void)name;
	return NULL;
#endif
}

static inline void *gni_tools_fiber_here(void)
{
#if defined(GNI_TSAN)
	return __tsan_get_current_fiber();
#else
	return NULL;
#endif
}

GNI_NO_TSAN static inline void gni_tools_fiber_switch(void *fiber)
{
#if defined(GNI_TSAN)
	__tsan_switch_to_fiber(fiber, 0);
#else
	(void)fiber;
#endif
}

static inline void gni_tools_fiber_gone(void *fiber)
{
#if defined(GNI_TSAN)
	__tsan_destroy_fiber(fiber);
#else
	(void)fiber;
#endif
}

#endif
