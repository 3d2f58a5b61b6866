/*
 * probe.h: whether this machine permits what a case needs.
 */
#ifndef FAULT_PROBE_H
#define FAULT_PROBE_H

/* probe does what the need stands for once, in this process, which is then good
 * for nothing else: "" if it can be done, why not, or NULL: no such need. */
const char *probe(const char *need);

#endif
