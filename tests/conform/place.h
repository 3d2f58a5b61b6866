/*
 * place.h: what cases are made of: sockets of the kind at hand, and ways to
 * say what was wrong.
 */
#ifndef CONFORM_PLACE_H
#define CONFORM_PLACE_H

#include "conform.h"

/* Long enough that only a hang meets it. */
#ifndef SOON
#define SOON gn_in(60 * GN_SEC)
#endif

/* The shortest wait that is still one, for what must be given up. */
#define A_MOMENT gn_in(3 * GN_MSEC)

#define ADDRESS_MAX GN_ADDR_TEXT_MAX

/* A part gives up with a sentence unless the condition holds. */
#define WANT(condition)                                                \
	do {                                                           \
		if (!(condition))                                      \
			return broken(__FILE__, __LINE__, #condition); \
	} while (0)

/* The same for a result, which is then told by its name or number. */
#define WANT_IS(actual, expected)                                           \
	do {                                                                \
		long long is_ = (long long)(actual), wants_ = (expected);   \
		if (is_ != wants_)                                          \
			return unequal(__FILE__, __LINE__, #actual, wants_, \
				       is_);                                \
	} while (0)

/* The same for text. */
#define WANT_TEXT(actual, expected)                                      \
	do {                                                             \
		const char *is_ = (actual), *wants_ = (expected);        \
		if (strcmp(is_, wants_) != 0)                            \
			return unlike(__FILE__, __LINE__, #actual,       \
				      wants_, is_);                      \
	} while (0)

/* Goes on if a helper has not already failed and said so. */
#define TRY(call)                     \
	do {                          \
		if ((call) < 0)       \
			return -1;    \
	} while (0)

int broken(const char *file, int line, const char *condition);
int unequal(const char *file, int line, const char *actual, long long wants,
	    long long is);
int unlike(const char *file, int line, const char *actual, const char *wants,
	   const char *is);

/* note says something beside the result. */
void note(const char *form, ...) __attribute__((format(printf, 1, 2)));

/* skip ends a case that cannot run on this machine: 0. */
int skip(const struct place *p, const char *why);

/* fresh_address writes one to listen at or bind to, with port 0 or a path
 * that is not taken, and what is given of options. */
void fresh_address(const struct place *p, const char *options,
		   char address[ADDRESS_MAX]);

/* fresh_path writes a path in the folder. */
void fresh_path(const struct place *p, char *path, size_t size);

/* address_of writes the address a socket can be reached at. */
void address_of(gn_sock *s, char address[ADDRESS_MAX]);

/* listen_somewhere opens a listener (SERVED) or a bound socket (BOUND) and
 * tells its address; NULL: failed and said. */
gn_sock *listen_somewhere(const struct place *p, char address[ADDRESS_MAX]);

/* Two connected sockets: the first connected, the second accepted or, of
 * kinds that are bound, the first's peer without one of its own.  The second
 * has not been waited on: it may be handed to another thread. */
int two(const struct place *p, gn_sock *s[2]);

/* two_with is the same with options for the first, and text of options for
 * the address of the second. */
int two_with(const struct place *p, const gn_sock_opts *opts,
	     const char *options, gn_sock *s[2]);

void close_two(gn_sock *s[2]);

/* The two parts of a case wait for each other by bells.  ring_us and ring_them
 * are heard by the next hear_us and hear_them: who it is rung by is named. */
int ring_us(const struct place *p);
int ring_them(const struct place *p);
int hear_us(const struct place *p);
int hear_them(const struct place *p);

/* pattern fills bytes of an endless sequence, from an offset on; wrong_at
 * gives the first that differs, or len. */
void pattern(void *buf, size_t len, size_t offset);
size_t wrong_at(const void *buf, size_t len, size_t offset);

/* send_pattern and recv_pattern move so many bytes of it. */
int send_pattern(gn_sock *s, size_t len, size_t offset);
int recv_pattern(gn_sock *s, size_t len, size_t offset);

/* recv_end wants the other side's end, again and again. */
int recv_end(gn_sock *s);

/* say and answer: one message to the peer, or to who sent one before. */
int answer(const struct place *p, gn_sock *s, const gn_addr *to,
	   const void *buf, size_t len);

/* fill sends until the kernel takes no more, giving how many bytes it took;
 * below zero: failed and said. */
ssize_t fill(gn_sock *s);

/* break_off takes a socket's descriptor away and breaks the connection: of TCP
 * by a reset, of a Unix socket by a close. */
int break_off(gn_sock *s);

/* turns lets what can happen without time passing happen. */
void turns(void);

/* here gives what of a group's fiber still runs: see go_one. */
struct one {
	gn_group *group;
};

/* go_one starts one fiber in a group of its own, join_one waits for it and
 * gives what it returned, cancel_one cancels it. */
int go_one(struct one *one, gn_fiber_fn *fn, void *arg);
int join_one(struct one *one);
void cancel_one(struct one *one);

/* sentence gives the last failure's text with ports and the folder replaced:
 * "connect tcp://127.0.0.1:PORT: connection refused". */
const char *sentence(const struct place *p);

#endif
