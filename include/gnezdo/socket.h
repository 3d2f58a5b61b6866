/*
 * socket.h: sockets of every kind, by one set of calls.
 *
 * The words are the textbook's: listen, accept, connect, bind, send, recv,
 * shutdown, close.  What a socket is stands in its address (addr.h).  Each
 * call may be written as if it blocked: in a fiber it suspends the fiber, on
 * a plain thread it blocks that thread.  A socket belongs to the thread that
 * first makes a call on it that may wait; before that it may be handed over.
 * At most one fiber receives from a socket and one sends to it at a time; a
 * second one stops the program with a sentence.
 *
 * Options, written in the address: backlog=512 linger=5s alive=30s nodelay=off
 * sndbuf=64k rcvbuf=64k recv-ahead=64k (of streams) mode=0660 (of a Unix
 * socket's file).
 *
 *	#include <gnezdo.h>
 *	#include <string.h>
 *
 *	int main(void)
 *	{
 *		gn_sock *pair[2];
 *		char text[8];
 *		gn_time until = gn_in(2 * GN_SEC);
 *
 *		if (gn_pair(GN_UNIX, pair) < 0)
 *			return 1;
 *		gn_auto gn_sock *a = pair[0], *b = pair[1];
 *		if (gn_send(a, "hello", 5, until) < 0)
 *			return 1;
 *		return gn_recv(b, text, sizeof text, until) == 5 ? 0 : 1;
 *	}
 */
#ifndef GNEZDO_SOCKET_H
#define GNEZDO_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <gnezdo/addr.h>
#include <gnezdo/base.h>
#include <gnezdo/time.h>

GN_EXTERN_BEGIN

/* One end of a conversation, or a listener: every kind is this type. */
typedef struct gn_sock gn_sock;

/*
 * How gn_listen, gn_connect and gn_bind make a socket.  Zero means default;
 * an option in the address wins over the same one here.
 */
typedef struct gn_sock_opts {
	int backlog;	    /* connections that wait for accept; 0: the most
			     * the system allows (listen(2)) */
	int64_t linger_ns;  /* the longest a close may take; 0: 5 s */
	int64_t alive_ns;   /* dead-peer time, see gn_sock_set_alive; 0: off */
	size_t send_bytes;  /* kernel's send buffer; 0: the system's choice */
	size_t recv_bytes;  /* kernel's receive buffer; 0: the same */
	bool delay;	    /* tcp: let Nagle's algorithm gather small sends */
	const char *from;   /* connect: bind to this address first; NULL: any */
	/* Streams: the most that a socket holds of what nobody asked for yet,
	 * 4096 to 1048576 bytes; above it the peer has to wait, as it does when
	 * the kernel's buffer is full.  What one call looks for (gn_recv_exact,
	 * gn_recv_line…) may be longer.  0: 65536. */
	size_t recv_ahead_bytes;
} gn_sock_opts;

/*
 * gn_listen opens a listener: tcp, unix and unix-seqpacket.
 *
 * Does not wait.  tcp://:PORT listens on both families, on IPv4 alone where
 * IPv6 is disabled; localhost is 127.0.0.1.  Port 0 takes a free one, which
 * gn_sock_local tells.  A Unix path left by a server that is gone is replaced;
 * one that is served is in use.  Returns NULL on failure.
 *
 *   opts   NULL: defaults
 *   owns   the caller closes what is returned
 *   fails  GN_EADDR, GN_EINVAL (options), GN_EINUSE, GN_ENOADDR, GN_EPERM
 *          (ports below 1024), GN_ENOENT (directory of a path), GN_EKIND,
 *          GN_ELIMIT, GN_ENOMEM, GN_EBACKEND (version.h)
 */
GN_API GN_MUST_USE gn_sock *gn_listen(const char *address,
				      const gn_sock_opts *opts);

