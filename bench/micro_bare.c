/*
 * Written by hand, since no compiler makes it from C. It leaves by a jump: the
 * processor would predict for ret the place it was called from and be wrong
 * every time.
 */
#include "micro_bare.h"

#include <stdint.h>
#include <string.h>

#define REGISTERS 6

#if BENCH_BARE
__asm__(".text\n"
	".globl bench_bare_switch\n"
	".type bench_bare_switch, @function\n"
	".balign 64\n"
	"bench_bare_switch:\n"
	"endbr64\n"
	"pushq %rbp\n"
	"pushq %rbx\n"
	"pushq %r12\n"
	"pushq %r13\n"
	"pushq %r14\n"
	"pushq %r15\n"
	"movq %rsp, (%rdi)\n"
	"movq %rsi, %rsp\n"
	"popq %r15\n"
	"popq %r14\n"
	"popq %r13\n"
	"popq %r12\n"
	"popq %rbx\n"
	"popq %rbp\n"
	"popq %rcx\n"
	"notrack jmp *%rcx\n"
	".size bench_bare_switch, . - bench_bare_switch\n");
#else
void bench_bare_switch(void **save, void *to)
{
	*save = to;
}
#endif

void *bench_bare_prepare(char *top, void (*start)(void))
{
	uintptr_t begin = (uintptr_t)start;
	char *place = (char *)((uintptr_t)top & ~(uintptr_t)15);

	/* As after a call: the place to return to, here none, lies on top. */
	place -= (REGISTERS + 2) * sizeof begin;
	memset(place, 0, (REGISTERS + 2) * sizeof begin);
	memcpy(place + REGISTERS * sizeof begin, &begin, sizeof begin);
	return place;
}
