/*
 * datagram_case.c: datagrams that are spoiled, refused, too many or too long:
 * rows 8, 31, 33 and 34.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "row.h"

/* ---- 8: readiness, and then nothing */

#define SPOILED 20

/* A datagram whose checksum is wrong: the kernel tells of it, and drops it
 * when it is to be received. */
static int send_spoiled(int fd, unsigned port)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char text[4];
	} packet = {
		.ip = { .version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.saddr = htonl(INADDR_LOOPBACK),
			.daddr = htonl(INADDR_LOOPBACK) },
		.udp = { .source = htons(9),
			 .dest = htons((uint16_t)port),
			 .len = htons(sizeof packet.udp + sizeof packet.text),
			 .check = htons(0xbad) },
		.text = "bad",
	};
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	WANT(sendto(fd, &packet, sizeof packet, 0, (struct sockaddr *)&to,
		    sizeof to) == sizeof packet);
	return 0;
}

static int recv_well(void *arg)
{
	char buf[16];

	WANT_IS(gn_recv(arg, buf, sizeof buf, SOON), 4);
	WANT(memcmp(buf, "well", 4) == 0);
	handled(1);
	return 0;
}

static int bad_checksum(struct world *w)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	gn_sock *s, *l = serve_at(w, "udp4", "");
	struct one reader;
	gn_time until;
	gn_addr local;
	char c;

	WANT(l && fd >= 0);
	gn_sock_local(l, &local);
	TRY(send_spoiled(fd, gn_addr_port(&local)));
	until = gn_in(20 * GN_MSEC);
	WANT_IS(gn_recv(l, &c, 1, until), GN_ETIMEOUT);
	WANT_PASSED(until);
	TRY(go_one(&reader, recv_well, l));
	for (int i = 1; i < SPOILED; i++) {
		turns();
		TRY(send_spoiled(fd, gn_addr_port(&local)));
	}
	TRY(until_count("snmp", "Udp", "InCsumErrors", SPOILED));
	injected(SPOILED);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, "well", 4, SOON), 0);
	WANT_IS(join_one(&reader), 0);
	close(fd);
	gn_close(s);
	gn_close(l);
	return 0;
}

/* ---- 31: nobody at that port */

static int refused_us(struct world *w)
{
	gn_sock *s, *server;
	gn_addr to;
	char buf[8];

	TRY(where_they_are(w));
	TRY(hear_them(&w->place));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, "ask", 3, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), GN_EREFUSED);
	WANT_TOLD("recv", GN_EREFUSED, ECONNREFUSED, w->host);
	handled(1);
	/* One that has many peers is not told of one. */
	server = gn_bind("udp4://" US4 ":0", NULL);
	WANT(server && gn_addr_parse(&to, w->address) == 0);
	WANT_IS(gn_sendto(server, "ask", 3, &to, SOON), 0);
	WANT_IS(gn_recv(server, buf, sizeof buf, A_MOMENT), GN_ETIMEOUT);
	handled(1);
	TRY(ring_us(&w->place));
	TRY(hear_them(&w->place));
	WANT_IS(gn_send(s, "ask", 3, SOON), 0);
	WANT_IS(gn_recv(s, buf, sizeof buf, SOON), 6);
	WANT_IS(gn_sendto(server, "ask", 3, &to, SOON), 0);
	WANT_IS(gn_recv(server, buf, sizeof buf, SOON), 6);
	gn_close(server);
	gn_close(s);
	return 0;
}

static int answer_two(gn_sock *l)
{
	char buf[8];
	gn_addr from;

	for (int i = 0; i < 2; i++) {
		WANT_IS(gn_recvfrom(l, buf, sizeof buf, &from, SOON), 3);
		WANT_IS(gn_sendto(l, "answer", 6, &from, SOON), 0);
	}
	return 0;
}

static int refused_them(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", "");
	long count;

	WANT(l);
	TRY(nft("table ip f {\n"
		"chain in { type filter hook input priority 0\n"
		"meta l4proto udp counter reject with icmp type "
		"port-unreachable\n"
		"}\n}\n"));
	TRY(ring_them(&w->place));
	TRY(hear_us(&w->place));
	count = nft_count();
	WANT(count > 0);
	injected((unsigned long)count);
	TRY(nft("flush ruleset\n"));
	TRY(ring_them(&w->place));
	TRY(answer_two(l));
	gn_close(l);
	return 0;
}

/* ---- 33: a flood */

#define TICKS 100

struct flood {
	gn_sock *s;
	unsigned long came;
	bool over;
};

/* Each has its number: none comes twice, none is spoiled. */
static int drink(void *arg)
{
	struct flood *f = arg;
	unsigned long last = 0, now[2];

	while (!f->over) {
		ssize_t n = gn_recv(f->s, now, sizeof now, gn_in(GN_MSEC));

		if (n == GN_ETIMEOUT)
			continue;
		WANT_IS(n, sizeof now);
		WANT(now[0] > last && now[1] == ~now[0]);
		last = now[0];
		f->came++;
	}
	return 0;
}

