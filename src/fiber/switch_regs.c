/*
 * switch_regs.c: the check of switch_regs.h.  across() loads every register
 * that a call preserves, switches, and stores what is in them afterwards.
 */
#include <stdint.h>
#include <string.h>

#include "fiber/modes.h"
#include "fiber/switch.h"
#include "fiber/switch_regs.h"
#include "fiber/tools.h"

#if defined(__x86_64__)
enum { REGISTERS = 6 };

static const char *const names[REGISTERS] = {
	"rbx", "rbp", "r12", "r13", "r14", "r15",
};

/* rdi save, rsi to, rdx in, rcx out */
__asm__(
	"	.text\n"
	"	.local	across\n"
	"	.type	across, @function\n"
	"across:\n"
	"	pushq	%rbx\n	pushq	%rbp\n	pushq	%r12\n"
	"	pushq	%r13\n	pushq	%r14\n	pushq	%r15\n"
	"	pushq	%rcx\n"
	"	movq	0(%rdx), %rbx\n	movq	8(%rdx), %rbp\n"
	"	movq	16(%rdx), %r12\n	movq	24(%rdx), %r13\n"
	"	movq	32(%rdx), %r14\n	movq	40(%rdx), %r15\n"
	"	call	gni_switch_jump\n"
	"	popq	%rcx\n"
	"	movq	%rbx, 0(%rcx)\n	movq	%rbp, 8(%rcx)\n"
	"	movq	%r12, 16(%rcx)\n	movq	%r13, 24(%rcx)\n"
	"	movq	%r14, 32(%rcx)\n	movq	%r15, 40(%rcx)\n"
	"	popq	%r15\n	popq	%r14\n	popq	%r13\n"
	"	popq	%r12\n	popq	%rbp\n	popq	%rbx\n"
	"	ret\n"
	"	.size	across, . - across\n");
#elif defined(__aarch64__)
enum { REGISTERS = 19 };

static const char *const names[REGISTERS] = {
	"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
	"x29", "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15",
};

#define EACH(op, at)                                              \
	"	" op "p	x19, x20, [" at ", #0]\n"                 \
	"	" op "p	x21, x22, [" at ", #16]\n"                \
	"	" op "p	x23, x24, [" at ", #32]\n"                \
	"	" op "p	x25, x26, [" at ", #48]\n"                \
	"	" op "p	x27, x28, [" at ", #64]\n"                \
	"	" op "r	x29, [" at ", #80]\n"                     \
	"	" op "r	d8, [" at ", #88]\n"                      \
	"	" op "p	d9, d10, [" at ", #96]\n"                 \
	"	" op "p	d11, d12, [" at ", #112]\n"               \
	"	" op "p	d13, d14, [" at ", #128]\n"               \
	"	" op "r	d15, [" at ", #144]\n"

/* x0 save, x1 to, x2 in, x3 out */
__asm__(
	"	.text\n"
	"	.local	across\n"
	"	.type	across, %function\n"
	"across:\n"
	"	hint	#34\n"
	"	sub	sp, sp, #176\n"
	EACH("st", "sp")
	"	stp	x3, x30, [sp, #152]\n"
	EACH("ld", "x2")
	"	bl	gni_switch_jump\n"
	"	ldp	x3, x30, [sp, #152]\n"
	EACH("st", "x3")
	EACH("ld", "sp")
	"	add	sp, sp, #176\n"
	"	ret\n"
	"	.size	across, . - across\n");
#else
enum { REGISTERS = 1 };

static const char *const names[REGISTERS] = { "anything" };

static void across(void **save, void *to, const uint64_t *in, uint64_t *out)
{
	*out = *in;
	gni_switch_jump(save, to);
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
void across(void **save, void *to, const uint64_t *in, uint64_t *out);
#endif

static _Alignas(64) char stack[64 << 10];
static void *main_sp, *other_sp;

static void fill(uint64_t *values, uint64_t seed)
{
	for (uint64_t i = 0; i < REGISTERS; i++)
		values[i] = seed * 0x0101010101010101u + i;
}

static const char *first_lost(const uint64_t *in, const uint64_t *out)
{
	for (int i = 0; i < REGISTERS; i++)
		if (in[i] != out[i])
			return names[i];
	return NULL;
}

static const char *lost_over_there;

/* The stack is begun anew by each check, and ASan not told. */
GNI_NO_ASAN static void other_registers(void *unused)
{
	uint64_t in[REGISTERS], out[REGISTERS];

	(void)unused;
	for (uint64_t turn = 1; ; turn++) {
		fill(in, 0x80 + turn);
		memset(out, 0, sizeof out);
		across(&other_sp, main_sp, in, out);
		if (!lost_over_there)
			lost_over_there = first_lost(in, out);
	}
}

const char *switch_regs_lost(void)
{
	uint64_t in[REGISTERS], out[REGISTERS];
	const char *lost = NULL;

	lost_over_there = NULL;
	other_sp = gni_switch_prepare(stack + sizeof stack, other_registers,
				      NULL);
	for (uint64_t turn = 1; !lost && turn < 10; turn++) {
		fill(in, turn);
		memset(out, 0, sizeof out);
		across(&main_sp, other_sp, in, out);
		lost = first_lost(in, out);
	}
	return lost ? lost : lost_over_there;
}

/* As a program begins; rounding up, one harmless exception unmasked; down. */
enum { PLAIN, UP, DOWN };

#if defined(__x86_64__)
static const uint32_t mxcsr_of[] = { 0x1f80, 0x5e80, 0x3f80 };
static const uint16_t x87_of[] = { 0x037f, 0x0b7d, 0x077f };

static void set_control(int way)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr_of[way]));
	__asm__ volatile("fldcw %0" : : "m"(x87_of[way]));
}

static bool control_is(int way)
{
	uint32_t mxcsr;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	return (mxcsr & 0xffc0) == mxcsr_of[way] && x87 == x87_of[way];
}
#elif defined(__aarch64__)
static const uint64_t fpcr_of[] = { 0, 1u << 22, 2u << 22 };

static void set_control(int way)
{
	__asm__ volatile("msr fpcr, %0" : : "r"(fpcr_of[way]));
}

static bool control_is(int way)
{
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return fpcr == fpcr_of[way];
}
#else
static void set_control(int way)
{
	(void)way;
}

static bool control_is(int way)
{
	(void)way;
	return true;
}
#endif

/* As who must keep the modes leaves. */
static void leave(void **save, void *to)
{
	struct gni_modes modes = gni_modes_now();

	gni_switch_jump(save, to);
	gni_modes_set(modes);
	if (!gni_modes_equal(gni_modes_now(), modes))
		lost_over_there = "the modes as they were read";
}

static void other_control(void *unused)
{
	(void)unused;
	/* A new stack begins with what its maker had. */
	if (!control_is(UP))
		lost_over_there = "what a new stack begins with";
	for (;;) {
		set_control(DOWN);
		leave(&other_sp, main_sp);
		if (!control_is(DOWN))
			lost_over_there = "the control word over there";
	}
}

const char *switch_control_lost(void)
{
	const char *lost = NULL;

	lost_over_there = NULL;
	set_control(UP);
	other_sp = gni_switch_prepare(stack + sizeof stack, other_control,
				      NULL);
	for (int turn = 0; !lost && turn < 3; turn++) {
		leave(&main_sp, other_sp);
		if (!control_is(UP))
			lost = "the control word";
	}
	set_control(PLAIN);
	return lost ? lost : lost_over_there;
}
