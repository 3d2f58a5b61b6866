/*
 * inject_flight.c: datagrams that a fault strikes.  Those that take longer are
 * copies of its own, sent when they are due or when their socket goes.
 */
#include <stdlib.h>
#include <string.h>

#include "io/inject_link.h"

/* A link holds no more; what is too much is lost, as everywhere. */
#define FLIGHTS_MAX 1024

struct flight {
	struct gni_list link;
	gn_time due;
	int fd, flags;
	struct msghdr message;
	struct iovec piece;
	uint8_t bytes[]; /* the datagram, its name, its control data */
};

/* Copies len bytes to *at and gives where they are, NULL for none. */
static void *put(uint8_t **at, const void *from, size_t len)
{
	uint8_t *to = *at;

	if (len == 0)
		return NULL;
	memcpy(to, from, len);
	*at += len;
	return to;
}

/* A copy of a datagram; NULL: no memory. */
static struct flight *copy(const struct gni_link_end *e,
			   const struct msghdr *m, int flags)
{
	size_t len = gni_link_len(m), size = sizeof(struct flight);
	struct flight *f;
	uint8_t *at;

	if (__builtin_add_overflow(size, len, &size) ||
	    __builtin_add_overflow(size, m->msg_namelen, &size) ||
	    __builtin_add_overflow(size, m->msg_controllen, &size))
		return NULL;
	f = malloc(size);
	if (!f)
		return NULL;
	at = f->bytes;
	gni_list_init(&f->link);
	f->fd = e->fd;
	f->flags = flags;
	f->message = *m;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		put(&at, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
	f->piece = (struct iovec){ f->bytes, len };
	f->message.msg_iov = &f->piece;
	f->message.msg_iovlen = 1;
	f->message.msg_name = put(&at, m->msg_name, m->msg_namelen);
	f->message.msg_control = put(&at, m->msg_control, m->msg_controllen);
	return f;
}

static ssize_t land(struct gni_inject *j, struct flight *f)
{
	ssize_t n = j->below->send(j->inner, f->fd, &f->message, f->flags);

	free(f);
	return n;
}

/* Behind all that are due no later. */
static void take_off(struct gni_inject *j, struct flight *f, gn_time due)
{
	struct gni_list *m = j->flights.prev;

	if (j->flight_count == FLIGHTS_MAX) {
		free(f);
		return;
	}
	f->due = due;
	while (m != &j->flights &&
	       gn_time_before(due, GNI_OWNER(m, struct flight, link)->due))
		m = m->prev;
	gni_list_insert(m->next, &f->link);
	j->flight_count++;
}

/* When a datagram has crossed the link; GN_NOW: at once. */
static gn_time due_of(struct gni_inject *j, const struct gni_link_end *e,
		      size_t len)
{
	gn_time shut = gni_link_shut(j, e), due = GN_NOW;

	if (e->now.rate_bits) {
		due = gni_link_took(j, e, len, true);
		j->plan.struck[GNI_FAULT_RATE]++;
	}
	if (e->now.reorder_ns) {
		uint64_t width = (uint64_t)e->now.reorder_ns + 1;

		if (due.ns == GN_NOW.ns)
			due = gn_now();
		due = gn_time_add(due, (int64_t)gni_plan_draw(&j->plan, width));
		j->plan.struck[GNI_FAULT_REORDER]++;
	}
	if (gn_time_before(due, shut)) {
		due = shut;
		j->plan.struck[GNI_FAULT_STALL]++;
	}
	return due;
}

static bool is_lost(struct gni_inject *j, const gn_faults *now, size_t len)
{
	if (now->cut) {
		j->plan.struck[GNI_FAULT_CUT]++;
		return true;
	}
	if (now->mtu && len > now->mtu) {
		j->plan.struck[GNI_FAULT_MTU]++;
		return true;
	}
	return gni_plan_strikes(&j->plan, GNI_FAULT_LOSS, now->loss_ppm);
}

/* Turns one bit. */
static void corrupt(struct gni_inject *j, struct flight *f)
{
	uint64_t bit = gni_plan_draw(&j->plan, f->piece.iov_len * 8);

	f->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

/* Sends a copy, which it takes: at once, or when it is due. */
static ssize_t send_copy(struct gni_inject *j, struct flight *f, gn_time due)
{
	ssize_t len = (ssize_t)f->piece.iov_len;

	if (due.ns == GN_NOW.ns)
		return land(j, f);
	take_off(j, f, due);
	return len;
}

bool gni_link_send(struct gni_inject *j, const struct gni_link_end *e,
		   const struct msghdr *m, int flags, ssize_t *result)
{
	size_t len = gni_link_len(m);
	bool spoilt, twice;
	struct flight *f;
	gn_time due;

	if (e->type != SOCK_DGRAM || !e->inet)
		return false;
	*result = (ssize_t)len;
	if (is_lost(j, &e->now, len))
		return true;
	twice = gni_plan_strikes(&j->plan, GNI_FAULT_DUP, e->now.dup_ppm);
	spoilt = len > 0 && gni_plan_strikes(&j->plan, GNI_FAULT_CORRUPT,
					     e->now.corrupt_ppm);
	due = due_of(j, e, len);
	if (!twice && !spoilt && due.ns == GN_NOW.ns)
		return false;
	for (int i = twice ? 2 : 1; i > 0; i--) {
		f = copy(e, m, flags);
		if (!f)
			return true; /* lost */
		if (spoilt)
			corrupt(j, f);
		*result = send_copy(j, f, due);
	}
	return true;
}

static void take_out(struct gni_inject *j, struct flight *f)
{
	gni_list_remove(&f->link);
	j->flight_count--;
}

void gni_link_flights(struct gni_inject *j)
{
	gn_time now = gn_now();

	while (!gni_list_empty(&j->flights)) {
		struct flight *f = GNI_OWNER(j->flights.next, struct flight,
					     link);

		if (gn_time_before(now, f->due))
			return;
		take_out(j, f);
		land(j, f);
	}
}

gn_time gni_link_next_flight(const struct gni_inject *j)
{
	if (gni_list_empty(&j->flights))
		return GN_NEVER;
	return GNI_OWNER(j->flights.next, struct flight, link)->due;
}

void gni_link_leave(struct gni_inject *j, int fd)
{
	bool lost = gn_time_before(gn_now(), gni_plan_shut(&j->plan));
	struct gni_list *m, *next;

	for (m = j->flights.next; m != &j->flights; m = next) {
		struct flight *f = GNI_OWNER(m, struct flight, link);

		next = m->next;
		if (fd >= 0 && f->fd != fd)
			continue;
		take_out(j, f);
		if (lost)
			free(f);
		else
			land(j, f);
	}
}
