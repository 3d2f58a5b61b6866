/*
 * parcel.h: a message that is kept whole: a datagram, a packet, or a piece of
 * a Unix stream as one send made it.
 */
#ifndef GNI_IO_SIM_PARCEL_H
#define GNI_IO_SIM_PARCEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/list.h"
#include "io/sim/moment.h"
#include "io/sim/point.h"

struct gni_node;
struct gni_place;

struct gni_parcel {
	struct gni_list link;
	struct gni_node *sender;   /* unix: who is charged; else NULL */
	struct gni_moment arrival; /* udp: until it is there */
	struct gni_place *from_place, *to_place;
	struct gni_point from, to;
	bool refused; /* on its way back, as ICMP */
	uint32_t struck; /* the faults that struck it */
	size_t len, taken;
	gn_time arrived;
	size_t charge; /* what it counts against a buffer */
	uint8_t bytes[];
};

/* What has arrived and was not taken. */
struct gni_inbox {
	struct gni_list parcels;
	size_t count, charge;
	size_t len; /* bytes in all */
};

/* gni_parcel_new copies len bytes of a message from an offset on; NULL when
 * there is no memory. */
struct gni_parcel *gni_parcel_new(const struct msghdr *m, size_t offset,
				  size_t len);

/* gni_parcel_copy makes another of one that is under way; NULL: no memory. */
struct gni_parcel *gni_parcel_copy(const struct gni_parcel *parcel);

/* gni_parcel_charge is what Linux's buffers count for so many bytes: up to
 * head_max by powers of two, the rest by pages. */
size_t gni_parcel_charge(size_t len, size_t head_max);

/* gni_parcel_free frees one that is in no list and takes its charge off its
 * sender. */
void gni_parcel_free(struct gni_parcel *parcel);

void gni_inbox_init(struct gni_inbox *box);
void gni_inbox_put(struct gni_inbox *box, struct gni_parcel *parcel,
		   gn_time now);
struct gni_parcel *gni_inbox_first(const struct gni_inbox *box);

/* gni_inbox_pop takes the first one out; it may be freed. */
struct gni_parcel *gni_inbox_pop(struct gni_inbox *box);

/* gni_inbox_free frees all that is in it. */
void gni_inbox_free(struct gni_inbox *box);

/* gni_message_len sums up the pieces of a message; gni_message_read copies len
 * bytes out of them from an offset on, gni_message_write into them and gives
 * how many fitted. */
size_t gni_message_len(const struct msghdr *m);
void gni_message_read(const struct msghdr *m, size_t offset, void *to,
		      size_t len);
size_t gni_message_write(struct msghdr *m, size_t offset, const void *from,
			 size_t len);

/* gni_message_stamp gives a message the control message SCM_TIMESTAMP, cut to
 * the room there is, with MSG_CTRUNC then. */
void gni_message_stamp(struct msghdr *m, gn_time at);

/*
 * gni_parcel_take gives one parcel to a receive: as many bytes as fit, with
 * MSG_TRUNC in msg_flags when they were not all.
 *
 * Returns the bytes given, or with MSG_TRUNC in flags the parcel's length.
 */
ssize_t gni_parcel_take(const struct gni_parcel *parcel, struct msghdr *m,
			int flags);

#endif
