/*
 * switch_cross.c: the register check as a program that needs no test library,
 * for processors that are only emulated here.  Exits with 0 or 1.
 */
#include <stdio.h>

#include "fiber/switch_regs.h"

static int report(const char *what, const char *lost)
{
	printf("%s: %s%s\n", what, lost ? "lost " : "kept", lost ? lost : "");
	return lost ? 1 : 0;
}

int main(void)
{
	return report("registers", switch_regs_lost()) |
	       report("control words", switch_control_lost());
}
