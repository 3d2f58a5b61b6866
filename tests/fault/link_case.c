/*
 * link_case.c: links that spoil, lose, double, hold back, slow down and cut:
 * rows 23 to 25.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "row.h"

#define MUCH ((size_t)300 * 1024)

/* ---- streams come exactly, whatever the link does */

static int send_much(void *arg)
{
	return send_pattern(arg, MUCH, 0);
}

static int both_ways(gn_sock *s)
{
	struct one sender;

	TRY(go_one(&sender, send_much, s));
	TRY(recv_pattern(s, MUCH, 0));
	WANT_IS(join_one(&sender), 0);
	WANT_IS(gn_shutdown(s, SOON), 0);
	TRY(recv_end(s));
	gn_close(s);
	handled(1);
	return 0;
}

static int stream_us(struct world *w)
{
	gn_sock *s = meet(w, NULL);

	WANT(s);
	return both_ways(s);
}

static int stream_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "");

	WANT(s);
	return both_ways(s);
}

/* ---- datagrams come or do not, perhaps twice, never spoiled */

#define DATAGRAMS 400

static int datagrams_us(struct world *w)
{
	unsigned word[4] = { 0 };
	gn_sock *s;

	TRY(where_they_are(w));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	for (unsigned i = 1; i <= DATAGRAMS; i++) {
		for (int j = 0; j < 4; j++)
			word[j] = i * 2654435761u;
		WANT_IS(gn_send(s, word, sizeof word, SOON), 0);
		if (i % 20 == 0)
			WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	TRY(ring_us(&w->place));
	TRY(hear_them(&w->place));
	gn_close(s);
	return 0;
}

static int judge(const unsigned *word, unsigned char *times)
{
	for (unsigned i = 1; i <= DATAGRAMS; i++)
		if (word[0] == i * 2654435761u) {
			WANT(word[1] == word[0] && word[2] == word[0] &&
			     word[3] == word[0]);
			WANT(++times[i] <= 2);
			return 0;
		}
	WANT(false && "a datagram that nobody sent");
	return 0;
}

static int datagrams_them(struct world *w)
{
	static unsigned char times[DATAGRAMS + 1];
	gn_sock *l = serve_at(w, "udp4", "");
	unsigned long came = 0;
	unsigned word[8];
	ssize_t n;

	WANT(l);
	memset(times, 0, sizeof times);
	TRY(hear_us(&w->place));
	while ((n = gn_recv(l, word, sizeof word, gn_in(100 * GN_MSEC))) !=
	       GN_ETIMEOUT) {
		WANT_IS(n, 16);
		TRY(judge(word, times));
		came++;
	}
	WANT(came > 0);
	gn_close(l);
	handled(1);
	return ring_them(&w->place);
}

/* ---- 25: what is large does not come through, and nobody says so */

static int probing_us(struct world *w)
{
	TRY(kernel_set("ipv4/tcp_mtu_probing", "1"));
	return stream_us(w);
}

static int probing_them(struct world *w)
{
	TRY(kernel_set("ipv4/tcp_mtu_probing", "1"));
	return stream_them(w);
}

/* Without probing nothing helps but the dead-peer time. */
static int hole_us(struct world *w)
{
	gn_sock_opts opts = { .alive_ns = 3 * GN_SEC,
			      .linger_ns = 10 * GN_MSEC };
	gn_sock *s = meet(w, &opts);
	char c;

	WANT(s);
	TRY(send_pattern(s, 100, 0));
	WANT_IS(gn_recv(s, &c, 1, SOON), 1);
	/* Several packets, and no more than a send buffer surely holds. */
	TRY(send_pattern(s, 8000, 100));
	WANT_IS(gn_recv(s, &c, 1, SOON), GN_EDEAD);
	WANT_TOLD("recv", GN_EDEAD, ETIMEDOUT, w->host);
	gn_close(s);
	handled(1);
	return ring_us(&w->place);
}

static int hole_them(struct world *w)
{
	gn_sock *s = admit(w, "tcp4", "linger=10ms");

	WANT(s);
	TRY(recv_pattern(s, 100, 0));
	WANT_IS(gn_send(s, "x", 1, SOON), 0);
	TRY(hear_us(&w->place));
	gn_close(s);
	return 0;
}

/* A shorter datagram passes: the one who knows may lower the size. */
static int hole_datagrams_us(struct world *w)
{
	char buf[1400] = "";
	gn_sock *s;

	TRY(where_they_are(w));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, buf, 1400, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, gn_in(50 * GN_MSEC)), GN_ETIMEOUT);
	WANT_IS(gn_send(s, buf, 1200, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 6);
	gn_close(s);
	handled(1);
	return 0;
}