/*
 * gn_accept takes the next connection, waiting for one.
 *
 * The listener stays untouched and goes on listening.  Connections that broke
 * before they were accepted are passed over.  When the process is out of
 * descriptors the listener rests, 10 ms at first and up to 1 s, and tries
 * again: others wait in the backlog meanwhile.  Returns NULL on failure.
 *
 *   until  the instant to give up; GN_NOW takes one that is already there
 *   owns   the caller closes what is returned
 *   fails  GN_ETIMEOUT (the record tells if descriptors had run out),
 *          GN_ECANCELED, GN_ECLOSED, GN_EKIND, GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE gn_sock *gn_accept(gn_sock *listener, gn_time until);

/*
 * gn_connect opens a connection: tcp, unix, unix-seqpacket; for udp and
 * unix-dgram a socket that sends to and hears that one peer.
 *
 * localhost is tried on both loopbacks.  Returns NULL on failure.
 *
 *   opts   NULL: defaults
 *   until  the instant to give up
 *   owns   the caller closes what is returned
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_EREFUSED, GN_EUNREACH, GN_ERESET,
 *          GN_EDEAD (no answer for as long as the system asks), GN_ENAME,
 *          GN_ENOENT, GN_EPERM, GN_EADDR, GN_EINVAL (options), GN_EINUSE and
 *          GN_ENOADDR (opts->from), GN_ELIMIT (descriptors; no free port to
 *          connect from), GN_ENOMEM, GN_EBACKEND;
 *          gn_error_tried lists each address tried
 */
GN_API GN_MUST_USE gn_sock *gn_connect(const char *address,
				       const gn_sock_opts *opts,
				       gn_time until);

/*
 * gn_bind opens a datagram socket at an address: udp and unix-dgram.
 *
 * Does not wait.  Port 0 and udp://:PORT are as for gn_listen.  Returns NULL
 * on failure.
 *
 *   opts   NULL: defaults
 *   owns   the caller closes what is returned
 *   fails  as gn_listen
 */
GN_API GN_MUST_USE gn_sock *gn_bind(const char *address,
				    const gn_sock_opts *opts);

/*
 * gn_pair opens two connected sockets: GN_UNIX, GN_UNIX_DGRAM or
 * GN_UNIX_SEQPACKET (socketpair(2)).  Returns 0 and fills both.
 *
 *   owns   the caller closes both
 *   fails  GN_EKIND, GN_ELIMIT, GN_ENOMEM
 */
GN_API GN_MUST_USE int gn_pair(enum gn_kind kind, gn_sock *pair[2]);

/*
 * gn_send sends all of the len bytes, or one whole message on kinds that keep
 * boundaries.
 *
 * Returns 0 when all were taken, by the kernel or by the socket's bounded
 * queue.  After a failure gn_error_done tells how many were.  A failure that
 * came after the return is the next call's, or gn_flush's.  Small sends are
 * gathered only while the socket holds unread input or earlier bytes are still
 * under way, or after gn_cork, and leave before the fiber next waits; on a
 * plain thread, which may not wait for long, they never are.  Sending 0 bytes
 * is an empty datagram, and nothing on a stream.
 *
 *   until  the instant to give up; GN_NOW sends what can go at once
 *   owns   nothing: buf is free again at the return
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_ECLOSED, GN_ERESET, GN_EDEAD,
 *          GN_EREFUSED (datagrams), GN_ETOOLONG (a datagram over the kind's
 *          maximum), GN_ENOMEM and GN_ELIMIT (the system is short of memory:
 *          nothing is broken, the rest may be sent again), GN_EKIND,
 *          GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE int gn_send(gn_sock *s, const void *buf, size_t len,
			       gn_time until);

/*
 * gn_sendv is gn_send of count pieces, in order, as if they were one
 * (writev(2)).
 *
 *   count  0 to 1024 pieces
 *   until  as gn_send
 *   fails  as gn_send; GN_EINVAL for a count out of range
 */
GN_API GN_MUST_USE int gn_sendv(gn_sock *s, const struct iovec *pieces,
				int count, gn_time until);

