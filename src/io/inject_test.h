/*
 * inject_test.h: what the tests of faults on the real network share.  A case
 * has two backends: one under its faults, and a plain one for the other end,
 * so that it sees what crosses.
 */
#ifndef GNI_IO_INJECT_TEST_H
#define GNI_IO_INJECT_TEST_H

#include "io/inject.h"
#include "io/seam_test.h"

struct trial {
	struct seam under, plain;
	gn_time begin; /* no later than when the faults' time began */
};

struct inject_case {
	const char *name;
	const char *faults;
	void (*run)(struct trial *t);
};

/* The cases, by file; each ends with a NULL name. */
extern const struct inject_case inject_host_cases[];
extern const struct inject_case inject_link_cases[];

/* struck tells how often a fault has. */
uint64_t struck(struct trial *t, enum gni_fault fault);

/* now_under opens the backend under other faults, with a clock of its own. */
void now_under(struct trial *t, const char *faults);

/* A connection: fd[0] is under the faults, having connected, and fd[1] of the
 * plain one.  cross_close ends it. */
void cross_open(struct trial *t, int family, int fd[2]);
void cross_close(struct trial *t, const int fd[2]);

/* cross_drop closes a descriptor that both backends have had. */
void cross_drop(struct trial *t, int fd);

/* Two bound sockets of datagrams, fd[0] of the one under faults and connected
 * to fd[1]. */
void cross_bound(struct trial *t, int family, int fd[2]);

#endif
