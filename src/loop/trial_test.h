/*
 * trial_test.h: a test as a trial, in a process of its own, once in each place
 * where it has to hold: on a plain thread and in a fiber over each backend,
 * and on a simulated host for many seeds.
 *
 * A trial that fails says so and ends its process on the spot, whichever fiber
 * or thread it is on; so a failure needs no way back.  One that returns leaves
 * nothing behind: no descriptor, and no memory where that can be told.  For
 * tests only.
 */
#ifndef GNI_LOOP_TRIAL_TEST_H
#define GNI_LOOP_TRIAL_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnezdo.h>
#include <gnezdo/sim.h>

enum trial_place {
	ON_ROOT = 1 << 0,  /* a plain thread, over each backend */
	ON_FIBER = 1 << 1, /* a fiber, over each backend */
	ON_SIM = 1 << 2,   /* a simulated host: in order, and by seeds */
	ON_REAL = ON_ROOT | ON_FIBER,
	EVERYWHERE = ON_REAL | ON_SIM,
	ALONE = 1 << 3, /* the process as it is: nothing is chosen for it */
};

struct trial {
	const char *name; /* with the rows of the fault catalogue it covers */
	void (*body)(void);
	unsigned places;
};

/* trial_main runs them all as a cmocka program, or those whose name fits the
 * pattern in GN_TRIAL (* and ?): what main returns. */
int trial_main(const struct trial *trials, size_t count);

#define TRIAL_MAIN(trials) \
	trial_main(trials, sizeof(trials) / sizeof *(trials))

/* Shown when a trial fails: the seed of its simulation and of its chances. */
extern uint64_t trial_seed;

/* In a simulation instants are exact. */
bool trial_is_simulated(void);

/* trial_descriptors counts what the process has open. */
int trial_descriptors(void);

/* Long enough that only a hang meets it. */
#define SOON gn_in(20 * GN_SEC)

/* The end of a trial that failed. */
_Noreturn void trial_fail(const char *file, int line, const char *form, ...)
	__attribute__((format(printf, 3, 4)));

#define WANT(condition)                                              \
	do {                                                         \
		if (!(condition))                                    \
			trial_fail(__FILE__, __LINE__, "%s",         \
				   #condition);                      \
	} while (0)

#define WANT_IS(actual, expected) \
	trial_want_is(__FILE__, __LINE__, #actual, (actual), (expected))

#define WANT_TEXT(actual, expected) \
	trial_want_text(__FILE__, __LINE__, #actual, (actual), (expected))

/* The instant has come; in a simulation it is now. */
#define WANT_AT(instant) trial_want_at(__FILE__, __LINE__, (instant))

void trial_want_is(const char *file, int line, const char *what,
		   long long actual, long long expected);
void trial_want_text(const char *file, int line, const char *what,
		     const char *actual, const char *expected);
void trial_want_at(const char *file, int line, gn_time instant);

#endif
