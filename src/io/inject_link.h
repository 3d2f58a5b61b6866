/* inject_link.h: the link between this process and all others, as far as it
 * can be spoiled from here. */
#ifndef GNI_IO_INJECT_LINK_H
#define GNI_IO_INJECT_LINK_H

#include "io/inject.h"

/* A descriptor, as faults see it.  What is no socket is of no type. */
struct gni_link_end {
	int fd;
	int type;  /* SOCK_… */
	bool inet; /* has a link; what is of this machine alone has none */
	gn_faults now; /* that hold for it */
};

struct gni_link_end gni_link_end(struct gni_inject *j, int fd);

/* Tells whether what crosses is a stream of bytes, which may be cut up. */
static inline bool gni_link_streams(const struct gni_link_end *e)
{
	return e->type == SOCK_STREAM;
}

/* gni_link_len gives the bytes of a message. */
size_t gni_link_len(const struct msghdr *m);

/* A send of more pieces than these is short by itself. */
#define GNI_LINK_PIECES 16

/* gni_link_shorten makes a message of the first len bytes of another. */
void gni_link_shorten(struct msghdr *less, struct iovec pieces[GNI_LINK_PIECES],
		      const struct msghdr *m, size_t len);

/* gni_link_shut gives when it opens that is cut or stalled, GN_NOW: it is
 * open. */
gn_time gni_link_shut(const struct gni_inject *j, const struct gni_link_end *e);

/* gni_link_busy gives when the rate lets the next bytes out, GN_NOW: now. */
gn_time gni_link_busy(const struct gni_inject *j, const struct gni_link_end *e);

/* gni_link_passes gives how many of so many bytes of a stream pass at a time:
 * at least 1 of any. */
size_t gni_link_passes(struct gni_inject *j, const struct gni_link_end *e,
		       size_t len, bool out);

/* gni_link_took notes that so many bytes passed, and gives when the last has.
 */
gn_time gni_link_took(struct gni_inject *j, const struct gni_link_end *e,
		      size_t len, bool out);

/* gni_link_delay draws how long something takes, in nanoseconds. */
int64_t gni_link_delay(struct gni_inject *j, const struct gni_link_end *e);

/*
 * gni_link_reset draws whether the connection breaks now, and breaks it: the
 * peer of a TCP connection gets a reset, that of a Unix stream the end.
 */
bool gni_link_reset(struct gni_inject *j, const struct gni_link_end *e);

/* gni_link_abort ends a connection that was accepted by a reset. */
void gni_link_abort(struct gni_inject *j, int fd);

/* gni_link_full tells whether no descriptor more may be opened beside fd. */
bool gni_link_full(struct gni_inject *j, const struct gni_link_end *e);

/*
 * gni_link_send sends a datagram that a fault may strike: lost, twice, spoilt,
 * later.  False: none does, and it has not been sent.  Else *result is the
 * send's.
 */
bool gni_link_send(struct gni_inject *j, const struct gni_link_end *e,
		   const struct msghdr *m, int flags, ssize_t *result);

/* gni_link_flights sends the datagrams that are due; the next one is then due
 * at gni_link_next_flight. */
void gni_link_flights(struct gni_inject *j);
gn_time gni_link_next_flight(const struct gni_inject *j);

/* gni_link_leave sends at once those of a descriptor that is about to go (-1:
 * of all); where the link is shut they are lost. */
void gni_link_leave(struct gni_inject *j, int fd);

#endif