/*
 * gn_recv takes what has arrived, waiting until there is something.
 *
 * On a stream it returns 1 to len bytes, or 0 once the peer has ended its
 * sending, then and at every later call.  On kinds with boundaries it returns
 * one message, which may be empty (0).  A call that meets its deadline has
 * taken nothing; bytes that come at that instant win.
 *
 *   len    bytes at buf, at least 1
 *   until  the instant to give up; GN_NOW takes only what is already here
 *   owns   nothing: buf is not kept
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_ECLOSED, GN_ERESET, GN_EDEAD,
 *          GN_EREFUSED (a datagram sent before found nobody), GN_ETRUNC (the
 *          message was longer: len bytes of it are in buf, gn_error_need tells
 *          its length), GN_EEND (unix-seqpacket: the peer ended), GN_ENOMEM and
 *          GN_ELIMIT (the system is short of memory: nothing is lost, unless
 *          what had come found no place in the program's: a stream ends there,
 *          and every later call says GN_ENOMEM),
 *          GN_EKIND, GN_EINVAL, GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE ssize_t gn_recv(gn_sock *s, void *buf, size_t len,
				   gn_time until);

/*
 * gn_recvv is gn_recv into count pieces, filled in order (readv(2)).
 *
 *   count  1 to 1024 pieces
 *   until  as gn_recv
 *   fails  as gn_recv; GN_EINVAL for a count out of range
 */
GN_API GN_MUST_USE ssize_t gn_recvv(gn_sock *s, const struct iovec *pieces,
				    int count, gn_time until);

/*
 * gn_sendto sends one datagram to an address: udp and unix-dgram sockets that
 * gn_bind made.  Returns 0.
 *
 *   until  the instant to give up
 *   owns   nothing
 *   fails  as gn_send; GN_EINVAL when to is not of the socket's kind,
 *          GN_EUNREACH, GN_EREFUSED and GN_ENOENT (unix-dgram: nobody there)
 */
GN_API GN_MUST_USE int gn_sendto(gn_sock *s, const void *buf, size_t len,
				 const gn_addr *to, gn_time until);

/*
 * gn_recvfrom takes one datagram and its sender: udp and unix-dgram.
 *
 * Returns its length, 0 for an empty one.
 *
 *   from   may be NULL; a sender without a name gives an address that
 *          gn_addr_text writes as "unix-dgram:"
 *   until  as gn_recv
 *   owns   nothing
 *   fails  as gn_recv
 */
GN_API GN_MUST_USE ssize_t gn_recvfrom(gn_sock *s, void *buf, size_t len,
				       gn_addr *from, gn_time until);

/*
 * gn_recv_exact takes exactly len bytes of a stream.
 *
 * Returns len; 0 if the peer ended before the first of them.
 *
 *   until  the instant to give up; what had come stays in the socket
 *   fails  as gn_recv; GN_ESHORT when the peer ended in between: the bytes
 *          that came are in buf, gn_error_done counts them
 */
GN_API GN_MUST_USE ssize_t gn_recv_exact(gn_sock *s, void *buf, size_t len,
					 gn_time until);

/* The most that gn_recv_exact, _line and _until take at a time, bytes, however
 * large the buffer: what a peer can make a socket hold while a message is not
 * whole. */
#define GN_RECV_MAX ((size_t)1 << 20)

/*
 * gn_recv_line takes one line of a stream, up to and with its line feed, and
 * stores it without it (and without a carriage return before it), ended by
 * NUL.
 *
 * Returns its length, 0 for an empty line.
 *
 *   size   bytes at buf, at least 2: the longest line is size - 1
 *   until  the instant to give up; what had come stays in the socket
 *   fails  as gn_recv; GN_EEND when the peer ended and nothing was left,
 *          GN_ESHORT when it ended within a line (whose bytes are in buf),
 *          GN_ETOOLONG when the line is longer (nothing is taken)
 */
