/*
 * seam_test.h: what the tests of the seam share.  One suite at the level of
 * io.h, run against every backend of the real world: a case is a function and
 * knows the backend only as its seam.
 */
#ifndef GNI_IO_SEAM_TEST_H
#define GNI_IO_SEAM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include "io/io.h"

/* The state of a test. */
struct seam {
	struct gni_io *io;
	const struct gni_backend *backend;
	const struct gni_calls *calls;
	int family; /* of the sockets, where a case is run over several */
	int (*open)(struct gni_io **io);
};

/* Which tests a case makes: run over tcp4 alone or over tcp4, tcp6 and unix;
 * for backends with standing operations only, or without. */
enum seam_runs {
	RUN_ONCE = 0,
	RUN_FAMILIES = 1 << 0,
	RUN_STANDING = 1 << 1,
	RUN_NOT_STANDING = 1 << 2,
	RUN_MANY_FILES = 1 << 3, /* where so many descriptors are allowed */
};

struct seam_case {
	const char *name;
	void (*run)(struct seam *s);
	unsigned runs;
};

#define SEAM_MANY_FILES 4100

/* The cases, by file; each ends with a NULL name. */
extern const struct seam_case seam_stream_cases[];
extern const struct seam_case seam_cancel_cases[];
extern const struct seam_case seam_standing_cases[];
extern const struct seam_case seam_event_cases[];
extern const struct seam_case seam_message_cases[];
extern const struct seam_case seam_poll_cases[];
extern const struct seam_case seam_queue_cases[];
extern const struct seam_case seam_process_cases[];

/* An operation that remembers its completions. */
struct heard {
	struct gni_op op;
	int calls;
	int result; /* of the last one */
	bool more;
};

struct heard heard(enum gni_op_kind kind, int fd);
struct heard heard_bytes(enum gni_op_kind kind, int fd, void *buf, size_t len);
struct heard heard_connect(int fd, const gn_addr *addr);
struct heard heard_poll(int fd, uint32_t events);

void submit(struct seam *s, struct heard *h);
void cancel(struct seam *s, struct heard *h);

/* await waits until the operation has completed; its result. */
int await(struct seam *s, struct heard *h);

/* do_op submits it and awaits it; its result. */
int do_op(struct seam *s, struct heard *h);
int do_recv(struct seam *s, int fd, void *buf, size_t len);
int do_send(struct seam *s, int fd, const void *buf, size_t len);
int do_accept(struct seam *s, int listener);
int do_poll(struct seam *s, int fd, uint32_t events);
int do_connect(struct seam *s, int fd, const gn_addr *addr);

/* turns calls a few waits that do not wait: what can happen has happened. */
void turns(struct seam *s);

/* assert_in checks that it has not completed, turning a few times. */
void assert_in(struct seam *s, const struct heard *h);

/* any_addr is an address to bind to at which the kernel chooses the rest. */
gn_addr any_addr(int family);
gn_addr name_of(struct seam *s, int fd, bool peer);
int socket_open(struct seam *s, int family, int type);

/* bound_open makes a socket bound to a free address, and tells which. */
int bound_open(struct seam *s, int family, int type, gn_addr *addr);
int listener_open(struct seam *s, int backlog, gn_addr *addr);

/* pair_open makes a connected pair of the case's family: fd[0] connected, fd[1]
 * was accepted. */
void pair_open(struct seam *s, int fd[2]);
void pair_close(struct seam *s, const int fd[2]);

/* unix_pair makes a pair that was never connected. */
void unix_pair(struct seam *s, int type, int fd[2]);

/* send_now and recv_now are the calls that do not wait. */
ssize_t send_now(struct seam *s, int fd, const void *buf, size_t len);
ssize_t recv_now(struct seam *s, int fd, void *buf, size_t len);

/* fill sends until the socket takes no more; how many bytes went in. */
size_t fill(struct seam *s, int fd);

/* in_child runs a part in a forked process with a backend of its own, opened
 * after prepare (or NULL), and passes its verdict on: 0, or a line. */
void in_child(struct seam *s, void (*prepare)(void),
	      int (*part)(struct seam *s));

/* In a child: gives up with the line unless the condition holds. */
#define CHILD_CHECK(condition)           \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

#endif
