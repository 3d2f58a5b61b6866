/*
 * switch_x86_64.S: the switch for x86-64, System V calling convention.  It
 * owns the layout below and nothing else.  What it keeps of a stack:
 *
 *	sp +0   where to go on       +8   rbp
 *	   +16  128 bytes: a caller that is no function may use its red zone
 *
 * The other registers lie above, where only who left knows.  A new stack
 * begins with start and arg in the place of the red zone.
 *
 * The floating-point modes are not kept, see modes.h.  It leaves by an indirect
 * jump and not by ret, for which the processor would predict the place it was
 * called from and be wrong every time (2.7 ns against 13).  The place after a
 * call is no landing pad, hence notrack.
 */
#ifndef GNI_FIBER_PORTABLE

	.text

	.globl	gni_switch_jump
	.hidden	gni_switch_jump
	.type	gni_switch_jump, @function
	.balign	64
gni_switch_jump:
	.cfi_startproc
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	leaq	1f(%rip), %rax
	leaq	-128(%rsp), %rsp
	.cfi_adjust_cfa_offset 128
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%rax
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	leaq	128(%rsp), %rsp
	.cfi_adjust_cfa_offset -128
	notrack jmp *%rax
1:	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	notrack jmp *%rcx
	.cfi_endproc
	.size	gni_switch_jump, . - gni_switch_jump

	/* Where a stack begins.  The undefined return address ends a backtrace
	 * here; the zero in rbp ends one that follows frame pointers. */
	.type	begin, @function
	.balign	16
begin:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movq	-16(%rsp), %rdi
	callq	*-8(%rsp)
	ud2
	.cfi_endproc
	.size	begin, . - begin

	.globl	gni_switch_prepare
	.hidden	gni_switch_prepare
	.type	gni_switch_prepare, @function
	.balign	16
gni_switch_prepare:
	.cfi_startproc
	endbr64
	andq	$-16, %rdi
	leaq	-160(%rdi), %rax
	leaq	begin(%rip), %rcx
	xorl	%r8d, %r8d
	movq	%rcx, (%rax)
	movq	%r8, 8(%rax)
	movq	%rdx, 128(%rax)
	movq	%rsi, 136(%rax)
	movq	%r8, 144(%rax)
	movq	%r8, 152(%rax)
	ret
	.cfi_endproc
	.size	gni_switch_prepare, . - gni_switch_prepare

	/* Below the saved place lies nothing: a caller has no red zone. */
	.globl	gni_switch_floor
	.hidden	gni_switch_floor
	.type	gni_switch_floor, @function
gni_switch_floor:
	.cfi_startproc
	endbr64
	movq	%rdi, %rax
	ret
	.cfi_endproc
	.size	gni_switch_floor, . - gni_switch_floor

	/* rdsspq does nothing where shadow stacks are off or unknown. */
	.globl	gni_switch_shadowed
	.hidden	gni_switch_shadowed
	.type	gni_switch_shadowed, @function
gni_switch_shadowed:
	.cfi_startproc
	endbr64
	xorl	%eax, %eax
	rdsspq	%rax
	testq	%rax, %rax
	setne	%al
	ret
	.cfi_endproc
	.size	gni_switch_shadowed, . - gni_switch_shadowed

#endif

	/* IBT and SHSTK: a file without the note loses both for the program. */
	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000002, 4, 3, 0

	.section .note.GNU-stack, "", @progbits
