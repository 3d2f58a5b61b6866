/*
 * nth.h: a small program for each public function that can fail, in which the
 * first allocation fails, then the second, and so on until nothing fails any
 * more; and the same with what the backend does.
 *
 * Whatever fails, the program is told by a documented code with a record, or
 * nothing went wrong.  Nothing is lost afterwards: no descriptor, no memory, no
 * file; and the same program works at once, on the same thread and on another.
 *
 * A trial is the program: it goes its steps and leaves at the first that
 * fails, with its code, having closed all that it opened.
 */
#ifndef NTH_H
#define NTH_H

#include <stdbool.h>

#include <gnezdo.h>
#include <gnezdo/sim.h>

enum {
	NTH_REAL = 1 << 0, /* nothing for a simulated host */
	NTH_BARE = 1 << 1, /* makes simulations: runs beside them, not within;
			    * of the real backends one is enough for it */
};

struct nth_trial {
	const char *function; /* what it needs above all */
	int (*run)(void);     /* 0, or the code of the step that failed */
	unsigned where;
};

/* By subject; each ends with a NULL function. */
extern const struct nth_trial address_trials[];
extern const struct nth_trial open_trials[];
extern const struct nth_trial stream_trials[];
extern const struct nth_trial message_trials[];
extern const struct nth_trial option_trials[];
extern const struct nth_trial task_trials[];
extern const struct nth_trial chan_trials[];
extern const struct nth_trial serve_trials[];
extern const struct nth_trial sim_trials[];

/*
 * nth_judge judges what a call of a public function, as it is written, gave: 0
 * when that is well, or the code.  A failure without a record, or where nothing
 * was made to fail, ends the process.
 */
int nth_judge(const char *file, int line, const char *call, long long result);

/* nth_judge_none judges that it gave NULL. */
int nth_judge_none(const char *file, int line, const char *call);

/* A step that does not wait for a peer, or whose peer cannot be struck. */
#define STEP(call)                                                      \
	do {                                                            \
		int step_ = nth_judge(__FILE__, __LINE__, #call, call); \
		if (step_ < 0)                                          \
			return step_;                                   \
	} while (0)

/* The same for what makes a thing. */
#define MAKE(thing, call)                                                 \
	do {                                                              \
		(thing) = call;                                           \
		if (!(thing))                                             \
			return nth_judge_none(__FILE__, __LINE__, #call); \
	} while (0)

/*
 * A step that waits for something that may never come once a failure struck:
 * until SLICE, and until then again and again.
 */
#define SLICE nth_slice()

#define WAIT(result, call)                                                \
	do {                                                              \
		gn_time begun_ = gn_now();                                \
		int step_;                                                \
		do                                                        \
			(result) = call;                                  \
		while (nth_again((result), begun_));                      \
		step_ = nth_judge(__FILE__, __LINE__, #call, (result));   \
		if (step_ < 0)                                            \
			return step_;                                     \
	} while (0)

#define WAIT_MAKE(thing, call)                                            \
	do {                                                              \
		gn_time begun_ = gn_now();                                \
		do                                                        \
			(thing) = call;                                   \
		while (!(thing) && nth_again(gn_code(), begun_));         \
		if (!(thing))                                             \
			return nth_judge_none(__FILE__, __LINE__, #call); \
	} while (0)

/* The end of a short wait; whether to wait once more. */
gn_time nth_slice(void);
bool nth_again(long long result, gn_time begun);

/* Long enough that only a hang meets it. */
#define SOON gn_in(20 * GN_SEC)

#define WANT(condition)                                            \
	do {                                                       \
		if (!(condition))                                  \
			nth_fail(__FILE__, __LINE__, #condition);  \
	} while (0)

/* The end of a trial that went wrong. */
_Noreturn void nth_fail(const char *file, int line, const char *what);

/* nth_struck tells whether something has failed since. */
bool nth_struck(void);

/* nth_path writes the path of a file that is not there. */
void nth_path(char *path, size_t size, const char *scheme);

/* nth_address writes where a socket is. */
const char *nth_address(gn_sock *s, char text[GN_ADDR_TEXT_MAX]);

/* nth_tcp opens two connected sockets over TCP: as a trial, 0 or a code. */
int nth_tcp(gn_sock *s[2]);

#endif
