/*
 * link.c: the wire's middle.
 *
 *	kernel --tun--> take --+--> queue --(due)--> give --tun--> kernel
 *	                       |
 *	                       +--> lost
 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "row.h"

#define PACKET_MAX 1600
#define RULES_MAX 8

/* What the wire holds at most; more is lost, as on any. */
#define QUEUE_MAX 512

/* How often it looks whether it is to end. */
#define LOOK_MS 20

#define MILLION 1000000u

struct packet {
	gn_time due;
	size_t len;
	int to; /* 0: us, 1: them */
	uint8_t bytes[PACKET_MAX];
};

struct link {
	pthread_t thread;
	int fd[2];
	gn_fault_rule rules[RULES_MAX];
	int rule_count;
	uint64_t random;
	gn_time begin; /* of the faults */
	atomic_bool spoils, over;
	atomic_ulong faults;
	gn_time free_at[2]; /* when the next packet can go, by rate */
	size_t held;
	struct packet queue[QUEUE_MAX];
};

int link_end(void)
{
	struct ifreq request = { .ifr_name = "wire" };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	WANT(fd >= 0);
	WANT(ioctl(fd, TUNSETIFF, &request) == 0);
	return fd;
}

/* xorshift64 */
static uint64_t draw(struct link *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

static bool chance(struct link *l, uint32_t ppm)
{
	return draw(l) % MILLION < ppm;
}

static int64_t below(struct link *l, int64_t bound_ns)
{
	return bound_ns > 0 ? (int64_t)(draw(l) % (uint64_t)bound_ns) : 0;
}

static void count(struct link *l)
{
	atomic_fetch_add(&l->faults, 1);
}

/* Adds what a rule says to what others have said. */
static void join(gn_faults *now, const gn_faults *f)
{
	now->loss_ppm += f->loss_ppm;
	now->dup_ppm += f->dup_ppm;
	now->corrupt_ppm += f->corrupt_ppm;
	now->reorder_ns += f->reorder_ns;
	now->delay_ns += f->delay_ns;
	now->rate_bits += f->rate_bits;
	now->mtu += f->mtu;
	now->cut |= f->cut;
}

static gn_faults faults_now(const struct link *l)
{
	int64_t at_ns = gn_since(l->begin);
	gn_faults now = { 0 };

	for (int i = 0; atomic_load(&l->spoils) && i < l->rule_count; i++) {
		const gn_fault_rule *r = &l->rules[i];

		if (r->begin_ns <= at_ns &&
		    (r->end_ns == 0 || at_ns < r->end_ns))
			join(&now, &r->faults);
	}
	return now;
}

static bool is_lost(struct link *l, const gn_faults *f, size_t len)
{
	bool lost = f->cut || chance(l, f->loss_ppm) ||
		    (f->mtu > 0 && len > f->mtu);

	if (lost)
		count(l);
	return lost || l->held == QUEUE_MAX;
}

static void spoil(struct link *l, const gn_faults *f, struct packet *p)
{
	if (!chance(l, f->corrupt_ppm))
		return;
	p->bytes[draw(l) % p->len] ^= (uint8_t)(1u << draw(l) % 8);
	count(l);
}

/* When it comes: after the delay, behind what the rate still holds, and held
 * back. */
static gn_time due_at(struct link *l, const gn_faults *f,
		      const struct packet *p)
{
	gn_time due = gn_in(f->delay_ns);

	if (f->rate_bits > 0) {
		if (gn_time_before(l->free_at[p->to], gn_now()))
			l->free_at[p->to] = gn_now();
		else
			count(l);
		l->free_at[p->to] = gn_time_add(l->free_at[p->to],
						(int64_t)p->len * 8 * GN_SEC /
							f->rate_bits);
		due = gn_time_add(l->free_at[p->to], f->delay_ns);
	}
	if (f->reorder_ns > 0)
		count(l);
	return gn_time_add(due, below(l, f->reorder_ns));
}

static void take(struct link *l, const uint8_t *bytes, size_t len, int to)
{
	gn_faults f = faults_now(l);
	int copies = chance(l, f.dup_ppm) ? 2 : 1;

	if (copies == 2)
		count(l);
	for (int i = 0; i < copies; i++) {
		struct packet *p = &l->queue[l->held];

		if (is_lost(l, &f, len))
			continue;
		p->len = len;
		p->to = to;
		memcpy(p->bytes, bytes, len);
		spoil(l, &f, p);
		p->due = due_at(l, &f, p);
		l->held++;
	}
}

static void take_all(struct link *l)
{
	uint8_t bytes[PACKET_MAX];

	for (int from = 0; from < 2; from++) {
		ssize_t n;

		while ((n = read(l->fd[from], bytes, sizeof bytes)) > 0)
			take(l, bytes, (size_t)n, !from);
	}
}

static size_t earliest(const struct link *l)
{
	size_t first = 0;

	for (size_t i = 1; i < l->held; i++)
		if (gn_time_before(l->queue[i].due, l->queue[first].due))
			first = i;
	return first;
}

/* The kernel may refuse one: then it is lost. */
static void give_due(struct link *l)
{
	gn_time now = gn_now();

	while (l->held > 0) {
		size_t first = earliest(l);
		struct packet *p = &l->queue[first];

		if (gn_time_before(now, p->due))
			return;
		if (write(l->fd[p->to], p->bytes, p->len) < 0)
			count(l);
		/* The order of the others stays. */
		memmove(p, p + 1, (l->held - first - 1) * sizeof *p);
		l->held--;
	}
}

static int look_ms(const struct link *l)
{
	int64_t left_ns;

	if (l->held == 0)
		return LOOK_MS;
	left_ns = gn_time_between(gn_now(), l->queue[earliest(l)].due);
	if (left_ns <= 0)
		return 0;
	return left_ns / GN_MSEC < LOOK_MS ? (int)(left_ns / GN_MSEC) + 1
					   : LOOK_MS;
}

static void *carry(void *arg)
{
	struct link *l = arg;

	while (!atomic_load(&l->over)) {
		struct pollfd ends[2] = { { l->fd[0], POLLIN, 0 },
					  { l->fd[1], POLLIN, 0 } };

		poll(ends, 2, look_ms(l));
		take_all(l);
		give_due(l);
	}
	return NULL;
}

struct link *link_start(int us, int them, const char *faults, uint64_t seed)
{
	struct link *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->fd[0] = us;
	l->fd[1] = them;
	l->random = seed * 0x9e3779b97f4a7c15u | 1;
	l->rule_count = gn_fault_parse(faults, l->rules, RULES_MAX);
	if (l->rule_count < 0)
		broken(__FILE__, __LINE__, faults);
	else if (pthread_create(&l->thread, NULL, carry, l) == 0)
		return l;
	free(l);
	return NULL;
}

void link_spoil(struct link *l)
{
	l->begin = gn_now();
	atomic_store(&l->spoils, true);
}

unsigned long link_stop(struct link *l)
{
	unsigned long faults = atomic_load(&l->faults);

	atomic_store(&l->over, true);
	pthread_join(l->thread, NULL);
	close(l->fd[0]);
	close(l->fd[1]);
	free(l);
	return faults;
}
