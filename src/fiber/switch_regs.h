/*
 * switch_regs.h: does the switch keep what a call must keep?  Apart from the
 * test programs so that it can run where there is no cmocka, under an emulator.
 */
#ifndef GNI_FIBER_SWITCH_REGS_H
#define GNI_FIBER_SWITCH_REGS_H

/*
 * Each fills the registers of two stacks with different values, switches to
 * and fro, and returns NULL or the name of what was lost.
 */
const char *switch_regs_lost(void);	/* callee-saved registers */
const char *switch_control_lost(void);	/* floating-point control words */

#endif
