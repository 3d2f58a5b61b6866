/*
 * inject_link.c: what faults do to connections and descriptors.  It keeps
 * nothing but when the link is next free.
 */
#include "io/inject_link.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>


/* A link of a rate takes at once what passes in so long: small enough to be
 * smooth, large enough that a fast one is no torrent of single bytes. */
#define BURSTS_A_SECOND 100

static int option_of(struct gni_inject *j, int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = 0;

	if (j->below->get(j->inner, fd, SOL_SOCKET, option, &value, &len) < 0)
		return 0;
	return value;
}

/* Faults of links do not reach what never leaves the machine; but a Unix
 * stream can break too. */
static void keep_host_faults(gn_faults *now, int type)
{
	uint32_t reset_ppm = type == SOCK_STREAM ? now->reset_ppm : 0;

	now->loss_ppm = now->dup_ppm = now->corrupt_ppm = 0;
	now->reset_ppm = reset_ppm;
	now->reorder_ns = now->delay_ns = now->jitter_ns = now->rate_bits = 0;
	now->mtu = 0;
	now->cut = now->stall = false;
}

struct gni_link_end gni_link_end(struct gni_inject *j, int fd)
{
	struct gni_link_end e = { .fd = fd, .now = gni_plan_now(&j->plan) };
	int domain;

	e.type = option_of(j, fd, SO_TYPE);
	domain = e.type ? option_of(j, fd, SO_DOMAIN) : 0;
	e.inet = domain == AF_INET || domain == AF_INET6;
	if (!e.inet)
		keep_host_faults(&e.now, e.type);
	return e;
}

size_t gni_link_len(const struct msghdr *m)
{
	size_t sum = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		sum += m->msg_iov[i].iov_len;
	return sum;
}

void gni_link_shorten(struct msghdr *less, struct iovec pieces[GNI_LINK_PIECES],
		      const struct msghdr *m, size_t len)
{
	size_t count = 0;

	for (; count < GNI_LINK_PIECES && count < m->msg_iovlen; count++) {
		pieces[count] = m->msg_iov[count];
		if (pieces[count].iov_len > len)
			pieces[count].iov_len = len;
		len -= pieces[count].iov_len;
	}
	*less = *m;
	less->msg_iov = pieces;
	less->msg_iovlen = count;
}

gn_time gni_link_shut(const struct gni_inject *j, const struct gni_link_end *e)
{
	return e->now.cut || e->now.stall ? gni_plan_shut(&j->plan) : GN_NOW;
}

gn_time gni_link_busy(const struct gni_inject *j, const struct gni_link_end *e)
{
	if (e->now.rate_bits == 0 || !gn_time_before(gn_now(), j->out_free))
		return GN_NOW;
	return j->out_free;
}

size_t gni_link_passes(struct gni_inject *j, const struct gni_link_end *e,
		       size_t len, bool out)
{
	size_t most = (size_t)(e->now.rate_bits / 8 / BURSTS_A_SECOND);

	if (out && e->now.rate_bits && len > most) {
		len = most ? most : 1;
		j->plan.struck[GNI_FAULT_RATE]++;
	}
	return gni_plan_less(&j->plan, &e->now, len);
}

gn_time gni_link_took(struct gni_inject *j, const struct gni_link_end *e,
		      size_t len, bool out)
{
	gn_time *free = out ? &j->out_free : &j->in_free;
	gn_time now = gn_now();
	int64_t bits, ns;

	if (e->now.rate_bits == 0)
		return now;
	/* In tenths of both, lest the product be too large for 2 GiB. */
	if (__builtin_mul_overflow(len, 8, &bits) ||
	    __builtin_mul_overflow(bits, GN_SEC / 10, &ns))
		ns = INT64_MAX;
	if (gn_time_before(*free, now))
		*free = now;
	*free = gn_time_add(*free, ns / (e->now.rate_bits / 10));
	return *free;
}

int64_t gni_link_delay(struct gni_inject *j, const struct gni_link_end *e)
{
	uint64_t width = 2 * (uint64_t)e->now.jitter_ns + 1;

	if (e->now.delay_ns == 0)
		return 0;
	j->plan.struck[GNI_FAULT_DELAY]++;
	return e->now.delay_ns - e->now.jitter_ns +
	       (int64_t)gni_plan_draw(&j->plan, width);
}

/* A TCP socket that is connected to nowhere tells its peer by a reset. */
static bool disconnect(int fd)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	int result;

	do
		result = connect(fd, &nowhere, sizeof nowhere);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

bool gni_link_reset(struct gni_inject *j, const struct gni_link_end *e)
{
	if (!gni_link_streams(e) ||
	    !gni_plan_strikes(&j->plan, GNI_FAULT_RESET, e->now.reset_ppm))
		return false;
	if (!e->inet || !disconnect(e->fd))
		j->below->shutdown(j->inner, e->fd, SHUT_RDWR);
	return true;
}

void gni_link_abort(struct gni_inject *j, int fd)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	j->below->set(j->inner, fd, SOL_SOCKET, SO_LINGER, &reset,
		      sizeof reset);
	j->below->close(j->inner, fd);
}

bool gni_link_full(struct gni_inject *j, const struct gni_link_end *e)
{
	int next;

	if (e->now.descriptors == 0)
		return false;
	next = fcntl(e->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (next >= 0)
		close(next);
	if (next >= 0 && (uint32_t)next < e->now.descriptors)
		return false;
	j->plan.struck[GNI_FAULT_DESCRIPTORS]++;
	return true;
}
