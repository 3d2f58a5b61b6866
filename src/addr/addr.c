/*
 * addr.c: an address as a value: made of a struct sockaddr, written, compared.
 * Its bytes have no alignment, so they are copied out before they are read.
 */
#include "addr/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "addr/path.h"
#include "base/check.h"
#include "base/text.h"
#include "error/error.h"

static const struct kind {
	const char *word;
	int type;
	bool internet;
} kinds[] = {
	[GN_KIND_NONE] = { "?", 0, false },
	[GN_TCP] = { "tcp", SOCK_STREAM, true },
	[GN_UDP] = { "udp", SOCK_DGRAM, true },
	[GN_UNIX] = { "unix", SOCK_STREAM, false },
	[GN_UNIX_DGRAM] = { "unix-dgram", SOCK_DGRAM, false },
	[GN_UNIX_SEQPACKET] = { "unix-seqpacket", SOCK_SEQPACKET, false },
	[GN_PIPE] = { "pipe", 0, false },
};

static const struct kind *kind_row(enum gn_kind kind)
{
	if ((unsigned)kind < sizeof kinds / sizeof kinds[0])
		return &kinds[kind];
	return &kinds[GN_KIND_NONE];
}

int gni_kind_type(enum gn_kind kind)
{
	return kind_row(kind)->type;
}

const char *gni_kind_word(enum gn_kind kind)
{
	return kind_row(kind)->word;
}

/* An Internet end point: its number as IPv6 has it, whatever the family. */
struct point {
	uint8_t number[16];
	uint32_t zone;
	uint16_t port;
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_mapped(const struct point *p)
{
	return memcmp(p->number, mapped, sizeof mapped) == 0;
}

int gni_addr_family(const gn_addr *addr)
{
	sa_family_t family;

	if (addr->len < sizeof family)
		return AF_UNSPEC;
	memcpy(&family, addr->sockaddr, sizeof family);
	return family;
}

/* False when it is not the address of an Internet end point. */
static bool read_point(const gn_addr *addr, struct point *p)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	int family = gni_addr_family(addr);

