/*
 * io.h: the seam between gnezdo and the world.
 *
 * It is shaped like io_uring: operations go in by submit, completions come out
 * through the operation's done, which only wait calls.  Behind it stand uring,
 * for which this is the native shape; epoll and poll, which try, arm and try
 * again; and the simulator, which is a backend like the others.
 *
 * Two lifetimes.  A call operation lives on the waiting fiber's stack and
 * completes once.  A standing operation lives in its socket, completes many
 * times, and its owner is freed only after the last.  In both the kernel owns
 * the buffers until that completion was seen: whoever gives up submits a
 * cancel and waits for the answer.
 *
 * Everything here is called by the thread that opened the backend, wake alone
 * by any.  Results below zero are negative errnos.
 */
#ifndef GNI_IO_IO_H
#define GNI_IO_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <gnezdo/addr.h>
#include <gnezdo/time.h>

#include "base/list.h"

enum gni_op_kind {
	/* Call operations: one completion. */
	GNI_OP_POLL,	/* events; result: the poll(2) events that came */
	GNI_OP_ACCEPT,	/* result: a new descriptor, close-on-exec, above 2 */
	GNI_OP_CONNECT, /* addr; result: 0 */
	GNI_OP_RECV,	/* message or buf and len; result: bytes, 0: the end */
	GNI_OP_SEND,	/* message or buf and len; result: bytes taken, which
			 * on a stream may be fewer than given */
	/* Standing operations: completions until one without more. */
	GNI_OP_ACCEPT_MULTI, /* result: a new descriptor each time */
	GNI_OP_RECV_MULTI,   /* result: bytes at op->arrived, 0: the end; it
			      * may pause after len bytes, if that is not 0,
			      * so that a cancel is heard in time */
};

enum gni_op_state {
	GNI_OP_IDLE,	 /* the owner's: may be filled, submitted, freed */
	GNI_OP_IN,	 /* the backend's until done without more */
	GNI_OP_CANCELED, /* the same, and a cancel was asked for */
};

struct gni_op {
	/*
	 * Called within wait.  When more is false the operation is idle again
	 * at the call and may be submitted anew from inside it.
	 */
	void (*done)(struct gni_op *op, int result, bool more);
	struct gni_list link; /* the backend's while it is in */
	void *backend;	      /* the same */
	int fd;
	uint8_t kind;  /* enum gni_op_kind */
	uint8_t state; /* enum gni_op_state, written by the backend */
	bool waited;   /* a fiber waits for it: its wake is in the trace */
	bool tried;    /* the backend's while it is in */
	bool cut;      /* of SEND, with its result: an error that ended it early
			* is told to nobody, and the next send hears EPIPE */
	union {
		int flags; /* MSG_… of RECV and SEND; MSG_NOSIGNAL is implied.
			    * MSG_WAITALL, of SEND on a stream only: the backend
			    * may go on after a short one */
		uint32_t events; /* POLL */
	};
	union {
		void *buf;		/* RECV and SEND without message */
		const gn_addr *addr;	/* CONNECT */
		const uint8_t *arrived; /* RECV_MULTI: valid until done
					 * returns */
	};
	size_t len;
	struct msghdr *message; /* RECV and SEND: used when not NULL */
};

/* Which file a Unix socket's path is, so that only it is ever removed. */
struct gni_file {
	uint64_t device, inode; /* inode 0: none */
};

struct gni_io;

/*
 * Calls that never wait.  All but close give 0 or more, or a negative errno;
 * descriptors they make are close-on-exec and above 2 (a program may have been
 * started with its standard streams closed).
 */
struct gni_calls {
	int (*socket)(struct gni_io *io, int domain, int type, int protocol);
	int (*pair)(struct gni_io *io, int type, int fd[2]);

	/*
	 * Binds.  A Unix path whose socket file nobody serves any more and
	 * which is ours is replaced, under a lock; one that is served gives
	 * EADDRINUSE.  The file has its mode (from mode, if >= 0) before
	 * anybody can connect.  *file tells what was made, for unclaim.
	 */
	int (*bind)(struct gni_io *io, int fd, const gn_addr *addr, int mode,
		    struct gni_file *file);
	/* Removes the path if it still is that file: before the descriptor is
	 * closed, which keeps the file's number from being given anew. */
	void (*unclaim)(struct gni_io *io, const gn_addr *addr,
			const struct gni_file *file);
	int (*listen)(struct gni_io *io, int fd, int backlog);

	/* MSG_DONTWAIT and MSG_NOSIGNAL are implied; EAGAIN: would wait. */
	ssize_t (*send)(struct gni_io *io, int fd, const struct msghdr *m,
			int flags);
	ssize_t (*recv)(struct gni_io *io, int fd, struct msghdr *m, int flags);

	/* Of pipes, terminals and files, after a poll said so: a write takes
	 * at most PIPE_BUF bytes and raises no SIGPIPE. */
	ssize_t (*read)(struct gni_io *io, int fd, void *buf, size_t len);
	ssize_t (*write)(struct gni_io *io, int fd, const void *buf,
			 size_t len);