GN_API GN_MUST_USE ssize_t gn_recv_line(gn_sock *s, char *buf, size_t size,
					gn_time until);

/*
 * gn_recv_until takes the bytes of a stream up to and with a delimiter.
 *
 * Returns how many, the delimiter counted.
 *
 *   size   bytes at buf: the most that may come
 *   until  the instant to give up; what had come stays in the socket
 *   fails  as gn_recv_line; GN_EINVAL when the delimiter is empty or longer
 *          than size
 */
GN_API GN_MUST_USE ssize_t gn_recv_until(gn_sock *s, void *buf, size_t size,
					 const void *delimiter,
					 size_t delimiter_len, gn_time until);

/*
 * gn_recv_text takes what has arrived as text: whole UTF-8 characters
 * (RFC 3629), never a part of one, ended by NUL.  On kinds with boundaries it
 * takes one message, which must be whole text.
 *
 * Returns its length in bytes; on a stream 0 once the peer has ended.
 *
 *   size   bytes at buf, at least 5
 *   until  the instant to give up
 *   fails  as gn_recv; GN_ETEXT when the next bytes are not UTF-8 (on a
 *          stream nothing of them is taken), GN_ESHORT when the peer ended
 *          within a character
 */
GN_API GN_MUST_USE ssize_t gn_recv_text(gn_sock *s, char *buf, size_t size,
					gn_time until);

/*
 * gn_wait waits until a receive or an accept on the socket would not wait, and
 * takes nothing: no buffer is held meanwhile.  Returns 0; the end of the peer
 * and an error count as input.
 *
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_ECLOSED, GN_ENOMEM and GN_ELIMIT (the
 *          system is short of memory), GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE int gn_wait(gn_sock *s, gn_time until);

/*
 * gn_wait_fd waits for a descriptor that is not ours, for foreign libraries.
 *
 * Returns the events that came, as poll(2) names them: POLLIN, POLLOUT…
 *
 *   until  the instant to give up
 *   fails  GN_ETIMEOUT, GN_ECANCELED, GN_EINVAL (no such descriptor)
 */
GN_API GN_MUST_USE int gn_wait_fd(int fd, int events, gn_time until);

/*
 * gn_cork gathers what follows into the socket's queue, so that it leaves
 * together: at gn_flush, before this fiber next waits, or when it fills.
 * Does nothing on kinds with boundaries, nor on a plain thread.
 */
GN_API void gn_cork(gn_sock *s);

/*
 * gn_flush waits until the kernel has taken all that was sent, for who must
 * know.  Returns 0.
 *
 *   until  the instant to give up; what is queued stays queued
 *   fails  as gn_send: a failure of an earlier send comes out here
 */
GN_API GN_MUST_USE int gn_flush(gn_sock *s, gn_time until);

/*
 * gn_shutdown ends our sending in order: what is queued goes out, then the end
 * (shutdown(2)).  Receiving goes on.  Returns 0, also when done before.
 *
 *   until  the instant to give up; the sending is then not ended
 *   fails  as gn_flush
 */
GN_API GN_MUST_USE int gn_shutdown(gn_sock *s, gn_time until);

/*
 * gn_close lets go of a socket.  NULL is accepted; it reports nothing.
 *
 * Our sending ends in order as by gn_shutdown.  If bytes lie there that nobody
 * took, the peer is heard out: what it still sends is taken and dropped, so
 * that it does not turn our end into a reset.  All this takes at most the
 * linger time (5 s, or as the socket was made); then comes a reset.
 * In a fiber it returns at once and the loop finishes, a cancel
 * notwithstanding; on a plain thread close itself takes that long.  A fiber
 * that waits on the socket gets GN_ECLOSED.  The handle must not be used
 * again; a use that can be told stops the program with a sentence.
 *
 *   owns   takes s
 */
GN_API void gn_close(gn_sock *s);

