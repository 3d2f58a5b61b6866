/*
 * tables.c: the cases by subject.
 */
#include "row.h"

extern const struct fault_case accept_cases[], broken_cases[], connect_cases[],
	datagram_cases[], kernel_cases[], link_cases[], process_cases[],
	signal_cases[], sim_cases[], slow_cases[], unix_cases[];

const struct fault_case *const fault_tables[] = {
	accept_cases, broken_cases, connect_cases, datagram_cases,
	kernel_cases, link_cases,   process_cases, signal_cases,
	sim_cases,    slow_cases,   unix_cases,	   NULL,
};
