/*
 * parcel.c: messages that are kept whole, and the queues they wait in.
 */
#include "io/sim/parcel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "io/sim/node.h"

/* struct sk_buff and struct skb_shared_info of Linux on 64 bits. */
#define CHARGE_HEAD 256
#define CHARGE_TAIL 320

#define PAGE 4096

size_t gni_parcel_charge(size_t len, size_t head_max)
{
	size_t pages = 0, size = 512;

	if (len > head_max)
		pages = (len - head_max + PAGE - 1) / PAGE * PAGE;
	if (pages > len)
		pages = len;
	while (size < len - pages + CHARGE_TAIL)
		size *= 2;
	return CHARGE_HEAD + size + pages;
}

size_t gni_message_len(const struct msghdr *m)
{
	size_t len = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	return len;
}

/* Steps through the pieces of a message: the part of one piece that lies at
 * an offset, of at most len bytes. */
static size_t piece(const struct msghdr *m, size_t offset, size_t len,
		    uint8_t **at)
{
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		const struct iovec *v = &m->msg_iov[i];

		if (offset < v->iov_len) {
			size_t rest = v->iov_len - offset;

			*at = (uint8_t *)v->iov_base + offset;
			return rest < len ? rest : len;
		}
		offset -= v->iov_len;
	}
	return 0;
}

void gni_message_read(const struct msghdr *m, size_t offset, void *to,
		      size_t len)
{
	uint8_t *out = to, *at = NULL;
	size_t step;

	while (len && (step = piece(m, offset, len, &at))) {
		memcpy(out, at, step);
		out += step;
		offset += step;
		len -= step;
	}
}

size_t gni_message_write(struct msghdr *m, size_t offset, const void *from,
			 size_t len)
{
	const uint8_t *in = from;
	size_t step, done = 0;
	uint8_t *at = NULL;

	while (done < len &&
	       (step = piece(m, offset + done, len - done, &at))) {
		memcpy(at, in + done, step);
		done += step;
	}
	return done;
}

struct gni_parcel *gni_parcel_new(const struct msghdr *m, size_t offset,
				  size_t len)
{
	struct gni_parcel *l = calloc(1, sizeof *l + len);

	if (!l)
		return NULL;
	gni_list_init(&l->link);
	l->len = len;
	l->charge = gni_parcel_charge(len, SIZE_MAX);
	gni_message_read(m, offset, l->bytes, len);
	return l;
}

struct gni_parcel *gni_parcel_copy(const struct gni_parcel *parcel)
{
	struct gni_parcel *l = malloc(sizeof *l + parcel->len);

	if (!l)
		return NULL;
	memcpy(l, parcel, sizeof *l + parcel->len);
	l->arrival = (struct gni_moment){ .fire = parcel->arrival.fire };
	gni_list_init(&l->link);
	return l;
}

void gni_parcel_free(struct gni_parcel *parcel)
{
	if (parcel->sender)
		gni_node_uncharge(parcel->sender, parcel->charge);
	free(parcel);
}

void gni_message_stamp(struct msghdr *m, gn_time at)
{
	struct timeval tv = { at.ns / GN_SEC, at.ns % GN_SEC / GN_USEC };
	struct cmsghdr head = { .cmsg_len = CMSG_LEN(sizeof tv),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_TIMESTAMP };
	char control[CMSG_SPACE(sizeof tv)] = { 0 };

	if (m->msg_controllen < sizeof control)
		m->msg_flags |= MSG_CTRUNC;
	else
		m->msg_controllen = sizeof control;
	if (m->msg_controllen < sizeof head)
		m->msg_controllen = 0;
	if (m->msg_controllen < head.cmsg_len)
		head.cmsg_len = m->msg_controllen;
	memcpy(control, &head, sizeof head);
	memcpy(control + CMSG_LEN(0), &tv, sizeof tv);
	if (m->msg_controllen)
		memcpy(m->msg_control, control, m->msg_controllen);
}

ssize_t gni_parcel_take(const struct gni_parcel *parcel, struct msghdr *m,
			int flags)
{
	size_t done = gni_message_write(m, 0, parcel->bytes, parcel->len);

	if (done < parcel->len)
		m->msg_flags |= MSG_TRUNC;
	return (ssize_t)(flags & MSG_TRUNC ? parcel->len : done);
}

void gni_inbox_init(struct gni_inbox *box)
{
	*box = (struct gni_inbox){ 0 };
	gni_list_init(&box->parcels);
}

void gni_inbox_put(struct gni_inbox *box, struct gni_parcel *parcel,
		   gn_time now)
{
	parcel->arrived = now;
	gni_list_add(&box->parcels, &parcel->link);
	box->count++;
	box->charge += parcel->charge;
	box->len += parcel->len;
}

struct gni_parcel *gni_inbox_first(const struct gni_inbox *box)
{
	if (box->count == 0)
		return NULL;
	return GNI_OWNER(box->parcels.next, struct gni_parcel, link);
}

struct gni_parcel *gni_inbox_pop(struct gni_inbox *box)
{
	struct gni_parcel *l = gni_inbox_first(box);

	if (!l)
		return NULL;
	gni_list_remove(&l->link);
	box->count--;
	box->charge -= l->charge;
	box->len -= l->len - l->taken;
	return l;
}

void gni_inbox_free(struct gni_inbox *box)
{
	struct gni_parcel *l;

	while ((l = gni_inbox_pop(box)))
		gni_parcel_free(l);
}
