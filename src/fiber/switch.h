/*
 * switch.h: leaving one stack and going on with another.  One of
 * switch_x86_64.S, switch_aarch64.S and switch_portable.c (ucontext: other
 * processors, or GNI_FIBER_PORTABLE) stands behind it.  It knows stack
 * pointers only: who may switch to whom, and what debugging tools must be told,
 * is fiber.c's business.
 */
#ifndef GNI_FIBER_SWITCH_H
#define GNI_FIBER_SWITCH_H

#include <stdbool.h>
#include <stddef.h>

#if !defined(GNI_FIBER_PORTABLE) && !defined(__x86_64__) && \
	!defined(__aarch64__)
#define GNI_FIBER_PORTABLE 1
#endif

/*
 * The bytes a switch itself needs below its caller's frame; the portable one
 * keeps a ucontext_t there, of 4.5 KiB on some processors.
 */
#ifdef GNI_FIBER_PORTABLE
#define GNI_SWITCH_ROOM ((size_t)6144)
#else
#define GNI_SWITCH_ROOM ((size_t)384)
#endif

/*
 * gni_switch_jump keeps the registers that a call must preserve on the current
 * stack, writes the place to *save and goes on at to.  It returns when somebody
 * jumps to what it saved.  A value is good for one jump.  The modes of the
 * floating-point units are for modes.h, where they cost.
 */
void gni_switch_jump(void **save, void *to);

/*
 * gni_switch_away is the same within the caller's code where that can be: only
 * the registers that it has something in are kept, and it comes back without
 * a return, which the processor would predict wrong.
 */
#if defined(__x86_64__) && !defined(GNI_FIBER_PORTABLE)
/* What a compiler may have something in only where it was told so. */
#if defined(__AVX512F__)
#define GNI_SWITCH_WIDE \
	, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", \
		"xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", \
		"xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", \
		"k7"
#else
#define GNI_SWITCH_WIDE
#endif

static inline __attribute__((always_inline)) void gni_switch_away(void **save,
								  void *to)
{
	/* As switch_x86_64.S has it.  The compiler's own bytes may lie below
	 * its stack pointer, and come back as they were.  The x87 and MMX
	 * registers are left out: they are empty wherever a function is called,
	 * and no function that this is part of has anything in them. */
	__asm__ volatile("leaq	-128(%%rsp), %%rsp\n\t"
			 "leaq	1f(%%rip), %%rax\n\t"
			 "pushq	%%rbp\n\t"
			 "pushq	%%rax\n\t"
			 "movq	%%rsp, (%0)\n\t"
			 "movq	%1, %%rsp\n\t"
			 "popq	%%rax\n\t"
			 "popq	%%rbp\n\t"
			 "leaq	128(%%rsp), %%rsp\n\t"
			 "notrack jmp *%%rax\n"
			 "1:"
			 : "+D"(save), "+S"(to)
			 :
			 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10",
			   "r11", "r12", "r13", "r14", "r15", "memory", "cc",
			   "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			   "xmm12", "xmm13", "xmm14", "xmm15"
			   GNI_SWITCH_WIDE);
}
#else
static inline void gni_switch_away(void **save, void *to)
{
	gni_switch_jump(save, to);
}
#endif

/*
 * gni_switch_prepare lays out a stack whose highest usable byte is the one
 * below top so that the first jump to the returned place calls start(arg).
 * start must not return.
 */
void *gni_switch_prepare(void *top, void (*start)(void *), void *arg);

/* The lowest byte that the owner of a saved place still needs. */
char *gni_switch_floor(void *saved);

/*
 * gni_switch_shadowed says whether the processor keeps a shadow stack for this
 * thread which the switch cannot follow, so that the first one would die.
 */
bool gni_switch_shadowed(void);

/* About where the stack pointer is now. */
static inline char *gni_switch_here(void)
{
	char *sp;

#if defined(__x86_64__)
	__asm__("movq %%rsp, %0" : "=r"(sp));
#elif defined(__aarch64__)
	__asm__("mov %0, sp" : "=r"(sp));
#else
	sp = __builtin_frame_address(0);
#endif
	return sp;
}

#endif