	int (*shutdown)(struct gni_io *io, int fd, int how);
	int (*get)(struct gni_io *io, int fd, int level, int option,
		   void *value, socklen_t *len);
	int (*set)(struct gni_io *io, int fd, int level, int option,
		   const void *value, socklen_t len);
	/* The socket's own address or its peer's, as getsockname(2) does. */
	int (*name)(struct gni_io *io, int fd, bool peer, void *sockaddr,
		    socklen_t *len);

	/* The backend forgets the descriptor, which leaves our hands; no
	 * operation may be in on it. */
	void (*forget)(struct gni_io *io, int fd);
	/* Forgets and closes it. */
	void (*close)(struct gni_io *io, int fd);

	/* A host's name to its addresses, without asking anybody: how many
	 * (at most max) were stored, 0: unknown.  Only the simulator has it. */
	int (*host)(struct gni_io *io, const char *name, uint16_t port,
		    enum gn_kind kind, gn_addr *found, int max);
};

/* An event, for the trace of a simulation.  Nothing of it is kept. */
struct gni_note {
	unsigned place;	     /* the host, 0: none */
	const char *fiber;   /* whose it is; NULL: the host's or a socket's */
	const char *what;    /* a literal: "recv" */
	const char *about;   /* another one that completes it, or NULL */
	const gn_addr *with; /* NULL: nobody, or nobody knows */
	int64_t value;
};

struct gni_backend {
	const char *name; /* "io_uring", "epoll", "poll", "simulation" */
	const struct gni_calls *calls;

	/* Takes an idle operation.  It never fails and never completes inside:
	 * what cannot be started completes with an error in the next wait. */
	void (*submit)(struct gni_io *io, struct gni_op *op);

	/* Asks an operation to end early: it completes with what it had come
	 * to, or with ECANCELED.  One that was submitted in this turn is tried
	 * once all the same.  Nothing happens to one that is idle. */
	void (*cancel)(struct gni_io *io, struct gni_op *op);

	/* Starts what was submitted and calls done of what has completed,
	 * waiting for the first of them until the instant, a wake or (sooner
	 * than asked, harmlessly) a signal.  Only the loop calls it. */
	void (*wait)(struct gni_io *io, gn_time until);

	/* Makes a present or else the next wait return.  Any thread, and a
	 * signal handler, may call it. */
	void (*wake)(struct gni_io *io);

	/* What follows is done by the fiber of that name (NULL: none), at a
	 * place: a simulated host.  NULL where there is only one. */
	void (*enter)(struct gni_io *io, unsigned place, const char *fiber);

	/* Adds an event to the trace; NULL where there is none. */
	void (*note)(struct gni_io *io, const struct gni_note *note);

	/* Ends the backend: no operation is in. */
	void (*close)(struct gni_io *io);
};

/* What every backend begins with. */
struct gni_io {
	const struct gni_backend *backend;
	bool multishot; /* the standing operations exist */
	bool stuck;	/* a wait for ever found that nothing can ever come;
			 * only the simulator can know, the loop clears it */
	const char *faults; /* what is injected, and by which seed; NULL:
			     * nothing */
};

/* Kernel features, switched off by GNEZDO_OFF=word,word,… */
enum gni_feature {
	GNI_FEATURE_MULTISHOT = 1 << 0, /* multishot: standing operations */
	GNI_FEATURE_PBUF = 1 << 1,	/* pbuf: rings of provided buffers */
	GNI_FEATURE_PBUF_INC = 1 << 2,	/* pbuf_inc: consumed by pieces */
	GNI_FEATURE_DEFER = 1 << 3,	/* defer: task work deferred to wait */
	GNI_FEATURE_GUARD = 1 << 4,	/* guard: MADV_GUARD_INSTALL */
	GNI_FEATURE_OVERFLOW = 1 << 5,	/* overflow: the stack fault handler */
};

/*
 * gni_io_choose opens the backend for this thread: io_uring, or epoll where
 * the kernel or a filter refuses a ring; GNEZDO_BACKEND forces one of these or
 * poll, which nothing else does.
 *
 * Returns 0 or a negative errno with a sentence in *why (static or thread's).
 */
int gni_io_choose(struct gni_io **io, const char **why);

/* gni_io_refused says in words why the ring was refused to this process, NULL
 * if it was not: "io_uring_setup: Operation not permitted". */
const char *gni_io_refused(void);

/* gni_io_off tells which features GNEZDO_OFF switches off; an unknown word is
 * a sentence in *why and a negative errno. */
int gni_io_off(unsigned *features, const char **why);

/* The backends: each opens itself or gives a negative errno.  entries is the
 * size of the rings, 0 for the default. */
int gni_uring_open(struct gni_io **io, unsigned features_off,
		   unsigned entries);
int gni_epoll_open(struct gni_io **io);
int gni_poll_open(struct gni_io **io);

/* The calls of the real world, shared by all but the simulator. */
extern const struct gni_calls gni_sys_calls;

#endif