/* gn_auto_close is for gn_auto.
 *
 *   owns   takes *s
 */
static inline void gn_auto_close(gn_sock **s)
{
	gn_close(*s);
}

/* gn_auto before a gn_sock pointer closes it at the end of its block. */
#define gn_auto __attribute__((cleanup(gn_auto_close)))

/*
 * gn_sock_local gives the socket's own address.  *addr is no address if there
 * is none.
 */
GN_API void gn_sock_local(const gn_sock *s, gn_addr *addr);

/*
 * gn_sock_peer gives the address of the other end, as it was when the
 * connection was made.  *addr is no address if there is none.
 */
GN_API void gn_sock_peer(const gn_sock *s, gn_addr *addr);

/* gn_sock_kind gives the kind. */
GN_API enum gn_kind gn_sock_kind(const gn_sock *s);

/*
 * gn_sock_set_nodelay sets whether small segments leave at once (tcp(7),
 * TCP_NODELAY); they do unless told otherwise.  Returns 0.
 *
 *   fails  GN_EKIND
 */
GN_API GN_MUST_USE int gn_sock_set_nodelay(gn_sock *s, bool on);

/*
 * gn_sock_set_buffers sets the kernel's buffers, bytes; 0 leaves one as it is.
 * The system may round them (socket(7), SO_SNDBUF and SO_RCVBUF).  Returns 0.
 *
 *   fails  GN_EKIND, GN_EINVAL
 */
GN_API GN_MUST_USE int gn_sock_set_buffers(gn_sock *s, size_t send_bytes,
					   size_t recv_bytes);

/*
 * gn_sock_set_alive sets the dead-peer time: a peer that answers nothing for
 * so long, whether the connection is idle (keepalive) or has bytes under way
 * (TCP_USER_TIMEOUT), ends it with GN_EDEAD.  0 switches it off.  tcp only.
 * Returns 0.
 *
 *   alive_ns  3 s to 9 h, rounded up to whole seconds
 *   fails     GN_EKIND, GN_EINVAL
 */
GN_API GN_MUST_USE int gn_sock_set_alive(gn_sock *s, int64_t alive_ns);

/*
 * gn_adopt makes a socket of a descriptor: its kind and role are read from it.
 * A pipe, a terminal or a file becomes GN_PIPE.  Returns NULL on failure, the
 * descriptor untouched.
 *
 *   owns   the caller closes what is returned, and with it the descriptor
 *   fails  GN_EINVAL (no such descriptor), GN_EKIND (a socket of a family
 *          that gnezdo does not know), GN_ENOMEM
 */
GN_API GN_MUST_USE gn_sock *gn_adopt(int fd);

/*
 * gn_release takes the descriptor back out of a socket, which is gone after.
 *
 * Returns the descriptor, without close-on-exec changed.  Bytes that had been
 * received and not taken are stored at unread, and their count in *unread_len.
 *
 *   size   bytes at unread
 *   owns   takes s; the caller closes the descriptor.  On failure s stays
 *   fails  GN_ETOOLONG (gn_error_need tells the size), GN_EINVAL (a fiber
 *          waits on it; sends are queued: gn_flush first; a listener has taken
 *          connections from its backlog: gn_accept them first with GN_NOW; it
 *          is a client of gn_serve), GN_ETHREAD, GN_EFORK
 */
GN_API GN_MUST_USE int gn_release(gn_sock *s, void *unread, size_t size,
				  size_t *unread_len);

/*
 * gn_stdio gives standard input and output as one socket: gn_recv reads the
 * first, gn_send writes the second.  A terminal is read without stopping other
 * fibers.  Each call gives the same socket; the descriptors stay open when it
 * is closed.  Returns NULL on failure.
 *
 *   owns   the caller closes what is returned
 *   fails  GN_EINVAL (both are closed), GN_ENOMEM
 */
GN_API GN_MUST_USE gn_sock *gn_stdio(void);

GN_EXTERN_END

#endif