static int hole_datagrams_them(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", "");
	char buf[1500];
	gn_addr from;

	WANT(l);
	WANT_IS(gn_recvfrom(l, buf, sizeof buf, &from, SOON), 1200);
	WANT_IS(gn_sendto(l, "answer", 6, &from, SOON), 0);
	gn_close(l);
	return 0;
}

/* nft's own loss, on a wire of the kernel's, which is not to pass on what makes
 * many packets of one. */
static int single_packets(void)
{
	return ip("link set wire gso_max_size 1500 gso_max_segs 1\n");
}

static int nft_loss_us(struct world *w)
{
	long count;

	TRY(single_packets());
	TRY(nft("table ip f {\n"
		"chain in { type filter hook input priority 0\n"
		"meta iifname wire numgen inc mod 15 == 7 counter drop\n"
		"}\n}\n"));
	TRY(stream_us(w));
	count = nft_count();
	WANT(count > 0);
	injected((unsigned long)count);
	return 0;
}

static int nft_loss_them(struct world *w)
{
	TRY(single_packets());
	return stream_them(w);
}

/* The same on the link between two TUN devices and in the simulation. */
#define STREAM(title, text) \
	{ \
		.name = title, .us = stream_us, .them = stream_them, \
		.needs = NEED_LINK, .link = text, .faults = text \
	}
#define DATAGRAM(title, text, simulated) \
	{ \
		.name = title, .us = datagrams_us, .them = datagrams_them, \
		.needs = NEED_LINK, .link = text, .faults = simulated \
	}
#define LINK "us<>them: "

const struct fault_case link_cases[] = {
	/* The kernel's checksums find what is spoiled; those of the
	 * simulation are taken for mended, see sim_case.c. */
	{ .name = "fault-23-corrupt-stream",
	  .us = stream_us,
	  .them = stream_them,
	  .needs = NEED_LINK,
	  .link = LINK "corrupt=3% delay=1ms" },
	DATAGRAM("fault-23-corrupt-datagrams", LINK "corrupt=20%", NULL),
	STREAM("fault-24-loss", LINK "loss=5% delay=1ms"),
	STREAM("fault-24-duplicates", LINK "dup=20% delay=1ms"),
	STREAM("fault-24-reordered", LINK "reorder=5ms"),
	STREAM("fault-24-slow-link", LINK "rate=8Mbit delay=2ms"),
	STREAM("fault-24-cut", LINK "rate=8Mbit; " LINK "cut@50ms..700ms"),
	STREAM("fault-24-all", LINK "loss=3% dup=3% reorder=3ms delay=2ms"),
	DATAGRAM("fault-24-datagrams", LINK "loss=10% dup=10% reorder=5ms",
		 LINK "loss=10% dup=10% reorder=5ms"),
	{ .name = "fault-24-loss-by-nft",
	  .us = nft_loss_us,
	  .them = nft_loss_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-25-mtu-hole",
	  .us = probing_us,
	  .them = probing_them,
	  .needs = NEED_LINK | NEED_SYSCTL,
	  .link = LINK "mtu=1280 delay=1ms" },
	{ .name = "fault-25-mtu-hole-without-probing",
	  .us = hole_us,
	  .them = hole_them,
	  .needs = NEED_LINK,
	  .link = LINK "mtu=1280 delay=1ms" },
	{ .name = "fault-25-mtu-hole-for-datagrams",
	  .us = hole_datagrams_us,
	  .them = hole_datagrams_them,
	  .needs = NEED_LINK,
	  .link = LINK "mtu=1280",
	  .faults = LINK "mtu=1280" },
	{ .name = "fault-25-stream-in-pieces",
	  .us = stream_us,
	  .them = stream_them,
	  .faults = LINK "mtu=1280",
	  .sim_only = true },
	{ 0 },
};