/* While the flood goes on another fiber has its turns. */
static int flood_us(struct world *w)
{
	struct flood f = { .s = serve_at(w, "udp4", "rcvbuf=4096") };
	gn_time until = SOON;
	struct one drinker;
	long lost;

	WANT(f.s);
	TRY(go_one(&drinker, drink, &f));
	for (int i = 0; i < TICKS || f.came < TICKS; i++) {
		WANT(gn_time_before(gn_now(), until));
		WANT_IS(gn_sleep(gn_in(GN_MSEC)), 0);
	}
	lost = until_count("snmp", "Udp", "RcvbufErrors", 1);
	WANT(lost > 0);
	f.over = true;
	WANT_IS(join_one(&drinker), 0);
	TRY(ring_us(&w->place));
	injected((unsigned long)lost);
	gn_close(f.s);
	handled(1);
	return 0;
}

static int flood_them(struct world *w)
{
	unsigned long now[2] = { 0 };
	gn_sock *s;
	char nothing;
	int result;

	TRY(where_they_are(w));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	while (gn_chan_recv(w->place.bells[0], &nothing, GN_NOW) < 0)
		for (int i = 0; i < 100; i++) {
			now[0]++;
			now[1] = ~now[0];
			result = gn_send(s, now, sizeof now, SOON);
			WANT(result == 0 || result == GN_EREFUSED);
		}
	gn_close(s);
	return 0;
}

/* ---- 34: too long for the link, for the protocol, for the moment */

static int long_us(struct world *w)
{
	static const size_t sizes[] = { 1200, 1400, 9000, 65000, 1 };
	gn_sock *s;
	char *buf = calloc(1, 70000);

	WANT(buf);
	TRY(where_they_are(w));
	TRY(hear_them(&w->place));
	TRY(ip("link set wire mtu 1280\n"));
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		pattern(buf, sizes[i], i);
		WANT_IS(gn_send(s, buf, sizes[i], SOON), 0);
		TRY(hear_them(&w->place));
	}
	WANT_IS(gn_send(s, buf, 65508, SOON), GN_ETOOLONG);
	WANT_TOLD("send", GN_ETOOLONG, EMSGSIZE, w->host);
	WANT_IS(gn_error_done(gn_error_last()), 0);
	injected(1);
	handled(1);
	free(buf);
	WANT_IS(gn_send(s, "over", 4, SOON), 0);
	gn_close(s);
	return 0;
}

static int long_them(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", "");
	char *buf = malloc(70000);
	ssize_t n;

	WANT(l && buf);
	TRY(ip("link set wire mtu 1280\n"));
	TRY(ring_them(&w->place));
	for (size_t i = 0; i < 5; i++) {
		n = gn_recv(l, buf, 70000, SOON);
		WANT(n > 0);
		WANT_IS(wrong_at(buf, (size_t)n, i), n);
		if (n > 1280)
			injected(1);
		handled(n > 1280);
		TRY(ring_them(&w->place));
	}
	WANT_IS(gn_recv(l, buf, 70000, SOON), 4);
	free(buf);
	gn_close(l);
	return 0;
}

/* A path turns out narrower than the datagram: the next may be shorter. */
static int emsgsize(struct world *w)
{
	gn_sock *l = serve_at(w, "udp4", ""), *s;
	char buf[1000] = "";

	WANT(l);
	s = gn_connect(w->address, NULL, SOON);
	WANT(s);
	WANT_IS(gn_send(s, buf, sizeof buf, SOON), GN_ETOOLONG);
	WANT_TOLD("send", GN_ETOOLONG, EMSGSIZE, w->host);
	WANT_IS(gn_error_done(gn_error_last()), 0);
	WANT_IS(gn_send(s, buf, 500, SOON), 0);
	WANT_IS(gn_recv(l, buf, sizeof buf, SOON), 500);
	gn_close(s);
	gn_close(l);
	handled(1);
	return 0;
}

const struct fault_case datagram_cases[] = {
	{ .name = "fault-08-bad-checksum",
	  .us = bad_checksum,
	  .needs = NEED_NET },
	{ .name = "fault-31-port-unreachable",
	  .us = refused_us,
	  .them = refused_them,
	  .needs = NEED_WIRE | NEED_NFT },
	{ .name = "fault-33-flood",
	  .us = flood_us,
	  .them = flood_them,
	  .needs = NEED_NET },
	{ .name = "fault-34-longer-than-the-link",
	  .us = long_us,
	  .them = long_them,
	  .needs = NEED_WIRE },
	{ .name = "fault-34-emsgsize",
	  .us = emsgsize,
	  .needs = NEED_QUIET,
	  .around = "strace sendto:error=EMSGSIZE:when=1" },
	{ 0 },
};
