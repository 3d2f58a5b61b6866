/*
 * probe.c: each need of row.h, tried: that the tools are here says little.
 */
#include "probe.h"

#include <string.h>
#include <unistd.h>

#include "../conform/ring.h"
#include "link.h"
#include "net.h"
#include "row.h"

static bool lays_wire(void)
{
	return isolate() &&
	       ip("link add wire type veth peer name other\n") == 0 &&
	       wire_address(US4, US6) == 0;
}

static bool holds_link(void)
{
	return isolate() && link_end() >= 0 && wire_address(US4, US6) == 0;
}

/* What the cases' rules are made of. */
static bool filters(void)
{
	return isolate() &&
	       nft("table ip f {\n"
		   "chain in { type filter hook input priority 0\n"
		   "meta l4proto udp numgen inc mod 15 == 7 counter drop\n"
		   "meta l4proto tcp counter reject with tcp reset\n"
		   "counter reject with icmp type port-unreachable\n"
		   "}\n"
		   "chain out { type filter hook output priority 0\n"
		   "}\n}\n") == 0;
}

static bool sets(void)
{
	return isolate() && kernel_set("ipv4/ip_local_port_range",
				       "32768 60999") == 0;
}

static bool has_ipv6(void)
{
	return isolate() && ip("addr add " US6 "/64 dev lo nodad\n") == 0;
}

static bool is_root(void)
{
	return geteuid() == 0;
}

static bool has_ring(void)
{
	return !ring_refused();
}

static const struct {
	const char *need;
	bool (*can)(void);
	const char *why_not;
} probes[] = {
	{ "net", isolate, "no network namespaces are permitted" },
	{ "wire", lays_wire, "no wire with IPv4 and IPv6 can be laid here" },
	{ "tun", holds_link, "no TUN device with IPv4 and IPv6 can be had" },
	{ "nft", filters, "nft cannot filter here" },
	{ "sysctl", sets, "/proc/sys/net cannot be written here" },
	{ "ipv6", has_ipv6, "there is no IPv6 here" },
	{ "root", is_root, "one must be root for it" },
	{ "ring", has_ring, RING_REFUSED },
};

const char *probe(const char *need)
{
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		if (strcmp(probes[i].need, need) == 0)
			return probes[i].can() ? "" : probes[i].why_not;
	return NULL;
}