	*p = (struct point){ 0 };
	if (!kind_row(addr->kind)->internet)
		return false;
	if (family == AF_INET && addr->len >= sizeof in) {
		memcpy(&in, addr->sockaddr, sizeof in);
		memcpy(p->number, mapped, sizeof mapped);
		memcpy(p->number + sizeof mapped, &in.sin_addr, 4);
		p->port = ntohs(in.sin_port);
		return true;
	}
	if (family == AF_INET6 && addr->len >= sizeof in6) {
		memcpy(&in6, addr->sockaddr, sizeof in6);
		memcpy(p->number, &in6.sin6_addr, sizeof p->number);
		p->zone = is_mapped(p) ? 0 : in6.sin6_scope_id;
		p->port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

void gni_addr_set(gn_addr *addr, enum gn_kind kind, const void *sockaddr,
		  size_t len)
{
	if (len > sizeof addr->sockaddr)
		len = sizeof addr->sockaddr;
	*addr = (gn_addr){ .kind = (uint8_t)kind, .len = (uint8_t)len };
	if (len)
		memcpy(addr->sockaddr, sockaddr, len);
}

void gni_addr_set_port(gn_addr *addr, uint16_t port)
{
	uint16_t network = htons(port);
	int family = gni_addr_family(addr);

	_Static_assert(offsetof(struct sockaddr_in, sin_port) ==
			       offsetof(struct sockaddr_in6, sin6_port),
		       "both families keep the port in one place");
	if (family == AF_INET || family == AF_INET6)
		memcpy(addr->sockaddr + offsetof(struct sockaddr_in, sin_port),
		       &network, sizeof network);
}

/* The bytes a family's address has; 0 when the kind has no such family or the
 * length does not suit it. */
static size_t length_for(enum gn_kind kind, sa_family_t family, size_t len)
{
	bool internet = kind_row(kind)->internet;

	if (internet && family == AF_INET && len >= sizeof(struct sockaddr_in))
		return sizeof(struct sockaddr_in);
	if (internet && family == AF_INET6 &&
	    len >= sizeof(struct sockaddr_in6))
		return sizeof(struct sockaddr_in6);
	if (!internet && gni_kind_type(kind) && family == AF_UNIX &&
	    len <= sizeof(struct sockaddr_un))
		return len;
	return 0;
}

int gn_addr_from(gn_addr *addr, enum gn_kind kind, const void *sockaddr,
		 size_t len)
{
	static const struct gni_cause cause = {
		.code = GN_EINVAL,
		.operation = "addr_from",
	};
	sa_family_t family = AF_UNSPEC;
	size_t whole;

	GNI_CHECK(addr && sockaddr, "gn_addr_from: a pointer is NULL");
	*addr = (gn_addr){ 0 };
	if (len >= sizeof family)
		memcpy(&family, sockaddr, sizeof family);
	whole = length_for(kind, family, len);
	if (whole == 0)
		return gni_fail(&cause,
				"%s has no address of family %u and %zu bytes",
				gni_kind_word(kind), family, len);
	gni_addr_set(addr, kind, sockaddr, whole);
	return 0;
}

static void write_point(struct gni_text *t, const struct point *p)
{
	char number[INET6_ADDRSTRLEN];

	if (is_mapped(p)) {
		inet_ntop(AF_INET, p->number + sizeof mapped, number,
			  sizeof number);
		gni_text_add(t, "//%s:%u", number, p->port);
		return;
	}
	inet_ntop(AF_INET6, p->number, number, sizeof number);
	gni_text_add(t, "//[%s", number);
	if (p->zone)
		gni_text_add(t, "%%%u", p->zone);
	gni_text_add(t, "]:%u", p->port);
}

const char *gn_addr_text(const gn_addr *addr, char buf[GN_ADDR_TEXT_MAX])
{
	enum gn_kind kind = gn_addr_kind(addr);
	struct gni_path path;
	struct gni_text t;
	struct point p;

	gni_text_begin(&t, buf, GN_ADDR_TEXT_MAX);
	if (kind_row(kind)->internet && !read_point(addr, &p))
		kind = GN_KIND_NONE;
	gni_text_add(&t, "%s", gni_kind_word(kind));
	if (kind == GN_KIND_NONE)
		return buf;
	gni_text_add(&t, ":");
	if (kind_row(kind)->internet) {
		write_point(&t, &p);
		return buf;
	}
	path = gni_path_of(addr);
	gni_path_write(&t, &path);
	return buf;
}

enum gn_kind gn_addr_kind(const gn_addr *addr)
{
	if (!addr || addr->kind >= sizeof kinds / sizeof kinds[0])
		return GN_KIND_NONE;
	return (enum gn_kind)addr->kind;
}

unsigned gn_addr_port(const gn_addr *addr)
{
	struct point p;

	return addr && read_point(addr, &p) ? p.port : 0;
}

bool gn_addr_is_ipv6(const gn_addr *addr)
{
	struct point p;

	return addr && read_point(addr, &p) && !is_mapped(&p);
}

static bool same_path(const gn_addr *a, const gn_addr *b)
{
	struct gni_path p = gni_path_of(a), q = gni_path_of(b);

	if (p.len == 0 && !p.abstract)
		return false;
	return p.abstract == q.abstract && p.len == q.len &&
	       memcmp(p.name, q.name, p.len) == 0;
}

bool gn_addr_equal(const gn_addr *a, const gn_addr *b)
{
	struct point p, q;

	if (!a || !b || a->kind != b->kind)
		return false;
	if (!kind_row(a->kind)->internet)
		return gni_kind_type(a->kind) && same_path(a, b);
	return read_point(a, &p) && read_point(b, &q) && p.port == q.port &&
	       p.zone == q.zone &&
	       memcmp(p.number, q.number, sizeof p.number) == 0;
}
