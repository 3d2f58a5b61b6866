/*
 * sock.h: the handle behind every kind of socket.
 *
 * Its memory is type-stable: freed handles are kept and reused last, so that
 * a use after close is told rather than served by a stranger's socket.
 *
 *	        gn_recv, gn_recv_line …          gn_send, gn_flush …
 *	               ^                                |
 *	   input: one queue of what came      output: what was gathered, and
 *	   in and was not taken yet           what is under way
 *	               ^                                |
 *	               +---------- src/io --------------+
 */
#ifndef GNI_SOCK_SOCK_H
#define GNI_SOCK_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <gnezdo/socket.h>

#include "base/bytes.h"
#include "error/error.h"
#include "io/io.h"
#include "loop/loop.h"
#include "sock/kind.h"

/* A socket holds at most so many bytes that nobody asked for, unless an option
 * says otherwise; then the peer feels TCP's window.  One large read, and small
 * beside the kernel's own. */
#define GNI_RECV_AHEAD ((size_t)64 * 1024)

/* How much a receive into the queue asks for at a time, bytes. */
#define GNI_RECV_CHUNK ((size_t)4 * 1024)

/* Receives of so many bytes and more, several in a row, go straight into the
 * caller's buffer: to copy them would cost more than a system call saves. */
#define GNI_RECV_LARGE ((size_t)8 * 1024)
#define GNI_RECV_LARGE_ROW 4

/* Connections taken from the backlog ahead of accept: enough to keep the
 * ring's accept armed, few enough that the backlog still means something. */
#define GNI_ACCEPT_AHEAD 16

/* A send of at most so many bytes is gathered; a larger one gains nothing
 * from the copy. */
#define GNI_GATHER_MAX ((size_t)4 * 1024)

/* What may wait in a socket to be sent, before its sender has to. */
#define GNI_SEND_QUEUE ((size_t)16 * 1024)

/* The longest that a close takes, when nobody says otherwise. */
#define GNI_LINGER_NS (5 * GN_SEC)

/* What has come in on a stream, or to a listener (an int a descriptor). */
struct gni_input {
	struct gni_bytes queue;
	struct gni_op op; /* the standing one, or the drain of a close */
	int error;	  /* errno that ended it, told after the bytes; 0 */
	uint32_t ahead_bytes; /* the most that nobody asked for */
	/* A reader that waits for the standing operation: into its buffer
	 * first, if it has one. */
	void *into;
	size_t room;
	bool ended;    /* the peer has ended its sending */
	uint8_t large; /* large receives in a row */
};

/* What is to go out on a stream; its bytes are in struct gni_far. */
struct gni_output {
	int error;   /* errno that ended it: the next call's; 0 */
	bool queued; /* there may be bytes gathered or flying */
	bool rests;  /* the timer of a rest is reserved */
	bool corked;
	bool ended; /* our end was sent */
	bool cut;   /* what ended the latest operation nobody was told */
};

/* How far a close has come. */
enum gni_closing {
	GNI_OPEN,
	GNI_ENDING,   /* what is queued goes out */
	GNI_DRAINING, /* our end is sent, what still comes is dropped */
	GNI_CLOSED,
};

/*
 * What an idle connection has no use for.  It lies in pages of its own, which
 * take no memory before they are written: gni_sock_far is how to write.
 */
struct gni_far {
	gn_sock *sock; /* whose; NULL: nothing was written, all is zero */
	struct gni_bytes gathered; /* grows; leaves before the next wait */
	struct gni_bytes flying;   /* the kernel's until the op is done */
	struct gni_op op;
	struct gni_gathered leave;
	struct gni_timer rest; /* when a shortage has passed, perhaps */
	struct gni_timer linger;
	int64_t linger_ns;
	struct gni_wait *closer; /* a root fiber that waits for the close */
	struct gni_file file; /* the Unix path that is ours */
	int out_fd; /* where a pipe is written */
	gn_addr local; /* kind GN_KIND_NONE: the kernel knows it */
	gn_addr peer;  /* one too long for gni_peer, or it as a whole */
};

/* The other end of a connection, when it is short. */
struct gni_peer {
	uint8_t kind; /* GN_KIND_NONE: see gni_far */
	uint8_t len;
	uint8_t sockaddr[28]; /* an IPv6 address is the longest */
};

struct gn_sock {
	uint8_t kind, role, closing;
	bool live : 1;	      /* may be used; else it was closed */
	bool borrowed : 1;    /* gn_serve closes it, nobody else */
	bool keep_open : 1;   /* standard input and output stay open */
	bool leaving : 1;     /* its thread ends: it belongs to nobody soon */
	bool forced : 1;      /* the linger time is over: none is waited for */
	bool timed : 1;	      /* the linger timer is reserved */
	bool unread_seen : 1; /* a close dropped bytes: it waits for the peer */
	bool lingers : 1;     /* as long as was said, in gni_far */
	int fd;
	unsigned fork;
	unsigned users; /* fibers inside a wait on it */
	struct gni_loop *loop; /* of the thread that first waited */
	struct gni_owned owned;
	struct gni_wait *reader, *writer; /* the waits in progress */
	struct gni_input in;
	struct gni_output out;
	struct gni_peer near_peer;
	unsigned verbs; /* the calls it has, a bit each */
	struct gni_far *far;
};

