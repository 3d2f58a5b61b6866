/*
 * switch_aarch64.S: the switch for 64-bit Arm, AAPCS64.  It owns the layout
 * below and nothing else.  What it keeps of a stack:
 *
 *	sp +0   x19 x20  (at first: start, arg)    +64  x27 x28
 *	   +16  x21 x22                            +80  x29 x30 (where to go on)
 *	   +32  x23 x24                            +96  d8 to d15
 *	   +48  x25 x26                            +160 fpcr
 *
 * Where branch targets are enforced (BTI) the place after a call is no landing
 * pad, so it leaves by ret; elsewhere by br, which spares the processor a
 * return predicted wrong.  Where return addresses are signed (PAC) the kept one
 * is signed too, with the stack pointer that is restored beside it.
 */
#ifndef GNI_FIBER_PORTABLE

#if defined(__ARM_FEATURE_PAC_DEFAULT)
#define SIGN		hint	#25; .cfi_negate_ra_state
#define UNSIGN		hint	#29; .cfi_negate_ra_state
#else
#define SIGN		hint	#34
#define UNSIGN
#endif
#if defined(__ARM_FEATURE_BTI_DEFAULT) && __ARM_FEATURE_BTI_DEFAULT
#define LEAVE		ret
#else
#define LEAVE		br	x30
#endif
#define FRAME		176

	.text

	.globl	gni_switch_jump
	.hidden	gni_switch_jump
	.type	gni_switch_jump, %function
	.balign	64
gni_switch_jump:
	.cfi_startproc
	SIGN
	sub	sp, sp, #FRAME
	.cfi_adjust_cfa_offset FRAME
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	.cfi_rel_offset x19, 0
	.cfi_rel_offset x20, 8
	.cfi_rel_offset x21, 16
	.cfi_rel_offset x22, 24
	.cfi_rel_offset x23, 32
	.cfi_rel_offset x24, 40
	.cfi_rel_offset x25, 48
	.cfi_rel_offset x26, 56
	.cfi_rel_offset x27, 64
	.cfi_rel_offset x28, 72
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x10, fpcr
	str	x10, [sp, #160]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	/* Writing fpcr is slow and it hardly ever differs. */
	ldr	x11, [sp, #160]
	cmp	x10, x11
	b.eq	0f
	msr	fpcr, x11
0:	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #FRAME
	.cfi_adjust_cfa_offset -FRAME
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	UNSIGN
	LEAVE
	.cfi_endproc
	.size	gni_switch_jump, . - gni_switch_jump

	/* Where a stack begins.  The undefined return address ends a backtrace
	 * here; the zero in x29 ends one that follows frame pointers. */
	.type	begin, %function
	.balign	16
begin:
	.cfi_startproc
	.cfi_undefined x30
	hint	#36		/* bti j: gni_switch_jump may come by br */
	mov	x0, x20
	blr	x19
	brk	#1
	.cfi_endproc
	.size	begin, . - begin

	.globl	gni_switch_prepare
	.hidden	gni_switch_prepare
	.type	gni_switch_prepare, %function
	.balign	16
gni_switch_prepare:
	.cfi_startproc
	hint	#34		/* bti c */
	and	x16, x0, #-16
	sub	x0, x16, #FRAME
	adr	x17, begin
#if defined(__ARM_FEATURE_PAC_DEFAULT)
	hint	#8		/* pacia1716: x17 signed with x16 */
#endif
	stp	x1, x2, [x0, #0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0, #64]
	stp	xzr, x17, [x0, #80]
	stp	xzr, xzr, [x0, #96]
	stp	xzr, xzr, [x0, #112]
	stp	xzr, xzr, [x0, #128]
	stp	xzr, xzr, [x0, #144]
	mrs	x9, fpcr
	stp	x9, xzr, [x0, #160]
	ret
	.cfi_endproc
	.size	gni_switch_prepare, . - gni_switch_prepare

	.globl	gni_switch_floor
	.hidden	gni_switch_floor
	.type	gni_switch_floor, %function
gni_switch_floor:
	.cfi_startproc
	hint	#34
	ret
	.cfi_endproc
	.size	gni_switch_floor, . - gni_switch_floor

	/* Guarded control stacks are newer than any kernel this is built on. */
	.globl	gni_switch_shadowed
	.hidden	gni_switch_shadowed
	.type	gni_switch_shadowed, %function
gni_switch_shadowed:
	.cfi_startproc
	hint	#34
	mov	w0, #0
	ret
	.cfi_endproc
	.size	gni_switch_shadowed, . - gni_switch_shadowed

#endif

	/* BTI and PAC: a file without the note loses both for the program. */
	.section .note.gnu.property, "a"
	.balign	8
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000000, 4, 3, 0

	.section .note.GNU-stack, "", %progbits
