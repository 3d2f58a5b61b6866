/*
 * faults.h: the N-th call or operation of the backend fails: on a simulated
 * host by a rule, elsewhere by the environment.
 */
#ifndef NTH_FAULTS_H
#define NTH_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* nth_faults_built tells whether the library can: a simulation always does. */
bool nth_faults_built(void);

/* nth_faults_ask asks for it before a thread opens its backend; 0: for none. */
void nth_faults_ask(unsigned number);

/* nth_faults_begin has it strike the simulated host that calls. */
void nth_faults_begin(unsigned number);

/* nth_faults_struck tells whether it has, asked where it was to strike. */
bool nth_faults_struck(void);

/* nth_close closes a descriptor that gn_release gave, where it is one. */
void nth_close(int fd);

/* nth_faults_descriptors counts what the simulated host has open. */
size_t nth_faults_descriptors(void);

#endif