/* gni_sock_far gives what is far of a socket, to be written. */
static inline struct gni_far *gni_sock_far(const gn_sock *s)
{
	if (!s->far->sock) {
		s->far->sock = (gn_sock *)(uintptr_t)s;
		gni_list_init(&s->far->leave.link);
	}
	return s->far;
}

static inline gn_sock *gni_sock_of(const struct gni_far *far)
{
	return far->sock;
}

/* gni_sock_peer_is notes the other end's address, for gn_sock_peer. */
void gni_sock_peer_is(gn_sock *s, const gn_addr *peer);

/* gni_sock_peer_far gives it in what is far, which it writes. */
const gn_addr *gni_sock_peer_far(const gn_sock *s);

/* gni_sock_about does so for the trace of a simulation; NULL elsewhere. */
static inline const gn_addr *gni_sock_about(const gn_sock *s)
{
	bool traced = s->loop && s->loop->backend->note;

	return __builtin_expect(traced, 0) ? gni_sock_peer_far(s) : NULL;
}

/* gni_sock_where writes the address that tells a socket from others. */
const char *gni_sock_where(const gn_sock *s, char text[GN_ADDR_TEXT_MAX]);

/*
 * gni_sock_open makes a handle of a descriptor.  NULL: no memory, with the
 * record written; the descriptor stays the caller's.
 */
gn_sock *gni_sock_open(enum gn_kind kind, enum gni_role role, int fd,
		       const char *operation);

/* gni_sock_life gives a number that no other socket ever has had, 0 when it was
 * closed: its handle may then be another's.  Any thread may ask. */
uint64_t gni_sock_life(const gn_sock *s);

/* gni_sock_free gives the handle's memory back, whose descriptor is gone. */
void gni_sock_free(gn_sock *s);

/*
 * gni_sock_check asks what every call asks first: the handle is one that is
 * open, of this process and thread, and has the verb.
 *
 * Returns 0, or a code with the record written.  A closed handle stops the
 * program.
 */
int gni_sock_check(gn_sock *s, enum gni_verb verb);

/*
 * gni_sock_begin is the first line of a call that may wait: it checks, makes
 * the socket the calling thread's, and looks whether the fiber was cancelled.
 * Returns as gni_sock_check.
 */
int gni_sock_begin(gn_sock *s, enum gni_verb verb);

/* gni_sock_attach makes it the loop's, whose thread calls; nothing happens to
 * one that belongs to it already. */
void gni_sock_attach(gn_sock *s, struct gni_loop *loop);

/* gni_sock_detach gives it back: no operation is in. */
void gni_sock_detach(gn_sock *s);

/* gni_sock_idle follows each last completion of a standing operation: a
 * socket that leaves its thread may have become free to. */
void gni_sock_idle(gn_sock *s);

/* gni_sock_fail writes the record of a failing call: result is a code or a
 * negative errno.  Returns the code. */
int gni_sock_fail(const gn_sock *s, enum gni_verb verb, int result,
		  size_t done, size_t need);

/* gni_sock_lacks tells whether an errno says that the system is short of
 * memory: the connection stands, and what failed may be tried again. */
bool gni_sock_lacks(int error);

/* gni_sock_breaks tells whether an errno says that the connection is no more;
 * EPIPE, after which bytes may still come, does not. */
bool gni_sock_breaks(int error);

/* gni_sock_calls gives the calls for a socket and where they go, whether or not
 * the thread has a loop yet. */
const struct gni_calls *gni_sock_calls(const gn_sock *s, struct gni_io **io);

/*
 * gni_sock_wait suspends the caller as the socket's reader or writer (at
 * slot) until gni_sock_wake of that slot, a deadline, a cancel or a close.
 *
 * Returns the result given to the wake, or the code that struck; GN_ECLOSED
 * if the socket was closed meanwhile, which then lasts until the fiber's next
 * wait: the record may be written of it, and nothing else.
 */
int gni_sock_wait(gn_sock *s, struct gni_wait **slot, enum gni_verb verb,
		  gn_time until);

/* gni_sock_wake ends the wait at a slot, if there is one. */
void gni_sock_wake(struct gni_wait **slot, int result);

/* gni_sock_call is the same for one operation; see gni_call_wait. */
int gni_sock_call(gn_sock *s, struct gni_wait **slot, struct gni_call *c,
		  enum gni_verb verb, gn_time until);

/* gni_close_step goes on with a close as far as it can; true when the socket
 * is gone.  gni_close_later does so when the running fiber next waits. */
bool gni_close_step(gn_sock *s);
void gni_close_later(gn_sock *s);

/* gni_close_now closes a socket that no other fiber waits on, without
 * waiting for anything: what a failed constructor does. */
void gni_close_now(gn_sock *s);

#endif
